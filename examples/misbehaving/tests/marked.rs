//! The bugs that do not take the process with them, natively; the others are met in `host/strowger/tests/contained.rs`.

use misbehaving::{MARK, Misbehaving};
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, adopt, ask};

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

fn call_that_keeps(word: &str) -> Adoption {
    let variables = vec![("kept".to_owned(), word.as_bytes().to_vec())];
    Adoption { name: "misbehaving".into(), version: "0.0.9".into(), call_id: "c1".into(), variables }
}

#[test]
fn what_is_to_be_kept_is_kept_and_renamed_where_a_call_is_taken_over() {
    let (plugin, host) = (plugin(), host());
    let invite = sip!(
        "INVITE sip:bob@example.org SIP/2.0\nFrom: <sip:alice@example.org>;tag=1\n{MARK}: remember\nX-Keep: this"
    );
    ask(&plugin, &host, &invite).relays();
    let info = sip!("INFO sip:bob@example.org SIP/2.0\nTo: <sip:bob@example.org>;tag=2");
    assert_eq!(ask(&plugin, &host, &info).sent("X-Kept"), ["kept=this"]);
    let kept = adopt(&plugin, &host, &call_that_keeps("this")).expect("no fault");
    assert_eq!(kept, [("inherited".to_owned(), b"this".to_vec())]);
    assert_eq!(adopt(&plugin, &host, &Adoption::default()), Ok(Vec::new()));
    assert_eq!(adopt(&plugin, &host, &call_that_keeps("fault")).map_err(|fault| fault.code), Err(42));
}

#[test]
#[should_panic(expected = "the host would not take these variables: a name that has not 1 to 64 bytes")]
fn nonsense_is_refused() {
    let _ = adopt(&plugin(), &host(), &call_that_keeps("nonsense"));
}

#[test]
#[should_panic(expected = "nobody expected")]
fn a_panic_panics() {
    ask(&plugin(), &host(), &message("panic"));
}
