//! `cargo xtask swaps --ims`: calls through P-, I- and S-CSCF while each of their plugins is swapped once a second.
//!
//! ```text
//!   calls held    ▁▂▃▄▅▆▇███████████████████████████████████████▇▅▃▁   UPDATE, BYE of each at the end
//!   their builds   h1  h2  h3  h4 │
//!   calls a second                ██████████████████████████████
//!   builds                         a ─── warm-up ───│ b a b a b a b …   each plugin, a third of a second apart
//! ```
//! Judged: no call fails; nothing is sent twice while plugins are swapped; each later request of a call is put before the
//! builds that its INVITE was put before; what a message that meets a switch takes longer than the others; memory from the
//! hundredth swap on; and that all versions but one are let go in the end.

use super::builds::{self, Notes, ROLES};
use super::network::Network;
use super::options::Options;
use super::phones::{self, Phones};
use super::probe::{self, Probe, Times, Window};
use crate::sipp::Figures;
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);
/// Builds that take the calls that are held, one after the other.
const HOLDING: [&str; 4] = ["h1", "h2", "h3", "h4"];
/// Builds that take turns.
const TURNS: [&str; 2] = ["a", "b"];
/// Calls that are to be held, a second.
pub(super) const HOLD_RATE: u32 = 100;
/// How long a call of the load is: some swaps of each plugin.
pub(super) const LENGTH: Duration = Duration::from_secs(2);
/// How long the load goes on after the last swap, and those that are held after that.
const AFTER: Duration = Duration::from_secs(3);
const HELD_LONGER: Duration = Duration::from_secs(10);
/// For calls that are held to end beyond the time that the rate demands.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// After a plugin is taken, messages still meet what that has left to do.
const WAKE: Duration = Duration::from_millis(50);
/// What a switch may cost the messages that meet it, at the 99th percentile.
const PAUSE: Duration = Duration::from_millis(1);
/// A line is printed after so many swaps; memory is compared from the first of them on.
const LOOK: u32 = 100;
/// What memory may gain from then to the end, in hundredths, and at least in kB.
const GAIN: u64 = 10;
const LEAST_GAIN_KB: u64 = 4096;
/// Versions leave with the last transaction: a P-CSCF keeps one for 128 s.
const UNTIL_LEFT: Duration = Duration::from_secs(150);

/// The whole command.
pub(crate) fn run(options: &Options) -> Result<()> {
    let sipp = toolchain::needs::find("sipp").context("SIPp is not installed (package sip-tester)")?;
    let binary = options.router()?;
    let plugins = builds::build()?;
    let folder = workspace::target().join("swaps-ims");
    let subscribers = phones::subscribers(&probe::USERS);
    let network = Network::start(&binary, &folder, &all_named(&plugins, HOLDING[0])?, &subscribers)?;
    // Compiled before there is anything to disturb; a swap is of what is in the cache.
    for build in HOLDING.iter().chain(&TURNS) {
        push(&network, &all_named(&plugins, build)?, false)?;
    }
    let phones = Phones::start(&sipp, &folder.join("phones"), network.pcscf())?;
    let probe = Probe::start(network.pcscf())?;

    let Options { minutes, rate, calls, warm_up, .. } = *options;
    let count = minutes * 60;
    let setting_up = Duration::from_secs(u64::from(calls.div_ceil(HOLD_RATE)));
    let length = setting_up + warm_up + EVERY * count + AFTER + HELD_LONGER;
    println!("{calls} calls are set up through P-CSCF {}", network.pcscf());
    let held = phones.hold(calls, HOLD_RATE, length)?;
    let held_by = held.id();
    for build in &HOLDING[1..] {
        std::thread::sleep(setting_up / HOLDING.len() as u32);
        push(&network, &all_named(&plugins, build)?, true)?;
    }
    std::thread::sleep(setting_up / HOLDING.len() as u32 + EVERY);
    let turns = [all_named(&plugins, TURNS[0])?, all_named(&plugins, TURNS[1])?];
    push(&network, &turns[0], true)?;
    println!("{rate} calls a second beside them; the first swap in {} s", warm_up.as_secs());
    let load = phones.load(rate, LENGTH)?;
    std::thread::sleep(warm_up);

    let counted = || -> Result<Twice> {
        Ok(Twice {
            phones: load.figures()?.retransmissions
                + held.figures()?.retransmissions
                + phones.answered()?.retransmissions,
            routers: network.retransmissions()?,
        })
    };
    let before = counted()?;
    let (windows, memory) = swap(&network, &turns, count)?;
    std::thread::sleep(AFTER);
    let twice = counted()?.since(&before);
    let complaints = [load.complaints(), held.complaints()].join("\n");
    let called = load.stop(LENGTH)?;
    let probed = probe.stop();
    println!("the calls that are held end");
    let ended = held.wait(HELD_LONGER + LENGTH + setting_up + PATIENCE)?;
    // It writes what it has counted once a second.
    std::thread::sleep(AFTER);
    let answered = phones.answered()?;
    let (log, more) = phones.stop()?;
    let is_held = |call_id: &str| call_id.contains(&format!("-{held_by}@"));
    let (within, without) = Times::apart(&probed.samples, &windows);
    let outcome = Outcome {
        held: (calls, ended),
        called,
        answered,
        probed: (probed.messages, probed.lost),
        before,
        twice,
        notes: [Notes::read(&log, is_held), Notes::read(&log, |call_id| !is_held(call_id))],
        within,
        without,
        swaps: count,
        pushes: Times::of(windows.iter().map(|window| window.to - WAKE - window.from)),
        memory,
        left: wait_until_left(&network)?,
    };
    network.stop()?;
    let wrong = outcome.report();
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}\n{}\n{}", wrong.join("; "), complaints.trim(), first_lines(&more))
}

pub(super) fn first_lines(text: &str) -> String {
    text.lines().take(12).collect::<Vec<_>>().join("\n")
}

/// This build of each plugin.
pub(super) fn all_named(plugins: &[Vec<u8>; 3], build: &str) -> Result<[Vec<u8>; 3]> {
    let [p, s, i] = plugins;
    Ok([builds::named(p, build)?, builds::named(s, build)?, builds::named(i, build)?])
}

fn push(network: &Network, plugins: &[Vec<u8>; 3], activate: bool) -> Result<()> {
    for (cscf, plugin) in network.cscfs.iter().zip(plugins) {
        cscf.push(plugin, activate).with_context(|| format!("the {} does not take a plugin", cscf.role))?;
    }
    Ok(())
}

/// kB of each process, at the first look and at the last.
#[derive(Clone, Copy, Default)]
struct Memory {
    first: [u64; 3],
    last: [u64; 3],
}

/// Swaps each plugin once a second, a third of a second apart; when that was, and what memory did.
fn swap(network: &Network, turns: &[[Vec<u8>; 3]; 2], count: u32) -> Result<(Vec<Window>, Memory)> {
    let began = Instant::now();
    let (mut windows, mut first) = (Vec::new(), None);
    let all = || -> Result<[u64; 3]> {
        let [p, s, i] = &network.cscfs;
        Ok([p.memory_kb()?, s.memory_kb()?, i.memory_kb()?])
    };
    for swap in 1..=count {
        let plugins = &turns[usize::from(swap % 2 == 1)];
        for (n, (cscf, plugin)) in (0..).zip(network.cscfs.iter().zip(plugins)) {
            let due = EVERY * (swap - 1) + EVERY * n / 3;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            let from = Instant::now();
            cscf.push(plugin, true).with_context(|| format!("swap {swap} of the {}", cscf.role))?;
            windows.push(Window { from, to: Instant::now() + WAKE });
        }
        if swap % LOOK == 0 || swap == (count / 2).clamp(1, LOOK) {
            let memory = all()?;
            first.get_or_insert(memory);
            let late = began.elapsed().saturating_sub(EVERY * swap);
            let [p, s, i] = memory.map(|kb| kb / 1024);
            let versions = network.cscfs[0].loaded()?;
            println!(
                "swap {swap}: {p} + {s} + {i} MB, {versions} versions with calls at the P-CSCF, {:.1} s late",
                late.as_secs_f64()
            );
        }
    }
    let last = all()?;
    Ok((windows, Memory { first: first.unwrap_or(last), last }))
}

fn wait_until_left(network: &Network) -> Result<[usize; 3]> {
    let began = Instant::now();
    loop {
        let [p, s, i] = &network.cscfs;
        let left = [p.loaded()?, s.loaded()?, i.loaded()?];
        if left == [1; 3] || began.elapsed() > UNTIL_LEFT {
            return Ok(left);
        }
        std::thread::sleep(EVERY);
    }
}

/// Messages that were sent more than once.
#[derive(Clone, Copy, Default)]
struct Twice {
    /// By SIPp's count, both sides.
    phones: u64,
    /// That the CSCFs got.
    routers: u64,
}

impl Twice {
    fn since(&self, before: &Twice) -> Twice {
        Twice { phones: self.phones - before.phones, routers: self.routers - before.routers }
    }
}

/// What came of it.
struct Outcome {
    /// How many were to be held.
    held: (u32, Figures),
    called: Figures,
    answered: Figures,
    /// MESSAGEs, and lost ones.
    probed: (usize, usize),
    /// Until the first swap, and from then on.
    before: Twice,
    twice: Twice,
    /// Of the calls that were held, and of the others.
    notes: [Notes; 2],
    /// Times of messages that met a switch, and of the others.
    within: Times,
    without: Times,
    swaps: u32,
    /// What each took, from the first octet of the file to the answer.
    pushes: Times,
    memory: Memory,
    /// Versions with calls at the end.
    left: [usize; 3],
}

impl Outcome {
    /// Prints the table; a sentence for each line that does not hold.
    fn report(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut row = |what: &str, said: String, holds: bool| {
            println!("{what:<44} {said}{}", if holds { "" } else { "   ✗" });
            if !holds {
                wrong.push(format!("{what}: {said}"));
            }
        };
        let Outcome { held: (calls, held), called, answered, twice, before, .. } = self;
        row("swaps of each plugin", self.swaps.to_string(), true);
        row("a swap", times_of(&self.pushes), true);
        let is_whole = held.failed == 0 && held.successful == u64::from(*calls);
        row("calls held: ended as they should, failed", failed(held), is_whole);
        row(
            "calls beside: ended as they should, failed",
            failed(called),
            called.failed == 0 && called.successful > 0,
        );
        row("calls answered, failed", failed(answered), answered.failed == 0);
        let (messages, lost) = self.probed;
        row("MESSAGEs, lost", format!("{messages}, {lost}"), lost == 0 && messages > 0);
        row("sent twice before the first swap", sent(before.phones, before.routers), true);
        row(
            "sent twice while plugins were swapped",
            sent(twice.phones, twice.routers),
            twice.phones + twice.routers == 0,
        );
        for (whose, notes, least) in
            [("held", &self.notes[0], u64::from(*calls)), ("beside", &self.notes[1], called.successful)]
        {
            let strayed = notes.strayed.len();
            let holds = strayed == 0 && notes.calls >= least;
            row(
                &format!("calls {whose}: noted, left their version"),
                format!("{}, {strayed}", notes.calls),
                holds,
            );
            for (builds, count) in &notes.by_builds {
                println!("    {count:>7} by {builds}");
            }
            notes.strayed.iter().take(3).for_each(|line| println!("    {line}"));
        }
        for (whose, times) in [("met a switch", &self.within), ("did not", &self.without)] {
            row(&format!("messages that {whose}"), times_of(times), times.count() > 0);
        }
        let [within, without] =
            [&self.within, &self.without].map(|times| times.of_1000(990).as_secs_f64() * 1e3);
        let pause = within - without;
        row("pause, p99", format!("{pause:.2} ms"), pause < PAUSE.as_secs_f64() * 1e3);
        for (n, role) in ROLES.iter().enumerate() {
            let (first, last) = (self.memory.first[n], self.memory.last[n]);
            let holds = last <= first + (first * GAIN / 100).max(LEAST_GAIN_KB);
            row(&format!("memory of the {role}, PSS"), format!("{first} kB, at the end {last} kB"), holds);
        }
        let [p, s, i] = self.left;
        row("versions with calls at the end", format!("{p} + {s} + {i}"), self.left == [1; 3]);
        wrong
    }
}

pub(super) fn failed(figures: &Figures) -> String {
    format!("{}, {}", figures.successful, figures.failed)
}

pub(super) fn sent(phones: u64, routers: u64) -> String {
    format!("{phones} by SIPp's count, {routers} received by the CSCFs")
}

pub(super) fn times_of(times: &Times) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "{}: median {:.2}, p99 {:.2}, longest {:.1} ms",
        times.count(),
        ms(times.of_1000(500)),
        ms(times.of_1000(990)),
        ms(times.longest())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swaps::probe::Sample;

    fn good() -> Outcome {
        let zero = Instant::now();
        let sample = |ms| Sample { at: zero + Duration::from_millis(ms), took: Duration::from_millis(2) };
        let window = Window { from: zero, to: zero + Duration::from_millis(10) };
        let (within, without) = Times::apart(&[sample(5), sample(20)], &[window]);
        let notes = |id| Notes::read(&format!("{id}@x|Pcscf a|Pcscf a|Pcscf a|Pcscf a"), |_| true);
        let one = Figures { successful: 1, failed: 0, retransmissions: 0 };
        Outcome {
            held: (1, one),
            called: one,
            answered: Figures { successful: 2, ..one },
            probed: (1, 0),
            before: Twice { phones: 3, routers: 3 },
            twice: Twice::default(),
            notes: [notes("1-1"), notes("1-2")],
            within,
            without,
            swaps: 60,
            pushes: Times::default(),
            memory: Memory { first: [90_000; 3], last: [91_000; 3] },
            left: [1; 3],
        }
    }

    #[test]
    fn each_thing_that_does_not_hold_is_said() {
        assert_eq!(good().report(), [""; 0]);
        type Spoil = (&'static str, fn(&mut Outcome));
        let spoil: [Spoil; 9] = [
            ("calls held", |outcome| outcome.held.0 = 2),
            ("calls beside", |outcome| outcome.called.failed = 1),
            ("calls answered", |outcome| outcome.answered.failed = 1),
            ("MESSAGEs", |outcome| outcome.probed.1 = 1),
            ("sent twice while", |outcome| outcome.twice.routers = 1),
            ("calls held: noted", |outcome| outcome.notes[0] = Notes::default()),
            ("pause", |outcome| outcome.without = Times::apart(&[], &[]).0),
            ("memory of the scscf", |outcome| outcome.memory.last[1] = 99_001),
            ("versions", |outcome| outcome.left[2] = 2),
        ];
        for (what, spoil) in spoil {
            let mut outcome = good();
            spoil(&mut outcome);
            let said = outcome.report();
            assert!(said.iter().any(|line| line.starts_with(what)), "{what}: {said:?}");
        }
    }
}
