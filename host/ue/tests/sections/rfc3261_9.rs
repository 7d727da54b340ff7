//! RFC 3261 §9: CANCEL, and the races it can lose.

use std::time::Duration;

use sip::HeaderId;
use strowger_ue::{By, CallFeatures, Event, Why};

use crate::support::{Peer, World, at, description, phone};

fn pair() -> World {
    World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]).registered()
}

fn hang_up(world: &mut World) {
    let call = world.phones[0].calls()[0];
    world.wish(0, |ue, now| ue.hang_up(now, call)).unwrap();
    world.run_for(Duration::from_secs(2));
}

fn has_ended(world: &World, phone: usize, why: Why) -> bool {
    world.has(phone, |event| matches!(event, Event::Ended { why: found, .. } if *found == why))
}

#[test]
fn while_it_rings() {
    let mut world = pair();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(0, |event| matches!(event, Event::Ringing { .. })));
    hang_up(&mut world);
    let lines = world.seen_by(0);
    let after: Vec<_> = lines.iter().skip_while(|line| *line != "> CANCEL").collect();
    assert!(
        after.iter().any(|line| *line == "< 200 CANCEL") && after.iter().any(|line| *line == "< 487 INVITE")
    );
    assert!(has_ended(&world, 0, Why::Cancelled(By::Us)) && has_ended(&world, 1, Why::Cancelled(By::Them)));
    assert!(world.phones.iter().all(|phone| phone.calls().is_empty()));
}

/// §9.1: no CANCEL before a provisional response.
#[test]
fn before_anything_came() {
    let mut world = pair();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    let call = world.phones[0].calls()[0];
    world.wish(0, |ue, now| ue.hang_up(now, call)).unwrap();
    assert!(!world.spoken(0, true).contains(&"CANCEL".to_owned()));
    world.run_for(Duration::from_secs(2));
    assert!(has_ended(&world, 0, Why::Cancelled(By::Us)) && has_ended(&world, 1, Why::Cancelled(By::Them)));
}

#[test]
fn nobody_ever_answers() {
    let mut world = pair();
    world.home.wants.is_dead = true;
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    hang_up(&mut world);
    world.run_for(Duration::from_secs(130));
    assert!(has_ended(&world, 0, Why::Cancelled(By::Us)), "{}", world.ladder());
    assert!(!world.spoken(0, true).contains(&"CANCEL".to_owned()));
}

/// Bob answers in the moment that Alice gives up: the call is up, and is hung up.
#[test]
fn a_200_crosses_it() {
    let mut world = pair();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(0, |event| matches!(event, Event::Ringing { .. })));
    world.run_for(Duration::from_secs(1));
    let (ours, theirs) = (world.phones[0].calls()[0], world.phones[1].calls()[0]);
    world.wish(1, |ue, now| ue.answer(now, theirs)).unwrap();
    world.wish(0, |ue, now| ue.hang_up(now, ours)).unwrap();
    world.run_for(Duration::from_secs(2));
    assert!(has_ended(&world, 0, Why::Cancelled(By::Us)) && has_ended(&world, 1, Why::HungUp(By::Them)));
    let lines = world.seen_by(0);
    for line in ["> CANCEL", "< 200 CANCEL", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE"] {
        assert!(lines.iter().any(|seen| seen == line), "{line}\n{}", world.ladder());
    }
    assert!(!world.has(0, |event| matches!(event, Event::Answered { .. })));
}

/// The CANCEL of an INVITE, with a line more.
fn cancel_of(invite: &[u8], more: &str) -> String {
    let head = String::from_utf8(invite.to_vec()).unwrap().replace("INVITE", "CANCEL");
    let is_shared = |line: &&str| {
        ["CANCEL", "Via", "Max-Forwards", "To", "From", "Call-ID", "CSeq"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    let lines: String = head.lines().filter(is_shared).map(|line| format!("{line}\r\n")).collect();
    format!("{lines}{more}Content-Length: 0\r\n\r\n")
}

/// The INVITE has its 200 by now: CANCEL has no effect (§9.2).
#[test]
fn a_cancel_that_comes_too_late_and_one_for_nothing() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = CallFeatures::PLAIN;
    let mut peer = Peer::new(settings);
    let invite = peer.invite("", &description(5_000));
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    peer.names();
    let cancel = cancel_of(&invite, "");
    peer.hear(cancel.as_bytes());
    assert_eq!(peer.names(), ["200 CANCEL"]);
    assert_eq!(peer.ue.calls(), [call]);
    peer.hear(cancel.replace("z9hG4bKpeer1", "z9hG4bKother").as_bytes());
    assert_eq!(peer.names(), ["481 CANCEL"]);
}

/// RFC 3326: why it was cancelled is told.
#[test]
fn the_reason_is_told() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let invite = peer.invite("Supported: 100rel\r\n", &description(5_000));
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    peer.hear(cancel_of(&invite, &format!("Reason: {reason}\r\n")).as_bytes());
    assert_eq!(peer.story().last().unwrap(), &format!("call 1: ended, cancelled by them ({reason})"));
    assert_eq!(peer.last("487 INVITE").header(HeaderId::REQUIRE), None);
}
