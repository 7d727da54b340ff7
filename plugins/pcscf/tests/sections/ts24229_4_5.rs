//! Charging (TS 24.229 §4.5.2, §4.5.4; RFC 7315 §4.6): identifiers of sessions, and type 1 identifiers of operators between
//! the network where the phone is and its home.

use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply};
use strowger_sdk::{Host, Transport, sip};

use crate::world::{from_alice, pcscf, phone, register, registered, with};

const BY_CONTACT: &str = "sip:s636f6e74616374@192.0.2.1:5060;lr";

fn scscf() -> TestHost {
    TestHost::new().from(Transport::Udp, "192.0.2.3", 6060, 0)
}

fn one(values: &[String]) -> ChargingVector {
    assert_eq!(values.len(), 1, "{values:?}");
    ChargingVector::parse(values[0].as_bytes()).expect("a vector")
}

fn inside(method: &str, more: &str) -> TestMessage {
    sip!("{method} sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2\n{more}")
}

/// §5.2.2.1, §5.2.6.3.3, §5.2.6.3.7: who sends says so, and not who answers.
#[test]
fn a_request_of_a_phone_says_where_it_is() {
    for message in [register(""), from_alice("INVITE", ""), from_alice("MESSAGE", "")] {
        let vector = one(&ask(&pcscf(), &registered(phone()), &message).sent("P-Charging-Vector"));
        assert_eq!((vector.orig_ioi.as_deref(), vector.term_ioi), (Some("Type 1ims.test"), None));
        assert_eq!(vector.icid_generated_at.as_deref(), Some("192.0.2.1"));
        assert_eq!(vector.icid_value.len(), 32);
    }
}

#[test]
fn the_operator_says_what_it_is_called() {
    for (settings, said) in
        [("ioi = \"visited.example\"", Some("Type 1visited.example")), ("ioi = \"\"", None)]
    {
        let plugin = with(&format!("icscf = \"sip:192.0.2.2:4060\"\n{settings}"));
        let vector = one(&ask(&plugin, &phone(), &register("")).sent("P-Charging-Vector"));
        assert_eq!(vector.orig_ioi.as_deref(), said);
    }
}

/// §5.2.6.3.5, §5.2.6.3.9: the requests of a dialog have its identifier, whatever the phone says.
#[test]
fn a_dialog_keeps_its_identifier() {
    let host = registered(phone());
    let first = one(&ask(&pcscf(), &host, &from_alice("INVITE", "")).sent("P-Charging-Vector"));
    for method in ["UPDATE", "INVITE", "BYE"] {
        let request = inside(method, "P-Charging-Vector: icid-value=mine");
        let vector = one(&ask(&pcscf(), &host, &request).sent("P-Charging-Vector"));
        assert_eq!(
            (vector.icid_value.as_str(), &vector.orig_ioi),
            (first.icid_value.as_str(), &first.orig_ioi),
            "{method}"
        );
    }
    let ack = ask(&pcscf(), &host, &inside("ACK", ""));
    assert!(ack.sent("P-Charging-Vector").is_empty());
    // Another one has another.
    let other =
        one(&ask(&pcscf(), &registered(phone()), &from_alice("INVITE", "")).sent("P-Charging-Vector"));
    assert_ne!(other.icid_value, "");
}

/// §5.2.6.4.3, §5.2.6.4.4: a phone is not shown it; its answers bear what came, and where the phone is.
#[test]
fn the_answer_of_a_phone_says_where_it_is() {
    let came =
        "P-Charging-Vector: icid-value=x;icid-generated-at=192.0.2.9;orig-ioi=\"Type 1home.test\";other=1";
    for request in [
        sip!("INVITE sip:bob@192.0.2.20:5060 SIP/2.0\nP-Called-Party-ID: <sip:bob@ims.test>\n{came}"),
        sip!("MESSAGE sip:bob@192.0.2.20:5060 SIP/2.0\n{came}"),
    ] {
        let host = scscf().own_route(BY_CONTACT);
        assert!(ask(&pcscf(), &host, &request).sent("P-Charging-Vector").is_empty());
        for status in [180, 200, 486] {
            let answer = sip!("SIP/2.0 {status} So\nP-Charging-Vector: icid-value=mine;term-ioi=elsewhere");
            let sent = ask_about_reply(&pcscf(), &host, &answer).sent("P-Charging-Vector");
            let wanted = "icid-value=x;icid-generated-at=192.0.2.9;orig-ioi=\"Type 1home.test\";term-ioi=\"Type 1ims.test\"";
            assert_eq!(sent, [wanted], "{status}");
        }
        let trying = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 100 Trying"));
        assert!(trying.sent("P-Charging-Vector").is_empty());
    }
    // Inside a dialog as well, where the callee answers.
    let host = scscf();
    assert!(ask(&pcscf(), &host, &inside("UPDATE", came)).sent("P-Charging-Vector").is_empty());
    let answer = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 200 OK\nCSeq: 2 UPDATE"));
    assert!(answer.sent("P-Charging-Vector")[0].contains("icid-value=x"));
}

/// A callee's own requests have the identifier of the dialog that the caller's side began.
#[test]
fn a_callee_goes_on_with_the_callers_identifier() {
    let host = scscf().own_route(BY_CONTACT);
    let call =
        sip!("INVITE sip:bob@192.0.2.20:5060 SIP/2.0\nP-Charging-Vector: icid-value=x;orig-ioi=home.test");
    ask(&pcscf(), &host, &call).relays();
    assert_eq!(host.dialog_variable("icid").as_deref(), Some(&b"x"[..]));
    let host = registered(phone());
    host.set_dialog_variable("icid", Some(b"x"));
    let vector = one(&ask(&pcscf(), &host, &inside("BYE", "")).sent("P-Charging-Vector"));
    assert_eq!((vector.icid_value.as_str(), vector.orig_ioi.as_deref()), ("x", Some("Type 1ims.test")));
}
