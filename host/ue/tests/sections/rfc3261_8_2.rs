//! RFC 3261 §8.2 and §11: requests that a phone answers by itself.

use sip::HeaderId;
use strowger_ue::{CallFeatures, Event};

use crate::support::{Peer, description, header, phone};

const TO: &str = "<sip:alice@ims.example>";

fn alone() -> Peer {
    Peer::new(phone("alice", "192.0.2.10:5060"))
}

/// §11.2: what it can do.
#[test]
fn options() {
    let mut peer = alone();
    peer.request("OPTIONS", TO, "", b"");
    let ok = peer.one("200 OPTIONS");
    assert_eq!(
        header(&ok, HeaderId::ALLOW),
        "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, MESSAGE, NOTIFY"
    );
    assert_eq!(header(&ok, HeaderId::SUPPORTED), "100rel, precondition, timer");
    assert_eq!(header(&ok, HeaderId::ALLOW_EVENTS), "reg");
    assert!(ok.head().to_tag().is_some());
    // As an INVITE would be answered: it is busy.
    for _ in 0..2 {
        peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    }
    peer.names();
    peer.request("OPTIONS", TO, "", b"");
    assert_eq!(peer.names(), ["486 OPTIONS"]);
    peer.invite("Call-ID: another\r\n", &description(5_000));
    assert_eq!(peer.names(), ["486 INVITE"]);
}

#[test]
fn methods_that_it_does_not_take() {
    let mut peer = alone();
    for (method, status) in
        [("REGISTER", 405), ("PUBLISH", 405), ("REFER", 405), ("INFO", 405), ("DANCE", 501)]
    {
        let more = "Contact: <sip:bob@192.0.2.9>\r\n";
        peer.request(method, TO, more, b"");
        let said = std::mem::take(&mut peer.said);
        let [answer] = &said[..] else { panic!("{method}") };
        assert_eq!(answer.status(), status, "{method}");
        assert!(answer.header(HeaderId::ALLOW).is_some(), "{method}");
    }
}

#[test]
fn events_that_it_does_not_know() {
    let mut peer = alone();
    let more = "Contact: <sip:bob@192.0.2.9>\r\nEvent: presence\r\n";
    peer.request("SUBSCRIBE", TO, more, b"");
    assert_eq!(header(&peer.one("489 SUBSCRIBE"), HeaderId::ALLOW_EVENTS), "reg");
    peer.request("NOTIFY", TO, &format!("{more}Subscription-State: active\r\n"), b"");
    assert_eq!(header(&peer.one("489 NOTIFY"), HeaderId::ALLOW_EVENTS), "reg");
    peer.request("NOTIFY", TO, "Event: reg\r\nSubscription-State: active\r\n", b"");
    assert_eq!(peer.names(), ["481 NOTIFY"]);
}

#[test]
fn what_must_be_understood_and_is_not() {
    let mut peer = alone();
    peer.invite("Require: 100REL, fly, sing\r\n", &description(5_000));
    assert_eq!(header(&peer.one("420 INVITE"), HeaderId::UNSUPPORTED), "fly, sing");
}

/// §12.2.2: nobody here.
#[test]
fn requests_within_dialogs_that_are_not_there() {
    let mut peer = alone();
    for method in ["BYE", "UPDATE", "PRACK", "INVITE", "OPTIONS"] {
        for to in [TO, "<sip:alice@ims.example>;tag=x"] {
            if to == TO && matches!(method, "INVITE" | "OPTIONS") {
                continue;
            }
            peer.request(method, to, "Contact: <sip:bob@192.0.2.9>\r\n", b"");
            assert_eq!(peer.names(), [format!("481 {method}")]);
        }
    }
    peer.request("ACK", "<sip:alice@ims.example>;tag=x", "", b"");
    assert_eq!(peer.names(), [""; 0]);
}

#[test]
fn requests_that_cannot_be_read() {
    let mut peer = alone();
    peer.request("OPTIONS", TO, "CSeq: 1 INVITE\r\n", b"");
    assert_eq!(peer.said[0].status(), 400);
    peer.said.clear();
    peer.request("INVITE", TO, "", &[]);
    assert_eq!(peer.names(), ["400 INVITE"], "without a Contact there is no dialog");
    peer.hear(b"hello\r\n\r\n");
    assert_eq!(peer.told.last().unwrap().1, Event::Unreadable);
    peer.hear(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\r\nCSeq: 1 INVITE\r\n\r\n");
    assert_eq!(peer.names(), [""; 0], "a response that nobody waits for");
}

#[test]
fn uris_that_it_does_not_have() {
    let mut peer = alone();
    let options = peer.request("OPTIONS", TO, "", b"");
    peer.names();
    let other =
        String::from_utf8(options).unwrap().replace("OPTIONS sip:alice@192.0.2.10:5060", "OPTIONS http://x");
    peer.hear(other.replace("peer1", "other").as_bytes());
    assert_eq!(peer.names(), ["416 OPTIONS"]);
}

/// §8.2.2.2: the same INVITE on two ways.
#[test]
fn merged_requests() {
    let mut peer = alone();
    let invite = String::from_utf8(peer.invite("", &description(5_000))).unwrap();
    peer.names();
    peer.hear(invite.replace("z9hG4bKpeer1", "z9hG4bKother").as_bytes());
    assert_eq!(peer.names(), ["482 INVITE"]);
    peer.hear(invite.as_bytes());
    assert_eq!(peer.names(), ["180 INVITE"], "a retransmission brings the last response again");
}

/// §12.2.2: a request that is out of order.
#[test]
fn sequence_numbers_of_a_dialog() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.features = CallFeatures::PLAIN;
    let mut peer = Peer::new(settings);
    peer.invite("CSeq: 100 INVITE\r\n", &description(5_000));
    let to = header(&peer.last("180 INVITE"), HeaderId::TO);
    let contact = "Contact: <sip:bob@192.0.2.9:5060>\r\n";
    for (cseq, expected) in [(99, 500), (100, 500), (102, 200), (101, 500)] {
        peer.request("UPDATE", &to, &format!("CSeq: {cseq} UPDATE\r\n{contact}"), b"");
        assert_eq!(peer.names(), [format!("{expected} UPDATE")], "{cseq}");
    }
    peer.request("OPTIONS", &to, "CSeq: 103 OPTIONS\r\n", b"");
    assert_eq!(peer.names(), ["200 OPTIONS"]);
    // A BYE before the answer ends the INVITE as well (§15.1.2).
    peer.request("BYE", &to, "CSeq: 104 BYE\r\n", b"");
    assert_eq!(peer.names(), ["200 BYE", "487 INVITE"]);
    assert_eq!(peer.story().last().unwrap(), "call 1: ended, hung up by them");
}

/// The table of transactions is full: 503, and nothing is kept.
#[test]
fn more_requests_than_there_is_room_for() {
    let mut peer = alone();
    for _ in 0..strowger_ue::bounds::MAX_TRANSACTIONS {
        peer.request("OPTIONS", TO, "", b"");
    }
    peer.names();
    peer.request("OPTIONS", TO, "", b"");
    assert_eq!(peer.names(), ["503 OPTIONS"]);
}
