//! RFC 4028: session timers of both sides.

use std::time::Duration;

use sip::{HeaderId, Message};
use strowger_ue::{CallFeatures, Event, Why};

use crate::support::{Peer, World, at, description, header, phone};

const TIMED: CallFeatures = CallFeatures { reliable: false, preconditions: false, session_timer: Some(600) };

fn talking() -> World {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|settings| settings.features = TIMED);
    let mut world = World::new(settings).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(1));
    let call = world.phones[1].calls()[0];
    world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    world.run_for(Duration::from_secs(1));
    world
}

/// §7.2, §10: the caller refreshes at half of the interval, for as long as the call lasts.
#[test]
fn the_caller_refreshes() {
    let mut world = talking();
    let ok = world.last(1, "200 INVITE");
    assert_eq!(header(ok, HeaderId::SESSION_EXPIRES), "600;refresher=uac");
    assert_eq!(header(ok, HeaderId::REQUIRE), "timer");
    world.forget();
    world.run_for(Duration::from_secs(299));
    assert_eq!(world.spoken(0, true), [""; 0]);
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.seen_by(0), ["> UPDATE", "< 200 UPDATE"]);
    let update = world.last(0, "UPDATE");
    assert_eq!(header(update, HeaderId::SESSION_EXPIRES), "600;refresher=uac");
    assert!(update.body().is_empty());
    world.run_for(Duration::from_secs(3_000));
    assert_eq!(world.phones[1].calls().len(), 1, "{}", world.ladder());
}

/// §10: without a refresh both sides end it, 32 s before the interval is over.
#[test]
fn a_session_that_is_not_refreshed_is_over() {
    let mut world = talking();
    let began = world.when(1, |event| matches!(event, Event::Answered { .. }));
    world.home.wants.is_dead = true;
    world.until("over", |world| {
        (0..2).all(|phone| world.has(phone, |event| matches!(event, Event::Ended { .. })))
    });
    let over = world.when(1, |event| matches!(event, Event::Ended { why: Why::Expired, .. })) - began;
    assert_eq!(over.as_secs(), 568);
    // The caller knows it when its refresh has no answer.
    assert!(world.has(0, |event| matches!(event, Event::Ended { why: Why::NoAnswer, .. })));
}

/// §7.3: a proxy wants longer intervals.
#[test]
fn a_422_is_answered_with_what_the_network_wants() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = TIMED;
    let mut peer = Peer::new(settings);
    peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    let mut invite = peer.one("INVITE");
    for least in [900_u32, 1_200] {
        peer.answer(&invite, 422, "p", |response| response.header(HeaderId::MIN_SE, least));
        invite = peer.last("INVITE");
        assert_eq!(header(&invite, HeaderId::SESSION_EXPIRES), least.to_string());
        assert_eq!(header(&invite, HeaderId::MIN_SE), least.to_string());
    }
    assert_eq!(header(&invite, HeaderId::CSEQ), "3 INVITE");
    peer.answer(&invite, 422, "p", |response| response.header(HeaderId::MIN_SE, 1_800_u32));
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, refused by them with 422");
}

/// §9: an interval that is too small is refused, where the caller understands why.
#[test]
fn an_interval_that_is_too_small() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = TIMED;
    let mut peer = Peer::new(settings);
    peer.invite("Supported: timer\r\nSession-Expires: 60\r\n", &description(5_000));
    assert_eq!(header(&peer.one("422 INVITE"), HeaderId::MIN_SE), "90");
}

/// §7.2: the callee is the refresher where the caller wants that.
#[test]
fn the_callee_refreshes() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = TIMED;
    let mut peer = Peer::new(settings);
    let more = "Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n";
    let invite = peer.invite(more, &description(5_000));
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    let ok = peer.last("200 INVITE");
    assert_eq!(header(&ok, HeaderId::SESSION_EXPIRES), "200;refresher=uas");
    let cseq = Message::parse_datagram(&invite).unwrap().head().cseq().unwrap().number;
    let to = header(&ok, HeaderId::TO);
    peer.request("ACK", &to, &format!("CSeq: {cseq} ACK\r\n"), b"");
    peer.pass(Duration::from_secs(100));
    let update = peer.one("UPDATE");
    assert_eq!(header(&update, HeaderId::SESSION_EXPIRES), "200;refresher=uac");
    // A refresh of the other side is good as well, and takes over.
    let more =
        "Contact: <sip:bob@192.0.2.9:5060>\r\nSupported: timer\r\nSession-Expires: 400;refresher=uac\r\n";
    peer.answer(&update, 200, "bob", |response| {
        response.header(HeaderId::SESSION_EXPIRES, "200;refresher=uac")
    });
    peer.request("UPDATE", &to, more, b"");
    assert_eq!(header(&peer.one("200 UPDATE"), HeaderId::SESSION_EXPIRES), "400;refresher=uac");
    peer.pass(Duration::from_secs(367));
    assert_eq!(peer.names(), [""; 0]);
    peer.pass(Duration::from_secs(1));
    assert_eq!(peer.names(), ["BYE"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, the session expired");
}
