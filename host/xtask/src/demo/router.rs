//! A router of this checkout, started with the edge example on free loopback ports, and stopped again.

use super::process::{Process, free_port};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::ExitStatus;

/// The domain that the example is responsible for.
pub(crate) const DOMAIN: &str = "strowger.test";
/// Somebody who may register.
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A running router. Dropped, it is killed.
pub(crate) struct Router {
    process: Process,
    /// SIP over UDP and TCP.
    pub(crate) sip: SocketAddr,
    /// HTTP.
    pub(crate) admin: SocketAddr,
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
        let mut process = Process::start(binary, &["run", "--config"], &config, folder.join("strowger.log"))?;
        process.wait_until_ready(admin)?;
        Ok(Router { process, sip, admin })
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its resident memory in kB.
    pub(crate) fn resident_kb(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(resident.context("the kernel does not say how much memory the router has")?.parse()?)
    }

    /// The end of its log.
    pub(crate) fn logged(&self) -> String {
        self.process.logged()
    }

    /// What it logs.
    pub(crate) fn log(&self) -> &Path {
        &self.process.log
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(self) -> Result<()> {
        self.process.stop()
    }

    /// Waits until somebody else ends it.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.process.wait()
    }
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
