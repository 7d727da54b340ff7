//! Sessions that our users begin (TS 24.229 §5.4.3.2).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::CxFailure;
use strowger_sdk::testing::{TestHost, TestMessage, ask};
use strowger_sdk::{Transport, sip};

use crate::world::{ALICE, BARRED, NUMBER, SERVICE_ROUTE, alice, asked, scscf, serving, with};

/// By the Service-Route, from her P-CSCF.
fn from_alice() -> TestHost {
    serving().own_route(SERVICE_ROUTE)
}

fn call(uri: &str, asserted: &str) -> TestMessage {
    sip!(
        "INVITE {uri} SIP/2.0\nP-Asserted-Identity: {asserted}\nP-Charging-Vector: icid-value=x;orig-ioi=visited.test\n\
         P-Charging-Function-Addresses: ccf=192.0.2.200\nP-Access-Network-Info: 3GPP-E-UTRAN-FDD"
    )
}

#[test]
fn a_call_within_the_home_network_goes_to_its_entry() {
    let host = from_alice();
    let answer = ask(&scscf(), &host, &call("sip:bob@ims.test", "<sip:alice@ims.test>"));
    let relay = answer.relays_to(&["sip:bob@ims.test"]);
    assert_eq!(relay.targets[0].next_hop(), Some("sip:192.0.2.2:4060"));
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
    assert_eq!(host.asked(), ["criteria sip:alice@ims.test OriginatingRegistered"]);
    assert_eq!(answer.sent("P-Charging-Vector"), ["icid-value=x;orig-ioi=ims.test"], "§4.5.4");
    assert_eq!(answer.sent("P-Access-Network-Info"), ["3GPP-E-UTRAN-FDD"]);
    assert_eq!(answer.sent("P-Charging-Function-Addresses"), ["ccf=192.0.2.200"]);
}

/// §5.4.3.2 step 4: a second identity for who has a number beside its SIP URI, or the other way round.
#[test]
fn the_other_form_of_the_caller_is_asserted_too() {
    for (asserted, sent) in [
        ("<sip:alice@ims.test>", vec!["<sip:alice@ims.test>", "<tel:+491701234567>"]),
        ("<tel:+491701234567>", vec!["<tel:+491701234567>", "<sip:alice@ims.test>"]),
        ("<tel:+491701234567>, <sip:alice@ims.test>", vec!["<tel:+491701234567>, <sip:alice@ims.test>"]),
    ] {
        let answer = ask(&scscf(), &from_alice(), &call("sip:bob@ims.test", asserted));
        assert_eq!(answer.sent("P-Asserted-Identity"), sent);
    }
    let mut set = alice(true);
    set.identities.truncate(2);
    let host = TestHost::new().serves(set).own_route(SERVICE_ROUTE);
    let answer = ask(&scscf(), &host, &call("sip:bob@ims.test", "<sip:alice@ims.test>"));
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"], "who has no number has none");
}

/// §5.4.3.2 steps 10 and 11.
#[test]
fn another_network_is_not_told_our_charging_addresses_nor_the_callers_cell() {
    let answer = ask(&scscf(), &from_alice(), &call("sip:bob@elsewhere.test", "<sip:alice@ims.test>"));
    let relay = answer.relays_to(&["sip:bob@elsewhere.test"]);
    assert!(relay.targets[0].route.is_empty());
    assert!(answer.sent("P-Charging-Function-Addresses").is_empty());
    assert!(answer.sent("P-Access-Network-Info").is_empty());
}

#[test]
fn a_number_goes_to_who_knows_where_numbers_live() {
    let relayed = |plugin, uri: &str| {
        let answer = ask(&plugin, &from_alice(), &call(uri, "<sip:alice@ims.test>"));
        answer.relays_to(&[uri]).targets[0].next_hop().map(str::to_owned)
    };
    assert_eq!(relayed(scscf(), "tel:+4930110").as_deref(), Some("sip:192.0.2.2:4060"));
    assert_eq!(relayed(with(""), "tel:+4930110").as_deref(), Some("sip:ims.test"));
    assert_eq!(relayed(with(""), "sip:bob@ims.test"), None, "by DNS");
}

#[test]
fn only_what_makes_a_dialog_is_recorded() {
    for (method, records) in [("SUBSCRIBE", true), ("REFER", true), ("MESSAGE", false), ("PUBLISH", false)] {
        let message = sip!("{method} sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>");
        let answer = ask(&scscf(), &from_alice(), &message);
        assert_eq!(answer.relays().options.contains(RelayOptions::RECORD_ROUTE), records, "{method}");
    }
}

/// §5.4.3.2 step 1, TS 23.228 §4.3.3.2: a barred identity is for registration only.
#[test]
fn a_barred_identity_calls_nobody() {
    let host = from_alice();
    ask(&scscf(), &host, &call("sip:bob@ims.test", &format!("<{BARRED}>"))).replies(403);
    assert!(asked(&host, "criteria").is_empty());
}

#[test]
fn who_is_not_served_here_calls_nobody_from_here() {
    for asserted in ["<sip:mallory@ims.test>", "<sip:alice@elsewhere.test>", "nonsense"] {
        ask(&scscf(), &from_alice(), &call("sip:bob@ims.test", asserted)).replies(403);
    }
    ask(&scscf(), &from_alice(), &sip!("INVITE sip:bob@ims.test SIP/2.0")).replies(403);
}

/// P-Served-User names who is served, where the caller is somebody else (RFC 5502 §5): it ends here.
#[test]
fn the_served_user_goes_before_the_asserted_one() {
    let host = from_alice();
    let message = sip!(
        "INVITE sip:bob@ims.test SIP/2.0\nP-Served-User: <{NUMBER}>;sescase=orig;regstate=reg\n\
         P-Asserted-Identity: <sip:carol@elsewhere.test>"
    );
    let answer = ask(&scscf(), &host, &message);
    answer.relays();
    assert_eq!(host.asked(), ["criteria tel:+491701234567 OriginatingRegistered"]);
    assert!(answer.sent("P-Served-User").is_empty());
}

#[test]
fn who_is_not_registered_originates_as_such() {
    let host = TestHost::new().serves(alice(false)).own_route("sip:192.0.2.3:6060;lr;orig");
    ask(&scscf(), &host, &call("sip:bob@ims.test", &format!("<{ALICE}>"))).relays();
    assert_eq!(asked(&host, "criteria"), ["criteria sip:alice@ims.test OriginatingUnregistered"]);
}

#[test]
fn what_is_neither_sip_nor_tel_is_416() {
    ask(&scscf(), &from_alice(), &call("http://example.org", "<sip:alice@ims.test>")).replies(416);
}

#[test]
fn probes_and_strays() {
    let host = TestHost::new();
    ask(&scscf(), &host, &sip!("OPTIONS sip:192.0.2.3:6060 SIP/2.0")).replies(200);
    ask(&scscf(), &host, &sip!("CANCEL sip:bob@ims.test SIP/2.0")).nexts();
    ask(&scscf(), &host, &sip!("ACK sip:bob@ims.test SIP/2.0")).drops();
    assert!(host.asked().is_empty());
}

/// §5.4.3.2 step 1: an application server originates for a user who is not registered; its profile is fetched. A phone has
/// no such right.
#[test]
fn an_application_server_calls_for_a_user_who_is_not_registered() {
    let served =
        sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Served-User: <{ALICE}>\nP-Asserted-Identity: <{ALICE}>");
    let by_server = |answer| TestHost::new().assigned(answer).own_route("sip:192.0.2.3:6060;lr;orig");
    let host = by_server(Ok(Some(alice(false))));
    ask(&scscf(), &host, &served).relays_to(&["sip:bob@ims.test"]);
    assert_eq!(
        host.asked(),
        [
            "SAR UnregisteredUser sip:alice@ims.test ",
            "start timer kept sip:alice@ims.test 3600000",
            "criteria sip:alice@ims.test OriginatingUnregistered"
        ]
    );
    for (answer, status) in [
        (Ok(None), 403),
        (Err(CxFailure::Experimental(5001)), 403),
        (Err(CxFailure::Result(5012)), 403),
        (Err(CxFailure::Timeout), 504),
        (Err(CxFailure::Unreachable), 504),
    ] {
        ask(&scscf(), &by_server(answer), &served).replies(status);
    }
    let by_phone = TestHost::new().assigned(Ok(Some(alice(false)))).own_route(SERVICE_ROUTE);
    ask(&scscf(), &by_phone, &served).replies(403);
    assert!(by_phone.asked().is_empty());
}

/// §4.4, §5.4.3.1: whom a request serves is said by the network alone.
#[test]
fn who_is_not_of_the_network_is_refused() {
    let plugin = with("icscf = \"sip:192.0.2.2:4060\"\ntrusted = [\"192.0.2.0/28\"]");
    for method in ["MESSAGE", "INVITE", "REGISTER", "SUBSCRIBE"] {
        let message = sip!("{method} sip:bob@ims.test SIP/2.0\nEvent: reg\nP-Asserted-Identity: <{ALICE}>");
        let stranger = from_alice().from(Transport::Udp, "203.0.113.9", 5060, 0);
        ask(&plugin, &stranger, &message).replies(403);
    }
}

/// §5.4.3.2 step 10, §5.10: by way of who hides this network.
#[test]
fn requests_for_other_networks_go_by_the_border() {
    let scscf = with("border = \"sip:192.0.2.4:4060\"");
    let answer = ask(&scscf, &from_alice(), &call("sip:carol@far.test", "<sip:alice@ims.test>"));
    let relay = answer.relays_to(&["sip:carol@far.test"]);
    assert_eq!(relay.targets[0].route, ["<sip:192.0.2.4:4060;lr>"]);
    let answer = ask(&scscf, &from_alice(), &call("sip:bob@ims.test", "<sip:alice@ims.test>"));
    assert!(answer.relays_to(&["sip:bob@ims.test"]).targets[0].route.is_empty(), "ours stay within");
}

/// RFC 3325 §7, §9.1; TS 24.229 §4.4.
#[test]
fn who_wants_privacy_is_not_named_to_another_network() {
    let call = |to: &str, privacy: &str| {
        sip!("INVITE {to} SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>\nPrivacy: {privacy}")
    };
    let trusting = with("trusted_networks = [\"friend.test\"]");
    let both = vec!["<sip:alice@ims.test>", "<tel:+491701234567>"];
    for (to, privacy, named) in [
        ("sip:carol@far.test", "id", vec![]),
        ("sip:carol@far.test", "header;id", vec![]),
        ("sip:carol@far.test", "\"", vec![]),
        ("sip:carol@far.test", "none", both.clone()),
        ("sip:carol@far.test", "user", both.clone()),
        ("sip:carol@Friend.test", "id", both.clone()),
        ("sip:bob@ims.test", "id", both.clone()),
    ] {
        let answer = ask(&trusting, &from_alice(), &call(to, privacy));
        assert_eq!(answer.sent("P-Asserted-Identity"), named, "{to} {privacy}");
        assert_eq!(answer.sent("Privacy"), [privacy], "the next network is to know");
    }
}

/// RFC 7044 §10.1.
#[test]
fn a_private_history_is_told_without_names() {
    let call = |to: &str, privacy: &str| {
        sip!(
            "INVITE {to} SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>\n{privacy}\
             History-Info: <sip:bob@ims.test>;index=1, <sip:dan@far.test>;index=1.1;rc=1\n\
             History-Info: \"E\" <sip:eve@ims.test?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1.1.1;mp=1.1"
        )
    };
    let [bob, dan] = ["<sip:bob@ims.test>;index=1", "<sip:dan@far.test>;index=1.1;rc=1"];
    let eve = "\"E\" <sip:eve@ims.test?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1.1.1;mp=1.1";
    let [nobody, hidden] =
        ["<sip:anonymous@anonymous.invalid>;index=1", "<sip:anonymous@anonymous.invalid>;index=1.1.1;mp=1.1"];
    let said = |to: &str, privacy: &str| {
        ask(&with("trusted_networks = [\"friend.test\"]"), &from_alice(), &call(to, privacy))
            .sent("History-Info")
    };
    assert_eq!(said("sip:carol@far.test", ""), [bob, dan, hidden], "the entry says it for itself");
    for privacy in ["history", "header", "session", "\""] {
        let said = said("sip:carol@far.test", &format!("Privacy: {privacy}\n"));
        assert_eq!(said, [nobody, dan, hidden], "{privacy}: those of our network");
    }
    for to in ["sip:carol@friend.test", "sip:bob@ims.test"] {
        assert_eq!(said(to, "Privacy: history\n"), [[bob, ", ", dan].concat(), eve.to_owned()], "{to}");
    }
}
