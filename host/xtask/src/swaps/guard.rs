//! `cargo xtask swaps --guard`: bad candidates of the S-CSCF's plugin get a share of the subscribers while calls go through
//! P-, I- and S-CSCF. The guardrail is to take each of them back by itself, and to leave a copy of the active version alone.
//!
//! | candidate | |
//! |---|---|
//! | is 30 ms slower with an INVITE | taken back |
//! | answers 500 to one INVITE in 20 | taken back |
//! | traps at one INVITE in 20 | taken back |
//! | a copy of the active version | stays |
//!
//! Every phone and every callee is a subscriber of its own, so that a call meets the candidate by its caller, its callee, or
//! both. Judged: who is taken back, how soon, for which reason, and that no more calls fail than were put before it.

use super::builds;
use super::ims::{LENGTH, all_named, first_lines};
use super::network::{Cscf, Network};
use super::options::Options;
use super::phones::{self, Phones, Running};
use super::probe;
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// The plugin that is tried, by its place among [`builds::ROLES`].
const SCSCF: usize = 1;
/// Within which a bad one is out.
const MOST: Duration = Duration::from_secs(60);
/// How long a copy is watched, and a bad one at most.
const WATCHED: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(200);
/// Calls before the first candidate: the control must have some.
const BEFORE: Duration = Duration::from_secs(10);
/// For calls to end that a candidate still has.
const AFTER: Duration = Duration::from_secs(4);
/// Who takes a candidate back.
const GUARDRAIL: &str = "taken back";

/// One that is tried.
struct Candidate {
    what: &'static str,
    /// The build's name in `host/xtask/marked`.
    build: &'static str,
    /// One of these is in the reason; none: it is good.
    reasons: &'static [&'static str],
    /// Of the INVITEs that it is asked about so many hundredths may fail: one in 20, and luck.
    hurt: u64,
}

const CANDIDATES: [Candidate; 4] = [
    Candidate { what: "30 ms slower", build: "dawdles", reasons: &["slow"], hurt: 0 },
    Candidate { what: "500 to one INVITE in 20", build: "errs", reasons: &["5xx"], hurt: 15 },
    Candidate { what: "a trap at one INVITE in 20", build: "traps", reasons: &["failed", "5xx"], hurt: 15 },
    Candidate { what: "a copy", build: "copy", reasons: &[], hurt: 0 },
];

/// The whole command.
pub(crate) fn run(options: &Options) -> Result<()> {
    let sipp = toolchain::needs::find("sipp").context("SIPp is not installed (package sip-tester)")?;
    let binary = options.router()?;
    let plugins = builds::build()?;
    let folder = workspace::target().join("swaps-guard");
    let subscribers = phones::subscribers(&probe::USERS);
    let network = Network::start(&binary, &folder, &all_named(&plugins, "first")?, &subscribers)?;
    let phones = Phones::start(&sipp, &folder.join("phones"), network.pcscf())?;
    let Options { rate, share, .. } = *options;
    println!("{rate} calls a second through P-CSCF {}, candidates get {share} %", network.pcscf());
    let load = phones.load(rate, LENGTH)?;
    std::thread::sleep(BEFORE);
    let mut wrong = Vec::new();
    for candidate in &CANDIDATES {
        let plugin = builds::named(&plugins[SCSCF], candidate.build)?;
        match try_one(&network.cscfs[SCSCF], candidate, &plugin, &load, share) {
            Ok(said) => println!("{:<28} {said}", candidate.what),
            Err(why) => {
                println!("{:<28} {why:#}   ✗", candidate.what);
                wrong.push(format!("{}: {why:#}", candidate.what));
            }
        }
    }
    let complaints = load.complaints();
    let called = load.stop(LENGTH)?;
    println!("calls: {} ended as they should, {} failed", called.successful, called.failed);
    drop(phones.stop()?);
    network.stop()?;
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("{}\n{}", wrong.join("; "), first_lines(&complaints)),
    }
}

/// Gives it the share, and waits for what becomes of it: in words, or what should not have been.
fn try_one(cscf: &Cscf, candidate: &Candidate, plugin: &[u8], load: &Running, share: u32) -> Result<String> {
    let failed = || -> Result<u64> { Ok(load.figures()?.failed) };
    let before = (cscf.history()?.len(), failed()?);
    let number = cscf.push(plugin, false)?;
    cscf.split(number, share * 10)?;
    let began = Instant::now();
    let taken_back = loop {
        let news = cscf.history()?.split_off(before.0);
        if let Some((_, why)) = news.into_iter().find(|(what, _)| what == GUARDRAIL) {
            break Some((began.elapsed(), why));
        }
        if began.elapsed() > WATCHED {
            break None;
        }
        std::thread::sleep(LOOK);
    };
    if taken_back.is_none() {
        cscf.rollback()?;
    }
    std::thread::sleep(AFTER);
    let (hurt, asked) = (failed()? - before.1, cscf.asked(number)?);
    let harm = format!("{hurt} calls failed, {asked} of its INVITEs answered");
    if hurt > asked * candidate.hurt / 100 {
        bail!("{harm}: more than its part");
    }
    let Some((after, why)) = taken_back else {
        return match candidate.reasons {
            [] => Ok(format!("stayed for {} s; {harm}", WATCHED.as_secs())),
            _ => bail!("not taken back within {} s; {harm}", WATCHED.as_secs()),
        };
    };
    let said = format!("out after {:.1} s: {why}; {harm}", after.as_secs_f64());
    let is_right = after <= MOST && candidate.reasons.iter().any(|reason| why.contains(reason));
    if is_right { Ok(said) } else { bail!(said) }
}
