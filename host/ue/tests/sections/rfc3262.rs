//! RFC 3262: reliable provisional responses, on both sides.

use std::time::Duration;

use sip::{HeaderId, Message, ResponseBuilder};
use strowger_ue::{CallFeatures, Event};

use crate::support::{Peer, description, header, phone};

const RELIABLE: CallFeatures = CallFeatures { reliable: true, preconditions: false, session_timer: None };

fn alone(features: CallFeatures) -> Peer {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = features;
    Peer::new(settings)
}

fn placed(peer: &mut Peer) -> Message {
    peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    peer.one("INVITE")
}

/// What makes a response reliable.
fn reliably(rseq: u32) -> impl Fn(&mut ResponseBuilder<'_>) {
    move |response| {
        response.header(HeaderId::REQUIRE, "100rel");
        response.header(HeaderId::RSEQ, rseq);
        response.body("application/sdp", &description(5_000));
    }
}

/// §4: in order, each once.
#[test]
fn the_caller_acknowledges_in_order() {
    let mut peer = alone(RELIABLE);
    let invite = placed(&mut peer);
    peer.answer(&invite, 183, "t", reliably(100));
    let prack = peer.one("PRACK");
    assert_eq!(header(&prack, HeaderId::RACK), "100 1 INVITE");
    assert_eq!(header(&prack, HeaderId::CSEQ), "2 PRACK");
    assert_eq!(prack.request_uri(), b"sip:bob@192.0.2.9:5060;fork=t");
    // Again: its PRACK is under way. Too soon: nobody knows what was between.
    for rseq in [100, 102] {
        peer.answer(&invite, 183, "t", reliably(rseq));
        assert_eq!(peer.names(), [""; 0], "{rseq}");
    }
    peer.answer(&prack, 200, "t", |_| {});
    peer.answer(&invite, 180, "t", reliably(101));
    assert_eq!(header(&peer.one("PRACK"), HeaderId::RACK), "101 1 INVITE");
    // Another fork counts by itself.
    peer.answer(&invite, 180, "u", reliably(7));
    assert_eq!(header(&peer.one("PRACK"), HeaderId::RACK), "7 1 INVITE");
    let ringing = peer.told.iter().filter(|(_, event)| matches!(event, Event::Ringing { .. })).count();
    assert_eq!(ringing, 1, "it is told once that it rings");
}

#[test]
fn an_answer_that_cannot_be_used_is_acknowledged_and_cancelled() {
    let mut peer = alone(RELIABLE);
    let invite = placed(&mut peer);
    peer.answer(&invite, 183, "t", |response| {
        response.header(HeaderId::REQUIRE, "100rel");
        response.header(HeaderId::RSEQ, 1_u32);
        response.body("application/sdp", b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 0 RTP/AVP 0\r\n");
    });
    assert_eq!(peer.names(), ["PRACK", "CANCEL"]);
    peer.answer(&invite, 487, "t", |_| {});
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, no media in common");
}

/// An answer that is not reliable is a preview: media may come, the answer is yet to come (RFC 3261 §13.2.1).
#[test]
fn early_media_without_reliability() {
    let mut peer = alone(CallFeatures::PLAIN);
    let invite = placed(&mut peer);
    peer.answer(&invite, 183, "t", |response| response.body("application/sdp", &description(5_000)));
    assert_eq!(peer.story().last().unwrap(), "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:5000");
    peer.answer(&invite, 200, "t", |response| response.body("application/sdp", &description(5_002)));
    assert_eq!(peer.names(), ["ACK"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:5002");
}

/// The phone is called, and rings reliably: its 180.
fn ringing(peer: &mut Peer) -> Message {
    peer.invite("Supported: 100rel\r\n", &description(5_000));
    let ringing = peer.last("180 INVITE");
    assert_eq!(header(&ringing, HeaderId::REQUIRE), "100rel");
    assert!(!ringing.body().is_empty(), "the answer is in the first response that is sure to arrive");
    ringing
}

fn rack(peer: &mut Peer, to: &Message, rseq: u32) -> String {
    let to = header(to, HeaderId::TO);
    peer.request("PRACK", &to, &format!("RAck: {rseq} 1 INVITE\r\n"), b"");
    peer.names().pop().unwrap()
}

/// §3: again and again, with T1 doubled, until the PRACK.
#[test]
fn the_callee_repeats_until_it_is_acknowledged() {
    let mut peer = alone(RELIABLE);
    let rings = ringing(&mut peer);
    for wait in [2, 4, 8] {
        peer.pass(Duration::from_secs(wait));
        assert_eq!(peer.names(), ["180 INVITE"]);
    }
    let rseq = header(&rings, HeaderId::RSEQ).parse().unwrap();
    assert_eq!(rack(&mut peer, &rings, rseq + 1), "481 PRACK");
    assert_eq!(rack(&mut peer, &rings, rseq), "200 PRACK");
    assert_eq!(rack(&mut peer, &rings, rseq), "481 PRACK", "there is nothing more to acknowledge");
    peer.pass(Duration::from_secs(60));
    assert_eq!(peer.names(), [""; 0]);
}

#[test]
fn the_callee_gives_up_when_it_is_never_acknowledged() {
    let mut peer = alone(RELIABLE);
    ringing(&mut peer);
    let began = peer.now;
    while !peer.ue.calls().is_empty() {
        peer.pass(Duration::from_secs(1));
    }
    assert!((119..=128).contains(&(peer.now - began).as_secs()));
    assert!(peer.names().iter().any(|name| name == "480 INVITE" || name == "504 INVITE"));
    // With a longer patience of the user it is 64*T1.
    let mut settings = phone("alice", "192.0.2.10:5060");
    (settings.features, settings.ring_for) = (RELIABLE, Duration::from_secs(600));
    let mut peer = Peer::new(settings);
    ringing(&mut peer);
    peer.pass(Duration::from_secs(127));
    assert_eq!(peer.ue.calls().len(), 1);
    peer.pass(Duration::from_secs(1));
    assert_eq!(peer.names().pop().unwrap(), "504 INVITE");
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, not acknowledged");
}

/// §3: no 2xx before the PRACK of a response that had a description.
#[test]
fn the_200_waits_for_the_prack() {
    let mut peer = alone(RELIABLE);
    let rings = ringing(&mut peer);
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    assert_eq!(peer.names(), [""; 0]);
    let to = header(&rings, HeaderId::TO);
    peer.request("PRACK", &to, &format!("RAck: {} 1 INVITE\r\n", header(&rings, HeaderId::RSEQ)), b"");
    let said = std::mem::take(&mut peer.said);
    let [prack, ok] = &said[..] else { panic!("two responses") };
    assert_eq!((prack.status(), ok.status()), (200, 200));
    assert!(ok.body().is_empty(), "the description is known");
}

/// §3: who requires it gets it, or 420.
#[test]
fn required() {
    let mut peer = alone(RELIABLE);
    peer.invite("Require: 100rel\r\n", &description(5_000));
    assert!(peer.last("180 INVITE").header(HeaderId::RSEQ).is_some());
    let mut peer = alone(CallFeatures::PLAIN);
    peer.invite("Require: 100rel, precondition\r\n", &description(5_000));
    assert_eq!(header(&peer.one("420 INVITE"), HeaderId::UNSUPPORTED), "100rel, precondition");
}

/// §5: the offer of an INVITE without one is in the first reliable response, and its answer in the PRACK.
#[test]
fn an_offer_in_the_180_is_answered_in_the_prack() {
    let mut peer = alone(RELIABLE);
    peer.invite("Supported: 100rel\r\n", b"");
    let rings = peer.last("180 INVITE");
    assert!(String::from_utf8_lossy(rings.body()).contains("m=audio 40000"));
    let more =
        format!("RAck: {} 1 INVITE\r\nContent-Type: application/sdp\r\n", header(&rings, HeaderId::RSEQ));
    peer.request("PRACK", &header(&rings, HeaderId::TO), &more, &description(5_000));
    assert_eq!(peer.names(), ["200 PRACK"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:5000");
}
