#!/usr/bin/env bash
# Starts the release build of the edge example in the foreground, as a system under test; SIGTERM ends it.
#
#   BENCH_HOST, BENCH_PORT   where to serve SIP over UDP (127.0.0.1, 5060)
#   BENCH_DOMAIN             the domain it is responsible for (bench.test)
#   BENCH_USERS_TSV          subscribers: user, domain, password, HA1, separated by tabs
#   BENCH_WORK               a folder of its own for configuration, bindings and certificate
#   BENCH_TCP_PORT, BENCH_TLS_PORT, BENCH_WS_PORT, BENCH_WSS_PORT, BENCH_ADMIN_PORT
#                            where set: further transports (with a self-signed certificate) and the admin HTTP
#   EDGE_SHARDS, EDGE_REST_US, EDGE_COMMIT_MS, EDGE_SEGMENTATION, EDGE_ALGORITHMS, EDGE_DNS
#                            tuning: signalling threads, batching rest, commit window, segmentation of datagrams by the
#                            kernel (true), digest algorithms, name server
#   EDGE_ROUTER, EDGE_PLUGIN another build than this checkout's; it is taken as it is
#
# It builds what is missing or older than its sources, and then replaces itself with the router.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)

host=${BENCH_HOST:-127.0.0.1}
port=${BENCH_PORT:-5060}
domain=${BENCH_DOMAIN:-bench.test}
work=${BENCH_WORK:-${TMPDIR:-/tmp}/strowger-edge}
users=${BENCH_USERS_TSV:-}
target=${CARGO_TARGET_DIR:-$top/target}
router=${EDGE_ROUTER:-$target/release/strowger}
plugin=${EDGE_PLUGIN:-$top/target/plugins/edge.wasm}
mkdir -p "$work"

stale() { # FILE SOURCES...: true where FILE is missing or a source is newer
	local file=$1
	shift
	[ ! -e "$file" ] || [ -n "$(find "$@" -type f \( -name '*.rs' -o -name '*.wit' -o -name 'Cargo.toml' \) -newer "$file" -print -quit)" ]
}
if [ -z "${EDGE_ROUTER:-}" ] && stale "$router" "$top/host" "$top/wit" "$top/sdk"; then
	(cd "$top" && cargo build --release --package strowger >&2)
fi
if [ -z "${EDGE_PLUGIN:-}" ] && stale "$plugin" "$top/sdk" "$top/wit" "$top/examples/edge" "$top/host/sip"; then
	(cd "$top" && cargo xtask plugins >&2)
fi

address() { case $1 in *:*) printf '[%s]:%s' "$1" "$2" ;; *) printf '%s:%s' "$1" "$2" ;; esac; }
listen() { # TRANSPORT PORT [CERTIFICATE]
	printf '[[listen]]\ntransport = "%s"\naddress = "%s"\n' "$1" "$(address "$host" "$2")"
	[ "$1" != udp ] || printf 'segmentation = %s\n' "${EDGE_SEGMENTATION:-true}"
	[ -z "${3:-}" ] || printf 'certificate = "%s/tls.crt"\nkey = "%s/tls.key"\n' "$work" "$work"
	printf '\n'
}

if [ -n "${BENCH_TLS_PORT:-}${BENCH_WSS_PORT:-}" ] && [ ! -e "$work/tls.key" ]; then
	"$router" certificate --name "$domain" --name "$host" --name localhost --out "$work" >&2
fi
algorithms=
for a in ${EDGE_ALGORITHMS:-MD5}; do algorithms="$algorithms${algorithms:+, }\"$a\""; done

aliases=
for p in "$port" ${BENCH_TCP_PORT:-} ${BENCH_TLS_PORT:-} ${BENCH_WS_PORT:-} ${BENCH_WSS_PORT:-}; do
	aliases="$aliases${aliases:+, }\"$(address "$host" "$p")\""
done

{
	cat <<-CONFIG
		[node]
		role = "edge"
		domains = ["$domain"]
		data = "$work/data"
		shards = ${EDGE_SHARDS:-0}
		rest_us = ${EDGE_REST_US:-2000}
		${EDGE_COMMIT_MS:+commit_ms = $EDGE_COMMIT_MS}
		drain_s = 2

		[plugin]
		file = "$plugin"
		cache = "$top/target/plugins/compiled"
		configuration = '''
		domains = ["$domain"]
		aliases = [$aliases]
		realm = "$domain"
		min_expires = 10
		algorithms = [$algorithms]
		'''

		[limits]
		connections_per_address = 50000

		[log]
		level = "${EDGE_LOG:-warn}"

	CONFIG
	if [ -n "$users" ]; then printf '[users]\nfile = "%s"\n\n' "$users"; fi
	if [ -n "${EDGE_DNS:-}" ]; then printf '[dns]\nservers = ["%s"]\n\n' "$EDGE_DNS"; fi
	if [ -n "${BENCH_ADMIN_PORT:-}" ]; then printf '[admin]\naddress = "%s"\n\n' "$(address "$host" "$BENCH_ADMIN_PORT")"; fi
	listen udp "$port"
	listen tcp "${BENCH_TCP_PORT:-$port}"
	if [ -n "${BENCH_TLS_PORT:-}" ]; then listen tls "$BENCH_TLS_PORT" certificate; fi
	if [ -n "${BENCH_WS_PORT:-}" ]; then listen ws "$BENCH_WS_PORT"; fi
	if [ -n "${BENCH_WSS_PORT:-}" ]; then listen wss "$BENCH_WSS_PORT" certificate; fi
} >"$work/edge.toml"

exec "$router" run --config "$work/edge.toml"
