//! RFC 3261 §17.2.3, pair by pair.

use sip::Message;

use super::*;

struct Request<'a> {
    method: &'a str,
    uri: &'a str,
    via: &'a str,
    from_tag: &'a str,
    to: &'a str,
    call_id: &'a str,
    cseq: u32,
}

const UNIQUE: Request<'_> = Request {
    method: "INVITE",
    uri: "sip:bob@example.com",
    via: "SIP/2.0/UDP ua.example.com:5060;branch=z9hG4bKabc",
    from_tag: "1",
    to: "<sip:bob@example.com>",
    call_id: "call",
    cseq: 1,
};

const RFC2543: Request<'_> = Request { via: "SIP/2.0/UDP ua.example.com", ..UNIQUE };

impl Request<'_> {
    fn message(&self) -> Message {
        let Request { method, uri, via, from_tag, to, call_id, cseq } = self;
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@example.com>;tag={from_tag}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        );
        Message::parse_datagram(text.as_bytes()).unwrap()
    }

    fn identity(&self) -> Identity {
        Matcher::new([1; 16]).identify(&self.message().head()).unwrap()
    }
}

fn same(one: &Request<'_>, two: &Request<'_>) -> bool {
    one.identity() == two.identity()
}

#[test]
fn with_a_cookie_only_branch_sent_by_and_method_count() {
    let other =
        Request { uri: "sip:x@y", from_tag: "9", to: "<sip:z>;tag=4", call_id: "z", cseq: 7, ..UNIQUE };
    assert!(same(&UNIQUE, &other));
    assert!(!UNIQUE.identity().is_rfc2543);
    assert!(!same(&UNIQUE, &Request { method: "OPTIONS", ..UNIQUE }));
    assert!(!same(&UNIQUE, &Request { via: "SIP/2.0/UDP ua.example.com:5060;branch=z9hG4bKabd", ..UNIQUE }));
}

#[test]
fn sent_by_without_case_but_with_its_port() {
    for via in [
        "SIP/2.0/UDP UA.Example.COM:5060;branch=z9hG4bKabc",
        "SIP/2.0/UDP ua.example.com;branch=z9hG4bKABC",
        "SIP/2.0/UDP ua.example.com:5060;received=192.0.2.1;rport=9;branch=Z9HG4BKabc",
        "SIP / 2.0 / UDP ua.example.com : 5060 ;branch = z9hG4bKabc",
        // Only the top Via counts.
        "SIP/2.0/UDP ua.example.com:5060;branch=z9hG4bKabc, SIP/2.0/UDP z;branch=z9hG4bKz",
    ] {
        assert!(same(&UNIQUE, &Request { via, ..UNIQUE }), "{via}");
    }
    for via in [
        "SIP/2.0/UDP ua.example.com:5061;branch=z9hG4bKabc",
        "SIP/2.0/TLS ua.example.com;branch=z9hG4bKabc",
        "SIP/2.0/UDP ua.example.org:5060;branch=z9hG4bKabc",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc",
    ] {
        assert!(!same(&UNIQUE, &Request { via, ..UNIQUE }), "{via}");
    }
    let compressed = Request { via: "SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKabc", ..UNIQUE };
    let written_out = Request { via: "SIP/2.0/UDP [2001:DB8:0:0:0:0:0:1]:5060;branch=z9hG4bKabc", ..UNIQUE };
    assert!(same(&compressed, &written_out));
}

#[test]
fn methods_without_a_name_differ_by_their_token() {
    let new = Request { method: "NEW", ..UNIQUE };
    assert!(same(&new, &Request { method: "NEW", ..UNIQUE }));
    assert!(!same(&new, &Request { method: "NEWER", ..UNIQUE }));
    assert!(!same(&new, &Request { method: "new", ..UNIQUE }));
}

#[test]
fn without_a_cookie_the_rules_of_rfc_2543() {
    assert!(RFC2543.identity().is_rfc2543);
    assert!(same(
        &RFC2543,
        &Request { via: "SIP/2.0/UDP UA.example.com:5060;received=192.0.2.1", ..RFC2543 }
    ));
    for other in [
        Request { method: "OPTIONS", ..RFC2543 },
        Request { uri: "sip:x@y", ..RFC2543 },
        Request { via: "SIP/2.0/TCP ua.example.com", ..RFC2543 },
        Request { via: "SIP/2.0/UDP ua.example.com;branch=1", ..RFC2543 },
        Request { from_tag: "9", ..RFC2543 },
        Request { to: "<sip:bob@example.com>;tag=2", ..RFC2543 },
        Request { call_id: "z", ..RFC2543 },
        Request { cseq: 2, ..RFC2543 },
        UNIQUE,
    ] {
        assert!(!same(&RFC2543, &other), "{}", String::from_utf8_lossy(other.message().bytes()));
    }
}

#[test]
fn a_cookie_with_nothing_behind_it_is_none() {
    // RFC 4475 §3.2.1: no transaction identifier.
    let bare = Request { via: "SIP/2.0/UDP ua.example.com;branch=z9hG4bK", ..UNIQUE };
    assert!(bare.identity().is_rfc2543);
    assert!(!same(&bare, &Request { call_id: "z", ..bare }));
}

#[test]
fn parts_do_not_run_into_each_other() {
    let one = Request { call_id: "ab", from_tag: "c", ..RFC2543 };
    assert!(!same(&one, &Request { call_id: "a", from_tag: "bc", ..RFC2543 }));
}

#[test]
fn the_invite_of_an_ack() {
    let matcher = Matcher::new([1; 16]);
    let invite_of = |ack: Request<'_>| matcher.invite_of_ack(&ack.message().head()).unwrap();
    let tagged = "<sip:bob@example.com>;tag=2";
    let ack = invite_of(Request { method: "ACK", to: tagged, ..UNIQUE });
    assert_eq!(ack, [Some(UNIQUE.identity()), None]);
    let ack = invite_of(Request { method: "ACK", to: tagged, ..RFC2543 });
    assert_eq!(ack, [Some(RFC2543.identity()), Some(Request { to: tagged, ..RFC2543 }.identity())]);
}

#[test]
fn hashes_are_keyed() {
    let message = UNIQUE.message();
    let one = Matcher::new([1; 16]).identify(&message.head()).unwrap();
    let two = Matcher::new([2; 16]).identify(&message.head()).unwrap();
    assert_ne!(one.hash, two.hash);
}
