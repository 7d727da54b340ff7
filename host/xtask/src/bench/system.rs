//! A system under test: the release build of `examples/edge`, or Kamailio, started, watched until it answers, stopped.

use super::{accounts, kamailio};
use crate::workspace;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The domain that both serve.
pub(crate) const DOMAIN: &str = "bench.test";
/// The first start of `examples/edge/bench.sh` builds the release, which takes a while.
const UNTIL_READY: Duration = Duration::from_secs(30 * 60);
const UNTIL_GONE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// What can be measured.
#[derive(Clone, Debug)]
pub(crate) enum System {
    Strowger,
    /// With its program.
    Kamailio(PathBuf),
}

impl System {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            System::Strowger => "strowger",
            System::Kamailio(_) => "kamailio",
        }
    }
}

/// A running one.
pub(crate) struct Under {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Under {
    /// Starts it with an empty location table, and waits until it answers an OPTIONS.
    pub(crate) fn start(system: &System, folder: &Path, users: u32) -> Result<Under> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = match system {
            System::Strowger => strowger(folder, address)?,
            System::Kamailio(program) => kamailio::command(program, folder, address)?,
        };
        let log = folder.join("log");
        let log_file = std::fs::File::create(&log)?;
        command.stdin(Stdio::null()).stdout(log_file.try_clone()?).stderr(log_file);
        let child =
            command.spawn().with_context(|| format!("cannot start {}", workspace::words(&command)))?;
        let mut under = Under { child, address, log };
        under.wait_until_it_answers().with_context(|| format!("{} for {users} users", system.name()))?;
        Ok(under)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let probe = UdpSocket::bind("127.0.0.1:0")?;
        probe.set_read_timeout(Some(PAUSE))?;
        let (us, them) = (probe.local_addr()?, self.address);
        let started = Instant::now();
        for number in 0u32.. {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once ({status}):\n{}", self.logged());
            }
            let options = format!(
                "OPTIONS sip:{them} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bKp{number};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:probe@{DOMAIN}>;tag=p\r\nTo: <sip:{them}>\r\nCall-ID: {number}-probe\r\n\
                 CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            // Refused while nobody listens there.
            let _ = probe.send_to(options.as_bytes(), them);
            let mut answer = [0; 2048];
            if probe.recv(&mut answer).is_ok_and(|length| answer[..length].starts_with(b"SIP/2.0 200")) {
                return Ok(());
            }
            if started.elapsed() > UNTIL_READY {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        bail!("it does not answer at {them}:\n{}", self.logged())
    }

    fn logged(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks it to end, waits for that, and kills it if it does not.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id())?) {
            kill_process(pid, Signal::TERM)?;
        }
        let asked = Instant::now();
        while asked.elapsed() < UNTIL_GONE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("it did not end within {} s of SIGTERM", UNTIL_GONE.as_secs())
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn strowger(folder: &Path, address: SocketAddr) -> Result<Command> {
    let mut users = String::new();
    for (user, password) in accounts() {
        let ha1 = auth::ha1(&user, DOMAIN, password, auth::Algorithm::Md5).hex();
        let _ = writeln!(users, "{user}\t{DOMAIN}\t{password}\t{}", ha1.as_str());
    }
    let file = folder.join("users.tsv");
    std::fs::write(&file, users)?;
    let mut command = Command::new(workspace::root().join("examples/edge/bench.sh"));
    command
        .env("BENCH_HOST", address.ip().to_string())
        .env("BENCH_PORT", address.port().to_string())
        .env("BENCH_DOMAIN", DOMAIN)
        .env("BENCH_USERS_TSV", file)
        .env("BENCH_WORK", folder);
    Ok(command)
}
