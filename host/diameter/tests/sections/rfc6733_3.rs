//! RFC 6733 §3: identifiers and duplicates.

use strowger_diameter::node::{Node, PeerId, What};
use strowger_diameter::{CommandCode, Flags, Message, Outcome, ResultCode};

use crate::messages::*;
use crate::world::{Host, World};

/// An S-CSCF (0), and an HSS (1) that connects to it.
fn world() -> World {
    World::open(vec![
        config("s.ims.test", &[("hss.ims.test", false)]),
        config("hss.ims.test", &[("s.ims.test", true)]),
    ])
}

const HSS: PeerId = PeerId(0);

/// Lets the HSS send these bytes as they are.
fn inject(world: &mut World, message: &Message, hop_by_hop: u32, end_to_end: u32, flags: Flags) {
    let bytes = message.clone().stamped(hop_by_hop, end_to_end, flags).bytes().clone();
    let end = world.ends(0)[0];
    world.inject(end, &bytes);
}

fn count(world: &World, what: What) -> u64 {
    world.actors[0].node.counters().get(HSS, CommandCode::PUSH_PROFILE, what)
}

const PLAIN: Flags = Flags::REQUEST.union(Flags::PROXIABLE);
const AGAIN: Flags = PLAIN.union(Flags::RETRANSMITTED);

#[test]
fn an_answer_has_the_identifiers_of_its_request() {
    let mut world = world();
    inject(&mut world, &ppr("hss.ims.test", "hss;1;1", "s.ims.test"), 77, 88, PLAIN);
    world.pass(seconds(1));
    let answer = world.last_sent(0);
    assert_eq!((answer.header().hop_by_hop, answer.header().end_to_end), (77, 88));
    assert_eq!(answer.header().flags, Flags::PROXIABLE, "P as in the request, no R, no T");
}

#[test]
fn a_request_that_comes_again_gets_the_same_answer_and_the_host_does_not_see_it() {
    let mut world = world();
    let request = ppr("hss.ims.test", "hss;1;1", "s.ims.test");
    inject(&mut world, &request, 1, 500, PLAIN);
    world.pass(seconds(1));
    let first = world.last_sent(0).clone();
    for (hop_by_hop, flags) in [(2, AGAIN), (3, PLAIN)] {
        inject(&mut world, &request, hop_by_hop, 500, flags);
        world.pass(seconds(1));
        let again = world.last_sent(0);
        assert_eq!((again.body(), again.header().hop_by_hop), (first.body(), hop_by_hop));
    }
    assert_eq!(world.actors[0].seen.len(), 1);
    assert_eq!(count(&world, What::Duplicate), 2);
    assert_eq!(count(&world, What::AnswerSent(Some(Outcome::SUCCESS))), 3);
}

#[test]
fn one_that_comes_again_while_the_host_has_it_is_answered_on_both_ways() {
    let mut world = world();
    world.actors[0].host = Host::AnswersAfter(seconds(2), Outcome::SUCCESS);
    let request = ppr("hss.ims.test", "hss;1;1", "s.ims.test");
    inject(&mut world, &request, 1, 500, PLAIN);
    world.pass(seconds(1));
    for hop_by_hop in [2, 2, 3, 4, 5, 6] {
        inject(&mut world, &request, hop_by_hop, 500, AGAIN);
    }
    let before = world.actors[0].sent.len();
    world.pass(seconds(2));
    let ways: Vec<_> = world.actors[0].sent[before..].iter().map(|one| one.header().hop_by_hop).collect();
    assert_eq!(ways, [1, 2, 3, 4], "the same way once, and no more than four");
    assert_eq!(world.actors[0].seen.len(), 1);
}

#[test]
fn another_identifier_host_or_session_is_another_request() {
    let mut world = world();
    inject(&mut world, &ppr("hss.ims.test", "hss;1;1", "s.ims.test"), 1, 500, PLAIN);
    inject(&mut world, &ppr("hss.ims.test", "hss;1;1", "s.ims.test"), 2, 501, AGAIN);
    inject(&mut world, &ppr("hss2.ims.test", "hss;1;1", "s.ims.test"), 3, 500, AGAIN);
    inject(&mut world, &ppr("hss.ims.test", "hss;1;2", "s.ims.test"), 4, 500, AGAIN);
    world.pass(seconds(1));
    assert_eq!((world.actors[0].seen.len(), count(&world, What::Duplicate)), (4, 0));
}

#[test]
fn after_the_window_it_is_a_new_one() {
    let mut world = world();
    let request = ppr("hss.ims.test", "hss;1;1", "s.ims.test");
    inject(&mut world, &request, 1, 500, PLAIN);
    world.pass(seconds(241));
    inject(&mut world, &request, 2, 500, PLAIN);
    world.pass(seconds(1));
    assert_eq!(world.actors[0].seen.len(), 2);
}

#[test]
fn end_to_end_identifiers_begin_with_the_time_and_are_unique() {
    let mut config = config("s.ims.test", &[("hss.ims.test", true)]);
    config.started = 0x6af0_1abc;
    let mut world = World::open(vec![config, self::config("hss.ims.test", &[("s.ims.test", false)])]);
    for number in 0..50 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
    }
    world.pass(seconds(1));
    let mut seen: Vec<u32> = world.actors[1].seen.iter().map(|one| one.header().end_to_end).collect();
    assert!(seen.iter().all(|id| id >> 20 == 0xabc), "the low 12 bits of the time");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 50);
    let sent = world.actors[0].sent.iter().map(|one| one.header().hop_by_hop);
    let hops: std::collections::BTreeSet<u32> = sent.collect();
    assert!(hops.len() >= 50, "and so are hop-by-hop identifiers");
}

#[test]
fn session_ids_are_ours_and_unique() {
    let mut node = Node::new(config("s.ims.test", &[("hss.ims.test", true)])).unwrap();
    let (one, two) = (node.new_session_id(), node.new_session_id());
    assert!(one.starts_with("s.ims.test;") && one != two, "{one}, {two}");
}

#[test]
fn a_t_bit_of_the_hosts_is_not_believed() {
    let mut world = World::open(vec![
        config("s.ims.test", &[("hss.ims.test", true)]),
        config("hss.ims.test", &[("s.ims.test", false)]),
    ]);
    let request = uar("s.ims.test", "s;1;1").stamped(1, 1, AGAIN);
    let id = world.send(0, request, seconds(5));
    world.pass(seconds(1));
    assert_eq!(world.actors[1].seen[0].header().flags, PLAIN);
    assert_eq!(world.outcome(0, id), Outcome::from(ResultCode::SUCCESS));
}
