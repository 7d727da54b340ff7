//! RFC 6733 §5.5.4: failover and failback.

use std::time::Duration;

use strowger_diameter::node::{Output, PeerId, Undelivered, What};
use strowger_diameter::{CommandCode, Flags, Outcome};

use crate::messages::*;
use crate::world::{Host, World};

/// An S-CSCF (0) and two HSSs (1, 2) of the realm; the first is asked first.
fn world() -> World {
    let mut client = config("s.ims.test", &[("hss1.ims.test", true), ("hss2.ims.test", true)]);
    client.routes = vec![route(Some(REALM), "hss1.ims.test", 1), route(Some(REALM), "hss2.ims.test", 2)];
    World::open(vec![
        client,
        without_watchdog(config("hss1.ims.test", &[("s.ims.test", false)])),
        without_watchdog(config("hss2.ims.test", &[("s.ims.test", false)])),
    ])
}

#[test]
fn a_lost_connection_sends_what_was_outstanding_elsewhere_with_the_t_bit() {
    let mut world = world();
    world.actors[1].host = Host::Sleeps;
    let ids: Vec<_> = (0..5)
        .map(|number| world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(10)))
        .collect();
    world.pass(seconds(1));
    assert_eq!((world.actors[1].seen.len(), world.actors[2].seen.len()), (5, 0));
    world.kill(1);
    world.pass(seconds(1));
    assert_eq!(world.actors[2].seen.len(), 5);
    for (first, second) in world.actors[1].seen.iter().zip(&world.actors[2].seen) {
        assert_eq!(first.header().end_to_end, second.header().end_to_end);
        assert_eq!(first.body(), second.body());
        assert!(!first.header().flags.contains(Flags::RETRANSMITTED));
        assert!(second.header().flags.contains(Flags::RETRANSMITTED));
    }
    assert!(ids.iter().all(|id| world.outcome(0, *id) == Outcome::SUCCESS));
    let counters = world.actors[0].node.counters();
    assert_eq!(counters.get(PeerId(1), CommandCode::USER_AUTHORIZATION, What::RequestSentAgain), 5);
}

#[test]
fn without_an_alternate_the_host_hears_of_it_at_once() {
    let mut world = world();
    world.kill(2);
    world.actors[1].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(10));
    world.pass(seconds(1));
    world.kill(1);
    world.pass(Duration::from_millis(10));
    assert_eq!(world.ended(0, id), Some(Err(Undelivered::PeerFailed)));
    assert_eq!(world.actors[0].node.outstanding(), 0);
}

#[test]
fn a_silent_peer_loses_its_requests() {
    let mut world = world();
    world.pass(seconds(5));
    world.actors[1].is_deaf = true;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(120));
    world.pass(seconds(100));
    let suspect = |told: &Output| matches!(told, Output::PeerSuspect { peer: PeerId(0) });
    assert!(world.actors[0].told.iter().any(suspect));
    let again = &world.actors[2].seen[0];
    assert!(again.header().flags.contains(Flags::RETRANSMITTED));
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
}

#[test]
fn the_first_answer_of_two_is_the_answer() {
    let mut world = world();
    world.pass(seconds(5));
    world.actors[1].is_deaf = true;
    world.actors[2].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(300));
    // Up to SUSPECT, and not yet to DOWN.
    while !world.actors[0].told.iter().any(|told| matches!(told, Output::PeerSuspect { .. })) {
        world.pass(seconds(1));
    }
    assert_eq!(world.actors[2].seen.len(), 1);
    // What the first peer read before it fell silent, it answers now.
    let request = world.actors[0].sent.iter().rev().find(|one| {
        one.header().command == CommandCode::USER_AUTHORIZATION
            && !one.header().flags.contains(Flags::RETRANSMITTED)
    });
    let header = *request.unwrap().header();
    let late = answer("hss1.ims.test", request.unwrap(), Outcome::SUCCESS);
    let late = late.stamped(header.hop_by_hop, header.end_to_end, Flags::PROXIABLE);
    let end = world.ends(0)[0];
    world.inject(end, late.bytes());
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
    let okay = |told: &Output| matches!(told, Output::PeerOkay { peer: PeerId(0) });
    assert!(world.actors[0].told.iter().any(okay), "and it is trusted again");
    // The second answer finds nobody who waits.
    let (id, asked) = (&world.actors[2].seen[0], world.actors[2].seen[0].clone());
    let again = answer("hss2.ims.test", id, Outcome::SUCCESS);
    let again = again.stamped(asked.header().hop_by_hop, asked.header().end_to_end, Flags::PROXIABLE);
    let end = world.ends(0)[1];
    world.inject(end, again.bytes());
    let unmatched = world.actors[0].node.counters().sum(|what| what == What::AnswerUnmatched);
    assert_eq!(unmatched, 1);
}

#[test]
fn requests_come_back_with_the_peer() {
    let mut world = world();
    world.kill(1);
    world.pass(seconds(1));
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    assert_eq!((world.outcome(0, id), world.actors[2].seen.len()), (Outcome::SUCCESS, 1));
    world.actors[1].is_up = true;
    world.pass(seconds(150));
    assert!(world.is_open(0, 0));
    let okay = |told: &Output| matches!(told, Output::PeerOkay { peer: PeerId(0) });
    assert!(world.actors[0].told.iter().any(okay), "after three watchdogs");
    world.send(0, uar("s.ims.test", "s;1;2"), seconds(5));
    world.pass(seconds(1));
    assert_eq!((world.actors[1].seen.len(), world.actors[2].seen.len()), (1, 1));
}

#[test]
fn a_peer_that_just_came_back_is_better_than_none() {
    let mut world = world();
    world.kill(2);
    world.kill(1);
    world.pass(seconds(1));
    world.actors[1].is_up = true;
    world.pass(seconds(10));
    let view = world.actors[0].node.peers().next().unwrap();
    assert_eq!(view.watch, strowger_diameter::peer::watchdog::Watch::Reopen);
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
}

/// An S-CSCF (0) and three HSSs (1, 2, 3), asked in their order.
fn three() -> World {
    let peers = ["hss1.ims.test", "hss2.ims.test", "hss3.ims.test"];
    let mut client = config("s.ims.test", &peers.map(|peer| (peer, true)));
    client.routes = (1..).zip(peers).map(|(priority, peer)| route(Some(REALM), peer, priority)).collect();
    let mut configs = vec![client];
    configs.extend(peers.map(|peer| without_watchdog(config(peer, &[("s.ims.test", false)]))));
    for config in &mut configs {
        config.limits.answer_within = seconds(1000);
    }
    let mut world = World::open(configs);
    for actor in 1..=3 {
        world.actors[actor].host = Host::Sleeps;
    }
    world
}

#[test]
fn one_that_somebody_has_is_not_sent_to_a_third() {
    // The first falls silent, the second has it; then the first is closed.
    let mut world = three();
    world.actors[1].is_deaf = true;
    world.send(0, uar("s.ims.test", "s;1;1"), seconds(1000));
    world.pass(seconds(150));
    assert!(!world.is_open(0, 0), "the watchdog has closed it");
    let seen = [1, 2, 3].map(|actor| world.actors[actor].seen.len());
    assert_eq!(seen, [0, 1, 0]);
    // Then the second is lost, and the third is all that is left.
    world.kill(2);
    world.pass(seconds(1));
    assert_eq!(world.actors[3].seen.len(), 1);
}

#[test]
fn an_error_of_the_first_is_no_answer_while_the_second_has_it() {
    let mut world = three();
    world.pass(seconds(5));
    world.actors[1].is_deaf = true;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(1000));
    while world.actors[2].seen.is_empty() {
        world.pass(seconds(1));
    }
    let request =
        world.actors[0].sent.iter().find(|one| one.header().command == CommandCode::USER_AUTHORIZATION);
    let request = request.unwrap().clone();
    let header = *request.header();
    let busy = answer("hss1.ims.test", &request, strowger_diameter::ResultCode::TOO_BUSY);
    let busy = busy.stamped(header.hop_by_hop, header.end_to_end, Flags::PROXIABLE | Flags::ERROR);
    let end = world.ends(0)[0];
    world.inject(end, busy.bytes());
    world.pass(seconds(1));
    assert_eq!((world.ended(0, id), world.actors[3].seen.len()), (None, 0));
}

#[test]
fn there_is_an_end_to_attempts() {
    let peers = ["hss1.ims.test", "hss2.ims.test", "hss3.ims.test", "hss4.ims.test"];
    let mut configs = vec![config("s.ims.test", &peers.map(|peer| (peer, true)))];
    configs.extend(peers.map(|peer| config(peer, &[("s.ims.test", false)])));
    let mut world = World::open(configs);
    for actor in 1..=4 {
        world.actors[actor].host = Host::Sleeps;
    }
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(100));
    for _ in 0..3 {
        world.pass(seconds(1));
        let with = (1..=4).find(|actor| world.actors[*actor].is_up && !world.actors[*actor].seen.is_empty());
        world.kill(with.unwrap());
    }
    world.pass(seconds(1));
    assert_eq!(world.ended(0, id), Some(Err(Undelivered::PeerFailed)));
    let asked = (1..=4).filter(|actor| !world.actors[*actor].seen.is_empty()).count();
    assert_eq!(asked, 3, "Limits::attempts");
}
