//! RFC 3261 §13 and §15 with TS 24.229 §5.1.3 and §5.1.4: calls, from INVITE to BYE.

use std::time::Duration;

use sip::{HeaderId, Message};
use strowger_ue::{By, CallFeatures, Credentials, Event, Why, WishError};

use crate::support::{PASSWORD, Peer, World, at, description, header, phone};

/// Alice and Bob are registered, and both do this in calls.
fn pair(features: CallFeatures) -> World {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|settings| settings.features = features);
    World::new(settings).registered()
}

/// Alice calls; it rings at Bob.
fn ring(world: &mut World) {
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(0, |event| matches!(event, Event::Ringing { .. })));
}

/// Bob answers, and everything that follows is over.
fn answer(world: &mut World) {
    let call = world.phones[1].calls()[0];
    world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    world.until("answered", |world| world.has(0, |event| matches!(event, Event::Answered { .. })));
    world.run_for(Duration::from_secs(1));
}

fn hang_up(world: &mut World, phone: usize) {
    let call = world.phones[phone].calls()[0];
    world.wish(phone, |ue, now| ue.hang_up(now, call)).unwrap();
    world.run_for(Duration::from_secs(1));
}

fn without_100(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.contains("100 INVITE")).collect()
}

fn ended(world: &World, phone: usize) -> Vec<Why> {
    let why = |event: &&Event| match event {
        Event::Ended { why, .. } => Some(*why),
        _ => None,
    };
    world.events(phone).iter().filter_map(why).collect()
}

/// TS 24.229 §5.1.3.1 and §5.1.4.1, as GSMA IR.92 draws it.
#[test]
fn a_call_of_volte() {
    let mut world = pair(CallFeatures::VOLTE);
    ring(&mut world);
    answer(&mut world);
    hang_up(&mut world, 0);
    assert_eq!(
        without_100(world.seen_by(0)),
        [
            "> INVITE",
            "< 183 INVITE",
            "> PRACK",
            "< 200 PRACK",
            "> UPDATE",
            "< 200 UPDATE",
            "< 180 INVITE",
            "> PRACK",
            "< 200 PRACK",
            "< 200 INVITE",
            "> ACK",
            "> BYE",
            "< 200 BYE",
        ]
    );
    assert_eq!(
        world.story(0),
        [
            "call 1: calling sip:bob@ims.example",
            "call 1: progress 183",
            "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.11:40000",
            "call 1: ringing",
            "call 1: answered",
            "call 1: ended, hung up by us",
        ]
    );
    assert_eq!(
        world.story(1),
        [
            "call 1: sip:alice@ims.example calls",
            "call 1: media 192.0.2.11:40000 sendrecv 192.0.2.10:40000",
            "call 1: ringing",
            "call 1: answered",
            "call 1: ended, hung up by them",
        ]
    );
}

#[test]
fn the_invite_says_what_an_ims_phone_says() {
    let mut world = pair(CallFeatures::VOLTE);
    ring(&mut world);
    let invite = world.last(0, "INVITE");
    assert_eq!(invite.request_uri(), b"sip:bob@ims.example");
    let mmtel = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"";
    let is = |id, value: &str| assert_eq!(header(invite, id), value);
    is(HeaderId::P_PREFERRED_IDENTITY, "<sip:alice@ims.example>");
    is(HeaderId::ACCEPT_CONTACT, &format!("*;{mmtel}"));
    is(HeaderId::P_PREFERRED_SERVICE, "urn:urn-7:3gpp-service.ims.icsi.mmtel");
    is(HeaderId::P_EARLY_MEDIA, "supported");
    is(HeaderId::SUPPORTED, "100rel, precondition, timer");
    is(HeaderId::SESSION_EXPIRES, "1800");
    is(HeaderId::TO, "<sip:bob@ims.example>");
    assert!(header(invite, HeaderId::CONTACT).contains(mmtel));
    let asserted = vec!["sip:alice@ims.example".to_owned()];
    assert!(world.has(1, |event| matches!(event, Event::Incoming { asserted: a, .. } if *a == asserted)));
}

#[test]
fn a_call_without_extensions() {
    let mut world = pair(CallFeatures::PLAIN);
    ring(&mut world);
    assert!(world.last(0, "INVITE").header(HeaderId::SUPPORTED).is_none());
    assert!(world.last(1, "180 INVITE").body().is_empty());
    answer(&mut world);
    hang_up(&mut world, 1);
    assert_eq!(
        without_100(world.seen_by(0)),
        ["> INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "< BYE", "> 200 BYE"]
    );
    assert_eq!(
        (ended(&world, 0), ended(&world, 1)),
        (vec![Why::HungUp(By::Them)], vec![Why::HungUp(By::Us)])
    );
}

/// Only one side knows the extensions: the call is as without them.
#[test]
fn phones_that_know_different_things() {
    for (caller, callee) in
        [(CallFeatures::VOLTE, CallFeatures::PLAIN), (CallFeatures::PLAIN, CallFeatures::VOLTE)]
    {
        let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
        (settings[0].features, settings[1].features) = (caller, callee);
        let mut world = World::new(settings).registered();
        ring(&mut world);
        answer(&mut world);
        hang_up(&mut world, 0);
        let expected = ["> INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE"];
        assert_eq!(without_100(world.seen_by(0)), expected);
    }
}

#[test]
fn refusals() {
    for status in [480, 486, 603] {
        let mut world = pair(CallFeatures::VOLTE);
        ring(&mut world);
        let call = world.phones[1].calls()[0];
        assert_eq!(world.wish(1, |ue, now| ue.refuse(now, call, 200)), Err(WishError::Status(200)));
        world.wish(1, |ue, now| ue.refuse(now, call, status)).unwrap();
        world.run_for(Duration::from_secs(1));
        assert_eq!(ended(&world, 0), [Why::Refused { status, by: By::Them }]);
        assert_eq!(ended(&world, 1), [Why::Refused { status, by: By::Us }]);
        assert!(world.seen_by(0).contains(&"> ACK".to_owned()));
    }
}

#[test]
fn nobody_is_there() {
    let mut world = pair(CallFeatures::VOLTE);
    world.wish(0, |ue, now| ue.call(now, &at("carol"))).unwrap();
    world.run_for(Duration::from_secs(1));
    assert_eq!(ended(&world, 0), [Why::Refused { status: 404, by: By::Them }]);
    world.home.wants.is_dead = true;
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(130));
    assert_eq!(ended(&world, 0)[1..], [Why::NoAnswer], "Timer B of the UE: 128 s");
}

#[test]
fn it_rings_for_so_long_and_no_longer() {
    let mut world = pair(CallFeatures::VOLTE);
    ring(&mut world);
    let began = world.when(1, |event| matches!(event, Event::Incoming { .. }));
    world.until("the callee gives up", |world| world.has(1, |event| matches!(event, Event::Ended { .. })));
    assert_eq!((world.now - began).as_secs(), 120);
    world.run_for(Duration::from_secs(1));
    assert_eq!(ended(&world, 1), [Why::Unanswered]);
    assert_eq!(ended(&world, 0), [Why::Refused { status: 480, by: By::Them }]);
}

#[test]
fn the_caller_waits_for_so_long_and_no_longer() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings[0].answer_within = Duration::from_secs(40);
    let mut world = World::new(settings).registered();
    ring(&mut world);
    world.run_for(Duration::from_secs(41));
    assert_eq!((ended(&world, 0), ended(&world, 1)), (vec![Why::Unanswered], vec![Why::Cancelled(By::Them)]));
}

#[test]
fn one_call_for_each_address_of_media() {
    let mut world = pair(CallFeatures::PLAIN);
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    assert_eq!(world.wish(0, |ue, now| ue.call(now, &at("bob"))), Err(WishError::NoRoom));
    world.run_for(Duration::from_secs(1));
    let calls = world.phones[1].calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    }
    world.run_for(Duration::from_secs(1));
    assert!(
        world.has(0, |event| event.to_string() == "call 2: media 192.0.2.10:40002 sendrecv 192.0.2.11:40002")
    );
    // Bob has no room for a third one, whoever calls.
    assert_eq!(world.wish(1, |ue, now| ue.call(now, &at("alice"))), Err(WishError::NoRoom));
    hang_up(&mut world, 0);
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(1));
    assert!(world.has(1, |event| event.to_string() == "call 3: ringing"));
}

#[test]
fn wishes_that_make_no_sense() {
    let mut world = pair(CallFeatures::PLAIN);
    for uri in ["bob", "mailto:bob@ims.example", "sip:bob@ims.example?Subject=x"] {
        assert_eq!(world.wish(0, |ue, now| ue.call(now, uri)), Err(WishError::Uri), "{uri}");
    }
    let call = world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    assert_eq!(world.wish(0, |ue, now| ue.answer(now, call)), Err(WishError::NotNow));
    assert_eq!(world.wish(0, |ue, now| ue.refuse(now, call, 486)), Err(WishError::NotNow));
    assert_eq!(world.wish(0, |ue, now| ue.hold(now, call)), Err(WishError::NotNow));
    let none = strowger_ue::CallId(99);
    assert_eq!(world.wish(0, |ue, now| ue.hang_up(now, none)), Err(WishError::NoSuchCall));
}

/// RFC 3261 §22.3: a proxy wants credentials; the ACK and the BYE have them as well.
#[test]
fn a_call_through_a_proxy_that_asks_who_calls() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|s| s.credentials = Credentials::Password(PASSWORD.to_owned()));
    let mut world = World::new(settings);
    world.home.wants.digest = Some(auth::Algorithm::Sha256);
    let mut world = world.registered();
    world.home.wants.challenges_requests = true;
    ring(&mut world);
    answer(&mut world);
    assert!(world.last(0, "ACK").header(HeaderId::PROXY_AUTHORIZATION).is_some());
    hang_up(&mut world, 0);
    assert_eq!(without_100(world.seen_by(0))[..4], ["> INVITE", "< 407 INVITE", "> ACK", "> INVITE"]);
    assert_eq!(ended(&world, 0), [Why::HungUp(By::Us)]);
}

/// Credentials that are not believed are sent so often and no more.
#[test]
fn a_proxy_that_believes_nothing() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.credentials = Credentials::Password("wrong".to_owned());
    let mut peer = Peer::new(settings);
    peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    for _ in 0..=strowger_ue::bounds::MAX_PROOFS {
        let invite = peer.last("INVITE");
        let challenge =
            auth::challenge_value("ims.example", "n", auth::Algorithm::Md5, false, &[auth::Qop::Auth]);
        peer.answer(&invite, 407, "p", |response| response.header(HeaderId::PROXY_AUTHENTICATE, challenge));
    }
    assert_eq!(peer.names(), ["ACK"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, refused by them with 407");
}

fn alone() -> Peer {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = CallFeatures::PLAIN;
    Peer::new(settings)
}

fn placed(peer: &mut Peer) -> Message {
    peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    peer.one("INVITE")
}

fn accept(peer: &mut Peer, invite: &Message, tag: &str) {
    peer.answer(invite, 200, tag, |response| response.body("application/sdp", &description(5_000)));
}

/// §13.2.2.4: whoever answers first has the call; whoever answers then is hung up.
#[test]
fn forks() {
    let mut peer = alone();
    let invite = placed(&mut peer);
    for tag in ["one", "two"] {
        peer.answer(&invite, 180, tag, |_| {});
    }
    accept(&mut peer, &invite, "two");
    let ack = peer.one("ACK");
    assert_eq!(ack.request_uri(), b"sip:bob@192.0.2.9:5060;fork=two");
    accept(&mut peer, &invite, "one");
    let said = std::mem::take(&mut peer.said);
    let [ack, bye] = &said[..] else { panic!("an ACK and a BYE") };
    assert_eq!((ack.method(), bye.method()), (sip::Method::Ack, sip::Method::Bye));
    assert_eq!(bye.request_uri(), b"sip:bob@192.0.2.9:5060;fork=one");
    // The 2xx that counts, again: its ACK again, byte for byte.
    accept(&mut peer, &invite, "two");
    let again = peer.one("ACK");
    assert_eq!(again.request_uri(), b"sip:bob@192.0.2.9:5060;fork=two");
    assert_eq!(peer.story().iter().filter(|line| line.contains("answered")).count(), 1);
}

#[test]
fn more_forks_than_are_followed() {
    let mut peer = alone();
    let invite = placed(&mut peer);
    for fork in 0..=strowger_ue::bounds::MAX_FORKS {
        peer.answer(&invite, 183, &format!("fork{fork}"), |_| {});
    }
    let last = format!("fork{}", strowger_ue::bounds::MAX_FORKS);
    accept(&mut peer, &invite, &last);
    let ack = peer.one("ACK");
    assert!(ack.request_uri().ends_with(last.as_bytes()), "it counts all the same");
    assert!(peer.story().contains(&"call 1: answered".to_owned()));
}

#[test]
fn an_answer_that_cannot_be_used_is_acknowledged_and_hung_up() {
    let mut peer = alone();
    let invite = placed(&mut peer);
    peer.answer(&invite, 200, "t", |_| {});
    assert_eq!(peer.names(), ["ACK", "BYE"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, no media in common");
}

/// §13.3.1.4: the 200 goes again until its ACK; without one the call is ended. §15: not before.
#[test]
fn a_200_that_nobody_acknowledges() {
    let mut peer = alone();
    peer.invite("", &description(5_000));
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    peer.wish(|ue, now| ue.hang_up(now, call)).unwrap();
    assert_eq!(peer.names(), ["100 INVITE", "180 INVITE", "200 INVITE"]);
    let began = peer.now;
    // T1 is 2 s, T2 16 s, 64*T1 128 s.
    for wait in [2, 4, 8, 16, 16] {
        peer.pass(Duration::from_secs(wait));
        assert_eq!(peer.names(), ["200 INVITE"]);
    }
    while peer.ue.calls().contains(&call) {
        peer.pass(Duration::from_secs(1));
    }
    assert_eq!((peer.now - began).as_secs(), 128);
    assert_eq!(peer.names().pop().unwrap(), "BYE");
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, hung up by us");
}

#[test]
fn hanging_up_waits_for_the_ack() {
    let mut peer = alone();
    let invite = peer.invite("", &description(5_000));
    let call = peer.ue.calls()[0];
    peer.wish(|ue, now| ue.answer(now, call)).unwrap();
    let ok = peer.last("200 INVITE");
    peer.wish(|ue, now| ue.hang_up(now, call)).unwrap();
    assert_eq!(peer.names(), [""; 0]);
    let cseq = Message::parse_datagram(&invite).unwrap().head().cseq().unwrap().number;
    let to = header(&ok, HeaderId::TO);
    peer.request("ACK", &to, &format!("CSeq: {cseq} ACK\r\n"), b"");
    assert_eq!(peer.names(), ["BYE"]);
}

/// §13.3.1.4 and RFC 3264 §4: the INVITE offers nothing, so the 200 does, and the ACK answers.
#[test]
fn an_invite_without_an_offer() {
    for answers in [true, false] {
        let mut peer = alone();
        let invite = peer.invite("", b"");
        let call = peer.ue.calls()[0];
        peer.wish(|ue, now| ue.answer(now, call)).unwrap();
        let ok = peer.last("200 INVITE");
        assert!(String::from_utf8_lossy(ok.body()).contains("m=audio 40000 RTP/AVP 0"));
        let cseq = Message::parse_datagram(&invite).unwrap().head().cseq().unwrap().number;
        let more = format!("CSeq: {cseq} ACK\r\nContent-Type: application/sdp\r\n");
        let body = if answers { description(5_000) } else { Vec::new() };
        peer.request("ACK", &header(&ok, HeaderId::TO), &more, &body);
        let end = if answers {
            "call 1: media 192.0.2.10:40000 sendrecv 192.0.2.9:5000"
        } else {
            "call 1: ended, no media in common"
        };
        assert_eq!(peer.story().last().unwrap(), end);
    }
}

#[test]
fn an_offer_that_cannot_be_used_is_refused() {
    let mut peer = alone();
    for offer in [
        "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP 96\r\n",
        "v=0\r\nm=audio 5000 RTP/AVP 0\r\n",
        "hello",
    ] {
        peer.invite("", offer.as_bytes());
        assert_eq!(peer.names(), ["488 INVITE"], "{offer}");
    }
    assert_eq!(peer.story(), [""; 0]);
}
