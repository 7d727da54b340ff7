//! A word that is no answer to what was asked counts as none: what came from downstream goes on, and nothing is left.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Relay};
use world::{ALICE, BOB, Word, World, ladder, request, response};

/// A script that relays, and says so to every question.
fn always_relaying() -> World {
    World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay { ask_replies: true, ..Relay::default() }))))
}

#[test]
fn a_provisional_response_goes_on_and_its_branch_is_not_forgotten() {
    let mut world = always_relaying();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@192.0.2.20:5060", 1, ""));
    let ringing = world.receive(BOB, &response(&sent[1].message, 180, "b1", ""));
    assert_eq!(ladder(&ringing), [format!("180 {ALICE}")]);
    assert_eq!(world.node.counters().consult_errors.get(), 1);
    world.pass(Duration::from_secs(400));
    assert!(world.node.is_quiescent());
}

#[test]
fn so_does_the_best_of_all_failures() {
    let mut world = always_relaying();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@192.0.2.20:5060", 1, ""));
    let busy = world.receive(BOB, &response(&sent[1].message, 486, "b1", ""));
    assert_eq!(ladder(&busy), [format!("ACK {BOB}"), format!("486 {ALICE}")]);
}
