//! One element of the network as a process: started, asked over HTTP, killed, started again in the same folder.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::support::router::{STROWGER, http, run};

/// A start compiles the plugin where the cache does not have it.
const UNTIL_READY: Duration = Duration::from_secs(120);

/// A running element. Dropped, it is killed.
pub(crate) struct Element {
    child: Child,
    folder: PathBuf,
    /// SIP over UDP and TCP; of an HSS, Diameter.
    pub(crate) at: SocketAddr,
    admin: SocketAddr,
}

impl Element {
    /// Starts what the `strowger.toml` of this folder says, which names these addresses.
    pub(crate) fn start(folder: &Path, at: SocketAddr, admin: SocketAddr) -> Element {
        Element { child: run(folder), folder: folder.to_owned(), at, admin }
    }

    /// Starts one process that is all of these, each in its folder. None of them may be running; dropped, the first one ends it.
    pub(crate) fn start_together(all: &mut [&mut Element]) {
        let folders =
            all.iter().flat_map(|element| ["--config".into(), element.folder.join("strowger.toml")]);
        let log = File::options().append(true).open(all[0].folder.join("log")).expect("a log");
        let child = Command::new(STROWGER)
            .arg("run")
            .args(folders)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the command starts");
        all[0].child = child;
        let admins: Vec<SocketAddr> = all.iter().map(|element| element.admin).collect();
        for admin in admins {
            all[0].wait_until_it_is_ready_at(admin);
        }
    }

    /// Its console.
    pub(crate) fn console(&self) -> String {
        format!("http://{}/", self.admin)
    }

    pub(crate) fn wait_until_ready(&mut self) {
        self.wait_until_it_is_ready_at(self.admin);
    }

    fn wait_until_it_is_ready_at(&mut self, admin: SocketAddr) {
        let began = Instant::now();
        while http(admin, "GET", "/ready", b"").is_none_or(|(status, _)| status != 200) {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none() && began.elapsed() < UNTIL_READY, "{ended:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        assert!(self.child.try_wait().expect("a child").is_none(), "it ended by itself:\n{}", self.log());
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// What it kept under this name is gone. For one that was killed.
    pub(crate) fn lose(&self, name: &str) {
        let path = self.folder.join(name);
        let lost = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        lost.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // SQLite's journals.
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{name}{suffix}")));
        }
    }

    /// Holds it: its sockets are there, and nobody answers. It ends when this is dropped.
    #[track_caller]
    pub(crate) fn hold(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-STOP", &id]).status().expect("kill").success());
    }

    /// The same again, after [`Element::kill`].
    pub(crate) fn start_again(&mut self) {
        self.child = run(&self.folder);
        self.wait_until_ready();
    }

    /// Everything it has logged, of all its lives.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its SIP URI.
    pub(crate) fn uri(&self) -> String {
        format!("sip:{}", self.at)
    }

    /// The body of a 200.
    #[track_caller]
    pub(crate) fn http(&self, method: &str, path: &str, body: &str) -> String {
        let answered = http(self.admin, method, path, body.as_bytes());
        let (status, body) = answered.unwrap_or_else(|| panic!("{path} is not answered\n{}", self.log()));
        assert_eq!(status, 200, "{method} {path}: {body}");
        body
    }

    /// Gives it a plugin, to be taken as `how` says: `activate=true`, `share=500`.
    #[track_caller]
    pub(crate) fn push(&self, role: &str, how: &str, plugin: &[u8]) {
        let path = format!("/plugins/{role}?{how}");
        let answered = http(self.admin, "POST", &path, plugin);
        let (status, body) = answered.unwrap_or_else(|| panic!("{path} is not answered\n{}", self.log()));
        assert_eq!(status, 200, "{path}: {body}");
    }

    /// The body of a 200 to a POST of these bytes, read as JSON.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> serde_json::Value {
        let (status, body) = http(self.admin, "POST", path, body).expect("an answer");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The same as [`Element::http`], read as JSON.
    #[track_caller]
    pub(crate) fn json(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        serde_json::from_str(&self.http(method, path, body)).expect("JSON")
    }

    /// A number of `/status`.
    #[track_caller]
    pub(crate) fn status(&self, key: &str) -> u64 {
        self.json("GET", "/status", "")[key].as_u64().unwrap_or_else(|| panic!("{key} in /status"))
    }

    /// The sum of all series of this metric that have these labels.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let text = self.http("GET", "/metrics", "");
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let value = |line: &str| line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
        let sum: f64 = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
            .filter(|line| labels.iter().all(|label| line.contains(label.as_str())))
            .filter_map(value)
            .sum();
        sum as u64
    }

    /// Requests of this method that it has got.
    #[track_caller]
    pub(crate) fn requests(&self, method: &str) -> u64 {
        self.metric("strowger_sip_requests_total", &[("method", method)])
    }

    /// Waits until nothing is under way here.
    #[track_caller]
    pub(crate) fn comes_to_rest(&self) {
        let began = Instant::now();
        while self.status("active_transactions") > 0 {
            assert!(
                began.elapsed() < PATIENCE,
                "{}: {}",
                self.folder.display(),
                self.http("GET", "/trace", "")
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Element {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(15).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!("── {} ──\n{}", self.folder.display(), tail.join("\n"));
        }
    }
}
