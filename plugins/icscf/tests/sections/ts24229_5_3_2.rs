//! Requests for users of the home network (TS 24.229 §5.3.2; TS 29.228 §6.1.4).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::{CxFailure, LocationOutcome};
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_failure};

use crate::world::{A, B, C, hss, icscf, named, nothing, to_choose, with};

const S: &str = "sip:s.ims.test:6060";

fn invite(uri: &str) -> TestMessage {
    sip!("INVITE {uri} SIP/2.0")
}

fn found() -> TestHost {
    hss(named(LocationOutcome::Success, S))
}

#[test]
fn a_call_goes_to_the_callees_s_cscf_and_no_route_is_recorded() {
    for method in ["INVITE", "MESSAGE", "SUBSCRIBE", "REFER", "OPTIONS", "PUBLISH"] {
        let host = found();
        let answer = ask(&icscf(), &host, &sip!("{method} sip:Bob@IMS.test;x=y SIP/2.0"));
        let relay = answer.relays_to(&["sip:Bob@IMS.test;x=y"]);
        assert_eq!(relay.targets[0].route, ["<sip:s.ims.test:6060;lr>"]);
        assert!(relay.options.contains(RelayOptions::ASK_FAILURE));
        assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE), "{method}");
        assert_eq!(host.asked(), ["LIR terminating sip:Bob@ims.test "]);
    }
}

#[test]
fn a_server_name_with_lr_keeps_it_once() {
    let host = hss(named(LocationOutcome::Success, "sip:s.ims.test;lr;transport=tcp"));
    let answer = ask(&icscf(), &host, &invite("sip:bob@ims.test"));
    assert_eq!(answer.relays().targets[0].route, ["<sip:s.ims.test;lr;transport=tcp>"]);
}

#[test]
fn a_user_that_is_not_registered_has_a_server_or_gets_one() {
    let unregistered = LocationOutcome::UnregisteredService;
    for (answer, server) in [
        (named(unregistered, S), S),
        (Ok(nothing(unregistered)), A),
        (to_choose(unregistered, &[3], &[], &[]), C),
        (to_choose(LocationOutcome::Success, &[1], &[2], &[]), B),
    ] {
        let answer = ask(&icscf(), &hss(answer), &invite("sip:bob@ims.test"));
        let relay = answer.relays_to(&["sip:bob@ims.test"]);
        assert_eq!(relay.targets[0].route, [format!("<{server};lr>")]);
    }
    let nobody = to_choose(unregistered, &[8], &[], &[]);
    ask(&icscf(), &hss(nobody), &invite("sip:bob@ims.test")).replies(504);
}

/// §5.3.2.1, TS 29.228 §6.1.4.1: who is unknown is 404, who is not registered 480.
#[test]
fn every_failure_of_the_hss() {
    for (failure, status) in [
        (CxFailure::Experimental(5001), 404), // USER_UNKNOWN
        (CxFailure::Result(5030), 404),       // USER_UNKNOWN of RFC 4740
        (CxFailure::Experimental(5003), 480), // IDENTITY_NOT_REGISTERED
        (CxFailure::Result(3004), 480),
        (CxFailure::Result(5012), 480),
        (CxFailure::Timeout, 480),
        (CxFailure::Unreachable, 480),
        (CxFailure::Malformed, 480),
    ] {
        ask(&icscf(), &hss(Err(failure)), &invite("sip:bob@ims.test")).replies(status);
    }
    ask(&with("hss_failure = 500"), &hss(Err(CxFailure::Timeout)), &invite("sip:bob@ims.test")).replies(500);
}

#[test]
fn a_telephone_number_is_asked_for_as_a_tel_uri() {
    for (uri, asked) in [
        ("tel:+491701234567", "tel:+491701234567"),
        ("tel:+49-170-1234567", "tel:+491701234567"),
        ("sip:+491701234567@ims.test;user=phone", "tel:+491701234567"),
        ("sip:+491701234567@ims.test", "sip:+491701234567@ims.test"),
    ] {
        let host = found();
        ask(&icscf(), &host, &invite(uri)).relays();
        assert_eq!(host.asked(), [format!("LIR terminating {asked} ")], "{uri}");
    }
}

#[test]
fn a_number_without_its_country_gets_the_operators() {
    let plugin = with("default_country = \"49\"");
    for (uri, asked) in [
        ("tel:01701234567;phone-context=ims.test", "tel:+491701234567"),
        ("tel:0031201234567;phone-context=ims.test", "tel:+31201234567"),
        ("tel:+31201234567", "tel:+31201234567"),
    ] {
        let host = found();
        ask(&plugin, &host, &invite(uri)).relays();
        assert_eq!(host.asked(), [format!("LIR terminating {asked} ")], "{uri}");
    }
}

/// §5.3.2.1: a telephone number in a SIP URI leaves as a tel URI, with its parameters: the S-CSCF serves the number.
#[test]
fn a_telephone_number_goes_on_as_a_tel_uri() {
    let plugin = with("default_country = \"49\"");
    for (uri, sent) in [
        ("sip:+491701234567@ims.test;user=phone", "tel:+491701234567"),
        ("sip:+49-170-1234567;npdi@ims.test;user=phone", "tel:+49-170-1234567;npdi"),
        ("sip:01701234567@ims.test;user=phone", "tel:+491701234567"),
        ("tel:01701234567;phone-context=ims.test", "tel:+491701234567"),
        ("tel:+49-170-1234567", "tel:+49-170-1234567"),
        ("sip:+491701234567@ims.test", "sip:+491701234567@ims.test"),
        ("sip:alice@ims.test;user=phone", "sip:alice@ims.test;user=phone"),
    ] {
        ask(&plugin, &found(), &invite(uri)).relays_to(&[sent]);
        let host = hss(to_choose(LocationOutcome::UnregisteredService, &[], &[], &[])).answers(invite(uri));
        ask_about_failure(&plugin, &host, &sip!("SIP/2.0 408 No")).relays_to(&[sent]);
    }
}

/// §5.3.2.1: a number that nobody of the home network has leaves by the BGCF.
#[test]
fn a_number_that_the_hss_does_not_know_breaks_out() {
    let plugin = with("bgcf = \"sip:192.0.2.50:5060\"");
    let unknown = || hss(Err(CxFailure::Experimental(5001)));
    for uri in ["tel:+4930110", "sip:+4930110@ims.test;user=phone"] {
        let answer = ask(&plugin, &unknown(), &invite(uri));
        let relay = answer.relays_to(&["tel:+4930110"]);
        assert_eq!(relay.targets[0].route, ["<sip:192.0.2.50:5060;lr>"]);
    }
    ask(&plugin, &unknown(), &invite("sip:nobody@ims.test")).replies(404);
    ask(&icscf(), &unknown(), &invite("tel:+4930110")).replies(404);
    ask(&plugin, &hss(Err(CxFailure::Experimental(5003))), &invite("tel:+4930110")).replies(480);
}

#[test]
fn what_is_neither_sip_nor_tel_is_416() {
    for uri in ["urn:service:sos", "http://example.org"] {
        ask(&icscf(), &found(), &invite(uri)).replies(416);
    }
}

#[test]
fn a_request_with_a_route_that_is_not_ours_goes_on() {
    let host = found();
    let passing = sip!("INVITE sip:bob@elsewhere.test SIP/2.0\nRoute: <sip:ibcf.ims.test;lr>");
    ask(&icscf(), &host, &passing).nexts();
    assert!(host.asked().is_empty());
}

/// §5.3.2.1A: by our URI with `orig` a request is on behalf of who it names, for an application server.
#[test]
fn an_application_server_originates_at_the_served_users_s_cscf() {
    for (who, asked) in [
        ("P-Served-User: <sip:alice@ims.test>\nP-Asserted-Identity: <sip:as.ims.test>", "sip:alice@ims.test"),
        ("P-Asserted-Identity: <sip:alice@ims.test>", "sip:alice@ims.test"),
    ] {
        let host = found().own_route("sip:192.0.2.1:4060;lr;orig");
        let answer = ask(&icscf(), &host, &sip!("INVITE sip:bob@ims.test SIP/2.0\n{who}"));
        let relay = answer.relays_to(&["sip:bob@ims.test"]);
        assert_eq!(relay.targets[0].route, ["<sip:s.ims.test:6060;lr;orig>"]);
        assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE));
        assert_eq!(host.asked(), [format!("LIR originating {asked} ")]);
    }
    let nobody = found().own_route("sip:192.0.2.1:4060;lr;orig");
    ask(&icscf(), &nobody, &invite("sip:bob@ims.test")).replies(403);
    let unknown = hss(Err(CxFailure::Experimental(5001))).own_route("sip:192.0.2.1:4060;lr;orig");
    let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>");
    ask(&icscf(), &unknown, &call).replies(404);
    let unserved =
        hss(Ok(nothing(LocationOutcome::UnregisteredService))).own_route("sip:192.0.2.1:4060;orig");
    let answer = ask(&icscf(), &unserved, &call);
    assert_eq!(answer.relays().targets[0].route, [format!("<{A};lr;orig>")]);
}

/// A stranger does not call on behalf of our users.
#[test]
fn nobody_else_does() {
    let host = found()
        .from(strowger_sdk::Transport::Udp, "203.0.113.9", 5060, 0)
        .own_route("sip:192.0.2.1:4060;lr;orig");
    let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Served-User: <sip:alice@ims.test>");
    ask(&with("trusted = [\"192.0.2.0/24\"]"), &host, &call).replies(403);
    assert!(host.asked().is_empty());
}

/// §5.3.2.2: an S-CSCF that does not answer for a user whose server is ours to choose is replaced.
#[test]
fn when_the_chosen_s_cscf_does_not_answer_the_next_one_gets_it() {
    for status in [408, 503] {
        let host = hss(to_choose(LocationOutcome::UnregisteredService, &[1], &[], &[]))
            .with_variable("tried", A)
            .answers(invite("sip:bob@ims.test"));
        let answer = ask_about_failure(&icscf(), &host, &sip!("SIP/2.0 {status} No"));
        let relay = answer.relays_to(&["sip:bob@ims.test"]);
        assert_eq!(relay.targets[0].route, [format!("<{B};lr>")]);
        assert_eq!(host.asked(), ["LIR terminating sip:bob@ims.test RegistrationAndCapabilities"]);
    }
}

/// One that has let it ring has taken the request, and is not replaced whatever it says then: the host asks no more.
#[test]
fn an_s_cscf_that_has_let_it_ring_is_not_replaced() {
    const UNLESS_HEARD: u16 = 11;
    let chosen = || hss(to_choose(LocationOutcome::UnregisteredService, &[1], &[], &[]));
    for settings in ["", "scscf_timeout_ms = 0"] {
        let host = chosen().answers(invite("sip:bob@ims.test"));
        let first = ask(&with(settings), &host, &invite("sip:bob@ims.test"));
        let next = ask_about_failure(&with(settings), &host, &sip!("SIP/2.0 503 No"));
        for relay in [first.relays(), next.relays()] {
            assert!(relay.options.contains(RelayOptions::ASK_FAILURE));
            assert!(relay.attrs.iter().any(|attr| attr.tag == UNLESS_HEARD), "{relay:?}");
        }
    }
}

#[test]
fn what_a_callee_answers_is_the_answer() {
    for status in [300, 302, 404, 480, 486, 487, 500, 600, 603] {
        let host = found().answers(invite("sip:bob@ims.test"));
        ask_about_failure(&icscf(), &host, &sip!("SIP/2.0 {status} No")).nexts();
        assert!(host.asked().is_empty(), "{status}");
    }
    // who has a server for good has no other
    let host = found().with_variable("tried", S).answers(invite("sip:bob@ims.test"));
    ask_about_failure(&icscf(), &host, &sip!("SIP/2.0 408 No")).nexts();
}

/// RFC 3261 §19.1.1: no parameter of a URI comes twice.
#[test]
fn the_originating_entry_of_an_s_cscf_has_each_parameter_once() {
    let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>");
    for (name, route) in [
        ("sip:s.ims.test", "<sip:s.ims.test;lr;orig>"),
        ("sip:s.ims.test;lr", "<sip:s.ims.test;lr;orig>"),
        ("sip:s.ims.test;lr;transport=tcp", "<sip:s.ims.test;lr;transport=tcp;orig>"),
    ] {
        let host = hss(named(LocationOutcome::Success, name)).own_route("sip:192.0.2.1:4060;lr;orig");
        assert_eq!(ask(&icscf(), &host, &call).relays().targets[0].route, [route], "{name}");
    }
}

/// Open5GS answers 2004 where it knows nobody: TS 29.228 §6.1.4 has no such answer, and it names no server.
#[test]
fn a_server_name_that_is_not_stored_is_an_unknown_user() {
    let unknown = || hss(Ok(nothing(LocationOutcome::ServerNameNotStored)));
    ask(&icscf(), &unknown(), &invite("sip:bob@ims.test")).replies(404);
    let plugin = with("bgcf = \"sip:192.0.2.50\"");
    ask(&plugin, &unknown(), &invite("tel:+4930110")).relays_to(&["tel:+4930110"]);
    let host = unknown().own_route("sip:192.0.2.1:4060;lr;orig");
    let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <sip:alice@ims.test>");
    ask(&icscf(), &host, &call).replies(404);
}

/// RFC 5002; TS 23.003 §13.4A, §13.5: the S-CSCF finds the profile by the wildcard that the HSS has matched.
#[test]
fn a_wildcard_that_the_hss_names_is_passed_on() {
    for (wildcard, key) in [
        ("sip:room-!.*!@ims.test", "<sip:room-!.*!@ims.test>"),
        ("sip:a!{3}!@ims.test", "<sip:a!%7B3%7D!@ims.test>"),
    ] {
        for answer in
            [named(LocationOutcome::Success, S), to_choose(LocationOutcome::Success, &[1], &[], &[])]
        {
            let mut location = answer.expect("an answer");
            location.wildcarded_public_identity = Some(wildcard.to_owned());
            let invite = sip!("INVITE sip:room-7@ims.test SIP/2.0\nP-Profile-Key: <sip:forged@ims.test>");
            let answer = ask(&icscf(), &hss(Ok(location.clone())), &invite);
            assert_eq!(answer.sent("P-Profile-Key"), [key]);
        }
    }
    assert!(ask(&icscf(), &found(), &invite("sip:bob@ims.test")).sent("P-Profile-Key").is_empty());
}
