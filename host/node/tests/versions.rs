//! A call and the version of the script that took it: asked again inside the dialog, whatever decides new calls by then, and
//! alive for so long.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;

use node::{Decision, Hook, Pin};
use sip::{HeaderId, Method};
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, request, response, to_bob};

fn world() -> World {
    let mut world = World::new(|hook, _| {
        Ok(Word::Request(match hook {
            Hook::Request => to_bob(),
            _ => Decision::Next(Vec::new()),
        }))
    });
    world.node.set_wants(node::Wants { methods: u32::MAX, in_dialog: true });
    world
}

/// Alice's call, answered by Bob, as the version of this number takes it.
fn called(world: &mut World, number: u32, version: &Arc<String>) -> Sent {
    world.version = (number, Some(Arc::clone(version) as Pin));
    let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let invite = sent.pop().unwrap();
    assert!(world.pins.last().unwrap().is_none(), "nobody has it yet");
    world.receive(BOB, &response(&invite.message, 200, "b1", "Contact: <sip:bob@192.0.2.20:5060>\n"));
    invite
}

/// Alice sends something inside the call; the version that was asked about it.
fn inside(world: &mut World, invite: &Sent, method: &str, cseq: u32) -> Option<String> {
    let route = String::from_utf8_lossy(invite.message.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    let text = request(method, "sip:bob@192.0.2.20:5060", cseq, &format!("Route: {route}\n"))
        .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1");
    let mut sent = world.receive(ALICE, &text);
    let passed = sent.pop().unwrap();
    assert_eq!(passed.what(), method);
    world.receive(BOB, &response(&passed.message, 200, "b1", ""));
    let pin = world.pins.last().unwrap().clone()?;
    Some(pin.downcast::<String>().unwrap().to_string())
}

/// Transactions end, and what the test itself has noted is forgotten.
fn settle(world: &mut World) {
    world.pass(std::time::Duration::from_secs(60));
    world.pins.clear();
}

#[test]
fn a_call_is_asked_about_at_the_version_that_took_it() {
    let (seven, eight) = (Arc::new(String::from("seven")), Arc::new(String::from("eight")));
    let mut world = world();
    let invite = called(&mut world, 7, &seven);
    world.version = (8, Some(Arc::clone(&eight) as Pin));
    assert_eq!(inside(&mut world, &invite, "UPDATE", 2), Some("seven".into()));
    settle(&mut world);
    assert_eq!(Arc::strong_count(&seven), 2, "its dialog holds it");
    assert_eq!(inside(&mut world, &invite, "BYE", 3), Some("seven".into()));
    settle(&mut world);
    let ended = world.ended.pop().unwrap();
    let pinned = ended.pin.unwrap().version().downcast::<String>().unwrap();
    assert_eq!((ended.why, pinned.as_str()), ("bye", "seven"), "its end is told to whom it was");
    drop(pinned);
    assert_eq!(Arc::strong_count(&seven), 1, "nobody holds it any more");
}

#[test]
fn a_version_that_is_let_go_leaves_its_calls_to_the_active_one() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    let invite = called(&mut world, 7, &seven);
    world.version = (8, None);
    assert_eq!((world.node.let_go(7), world.node.let_go(8)), (1, 0));
    settle(&mut world);
    assert_eq!(Arc::strong_count(&seven), 1);
    assert_eq!(inside(&mut world, &invite, "UPDATE", 2), None, "whoever is active");
}

/// What came of a request is told once, with the version that took it, whoever answered.
#[test]
fn what_came_of_requests_is_told_to_the_version_that_took_them() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    let invite = called(&mut world, 7, &seven);
    assert_eq!(world.answered, [(Method::Invite, false, 200)]);
    world.receive(BOB, &response(&invite.message, 200, "b1", "Contact: <sip:bob@192.0.2.20:5060>\n"));
    assert_eq!(world.answered.len(), 1, "a 200 that comes again is none more");
    inside(&mut world, &invite, "BYE", 2);
    assert_eq!(world.answered[1..], [(Method::Bye, true, 200)]);
    let mut sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    world.receive(BOB, &response(&sent.pop().unwrap().message, 404, "b2", ""));
    assert_eq!(world.answered[2..], [(Method::Message, false, 404)]);
    world.version = (0, None);
    world.receive(ALICE, &request("OPTIONS", "sip:bob@example.test", 1, ""));
    world.pass(std::time::Duration::from_secs(60));
    assert_eq!(world.answered.len(), 3, "no version took it");
    drop(world);
    assert_eq!(Arc::strong_count(&seven), 1);
}

/// No 408 goes to whom it would come too late (RFC 4320 §4.2), but that nobody answered is told.
#[test]
fn an_answer_that_is_withheld_is_told_too() {
    let mut world = world();
    world.version = (7, Some(Arc::new(String::from("seven")) as Pin));
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    world.pass(std::time::Duration::from_secs(60));
    assert_eq!(world.answered, [(Method::Message, false, 408)]);
}
