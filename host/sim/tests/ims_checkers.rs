//! Each rule of the IMS can be broken: with a deliberate fault in a component it is, in its own words.

use strowger_sim::Rule;
use strowger_sim::ims::{ImsExtras, ImsPlugins, ImsSabotage, run_seed};

/// What must notice each fault.
const PROOFS: [(ImsSabotage, Rule, &str); 11] = [
    (ImsSabotage::SarSkipped, Rule::Registered, "and the HSS does not know"),
    (ImsSabotage::AssertedBelieved, Rule::Asserted, "is told that"),
    (ImsSabotage::IcscfRecordsRoute, Rule::RecordRoute, "records its route"),
    (ImsSabotage::VectorsKept, Rule::Vectors, "accepts a vector twice"),
    (ImsSabotage::ChainTwice, Rule::Chain, "times, and has"),
    (ImsSabotage::ForgedTaken, Rule::Identifiers, "by a forged ODI"),
    (ImsSabotage::FinalEaten, Rule::Answered, "no final response to MESSAGE"),
    (ImsSabotage::SecondFinal, Rule::OneFinal, "sent 599"),
    (ImsSabotage::CallsEaten, Rule::Reachable, "does not come up"),
    (ImsSabotage::BindingsKept, Rule::Forgotten, "sets with bindings"),
    (ImsSabotage::BindingsLost, Rule::Reachable, "a MESSAGE does not reach it"),
];
/// Calm seeds, where nothing excuses anything: as many as it takes, and no more than these.
const SEEDS: std::ops::Range<u64> = 0..20;

#[test]
fn every_fault_is_noticed_by_the_rule_that_it_breaks() {
    let plugins = ImsPlugins::built().expect("the plugins of the CSCFs");
    let mut unnoticed = Vec::new();
    for (sabotage, rule, words) in PROOFS {
        let extras = ImsExtras { trace: false, sabotage: Some(sabotage) };
        let is_noticed = SEEDS.map(|seed| 5 * seed).any(|seed| {
            let violations = run_seed(seed, &plugins, extras).violations;
            violations.iter().any(|violation| violation.rule == rule && violation.what.contains(words))
        });
        if !is_noticed {
            unnoticed.push((sabotage, rule));
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
