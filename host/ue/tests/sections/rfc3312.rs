//! RFC 3312 and RFC 4032 with TS 24.229 §5.1.3.1, §5.1.4.1 and §6.1: preconditions.

use std::time::Duration;

use sip::{HeaderId, Message};
use strowger_ue::Event;

use crate::support::{Peer, World, at, header, phone};

fn body(message: &Message) -> String {
    String::from_utf8(message.body().to_vec()).unwrap()
}

fn has(message: &Message, line: &str) {
    let body = body(message);
    assert!(body.contains(&format!("a={line}\r\n")), "{line}\n{body}");
}

/// §13.1 of RFC 3312, as TS 24.930 §5.2 draws it: what each message says.
#[test]
fn what_is_said_until_it_rings() {
    let mut world =
        World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(1, |event| matches!(event, Event::Ringing { .. })));
    let invite = world.last(0, "INVITE");
    for line in [
        "curr:qos local none",
        "curr:qos remote none",
        "des:qos mandatory local sendrecv",
        "des:qos none remote sendrecv",
    ] {
        has(invite, line);
    }
    let progress = world.last(1, "183 INVITE");
    assert_eq!(header(progress, HeaderId::REQUIRE), "100rel, precondition");
    for line in [
        "curr:qos local none",
        "curr:qos remote none",
        "des:qos mandatory remote sendrecv",
        "conf:qos remote sendrecv",
    ] {
        has(progress, line);
    }
    let update = world.last(0, "UPDATE");
    assert_eq!(header(update, HeaderId::REQUIRE), "precondition");
    has(update, "curr:qos local sendrecv");
    let ok = world.last(1, "200 UPDATE");
    has(ok, "curr:qos local sendrecv");
    has(ok, "curr:qos remote sendrecv");
}

/// The callee's resources are there at last: it does not ring before.
#[test]
fn the_callee_waits_for_its_own_resources() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings[1].reservation = Duration::from_secs(3);
    let mut world = World::new(settings).registered();
    let began = world.now;
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(1, |event| matches!(event, Event::Ringing { .. })));
    assert_eq!((world.now - began).as_secs(), 3);
    assert!(world.spoken(1, true).contains(&"200 UPDATE".to_owned()));
}

/// Resources are there from the beginning: nothing has to be updated.
#[test]
fn with_resources_that_are_there() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|settings| settings.reservation = Duration::ZERO);
    let mut world = World::new(settings).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(2));
    let seen: Vec<_> = world.seen_by(0).into_iter().filter(|line| !line.contains("100")).collect();
    assert_eq!(seen, ["> INVITE", "< 180 INVITE", "> PRACK", "< 200 PRACK"]);
    has(world.last(0, "INVITE"), "curr:qos local sendrecv");
}

/// The user answers before it may ring: the 200 waits, and nothing rings.
#[test]
fn an_answer_that_comes_before_the_preconditions_are_met() {
    let mut world =
        World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it came", |world| world.has(1, |event| matches!(event, Event::Incoming { .. })));
    let call = world.phones[1].calls()[0];
    world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    assert!(!world.has(1, |event| matches!(event, Event::Answered { .. })));
    world.until("answered", |world| world.has(0, |event| matches!(event, Event::Answered { .. })));
    let seen = world.seen_by(0);
    assert!(
        seen.contains(&"< 200 UPDATE".to_owned()) && !seen.contains(&"< 180 INVITE".to_owned()),
        "{seen:?}"
    );
}

/// Alice alone; the peer's 183 has come and is acknowledged, and her UPDATE is out.
fn updating(peer: &mut Peer) -> (Message, Message) {
    peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    let invite = peer.one("INVITE");
    peer.answer(&invite, 183, "t", |response| {
        response.header(HeaderId::REQUIRE, "100rel, precondition");
        response.header(HeaderId::RSEQ, 1_u32);
        response.body("application/sdp", &answer("none", "none"));
    });
    let prack = peer.one("PRACK");
    peer.pass(Duration::from_secs(1));
    assert_eq!(peer.names(), [""; 0], "reserved by now, but the PRACK is not answered");
    peer.answer(&prack, 200, "t", |_| {});
    (invite, peer.one("UPDATE"))
}

fn answer(local: &str, remote: &str) -> Vec<u8> {
    format!(
        "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP 0\r\na=curr:qos local {local}\r\n\
         a=curr:qos remote {remote}\r\na=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n"
    )
    .into_bytes()
}

#[test]
fn an_update_that_meets_one_of_the_callees_goes_again() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let (invite, update) = updating(&mut peer);
    peer.answer(&update, 491, "t", |_| {});
    assert_eq!(peer.names(), [""; 0]);
    peer.pass(Duration::from_secs(4));
    let again = peer.one("UPDATE");
    has(&again, "curr:qos local sendrecv");
    peer.answer(&again, 200, "t", |response| {
        response.body("application/sdp", &answer("sendrecv", "sendrecv"))
    });
    peer.answer(&invite, 200, "t", |_| {});
    assert_eq!(peer.names(), ["ACK"]);
    assert!(peer.story().contains(&"call 1: answered".to_owned()));
}

/// The 2xx to the INVITE overtakes that of the UPDATE: the call is up all the same.
#[test]
fn a_200_overtakes_the_answer_to_the_update() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let (invite, update) = updating(&mut peer);
    peer.answer(&invite, 200, "t", |_| {});
    assert_eq!(peer.names(), ["ACK"]);
    peer.answer(&update, 200, "t", |response| {
        response.body("application/sdp", &answer("sendrecv", "sendrecv"))
    });
    assert_eq!(peer.names(), [""; 0]);
    assert_eq!(peer.story().last().unwrap(), "call 1: answered");
    assert_eq!(peer.ue.calls().len(), 1);
}

/// RFC 3312 §8: what cannot be confirmed is no call.
#[test]
fn an_update_that_is_refused_ends_the_call() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let (_, update) = updating(&mut peer);
    peer.answer(&update, 580, "t", |_| {});
    assert_eq!(peer.names(), ["CANCEL"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: change refused with 580");
}

/// The callee's own UPDATE in the early dialog is answered (RFC 3311 §5.2), unless it meets ours.
#[test]
fn an_update_of_the_callee() {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let (invite, update) = updating(&mut peer);
    let own = format!("{};tag=t", header(&invite, HeaderId::TO));
    let headers = |cseq: u32| {
        format!(
            "From: {own}\r\nCall-ID: {}\r\nCSeq: {cseq} UPDATE\r\nContact: <sip:bob@192.0.2.9:5060>\r\n\
             Content-Type: application/sdp\r\n",
            header(&invite, HeaderId::CALL_ID)
        )
    };
    let to = header(&invite, HeaderId::FROM);
    peer.request("UPDATE", &to, &headers(1), &answer("sendrecv", "none"));
    assert_eq!(peer.names(), ["491 UPDATE"]);
    peer.answer(&update, 200, "t", |response| response.body("application/sdp", &answer("none", "sendrecv")));
    peer.request("UPDATE", &to, &headers(2), &answer("sendrecv", "sendrecv"));
    has(&peer.one("200 UPDATE"), "curr:qos remote sendrecv");
}
