//! Who may call whom, as a trace: who sends, what the proxy makes of it.

use edge::Edge;
use strowger_sdk::decision::RelayOptions;
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask};

const ALICE: &str = "sip:alice@example.org";

fn edge() -> Edge {
    Edge::init("domains = [\"example.org\"]").expect("settings")
}

fn from_alice(method: &str, uri: &str) -> TestMessage {
    sip!("{method} {uri} SIP/2.0\nFrom: \"Alice\" <sip:alice@example.org>;tag=1")
}

#[test]
fn a_registered_caller_reaches_every_binding_of_a_user() {
    let host = TestHost::new().registered_here(ALICE);
    let answer = ask(&edge(), &host, &from_alice("INVITE", "sip:bob@EXAMPLE.org:5060;transport=udp"));
    let relay = answer.relays_to(&["location sip:bob@example.org"]);
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);
    assert!(host.asked().is_empty(), "no credentials are needed");
}

#[test]
fn a_message_is_relayed_without_record_route() {
    let host = TestHost::new().registered_here(ALICE);
    let answer = ask(&edge(), &host, &from_alice("MESSAGE", "sip:bob@example.org"));
    let relay = answer.relays_to(&["location sip:bob@example.org"]);
    assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE));
}

#[test]
fn a_caller_who_is_not_registered_is_refused() {
    for method in ["INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS"] {
        ask(&edge(), &TestHost::new(), &from_alice(method, "sip:bob@example.org")).replies(403);
        ask(&edge(), &TestHost::new(), &from_alice(method, "sip:bob@192.0.2.7:5070")).replies(403);
    }
}

#[test]
fn identities_that_a_caller_claims_are_taken_away() {
    let host = TestHost::new().registered_here(ALICE);
    let message = sip!(
        "
        INVITE sip:bob@example.org SIP/2.0
        From: <sip:alice@example.org>;tag=1
        P-Asserted-Identity: <sip:boss@example.org>
        P-Asserted-Identity: <tel:+4930110>
        P-Preferred-Identity: <sip:boss@example.org>
        "
    );
    let answer = ask(&edge(), &host, &message);
    answer.relays();
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);
    assert!(answer.sent("P-Preferred-Identity").is_empty());
}

const HIDDEN: &str = "
    INVITE sip:bob@example.org SIP/2.0
    From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1
    P-Preferred-Identity: <tel:+4930110>, <sip:alice@example.org>
    Privacy: header
    ";

#[test]
fn a_caller_who_hides_its_from_is_who_it_prefers_to_be() {
    let hidden = || TestMessage::from_text(HIDDEN);
    let answer = ask(&edge(), &TestHost::new().registered_here(ALICE), &hidden());
    answer.relays();
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);
    assert!(answer.sent("P-Preferred-Identity").is_empty());
    // from elsewhere the credentials must be those of the preferred identity
    ask(&edge(), &TestHost::new().registered(ALICE), &hidden()).challenges(407);
    let answer = ask(&edge(), &TestHost::new().registered(ALICE).accepts("alice"), &hidden());
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);
    ask(&edge(), &TestHost::new().registered(ALICE).accepts("mallory"), &hidden()).replies(403);
    ask(&edge(), &TestHost::new(), &hidden()).replies(403);
}

#[test]
fn an_alias_stands_for_the_first_domain() {
    let edge = Edge::init(
        "domains = [\"example.org\", \"example.net\"]\naliases = [\"192.0.2.1\", \"[2001:db8::1]:5070\"]",
    )
    .expect("settings");
    let host = TestHost::new().registered_here(ALICE);
    for uri in ["sip:bob@192.0.2.1", "sip:bob@192.0.2.1:5060;transport=tcp", "sip:bob@[2001:DB8:0::1]:5070"] {
        ask(&edge, &host, &from_alice("INVITE", uri)).relays_to(&["location sip:bob@example.org"]);
    }
    for uri in ["sip:bob@192.0.2.1:5070", "sip:bob@[2001:db8::1]"] {
        ask(&edge, &host, &from_alice("INVITE", uri)).relays_to(&[]);
    }
    // a From is a name: it needs no port
    let message = sip!("INVITE sip:bob@example.org SIP/2.0\nFrom: <sip:alice@[2001:db8::1]>;tag=1");
    let answer = ask(&edge, &host, &message);
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);
}

#[test]
fn who_wants_privacy_is_not_named() {
    let host = TestHost::new().registered_here(ALICE);
    let message =
        sip!("INVITE sip:bob@example.org SIP/2.0\nFrom: <sip:alice@example.org>;tag=1\nPrivacy: header; id");
    let answer = ask(&edge(), &host, &message);
    answer.relays();
    assert!(answer.sent("P-Asserted-Identity").is_empty());
}

#[test]
fn from_elsewhere_a_registered_user_needs_credentials() {
    let host = TestHost::new().registered(ALICE);
    let challenge = ask(&edge(), &host, &from_alice("INVITE", "sip:bob@example.org"));
    assert_eq!(challenge.challenges(407).realm, "example.org");
    assert_eq!(host.asked(), ["verify proxy example.org"]);

    let stale = TestHost::new().registered(ALICE).finds(Verdict::Stale);
    assert!(ask(&edge(), &stale, &from_alice("INVITE", "sip:bob@example.org")).challenges(407).stale);
}

#[test]
fn right_credentials_count_only_for_their_user_and_stay_here() {
    let message = sip!(
        "
        INVITE sip:bob@example.org SIP/2.0
        From: <sip:alice@example.org>;tag=1
        Proxy-Authorization: Digest username=\"alice\", realm=\"example.org\", nonce=\"n\", uri=\"u\", response=\"r\"
        Proxy-Authorization: Digest username=\"a\", realm=\"example.net\", nonce=\"n\", uri=\"u\", response=\"r\"
        "
    );
    let answer = ask(&edge(), &TestHost::new().registered(ALICE).accepts("alice"), &message);
    answer.relays_to(&["location sip:bob@example.org"]);
    let left = answer.sent("Proxy-Authorization");
    assert!(left.len() == 1 && left[0].contains("example.net"), "{left:?}");
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@example.org>"]);

    ask(&edge(), &TestHost::new().registered(ALICE).accepts("mallory"), &message).replies(403);
}

#[test]
fn without_trust_in_places_every_call_is_challenged() {
    let edge = Edge::init("domains = \"example.org\"\ntrust_source = false").expect("settings");
    let host = TestHost::new().registered_here(ALICE);
    ask(&edge, &host, &from_alice("INVITE", "sip:bob@example.org")).challenges(407);
}

#[test]
fn other_domains_and_addresses_are_reached_where_the_request_uri_points() {
    let host = TestHost::new().registered_here(ALICE);
    for uri in ["sip:bob@example.net", "sip:bob@192.0.2.7:5070", "sips:bob@example.net"] {
        let answer = ask(&edge(), &host, &from_alice("INVITE", uri));
        let relay = answer.relays_to(&[]);
        assert!(relay.options.contains(RelayOptions::RECORD_ROUTE), "{uri}");
    }
}

#[test]
fn a_telephone_number_is_looked_up_as_itself_or_as_a_user() {
    let call = from_alice("INVITE", "tel:+49-30-12345");
    let host = TestHost::new().registered_here(ALICE).registered("tel:+493012345");
    ask(&edge(), &host, &call).relays_to(&["location tel:+493012345"]);
    let host = TestHost::new().registered_here(ALICE);
    ask(&edge(), &host, &call).relays_to(&["location sip:+493012345@example.org"]);
}

#[test]
fn what_cannot_be_routed_is_refused() {
    let host = TestHost::new().registered_here(ALICE);
    ask(&edge(), &host, &from_alice("INVITE", "sip:example.org")).replies(484);
    ask(&edge(), &host, &from_alice("INVITE", "urn:service:sos")).replies(416);
    let message = sip!("INVITE sip:bob@example.org SIP/2.0\nFrom: <sip:alice@>;tag=1");
    ask(&edge(), &host, &message).replies(400);
}

#[test]
fn options_to_the_element_itself_are_answered_without_a_transaction() {
    let host = TestHost::new();
    for uri in ["sip:192.0.2.100:5060", "sip:example.org", "sip:[2001:db8::1]"] {
        let answer = ask(&edge(), &host, &from_alice("OPTIONS", uri));
        assert!(
            answer.replies(200).options.contains(strowger_sdk::decision::ReplyOptions::STATELESS),
            "{uri}"
        );
        assert!(answer.sent("Allow")[0].contains("INVITE"));
        assert_eq!(answer.sent("Accept"), ["*/*"]);
    }
    let answer = ask(&edge(), &host, &from_alice("OPTIONS", "sip:tm@example.org"));
    assert!(!answer.replies(200).options.contains(strowger_sdk::decision::ReplyOptions::STATELESS));
    ask(&edge(), &host, &from_alice("OPTIONS", "sip:example.net")).replies(403);
}

#[test]
fn an_ack_that_belongs_to_nothing_passes_only_from_where_its_sender_registered() {
    let ack = from_alice("ACK", "sip:bob@192.0.2.7");
    ask(&edge(), &TestHost::new().registered_here(ALICE), &ack).nexts();
    ask(&edge(), &TestHost::new().registered(ALICE), &ack).drops();
    ask(&edge(), &TestHost::new(), &ack).drops();
}

#[test]
fn requests_inside_dialogs_and_strays_go_the_standards_way() {
    let host = TestHost::new();
    let bye = sip!("BYE sip:bob@192.0.2.7 SIP/2.0\nTo: <sip:bob@example.org>;tag=2");
    ask(&edge(), &host, &bye).nexts();
    ask(&edge(), &host, &from_alice("CANCEL", "sip:bob@example.org")).nexts();
    assert!(host.asked().is_empty());
}
