//! RFC 3261 §14 with RFC 3264 §8.4: calls that change while they are up.

use std::time::Duration;

use sip::{HeaderId, Message};
use strowger_ue::{By, CallFeatures, Direction, Event, Why};

use crate::support::{Peer, World, at, description, header, phone};

/// Alice has called Bob, and they talk.
fn talking() -> World {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|settings| settings.features = CallFeatures::PLAIN);
    let mut world = World::new(settings).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(1));
    let call = world.phones[1].calls()[0];
    world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    world.run_for(Duration::from_secs(1));
    world.forget();
    world
}

fn hold(world: &mut World, phone: usize, hold: bool) {
    let call = world.phones[phone].calls()[0];
    world.wish(phone, |ue, now| if hold { ue.hold(now, call) } else { ue.resume(now, call) }).unwrap();
}

/// The direction that was told last.
fn direction(world: &World, phone: usize) -> Option<Direction> {
    world.events(phone).iter().rev().find_map(|event| match event {
        Event::Media { media, .. } => Some(media.direction),
        _ => None,
    })
}

#[test]
fn hold_and_resume() {
    let mut world = talking();
    hold(&mut world, 0, true);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.seen_by(0), ["> INVITE", "< 200 INVITE", "> ACK"]);
    assert!(String::from_utf8_lossy(world.last(0, "INVITE").body()).contains("a=sendonly"));
    assert_eq!(
        (direction(&world, 0), direction(&world, 1)),
        (Some(Direction::SendOnly), Some(Direction::RecvOnly))
    );
    assert!(world.has(0, |event| matches!(event, Event::Held { by: By::Us, .. })));
    assert!(world.has(1, |event| matches!(event, Event::Held { by: By::Them, .. })));
    world.forget();
    hold(&mut world, 0, false);
    world.run_for(Duration::from_secs(1));
    assert_eq!(
        (direction(&world, 0), direction(&world, 1)),
        (Some(Direction::SendRecv), Some(Direction::SendRecv))
    );
    assert!(world.has(0, |event| matches!(event, Event::Resumed { by: By::Us, .. })));
    assert!(world.has(1, |event| matches!(event, Event::Resumed { by: By::Them, .. })));
}

#[test]
fn both_hold_one_after_the_other() {
    let mut world = talking();
    for phone in [0, 1] {
        hold(&mut world, phone, true);
        world.run_for(Duration::from_secs(1));
    }
    assert_eq!(
        (direction(&world, 0), direction(&world, 1)),
        (Some(Direction::Inactive), Some(Direction::Inactive))
    );
    for phone in [0, 1] {
        hold(&mut world, phone, false);
        world.run_for(Duration::from_secs(1));
    }
    assert_eq!(
        (direction(&world, 0), direction(&world, 1)),
        (Some(Direction::SendRecv), Some(Direction::SendRecv))
    );
}

/// §14.1: both at once: 491 for both, and each tries again after another time.
#[test]
fn both_hold_at_once() {
    let mut world = talking();
    hold(&mut world, 0, true);
    hold(&mut world, 1, true);
    world.run_for(Duration::from_secs(10));
    let seen = world.seen_by(0);
    assert!(
        seen.contains(&"> 491 INVITE".to_owned()) && seen.contains(&"< 491 INVITE".to_owned()),
        "{seen:?}"
    );
    assert_eq!(
        (direction(&world, 0), direction(&world, 1)),
        (Some(Direction::Inactive), Some(Direction::Inactive))
    );
}

#[test]
fn a_wish_while_a_change_is_under_way_comes_after_it() {
    let mut world = talking();
    hold(&mut world, 0, true);
    hold(&mut world, 0, false);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.spoken(0, true), ["INVITE", "ACK", "INVITE", "ACK"]);
    assert_eq!(direction(&world, 0), Some(Direction::SendRecv));
}

/// Alice alone, called by a peer that has answered; the To of what she hears.
fn called(peer: &mut Peer) -> String {
    let invite = peer.invite("", &description(5_000));
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    let to = header(&peer.last("200 INVITE"), HeaderId::TO);
    let cseq = Message::parse_datagram(&invite).unwrap().head().cseq().unwrap().number;
    peer.request("ACK", &to, &format!("CSeq: {cseq} ACK\r\n"), b"");
    to
}

fn alone() -> Peer {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = CallFeatures::PLAIN;
    Peer::new(settings)
}

const SDP: &str = "Contact: <sip:bob@192.0.2.9:5060>\r\nContent-Type: application/sdp\r\n";

#[test]
fn changes_of_the_other_side() {
    let mut peer = alone();
    let to = called(&mut peer);
    // An offer is answered.
    let elsewhere = "Contact: <sip:bob@192.0.2.99:5060>\r\nContent-Type: application/sdp\r\n";
    peer.request("INVITE", &to, elsewhere, &description(6_000));
    let ok = peer.one("200 INVITE");
    assert!(String::from_utf8_lossy(ok.body()).contains("m=audio 40000"));
    assert_eq!(peer.story().last().unwrap(), "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:6000");
    // Another one before the ACK comes too soon (§14.2).
    peer.request("INVITE", &to, SDP, &description(6_002));
    let refused = peer.one("500 INVITE");
    assert_eq!(header(&refused, HeaderId::RETRY_AFTER), "2");
    let cseq = ok.head().cseq().unwrap().number;
    peer.request("ACK", &to, &format!("CSeq: {cseq} ACK\r\n"), b"");
    // One that cannot be used changes nothing.
    peer.request("INVITE", &to, SDP, b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 1 RTP/AVP 96\r\n");
    assert_eq!(peer.names(), ["488 INVITE"]);
    // One without an offer is answered with ours, and its ACK brings the answer.
    peer.request("INVITE", &to, "Contact: <sip:bob@192.0.2.99:5060>\r\n", b"");
    let ok = peer.one("200 INVITE");
    assert!(String::from_utf8_lossy(ok.body()).contains("m=audio 40000"));
    let cseq = ok.head().cseq().unwrap().number;
    peer.request("ACK", &to, &format!("CSeq: {cseq} ACK\r\n{SDP}"), &description(6_004));
    assert_eq!(peer.story().last().unwrap(), "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:6004");
    // The target is that of the last of them (§12.2.2).
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.hang_up(now, call)).unwrap();
    assert_eq!(peer.one("BYE").request_uri(), b"sip:bob@192.0.2.99:5060");
}

#[test]
fn a_change_that_is_refused_leaves_everything_as_it_was() {
    let mut peer = alone();
    called(&mut peer);
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.hold(now, call)).unwrap();
    let reinvite = peer.last("INVITE");
    peer.answer(&reinvite, 488, "x", |_| {});
    assert_eq!(peer.story().last().unwrap(), "call 1: change refused with 488");
    peer.pass(Duration::from_secs(60));
    assert_eq!(peer.names(), ["ACK"], "it is not tried again");
    peer.wish(|ue, now| ue.hold(now, call)).unwrap();
    let reinvite = peer.one("INVITE");
    assert!(String::from_utf8_lossy(reinvite.body()).contains("a=sendonly"));
}

/// §12.2.1.2: the other side does not know the call any more.
#[test]
fn a_change_that_finds_nobody_ends_the_call() {
    let mut peer = alone();
    called(&mut peer);
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.hold(now, call)).unwrap();
    let reinvite = peer.last("INVITE");
    peer.answer(&reinvite, 481, "x", |_| {});
    assert_eq!(peer.names(), ["ACK", "BYE"]);
    assert!(peer.told.iter().any(|(_, event)| matches!(event, Event::Ended { why: Why::NoAnswer, .. })));
}
