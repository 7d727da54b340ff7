//! `cargo xtask swaps --files`: the plugin files of the three CSCFs are replaced and spoiled in every way while calls go
//! through them. What is good becomes active once, what is not is refused with a reason, and no call notices.
//!
//! | way | |
//! |---|---|
//! | renamed into place | taken |
//! | truncated, written over 0.3 s; over 10 s | taken when it is whole |
//! | half, empty, random, of another contract, lacking a hook, failing or looping in `init` | refused |

use super::builds::{self, Notes};
use super::ims::{HOLD_RATE, LENGTH, PATIENCE, all_named, failed, first_lines, sent, times_of};
use super::network::{Cscf, Network};
use super::options::Options;
use super::phones::{self, Phones};
use super::probe::{self, Probe, Times};
use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Parts of a file that is written slowly.
const PARTS: u32 = 20;
/// A file is taken when it has been quiet for 200 ms; then it is compiled, beside the load.
const UNTIL_TAKEN: Duration = Duration::from_secs(30);
/// A file that rests for this long while it is written may be looked at.
const HALF_TAKEN: Duration = Duration::from_millis(100);
/// How long it is watched whether something is taken twice.
const QUIET: Duration = Duration::from_millis(600);
const LOOK: Duration = Duration::from_millis(50);
/// Load before the first file and after the last one.
const AROUND: Duration = Duration::from_secs(3);
/// How long calls are held that are up before the first file is touched: for longer than all files take.
const HELD: Duration = Duration::from_secs(200);
/// Octets of noise.
const NOISE: u32 = 300_000;

/// What becomes of a file.
enum Deed {
    Rename(Vec<u8>),
    /// Truncates it and writes it over so long.
    Write(Vec<u8>, Duration),
}

/// One way to replace or spoil a file.
struct Way {
    name: &'static str,
    deed: Deed,
    /// What the refusal says; none: it is good.
    refused: Option<&'static str>,
}

/// The whole command.
pub(crate) fn run(options: &Options) -> Result<()> {
    let sipp = toolchain::needs::find("sipp").context("SIPp is not installed (package sip-tester)")?;
    let binary = options.router()?;
    let plugins = builds::build()?;
    let narrow = builds::narrow()?;
    let folder = workspace::target().join("swaps-files");
    let subscribers = phones::subscribers(&probe::USERS);
    let network = Network::start(&binary, &folder, &all_named(&plugins, "first")?, &subscribers)?;
    let phones = Phones::start(&sipp, &folder.join("phones"), network.pcscf())?;
    let probe = Probe::start(network.pcscf())?;
    let calls = options.calls;
    println!("{calls} calls are set up through P-CSCF {}", network.pcscf());
    let setting_up = Duration::from_secs(u64::from(calls.div_ceil(HOLD_RATE)));
    let held = phones.hold(calls, HOLD_RATE, setting_up + HELD)?;
    std::thread::sleep(setting_up + LENGTH);
    println!("{} calls a second beside them", options.rate);
    let load = phones.load(options.rate, LENGTH)?;
    std::thread::sleep(AROUND);

    let mut wrong = Vec::new();
    for (cscf, plugin) in network.cscfs.iter().zip(&plugins) {
        for way in ways(plugin, looks_for_hooks(cscf, &narrow).then_some(&narrow[..]))? {
            let what = format!("{}: {}", cscf.role, way.name);
            let before = load.figures()?.failed;
            match act(cscf, &way) {
                Ok(said) => println!("{what:<52} {said}"),
                Err(why) => {
                    println!("{what:<52} {why:#}   ✗");
                    wrong.push(format!("{what}: {why:#}"));
                }
            }
            let more = load.figures()?.failed - before;
            if more > 0 {
                wrong.push(format!("{what}: {more} calls failed"));
            }
        }
    }

    std::thread::sleep(AROUND);
    let complaints = load.complaints();
    let called = load.stop(LENGTH)?;
    let probed = probe.stop();
    println!("the calls that are held end");
    let ended = held.wait(setting_up + HELD + PATIENCE)?;
    // It writes what it has counted once a second.
    std::thread::sleep(AROUND);
    let answered = phones.answered()?;
    let routers = network.retransmissions()?;
    let (log, more) = phones.stop()?;
    let notes = Notes::read(&log, |_| true);
    network.stop()?;
    let (_, times) = Times::apart(&probed.samples, &[]);
    let twice = ended.retransmissions + called.retransmissions + answered.retransmissions;
    println!("{:<52} {}", "calls held: ended as they should, failed", failed(&ended));
    println!("{:<52} {}", "calls beside: ended as they should, failed", failed(&called));
    println!("{:<52} {}", "sent twice", sent(twice, routers));
    println!("{:<52} {}, {}", "calls: noted, left their version", notes.calls, notes.strayed.len());
    println!("{:<52} {}, {}", "MESSAGEs, lost", probed.messages, probed.lost);
    println!("{:<52} {}", "messages", times_of(&times));
    let mut judge = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let is_whole = ended.failed == 0 && ended.successful == u64::from(calls);
    judge(is_whole, format!("of {calls} calls held {} ended as they should", ended.successful));
    judge(called.failed == 0 && called.successful > 0, format!("{} calls failed", called.failed));
    judge(answered.failed == 0, format!("{} calls that were answered failed", answered.failed));
    judge(twice + routers == 0, "messages were sent twice".to_owned());
    judge(notes.strayed.is_empty(), format!("{} calls left their version", notes.strayed.len()));
    judge(probed.lost == 0, format!("{} MESSAGEs were lost", probed.lost));
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("{}\n{}\n{}", wrong.join("; "), complaints.trim(), first_lines(&more)),
    }
}

/// Whether this router refuses what lacks a hook of the active version; else such a file is not tried: calls would fail.
fn looks_for_hooks(cscf: &Cscf, narrow: &[u8]) -> bool {
    let refused = cscf.push(narrow, false).err().map(|why| format!("{why:#}"));
    let looks = refused.is_some_and(|why| why.contains("hook"));
    if !looks {
        println!(
            "{:<52} not tried: the router does not look for it",
            format!("{}: a missing hook", cscf.role)
        );
    }
    looks
}

/// Everything that is done to the file of a plugin, in this order; a good one follows on each bad one.
fn ways(plugin: &[u8], narrow: Option<&[u8]>) -> Result<Vec<Way>> {
    let named = |name: &str| builds::named(plugin, name);
    let whole = plugin.len();
    let good = |name, deed| Way { name, deed, refused: None };
    let bad =
        |name, bytes, words| Way { name, deed: Deed::Write(bytes, Duration::ZERO), refused: Some(words) };
    let mut ways = vec![
        good("renamed into place", Deed::Rename(named("renamed")?)),
        good("written over 0.3 s", Deed::Write(named("quick")?, Duration::from_millis(300))),
        good("written over 10 s", Deed::Write(named("slow")?, Duration::from_secs(10))),
    ];
    let noise = (0..NOISE).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut spoilt = vec![
        bad("half of it", named("half")?[..whole / 2].to_vec(), "not a valid plugin"),
        bad("empty", Vec::new(), "not WebAssembly"),
        bad("random octets", noise, "not WebAssembly"),
        bad("another contract", builds::of_another_contract(plugin), "contract"),
        bad("an init that fails", named("fails")?, "this build is one that does not start"),
        bad("an init that loops", named("loops")?, "init"),
    ];
    if let Some(narrow) = narrow {
        spoilt.push(bad("a missing hook", narrow.to_vec(), "hook"));
    }
    for (n, way) in spoilt.into_iter().enumerate() {
        ways.push(way);
        ways.push(good("a good one after that", Deed::Rename(named(&format!("good{n}"))?)));
    }
    Ok(ways)
}

/// Does it, and looks what comes of it: in words, or what should not have been.
fn act(cscf: &Cscf, way: &Way) -> Result<String> {
    let (before, active) = (cscf.history()?, cscf.active()?);
    match &way.deed {
        Deed::Rename(bytes) => {
            let beside = cscf.plugin.with_extension("new");
            fs::write(&beside, bytes)?;
            fs::rename(&beside, &cscf.plugin)?;
        }
        Deed::Write(bytes, over) => write(&cscf.plugin, bytes, *over)?,
    }
    let waited_for = if way.refused.is_some() { "refused" } else { "active" };
    let written = Instant::now();
    let news = loop {
        let news = cscf.history()?.split_off(before.len());
        if written.elapsed() > UNTIL_TAKEN {
            bail!("not {waited_for} within {} s: {news:?}", UNTIL_TAKEN.as_secs());
        }
        if news.iter().any(|(what, _)| what == "active" || what == waited_for) {
            break news;
        }
        std::thread::sleep(LOOK);
    };
    let took = written.elapsed();
    std::thread::sleep(QUIET);
    let all = cscf.history()?.split_off(before.len());
    let count = |word: &str| all.iter().filter(|(what, _)| what == word).count();
    let Some(words) = way.refused else {
        ensure!(count("active") == 1, "{} times active", count("active"));
        ensure!(cscf.active()? != active, "the version before is still active");
        // Who rests for longer than a file must be quiet leaves half files.
        let is_slow = matches!(way.deed, Deed::Write(_, over) if over / PARTS > HALF_TAKEN);
        let parts = count("refused");
        ensure!(parts == 0 || is_slow, "refused {parts} times before that");
        let parts = if is_slow { format!("; refused {parts} times while it was not") } else { String::new() };
        return Ok(format!("active once, {:.1} s after it was whole{parts}", took.as_secs_f64()));
    };
    ensure!(count("active") == 0 && cscf.active()? == active, "it became active");
    let (_, why) = news.iter().find(|(what, _)| what == waited_for).context("it was not refused")?;
    ensure!(why.contains(words), "refused, but: {why}");
    ensure!(cscf.log().contains(why.as_str()), "the log does not say: {why}");
    Ok(format!("refused: {why}"))
}

/// Truncates a file and writes it over so long.
fn write(path: &Path, bytes: &[u8], over: Duration) -> Result<()> {
    let mut file = File::create(path)?;
    let part = bytes.len().div_ceil(if over.is_zero() { 1 } else { PARTS as usize }).max(1);
    for (n, part) in bytes.chunks(part).enumerate() {
        if n > 0 {
            std::thread::sleep(over / (PARTS - 1));
        }
        file.write_all(part)?;
    }
    Ok(())
}
