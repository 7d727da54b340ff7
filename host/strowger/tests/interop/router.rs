//! The router under test: this build's `strowger` with the edge example, all transports on free ports of loopback.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::program::Program;

const STROWGER: &str = env!("CARGO_BIN_EXE_strowger");
/// The domain that it is responsible for. No name server knows it: every phone has the router as its outbound proxy.
pub(crate) const DOMAIN: &str = "interop.test";
/// Name and password.
pub(crate) const ALICE: (&str, &str) = ("alice", "wonderland");
pub(crate) const BOB: (&str, &str) = ("bob", "builder");

/// Digest algorithms that the router offers, the preferred one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    /// What phones of old know.
    Md5,
    /// SHA-256, and MD5 for who does not know it (RFC 8760 §2.3).
    Sha256First,
}

/// A running router; its folder goes with it.
pub(crate) struct Router {
    program: Program,
    folder: tempfile::TempDir,
    /// UDP and TCP.
    pub(crate) sip: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) ws: SocketAddr,
    pub(crate) wss: SocketAddr,
    admin: SocketAddr,
}

impl Router {
    pub(crate) fn start(digest: Digest) -> Router {
        Router::with(digest, "")
    }

    /// With further lines of the plugin's configuration.
    pub(crate) fn with(digest: Digest, plugin: &str) -> Router {
        let folder = tempfile::tempdir().unwrap();
        let [sip, tls, ws, wss, admin] = free_ports();
        certificate(folder.path());
        std::fs::write(folder.path().join("users.tsv"), users()).unwrap();
        let config = folder.path().join("strowger.toml");
        std::fs::write(&config, configuration(digest, plugin, [sip, tls, ws, wss, admin])).unwrap();
        let program =
            Program::start("strowger", Command::new(STROWGER).args(["run", "--config"]).arg(&config));
        let mut router = Router { program, folder, sip, tls, ws, wss, admin };
        router.until(|router| router.get("/ready").is_some(), "is not ready");
        assert!(!router.log().contains('\x1b'), "colours in what is no terminal");
        router
    }

    /// Its own certificate, which phones are to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    /// A folder for a phone.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Waits until so many contacts are registered.
    #[track_caller]
    pub(crate) fn has_registered(&mut self, contacts: u64) {
        let counted = |router: &Router| {
            let status: serde_json::Value = serde_json::from_str(&router.get("/status")?).ok()?;
            status["registrations"].as_u64()
        };
        self.until(
            |router| counted(router) == Some(contacts),
            &format!("does not have {contacts} registrations"),
        );
    }

    /// How many requests of a method were answered with a status.
    pub(crate) fn answered(&self, method: &str, status: u16) -> u64 {
        let metrics = self.get("/metrics").unwrap_or_default();
        let line = format!("strowger_sip_responses_total{{method=\"{method}\",code=\"{status}\"}} ");
        metrics.lines().find_map(|row| row.strip_prefix(&line)?.trim().parse().ok()).unwrap_or(0)
    }

    pub(crate) fn log(&self) -> String {
        self.program.output.text()
    }

    #[track_caller]
    fn until(&mut self, is: impl Fn(&Router) -> bool, complaint: &str) {
        let end = Instant::now() + 2 * PATIENCE;
        while !is(self) {
            assert!(Instant::now() < end, "the router {complaint}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn get(&self, path: &str) -> Option<String> {
        let answer = ureq::get(format!("http://{}{path}", self.admin)).call().ok()?;
        answer.into_body().read_to_string().ok()
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the router's log:\n{}", self.log());
        }
    }
}

/// Beneath the target folder: what `cargo xtask plugins` has built.
fn plugin() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let plugin = target.join("plugins/edge.wasm");
    assert!(plugin.is_file(), "{} is not built: run `cargo xtask plugins` first", plugin.display());
    plugin
}

fn certificate(folder: &Path) {
    let mut command = Command::new(STROWGER);
    command.args(["certificate", "--name", "localhost", "--name", "127.0.0.1", "--out"]).arg(folder);
    let made = command.output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn users() -> String {
    [ALICE, BOB].map(|(user, password)| format!("{user}\t{DOMAIN}\t{password}\t\n")).concat()
}

/// Ports that are free for UDP and TCP just now. All are held until the last is found, so that they differ.
fn free_ports<const N: usize>() -> [SocketAddr; N] {
    [(); N].map(|()| crate::ports::free_port()).map(|(address, _)| address)
}

/// One port of that kind.
pub(crate) fn free_port() -> u16 {
    let [address] = free_ports();
    address.port()
}

/// `localhost` is its own name too: it stands in the Route of phones that know the router by it.
fn configuration(digest: Digest, settings: &str, [sip, tls, ws, wss, admin]: [SocketAddr; 5]) -> String {
    let algorithms = match digest {
        Digest::Md5 => r#""MD5""#,
        Digest::Sha256First => r#""SHA-256", "MD5""#,
    };
    let listen = |transport: &str, address: SocketAddr| {
        let secure = matches!(transport, "tls" | "wss");
        let files = if secure { "certificate = \"tls.crt\"\nkey = \"tls.key\"\n" } else { "" };
        format!("[[listen]]\ntransport = \"{transport}\"\naddress = \"{address}\"\n{files}\n")
    };
    let listeners = [("udp", sip), ("tcp", sip), ("tls", tls), ("ws", ws), ("wss", wss)];
    let listeners = listeners.map(|(transport, address)| listen(transport, address)).concat();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    format!(
        r#"[node]
role = "edge"
domains = ["{DOMAIN}", "localhost"]
drain_s = 1

{listeners}
[plugin]
file = {plugin:?}
cache = {cache:?}
configuration = '''
domains = ["{DOMAIN}"]
algorithms = [{algorithms}]
{settings}
'''

[users]
file = "users.tsv"

[admin]
address = "{admin}"

[log]
level = "info,strowger_transport=debug,strowger_runtime=debug"
"#,
        plugin = plugin(),
    )
}
