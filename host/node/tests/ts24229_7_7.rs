//! TS 24.229 §7.7: between phone and P-CSCF the timers of table 7.8 count (T1 2 s, T2 16 s, T4 17 s), on the side of the
//! core those of RFC 3261. Which side a request comes from, the script says with its decision.
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use node::{Decision, Hook, Relay, Reply};
use strowger_node as node;
use transaction::Timers;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, target};

fn to_bob() -> Relay {
    Relay {
        targets: vec![target("sip:bob@192.0.2.20:5060", 1000)],
        targets_named: true,
        record_route: true,
        server_timers: Some(Timers::IMS_PHONE),
        ..Relay::default()
    }
}

fn phones() -> World {
    World::new(|_, _| Ok(Word::Request(Decision::Relay(to_bob()))))
}

const SECOND: Duration = Duration::from_secs(1);

/// Timer J: 128 s.
#[test]
fn an_answer_is_remembered_for_as_long_as_the_phone_repeats() {
    let mut world = phones();
    let message = request("MESSAGE", "sip:bob@example.test", 1, "");
    let sent = world.receive(ALICE, &message);
    world.receive(BOB, &response(&sent[0].message, 200, "b1", ""));
    for _ in 0..127 {
        world.pass(SECOND);
        assert_eq!(ladder(&world.receive(ALICE, &message)), [format!("200 {ALICE}")]);
    }
    assert_eq!(world.consulted, [Hook::Request], "Bob gets it once");
    world.pass(2 * SECOND);
    assert_eq!(ladder(&world.receive(ALICE, &message)), [format!("MESSAGE {BOB}")], "anew, after Timer J");
}

/// A script's own answer too.
#[test]
fn a_refusal_is_remembered_as_long() {
    let mut world = World::new(|_, _| {
        let server_timers = Some(Timers::IMS_PHONE);
        Ok(Word::Request(Decision::Reply(Reply { status: 403, server_timers, ..Reply::default() })))
    });
    let message = request("MESSAGE", "sip:bob@example.test", 1, "");
    world.receive(ALICE, &message);
    world.pass(127 * SECOND);
    assert_eq!(ladder(&world.receive(ALICE, &message)), [format!("403 {ALICE}")]);
    assert_eq!(world.consulted, [Hook::Request]);
}

fn at_second(world: &mut World, seconds: u64) -> Vec<Sent> {
    let until = Duration::from_secs(seconds) + Duration::from_millis(20);
    world.pass(until - Duration::from_micros(world.now.0))
}

/// Timers G, H and I: a 486 is sent again after 2, 4, 8 and 16 s, and no ACK comes for 128 s.
#[test]
fn a_failure_waits_for_its_ack_as_long_as_the_radio_takes() {
    let mut world = phones();
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let sent = sent.iter().find(|one| one.what() == "INVITE").unwrap();
    world.receive(BOB, &response(&sent.message, 486, "b1", ""));
    let mut times = Vec::new();
    for second in 1..=127 {
        let left = at_second(&mut world, second);
        times.extend(left.iter().filter(|one| one.what() == "486").map(|_| second));
    }
    assert_eq!(times, [2, 6, 14, 30, 46, 62, 78, 94, 110, 126]);
    at_second(&mut world, 140);
    assert!(world.node.is_quiescent());
}

/// A phone waits for 128 s (Timer F) where the core gives up after 32: it is told that nobody answered, once, and is not
/// left to send its request a second time (RFC 4320 §4.2).
#[test]
fn a_phone_still_waits_when_the_core_has_given_up() {
    let mut world = phones();
    let message = request("MESSAGE", "sip:bob@example.test", 1, "");
    world.receive(ALICE, &message);
    let later = world.pass(33 * SECOND);
    assert!(ladder(&later).contains(&format!("504 {ALICE}")), "{:?}", ladder(&later));
    world.pass(90 * SECOND);
    assert_eq!(ladder(&world.receive(ALICE, &message)), [format!("504 {ALICE}")]);
    assert_eq!(world.consulted, [Hook::Request]);
}

/// RFC 4320 §4.1: the 100 is due when the phone's Timer E reaches T2: after 2 + 4 + 8 s.
#[test]
fn the_100_is_due_by_the_phones_timers() {
    let mut world = phones();
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    let early = world.pass(Duration::from_millis(13_990));
    assert!(early.iter().all(|sent| sent.what() == "MESSAGE"), "{:?}", ladder(&early));
    assert!(ladder(&world.pass(Duration::from_millis(30))).contains(&format!("100 {ALICE}")));
}

/// A CANCEL comes from where its INVITE came from.
#[test]
fn the_answer_to_a_cancel_is_remembered_as_long() {
    let mut world = phones();
    let invite = request("INVITE", "sip:bob@example.test", 1, "");
    let sent = world.receive(ALICE, &invite);
    let sent = sent.iter().find(|one| one.what() == "INVITE").unwrap();
    world.receive(BOB, &response(&sent.message, 180, "b1", ""));
    let cancel = invite.replace("INVITE sip", "CANCEL sip").replace("1 INVITE", "1 CANCEL");
    let left = world.receive(ALICE, &cancel);
    assert_eq!(ladder(&left), [format!("200 {ALICE}"), format!("CANCEL {BOB}")]);
    world.pass(127 * SECOND);
    assert!(ladder(&world.receive(ALICE, &cancel)).contains(&format!("200 {ALICE}")), "not 481");
}

/// Towards a phone, where no target is named: inside a dialog.
#[test]
fn a_relay_has_timers_for_where_its_request_goes_by_itself() {
    let mut world = World::new(|_, _| {
        let timers = Some(Timers::IMS_PHONE);
        Ok(Word::Request(Decision::Relay(Relay { timers, ..Relay::default() })))
    });
    world.receive(ALICE, &request("BYE", "sip:bob@192.0.2.20:5060", 1, ""));
    let mut times = Vec::new();
    for second in 1..=30 {
        let left = at_second(&mut world, second);
        times.extend(left.iter().filter(|one| one.what() == "BYE").map(|_| second));
    }
    assert_eq!(times, [2, 6, 14, 30]);
}
