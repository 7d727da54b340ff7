//! Forty seeds of the simulated world, all of them good; and that a seed is a whole run.
//!
//! Needs `target/plugins/edge.wasm`, which `cargo xtask plugins` builds (`cargo xtask test` does so by itself).

use strowger_sim::{Extras, Plugins, run_seed, run_seeds, sum};

fn plugins() -> Plugins {
    Plugins::edge().expect("the edge plugin")
}

#[test]
fn forty_seeds_break_no_rule_and_see_everything() {
    let outcomes = run_seeds(0, 40, 2, &plugins());
    let broken: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| outcome.violations.iter().map(|violation| (outcome.seed, violation)))
        .map(|(seed, violation)| format!("{violation}\n    again: cargo xtask sim --seed {seed} --trace"))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let sums = sum(&outcomes);
    for what in [
        "calls up",
        "INVITE 407",
        "INVITE 482",
        "INVITE 483",
        "INVITE 503",
        "INVITE 6xx",
        "REGISTER 401",
        "REGISTER 2xx",
        "MESSAGE 2xx",
        "OPTIONS 2xx",
        "CANCEL 2xx",
        "CANCEL 4xx",
        "BYE 2xx",
        "dialogs ended: bye",
        "dialogs ended: rejected",
        "plugins swapped",
        "drains",
        "restarts",
        "overload",
        "undelivered",
        "connections broken",
        "consultations without a decision",
        "datagrams lost",
        "datagrams doubled",
        "retransmissions absorbed",
    ] {
        assert!(sums.get(what).is_some_and(|number| *number > 0), "{what} never happened: {sums:?}");
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    let plugins = plugins();
    for seed in [2, 3] {
        let runs = [0, 1].map(|_| run_seed(seed, &plugins, Extras::default()));
        assert_eq!(runs[0].fingerprint, runs[1].fingerprint, "seed {seed}");
        assert_eq!(runs[0].tally, runs[1].tally, "seed {seed}");
    }
    let [one, other] = [2, 3].map(|seed| run_seed(seed, &plugins, Extras::default()));
    assert_ne!(one.fingerprint, other.fingerprint);
}
