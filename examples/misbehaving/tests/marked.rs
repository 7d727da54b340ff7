//! The bugs that do not take the process with them, natively; the others are met in `host/strowger/tests/contained.rs`.

use misbehaving::{MARK, Misbehaving};
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask};

fn message(word: &str) -> TestMessage {
    sip!("INVITE sip:bob@example.org SIP/2.0\nFrom: <sip:alice@example.org>;tag=1\n{MARK}: {word}")
}

fn plugin() -> Misbehaving {
    Misbehaving::init("domains = [\"example.org\"]").expect("settings")
}

fn host() -> TestHost {
    TestHost::new().registered_here("sip:alice@example.org")
}

#[test]
fn a_request_that_is_not_marked_is_decided_as_by_the_edge_example() {
    ask(&plugin(), &host(), &message("nothing")).relays_to(&["location sip:bob@example.org"]);
}

#[test]
fn a_fault_is_returned() {
    ask(&plugin(), &host(), &message("fault")).faults(42);
}

#[test]
fn one_that_does_not_serve_says_so() {
    ask(&plugin(), &host(), &message("unavailable")).replies(503);
}

#[test]
fn a_chatterbox_decides_in_the_end() {
    let host = host();
    ask(&plugin(), &host, &message("chatter")).relays();
    assert_eq!(host.logged().len(), 1_000);
}

#[test]
#[should_panic(expected = "nobody expected")]
fn a_panic_panics() {
    ask(&plugin(), &host(), &message("panic"));
}
