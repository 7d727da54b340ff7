//! Registrations that end (TS 24.229 §5.4.1.4, §5.4.1.5; TS 29.228 §6.1.2, §6.1.3).

use strowger_sdk::decision::Attr;
use strowger_sdk::ims::{AuthenticationVerdict as Judged, CxFailure};
use strowger_sdk::testing::{TestHost, ask};
use strowger_sdk::{Event, HeaderId, Host, Plugin, RegisterRefusal};

use crate::world::{ALICE, CONTACT, alice, asked, register, scscf, server, serving, value};

const ENDS: &str = "Contact: <sip:alice@192.0.2.10:5060>\nExpires: 0";

fn proved() -> TestHost {
    serving().judges(Judged::Accepted).assigned(Ok(None))
}

#[test]
fn the_last_contact_ends_the_assignment() {
    for contacts in [ENDS, "Contact: <sip:alice@192.0.2.10:5060>;expires=0", "Contact: *\nExpires: 0"] {
        let host = proved().triggers(server(0, "sip:as.ims.test", false)).registers(&[]);
        let answer = ask(&scscf(), &host, &register(contacts));
        answer.replies(200);
        assert!(answer.sent("Contact").is_empty());
        assert_eq!(asked(&host, "SAR"), ["SAR UserDeregistration sip:alice@ims.test alice@ims.test"]);
        let [own] = &host.sent()[..] else { panic!("{:?}", host.sent()) };
        assert_eq!(value(own, HeaderId::EXPIRES), ["0"]);
        assert_eq!(
            asked(&host, "REGISTER criteria"),
            ["REGISTER criteria sip:alice@ims.test DeRegistration"]
        );
        assert_eq!(host.subscriber(ALICE), None);
    }
}

#[test]
fn while_another_contact_is_bound_the_assignment_stays() {
    let host =
        proved().triggers(server(0, "sip:as.ims.test", false)).registers(&["<sip:b@192.0.2.11>;expires=60"]);
    let answer = ask(&scscf(), &host, &register(ENDS));
    answer.replies(200);
    assert_eq!(answer.sent("Contact"), ["<sip:b@192.0.2.11>;expires=60"]);
    assert!(asked(&host, "SAR").is_empty());
    assert_eq!(value(&host.sent()[0], HeaderId::EXPIRES), ["60"]);
}

/// TS 29.228 §6.1.2.1: the HSS counts the private identities that share the public ones. None stays behind.
#[test]
fn the_last_contact_ends_the_assignment_of_every_device() {
    let host = proved().registers(&[]);
    host.put("i sip:alice@ims.test", b"alice@ims.test\ntablet@ims.test", 1_000, None).expect("a row");
    ask(&scscf(), &host, &register(ENDS)).replies(200);
    let told = ["alice@ims.test", "tablet@ims.test"];
    assert_eq!(asked(&host, "SAR"), told.map(|of| format!("SAR UserDeregistration sip:alice@ims.test {of}")));
    assert_eq!(host.get("i sip:alice@ims.test"), None);
}

/// The phone is gone, whatever the HSS says: it will be asked again when somebody calls.
#[test]
fn an_hss_that_is_away_keeps_nobody_registered() {
    for failure in [CxFailure::Timeout, CxFailure::Unreachable, CxFailure::Result(5012)] {
        let host = serving().judges(Judged::Accepted).assigned(Err(failure)).registers(&[]);
        ask(&scscf(), &host, &register(ENDS)).replies(200);
        assert_eq!(asked(&host, "forget"), ["forget sip:alice@ims.test"]);
        assert_eq!(host.subscriber(ALICE), None);
    }
}

/// Who is not registered here may be in the HSS: a crash in between, say.
#[test]
fn the_end_of_nothing_is_told_to_the_hss_too() {
    let host = TestHost::new().judges(Judged::Accepted).assigned(Ok(None));
    ask(&scscf(), &host, &register(ENDS)).replies(200);
    assert_eq!(asked(&host, "SAR"), ["SAR UserDeregistration sip:alice@ims.test alice@ims.test"]);
    assert!(asked(&host, "register ").is_empty());
}

#[test]
fn an_end_needs_proof_like_a_beginning() {
    let host = serving().judges(Judged::Absent).challenged(Ok(1));
    ask(&scscf(), &host, &register(ENDS)).replies(401);
    let host = serving().judges(Judged::Rejected);
    ask(&scscf(), &host, &register(ENDS)).replies(403);
    assert!(asked(&host, "register ").is_empty() && asked(&host, "SAR").is_empty());
}

#[test]
fn an_end_that_the_registrar_refuses_ends_nothing() {
    let host = proved().registration(Err(RegisterRefusal::OutOfOrder));
    ask(&scscf(), &host, &register(ENDS)).replies(500);
    assert!(asked(&host, "SAR").is_empty());
    ask(&scscf(), &proved().registration(Err(RegisterRefusal::Malformed)), &register(CONTACT))
        .said()
        .as_ref()
        .expect("a decision");
}

fn expired() -> Event {
    Event::RegistrationEnded {
        address_of_record: ALICE.to_owned(),
        contact: "sip:alice@192.0.2.10:5060".to_owned(),
        why: "expired".to_owned(),
    }
}

/// §5.4.1.4A: the last binding has expired: application servers, then the HSS.
#[test]
fn a_registration_that_expires_is_told_to_servers_and_hss() {
    let host =
        TestHost::new().serves(alice(true)).assigned(Ok(None)).triggers(server(0, "sip:as.ims.test", false));
    scscf().on_event(&expired(), &host);
    assert_eq!(asked(&host, "SAR"), ["SAR TimeoutDeregistration sip:alice@ims.test alice@ims.test"]);
    assert_eq!(value(&host.sent()[0], HeaderId::EXPIRES), ["0"]);
    assert_eq!(host.subscriber(ALICE), None);
}

#[test]
fn an_expired_contact_of_several_ends_nothing() {
    let host = serving().triggers(server(0, "sip:as.ims.test", false));
    scscf().on_event(&expired(), &host);
    assert!(asked(&host, "SAR").is_empty() && host.sent().is_empty());
}

#[test]
fn an_expiry_that_the_hss_does_not_hear_of_is_an_end_here() {
    let host = TestHost::new().serves(alice(true)).assigned(Err(CxFailure::Timeout));
    scscf().on_event(&expired(), &host);
    assert_eq!(host.subscriber(ALICE), None);
    // and one of somebody whom nobody here knows is nothing
    let host = TestHost::new();
    scscf().on_event(&expired(), &host);
    assert!(host.asked().is_empty());
}

/// §5.4.1.5: the HSS took the user away (RTR); the host has removed the bindings and told those who watch.
#[test]
fn a_user_that_the_hss_takes_away_leaves_application_servers() {
    let host = TestHost::new().serves(alice(true)).triggers(server(0, "sip:as.ims.test", true));
    let attrs = vec![Attr { tag: 1, value: ALICE.as_bytes().to_vec() }];
    scscf().on_event(&Event::Other { name: "deregistered".to_owned(), attrs }, &host);
    let [own] = &host.sent()[..] else { panic!("{:?}", host.sent()) };
    assert_eq!((value(own, HeaderId::EXPIRES), own.token.as_str()), (vec!["0"], ""));
    assert!(asked(&host, "SAR").is_empty(), "the HSS knows");
    assert_eq!(host.subscriber(ALICE), None);
}

#[test]
fn events_of_nobody_and_of_nothing_are_ignored() {
    let host = serving();
    for (name, value) in
        [("deregistered", &b"sip:nobody@ims.test"[..]), ("deregistered", b"\xff"), ("other", b"")]
    {
        let attrs = vec![Attr { tag: 1, value: value.to_vec() }];
        scscf().on_event(&Event::Other { name: name.to_owned(), attrs }, &host);
    }
    scscf().on_event(&Event::Other { name: "deregistered".to_owned(), attrs: Vec::new() }, &host);
    scscf().on_event(&Event::DialogEnded { call_id: "c".to_owned(), why: "bye".to_owned() }, &host);
    assert!(host.asked().is_empty() && host.subscriber(ALICE).is_some());
}
