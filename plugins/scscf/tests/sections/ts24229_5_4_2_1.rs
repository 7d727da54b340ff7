//! Who may watch a registration (TS 24.229 §5.4.2.1.1; RFC 3680 §4).

use strowger_sdk::ims::SubscribeRefusal;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_outside_dialogs};

use crate::world::{ALICE, BARRED, NUMBER, SERVICE_ROUTE, asked, scscf, serving};

fn subscribe(asserted: &str, more: &str) -> TestMessage {
    let asserted =
        if asserted.is_empty() { String::new() } else { format!("P-Asserted-Identity: <{asserted}>\n") };
    sip!(
        "SUBSCRIBE {ALICE} SIP/2.0\nFrom: <sip:x@ims.test>;tag=1\nEvent: reg\nExpires: 600000\n{asserted}{more}"
    )
}

fn taking() -> TestHost {
    serving().subscribes(Ok(3600))
}

#[test]
fn the_user_its_p_cscf_and_application_servers_may_watch() {
    for asserted in [ALICE, NUMBER, "sip:192.0.2.1:5060", "sip:as.ims.test"] {
        let host = taking();
        let answer = ask(&scscf(), &host, &subscribe(asserted, ""));
        answer.replies(200);
        assert_eq!(answer.sent("Expires"), ["3600"], "as long as was granted");
        assert_eq!(answer.sent("Contact"), ["<sip:192.0.2.3:6060>"]);
        assert_eq!(asked(&host, "subscribe"), ["subscribe sip:alice@ims.test sip:192.0.2.3:6060"]);
    }
}

#[test]
fn nobody_else_may() {
    for asserted in ["sip:bob@ims.test", "tel:+4930110", BARRED, "sip:mallory@as.ims.test"] {
        let host = taking();
        ask(&scscf(), &host, &subscribe(asserted, "")).replies(403);
        assert!(asked(&host, "subscribe").is_empty(), "{asserted}");
    }
    ask(&scscf(), &taking(), &subscribe("", "")).replies(403);
}

/// A phone subscribes along its Service-Route: it ends here all the same.
#[test]
fn a_phones_own_subscription_comes_by_the_service_route() {
    let host = taking().own_route(SERVICE_ROUTE);
    ask(&scscf(), &host, &subscribe(ALICE, "")).replies(200);
}

/// A flat laboratory in which nobody asserts anything: an element of the network says so in its From.
#[test]
fn an_element_without_an_assertion_is_who_its_from_says() {
    let from = |from: &str| sip!("SUBSCRIBE {ALICE} SIP/2.0\nFrom: <{from}>;tag=1\nEvent: reg");
    ask(&scscf(), &taking(), &from("sip:192.0.2.1:5060")).replies(200);
    ask(&scscf(), &taking(), &from("sip:alice@ims.test")).replies(403);
    ask(&scscf(), &taking(), &from("sip:192.0.2.3:6060")).replies(403);
}

#[test]
fn every_refusal_of_the_notifier() {
    for (refused, status) in [
        (SubscribeRefusal::Unknown, 480),
        (SubscribeRefusal::Malformed, 400),
        (SubscribeRefusal::NoSubscription, 481),
        (SubscribeRefusal::OutOfOrder, 500),
        (SubscribeRefusal::TooMany, 503),
    ] {
        ask(&scscf(), &serving().subscribes(Err(refused)), &subscribe(ALICE, "")).replies(status);
    }
}

/// Inside its dialog a subscription is addressed to our Contact; the dialog is the proof.
#[test]
fn a_renewal_comes_to_our_own_uri() {
    let renewal =
        sip!("SUBSCRIBE sip:192.0.2.3:6060 SIP/2.0\nTo: <{ALICE}>;tag=ours\nEvent: reg\nExpires: 0");
    let host = serving().subscribes(Ok(0));
    let answer = ask_outside_dialogs(&scscf(), &host, &renewal);
    answer.replies(200);
    assert_eq!(answer.sent("Expires"), ["0"]);
    let forged = serving().subscribes(Err(SubscribeRefusal::NoSubscription));
    ask_outside_dialogs(&scscf(), &forged, &renewal).replies(481);
    let gone = TestHost::new().subscribes(Ok(600));
    ask_outside_dialogs(&scscf(), &gone, &renewal).replies(480);
}

#[test]
fn another_event_package_is_the_users_own_business() {
    let presence = sip!("SUBSCRIBE {ALICE} SIP/2.0\nEvent: presence");
    ask(&scscf(), &taking(), &presence).relays_to(&["location sip:alice@ims.test"]);
}
