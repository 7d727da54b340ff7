#!/usr/bin/env bash
# Starts the release build of P-, I- and S-CSCF as three processes in the foreground, as a system under test; SIGTERM ends
# them.
#
#   BENCH_HOST, BENCH_PORT   where the P-CSCF serves SIP over UDP and TCP (127.0.0.1, 5060)
#   BENCH_DOMAIN             the home network's domain (ims.test)
#   IMS_ICSCF_PORT, IMS_SCSCF_PORT, IMS_HSS_PORT
#                            of the I-CSCF (4060), the S-CSCF (6060; its name at the HSS is sip:BENCH_HOST:IMS_SCSCF_PORT)
#                            and the HSS (3868; its identity is BENCH_HOST, its realm BENCH_DOMAIN)
#   IMS_HSS                  none: one runs already; else $BENCH_DIR/hss_min.py is started
#   BENCH_WORK               a folder of its own for configuration, registrations and certificate
#   BENCH_TLS_PORT, BENCH_WS_PORT, BENCH_WSS_PORT, BENCH_ADMIN_PORT
#                            where set: further transports of the P-CSCF (with a self-signed certificate), and the admin
#                            HTTP of the three on this port and the two behind it
#   IMS_REG_EVENT            true: the P-CSCF watches registrations (false)
#   IMS_UDP_BYTES            the longest datagram (65000: the MTU of loopback is known, RFC 3261 §18.1.1)
#   IMS_SHARDS, IMS_REST_US, IMS_COMMIT_MS
#                            tuning: signalling threads, batching rest, commit window of each
#   IMS_ROUTER, IMS_PLUGINS  another build than this checkout's, and a folder of plugins; taken as they are
#
# It builds what is missing or older than its sources.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)

host=${BENCH_HOST:-127.0.0.1}
domain=${BENCH_DOMAIN:-ims.test}
work=${BENCH_WORK:-${TMPDIR:-/tmp}/strowger-ims}
p=${BENCH_PORT:-5060} i=${IMS_ICSCF_PORT:-4060} s=${IMS_SCSCF_PORT:-6060} h=${IMS_HSS_PORT:-3868}
router=${IMS_ROUTER:-${CARGO_TARGET_DIR:-$top/target}/release/strowger}
plugins=${IMS_PLUGINS:-$top/target/plugins}
mkdir -p "$work"

stale() { # FILE SOURCES...: true where FILE is missing or a source is newer
	local file=$1
	shift
	[ ! -e "$file" ] || [ -n "$(find "$@" -type f \( -name '*.rs' -o -name '*.wit' -o -name 'Cargo.toml' \) -newer "$file" -print -quit)" ]
}
if [ -z "${IMS_ROUTER:-}" ] && stale "$router" "$top/host" "$top/wit" "$top/sdk"; then
	(cd "$top" && cargo build --release --package strowger >&2)
fi
if [ -z "${IMS_PLUGINS:-}" ]; then
	for role in pcscf icscf scscf; do
		if stale "$plugins/$role.wasm" "$top/sdk" "$top/wit" "$top/plugins" "$top/host/sip" "$top/host/ims"; then
			(cd "$top" && cargo xtask plugins pcscf icscf scscf >&2)
			break
		fi
	done
fi

address() { case $1 in *:*) printf '[%s]:%s' "$1" "$2" ;; *) printf '%s:%s' "$1" "$2" ;; esac; }
listen() { # TRANSPORT PORT [CERTIFICATE]
	printf '[[listen]]\ntransport = "%s"\naddress = "%s"\n' "$1" "$(address "$host" "$2")"
	[ -z "${3:-}" ] || printf 'certificate = "%s/tls.crt"\nkey = "%s/tls.key"\n' "$work" "$work"
	printf '\n'
}
if [ -n "${BENCH_TLS_PORT:-}${BENCH_WSS_PORT:-}" ] && [ ! -e "$work/tls.key" ]; then
	"$router" certificate --name "$domain" --name "$host" --name localhost --out "$work" >&2
fi

configure() { # ROLE PORT ADMIN-OFFSET DOMAINS; the plugin's configuration on standard input
	cat <<-CONFIG
		[node]
		role = "$1"
		domains = [$4]
		data = "$work/$1"
		shards = ${IMS_SHARDS:-1}
		rest_us = ${IMS_REST_US:-2000}
		commit_ms = ${IMS_COMMIT_MS:-50}
		drain_s = 1

		[plugin]
		file = "$plugins/$1.wasm"
		cache = "$work/compiled"
		watch = false
		instances = 4000
		configuration = '''
		$(cat)
		'''

		[limits]
		connections_per_address = 50000
		udp_bytes = ${IMS_UDP_BYTES:-65000}

		[log]
		level = "${IMS_LOG:-warn}"

	CONFIG
	if [ -n "${BENCH_ADMIN_PORT:-}" ]; then
		printf '[admin]\naddress = "%s"\n\n' "$(address "$host" $((BENCH_ADMIN_PORT + $3)))"
	fi
	listen udp "$2"
	listen tcp "$2"
}
diameter() { # ROLE
	cat <<-CONFIG
		[diameter]
		identity = "$1.$domain"
		realm = "$domain"

		[[diameter.peers]]
		identity = "$host"
		address = "$(address "$host" "$h")"

		[cx]
		server_name = "sip:$(address "$host" "$s")"

	CONFIG
}

{
	configure pcscf "$p" 0 "" <<-SETTINGS
		domain = "$domain"
		uri = "sip:$(address "$host" "$p")"
		icscf = "sip:$(address "$host" "$i")"
		reg_event = ${IMS_REG_EVENT:-false}
	SETTINGS
	if [ -n "${BENCH_TLS_PORT:-}" ]; then listen tls "$BENCH_TLS_PORT" certificate; fi
	if [ -n "${BENCH_WS_PORT:-}" ]; then listen ws "$BENCH_WS_PORT"; fi
	if [ -n "${BENCH_WSS_PORT:-}" ]; then listen wss "$BENCH_WSS_PORT" certificate; fi
} >"$work/pcscf.toml"
{
	configure icscf "$i" 1 "" <<-SETTINGS
		domains = ["$domain"]

		[scscfs]
		one = "sip:$(address "$host" "$s")"

		[capabilities]
		one = "0 1"
	SETTINGS
	diameter icscf
} >"$work/icscf.toml"
{
	configure scscf "$s" 2 "" <<-SETTINGS
		domains = ["$domain"]
		uri = "sip:$(address "$host" "$s")"
		icscf = "sip:$(address "$host" "$i")"
		min_expires = 10
		max_expires = 604800
		authentication = "${IMS_AUTHENTICATION:-aka}"
	SETTINGS
	diameter scscf
} >"$work/scscf.toml"

pids=
end() {
	trap - TERM INT
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	wait
	exit 0
}
trap end TERM INT

if [ "${IMS_HSS:-}" != none ]; then
	python3 "${BENCH_DIR:?says where hss_min.py is}/hss_min.py" --bind "$host" --port "$h" --identity "$host" --realm "$domain" --domain "$domain" &
	pids="$pids $!"
	sleep 0.3
fi
for role in scscf icscf; do
	"$router" run --config "$work/$role.toml" &
	pids="$pids $!"
done
sleep "${IMS_SETTLE:-1}" # Diameter peers connect; the P-CSCF comes last, so that "answers OPTIONS" means "all is up"
"$router" run --config "$work/pcscf.toml" &
pids="$pids $!"
wait
