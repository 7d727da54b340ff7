//! RFC 3261 §18.3: a response whose datagram ends before its body does is dropped. On the caller's connection whatever
//! follows would be taken for the rest of it.

mod world;

use strowger_node as node;

use node::{Decision, Relay};
use sip::{Flow, Transport};
use world::{ALICE, BOB, Word, World, ladder, request, response};

#[test]
fn a_response_that_was_cut_off_is_dropped() {
    let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, ""));
    let whole = response(&sent[0].message, 200, "b1", "")
        .replace("Content-Length: 0\n\n", "Content-Length: 4\n\nbody");
    assert!(world.receive(BOB, whole.strip_suffix("dy").unwrap()).is_empty());
    assert_eq!(world.node.counters().discards(0), 1, "it is counted");
    assert_eq!(ladder(&world.receive(BOB, &whole)), [format!("200 {ALICE}")]);
}

#[test]
fn so_is_one_that_contradicts_itself() {
    let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, ""));
    let ok = response(&sent[0].message, 200, "b1", "");
    let twice = ok.replace("Call-ID: call-1\n", "Call-ID: call-1\nCall-ID: call-2\n");
    assert!(world.receive(BOB, &twice).is_empty());
    assert_eq!(ladder(&world.receive(BOB, &ok)), [format!("200 {ALICE}")]);
}

/// A datagram needs no Content-Length (§20.14), and every message on a connection does.
#[test]
fn a_response_that_does_not_say_its_length_says_it_on_a_connection() {
    let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
    let remote = "192.0.2.11:50011".parse().unwrap();
    let alice = Flow { transport: Transport::Tcp, listener: 1, connection: 71, remote };
    let asked = request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, "").replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let sent = world.receive_by(alice, &asked);
    let ok = response(&sent[0].message, 200, "b1", "").replace("Content-Length: 0\n\n", "\nbody");
    let passed = world.receive(BOB, &ok);
    let frame = sip::frame(passed[0].message.bytes());
    assert_eq!(frame, Ok(sip::Frame::Message { length: passed[0].message.bytes().len() }));
}
