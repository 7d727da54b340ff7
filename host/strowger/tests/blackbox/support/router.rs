//! A router of this build with the edge example, on free loopback ports. Dropped, it is killed, and its folder is gone.

use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{DOMAIN, PASSWORD, PATIENCE, Peer, Stream};

/// The command that is tested.
pub const STROWGER: &str = env!("CARGO_BIN_EXE_strowger");

/// A start compiles the plugin where the cache does not have it.
const UNTIL_READY: Duration = Duration::from_secs(60);

/// Who may register.
pub const USERS: [&str; 7] = ["alice", "bob", "carol", "dave", "erin", "+4930123", "j%20smith"];

/// How a router is to be, besides what all are.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Lines of the plugin's configuration.
    pub plugin: &'static str,
    /// T1 and T2 in ms.
    pub timers: (u32, u32),
    pub drain_s: u32,
    /// Milliseconds that a hook may run.
    pub deadline_ms: u32,
    /// The name server; none: nothing can be resolved.
    pub dns: Option<SocketAddr>,
    /// Domains that it serves before [`DOMAIN`].
    pub domains: &'static [&'static str],
    /// Addresses that stand for the first of the domains, besides its own.
    pub aliases: &'static [&'static str],
    /// Who may register besides [`USERS`].
    pub users: &'static [&'static str],
}

impl Setup {
    /// The whole of it, where all is said with a few fields changed.
    pub const fn plain() -> Setup {
        Setup {
            plugin: "",
            timers: (500, 4000),
            drain_s: 2,
            deadline_ms: 50,
            dns: None,
            domains: &[],
            aliases: &[],
            users: &[],
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Setup::plain()
    }
}

pub struct Router {
    child: Child,
    folder: tempfile::TempDir,
    /// SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// HTTP.
    pub admin: SocketAddr,
    probe: Peer,
}

impl Router {
    /// One as most tests want it.
    pub fn start() -> Router {
        Router::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Router {
        let folder = tempfile::tempdir().expect("a folder");
        let (sip, admin) = (free_port(), free_port());
        let users = USERS.iter().chain(setup.users).fold(String::new(), |mut lines, user| {
            let ha1 = auth::ha1(user, DOMAIN, PASSWORD, auth::Algorithm::Md5).hex();
            writeln!(lines, "{user}\t{DOMAIN}\t{PASSWORD}\t{}", ha1.as_str()).expect("written");
            lines
        });
        std::fs::write(folder.path().join("users.tsv"), users).expect("written");
        std::fs::write(folder.path().join("strowger.toml"), configuration(setup, sip, admin))
            .expect("written");
        let child = run(folder.path());
        let mut router = Router { child, folder, sip, admin, probe: Peer::new(sip) };
        router.wait_until_ready();
        router
    }

    /// A UDP peer of it.
    pub fn peer(&self) -> Peer {
        Peer::new(self.sip)
    }

    /// A UDP peer at which this user is registered.
    pub fn phone(&self, user: &str) -> Peer {
        let mut peer = self.peer();
        let registered = peer.register(user, "");
        assert_eq!(registered.status(), 200, "{}", registered.text());
        peer
    }

    /// Two phones: the one that calls, the one that is called.
    pub fn pair(&self) -> (Peer, Peer) {
        (self.phone("alice"), self.phone("bob"))
    }

    /// A TCP connection to it.
    pub fn stream(&self) -> Stream {
        Stream::connect(self.sip)
    }

    /// Everything that was received before has been dealt with, and what was sent for it has arrived: the router answers
    /// in the order in which it receives.
    pub fn settle(&mut self) {
        let request = super::Request::new("OPTIONS", "probe", &format!("sip:{}", self.sip));
        self.probe.send(&request);
        let answered = self.probe.expect("200");
        assert_eq!(answered.get("Call-ID"), request.call_id);
    }

    /// Nothing more came to this peer.
    #[track_caller]
    pub fn nothing_for(&mut self, peer: &mut Peer) {
        self.settle();
        if let Some(message) = peer.pending() {
            panic!("nothing was expected, and there came\n{}", message.text());
        }
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// The exit code, once it has ended by itself.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(began.elapsed() < 2 * PATIENCE, "it does not end\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// The same again, after [`Router::kill`].
    pub fn start_again(&mut self) {
        self.child = run(self.folder.path());
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let began = Instant::now();
        while http(self.admin, "GET", "/ready", b"").is_none_or(|(status, _)| status != 200) {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none() && began.elapsed() < UNTIL_READY, "{ended:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the log holds this.
    #[track_caller]
    pub fn wait_for_log(&self, words: &str) {
        let began = Instant::now();
        while !self.log().contains(words) {
            assert!(began.elapsed() < PATIENCE, "the log does not say {words:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the process has a thread of this name.
    pub fn has_thread(&self, name: &str) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("threads");
        // One that ends meanwhile has no name to read.
        let names = threads.flatten().flat_map(|thread| std::fs::read_to_string(thread.path().join("comm")));
        // The system keeps 15 bytes of a name.
        let kept = &name[..name.len().min(15)];
        names.into_iter().any(|own| own.trim_end() == kept)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn configuration(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("strowger.toml")).expect("a file")
    }

    /// Status and body of an answer of the admin interface.
    #[track_caller]
    pub fn http(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        http(self.admin, method, path, body).unwrap_or_else(|| panic!("{path} is not answered"))
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command with these arguments until it ends.
pub fn strowger(arguments: &[&str]) -> Output {
    Command::new(STROWGER).args(arguments).stdin(Stdio::null()).output().expect("the command runs")
}

/// The edge example of this checkout, built once with the compiler that `cargo xtask plugins` takes.
pub fn edge() -> &'static Path {
    static EDGE: OnceLock<PathBuf> = OnceLock::new();
    EDGE.get_or_init(|| built("strowger-example-edge"))
}

/// The same with a bug for every occasion: `examples/misbehaving`.
pub fn misbehaving() -> &'static Path {
    static MISBEHAVING: OnceLock<PathBuf> = OnceLock::new();
    MISBEHAVING.get_or_init(|| built("strowger-example-misbehaving"))
}

fn built(package: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout");
    let wasm = toolchain::Wasm::find(&toolchain::Options::in_workspace(&root)).expect("a compiler");
    let mut built = wasm.build_all(&root, &[package], toolchain::Profile::Speed).expect("the plugin builds");
    built.remove(0)
}

/// A port that neither UDP nor TCP has.
pub fn free_port() -> SocketAddr {
    crate::ports::free_port().0
}

/// The command with the configuration of this folder, its log beside it.
pub fn run(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("a log");
    Command::new(STROWGER)
        .args(["run", "--config"])
        .arg(folder.join("strowger.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("the command starts")
}

fn configuration(setup: Setup, sip: SocketAddr, admin: SocketAddr) -> String {
    let Setup { plugin, timers: (t1, t2), drain_s, deadline_ms, dns, domains, aliases, .. } = setup;
    let domains: Vec<&str> = domains.iter().copied().chain([DOMAIN]).collect();
    let own = sip.to_string();
    let aliases: Vec<&str> = [own.as_str()].into_iter().chain(aliases.iter().copied()).collect();
    let dns = dns.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 9)));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let file = edge();
    format!(
        "[node]\nrole = \"edge\"\ndomains = {domains:?}\ndata = \"data\"\nshards = 1\ndrain_s = {drain_s}\n\
         [[listen]]\ntransport = \"udp\"\naddress = \"{sip}\"\n\
         [[listen]]\ntransport = \"tcp\"\naddress = \"{sip}\"\n\
         [users]\nfile = \"users.tsv\"\n[admin]\naddress = \"{admin}\"\n\
         [timers]\nt1_ms = {t1}\nt2_ms = {t2}\n[dns]\nservers = [\"{dns}\"]\n\
         [plugin]\nfile = {file:?}\ncache = {cache:?}\ndeadline_ms = {deadline_ms}\n\
         configuration = '''\ndomains = {domains:?}\naliases = {aliases:?}\nrealm = \"{DOMAIN}\"\n{plugin}\n'''\n"
    )
}

/// Status and body of what an element's HTTP interface answers; `None` where nobody answers.
pub fn http(admin: SocketAddr, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(admin).ok()?;
    stream.set_read_timeout(Some(2 * PATIENCE)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
