//! Thirty seeds of the simulated IMS, all of them good; and that a seed is a whole run.
//!
//! Needs `target/plugins/{pcscf,icscf,scscf}.wasm`, which `cargo xtask plugins` builds (`cargo xtask test` does so by itself).

use strowger_sim::ims::{ImsExtras, ImsPlugins, run_seed, run_seeds};
use strowger_sim::sum;

#[test]
fn thirty_seeds_break_no_rule_and_see_everything() {
    let plugins = ImsPlugins::built().expect("the plugins of the CSCFs");
    let outcomes = run_seeds(0, 30, 2, &plugins);
    let broken: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| outcome.violations.iter().map(|violation| (outcome.seed, violation)))
        .map(|(seed, violation)| {
            format!("{violation}\n    again: cargo xtask sim --world ims --seed {seed} --trace")
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let sums = sum(&outcomes);
    for what in [
        "registered",
        "registered again",
        "deregistrations",
        "registrations ended by the HSS",
        "RTRs",
        "NOTIFYs",
        "calls up at one end",
        "calls ended: Cancelled(Us)",
        "calls ended: HungUp(Us)",
        "MESSAGE 2xx",
        "MESSAGE 4xx",
        "forged ODIs",
        "proofs replayed",
        "messages to application servers",
        "probes",
        "calls that probe",
        "elements stopped",
        "stores lost",
        "messages cut",
        "troubles of the HSS",
        "questions without an answer",
        "datagrams lost",
        "datagrams doubled",
        "undelivered",
        "dialogs ended: bye",
        "dialogs ended: rejected",
    ] {
        assert!(sums.get(what).is_some_and(|number| *number > 0), "{what} never happened: {sums:?}");
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    let plugins = ImsPlugins::built().expect("the plugins of the CSCFs");
    for seed in [2, 5] {
        let runs = [0, 1].map(|_| run_seed(seed, &plugins, ImsExtras::default()));
        assert_eq!(runs[0].fingerprint, runs[1].fingerprint, "seed {seed}");
        assert_eq!(runs[0].tally, runs[1].tally, "seed {seed}");
    }
    let [one, other] = [2, 5].map(|seed| run_seed(seed, &plugins, ImsExtras::default()));
    assert_ne!(one.fingerprint, other.fingerprint);
}
