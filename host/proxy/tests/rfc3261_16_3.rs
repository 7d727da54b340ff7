//! RFC 3261 §16.3, request validation, item by item; loops and spirals as RFC 5393 §4 has them.

#![allow(clippy::unwrap_used)]

mod hop;

use hop::{Wanted, forward, own, request};
use sip::{HeaderId, Message};
use strowger_proxy as proxy;
use strowger_proxy::{Own, Refused, Rejection, Target, Via, loop_hash};

/// Branches of ours in these tests: the loop hash in hexadecimal behind a known beginning.
const BRANCH: &str = "z9hG4bK-test-";

fn branch(hash: u64) -> String {
    format!("{BRANCH}{hash:016x}")
}

fn hash_of_branch(branch: &[u8]) -> Option<u64> {
    let digits = branch.strip_prefix(BRANCH.as_bytes())?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn validate(message: &Message, own: &Own, supported: &[&str]) -> Result<(), Rejection> {
    let supported: Vec<Box<str>> = supported.iter().map(|&tag| tag.into()).collect();
    proxy::validate(&message.head(), own, &supported, hash_of_branch)
}

fn proxy() -> Own {
    own("p1.example.com").with_alias("example.com", None)
}

#[test]
fn a_good_request_passes() {
    assert_eq!(validate(&request("INVITE sip:bob@biloxi.com", &[]), &proxy(), &[]), Ok(()));
    assert_eq!(validate(&request("MESSAGE tel:+12015550123", &[]), &proxy(), &[]), Ok(()));
    assert_eq!(validate(&request("INVITE urn:service:sos", &[]), &proxy(), &[]), Ok(()));
}

/// Item 1.
#[test]
fn a_request_without_call_id_is_a_400() {
    let text = "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
                To: <sip:b@c>\r\nFrom: <sip:a@b>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n";
    let message = Message::parse_datagram(text.as_bytes()).unwrap();
    let rejection = validate(&message, &proxy(), &[]).unwrap_err();
    assert_eq!(rejection.status, 400);
    assert!(matches!(rejection.why, Refused::Syntax(_)));
}

/// Item 2.
#[test]
fn an_unknown_scheme_is_a_416() {
    let rejection = validate(&request("INVITE nobodyknows:totallyopaque", &[]), &proxy(), &[]).unwrap_err();
    assert_eq!((rejection.status, rejection.why), (416, Refused::Scheme));
    assert_eq!(rejection.reason, "Unsupported URI Scheme");
}

fn with_max_forwards(start: &str, hops: u8) -> Message {
    let message = request(start, &[]);
    let text = String::from_utf8(message.bytes().to_vec()).unwrap();
    let text = text.replace("Max-Forwards: 70", &format!("Max-Forwards: {hops}"));
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// Item 3.
#[test]
fn max_forwards_0_is_a_483_unless_it_may_end_here() {
    let rejection = validate(&with_max_forwards("INVITE sip:bob@biloxi.com", 0), &proxy(), &[]).unwrap_err();
    assert_eq!((rejection.status, &rejection.why), (483, &Refused::TooManyHops));
    assert_eq!(validate(&with_max_forwards("INVITE sip:bob@biloxi.com", 1), &proxy(), &[]), Ok(()));
    // "may act as the final recipient": an OPTIONS for us, a REGISTER
    assert_eq!(validate(&with_max_forwards("OPTIONS sip:p1.example.com", 0), &proxy(), &[]), Ok(()));
    assert_eq!(validate(&with_max_forwards("REGISTER sip:example.com", 0), &proxy(), &[]), Ok(()));
    // "otherwise, the element MUST return a 483", be the user ours or not
    let rejection = validate(&with_max_forwards("INVITE sip:bob@example.com", 0), &proxy(), &[]).unwrap_err();
    assert_eq!(rejection.status, 483);
}

/// A request passes, comes back over another element, and passes again.
fn round(own: &Own, message: &Message, target: Option<&str>) -> Message {
    let branch = branch(loop_hash(own, &message.head()));
    let via = Some(Via { listener: 0, branch: branch.as_bytes(), rport: false });
    let target = Target { uri: target.map(str::as_bytes), route: &[] };
    forward(own, message, Wanted { target, via, ..Wanted::default() }).1
}

fn through_another(message: &Message) -> Message {
    let text = String::from_utf8(message.bytes().to_vec()).unwrap();
    let text = text.replacen("Via:", "Via: SIP/2.0/UDP other.example.net;branch=z9hG4bKother\r\nVia:", 1);
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// Item 4, RFC 5393 §4.2.
#[test]
fn an_unchanged_request_that_comes_back_is_a_482() {
    let own = proxy();
    let back = through_another(&round(&own, &request("INVITE sip:bob@example.com", &[]), None));
    let rejection = validate(&back, &own, &[]).unwrap_err();
    assert_eq!((rejection.status, rejection.why), (482, Refused::Loop));
    // nobody else's loop
    assert_eq!(validate(&back, &hop::own("p2.example.com"), &[]), Ok(()));
}

#[test]
fn a_request_that_comes_back_changed_is_a_spiral_and_passes() {
    let own = proxy();
    let invite = request("INVITE sip:bob@example.com", &[]);
    // bob is forwarded to carol, who is ours as well
    let spiral = through_another(&round(&own, &invite, Some("sip:carol@example.com")));
    assert_eq!(validate(&spiral, &own, &[]), Ok(()));
    // carol is forwarded to bob: now it is a loop
    let again = through_another(&round(&own, &spiral, Some("sip:bob@example.com")));
    assert_eq!(validate(&again, &own, &[]).unwrap_err().status, 482);
}

#[test]
fn what_decides_the_way_is_in_the_hash_and_nothing_else() {
    let own = proxy();
    let hash = |start: &str, lines: &[&str]| loop_hash(&own, &request(start, lines).head());
    let base = hash("INVITE sip:bob@example.com", &[]);
    assert_eq!(base, hash("CANCEL sip:bob@example.com", &[]));
    assert_eq!(
        base,
        hash("INVITE sip:bob@example.com", &["Via: SIP/2.0/UDP x;branch=z9hG4bKx", "Subject: x"])
    );
    assert_ne!(base, hash("INVITE sip:carol@example.com", &[]));
    assert_ne!(base, hash("INVITE sip:bob@example.com", &["Route: <sip:p1.example.com;lr>"]));
    assert_ne!(base, hash("INVITE sip:bob@example.com", &["Proxy-Require: foo"]));
    assert_ne!(base, hash("INVITE sip:bob@example.com", &["Proxy-Authorization: Digest username=\"a\""]));
    let another_seed = Own::new(Vec::new(), [8; 16]);
    assert_ne!(base, loop_hash(&another_seed, &request("INVITE sip:bob@example.com", &[]).head()));
}

/// Item 5.
#[test]
fn an_unknown_proxy_require_is_a_420_that_names_it() {
    let invite =
        request("INVITE sip:bob@biloxi.com", &["Proxy-Require: foo, sec-agree", "Proxy-Require: Bar"]);
    let rejection = validate(&invite, &proxy(), &["sec-agree"]).unwrap_err();
    assert_eq!((rejection.status, &rejection.why), (420, &Refused::BadExtension));
    assert_eq!(rejection.header, Some((HeaderId::UNSUPPORTED, b"foo, Bar".to_vec())));
    assert_eq!(validate(&invite, &proxy(), &["sec-agree", "FOO", "bar"]), Ok(()));
}

/// §9.1 and §8.2.2.3: these follow their INVITE wherever it went.
#[test]
fn cancel_and_ack_are_spared_items_4_and_5() {
    for method in ["CANCEL", "ACK"] {
        let message = request(&format!("{method} sip:bob@example.com"), &["Proxy-Require: foo"]);
        assert_eq!(validate(&message, &proxy(), &[]), Ok(()), "{method}");
    }
}

/// RFC 5393 §5.3.3.
#[test]
fn a_max_breadth_that_is_used_up_is_a_440() {
    let rejection =
        validate(&request("INVITE sip:bob@biloxi.com", &["Max-Breadth: 0"]), &proxy(), &[]).unwrap_err();
    assert_eq!((rejection.status, &*rejection.reason), (440, "Max-Breadth Exceeded"));
}
