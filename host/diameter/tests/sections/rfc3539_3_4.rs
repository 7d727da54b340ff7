//! RFC 3539 §3.4: watchdogs between two nodes.

use strowger_diameter::CommandCode;
use strowger_diameter::node::Output;
use strowger_diameter::peer::CloseReason;

use crate::messages::*;
use crate::world::World;

fn world() -> World {
    World::open(vec![
        config("s.ims.test", &[("hss.ims.test", true)]),
        config("hss.ims.test", &[("s.ims.test", false)]),
    ])
}

fn watchdogs(world: &World, actor: usize) -> usize {
    let sent = world.actors[actor].sent.iter();
    sent.filter(|one| one.is_request() && one.header().command == CommandCode::DEVICE_WATCHDOG).count()
}

#[test]
fn a_quiet_connection_is_asked_and_stays() {
    let mut world = world();
    world.pass(seconds(600));
    assert!(world.is_open(0, 0) && world.is_open(1, 0));
    // Each resets the other's Tw, so it is about one of them every thirty seconds.
    let count = watchdogs(&world, 0) + watchdogs(&world, 1);
    assert!((18..=42).contains(&count), "{count} in ten minutes");
}

#[test]
fn a_busy_one_is_not_asked() {
    let mut world = world();
    for number in 0..60 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
        world.pass(seconds(10));
    }
    assert_eq!(watchdogs(&world, 0) + watchdogs(&world, 1), 0);
}

#[test]
fn a_dead_one_is_given_up_after_three_tw() {
    let dead = without_watchdog(config("hss.ims.test", &[("s.ims.test", false)]));
    let mut world = World::open(vec![config("s.ims.test", &[("hss.ims.test", true)]), dead]);
    world.actors[1].is_deaf = true;
    let before = world.now;
    while world.is_open(0, 0) {
        world.pass(seconds(1));
    }
    let waited = (world.now - before).as_secs();
    assert!((84..=97).contains(&waited), "three times 30 s and their jitter: {waited}");
    let closed = world.actors[0].told.iter().rev().find_map(|told| match told {
        Output::PeerClosed { reason, was_open: true, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(closed, Some(CloseReason::Watchdog));
}
