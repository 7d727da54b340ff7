//! RFC 3261 §16.7 items 3 and 7: what is changed in a response that goes upstream.

#![allow(clippy::unwrap_used)]

use sip::{Draft, Message};
use strowger_proxy::forward_response;

fn response(status: &str, vias: &[&str], lines: &[&str]) -> Message {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for via in vias {
        text += &format!("Via: {via}\r\n");
    }
    text += "To: <sip:b@c>;tag=2\r\nFrom: <sip:a@b>;tag=1\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n";
    for line in lines {
        text += &format!("{line}\r\n");
    }
    text += "Content-Length: 0\r\n\r\n";
    Message::parse_datagram(text.as_bytes()).unwrap()
}

fn upstream(message: &Message, others: &[Message]) -> Option<String> {
    let head = message.head();
    let mut draft = Draft::forward(head);
    if !forward_response(&mut draft, &head, others.iter().map(Message::head)) {
        return None;
    }
    let mut bytes = Vec::new();
    draft.print(&mut bytes);
    Some(String::from_utf8(bytes).unwrap())
}

const OURS: &str = "SIP/2.0/UDP p1;branch=z9hG4bK1";
const THEIRS: &str = "SIP/2.0/UDP u1;branch=z9hG4bK2";

/// Item 3.
#[test]
fn our_via_is_taken_off_and_all_else_stays() {
    let message = response("200 OK", &[OURS, THEIRS], &["X: y"]);
    let expected = String::from_utf8(response("200 OK", &[THEIRS], &["X: y"]).bytes().to_vec()).unwrap();
    assert_eq!(upstream(&message, &[]).as_deref(), Some(&*expected));
    let one_line = response("200 OK", &[&format!("{OURS} , {THEIRS}")], &["X: y"]);
    assert_eq!(upstream(&one_line, &[]).as_deref(), Some(&*expected));
}

#[test]
fn a_response_for_us_goes_no_further() {
    assert_eq!(upstream(&response("200 OK", &[OURS], &[]), &[]), None);
    assert_eq!(upstream(&response("200 OK", &[], &[]), &[]), None);
}

/// Item 7: "without modification", and none of its own are lost.
#[test]
fn challenges_of_others_are_added() {
    let digest =
        |header: &str, realm: &str| format!("{header}: Digest realm=\"{realm}\", nonce=\"n\", qop=\"auth\"");
    let best = response("407 Proxy", &[OURS, THEIRS], &[&digest("Proxy-Authenticate", "one")]);
    let others = [
        response("401 Who", &[OURS, THEIRS], &[&digest("WWW-Authenticate", "two"), "X: no"]),
        response("407 Proxy", &[OURS, THEIRS], &[&digest("Proxy-Authenticate", "three")]),
    ];
    let text = upstream(&best, &others).unwrap();
    for line in [
        digest("Proxy-Authenticate", "one"),
        digest("WWW-Authenticate", "two"),
        digest("Proxy-Authenticate", "three"),
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
    assert!(!text.contains("X: no"));
    assert_eq!(text.matches("Via:").count(), 1);
}
