//! RFC 4320 §4.2: a proxy sends no 408 to a request that is no INVITE. The script hears of it all the same: there may be
//! another target, or another answer.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Hook, Relay};
use world::{ALICE, CAROL, Word, World, ladder, request, response, target};

/// Bob has 300 ms; then the script decides so.
fn world(afterwards: fn() -> Decision) -> World {
    World::new(move |hook, _| {
        Ok(Word::Request(match hook {
            Hook::Failure => afterwards(),
            _ => Decision::Relay(Relay {
                targets: vec![target("sip:bob@192.0.2.20", 1000)],
                targets_named: true,
                ask_failure: true,
                ask_replies: true,
                timeout: Some(Duration::from_millis(300)),
                ..Relay::default()
            }),
        }))
    })
}

#[test]
fn another_target_is_tried() {
    let mut world = world(|| {
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

#[test]
fn without_another_one_nothing_is_sent() {
    let mut world = world(|| Decision::Next(Vec::new()));
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
