//! RFC 3261 §10.3, step by step, and RFC 3327.

use edge::Edge;
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask};
use strowger_sdk::{Plugin, Registration};

fn edge() -> Edge {
    Edge::init("domains = [\"example.org\"]").expect("settings")
}

fn register() -> TestMessage {
    sip!(
        "
        REGISTER sip:example.org SIP/2.0
        From: <sip:alice@example.org>;tag=1
        To: <sip:alice@example.org>
        Contact: <sip:alice@192.0.2.1>;expires=600
        "
    )
}

#[test]
fn without_credentials_a_phone_is_challenged_sha_256_before_md5() {
    let host = TestHost::new();
    let answer = ask(&edge(), &host, &register());
    let challenge = answer.challenges(401);
    assert_eq!(challenge.realm, "example.org");
    assert_eq!(challenge.algorithms, [DigestAlgorithm::Sha256, DigestAlgorithm::Md5]);
    assert!(!challenge.stale);
    assert_eq!(host.asked(), ["verify www example.org"], "nothing is registered");
}

#[test]
fn wrong_credentials_are_challenged_again_and_old_nonces_as_stale() {
    let rejected = TestHost::new().finds(Verdict::Rejected);
    assert!(!ask(&edge(), &rejected, &register()).challenges(401).stale);
    let stale = TestHost::new().finds(Verdict::Stale);
    assert!(ask(&edge(), &stale, &register()).challenges(401).stale);
}

#[test]
fn right_credentials_bind_the_contact_and_200_lists_all_contacts() {
    let host = TestHost::new()
        .accepts("alice")
        .registers(&["<sip:alice@192.0.2.1>;expires=600", "<sip:alice@192.0.2.9>;expires=60;q=0.5"]);
    let answer = ask(&edge(), &host, &register());
    answer.replies(200);
    assert_eq!(
        answer.sent("Contact"),
        ["<sip:alice@192.0.2.1>;expires=600", "<sip:alice@192.0.2.9>;expires=60;q=0.5"]
    );
    assert_eq!(host.asked(), ["verify www example.org", "register sip:alice@example.org"]);
    let limits = Limits { min_expires: 10, max_expires: 7200, default_expires: 3600, max_bindings: 10 };
    assert_eq!(host.limits(), Some(limits));
}

#[test]
fn a_user_registers_only_for_itself() {
    let host = TestHost::new().accepts("mallory");
    ask(&edge(), &host, &register()).replies(403);
    assert_eq!(host.asked(), ["verify www example.org"], "nothing is registered");
    // some phones write the domain into the username
    ask(&edge(), &TestHost::new().accepts("alice@example.org"), &register()).replies(200);
    ask(&edge(), &TestHost::new().accepts("alice@example.net"), &register()).replies(403);
}

#[test]
fn the_address_of_record_must_be_ours() {
    let host = TestHost::new().accepts("alice");
    let message = sip!("REGISTER sip:example.org SIP/2.0\nTo: <sip:alice@example.net>");
    ask(&edge(), &host, &message).replies(404);
}

#[test]
fn an_alias_is_a_registrar_of_the_first_domain() {
    let edge = Edge::init("domains = \"example.org\"\naliases = [\"192.0.2.1:5070\"]").expect("settings");
    for to in ["sip:alice@192.0.2.1:5070", "sip:alice@192.0.2.1", "sip:alice@example.org."] {
        let host = TestHost::new().accepts("alice");
        let message = sip!("REGISTER sip:192.0.2.1:5070 SIP/2.0\nTo: <{to}>");
        ask(&edge, &host, &message).replies(200);
        assert_eq!(host.asked()[1], "register sip:alice@example.org", "{to}");
    }
    let message = sip!("REGISTER sip:192.0.2.1:5070 SIP/2.0\nTo: <sip:alice@192.0.2.1:5071>");
    ask(&edge, &TestHost::new().accepts("alice"), &message).replies(404);
}

/// RFC 5626 §6: outbound processing needs a first hop that keeps flows; who asked for it is told so.
#[test]
fn a_flow_behind_a_first_hop_that_keeps_none_is_a_439() {
    let contact = "<sip:alice@192.0.2.1;ob>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"";
    let second = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK9\n";
    for (vias, path, supported, contact, status) in [
        (second, "", "path, outbound", contact, 439),
        (second, "Path: <sip:edge;lr;ob>, <sip:first;lr>\n", "path, outbound", contact, 439),
        (second, "Path: <sip:edge;lr>, <sip:first;lr;ob>\n", "path, outbound", contact, 200),
        (second, "", "path", contact, 200),
        (second, "", "path, outbound", "<sip:alice@192.0.2.1>", 200),
        ("", "", "path, outbound", contact, 200),
    ] {
        let message = sip!(
            "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\n{vias}{path}\
             Supported: {supported}\nTo: <sip:alice@example.org>\nContact: {contact}"
        );
        ask(&edge(), &TestHost::new().accepts("alice"), &message).replies(status);
    }
}

#[test]
fn each_refusal_has_its_status() {
    let refused = |refusal| {
        let host = TestHost::new().accepts("alice").registration(Err(refusal));
        ask(&edge(), &host, &register())
    };
    let brief = refused(RegisterRefusal::TooBrief(10));
    brief.replies(423);
    assert_eq!(brief.sent("Min-Expires"), ["10"]);
    refused(RegisterRefusal::TooMany).replies(403);
    refused(RegisterRefusal::Malformed).replies(400);
    refused(RegisterRefusal::OutOfOrder).replies(500);
    refused(RegisterRefusal::Unavailable).replies(503);
}

#[test]
fn an_extension_we_do_not_know_is_refused_before_anything_else() {
    let host = TestHost::new().accepts("alice");
    let message = sip!("REGISTER sip:example.org SIP/2.0\nRequire: path, gruu, x-more");
    let answer = ask(&edge(), &host, &message);
    answer.replies(420);
    assert_eq!(answer.sent("Unsupported"), ["gruu, x-more"]);
    assert!(host.asked().is_empty());
}

#[test]
fn path_is_returned_to_the_phone() {
    let host = TestHost::new().accepts("alice");
    let message = sip!(
        "
        REGISTER sip:example.org SIP/2.0
        To: <sip:alice@example.org>
        Supported: path
        Path: <sip:p1.example.net;lr>
        Path: <sip:p2.example.net;lr>, <sip:p3.example.net;lr>
        "
    );
    let answer = ask(&edge(), &host, &message);
    answer.replies(200);
    assert_eq!(
        answer.sent("Path"),
        ["<sip:p1.example.net;lr>", "<sip:p2.example.net;lr>, <sip:p3.example.net;lr>"]
    );
    assert_eq!(answer.sent("Supported"), ["path, outbound"]);
}

#[test]
fn a_bound_flow_is_confirmed() {
    let bound = Registration { contacts: Vec::new(), outbound: true };
    let host = TestHost::new().accepts("alice").registration(Ok(bound));
    assert_eq!(ask(&edge(), &host, &register()).sent("Require"), ["outbound"]);
}

#[test]
fn a_number_registers_as_itself() {
    let host = TestHost::new().accepts("+493012345");
    let message = sip!("REGISTER sip:example.org SIP/2.0\nTo: <tel:+49-30-12345>");
    ask(&edge(), &host, &message).replies(200);
    assert_eq!(host.asked()[1], "register tel:+493012345");
}
