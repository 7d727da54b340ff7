//! A router of this build: started on free loopback ports, asked over HTTP, killed, started again.

use std::fmt::Write;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::{DOMAIN, PASSWORD, until};

/// A start compiles the plugin where the cache does not have it.
const UNTIL_READY: Duration = Duration::from_secs(60);
/// Free ports are looked for this often: one that was free may be taken a moment later.
const TRIES: usize = 50;

/// The command that is tested.
pub const STROWGER: &str = env!("CARGO_BIN_EXE_strowger");

/// How a router is to be.
pub struct Setup<'a> {
    pub role: &'a str,
    pub plugin: &'a Path,
    pub users: &'a [String],
    /// More lines of its file.
    pub more: &'a str,
}

/// A running router. Dropped, it is killed, and its folder is gone.
pub struct Router {
    child: Child,
    folder: PathBuf,
    temporary: Option<tempfile::TempDir>,
    /// SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// HTTP.
    pub admin: SocketAddr,
}

impl Router {
    /// Starts one and waits until it is ready.
    pub fn start(setup: &Setup<'_>) -> Router {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let (sip, admin) = (free_port(), free_port());
        let subscribers = setup.users.iter().fold(String::new(), |mut lines, user| {
            let ha1 = auth::ha1(user, DOMAIN, PASSWORD, auth::Algorithm::Md5).hex();
            writeln!(lines, "{user}\t{DOMAIN}\t{PASSWORD}\t{}", ha1.as_str()).unwrap();
            lines
        });
        std::fs::write(path.join("users.tsv"), subscribers).unwrap();
        std::fs::write(path.join("strowger.toml"), configuration(setup, sip, admin)).unwrap();
        let mut router = Router::start_in(&path, sip, admin);
        router.temporary = Some(folder);
        router
    }

    /// Starts one with the `strowger.toml` of this folder, which names these addresses.
    pub fn start_in(folder: &Path, sip: SocketAddr, admin: SocketAddr) -> Router {
        let child = spawn(folder);
        let mut router = Router { child, folder: folder.to_owned(), temporary: None, sip, admin };
        router.wait_until_ready();
        router
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it ended by itself:\n{}", self.log());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same again after [`Router::kill`].
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder);
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let log = self.folder.join("strowger.log");
        let (child, admin) = (&mut self.child, self.admin);
        until("the router is ready", UNTIL_READY, || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            get(admin, "/ready").is_some()
        });
    }

    /// Everything it has logged, of all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("strowger.log")).unwrap_or_default()
    }

    /// Its own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `strowger plugin push --activate FILE`, as an operator types it.
    pub fn push(&self, role: &str, file: &Path) -> Output {
        let mut strowger = Command::new(STROWGER);
        strowger.args(["plugin", "push", "--admin", &format!("http://{}", self.admin), "--role", role]);
        // Guests in text have the hooks that a test needs.
        strowger.args(["--activate", "--drop-hooks"]).arg(file).stdin(Stdio::null()).output().unwrap()
    }

    /// The body of a 200 to `GET path`.
    #[track_caller]
    pub fn get(&self, path: &str) -> String {
        get(self.admin, path).unwrap_or_else(|| panic!("{path} is not answered\n{}", self.log()))
    }

    /// The versions that new or old transactions and calls have, the newest first; not those that are only kept.
    pub fn versions(&self) -> Vec<Version> {
        let list: serde_json::Value = serde_json::from_str(&self.get("/plugins")).unwrap();
        let version = |one: &serde_json::Value| Version {
            number: one["number"].as_u64().unwrap(),
            name: one["name"].as_str().unwrap().into(),
            active: one["state"] == "active",
        };
        let is_kept = |one: &&serde_json::Value| one["state"] == "kept" || one["state"] == "checked";
        list.as_array().unwrap().iter().filter(|one| !is_kept(one)).map(version).collect()
    }

    /// The version that new transactions take.
    #[track_caller]
    pub fn active(&self) -> Version {
        self.versions().into_iter().find(|version| version.active).expect("a version is active")
    }

    /// The sum of all series of this metric that have these labels.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let text = self.get("/metrics");
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        text.lines()
            .filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '))
            .filter(|(series, _)| series.is_empty() || series.starts_with('{'))
            .filter(|(series, _)| labels.iter().all(|label| series.contains(label.as_str())))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    }

    /// Resident memory in kB.
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One line of `/plugins`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub number: u64,
    pub name: String,
    pub active: bool,
}

fn spawn(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("strowger.log")).unwrap();
    Command::new(STROWGER)
        .args(["run", "--config"])
        .arg(folder.join("strowger.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn get(admin: SocketAddr, path: &str) -> Option<String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
    agent.get(format!("http://{admin}{path}")).call().ok()?.body_mut().read_to_string().ok()
}

/// A port that neither UDP nor TCP has.
pub fn free_port() -> SocketAddr {
    super::ports::free_port().0
}

fn configuration(setup: &Setup<'_>, sip: SocketAddr, admin: SocketAddr) -> String {
    let Setup { role, plugin, more, .. } = setup;
    let cache = compiled();
    format!(
        "[node]\nrole = \"{role}\"\ndomains = [\"{DOMAIN}\"]\ndata = \"data\"\n\
         [[listen]]\ntransport = \"udp\"\naddress = \"{sip}\"\n\
         [[listen]]\ntransport = \"tcp\"\naddress = \"{sip}\"\n\
         [users]\nfile = \"users.tsv\"\n[admin]\naddress = \"{admin}\"\n\
         [plugin]\nfile = {plugin:?}\ncache = {cache:?}\n\
         configuration = '''\ndomains = [\"{DOMAIN}\"]\nalgorithms = [\"MD5\"]\n'''\n{more}"
    )
}

/// One folder of compiled plugins for all runs.
fn compiled() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}
