//! Requests of phones (TS 24.229 §5.2.6.3; RFC 3325 §9, RFC 3608).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::testing::{TestHost, ask, ask_outside_dialogs};
use strowger_sdk::{Host, Transport, sip};

use crate::world::{SERVICE_ROUTE, from_alice, pcscf, phone, registered, with};

/// §5.2.6.3.2A: nothing but REGISTER and emergency calls of who is not registered.
#[test]
fn who_is_not_registered_is_refused() {
    for method in ["INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "OPTIONS"] {
        ask(&pcscf(), &phone(), &from_alice(method, "")).replies(403);
    }
    ask(&pcscf(), &phone(), &from_alice("ACK", "")).drops();
    ask(&pcscf(), &registered(phone()), &from_alice("ACK", "")).nexts();
}

/// §5.2.6.3.5, .7, .9: whose request names a dialog and did not come by the Route that the P-CSCF recorded for it, is no
/// part of it.
#[test]
fn a_dialog_of_others_is_nobodys_to_speak_in() {
    let host = registered(phone());
    for method in ["BYE", "INVITE", "UPDATE", "INFO", "MESSAGE", "NOTIFY"] {
        let text = sip!(
            "{method} sip:carol@192.0.2.30:5060 SIP/2.0\nFrom: <sip:bob@ims.test>;tag=b1\nTo: <sip:carol@ims.test>;tag=c1\n\
             Contact: <sip:alice@192.0.2.10:5060>"
        );
        ask_outside_dialogs(&pcscf(), &host, &text).replies(403);
    }
}

#[test]
fn a_call_goes_along_the_service_route_with_identity_and_charging() {
    let host = registered(phone());
    let answer = ask(&pcscf(), &host, &from_alice("INVITE", ""));
    let relay = answer.relays_to(&[]);
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
    assert!(relay.options.contains(RelayOptions::ASK_REPLIES));
    assert_eq!(answer.sent("Route"), [SERVICE_ROUTE]);
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"]);
    assert_eq!(answer.sent("P-Charging-Function-Addresses"), ["ccf=192.0.2.200"]);
    let vector = answer.sent("P-Charging-Vector");
    assert!(
        vector[0].starts_with("icid-value=") && vector[0].contains("orig-ioi=\"Type 1ims.test\""),
        "{vector:?}"
    );
    assert!(answer.sent("P-Visited-Network-ID").is_empty(), "of REGISTER alone");
}

#[test]
fn only_what_makes_a_dialog_is_recorded() {
    let host = registered(phone());
    for (method, records) in [("INVITE", true), ("SUBSCRIBE", true), ("REFER", true), ("MESSAGE", false)] {
        let answer = ask(&pcscf(), &host, &from_alice(method, ""));
        assert_eq!(answer.relays().options.contains(RelayOptions::RECORD_ROUTE), records, "{method}");
    }
}

#[test]
fn a_preferred_identity_of_the_phones_own_is_asserted() {
    let host = registered(phone());
    for (preferred, asserted) in [
        ("<tel:+491701234567>", "<tel:+491701234567>"),
        ("<tel:+49-170-1234567>", "<tel:+491701234567>"),
        ("\"A\" <sip:alice@IMS.test;transport=udp>", "<sip:alice@ims.test>"),
        ("<sip:boss@ims.test>, <tel:+491701234567>", "<tel:+491701234567>"),
    ] {
        let answer =
            ask(&pcscf(), &host, &from_alice("INVITE", &format!("P-Preferred-Identity: {preferred}")));
        assert_eq!(answer.sent("P-Asserted-Identity"), [asserted], "{preferred}");
        assert!(answer.sent("P-Preferred-Identity").is_empty());
    }
}

#[test]
fn a_preferred_identity_of_somebody_else_is_replaced_by_the_default_one() {
    let host = registered(phone());
    for preferred in ["<sip:boss@ims.test>", "<tel:+4930110>", "nonsense", ""] {
        let answer =
            ask(&pcscf(), &host, &from_alice("INVITE", &format!("P-Preferred-Identity: {preferred}")));
        assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"], "{preferred}");
    }
}

#[test]
fn a_spoofed_asserted_identity_is_replaced() {
    let host = registered(phone());
    let spoofed = "P-Asserted-Identity: <sip:boss@ims.test>\nP-Asserted-Identity: <tel:+4930110>";
    for method in ["INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH"] {
        let answer = ask(&pcscf(), &host, &from_alice(method, spoofed));
        assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"], "{method}");
    }
}

/// §5.2.6.3.2 step 2 b: the preloaded Route gives way to the Service-Route.
#[test]
fn a_route_past_the_s_cscf_is_replaced_by_the_service_route() {
    let host = registered(phone());
    for route in [
        "",
        "Route: <sip:elsewhere.test;lr>",
        "Route: <sip:orig@192.0.2.3:6060;lr>, <sip:elsewhere.test;lr>",
        "Route: <sip:elsewhere.test;lr>\nRoute: <sip:orig@192.0.2.3:6060;lr>",
        "Route: <sip:other@192.0.2.3:6060;lr>",
        "Route: nonsense",
    ] {
        let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nFrom: <sip:alice@ims.test>;tag=1\n{route}");
        let answer = ask(&pcscf(), &host, &call);
        let relay = answer.relays_to(&["sip:bob@ims.test"]);
        assert_eq!(relay.targets[0].route, [SERVICE_ROUTE], "{route}");
        assert!(answer.sent("Route").is_empty(), "{route}");
    }
}

/// §5.2.6.3.2 step 2 a: or the request is refused.
#[test]
fn or_it_is_refused_where_the_operator_wants_that() {
    let host = registered(phone());
    let strict = with("service_route = \"refuse\"");
    ask(&strict, &host, &from_alice("INVITE", "")).relays();
    for route in ["", "Route: <sip:elsewhere.test;lr>"] {
        ask(&strict, &host, &sip!("INVITE sip:bob@ims.test SIP/2.0\n{route}")).replies(400);
    }
}

/// TS 33.203 §6.3 in spirit: a registration belongs to where it was made from.
#[test]
fn somebody_elses_registration_is_nobodys() {
    // Alice's rows are in the table; the message comes from elsewhere.
    let rows = |host: TestHost| {
        let alice = registered(phone());
        let keys = ["r UDP 192.0.2.10 5060 0", "c alice@192.0.2.10:5060"];
        keys.iter().fold(host, |host, key| host.entry(key, alice.get(key).expect("a row").value))
    };
    let elsewhere = TestHost::new().from(Transport::Udp, "192.0.2.66", 5060, 0);
    ask(&pcscf(), &rows(elsewhere), &from_alice("INVITE", "")).replies(403);
    let connection = TestHost::new().from(Transport::Tcp, "192.0.2.66", 5060, 4);
    ask(&pcscf(), &rows(connection), &from_alice("INVITE", "")).replies(403);
    // a datagram from another port of Alice's own address, with her Contact: phones have two sockets
    let port = TestHost::new().from(Transport::Udp, "192.0.2.10", 6000, 0);
    ask(&pcscf(), &rows(port), &from_alice("INVITE", "")).relays();
    // or a connection from there: a request that is too long for a datagram (RFC 3261 §18.1.1)
    let connection = TestHost::new().from(Transport::Tcp, "192.0.2.10", 40_000, 4);
    ask(&pcscf(), &rows(connection), &from_alice("INVITE", "")).relays();
}

/// §5.2.6.3.1: without a preference it is the default identity; From has no part in that decision.
#[test]
fn a_from_says_nothing_about_who_calls() {
    let host = registered(phone());
    for from in ["<tel:+491701234567>", "<sip:boss@ims.test>", "<sip:anonymous@anonymous.invalid>"] {
        let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nFrom: {from};tag=1\nRoute: {SERVICE_ROUTE}");
        let answer = ask(&pcscf(), &host, &call);
        assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"], "{from}");
    }
}

/// TS 33.203 §N.2: behind a NAT an address is that of many phones; a neighbour that writes Alice's Contact is not Alice.
#[test]
fn a_neighbour_behind_the_same_nat_is_not_who_its_contact_says() {
    let nat = "198.51.100.9";
    let alice = registered(TestHost::new().from(Transport::Udp, nat, 40_000, 0));
    ask(&pcscf(), &alice, &from_alice("INVITE", "")).relays();
    let keys = ["r UDP 198.51.100.9 40000 0", "c alice@192.0.2.10:5060"];
    let row = |host: TestHost, key: &&str| host.entry(key, alice.get(key).expect("a row").value);
    let neighbour = keys.iter().fold(TestHost::new().from(Transport::Udp, nat, 40_001, 0), row);
    ask(&pcscf(), &neighbour, &from_alice("INVITE", "")).replies(403);
}
