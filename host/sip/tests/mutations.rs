//! The fuzz targets without a fuzzer: mutated torture messages, from a fixed seed, in bounded time.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

#[path = "torture/mod.rs"]
mod corpus;

use strowger_sip::fuzzing::{Mutants, TARGETS, seed};

/// Mutants of each message for each target.
const MUTANTS: usize = 150;
const SEED: u64 = 0x5354_524f_5747_4552;

#[test]
fn mutants_break_no_promise() {
    let mut mutants = Mutants::new(SEED);
    for row in corpus::rows() {
        for (name, target) in TARGETS {
            for _ in 0..MUTANTS {
                let mut bytes = seed(&row.bytes(), name, &mut mutants);
                mutants.mutate(&mut bytes);
                let outcome = std::panic::catch_unwind(|| target(&bytes));
                assert!(
                    outcome.is_ok(),
                    "{name} with a mutant of {}: \"{}\"",
                    row.name,
                    bytes.escape_ascii()
                );
            }
        }
    }
}
