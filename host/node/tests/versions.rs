//! A call and the version of the script that took it: asked again inside the dialog, whatever decides new calls by then, and
//! alive for so long.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;

use node::{Decision, Hook, Mark, Pin};
use sip::{HeaderId, Method};
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, to_bob};

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

/// The same, at an element that may know nothing of the call; by which mark it was asked.
fn by_mark(world: &mut World, invite: &Sent, method: &str, cseq: u32) -> Option<Mark> {
    inside(world, invite, method, cseq);
    *world.marks.last().unwrap()
}

/// Lets go of a version, and keeps its name.
fn let_go(world: &mut World, number: u32) -> usize {
    world.node.let_go(number, |version| Arc::new(version.downcast::<String>().unwrap().to_string()))
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
    assert_eq!((let_go(&mut world, 7), let_go(&mut world, 8)), (1, 0));
    settle(&mut world);
    assert_eq!(Arc::strong_count(&seven), 1);
    assert_eq!(inside(&mut world, &invite, "UPDATE", 2), None, "whoever is active");
}

/// After a restart, or at another node with the same secrets, nothing is known of the call but what its own Route says.
#[test]
fn a_call_of_before_a_restart_says_which_version_took_it() {
    let seven = Arc::new(String::from("seven"));
    let mut before = world();
    before.mark = Mark::of("77777777");
    let invite = called(&mut before, 7, &seven);
    let mut after = world();
    after.version = (8, None);
    after.mark = Mark::of("88888888");
    assert_eq!(by_mark(&mut after, &invite, "UPDATE", 2), Mark::of("77777777"));
    assert_eq!(by_mark(&mut after, &invite, "BYE", 3), Mark::of("77777777"));
}

/// What is known counts: a version that was let go leaves its calls to the active one, whatever their Routes say.
#[test]
fn a_call_that_is_known_is_asked_about_by_what_is_known() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    world.mark = Mark::of("77777777");
    let invite = called(&mut world, 7, &seven);
    assert_eq!(by_mark(&mut world, &invite, "UPDATE", 2), None);
    let_go(&mut world, 7);
    assert_eq!(by_mark(&mut world, &invite, "UPDATE", 3), None);
}

/// Who is not asked inside dialogs needs no word in the Route, nor does a request that opens a dialog.
#[test]
fn a_version_that_is_not_asked_inside_dialogs_leaves_no_mark() {
    let seven = Arc::new(String::from("seven"));
    let mut before = world();
    let invite = called(&mut before, 7, &seven);
    let route = String::from_utf8_lossy(invite.message.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    let mut after = world();
    assert_eq!(by_mark(&mut after, &invite, "UPDATE", 2), None);
    let mut marked = world();
    marked.mark = Mark::of("77777777");
    let longer = called(&mut marked, 7, &seven).message;
    let longer = String::from_utf8_lossy(longer.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    assert_eq!(longer.len(), route.len() + 8, "{route} {longer}");
    let text = request("INVITE", "sip:bob@192.0.2.20:5060", 1, &format!("Route: {longer}\n"));
    after.receive(ALICE, &text);
    assert_eq!(*after.marks.last().unwrap(), None, "it opens a call of its own");
}

/// Nobody chooses a version for himself.
#[test]
fn a_mark_that_was_tampered_with_is_no_route_of_ours() {
    let seven = Arc::new(String::from("seven"));
    let mut before = world();
    before.mark = Mark::of("77777777");
    let mut invite = called(&mut before, 7, &seven);
    let route = String::from_utf8_lossy(invite.message.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    assert!(route.contains("77777777"), "{route}");
    let forged = route.replace("77777777", "88888888");
    let text = String::from_utf8_lossy(invite.message.bytes()).replace(&route, &forged);
    invite.message = sip::Message::parse_datagram(text.as_bytes()).unwrap();
    let mut after = world();
    let route = format!("Route: {forged}\n");
    after.receive(
        ALICE,
        &request("BYE", "sip:bob@192.0.2.20:5060", 2, &route)
            .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1"),
    );
    assert_eq!(after.marks, [None]);
    assert_eq!(after.consulted, [Hook::Request], "a request like any other");
}

/// What the network sends to end the calls of version 7, some at a time; and how many it ended.
fn end(world: &mut World, most: usize) -> (usize, Vec<String>) {
    let ended = world.node.end_version(world.now, 7, most);
    (ended, ladder(&world.run()))
}

#[test]
fn calls_of_a_version_are_ended_by_a_bye_to_both_sides() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    world.node.set_ends_calls(true);
    called(&mut world, 7, &seven);
    settle(&mut world);
    assert_eq!((world.node.held(7), world.node.held(8)), (1, 0));
    assert_eq!(world.node.end_version(world.now, 8, 9), 0, "another one");
    assert_eq!(end(&mut world, 9), (1, vec![format!("BYE {BOB}"), format!("BYE {ALICE}")]));
    assert_eq!((world.node.held(7), end(&mut world, 9)), (0, (0, vec![])));
    let ended = world.ended.pop().unwrap();
    assert_eq!((ended.why, ended.pin.is_some()), ("released", true), "its end is told to whom it was");
}

#[test]
fn a_call_that_nobody_has_answered_is_cancelled_with_its_version() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    world.version = (7, Some(Arc::clone(&seven) as Pin));
    let invite = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, "")).pop().unwrap();
    world.receive(BOB, &response(&invite.message, 180, "b1", ""));
    assert_eq!(world.node.held(7), 1, "an early dialog");
    assert_eq!(end(&mut world, 9), (1, vec![format!("CANCEL {BOB}")]));
    world.receive(BOB, &response(&invite.message, 487, "b1", ""));
    assert_eq!((world.node.held(7), end(&mut world, 9)), (0, (0, vec![])));
}

/// Of these nothing is known that a BYE needs.
#[test]
fn a_call_that_was_not_remembered_cannot_be_ended() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    called(&mut world, 7, &seven);
    assert_eq!(end(&mut world, 9), (0, vec![]));
    assert_eq!(world.node.held(7), 1);
}

#[test]
fn calls_are_ended_some_at_a_time() {
    let seven = Arc::new(String::from("seven"));
    let mut world = world();
    world.node.set_ends_calls(true);
    world.version = (7, Some(Arc::clone(&seven) as Pin));
    for call in ["one", "two", "three"] {
        let of = |text: String| text.replace("call-1", call).replace("z9hG4bK", &format!("z9hG4bK{call}"));
        let mut sent = world.receive(ALICE, &of(request("INVITE", "sip:bob@example.test", 1, "")));
        let answer =
            response(&sent.pop().unwrap().message, 200, "b1", "Contact: <sip:bob@192.0.2.20:5060>\n");
        world.receive(BOB, &answer);
    }
    let ended: Vec<(usize, usize)> =
        (0..3).map(|_| end(&mut world, 2)).map(|(ended, sent)| (ended, sent.len())).collect();
    assert_eq!(ended, [(2, 4), (1, 2), (0, 0)]);
}

/// Both users of a call are this element's, and the second one's request is another version's business.
#[test]
fn each_pass_of_a_call_stays_with_the_version_that_took_it() {
    let (seven, eight) = (Arc::new(String::from("seven")), Arc::new(String::from("eight")));
    let mut world = world();
    (world.version, world.mark) = ((7, Some(Arc::clone(&seven) as Pin)), Mark::of("77777777"));
    let first = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, "")).pop().unwrap();
    (world.version, world.mark) = ((8, Some(Arc::clone(&eight) as Pin)), Mark::of("88888888"));
    let again = String::from_utf8_lossy(first.message.bytes()).replace("\r\n", "\n");
    let again = again.replacen("Via:", "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKnext\nVia:", 1);
    let second = world.receive(BOB, &again).pop().unwrap();
    assert_eq!(second.what(), "INVITE");
    for status in [180, 200] {
        for invite in [&second, &first] {
            let contact = "Contact: <sip:bob@192.0.2.20:5060>\n";
            world.receive(BOB, &response(&invite.message, status, "b1", contact));
        }
    }
    (world.version, world.mark) = ((9, None), None);
    assert_eq!(inside(&mut world, &first, "UPDATE", 2), Some("seven".into()));
    assert_eq!(inside(&mut world, &second, "UPDATE", 3), Some("eight".into()));
    settle(&mut world);
    assert_eq!((Arc::strong_count(&seven), Arc::strong_count(&eight)), (2, 2), "the dialog holds both");
    assert_eq!(inside(&mut world, &first, "BYE", 4), Some("seven".into()));
    world.ended.clear();
    settle(&mut world);
    assert_eq!((Arc::strong_count(&seven), Arc::strong_count(&eight)), (1, 1), "nobody holds them any more");
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
