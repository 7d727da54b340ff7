//! A router of this checkout, started with the edge example on free loopback ports, and stopped again.

use super::http;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The domain that the example is responsible for.
pub(crate) const DOMAIN: &str = "strowger.test";
/// The first start compiles the plugin.
const UNTIL_READY: Duration = Duration::from_secs(60);
const UNTIL_GONE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);
/// Free ports are looked for this often: one that was free may be taken a moment later.
const TRIES: usize = 50;

/// Somebody who may register.
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A running router. Dropped, it is killed.
pub(crate) struct Router {
    child: Child,
    /// SIP over UDP and TCP.
    pub(crate) sip: SocketAddr,
    /// HTTP.
    pub(crate) admin: SocketAddr,
    /// What it logs.
    pub(crate) log: PathBuf,
}

impl Router {
    /// Writes a configuration and subscribers into `folder`, starts `binary` and waits until it is ready.
    pub(crate) fn start(binary: &Path, plugin: &Path, folder: &Path, accounts: &[Account]) -> Result<Router> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let sip =
            free_port(|address| UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok())?;
        let admin = free_port(|address| address != sip && TcpListener::bind(address).is_ok())?;
        std::fs::write(folder.join("users.tsv"), subscribers(accounts))?;
        let config = folder.join("strowger.toml");
        std::fs::write(&config, configuration(sip, admin, plugin))?;
        let log = folder.join("strowger.log");
        let log_file = std::fs::File::create(&log)?;
        let child = Command::new(binary)
            .args(["run", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut router = Router { child, sip, admin, log };
        router.wait_until_ready()?;
        Ok(router)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the router ended at once ({status}):\n{}", self.logged());
            }
            match http::get(self.admin, "/ready") {
                Ok(_) => return Ok(()),
                Err(why) if started.elapsed() > UNTIL_READY => {
                    bail!(
                        "the router is not ready after {} s: {why:#}\n{}",
                        UNTIL_READY.as_secs(),
                        self.logged()
                    )
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Its resident memory in kB.
    pub(crate) fn resident_kb(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(resident.context("the kernel does not say how much memory the router has")?.parse()?)
    }

    /// The end of its log.
    pub(crate) fn logged(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id())?) {
            kill_process(pid, Signal::TERM)?;
        }
        let asked = Instant::now();
        while asked.elapsed() < UNTIL_GONE {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the router ended with {status}:\n{}", self.logged()),
                None => std::thread::sleep(PAUSE),
            }
        }
        bail!("the router did not end within {} s of SIGTERM:\n{}", UNTIL_GONE.as_secs(), self.logged())
    }

    /// Waits until somebody else ends it.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port(is_free: impl Fn(SocketAddr) -> bool) -> Result<SocketAddr> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for _ in 0..TRIES {
        let address = UdpSocket::bind((loopback, 0))?.local_addr()?;
        if is_free(address) {
            return Ok(address);
        }
    }
    bail!("no free port on {loopback}")
}

/// `user TAB domain TAB password TAB HA1`.
fn subscribers(accounts: &[Account]) -> String {
    accounts.iter().fold(String::new(), |mut lines, Account { user, password }| {
        let ha1 = auth::ha1(user, DOMAIN, password, auth::Algorithm::Md5).hex();
        let _ = writeln!(lines, "{user}\t{DOMAIN}\t{password}\t{}", ha1.as_str());
        lines
    })
}

fn configuration(sip: SocketAddr, admin: SocketAddr, plugin: &Path) -> String {
    format!(
        r#"[node]
role = "edge"
domains = ["{DOMAIN}"]
data = "data"
drain_s = 2

[[listen]]
transport = "udp"
address = "{sip}"

[[listen]]
transport = "tcp"
address = "{sip}"

[plugin]
file = {plugin:?}
configuration = '''
domains = ["{DOMAIN}"]
realm = "{DOMAIN}"
min_expires = 10
algorithms = ["MD5", "SHA-256"]
'''

[users]
file = "users.tsv"

[admin]
address = "{admin}"
"#
    )
}
