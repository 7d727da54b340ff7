//! TS 24.229 §5.1.1.3: the subscription to the registration-state event package.

use std::time::Duration;

use sip::HeaderId;
use strowger_ue::Event;

use crate::support::{Peer, World, header, phone};

fn alice() -> World {
    World::new([phone("alice", "192.0.2.10:5060")])
}

#[test]
fn who_is_registered_subscribes_and_hears_of_itself() {
    let mut world = alice();
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(5));
    assert_eq!(
        world.seen_by(0)[4..],
        ["> SUBSCRIBE", "< 200 SUBSCRIBE", "< NOTIFY", "> 200 NOTIFY"],
        "{}",
        world.ladder()
    );
    let subscribe = world.last(0, "SUBSCRIBE");
    assert_eq!(subscribe.request_uri(), b"sip:alice@ims.example");
    let is = |id, value: &str| assert_eq!(header(subscribe, id), value);
    is(HeaderId::EVENT, "reg");
    is(HeaderId::EXPIRES, "600000");
    is(HeaderId::TO, "<sip:alice@ims.example>");
    is(HeaderId::ACCEPT, "application/reginfo+xml");
    let story = world.story(0);
    assert_eq!(story[1..], ["subscribed for 600000 s", "registration information 0"]);
}

#[test]
fn it_is_refreshed_600_seconds_before_its_end() {
    let mut world = alice().registered();
    let began = world.now;
    world.until("refreshed", |world| world.has(0, |event| matches!(event, Event::Subscribed { .. })));
    let refreshed = world.when(0, |event| matches!(event, Event::Subscribed { .. })) - began;
    assert!((599_330..=599_400).contains(&refreshed.as_secs()), "{refreshed:?}");
    let subscribe = world.last(0, "SUBSCRIBE");
    assert!(header(subscribe, HeaderId::TO).ends_with(";tag=home"), "within its dialog");
    assert_eq!(header(subscribe, HeaderId::CSEQ), "2 SUBSCRIBE");
}

#[test]
fn a_refusal_is_told_and_the_registration_stays() {
    let mut world = alice();
    world.home.wants.no_subscriptions = Some(403);
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.story(0)[1..], ["not subscribed: 403"]);
    assert!(world.phones[0].is_registered());
}

#[test]
fn a_refresh_of_what_the_network_forgot_begins_anew() {
    let mut world = alice().registered();
    world.home.wants.no_subscriptions = Some(481);
    world.until("refused", |world| world.has(0, |event| matches!(event, Event::SubscriptionEnded { .. })));
    world.home.wants.no_subscriptions = None;
    world.run_for(Duration::from_secs(10));
    let subscribes: Vec<_> =
        world.said.iter().filter(|said| said.message.method() == sip::Method::Subscribe).collect();
    let [refresh, anew] = &subscribes[..] else { panic!("{}", world.ladder()) };
    assert!(header(&refresh.message, HeaderId::TO).contains(";tag="));
    assert!(!header(&anew.message, HeaderId::TO).contains(";tag="));
    assert_ne!(header(&refresh.message, HeaderId::CALL_ID), header(&anew.message, HeaderId::CALL_ID));
}

/// RFC 6665 §4.4.1: the NOTIFY may come before the response.
#[test]
fn a_notify_may_overtake_the_response() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.credentials = strowger_ue::Credentials::Password("x".to_owned());
    let mut peer = Peer::new(settings);
    peer.wish(|ue, now| ue.register(now)).unwrap();
    let register = peer.one("REGISTER");
    peer.answer(&register, 200, "home", |_| {});
    let subscribe = peer.one("SUBSCRIBE");
    let tag = String::from_utf8(subscribe.head().from_tag().unwrap().to_vec()).unwrap();
    let call_id = header(&subscribe, HeaderId::CALL_ID);
    let notify = |peer: &mut Peer, event: &str, tag: &str, cseq: u32| {
        let more = format!(
            "From: <sip:alice@ims.example>;tag=home\r\nCall-ID: {call_id}\r\nCSeq: {cseq} NOTIFY\r\n\
             Contact: <sip:scscf@192.0.2.1:5060>\r\nEvent: {event}\r\nSubscription-State: active;expires=600\r\n"
        );
        peer.request("NOTIFY", &format!("<sip:alice@ims.example>;tag={tag}"), &more, b"");
        peer.names().pop().unwrap()
    };
    assert_eq!(notify(&mut peer, "reg", "other", 1), "481 NOTIFY");
    assert_eq!(notify(&mut peer, "presence", &tag, 1), "489 NOTIFY");
    assert_eq!(notify(&mut peer, "reg", &tag, 1), "200 NOTIFY");
    assert_eq!(notify(&mut peer, "reg", &tag, 1), "500 NOTIFY", "out of order");
    assert_eq!(notify(&mut peer, "reg", &tag, 2), "200 NOTIFY");
    peer.answer(&subscribe, 200, "home", |response| response.header(HeaderId::EXPIRES, 600_u32));
    assert_eq!(peer.story().last().unwrap(), "subscribed for 600 s");
    peer.pass(Duration::from_secs(299));
    assert_eq!(peer.names(), [""; 0]);
    peer.pass(Duration::from_secs(1));
    assert_eq!(peer.names(), ["SUBSCRIBE"]);
}
