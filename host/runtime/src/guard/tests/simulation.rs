//! Many lives of a split: how seldom a good candidate is taken back, how soon a bad one is. What they print is the table in
//! docs/operating.md (`cargo test --workspace --lib guard::tests::simulation -- --nocapture`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::life::{GOOD, Life, Version};
use super::{MARGINS, Margins};

/// A second's requests in the table.
const CALLS: u32 = 100;

/// Tenths of a percent, in the table.
const SHARES: [u16; 4] = [10, 50, 100, 200];

/// Lives for one line of it.
const LIVES: u64 = 40;

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
        ("one call in 20 traps", Version { traps: 0.05, ..GOOD }, [900, 180, 90, 60]),
        ("every call traps", Version { traps: 1.0, ..GOOD }, [60, 15, 10, 5]),
        ("one answer in 20 is 500", Version { server_failures: 0.05, ..GOOD }, [900, 180, 120, 75]),
        ("10 % more are not found", Version { not_found: 0.15, ..GOOD }, [1_500, 400, 250, 150]),
        ("nobody is found", Version { not_found: 0.999, ..GOOD }, [60, 15, 10, 5]),
        ("30 ms slower", Version { slower: Duration::from_millis(30), ..GOOD }, [60, 15, 10, 5]),
    ];
    for (what, version, longest) in bad {
        for (share, longest) in SHARES.into_iter().zip(longest) {
            let mut all: Vec<u32> = (0..LIVES)
                .map(|seed| {
                    let mut life = Life::new(seed, share, [GOOD, version], 1, MARGINS);
                    let out = life.seconds_until_out(CALLS, MARGINS, 2 * longest);
                    out.map_or(u32::MAX, |(seconds, _)| seconds)
                })
                .collect();
            all.sort_unstable();
            let (median, last) = (all[all.len() / 2], all[all.len() - 1]);
            println!("| {what} | {} % | {median} s | {last} s |", f64::from(share) / 10.0);
            assert!(last <= longest, "{what} at {share}: {all:?}");
        }
    }
}

#[test]
fn one_that_is_worse_by_less_than_the_margins_stays() {
    let allowed =
        Version { server_failures: 0.004, not_found: 0.07, slower: Duration::from_millis(8), ..GOOD };
    for seed in 0..20 {
        let mut life = Life::new(seed, 100, [GOOD, allowed], KINDS, MARGINS);
        assert_eq!(life.seconds_until_out(CALLS, MARGINS, 1_300), None, "life {seed}");
    }
}

#[test]
fn both_fail_when_something_else_is_broken() {
    let broken = Version { traps: 1.0, slower: Duration::from_secs(1), ..GOOD };
    let mut both = Life::new(1, 500, [broken; 2], KINDS, MARGINS);
    assert_eq!(both.seconds_until_out(CALLS, MARGINS, 700), None);
}
