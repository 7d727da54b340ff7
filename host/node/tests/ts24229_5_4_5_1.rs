//! TS 24.229 §5.4.5.1: the network ends the sessions of a user whom it takes away: BYE to both sides of what is confirmed,
//! CANCEL of what is not answered.
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use node::{Decision, Input, Relay};
use sip::{HeaderId, Message};
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, to_bob};

const SERVED: &str = "sip:alice@example.test";

/// A script that stays on the path of every session, on Alice's behalf.
fn world() -> World {
    World::new(|_, message| {
        let Decision::Relay(relay) = to_bob() else { unreachable!() };
        let served_user = (message.method() == sip::Method::Invite).then(|| SERVED.into());
        Ok(Word::Request(Decision::Relay(Relay { served_user, ..relay })))
    })
}

fn invited(world: &mut World) -> Sent {
    let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    sent.pop().unwrap()
}

fn answered(world: &mut World, invite: &Sent, status: u16, tag: &str) -> Vec<Sent> {
    world.receive(BOB, &response(&invite.message, status, tag, "Contact: <sip:bob@192.0.2.20:5060>\n"))
}

fn released(world: &mut World, user: &str) -> Vec<Sent> {
    world.node.handle_input(world.now, Input::Release { served_user: user.into() });
    world.run()
}

fn header(message: &Message, id: HeaderId) -> String {
    String::from_utf8_lossy(message.header(id).unwrap_or_default()).into_owned()
}

#[test]
fn both_sides_of_a_session_get_a_bye() {
    let mut world = world();
    let invite = invited(&mut world);
    answered(&mut world, &invite, 200, "b1");
    let byes = released(&mut world, SERVED);
    assert_eq!(ladder(&byes), [format!("BYE {BOB}"), format!("BYE {ALICE}")]);
    let [to_bob, to_alice] = &byes[..] else { unreachable!() };
    assert_eq!(to_bob.message.head().request_uri(), b"sip:bob@192.0.2.20:5060");
    assert_eq!(header(&to_bob.message, HeaderId::FROM), "<sip:alice@example.test>;tag=a1");
    assert_eq!(header(&to_bob.message, HeaderId::TO), "<sip:bob@example.test>;tag=b1");
    assert_eq!(header(&to_bob.message, HeaderId::CSEQ), "2 BYE");
    assert_eq!(to_alice.message.head().request_uri(), b"sip:alice@192.0.2.10:5060");
    assert_eq!(header(&to_alice.message, HeaderId::FROM), "<sip:bob@example.test>;tag=b1");
    assert_eq!(header(&to_alice.message, HeaderId::TO), "<sip:alice@example.test>;tag=a1");
    for bye in &byes {
        assert_eq!(header(&bye.message, HeaderId::CALL_ID), "call-1");
        assert!(bye.message.header(HeaderId::ROUTE).is_none() && bye.message.head().via().is_ok());
    }
    // The dialog is over; what they answer, or that they do not, changes nothing.
    world.receive(BOB, &response(&to_bob.message, 200, "", ""));
    let later = world.pass(Duration::from_secs(60));
    assert!(
        later.iter().all(|sent| sent.what() == "BYE" && sent.to.to_string() == ALICE),
        "{:?}",
        ladder(&later)
    );
    assert_eq!(world.node.counters().dialogs.get(), 0);
    world.pass(Duration::from_secs(60));
    assert!(world.node.is_quiescent());
    assert!(released(&mut world, SERVED).is_empty(), "once");
}

/// RFC 3261 §12.2.2: a number that is not above those before it would be answered 500, and the call went on.
#[test]
fn a_bye_counts_on_from_requests_of_the_early_dialog() {
    let mut world = world();
    let invite = invited(&mut world);
    answered(&mut world, &invite, 183, "b1");
    let route = header(&invite.message, HeaderId::RECORD_ROUTE);
    for (cseq, method) in [(2, "PRACK"), (3, "UPDATE")] {
        let text = request(method, "sip:bob@192.0.2.20:5060", cseq, &format!("Route: {route}\n"))
            .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1");
        let passed = world.receive(ALICE, &text).pop().unwrap();
        assert_eq!(passed.what(), method);
        world.receive(BOB, &response(&passed.message, 200, "b1", ""));
    }
    answered(&mut world, &invite, 200, "b1");
    let byes = released(&mut world, SERVED);
    let numbers: Vec<String> = byes.iter().map(|bye| header(&bye.message, HeaderId::CSEQ)).collect();
    assert_eq!(numbers, ["4 BYE", "1 BYE"]);
}

#[test]
fn a_session_that_is_being_set_up_is_cancelled() {
    for rings in [false, true] {
        let mut world = world();
        let invite = invited(&mut world);
        if rings {
            answered(&mut world, &invite, 180, "b1");
        } else {
            world.receive(BOB, &response(&invite.message, 100, "b1", ""));
        }
        assert_eq!(ladder(&released(&mut world, SERVED)), [format!("CANCEL {BOB}")]);
        let left = ladder(&answered(&mut world, &invite, 487, "b1"));
        assert_eq!(left, [format!("ACK {BOB}"), format!("487 {ALICE}")]);
        assert_eq!(world.node.counters().dialogs.get(), 0);
    }
}

#[test]
fn sessions_of_others_go_on() {
    let mut world = world();
    let invite = invited(&mut world);
    answered(&mut world, &invite, 200, "b1");
    assert!(released(&mut world, "sip:bob@example.test").is_empty());
    assert_eq!(world.node.counters().dialogs.get(), 1);
    // And requests that make no session.
    let mut world = self::world();
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    assert!(released(&mut world, SERVED).is_empty());
}
