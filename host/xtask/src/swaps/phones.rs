//! SIPp as the phones of an IMS: registers them, holds calls, makes calls at a rate, answers all of them.
//!
//! Every phone that calls has an address of its own in 127.16.0.0/16, for a P-CSCF knows phones by where they send from.
//! The callees are registered likewise, and one SIPp answers for all. The scenarios are in `host/xtask/sipp`.

use super::network::DOMAIN;
use crate::sipp::{Figures, PASSWORD, is_bound};
use crate::workspace;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Phones of each kind.
const PHONES: u32 = 200;
/// Registrations a second.
const REGISTRATIONS: u32 = 50;
/// For a registration beyond the time that the rate demands, and for SIPp to begin listening.
const PATIENCE: Duration = Duration::from_secs(20);
/// Beyond the length of a call, for those that are under way when no more are begun.
const UNTIL_OVER: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(50);

/// What a phone is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls that stay up.
    Holding,
    /// Calls at a rate.
    Calling,
    /// Is called.
    Called,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Holding, Kind::Calling, Kind::Called];

    fn name(self) -> &'static str {
        match self {
            Kind::Holding => "holding",
            Kind::Calling => "calling",
            Kind::Called => "called",
        }
    }

    /// The second half of the addresses, and the users.
    fn phones(self) -> impl Iterator<Item = (String, String)> {
        let net = match self {
            Kind::Holding => 1,
            Kind::Calling => 2,
            Kind::Called => 3,
        };
        (1..=PHONES).map(move |n| (format!("{}{n:03}", self.name()), format!("127.16.{net}.{n}")))
    }
}

/// The document of the HSS: all phones, and these other users.
pub(crate) fn subscribers(others: &[&str]) -> String {
    let users = Kind::ALL.into_iter().flat_map(|kind| kind.phones().map(|(user, _)| user));
    users.chain(others.iter().map(|user| (*user).to_owned())).fold(String::new(), |mut document, user| {
        let _ = writeln!(document, "[[subscriber]]\nimpi = \"{user}@{DOMAIN}\"\npassword = \"{PASSWORD}\"");
        document
    })
}

/// SIPp's list of the phones of a kind, each with somebody to call.
fn list(kind: Kind) -> String {
    kind.phones().zip(Kind::Called.phones()).fold("SEQUENTIAL\n".to_owned(), |mut lines, (own, called)| {
        let ((user, address), (callee, _)) = (own, called);
        let credentials = format!("[authentication username={user}@{DOMAIN} password={PASSWORD}]");
        let _ = writeln!(lines, "{user};{DOMAIN};{address};{callee};{credentials}");
        lines
    })
}

/// All phones: registered, those that are called listening.
pub(crate) struct Phones {
    program: PathBuf,
    folder: PathBuf,
    pcscf: SocketAddr,
    /// The port that every phone that calls has at its address.
    port: u16,
    answering: Running,
}

impl Phones {
    /// Registers everybody, and answers from now on.
    pub(crate) fn start(program: &Path, folder: &Path, pcscf: SocketAddr) -> Result<Phones> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let free = || -> Result<u16> { Ok(UdpSocket::bind(("0.0.0.0", 0))?.local_addr()?.port()) };
        let (port, callees) = (free()?, free()?);
        let scene = Scene { program, folder, pcscf };
        for kind in Kind::ALL {
            let port = if kind == Kind::Called { callees } else { port };
            scene.register(kind, port)?;
        }
        let mut sipp = scene.command("ims_call_uas", "called")?;
        sipp.args(["-i", "0.0.0.0", "-p", &callees.to_string()]);
        sipp.args(["-key", "contact", &format!("127.16.3.1:{callees}")]);
        sipp.args(["-trace_logs", "-log_file", "called.log"]);
        let answering = Running::start(sipp, folder, "called")?;
        let began = Instant::now();
        while !is_bound(callees) {
            if began.elapsed() > PATIENCE {
                bail!("SIPp does not listen at port {callees}");
            }
            std::thread::sleep(PAUSE);
        }
        let (program, folder) = (program.to_owned(), folder.to_owned());
        Ok(Phones { program, folder, pcscf, port, answering })
    }

    /// So many calls, at a rate, each of which stays up this long.
    pub(crate) fn hold(&self, calls: u32, rate: u32, length: Duration) -> Result<Running> {
        self.call(Kind::Holding, rate, length, Some(calls))
    }

    /// Calls at a rate until they are stopped, each of this length.
    pub(crate) fn load(&self, rate: u32, length: Duration) -> Result<Running> {
        self.call(Kind::Calling, rate, length, None)
    }

    fn call(&self, kind: Kind, rate: u32, length: Duration, calls: Option<u32>) -> Result<Running> {
        let scene = Scene { program: &self.program, folder: &self.folder, pcscf: self.pcscf };
        let mut sipp = scene.calling("ims_call_uac", kind, self.port)?;
        sipp.args(["-r", &rate.to_string(), "-d", &length.as_millis().to_string()]);
        if let Some(calls) = calls {
            sipp.args(["-m", &calls.to_string(), "-l", &calls.to_string()]);
        }
        sipp.arg(self.pcscf.to_string());
        Running::start(sipp, &self.folder, kind.name())
    }

    /// What the side that answers has counted so far.
    pub(crate) fn answered(&self) -> Result<Figures> {
        self.answering.figures()
    }

    /// Ends the side that answers: its notes, and what it complained about.
    pub(crate) fn stop(self) -> Result<(String, String)> {
        let Phones { folder, answering, .. } = self;
        answering.end()?;
        let complaints = std::fs::read_to_string(folder.join("called.err")).unwrap_or_default();
        Ok((std::fs::read_to_string(folder.join("called.log")).unwrap_or_default(), complaints))
    }
}

/// Where SIPp runs.
struct Scene<'a> {
    program: &'a Path,
    folder: &'a Path,
    pcscf: SocketAddr,
}

impl Scene<'_> {
    fn register(&self, kind: Kind, port: u16) -> Result<()> {
        let mut sipp = self.calling("ims_register", kind, port)?;
        sipp.args(["-m", &PHONES.to_string(), "-r", &REGISTRATIONS.to_string()]);
        let patience = PATIENCE + Duration::from_secs(u64::from(PHONES / REGISTRATIONS));
        sipp.args(["-timeout", &format!("{}s", patience.as_secs()), "-timeout_error"]);
        sipp.arg(self.pcscf.to_string());
        let status = sipp.status().with_context(|| format!("cannot start {}", workspace::words(&sipp)))?;
        if !status.success() {
            bail!("the phones are not registered ({status}):\n{}", complaints(self.folder, kind.name()));
        }
        Ok(())
    }

    /// SIPp with a socket at each phone's address.
    fn calling(&self, scenario: &str, kind: Kind, port: u16) -> Result<Command> {
        let name = format!("{}.csv", kind.name());
        std::fs::write(self.folder.join(&name), list(kind))?;
        let mut sipp = self.command(scenario, kind.name())?;
        sipp.args(["-t", "ui", "-ip_field", "2", "-inf", &name]);
        sipp.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-key", "ue_port", &port.to_string()]);
        sipp.args(["-max_socket", &(2 * PHONES).to_string()]);
        Ok(sipp)
    }

    fn command(&self, scenario: &str, name: &str) -> Result<Command> {
        let file = workspace::root().join(format!("host/xtask/sipp/{scenario}.xml"));
        let mut sipp = Command::new(self.program);
        sipp.current_dir(self.folder).arg("-sf").arg(file).args(["-nostdin", "-buff_size", "4194304"]);
        sipp.args(["-trace_err", "-error_file", &format!("{name}.err")]);
        sipp.args(["-trace_stat", "-fd", "1", "-stf", &format!("{name}.stat.csv")]);
        sipp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(sipp)
    }
}

/// The first complaints of a SIPp.
fn complaints(folder: &Path, name: &str) -> String {
    let errors = std::fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
    errors.lines().take(12).collect::<Vec<_>>().join("\n")
}

/// A SIPp under way; killed when dropped.
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
    name: &'static str,
}

impl Running {
    fn start(mut sipp: Command, folder: &Path, name: &'static str) -> Result<Running> {
        let _ = std::fs::remove_file(folder.join(format!("{name}.stat.csv")));
        let child = sipp.spawn().with_context(|| format!("cannot start {}", workspace::words(&sipp)))?;
        Ok(Running { child, folder: folder.to_owned(), name })
    }

    /// By which its calls are known: SIPp writes it into each Call-ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has counted until a second ago.
    pub(crate) fn figures(&self) -> Result<Figures> {
        Figures::of(&std::fs::read_to_string(self.folder.join(format!("{}.stat.csv", self.name)))?)
    }

    /// Begins no more calls, and waits for those under way, which are this long.
    pub(crate) fn stop(mut self, length: Duration) -> Result<Figures> {
        if let Some(status) = self.child.try_wait()? {
            bail!("SIPp's {} calls ended by themselves ({status})", self.name);
        }
        self.tell(Signal::USR1)?;
        self.wait(length + UNTIL_OVER)
    }

    /// Waits until all of its calls are over.
    pub(crate) fn wait(mut self, patience: Duration) -> Result<Figures> {
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > patience {
                bail!(
                    "SIPp's {} calls do not end within {} s:\n{}",
                    self.name,
                    patience.as_secs(),
                    complaints(&self.folder, self.name)
                );
            }
            std::thread::sleep(PAUSE);
        }
        self.figures()
    }

    /// What it complained about first.
    pub(crate) fn complaints(&self) -> String {
        complaints(&self.folder, self.name)
    }

    /// Ends one that only answers.
    fn end(mut self) -> Result<()> {
        self.tell(Signal::USR1)?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn tell(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("SIPp has no process")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_an_address_and_somebody_to_call() {
        let list = list(Kind::Calling);
        assert_eq!(list.lines().count(), 201);
        assert_eq!(
            list.lines().nth(1),
            Some(
                "calling001;ims.test;127.16.2.1;called001;\
                 [authentication username=calling001@ims.test password=secret]"
            )
        );
        assert_eq!(subscribers(&["other"]).matches("[[subscriber]]").count(), 601);
    }
}
