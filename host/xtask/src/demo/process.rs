//! A process of this checkout's binary: started, waited for, stopped; and loopback ports that are free.

use super::http;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The first start compiles plugins.
const UNTIL_READY: Duration = Duration::from_secs(60);
const UNTIL_GONE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);
/// Free ports are looked for this often: one that was free may be taken a moment later.
const TRIES: usize = 50;

/// A running process. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    /// What it writes.
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts `binary` with these arguments and this file behind them; what it writes goes to `log`.
    pub(crate) fn start(binary: &Path, arguments: &[&str], file: &Path, log: PathBuf) -> Result<Process> {
        let log_file = std::fs::File::create(&log).with_context(|| log.display().to_string())?;
        let child = Command::new(binary)
            .args(arguments)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Process { child, log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until its HTTP says that it is ready.
    pub(crate) fn wait_until_ready(&mut self, admin: SocketAddr) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the router ended at once ({status}):\n{}", self.logged());
            }
            match http::get(admin, "/ready") {
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

    /// The end of its log.
    pub(crate) fn logged(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// All that it wrote.
    pub(crate) fn written(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id())?) {
            kill_process(pid, Signal::TERM)?;
        }
        match self.wait_for(UNTIL_GONE)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the router ended with {status}:\n{}", self.logged()),
            None => bail!(
                "the router did not end within {} s of SIGTERM:\n{}",
                UNTIL_GONE.as_secs(),
                self.logged()
            ),
        }
    }

    /// Waits until it ends by itself, this long at most.
    pub(crate) fn wait_for(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let began = Instant::now();
        while began.elapsed() < patience {
            match self.child.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None => std::thread::sleep(PAUSE),
            }
        }
        Ok(None)
    }

    /// Waits until somebody else ends it.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address with a port that nobody has, and that is free in this sense.
pub(crate) fn free_port(is_free: impl Fn(SocketAddr) -> bool) -> Result<SocketAddr> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for _ in 0..TRIES {
        let address = UdpSocket::bind((loopback, 0))?.local_addr()?;
        if is_free(address) {
            return Ok(address);
        }
    }
    bail!("no free port on {loopback}")
}
