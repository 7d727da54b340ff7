//! RFC 3261 §16.7 item 5, §16.10: where no further branch may begin the call ends, whatever the script says.

mod world;

use strowger_node as node;

use node::{Decision, Relay};
use world::{ALICE, BOB, Word, World, ladder, request, response, target};

/// A script that goes on to the next phone for ever.
fn stubborn(uri: &'static str) -> World {
    let mut words = 0;
    World::new(move |_, _| {
        words += 1;
        assert!(words < 100, "a script is not asked for ever");
        Ok(Word::Request(Decision::Relay(Relay {
            targets: vec![target(uri, 1000)],
            ask_failure: true,
            ..Relay::default()
        })))
    })
}

#[test]
fn after_a_6xx_a_script_that_wants_another_target_has_had_its_word() {
    let mut world = stubborn("sip:bob@192.0.2.20");
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let ended = world.receive(BOB, &response(&sent[1].message, 603, "b1", ""));
    assert_eq!(ladder(&ended), [format!("ACK {BOB}"), format!("603 {ALICE}")]);
    assert_eq!(world.consulted.len(), 2);
}

#[test]
fn targets_that_fail_at_once_are_tried_until_a_context_takes_no_more() {
    let mut world = stubborn("sip:bob@192.0.2.20;transport=sctp");
    let ended = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&ended), [format!("100 {ALICE}"), format!("502 {ALICE}")]);
    assert_eq!(world.consulted.len(), proxy::MAX_BRANCHES + 1);
}
