//! Sessions to our users (TS 24.229 §5.4.3.3; TS 29.228 §6.1.2).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::CxFailure;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask};
use strowger_sdk::{Host, Plugin};

use crate::world::{ALICE, BARRED, NUMBER, alice, asked, scscf, server, serving};

fn call(uri: &str) -> TestMessage {
    sip!("INVITE {uri} SIP/2.0\nP-Served-User: <{uri}>")
}

#[test]
fn a_registered_user_is_reached_at_every_contact() {
    for (uri, served) in [(ALICE, ALICE), (NUMBER, NUMBER), ("sip:alice@IMS.test:5060;x=y", ALICE)] {
        let host = serving();
        let answer = ask(&scscf(), &host, &call(uri));
        let relay = answer.relays_to(&["location sip:alice@ims.test"]);
        assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
        assert_eq!(answer.sent("P-Called-Party-ID"), [format!("<{uri}>")], "RFC 7315 §4.2");
        assert!(answer.sent("P-Served-User").is_empty());
        assert_eq!(host.asked(), [format!("criteria {served} TerminatingRegistered")]);
    }
}

#[test]
fn what_the_sender_says_about_who_was_called_does_not_count() {
    let message = sip!("MESSAGE {ALICE} SIP/2.0\nP-Called-Party-ID: <sip:boss@ims.test>");
    let answer = ask(&scscf(), &serving(), &message);
    assert_eq!(answer.sent("P-Called-Party-ID"), [format!("<{ALICE}>")]);
    assert!(!answer.relays().options.contains(RelayOptions::RECORD_ROUTE));
}

/// §5.4.3.3 step 2: a barred identity is nobody.
#[test]
fn a_barred_identity_cannot_be_called() {
    let host = serving().triggers(server(0, "sip:as.ims.test", false));
    ask(&scscf(), &host, &call(BARRED)).replies(404);
    assert!(asked(&host, "criteria").is_empty());
}

/// S10: the profile of who is not registered is fetched, and its application servers serve it.
#[test]
fn a_user_that_is_not_registered_has_services() {
    let host =
        TestHost::new().assigned(Ok(Some(alice(false)))).triggers(server(0, "sip:voicemail.ims.test", false));
    let answer = ask(&scscf(), &host, &call(ALICE));
    let relay = answer.relays_to(&[ALICE]);
    assert_eq!(relay.targets[0].route[0], "<sip:voicemail.ims.test;lr>");
    assert_eq!(answer.sent("P-Served-User"), ["<sip:alice@ims.test>;sescase=term;regstate=unreg"]);
    assert_eq!(
        host.asked(),
        [
            "SAR UnregisteredUser sip:alice@ims.test ",
            "start timer kept sip:alice@ims.test 3600000",
            "criteria sip:alice@ims.test TerminatingUnregistered"
        ]
    );
}

/// TS 29.228 §6.1.2.1: the profile of who is not registered is let go when nobody has asked for it for a while, and the HSS
/// may give the user to another S-CSCF. Each request begins that time anew.
#[test]
fn a_profile_of_nobody_who_is_registered_is_not_kept_for_ever() {
    let pass = |host: &TestHost, ms| {
        for token in host.advance(ms) {
            scscf().on_timer(&token, host);
        }
        asked(host, "SAR")
    };
    let over = ["SAR AdministrativeDeregistration sip:alice@ims.test alice@ims.test"];
    let serving_nobody = || TestHost::new().serves(alice(false)).assigned(Ok(None));
    // Called by either identity of the set.
    let host = serving_nobody();
    ask(&scscf(), &host, &call(ALICE)).replies(480);
    assert!(pass(&host, 3_599_000).is_empty());
    ask(&scscf(), &host, &call(NUMBER)).replies(480);
    assert!(pass(&host, 3_599_000).is_empty(), "the time begins anew");
    assert_eq!(pass(&host, 1_000), over);
    // An application server calls on its behalf.
    let host = serving_nobody().own_route("sip:192.0.2.3:6060;lr;orig");
    let message = sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Served-User: <{ALICE}>");
    ask(&scscf(), &host, &message).relays();
    assert_eq!(pass(&host, 3_600_000), over);
    // The HSS is gone: then it is asked anew when somebody calls.
    let host = serving_nobody().assigned(Err(CxFailure::Timeout));
    ask(&scscf(), &host, &call(ALICE)).replies(480);
    pass(&host, 3_600_000);
    assert!(host.subscriber(ALICE).is_none());
    // Who has registered meanwhile stays, and who is registered has no such time.
    for host in [serving(), TestHost::new()] {
        scscf().on_timer("kept sip:alice@ims.test", &host);
        assert!(asked(&host, "SAR").is_empty());
    }
    let host = serving();
    ask(&scscf(), &host, &call(ALICE)).relays();
    assert!(host.advance(10_000_000).is_empty());
}

#[test]
fn a_user_without_services_and_phones_is_480() {
    let host = TestHost::new().assigned(Ok(Some(alice(false))));
    ask(&scscf(), &host, &call(ALICE)).replies(480);
    // a profile that says registered, while the last binding is gone
    let host = TestHost::new().serves(alice(true));
    ask(&scscf(), &host, &call(ALICE)).replies(480);
    assert_eq!(asked(&host, "criteria"), ["criteria sip:alice@ims.test TerminatingUnregistered"]);
}

/// TS 29.228 §6.1.2.1: who is unknown is 404; an HSS that gives no profile has nobody to reach.
#[test]
fn every_failure_of_the_hss() {
    for (answer, status) in [
        (Err(CxFailure::Experimental(5001)), 404),
        (Err(CxFailure::Experimental(5003)), 480),
        (Err(CxFailure::Result(5012)), 480),
        (Ok(None), 480),
        (Err(CxFailure::Timeout), 504),
        (Err(CxFailure::Unreachable), 504),
        (Err(CxFailure::Malformed), 504),
    ] {
        ask(&scscf(), &TestHost::new().assigned(answer.clone()), &call(ALICE)).replies(status);
    }
}

#[test]
fn what_is_neither_sip_nor_tel_is_416() {
    let host = TestHost::new();
    ask(&scscf(), &host, &call("urn:service:sos")).replies(416);
    assert!(host.asked().is_empty());
}

#[test]
fn by_the_name_that_the_hss_has_for_us_a_request_is_terminating() {
    let host = serving().own_route("sip:192.0.2.3:6060;lr");
    ask(&scscf(), &host, &call(ALICE)).relays_to(&["location sip:alice@ims.test"]);
}

/// RFC 5002; TS 23.003 §13.5: who is called has no profile of its own, but the wildcard that the HSS named to the I-CSCF.
#[test]
fn a_wildcarded_service_is_served_by_its_profile_key() {
    const ROOMS: &str = "sip:room-!.*!@ims.test";
    let mut rooms = alice(false);
    rooms.identities.truncate(1);
    rooms.identities[0].uri = ROOMS.to_owned();
    rooms.identities[0].barred = false;
    let host = TestHost::new().serves(rooms).triggers(server(0, "sip:rooms.ims.test", false));
    let invite = |key: &str| sip!("INVITE sip:room-7@ims.test SIP/2.0\nP-Profile-Key: {key}");
    for key in ["<sip:room-!.*!@ims.test>", "<sip:room-%21.%2A%21@ims.test>"] {
        let answer = ask(&scscf(), &host, &invite(key));
        let relay = answer.relays_to(&["sip:room-7@ims.test"]);
        assert_eq!(relay.targets[0].route[0], "<sip:rooms.ims.test;lr>");
    }
    assert_eq!(asked(&host, "SAR"), [""; 0], "it is known here");
    let host = TestHost::new().assigned(Err(CxFailure::Experimental(5001)));
    ask(&scscf(), &host, &invite("<sip:other-!.*!@ims.test>")).replies(404);
}

#[test]
fn a_phone_is_not_told_the_profile_key() {
    let message = sip!("MESSAGE {ALICE} SIP/2.0\nP-Profile-Key: <sip:!.*!@ims.test>");
    assert_eq!(ask(&scscf(), &serving(), &message).sent("P-Profile-Key"), [""; 0]);
}
