//! All roles in one process (docs/operating.md "Several roles"): each console draws one ladder of all of them.

use crate::browser::Browser;
use crate::network::Network;
use crate::phone::{Phone, talk};
use crate::plan;
use crate::subscribers::{Card, sims};
use crate::until;

/// One call from its INVITE to the end; its Call-ID.
fn make_a_call(network: &Network, caller: &Phone, callee: &Phone) -> String {
    let (outgoing, incoming) = talk(caller, callee, &callee.card.impu);
    caller.hang_up(outgoing);
    callee.ended(incoming);
    caller.ended(outgoing);
    let traced = network.pcscf.json("GET", "/trace", "");
    let messages = traced["messages"].as_array().expect("messages");
    let invite = messages.iter().find(|one| one["label"] == "INVITE").expect("an INVITE");
    invite["call"].as_str().expect("a Call-ID").to_owned()
}

/// A copy of the S-CSCF's plugin gets copies of all its calls.
fn shadow_the_scscf(network: &Network) -> String {
    let copy = std::fs::read(plan::plugin_of("scscf")).expect("the plugin");
    let number = network.scscf().post("/plugins/scscf", &copy)["number"].clone();
    network.scscf().post(&format!("/plugins/scscf/{number}/shadow?share=1000"), b"");
    number.to_string()
}

/// What the lines are, and in which order, is in `tests/browser/ladder.mjs`.
#[test]
fn a_console_draws_one_ladder_of_all_roles_of_its_process() {
    let mut network = Network::of(sims(1..=2, ""));
    network.starts_again_as_one_process();
    let nodes = network.scscf().json("GET", "/nodes", "");
    assert_eq!(nodes["own"], "scscf");
    assert_eq!(nodes["traced"], serde_json::json!(["hss", "scscf", "icscf", "pcscf"]));

    let (anna, bert) = (Phone::registered(&network, Card::sim(1)), Phone::registered(&network, Card::sim(2)));
    // Any of them tells what the others traced.
    let of = |node: &str| network.scscf().json("GET", &format!("/trace?of={node}"), "");
    until("the HSS has answered", || {
        let traced = of("hss");
        let messages = traced["messages"].as_array().expect("messages");
        messages.iter().any(|one| one["label"] == "SAA 2001")
    });
    let Some(browser) = Browser::find() else { return };
    let consoles = [network.scscf().console(), network.pcscf.console()];
    browser.play("ladder.mjs", &[&consoles[0], &consoles[1]]).with(|what| match what {
        "call" => make_a_call(&network, &anna, &bert),
        "shadow" => shadow_the_scscf(&network),
        other => panic!("{other}"),
    });
}
