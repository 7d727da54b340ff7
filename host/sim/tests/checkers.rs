//! Each checker can fail: with a deliberate fault in the harness it does, in its own words.

use strowger_sim::{Extras, Plugins, Rule, Sabotage, run_seed};

/// What must notice each fault.
const PROOFS: [(Sabotage, Rule, &str); 10] = [
    (Sabotage::Garbled, Rule::Readable, "cannot be read"),
    (Sabotage::SecondFinal, Rule::OneFinal, "sent 599"),
    (Sabotage::HopsKept, Rule::MaxForwards, "Max-Forwards was"),
    (Sabotage::ViaChanged, Rule::Vias, "had not received"),
    (Sabotage::AckHidden, Rule::Acks, "times and sent it 0 times"),
    (Sabotage::AckEaten, Rule::Acks, "no ACK to the 200"),
    (Sabotage::FinalEaten, Rule::Answered, "no final response to"),
    (Sabotage::DialogsForgotten, Rule::Calls, "has 0 dialogs and carries"),
    (Sabotage::ClockStopped, Rule::Tables, "is not quiescent"),
    (Sabotage::Panic, Rule::Panic, "a deliberate panic"),
];
/// Calm seeds, where nothing excuses anything.
const SEEDS: [u64; 4] = [0, 5, 10, 15];

#[test]
fn every_fault_is_noticed_by_the_rule_that_it_breaks() {
    let plugins = Plugins::edge().expect("the edge plugin");
    for (sabotage, rule, words) in PROOFS {
        let extras = Extras { trace: false, sabotage: Some(sabotage) };
        let noticed = SEEDS
            .iter()
            .flat_map(|seed| run_seed(*seed, &plugins, extras).violations)
            .any(|violation| violation.rule == rule && violation.what.contains(words));
        assert!(noticed, "{sabotage:?} is not noticed by {rule:?}");
    }
}
