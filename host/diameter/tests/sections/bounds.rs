//! Every bound of a node, reached.

use strowger_diameter::node::{Config, RouteError, SendError, What};
use strowger_diameter::{FailureKind, Outcome, ResultCode};

use crate::messages::*;
use crate::world::{Host, World};

fn world(change: impl Fn(&mut Config)) -> World {
    let mut client = config("s.ims.test", &[("hss.ims.test", true)]);
    let mut server = config("hss.ims.test", &[("s.ims.test", false)]);
    change(&mut client);
    change(&mut server);
    World::open(vec![client, server])
}

#[test]
fn our_requests_of_one_peer_and_of_all() {
    let mut one = world(|config| config.limits.outstanding_per_peer = 3);
    let mut all = world(|config| config.limits.outstanding = 3);
    for (world, error) in [(&mut one, SendError::Route(RouteError::Full)), (&mut all, SendError::TooMany)] {
        world.actors[1].host = Host::Sleeps;
        for number in 0..3 {
            world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
        }
        let now = world.now;
        let more = uar("s.ims.test", "s;1;9");
        assert_eq!(world.actors[0].node.send(now, more.clone(), now + seconds(5)), Err(error));
        world.pass(seconds(6));
        assert_eq!(world.actors[0].node.outstanding(), 0);
        assert!(world.actors[0].node.send(world.now, more, world.now + seconds(5)).is_ok());
    }
}

#[test]
fn requests_in_hand() {
    let mut world = world(|config| config.limits.incoming = 2);
    world.actors[1].host = Host::AnswersAfter(seconds(2), Outcome::SUCCESS);
    let ids: Vec<_> =
        (0..5).map(|number| world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5))).collect();
    world.pass(seconds(3));
    let count = |outcome: Outcome| ids.iter().filter(|id| world.outcome(0, **id) == outcome).count();
    assert_eq!((count(Outcome::SUCCESS), count(ResultCode::TOO_BUSY.into())), (2, 3));
    let counters = world.actors[1].node.counters();
    assert_eq!(counters.sum(|what| what == What::Refused(FailureKind::TooBusy)), 3);
}

#[test]
fn strangers() {
    let mut world = world(|config| config.limits.accepted = 2);
    for number in 100..110 {
        world.tell(1, strowger_diameter::node::Input::Accepted { number });
    }
    assert_eq!(world.actors[1].node.connections(), 3, "the peer's, and two");
    assert_eq!(world.actors[1].node.counters().strangers, 8);
    world.pass(seconds(11));
    assert_eq!(world.actors[1].node.connections(), 1);
}

#[test]
fn a_message() {
    let mut world = world(|config| config.limits.message = 600);
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
    let now = world.now;
    let long = uar("s.ims.test", &"s".repeat(600));
    let length = long.bytes().len();
    let sent = world.actors[0].node.send(now, long, now + seconds(5));
    assert_eq!(sent, Err(SendError::TooLong { length }));
}

#[test]
fn counters() {
    let mut world = world(|config| config.limits.counters = 1);
    for number in 0..3 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
    }
    world.pass(seconds(1));
    let counters = world.actors[0].node.counters();
    assert_eq!((counters.iter().count(), counters.beyond), (1, 3));
}

#[test]
fn duplicates_are_forgotten_not_confused() {
    let mut world = world(|config| config.limits.duplicates = 1);
    for number in 0..3 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
    }
    world.pass(seconds(1));
    assert_eq!(world.actors[1].seen.len(), 3);
}
