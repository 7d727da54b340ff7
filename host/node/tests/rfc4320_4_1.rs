//! RFC 4320 §4.1: a request that is no INVITE gets a 100 once it has gone unanswered for as long as a client's Timer E
//! takes to reach T2, and not before.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Relay};
use world::{ALICE, BOB, Word, World, ladder, request, response};

fn relaying() -> World {
    World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))))
}

#[test]
fn a_100_leaves_after_three_and_a_half_seconds() {
    let mut world = relaying();
    let message = request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, "");
    let sent = world.receive(ALICE, &message);
    let early = world.pass(Duration::from_millis(3490));
    assert!(early.iter().all(|sent| sent.what() == "MESSAGE"), "{:?}", ladder(&early));
    // 0.5 + 1 + 2 s, at the next tick
    assert!(ladder(&world.pass(Duration::from_millis(30))).contains(&format!("100 {ALICE}")));
    assert_eq!(ladder(&world.receive(ALICE, &message)), [format!("100 {ALICE}")], "repeated on demand");
    let answered = world.receive(BOB, &response(&sent[0].message, 200, "b1", ""));
    assert_eq!(ladder(&answered), [format!("200 {ALICE}")]);
}

#[test]
fn an_answered_request_gets_none() {
    let mut world = relaying();
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, ""));
    world.receive(BOB, &response(&sent[0].message, 200, "b1", ""));
    assert!(world.pass(Duration::from_secs(200)).is_empty());
    assert!(world.node.is_quiescent());
}
