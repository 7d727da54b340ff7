//! RFC 3261 §9.1: once an INVITE is cancelled, its end is waited for 64*T1, whatever was left of Timer C (§16.8).
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use world::{ALICE, BOB, Sent, World, ladder, relaying, request, response};

const TIMER_C: Duration = Duration::from_secs(185);

/// Bob rings; a moment before Timer C fires, Alice cancels.
fn cancelled() -> (World, Sent) {
    let mut world = relaying();
    let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let invite = sent.pop().unwrap();
    world.receive(BOB, &response(&invite.message, 180, "b1", ""));
    world.pass(TIMER_C - Duration::from_millis(100));
    let cancel = request("CANCEL", "sip:bob@example.test", 1, "").replace("z9hG4bKCANCEL1", "z9hG4bKINVITE1");
    let sent = world.receive(ALICE, &cancel);
    assert_eq!(ladder(&sent), [format!("200 {ALICE}"), format!("CANCEL {BOB}")]);
    (world, invite)
}

#[test]
fn a_callee_who_answers_while_timer_c_would_fire_is_heard() {
    let (mut world, invite) = cancelled();
    let answered = |sent: &[Sent]| sent.iter().any(|one| one.to.to_string() == ALICE);
    assert!(!answered(&world.pass(Duration::from_secs(1))), "nobody has said anything yet");
    let sent = world.receive(BOB, &response(&invite.message, 200, "b1", "Contact: <sip:bob@192.0.2.20>\n"));
    assert_eq!(ladder(&sent), [format!("200 {ALICE}")]);
}

#[test]
fn a_callee_who_says_no_more_is_given_up_in_64_t1() {
    let (mut world, _) = cancelled();
    let to_alice = |sent: Vec<Sent>| -> Vec<String> {
        let sent: Vec<Sent> = sent.into_iter().filter(|one| one.to.to_string() == ALICE).collect();
        ladder(&sent)
    };
    assert!(to_alice(world.pass(Duration::from_secs(31))).is_empty());
    assert_eq!(to_alice(world.pass(Duration::from_secs(2)))[0], format!("487 {ALICE}"));
}
