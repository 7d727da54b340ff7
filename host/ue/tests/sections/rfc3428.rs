//! RFC 3428 and TS 24.341: MESSAGE, both ways.

use std::time::Duration;

use sip::HeaderId;
use strowger_ue::{Event, Page, WishError, bounds};

use crate::support::{Peer, World, at, header, phone};

fn pair() -> World {
    World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]).registered()
}

fn message(world: &World) -> (&str, &[u8], &str) {
    let found = world.events(1).into_iter().find_map(|event| match event {
        Event::Message { content_type, body, call_id, .. } => Some((&**content_type, &**body, &**call_id)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_page_of_text() {
    let mut world = pair();
    world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), "hi Bob"))).unwrap();
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.story(0), ["message 1: answered with 200"]);
    assert_eq!(world.story(1), ["message of sip:alice@ims.example: 6 bytes of text/plain;charset=UTF-8"]);
    assert_eq!(message(&world).1, b"hi Bob");
    let sent = world.last(0, "MESSAGE");
    assert_eq!(header(sent, HeaderId::P_PREFERRED_IDENTITY), "<sip:alice@ims.example>");
    assert!(sent.header(HeaderId::CONTACT).is_none(), "a MESSAGE makes no dialog (§4)");
}

/// TS 24.341 §5.3.1.2 and §5.3.2.4: RPDUs go through as they are, and answers name what they answer.
#[test]
fn a_short_message_and_its_answer() {
    let mut world = pair();
    let rpdu = vec![0x00, 0x01, 0xff, 0x00];
    world.wish(0, |ue, now| ue.message(now, Page::sms(&at("bob"), rpdu.clone()))).unwrap();
    world.run_for(Duration::from_secs(1));
    let sent = world.last(0, "MESSAGE");
    assert_eq!(header(sent, HeaderId::ACCEPT_CONTACT), "*;+g.3gpp.smsip");
    let (content_type, body, call_id) = message(&world);
    assert_eq!((content_type, body), (Page::SMS, &rpdu[..]));
    let answer = Page { in_reply_to: Some(call_id.to_owned()), ..Page::sms(&at("alice"), vec![0x02, 0x01]) };
    let answers = call_id.to_owned();
    world.wish(1, |ue, now| ue.message(now, answer)).unwrap();
    assert_eq!(header(world.last(1, "MESSAGE"), HeaderId::IN_REPLY_TO), answers);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let kinds = [
        ("text/plain", 200),
        ("TEXT/PLAIN;charset=UTF-8", 200),
        ("application/vnd.3gpp.sms", 200),
        ("image/png", 415),
    ];
    for (kind, status) in kinds {
        peer.request("MESSAGE", "<sip:alice@ims.example>", &format!("Content-Type: {kind}\r\n"), b"x");
        let answer = peer.one(&format!("{status} MESSAGE"));
        assert_eq!(answer.header(HeaderId::ACCEPT).is_some(), status == 415);
    }
    peer.request("MESSAGE", "<sip:alice@ims.example>", "", b"");
    assert_eq!(peer.names(), ["200 MESSAGE"]);
}

#[test]
fn nobody_answers_or_nobody_is_there() {
    let mut world = pair();
    world.wish(0, |ue, now| ue.message(now, Page::text(&at("carol"), "hi"))).unwrap();
    world.run_for(Duration::from_secs(1));
    world.home.wants.is_dead = true;
    world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), "hi"))).unwrap();
    world.run_for(Duration::from_secs(130));
    assert_eq!(world.story(0), ["message 1: answered with 404", "message 2: answered with 408"]);
}

#[test]
fn what_is_not_sent() {
    let mut world = pair();
    let long = Page::text(&at("bob"), &"x".repeat(bounds::MAX_PAGE + 1));
    assert_eq!(world.wish(0, |ue, now| ue.message(now, long)), Err(WishError::TooLarge));
    let nobody = Page::text("bob", "hi");
    assert_eq!(world.wish(0, |ue, now| ue.message(now, nobody)), Err(WishError::Uri));
}

/// More requests than a phone keeps transactions for.
#[test]
fn there_is_no_room_for_more() {
    let mut world = pair();
    world.home.wants.is_dead = true;
    let room = bounds::MAX_TRANSACTIONS;
    for _ in 0..room {
        world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), "hi"))).unwrap();
    }
    let one_more = world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), "hi")));
    assert_eq!(one_more, Err(WishError::NoRoom));
    assert_eq!(world.wish(0, |ue, now| ue.call(now, &at("bob"))), Err(WishError::NoRoom));
}
