//! Vias that another network is not shown (TS 24.229 §5.10.4): the request leaves with others, the responses come back with
//! those that it came with.

mod world;

use strowger_node as node;

use node::{Decision, Hook, Relay, ReplyDecision};
use sip::HeaderId;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, to_bob};

const HIDDEN: &str = "SIP/2.0/UDP x1.example.test;tokenized-by=example.test";

/// Two elements of the network have it before us; it comes with three Vias in two header fields.
fn invite(method: &str) -> String {
    let more = "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKp, SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKu\n";
    request(method, "sip:bob@example.test", 1, more)
}

fn vias(message: &sip::Message) -> Vec<String> {
    message.values(HeaderId::VIA).map(|via| String::from_utf8_lossy(via.bytes).into_owned()).collect()
}

/// As it came, with where it came from written in.
const RECEIVED: [&str; 3] = [
    "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKINVITE1",
    "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKp",
    "SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKu",
];

fn hiding(ask_replies: bool, hidden: &'static str) -> World {
    World::new(move |hook, message| {
        if hook != Hook::Request {
            assert_eq!(vias(message), RECEIVED, "a script sees what goes upstream");
            return Ok(Word::Reply(ReplyDecision::Pass(Vec::new())));
        }
        let Decision::Relay(relay) = to_bob() else { unreachable!() };
        Ok(Word::Request(Decision::Relay(Relay { ask_replies, vias: Some(hidden.into()), ..relay })))
    })
}

fn sent_to_bob(world: &mut World, method: &str) -> Sent {
    let sent = world.receive(ALICE, &invite(method));
    let forwarded = sent.into_iter().rfind(|one| one.message.is_request()).expect("forwarded");
    let vias = vias(&forwarded.message);
    assert!(vias[0].starts_with("SIP/2.0/UDP 192.0.2.1:5060;"), "ours: {vias:?}");
    assert_eq!(vias[1..], [HIDDEN], "and nothing of what is behind us");
    forwarded
}

#[test]
fn responses_get_their_vias_back() {
    for ask_replies in [false, true] {
        let mut world = hiding(ask_replies, HIDDEN);
        let forwarded = sent_to_bob(&mut world, "INVITE");
        for status in [180, 200] {
            let answered = world.receive(BOB, &response(&forwarded.message, status, "b1", ""));
            assert_eq!(ladder(&answered), [format!("{status} {ALICE}")]);
            assert_eq!(vias(&answered[0].message), RECEIVED);
        }
        // A 2xx that comes again, and another phone's (RFC 3261 §13.2.2.4).
        for tag in ["b1", "b2"] {
            let again = world.receive(BOB, &response(&forwarded.message, 200, tag, ""));
            assert_eq!(vias(&again[0].message), RECEIVED);
        }
    }
}

#[test]
fn so_does_a_failure() {
    for ask_replies in [false, true] {
        let mut world = hiding(ask_replies, HIDDEN);
        let forwarded = sent_to_bob(&mut world, "INVITE");
        let answered = world.receive(BOB, &response(&forwarded.message, 486, "b1", ""));
        assert_eq!(ladder(&answered), [format!("ACK {BOB}"), format!("486 {ALICE}")]);
        assert_eq!(vias(&answered[1].message), RECEIVED);
        assert_eq!(vias(&answered[0].message).len(), 1, "an ACK of ours is ours alone");
    }
}

#[test]
fn a_next_hop_that_sends_back_our_via_alone_is_understood() {
    let mut world = hiding(false, HIDDEN);
    let forwarded = sent_to_bob(&mut world, "INVITE");
    let text = response(&forwarded.message, 200, "b1", "").replace(&format!("Via: {HIDDEN}\n"), "");
    let answered = world.receive(BOB, &text);
    assert_eq!(vias(&answered[0].message), RECEIVED);
}
