//! RFC 4320 §4.2: a proxy sends no 408 to a request that is no INVITE. The script hears of it all the same: there may be
//! another target, or another answer.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Hook, Relay, Reply};
use world::{ALICE, BOB, CAROL, Word, World, ladder, request, response, target};

/// Bob has so long; then the script decides so.
fn world(timeout: Option<Duration>, afterwards: fn() -> Decision) -> World {
    World::new(move |hook, _| {
        Ok(Word::Request(match hook {
            Hook::Failure => afterwards(),
            _ => Decision::Relay(Relay {
                targets: vec![target("sip:bob@192.0.2.20", 1000)],
                targets_named: true,
                ask_failure: true,
                ask_replies: true,
                timeout,
                ..Relay::default()
            }),
        }))
    })
}

#[test]
fn another_target_is_tried() {
    let mut world = world(Some(Duration::from_millis(300)), || {
        let targets = vec![target("sip:bob@192.0.2.30", 1000)];
        Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })
    });
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    let later = world.pass(Duration::from_millis(400));
    assert_eq!(world.consulted, [Hook::Request, Hook::Failure]);
    let next = later.iter().find(|one| one.to.to_string() == CAROL).expect("the second target");
    let answered = world.receive(CAROL, &response(&next.message, 200, "c1", ""));
    assert_eq!(ladder(&answered), [format!("200 {ALICE}")]);
}

/// Whoever asked still waits, and is told that nobody is there; the target is not asked again and again meanwhile.
#[test]
fn without_another_one_it_is_504_while_somebody_waits() {
    let passed: fn() -> Decision = || Decision::Next(Vec::new());
    let own: fn() -> Decision = || Decision::Reply(Reply { status: 480, ..Reply::default() });
    for (afterwards, status) in [(passed, 504), (own, 480)] {
        let mut world = world(Some(Duration::from_millis(300)), afterwards);
        world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
        let later = world.pass(Duration::from_millis(400));
        assert_eq!(world.consulted, [Hook::Request, Hook::Failure]);
        assert_eq!(ladder(&later), [format!("{status} {ALICE}")]);
        assert!(world.pass(Duration::from_secs(200)).is_empty(), "nothing is sent to Bob any more");
        assert!(world.node.is_quiescent());
    }
}

/// At Timer F's own end who asked has given up as well: nothing is sent, whatever the script says.
#[test]
fn at_timer_f_nothing_is_sent() {
    let passed: fn() -> Decision = || Decision::Next(Vec::new());
    let own: fn() -> Decision = || Decision::Reply(Reply { status: 504, ..Reply::default() });
    // As long as Timer F, or longer: the script's time is not the reason.
    for timeout in [None, Some(Duration::from_secs(32)), Some(Duration::from_secs(60))] {
        for afterwards in [passed, own] {
            let mut world = world(timeout, afterwards);
            world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
            let later = world.pass(Duration::from_secs(200));
            assert_eq!(world.consulted, [Hook::Request, Hook::Failure]);
            assert!(
                later.iter().all(|one| one.to.to_string() != ALICE || one.what() == "100"),
                "{:?}",
                ladder(&later)
            );
            assert!(world.node.is_quiescent());
        }
    }
}

/// The 408 of an element further on is not passed on either.
#[test]
fn a_408_from_downstream_becomes_a_504_while_somebody_waits() {
    let mut world = world(None, || Decision::Next(Vec::new()));
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    let answered = world.receive(BOB, &response(&sent[0].message, 408, "b1", ""));
    assert_eq!(ladder(&answered), [format!("504 {ALICE}")]);
}

/// A late answer of a target that was given up is nobody's.
#[test]
fn a_late_answer_is_dropped() {
    let mut world = world(Some(Duration::from_millis(300)), || Decision::Next(Vec::new()));
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    world.pass(Duration::from_millis(400));
    assert!(world.receive(BOB, &response(&sent[0].message, 200, "b1", "")).is_empty());
}
