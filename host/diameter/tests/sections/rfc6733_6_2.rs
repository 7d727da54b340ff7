//! RFC 6733 §6.2: answers, ours and those of others.

use strowger_diameter::node::{AnswerError, IncomingId, Output, PeerId, Undelivered, What};
use strowger_diameter::{CommandCode, Flags, Outcome, ResultCode};

use crate::messages::*;
use crate::world::{Host, World};

fn world() -> World {
    World::open(vec![
        config("s.ims.test", &[("hss.ims.test", true)]),
        config("hss.ims.test", &[("s.ims.test", false)]),
    ])
}

#[test]
fn a_host_that_does_not_answer_is_answered_for() {
    let mut world = world();
    world.actors[1].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(30));
    world.pass(seconds(7));
    assert_eq!(world.ended(0, id), None);
    world.pass(seconds(2));
    assert_eq!(world.outcome(0, id), ResultCode::UNABLE_TO_COMPLY.into());
    let unanswered = |told: &Output| matches!(told, Output::Unanswered { id: IncomingId(0) });
    assert!(world.actors[1].told.iter().any(unanswered));
    assert_eq!(world.actors[1].node.unanswered(), 0);
    let counters = world.actors[1].node.counters();
    assert_eq!(counters.get(PeerId(0), CommandCode::USER_AUTHORIZATION, What::Unanswered), 1);
}

#[test]
fn an_answer_that_is_too_late_or_to_nothing_is_refused() {
    let mut world = world();
    world.actors[1].host = Host::Sleeps;
    world.send(0, uar("s.ims.test", "s;1;1"), seconds(30));
    world.pass(seconds(1));
    let (now, request) = (world.now, world.actors[1].seen[0].clone());
    let node = &mut world.actors[1].node;
    let good = answer("hss.ims.test", &request, Outcome::SUCCESS);
    assert_eq!(node.answer(now, IncomingId(9), good.clone()), Err(AnswerError::Unknown));
    assert_eq!(node.answer(now, IncomingId(0), request), Err(AnswerError::NotItsAnswer));
    let other = ppr("hss.ims.test", "s", "s.ims.test");
    let other = answer("hss.ims.test", &other, Outcome::SUCCESS);
    assert_eq!(node.answer(now, IncomingId(0), other), Err(AnswerError::NotItsAnswer));
    assert_eq!(node.answer(now, IncomingId(0), good.clone()), Ok(()));
    assert_eq!(node.answer(now, IncomingId(0), good), Err(AnswerError::Unknown), "once");
}

#[test]
fn no_answer_in_time_is_told_once_and_a_late_one_is_dropped() {
    let mut world = world();
    world.actors[1].host = Host::AnswersAfter(seconds(5), Outcome::SUCCESS);
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(2));
    world.pass(seconds(2));
    assert_eq!(world.ended(0, id), Some(Err(Undelivered::Deadline)));
    world.pass(seconds(10));
    assert_eq!(world.ended(0, id), Some(Err(Undelivered::Deadline)));
    let counters = world.actors[0].node.counters();
    let count = |what| counters.get(PeerId(0), CommandCode::USER_AUTHORIZATION, what);
    assert_eq!((count(What::Deadline), count(What::AnswerUnmatched)), (1, 1));
}

#[test]
fn a_request_that_is_given_up_has_no_end() {
    let mut world = world();
    world.actors[1].host = Host::AnswersAfter(seconds(1), Outcome::SUCCESS);
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    assert!(world.actors[0].node.cancel(id) && !world.actors[0].node.cancel(id));
    world.pass(seconds(10));
    assert_eq!((world.ended(0, id), world.actors[0].node.outstanding()), (None, 0));
}

#[test]
fn answers_that_are_not_quite_the_answer_are_dropped() {
    let mut world = world();
    world.actors[1].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(60));
    world.pass(seconds(1));
    let request = world.actors[1].seen[0].clone();
    let (hop, end_to_end) = (request.header().hop_by_hop, request.header().end_to_end);
    let end = world.ends(0)[0];
    let good = answer("hss.ims.test", &request, Outcome::SUCCESS);
    let lia = answer("hss.ims.test", &uar_to("s.ims.test", "s", "hss.ims.test"), Outcome::SUCCESS);
    for bad in [
        good.clone().stamped(hop.wrapping_add(1), end_to_end, Flags::PROXIABLE),
        good.clone().stamped(hop, end_to_end.wrapping_add(1), Flags::PROXIABLE),
        lia.stamped(hop, end_to_end, Flags::PROXIABLE),
    ] {
        world.inject(end, bad.bytes());
        assert_eq!(world.ended(0, id), None);
    }
    world.inject(end, good.stamped(hop, end_to_end, Flags::PROXIABLE).bytes());
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
    assert_eq!(world.actors[0].node.counters().sum(|what| what == What::AnswerUnmatched), 3);
}

#[test]
fn many_answers_find_their_requests_in_any_order() {
    let mut world = world();
    let mut ids = Vec::new();
    for number in 0..200_u64 {
        let wait = std::time::Duration::from_millis(number * 37 % 1000);
        world.actors[1].host = Host::AnswersAfter(wait, Outcome::SUCCESS);
        let session = format!("s;1;{number}");
        ids.push((world.send(0, uar("s.ims.test", &session), seconds(5)), session));
        world.pass(std::time::Duration::from_millis(2));
    }
    world.pass(seconds(3));
    for (id, session) in ids {
        let answer = world.ended(0, id).unwrap().unwrap();
        let seen = answer.first(strowger_diameter::dictionary::base::SESSION_ID.id).unwrap();
        assert_eq!(seen.data, session.as_bytes());
    }
}
