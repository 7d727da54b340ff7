//! RFC 3261 §16.11, §17.1.1.3: an ACK goes on without a transaction, and nothing ever comes back.

mod world;

use strowger_node as node;

use node::{Decision, Hook, Relay};
use world::{ALICE, Word, World, request, target};

/// A script that wants to hear of everything, and says the same to it.
fn relaying_to(uri: &'static str) -> World {
    let mut words = 0;
    World::new(move |_, _| {
        words += 1;
        assert!(words < 10, "a script is not asked for ever");
        let (ask_replies, ask_failure) = (true, true);
        let targets = vec![target(uri, 1000)];
        Ok(Word::Request(Decision::Relay(Relay { targets, ask_replies, ask_failure, ..Relay::default() })))
    })
}

#[test]
fn an_ack_that_can_go_nowhere_is_put_before_no_other_hook_and_is_over() {
    for uri in ["sip:bob@192.0.2.20;transport=sctp", "tel:+15551234567"] {
        let mut world = relaying_to(uri);
        assert!(world.receive(ALICE, &request("ACK", "sip:bob@192.0.2.20", 1, "")).is_empty());
        assert_eq!(world.consulted, [Hook::Request]);
        assert!(world.node.is_quiescent(), "{uri}");
    }
}
