//! The plugin without a router: plain `cargo test`, with a host that answers what the test says.

use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, ask};

use {{crate}}::Desk;

fn desk() -> Desk {
    Desk::init("number = \"100\"\ndesk = \"sip:desk@192.0.2.10\"").expect("settings")
}

#[test]
fn a_call_to_the_number_rings_at_the_desk() {
    let message = sip!("INVITE sip:100@example.org SIP/2.0");
    let answer = ask(&desk(), &TestHost::new(), &message);
    answer.relays_to(&["sip:desk@192.0.2.10"]);
    assert_eq!(answer.sent("Subject"), ["A call to the desk"]);
}

#[test]
fn everything_else_goes_where_the_standard_says() {
    let host = TestHost::new();
    ask(&desk(), &host, &sip!("INVITE sip:bob@example.org SIP/2.0")).nexts();
    ask(&desk(), &host, &sip!("MESSAGE sip:100@example.org SIP/2.0")).nexts();
}

#[test]
fn a_mistake_in_the_settings_is_named() {
    let error = Desk::init("numbers = \"100\"").expect_err("a mistake");
    assert_eq!(error, "numbers: no such key");
}
