//! Many lives of a split: how seldom a good candidate is taken back, how soon a bad one is. What they print is the table in
//! docs/operating.md (`cargo test --workspace --lib guard::tests::simulation -- --nocapture`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::life::{GOOD, Life, Version};
use super::{MARGINS, Margins, WITHIN_MARGIN};

/// A second's requests in the table.
const CALLS: u32 = 100;

/// Tenths of a percent, in the table.
const SHARES: [u16; 6] = [10, 20, 30, 50, 100, 200];

/// Lives for one line of it.
const LIVES: u64 = 200;

/// All kinds of requests and hooks.
const KINDS: usize = 4;

/// Not so good, but what a network may be.
const POOR: Version = Version { traps: 0.02, server_failures: 0.05, not_found: 0.3, ..GOOD };

#[test]
fn an_identical_copy_is_never_taken_back() {
    for life in 0..1_000 {
        let share = [10, 20, 50, 100, 500][life % 5];
        let version = [GOOD, POOR][life / 5 % 2];
        let mut copy = Life::new(life as u64, share, [version; 2], KINDS, MARGINS);
        let out = copy.seconds_until_out(50, MARGINS, 700);
        assert_eq!(out, None, "life {life}");
    }
}

/// Without a margin an identical copy is at the very edge of what is allowed: there the bound on false alarms is what keeps
/// it, over all looks, windows and comparisons. A test that is meant for one look, and errs in one of a thousand, takes many
/// more out, by calls that trap alone.
#[test]
fn without_a_margin_the_bound_holds_over_all_looks() {
    let strict =
        Margins { percent_points: 0.0, success_percent_points: 0.0, slower: Duration::ZERO, calls: 1 };
    let even = Version { traps: 0.1, server_failures: 0.1, not_found: 0.2, ..GOOD };
    let (mut taken_by_one_look, mut taken) = (0, BTreeMap::<String, u32>::new());
    for seed in 0..1_000 {
        let mut copy = Life::new(10_000 + seed, 500, [even; 2], KINDS, strict);
        let (mut out_by_one_look, mut found) = (false, None);
        for _ in 0..700 {
            copy.calls(20);
            found = found.or(copy.look(strict));
            out_by_one_look |= copy.z() > 3.09;
        }
        taken_by_one_look += u32::from(out_by_one_look);
        if let Some(comparison) = found {
            *taken.entry(comparison.to_string()).or_default() += 1;
        }
    }
    println!("of 1,000 copies without a margin: out {taken:?}, {taken_by_one_look} by a test for one look");
    assert!(taken.values().sum::<u32>() <= 3, "one is to be expected at most: {taken:?}");
    assert!(taken_by_one_look > 5, "the lives are too easy: {taken_by_one_look}");
}

/// Seconds until a bad candidate is out at 100 calls a second, half of the lives and all.
#[test]
fn a_bad_candidate_is_out_soon() {
    // At most so many seconds at each of the shares.
    let bad = [
        ("one call in 20 traps", Version { traps: 0.05, ..GOOD }, [450, 220, 160, 90, 60, 30]),
        ("every call traps", Version { traps: 1.0, ..GOOD }, [60, 30, 20, 15, 10, 5]),
        ("one answer in 20 is 500", Version { server_failures: 0.05, ..GOOD }, [450, 260, 200, 100, 60, 35]),
        ("10 % more are not found", Version { not_found: 0.15, ..GOOD }, [800, 500, 350, 220, 160, 90]),
        ("nobody is found", Version { not_found: 0.999, ..GOOD }, [60, 30, 20, 15, 10, 10]),
        ("30 ms slower", Version { slower: Duration::from_millis(30), ..GOOD }, [60, 30, 20, 15, 10, 5]),
    ];
    for (what, version, longest) in bad {
        for (share, longest) in SHARES.into_iter().zip(longest) {
            let mut all: Vec<u32> = (0..LIVES)
                .map(|seed| {
                    let mut life = Life::new(60_000 + seed, share, [GOOD, version], 1, MARGINS);
                    let out = life.seconds_until_out(CALLS, MARGINS, 2 * longest);
                    out.map_or(u32::MAX, |(seconds, _)| seconds)
                })
                .collect();
            all.sort_unstable();
            let (median, last) = (all[all.len() / 2], all[all.len() - 1]);
            let soon = all.iter().filter(|seconds| **seconds <= 60).count();
            let share = f64::from(share) / 10.0;
            println!("| {what} | {share} % | {median} s | {last} s | within 60 s: {soon} of {LIVES} |");
            assert!(last <= longest, "{what} at {share}: {all:?}");
        }
    }
}

/// It is worse, and few of it are taken back: by more than the margin is the other question.
#[test]
fn one_that_is_worse_by_less_than_the_margins_mostly_stays() {
    let slow = Duration::from_millis(8);
    let allowed = [
        ("half of the margins", Version { server_failures: 0.0035, not_found: 0.065, slower: slow, ..GOOD }),
        ("nearly the margins", Version { server_failures: 0.0055, not_found: 0.075, slower: slow, ..GOOD }),
    ];
    for (what, version) in allowed {
        let mut taken = BTreeMap::<String, u32>::new();
        for seed in 0..200 {
            let mut life = Life::new(seed, 100, [GOOD, version], 1, MARGINS);
            if let Some((_, comparison)) = life.seconds_until_out(CALLS, MARGINS, 1_300) {
                *taken.entry(comparison.to_string()).or_default() += 1;
            }
        }
        println!("of 200 that are worse by {what}: out {taken:?}");
        let all: u32 = taken.values().sum();
        assert!(f64::from(all) <= 200.0 * WITHIN_MARGIN, "{what}: {taken:?}");
    }
}

/// The more goes wrong in both, the more of the calls go to the candidate: all in all it has failed more often, in no second
/// it was worse. This goes up for five minutes, and down again.
#[test]
fn a_copy_stays_where_the_ratio_of_calls_changes() {
    let mut taken_by_one_look = 0;
    for seed in 0..100 {
        let mut copy = Life::new(20_000 + seed, 100, [GOOD; 2], 1, MARGINS);
        let mut out_by_one_look = false;
        for second in 0..700 {
            let height = 1.0 - (f64::from(second % 600) / 300.0 - 1.0).abs();
            let trouble = Version { traps: 0.2 * height, server_failures: 0.2 * height, ..GOOD };
            (copy.part, copy.versions) = (0.05 + 0.45 * height, [trouble; 2]);
            copy.calls(50);
            assert_eq!(copy.look(MARGINS), None, "life {seed}, second {second}");
            out_by_one_look |= copy.z() > 3.09;
        }
        taken_by_one_look += u32::from(out_by_one_look);
    }
    assert_eq!(taken_by_one_look, 100, "of the calls put together each would seem worse");
}

/// Where many are not found, and the others' phones ring: the first answers of a new version are bad ones.
#[test]
fn a_copy_stays_while_its_first_calls_ring() {
    let version = Version { not_found: 0.3, server_failures: 0.02, ..GOOD };
    for seed in 0..200 {
        let share = [50, 200, 500, 900][seed % 4];
        let mut copy = Life::new(50_000 + seed as u64, share, [version; 2], 1, MARGINS);
        assert_eq!(copy.seconds_until_out(CALLS, MARGINS, 40), None, "life {seed}");
    }
}

/// An HSS that hangs now and then for a minute: in some seconds nearly everything fails, in others nothing.
#[test]
fn a_copy_stays_where_both_fail_in_bursts() {
    for seed in 0..200 {
        let share = [10, 50, 200, 500][seed % 4];
        let calls = [10, 100][seed / 4 % 2];
        let mut copy = Life::new(30_000 + seed as u64, share, [GOOD; 2], 1, MARGINS);
        for second in 0..700 {
            let fails = second / 60 % 3 == 1 && copy.luck() < 0.5;
            let broken =
                Version { traps: 0.3, server_failures: 0.9, slower: Duration::from_millis(500), ..GOOD };
            copy.versions = if fails { [broken; 2] } else { [GOOD; 2] };
            copy.calls(calls);
            assert_eq!(copy.look(MARGINS), None, "life {seed}, second {second}");
        }
    }
}

/// What both have been through does not hide for long that one is worse.
#[test]
fn a_bad_candidate_is_out_soon_after_both_have_failed() {
    let broken = Version { server_failures: 0.9, ..GOOD };
    let bad = Version { server_failures: 0.05, ..GOOD };
    let mut all: Vec<u32> = (0..40)
        .map(|seed| {
            let mut life = Life::new(40_000 + seed, 50, [GOOD; 2], 1, MARGINS);
            assert_eq!(life.seconds_until_out(CALLS, MARGINS, 100), None);
            life.versions = [broken; 2];
            assert_eq!(life.seconds_until_out(CALLS, MARGINS, 60), None);
            life.versions = [GOOD, bad];
            life.seconds_until_out(CALLS, MARGINS, 1_500).expect("it is out").0
        })
        .collect();
    all.sort_unstable();
    println!("one answer in 20 is 500 after a minute of trouble of both: {} s, {} s", all[20], all[39]);
    assert!(all[39] <= 700, "{all:?}");
}

#[test]
fn both_fail_when_something_else_is_broken() {
    let broken = Version { traps: 1.0, slower: Duration::from_secs(1), ..GOOD };
    let mut both = Life::new(1, 500, [broken; 2], KINDS, MARGINS);
    assert_eq!(both.seconds_until_out(CALLS, MARGINS, 700), None);
}
