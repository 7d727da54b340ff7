//! Many seeds, on as many threads as wanted.
//!
//! In: seeds. Out: their outcomes, in the order of the seeds. A panic is a broken rule like any other.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use parking_lot::Mutex;
use transaction::Time;

use crate::checks::{Rule, Violation};
use crate::plugins::Plugins;
use crate::world::{Extras, Outcome, World};

/// Runs one seed.
#[must_use]
pub fn run_seed(seed: u64, plugins: &Plugins, extras: Extras) -> Outcome {
    guarded(seed, || World::new(seed, plugins, extras).map(World::run))
}

/// Runs `count` seeds from `from` on, on `jobs` threads.
#[must_use]
pub fn run_seeds(from: u64, count: u64, jobs: usize, plugins: &Plugins) -> Vec<Outcome> {
    many(from, count, jobs, |seed| run_seed(seed, plugins, Extras::default()))
}

/// What a world comes to, also one that does not begin, or panics.
pub(crate) fn guarded(seed: u64, run: impl FnOnce() -> Result<Outcome>) -> Outcome {
    let broken = |rule, what| Outcome {
        seed,
        violations: vec![Violation { at: Time::ZERO, rule, what }],
        ..Outcome::default()
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => broken(Rule::Tables, format!("the plugin cannot be loaded: {error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
            broken(Rule::Panic, format!("panicked: {text}"))
        }
    }
}

/// Many of them, in the order of the seeds.
pub(crate) fn many(from: u64, count: u64, jobs: usize, run: impl Fn(u64) -> Outcome + Sync) -> Vec<Outcome> {
    let next = AtomicU64::new(from);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(count) {
                        break;
                    }
                    let outcome = run(seed);
                    outcomes.lock().push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner();
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

/// What happened how often in all of them.
#[must_use]
pub fn sum(outcomes: &[Outcome]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (what, number) in outcomes.iter().flat_map(|outcome| &outcome.tally) {
        *sums.entry(what.clone()).or_default() += number;
    }
    sums
}
