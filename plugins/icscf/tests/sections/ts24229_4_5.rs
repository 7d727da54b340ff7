//! Charging at the entry of the network (TS 24.229 §4.5.2, §5.3.2.1; RFC 7315 §5.6).

use strowger_sdk::ims::LocationOutcome;
use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_failure};
use strowger_sdk::{Transport, sip};

use crate::world::{A, hss, named, to_choose, with};

const TRUSTED: &str = "trusted = [\"192.0.2.0/24\"]";

fn from(address: &str) -> TestHost {
    hss(named(LocationOutcome::Success, A)).from(Transport::Udp, address, 5060, 0)
}

fn call(more: &str) -> TestMessage {
    sip!("INVITE sip:bob@ims.test SIP/2.0\n{more}")
}

fn icid(sent: &[String]) -> String {
    assert_eq!(sent.len(), 1, "{sent:?}");
    ChargingVector::parse(sent[0].as_bytes()).expect("a vector").icid_value
}

#[test]
fn a_request_without_an_identifier_gets_one() {
    let (one, other) = (from("192.0.2.7"), from("192.0.2.7"));
    let sent = |host: &TestHost| icid(&ask(&with(TRUSTED), host, &call("")).sent("P-Charging-Vector"));
    let first = sent(&one);
    assert_eq!(first.len(), 32);
    assert_eq!(sent(&other).len(), 32);
}

#[test]
fn the_identifier_of_the_trust_domain_stays() {
    let vector = "icid-value=x;orig-ioi=elsewhere.test";
    let answer = ask(&with(TRUSTED), &from("192.0.2.7"), &call(&format!("P-Charging-Vector: {vector}")));
    assert_eq!(answer.sent("P-Charging-Vector"), [vector]);
}

/// A stranger's is nobody's: there is one of ours in its place, the same for every S-CSCF that is tried.
#[test]
fn a_strangers_identifier_is_replaced() {
    let message = call("P-Charging-Vector: icid-value=x");
    let host = hss(to_choose(LocationOutcome::UnregisteredService, &[1], &[], &[])).answers(message.clone());
    let host = host.from(Transport::Udp, "203.0.113.9", 5060, 0);
    let first = ask(&with(TRUSTED), &host, &message).sent("P-Charging-Vector");
    assert_ne!(icid(&first), "x");
    let again = ask_about_failure(&with(TRUSTED), &host, &sip!("SIP/2.0 503 No"));
    let relay = again.relays();
    let written: Vec<String> = relay
        .edits
        .iter()
        .filter_map(|edit| match edit {
            strowger_sdk::decision::Edit::Append(header) if header.value.starts_with("icid-value") => {
                Some(header.value.clone())
            }
            _ => None,
        })
        .collect();
    assert_eq!(written, first);
}
