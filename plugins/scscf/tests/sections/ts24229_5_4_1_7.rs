//! Application servers are told of registrations (TS 24.229 §5.4.1.7).

use strowger_sdk::ims::{ApplicationServer, AuthenticationVerdict as Judged, Triggered};
use strowger_sdk::testing::{TestHost, ask, tell_answer};
use strowger_sdk::{HeaderId, sip};

use crate::world::{ALICE, CONTACT, alice, asked, register, scscf, server, serving, value};

fn right(triggered: &[Triggered]) -> TestHost {
    let host = TestHost::new().judges(Judged::Accepted).assigned(Ok(Some(alice(true))));
    let host = host.registers(&["<sip:a@192.0.2.10>;expires=600", "<sip:b@192.0.2.11>;expires=3600"]);
    triggered.iter().cloned().fold(host, TestHost::triggers)
}

#[test]
fn every_server_whose_criteria_are_met_gets_a_register_of_the_s_cscfs() {
    let host = right(&[server(0, "sip:tas.ims.test", false), server(1, "sip:sms.ims.test", true)]);
    ask(&scscf(), &host, &register(CONTACT)).replies(200);
    assert_eq!(asked(&host, "REGISTER criteria"), ["REGISTER criteria sip:alice@ims.test Initial"]);
    let sent = host.sent();
    let uris: Vec<&str> = sent.iter().map(|own| own.uri.as_str()).collect();
    assert_eq!(uris, ["sip:tas.ims.test", "sip:sms.ims.test"]);
    for own in &sent {
        assert_eq!(own.method, "REGISTER");
        assert_eq!(value(own, HeaderId::FROM), ["<sip:192.0.2.3:6060>"]);
        assert_eq!(
            value(own, HeaderId::TO),
            ["<sip:alice@ims.test>"],
            "the default identity, not a barred one"
        );
        assert_eq!(value(own, HeaderId::CONTACT), ["<sip:192.0.2.3:6060>"]);
        assert_eq!(value(own, HeaderId::EXPIRES), ["3600"], "as long as the longest contact");
        assert_eq!(value(own, HeaderId::P_ACCESS_NETWORK_INFO), ["3GPP-E-UTRAN-FDD"]);
        assert_eq!(value(own, HeaderId::P_VISITED_NETWORK_ID), ["\"visited.test\""]);
        assert_eq!(value(own, HeaderId::P_CHARGING_FUNCTION_ADDRESSES), ["ccf=192.0.2.200"]);
        // §4.5.4: of type 3, with the identifier of the user's REGISTER.
        let vector = "icid-value=x;orig-ioi=\"Type 3ims.test\"";
        assert_eq!(value(own, HeaderId::P_CHARGING_VECTOR), [vector]);
        assert!(value(own, HeaderId::AUTHORIZATION).is_empty());
    }
}

#[test]
fn the_kind_of_registration_chooses_the_criteria() {
    let host = serving()
        .judges(Judged::Accepted)
        .assigned(Ok(Some(alice(true))))
        .registers(&["<sip:a@b>;expires=60"]);
    ask(&scscf(), &host, &register(CONTACT)).replies(200);
    assert_eq!(asked(&host, "REGISTER criteria"), ["REGISTER criteria sip:alice@ims.test ReRegistration"]);
}

/// ServiceInfo, the REGISTER and its 200, as the criteria want them; the host makes the body.
#[test]
fn what_the_body_holds_is_the_criterias() {
    let with = |info: Option<&str>, request, response| {
        let server = ApplicationServer {
            uri: "sip:as.ims.test".to_owned(),
            terminates: false,
            service_info: info.map(str::to_owned),
            include_register_request: request,
            include_register_response: response,
        };
        Triggered { server, ..self::server(0, "", false) }
    };
    for (triggered, body) in [
        (with(None, false, false), &b"\0"[..]),
        (with(None, true, false), b"\x01"),
        (with(None, true, true), b"\x03"),
        (with(Some("<x/>"), false, true), b"\x06<x/>"),
    ] {
        let host = right(&[triggered]);
        ask(&scscf(), &host, &register(CONTACT)).replies(200);
        let attrs = &host.sent()[0].attrs;
        assert!(attrs.iter().any(|attr| attr.tag == 5 && attr.value == body), "{attrs:?}");
    }
}

#[test]
fn nobody_is_told_of_what_did_not_happen() {
    let servers = [server(0, "sip:as.ims.test", false)];
    for host in [
        right(&servers).judges(Judged::Rejected),
        right(&servers).registration(Err(strowger_sdk::RegisterRefusal::TooMany)),
    ] {
        ask(&scscf(), &host, &register(CONTACT)).replies(403);
        assert!(host.sent().is_empty());
    }
}

/// A server that a session cannot do without ends the registration by its failure; others do not.
#[test]
fn the_failure_of_a_server_means_what_its_default_handling_says() {
    for (terminates, status, ends) in [
        (true, 408, true),
        (true, 500, true),
        (true, 503, true),
        (true, 200, false),
        (true, 404, false),
        (false, 408, false),
        (false, 500, false),
    ] {
        let host = right(&[server(0, "sip:as.ims.test", terminates)]);
        ask(&scscf(), &host, &register(CONTACT)).replies(200);
        let token = host.sent()[0].token.clone();
        tell_answer(&scscf(), &host, &token, &sip!("SIP/2.0 {status} So\nCSeq: 1 REGISTER"));
        let sar = asked(&host, "SAR AdministrativeDeregistration");
        assert_eq!(!sar.is_empty(), ends, "{terminates} {status}");
        assert_eq!(!asked(&host, "remove bindings").is_empty(), ends, "{terminates} {status}");
    }
}

#[test]
fn an_answer_about_somebody_who_has_left_is_nothing() {
    let host = TestHost::new();
    tell_answer(&scscf(), &host, &format!("vital:{ALICE}"), &sip!("SIP/2.0 500 So\nCSeq: 1 REGISTER"));
    assert!(host.asked().is_empty());
}

#[test]
fn servers_beyond_what_may_be_sent_are_logged() {
    let many: Vec<Triggered> = (0..40).map(|at| server(at, "sip:as.ims.test", false)).collect();
    let host = right(&many);
    ask(&scscf(), &host, &register(CONTACT)).replies(200);
    assert_eq!((host.sent().len(), host.logged().len()), (32, 8));
}
