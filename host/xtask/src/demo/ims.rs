//! `cargo xtask demo`: an IMS in one process, and two phones that register with AKA and talk.
//!
//! DNS, HSS, S-, I- and P-CSCF run as `strowger run --config FOLDER`, the phones as `strowger ue`. While they talk, the
//! S-CSCF takes another build of its plugin. Then a message is sent, and the HSS ends a registration. What went over the
//! wire, SIP and Diameter, is drawn as `strowger trace` draws it, and checked.

use super::http;
use super::lab::Lab;
use super::process::{Process, free_port};
use crate::{plugins, swaps, workspace};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// K and OP of both cards in `examples/ims/subscribers.toml`: test set 1 of TS 35.208.
const K: &str = "465b5ce8b199b49faa5f0a2ee238a6bc";
const OP: &str = "cdc202d5123e20f62b6d676ac72cb318";
const DOMAIN: &str = "ims.mnc001.mcc001.3gppnetwork.org";
const ALICE: &str = "001010000000001";
const BOB: &str = "001010000000002";

/// A phone's script, start to end.
const SCRIPT: Duration = Duration::from_secs(60);
/// Until the call is up.
const ANSWERED: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// What must have gone over the wire, and how often at least.
const EXPECTED: [(&str, usize); 24] = [
    ("UAR", 4),
    ("MAR", 2),
    ("MAA 2001", 2),
    ("SAR", 2),
    ("SAA 2001", 2),
    ("401 REGISTER", 2),
    ("200 REGISTER", 2),
    ("NOTIFY", 4),
    ("LIR", 1),
    ("INVITE", 1),
    ("183 INVITE", 1),
    ("PRACK", 1),
    ("200 PRACK", 1),
    ("UPDATE", 1),
    ("200 UPDATE", 1),
    ("180 INVITE", 1),
    ("200 INVITE", 1),
    ("ACK", 1),
    ("BYE", 1),
    ("200 BYE", 1),
    ("MESSAGE", 1),
    ("200 MESSAGE", 1),
    ("RTR", 1),
    ("RTA 2001", 1),
];

pub(super) fn run(once: bool) -> Result<()> {
    println!("building the router (the first time takes about ten minutes: it contains a compiler)");
    let binary = workspace::build(&[], false)?.join("strowger");
    println!("building the plugins of P-, I- and S-CSCF");
    plugins::build(&["pcscf", "icscf", "scscf"])?;

    let folder = workspace::target().join("demo-ims");
    let lab = Lab::write(&folder)?;
    let mut ims = Process::start(&binary, &["run", "--config"], &folder, folder.join("strowger.log"))?;
    // The P-CSCF comes last.
    let (_, last) = lab.admins()[0];
    ims.wait_until_ready(last)?;
    println!(
        "\nstrowger is up: P-CSCF {}, I- and S-CSCF behind it, HSS on Diameter {}",
        lab.pcscf(),
        lab.diameter()
    );

    let demo = Demo { binary, lab };
    demo.play().with_context(|| format!("the log ends with\n{}", ims.logged()))?;
    if once {
        return ims.stop();
    }
    println!("\nEverything stays up until Ctrl-C. Try, with {} for strowger:\n", demo.binary.display());
    demo.suggest();
    println!("\nlog: {}", ims.log.display());
    ims.wait()?;
    Ok(())
}

struct Demo {
    binary: PathBuf,
    lab: Lab,
}

/// A phone that plays its script.
struct Phone {
    process: Process,
    local: SocketAddr,
}

impl Demo {
    fn play(&self) -> Result<()> {
        let mut bob = self.phone("bob", BOB)?;
        self.until_sent("NOTIFY", ANSWERED)?;
        let mut alice = self.phone("alice", ALICE)?;
        self.until_sent("ACK", ANSWERED)?;
        let swapped = self.swap()?;
        if Traced::of(self.lab.scscf_admin())?.iter().any(|one| one.label == "BYE") {
            bail!("the call was over before the S-CSCF had another plugin");
        }
        ended("alice", &mut alice.process, SCRIPT)?;
        self.strowger(&["hss", "deregister", "--admin", &self.lab.hss_admin().to_string()], BOB)?;
        ended("bob", &mut bob.process, SCRIPT)?;

        let names = [(&alice, "alice"), (&bob, "bob")].map(|(phone, name)| format!("{}={name}", phone.local));
        println!("\n{}", self.trace(&names, &[])?);
        let heard = [("alice", &alice), ("bob", &bob)].map(|(name, phone)| heard(name, &phone.process));
        let messages = self.check()?;
        println!("two AKA registrations, a call through P-, I- and S-CSCF with speech both ways, a message,");
        println!("a registration ended by the HSS: {messages} messages of SIP and Diameter");
        for line in heard {
            println!("{}", line?);
        }
        println!("while they talked the S-CSCF took another build of its plugin: {swapped}");
        Ok(())
    }

    fn phone(&self, name: &str, imsi: &str) -> Result<Phone> {
        let local = free_port(|address| UdpSocket::bind(address).is_ok())?;
        let (identity, at, pcscf) =
            (format!("{imsi}@{DOMAIN}"), local.to_string(), self.lab.pcscf().to_string());
        let impu = format!("sip:{identity}");
        let arguments = [
            "ue", "--k", K, "--op", OP, "--impi", &identity, "--impu", &impu, "--local", &at, "--pcscf",
            &pcscf, "--script",
        ];
        let script = self.lab.folder.join(format!("{name}.ue"));
        let log = self.lab.folder.join(format!("{name}.log"));
        Ok(Phone { process: Process::start(&self.binary, &arguments, &script, log)?, local })
    }

    /// Waits until the S-CSCF has sent such a message.
    fn until_sent(&self, label: &str, patience: Duration) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < patience {
            let traced = Traced::of(self.lab.scscf_admin())?;
            if traced.iter().any(|one| one.sent && one.label == label) {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("the S-CSCF sent no {label} within {} s", patience.as_secs())
    }

    /// Pushes the S-CSCF's plugin with a section that means nothing: another file, and so another version.
    fn swap(&self) -> Result<String> {
        let plugin = workspace::target().join("plugins/scscf.wasm");
        let bytes = std::fs::read(&plugin).with_context(|| plugin.display().to_string())?;
        let other = self.lab.folder.join("scscf-other.wasm");
        std::fs::write(&other, swaps::with_section(&bytes, "demo"))?;
        let admin = self.lab.scscf_admin().to_string();
        let pushed = self.strowger(
            &["plugin", "push", "--activate", "--admin", &admin, "--role", "scscf"],
            &other.display().to_string(),
        )?;
        Ok(pushed.lines().last().unwrap_or_default().to_owned())
    }

    fn trace(&self, names: &[String], more: &[&str]) -> Result<String> {
        let admins = self.lab.admins().map(|(_, address)| address.to_string());
        let mut arguments = vec!["trace"];
        arguments.extend(admins.iter().flat_map(|admin| ["--admin", admin]));
        arguments.extend(names.iter().flat_map(|name| ["--name", name]));
        arguments.extend(more);
        output(&self.binary, &arguments)
    }

    fn strowger(&self, arguments: &[&str], last: &str) -> Result<String> {
        // Subscribers are known by their private identity.
        let last = if last == BOB { format!("{last}@{DOMAIN}") } else { last.to_owned() };
        let mut all = arguments.to_vec();
        all.push(&last);
        output(&self.binary, &all)
    }

    /// Whether all that was to be said was said; how many messages there were.
    fn check(&self) -> Result<usize> {
        let mut all = Vec::new();
        for (role, admin) in self.lab.admins() {
            let traced = Traced::of(admin)?;
            if role != "hss"
                && !traced.iter().any(|one| one.decision.is_some() && one.label.starts_with("relay"))
            {
                bail!("no decision of the {role}'s script to relay something was traced");
            }
            all.extend(traced);
        }
        for (label, least) in EXPECTED {
            let count = all.iter().filter(|one| one.sent && one.label == label).count();
            if count < least {
                bail!("{label} was sent {count} times; at least {least} were to be");
            }
        }
        Ok(all.iter().filter(|one| one.sent).count())
    }

    fn suggest(&self) {
        let admins = self.lab.admins();
        let all: Vec<String> = admins.iter().map(|(_, address)| format!("--admin {address}")).collect();
        for (role, address) in admins.iter().filter(|(role, _)| *role != "hss") {
            println!("  http://{address}/        the console of the {role}, for a browser");
        }
        println!("  examples/ims/phone alice examples/ims/alice.ue --pcscf {}", self.lab.pcscf());
        println!("  strowger trace --follow {}", all.join(" "));
        println!(
            "  strowger plugin list --admin {}        the versions of the S-CSCF",
            self.lab.scscf_admin()
        );
        println!("  strowger hss list --admin {}", self.lab.hss_admin());
        println!(
            "  change plugins/scscf, then `cargo xtask plugins scscf`: the S-CSCF takes it while calls go on\n  \
             (docs/ten-minutes.md: step by step, for a share of the subscribers first)"
        );
    }
}

/// A message as `/trace` has it.
#[derive(Deserialize)]
struct Traced {
    sent: bool,
    label: String,
    /// Of a script; its fields are for others.
    #[serde(default)]
    decision: Option<serde::de::IgnoredAny>,
}

impl Traced {
    fn of(admin: SocketAddr) -> Result<Vec<Traced>> {
        #[derive(Deserialize)]
        struct Page {
            messages: Vec<Traced>,
        }
        let text = http::get(admin, "/trace")?;
        let page: Page =
            serde_json::from_str(&text).with_context(|| format!("{admin}/trace answered {text}"))?;
        Ok(page.messages)
    }
}

fn output(binary: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(binary).args(arguments).output()?;
    if !output.status.success() {
        bail!("strowger {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until a phone has played its script to its end.
fn ended(name: &str, phone: &mut Process, patience: Duration) -> Result<()> {
    match phone.wait_for(patience)? {
        Some(status) if status.success() => Ok(()),
        Some(_) => bail!("{name}'s script was not met:\n{}", phone.written()),
        None => bail!("{name}'s script does not end:\n{}", phone.written()),
    }
}

/// What a phone says of the speech it heard.
fn heard(name: &str, phone: &Process) -> Result<String> {
    let written = phone.written();
    let media = written.lines().find(|line| line.starts_with("media of call"));
    let media = media.with_context(|| format!("{name} heard nothing:\n{written}"))?;
    Ok(format!("{name}: {media}"))
}
