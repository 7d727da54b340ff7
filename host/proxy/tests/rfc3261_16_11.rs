//! RFC 3261 §16.11, stateless forwarding: the branch of an ACK to a 2xx.

#![allow(clippy::unwrap_used)]

mod hop;

use hop::request;
use sip::Message;
use strowger_proxy::{STATELESS_BRANCH_LENGTH, stateless_branch};

const SEED: [u8; 16] = [3; 16];

fn branch(text: &str) -> Vec<u8> {
    stateless_branch(SEED, &Message::parse_datagram(text.as_bytes()).unwrap().head()).as_bytes().to_vec()
}

fn ack() -> String {
    String::from_utf8(request("ACK sip:bob@192.0.2.4", &[]).bytes().to_vec()).unwrap()
}

#[test]
fn a_retransmission_gets_the_same_branch() {
    let one = branch(&ack());
    assert_eq!(one, branch(&ack()));
    assert_eq!(one.len(), STATELESS_BRANCH_LENGTH);
    assert!(one.starts_with(b"z9hG4bK"));
    assert!(transaction::loop_hash_of_branch(&one).is_none(), "no branch of a transaction");
    let other_node = stateless_branch([4; 16], &request("ACK sip:bob@192.0.2.4", &[]).head());
    assert_ne!(one, other_node.as_bytes());
}

#[test]
fn another_request_gets_another_branch() {
    let one = branch(&ack());
    assert_ne!(one, branch(&ack().replace("z9hG4bKnashds8", "z9hG4bKother")));
    assert_ne!(one, branch(&ack().replace("u1.example.com;branch", "u2.example.com;branch")));
    assert_ne!(one, branch(&ack().replace("sip:bob@192.0.2.4", "sip:bob@192.0.2.5")), "a spiral");
    // the received branch says it all
    assert_eq!(one, branch(&ack().replace("CSeq: 314", "CSeq: 315")));
}

/// A client of RFC 2543 has no branch that means anything.
#[test]
fn without_the_magic_cookie_the_request_itself_decides() {
    let old = ack().replace("z9hG4bKnashds8", "1");
    let one = branch(&old);
    assert_eq!(one, branch(&old));
    for (from, to) in [
        ("CSeq: 314", "CSeq: 315"),
        ("tag=8", "tag=7"),
        ("tag=9", "tag=7"),
        ("a84b4c", "b84b4c"),
        ("branch=1", "branch=2"),
    ] {
        assert_ne!(one, branch(&old.replace(from, to)), "{from}");
    }
}
