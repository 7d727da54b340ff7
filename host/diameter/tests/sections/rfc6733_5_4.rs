//! RFC 6733 §5.4: leaving politely, between two nodes.

use strowger_diameter::base::DisconnectCause;
use strowger_diameter::node::{Input, Output, SendError, Undelivered};
use strowger_diameter::peer::CloseReason;
use strowger_diameter::{Outcome, ResultCode};

use crate::messages::*;
use crate::world::{Host, World};

fn world() -> World {
    World::open(vec![
        config("s.ims.test", &[("hss.ims.test", true)]),
        config("hss.ims.test", &[("s.ims.test", false)]),
    ])
}

fn reasons(world: &World, actor: usize) -> Vec<CloseReason> {
    let told = world.actors[actor].told.iter();
    told.filter_map(|told| match told {
        Output::PeerClosed { reason, .. } => Some(*reason),
        _ => None,
    })
    .collect()
}

#[test]
fn both_know_why() {
    let mut world = world();
    world.tell(1, Input::Stop(DisconnectCause::Rebooting));
    world.pass(seconds(1));
    assert_eq!(reasons(&world, 1), [CloseReason::Stopped(DisconnectCause::Rebooting)]);
    assert_eq!(reasons(&world, 0)[0], CloseReason::Disconnected(DisconnectCause::Rebooting));
    assert_eq!(world.actors[1].node.connections(), 0);
}

#[test]
fn a_stopped_node_sends_and_accepts_nothing_until_it_starts_again() {
    let mut world = world();
    world.tell(1, Input::Stop(DisconnectCause::Rebooting));
    world.pass(seconds(120));
    assert!(!world.is_open(0, 0) && !world.is_open(1, 0));
    let now = world.now;
    let request = uar("hss.ims.test", "h;1;1");
    assert_eq!(world.actors[1].node.send(now, request, now + seconds(1)), Err(SendError::Stopped));
    assert_eq!(world.actors[1].node.connections(), 0, "who knocks is sent away");
    world.tell(1, Input::Start);
    world.pass(seconds(60));
    assert!(world.is_open(0, 0) && world.is_open(1, 0));
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    assert_eq!(world.outcome(0, id), Outcome::SUCCESS);
}

#[test]
fn answers_that_are_under_way_still_count() {
    let mut world = world();
    world.actors[1].host = Host::AnswersAfter(seconds(1), ResultCode::SUCCESS.into());
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(std::time::Duration::from_millis(999));
    // Both are on the wire at once.
    world.tell(0, Input::Stop(DisconnectCause::Rebooting));
    world.pass(seconds(5));
    // The HSS answers DPR at once and its own answer finds it closing: what is not answered is lost to nobody else.
    let ended = world.ended(0, id).unwrap();
    assert!(ended.is_ok() || ended == Err(Undelivered::PeerFailed));
    assert_eq!(world.actors[0].node.outstanding(), 0);
}

#[test]
fn busy_and_no_interest_keep_the_other_away() {
    for (cause, after) in [(DisconnectCause::Busy, true), (DisconnectCause::DoNotWantToTalkToYou, false)] {
        let mut world = world();
        world.tell(1, Input::Stop(cause));
        world.pass(seconds(1));
        world.tell(1, Input::Start);
        world.pass(seconds(200));
        assert!(!world.is_open(0, 0), "{cause:?}");
        world.pass(seconds(120));
        assert_eq!(world.is_open(0, 0), after, "{cause:?}");
        world.tell(0, Input::Start);
        world.pass(seconds(1));
        assert!(world.is_open(0, 0), "unless there is a reason");
    }
}
