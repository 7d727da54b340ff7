//! SIPp as a load: registers users, answers for them, and calls, at a rate. Used by `demo`, `bench` and `swaps`.
//!
//! In: a router's address, how many and how fast. Out: how many succeeded. The scenarios are in `host/xtask/sipp`.

use crate::workspace;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Users of the demo.
pub(crate) const USERS: u32 = 20;
/// Everybody's.
pub(crate) const PASSWORD: &str = "secret";
/// What SIPp has to begin listening.
const UNTIL_LISTENING: Duration = Duration::from_secs(5);
/// What it has to end the calls under way.
const UNTIL_STOPPED: Duration = Duration::from_secs(40);
/// Beyond the time that the rate demands.
const PATIENCE_S: u32 = 40;

/// The name of the n-th user.
pub(crate) fn user(number: u32) -> String {
    format!("user{number:06}")
}

/// SIPp, and what it drives.
pub(crate) struct Sipp {
    program: PathBuf,
    folder: PathBuf,
    domain: String,
    router: SocketAddr,
    users: u32,
    /// Where everybody is registered, and the answering side listens.
    contact: SocketAddr,
}

impl Sipp {
    /// The program, with a folder for its files, in front of a router that serves `domain` and has so many users.
    pub(crate) fn new(
        program: &Path,
        folder: &Path,
        domain: &str,
        router: SocketAddr,
        users: u32,
    ) -> Result<Sipp> {
        let contact = UdpSocket::bind((router.ip(), 0))?.local_addr()?;
        let (program, folder, domain) = (program.to_owned(), folder.to_owned(), domain.to_owned());
        Ok(Sipp { program, folder, domain, router, users, contact })
    }

    /// Registers that many times, one user after the other, at the address of the answering side.
    pub(crate) fn register(&self, registrations: u32, rate: u32) -> Result<u32> {
        self.run("register", registrations, rate, &["-key", "contact", &self.contact.to_string()])
    }

    /// Calls from users to users who were registered by [`Sipp::register`].
    pub(crate) fn calls(&self, calls: u32, rate: u32) -> Result<u32> {
        let _callee = self.answering("call_uas")?;
        self.run("call_uac", calls, rate, &[])
    }

    /// Calls that go on until [`Calls::stop`].
    pub(crate) fn calls_until_stopped(&self, rate: u32) -> Result<Calls> {
        let answering = self.answering("call_uas")?;
        let list = self.folder.join("call_uac.csv");
        std::fs::write(&list, self.list())?;
        let statistics = self.folder.join("call_uac.stat.csv");
        let _ = std::fs::remove_file(&statistics);
        let mut sipp = self.command("call_uac")?;
        sipp.arg("-inf").arg(&list).args(["-r", &rate.to_string(), "-trace_stat", "-fd", "1", "-stf"]);
        sipp.arg(&statistics).arg(self.router.to_string());
        let calling = sipp.spawn().with_context(|| format!("cannot start {}", workspace::words(&sipp)))?;
        Ok(Calls { calling, _answering: answering, statistics })
    }

    /// Messages likewise.
    pub(crate) fn messages(&self, messages: u32, rate: u32) -> Result<u32> {
        let _callee = self.answering("message_uas")?;
        self.run("message_uac", messages, rate, &[])
    }

    /// OPTIONS to the router itself.
    pub(crate) fn options(&self, requests: u32, rate: u32) -> Result<u32> {
        self.run("options", requests, rate, &[])
    }

    /// Runs a scenario to its end; every unit must succeed.
    fn run(&self, scenario: &str, units: u32, rate: u32, keys: &[&str]) -> Result<u32> {
        let list = self.folder.join(format!("{scenario}.csv"));
        std::fs::write(&list, self.list())?;
        let patience = units / rate.max(1) + PATIENCE_S;
        let mut sipp = self.command(scenario)?;
        sipp.arg("-inf").arg(&list).args(keys);
        sipp.args(["-m", &units.to_string(), "-r", &rate.to_string(), "-timeout", &format!("{patience}s")]);
        sipp.args(["-timeout_error", "-trace_err", "-error_file"])
            .arg(self.folder.join(format!("{scenario}.err")));
        sipp.arg(self.router.to_string());
        let status = sipp.status().with_context(|| format!("cannot start {}", workspace::words(&sipp)))?;
        if !status.success() {
            let errors =
                std::fs::read_to_string(self.folder.join(format!("{scenario}.err"))).unwrap_or_default();
            let first: Vec<&str> = errors.lines().take(12).collect();
            bail!("SIPp's {scenario} did not succeed ({status}):\n{}", first.join("\n"));
        }
        Ok(units)
    }

    /// The side that answers, until it is dropped.
    fn answering(&self, scenario: &str) -> Result<Answering> {
        let mut sipp = self.command(scenario)?;
        sipp.args(["-p", &self.contact.port().to_string()]);
        let child = sipp.spawn().with_context(|| format!("cannot start {}", workspace::words(&sipp)))?;
        let answering = Answering(child);
        let started = Instant::now();
        while !is_bound(self.contact.port()) {
            if started.elapsed() > UNTIL_LISTENING {
                bail!("SIPp's {scenario} does not listen at {}", self.contact);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(answering)
    }

    fn command(&self, scenario: &str) -> Result<Command> {
        let file = workspace::root().join(format!("host/xtask/sipp/{scenario}.xml"));
        let mut sipp = Command::new(&self.program);
        sipp.current_dir(&self.folder).arg("-sf").arg(file).args([
            "-i",
            &self.router.ip().to_string(),
            "-nostdin",
        ]);
        sipp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(sipp)
    }

    /// SIPp's list of users: caller, domain, callee, credentials.
    fn list(&self) -> String {
        (0..self.users).fold("SEQUENTIAL\n".to_owned(), |mut lines, number| {
            let (caller, callee) = (user(number), user((number + 1) % self.users));
            let credentials = format!("[authentication username={caller} password={PASSWORD}]");
            let _ = writeln!(lines, "{caller};{};{callee};{credentials}", self.domain);
            lines
        })
    }
}

/// What SIPp has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) successful: u64,
    pub(crate) failed: u64,
    pub(crate) retransmissions: u64,
}

impl Figures {
    /// From the last line of SIPp's statistics: columns by name, separated by semicolons.
    pub(crate) fn of(statistics: &str) -> Result<Figures> {
        let mut lines = statistics.lines().filter(|line| !line.is_empty());
        let names = lines.next().context("SIPp wrote no statistics")?;
        let values: Vec<&str> = lines.next_back().context("SIPp wrote no figures")?.split(';').collect();
        let figure = |name: &str| {
            let column = names.split(';').position(|own| own == name);
            let value = column.and_then(|column| values.get(column)?.trim().parse().ok());
            value.with_context(|| format!("SIPp's statistics lack {name}"))
        };
        Ok(Figures {
            successful: figure("SuccessfulCall(C)")?,
            failed: figure("FailedCall(C)")?,
            retransmissions: figure("Retransmissions(C)")?,
        })
    }
}

/// Calls under way; killed when dropped.
pub(crate) struct Calls {
    calling: Child,
    _answering: Answering,
    statistics: PathBuf,
}

impl Calls {
    /// Begins no more, waits for those under way, and reads what was counted.
    pub(crate) fn stop(mut self) -> Result<Figures> {
        if let Some(status) = self.calling.try_wait()? {
            bail!("SIPp ended by itself ({status})");
        }
        let pid = Pid::from_raw(i32::try_from(self.calling.id())?).context("SIPp has no process")?;
        kill_process(pid, Signal::USR1)?;
        let asked = Instant::now();
        while self.calling.try_wait()?.is_none() {
            if asked.elapsed() > UNTIL_STOPPED {
                bail!("SIPp does not end its calls within {} s", UNTIL_STOPPED.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Figures::of(&std::fs::read_to_string(&self.statistics)?)
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.calling.kill();
        let _ = self.calling.wait();
    }
}

/// A SIPp that waits for calls; killed when dropped.
struct Answering(Child);

impl Drop for Answering {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether somebody has this UDP port. Trying to take it could keep SIPp from it.
pub(crate) fn is_bound(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    sockets
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .any(|at| at.ends_with(&format!(":{port:04X}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_port_is_seen() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let port = socket.local_addr().expect("an address").port();
        assert!(is_bound(port));
        drop(socket);
        assert!(!is_bound(port));
    }

    #[test]
    fn figures_are_read_from_the_last_line() {
        let statistics = "StartTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n\
                          now;1;10;0;0;\nnow;5;25;1;3;\n";
        let figures = Figures::of(statistics).expect("figures");
        assert_eq!(figures, Figures { successful: 25, failed: 1, retransmissions: 3 });
        assert!(Figures::of("").is_err());
        assert!(Figures::of("A;B\n1;2\n").is_err());
    }

    #[test]
    fn everybody_calls_the_next_one() {
        let router = "127.0.0.1:5060".parse().expect("an address");
        let sipp = Sipp::new(Path::new("sipp"), Path::new("."), "x.test", router, 2).expect("made");
        assert_eq!(
            sipp.list(),
            "SEQUENTIAL\n\
             user000000;x.test;user000001;[authentication username=user000000 password=secret]\n\
             user000001;x.test;user000000;[authentication username=user000001 password=secret]\n"
        );
    }
}
