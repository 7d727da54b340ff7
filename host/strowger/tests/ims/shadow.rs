//! A version in the shadow of the active one (docs/operating.md) that waits for an HSS in the midst of a call: it is told what
//! the active version was told, in the order of the answers.

use crate::network::Network;
use crate::phone::{Phone, talk};
use crate::plan;
use crate::subscribers::{Card, sims};
use crate::until;

/// A copy of itself decides all the same, whatever the phones do: registrations, calls, messages, and their ends.
#[test]
fn a_copy_of_each_cscf_decides_the_same_in_its_shadow() {
    let network = Network::of(sims(1..=2, ""));
    let cscfs = [("scscf", network.scscf()), ("icscf", &network.icscf), ("pcscf", &network.pcscf)];
    for (role, cscf) in cscfs {
        let copy = std::fs::read(plan::plugin_of(role)).expect("the plugin");
        let number = cscf.post(&format!("/plugins/{role}"), &copy)["number"].clone();
        cscf.post(&format!("/plugins/{role}/{number}/shadow?share=1000"), b"");
    }
    let anna = Phone::registered(&network, Card::sim(1));
    let bert = Phone::registered(&network, Card::sim(2));
    let (outgoing, incoming) = talk(&anna, &bert, &bert.card.impu);
    bert.hang_up(incoming);
    anna.ended(outgoing);
    assert_eq!(bert.message(&anna.card.impu, "to her"), 200);
    anna.gets("to her");
    anna.deregister();
    network.comes_to_rest();
    for (role, cscf) in cscfs {
        let report = || cscf.json("GET", &format!("/plugins/{role}/shadow"), "");
        let active = cscf.json("GET", "/plugins", "");
        let active =
            active.as_array().and_then(|all| all.iter().find(|one| one["state"] == "active")).cloned();
        let asked = active.and_then(|active| active["calls"].as_u64()).expect("calls");
        // Where it has no such hook it is heard all the same.
        until("all that it was asked", || report()["compared"].as_u64() >= Some(asked));
        let report = report();
        assert!(asked > 5, "{role}: {report}");
        assert_eq!(report["same"], report["compared"], "{role}: {report:#}");
        assert_eq!((&report["dropped"], &report["cost"]["active_differs"]), (&0.into(), &0.into()), "{role}");
        println!("{role}: {} the same, {}", report["same"], report["cost"]);
    }
}
