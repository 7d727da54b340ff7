//! Registrations that the network ends (TS 24.229 §5.2.3; RFC 3680, RFC 6665).

use strowger_sdk::client::OwnRequest;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply, ask_outside_dialogs, tell_answer};
use strowger_sdk::{HeaderId, Host, Transport, sip};

use crate::world::{TEN_MINUTES, from_alice, ok, pcscf, phone, register, registered, with};

fn value(own: &OwnRequest, id: HeaderId) -> Vec<&str> {
    own.headers.iter().filter(|header| header.id == id.0).map(|header| header.value.as_str()).collect()
}

/// A NOTIFY of the subscription that the test host numbers so.
fn notify(call_id: &str, state: &str) -> TestMessage {
    sip!(
        "NOTIFY sip:192.0.2.1:5060 SIP/2.0\nCall-ID: {call_id}\nTo: <sip:192.0.2.1:5060>;tag=ours\nEvent: reg\n\
         Subscription-State: {state}"
    )
}

/// A document about Alice: her registration's state, and this contact's.
fn document(registration: &str, contact: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"1\" \
         state=\"partial\"><registration aor=\"sip:alice@ims.test\" id=\"a\" \
         state=\"{registration}\">{contact}</registration></reginfo>"
    )
}

fn contact(uri: &str, state: &str, event: &str) -> String {
    format!("<contact id=\"c\" state=\"{state}\" event=\"{event}\"><uri>{uri}</uri></contact>")
}

/// Alice, registered and watched; then this document comes.
fn after(document: &str) -> TestHost {
    let host = registered(phone().with_body(document));
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active;expires=1000")).replies(200);
    host
}

fn is_registered(host: &TestHost) -> bool {
    ask(&pcscf(), host, &from_alice("INVITE", ""))
        .said()
        .as_ref()
        .is_ok_and(|decision| matches!(decision, strowger_sdk::Decision::Relay(_)))
}

#[test]
fn a_new_registration_is_watched_longer_than_it_lasts() {
    let host = registered(phone());
    let [own] = &host.sent()[..] else { panic!("one request: {:?}", host.sent()) };
    assert_eq!((own.method.as_str(), own.uri.as_str()), ("SUBSCRIBE", "sip:alice@ims.test"));
    assert_eq!(own.route, ["<sip:192.0.2.2:4060;lr>"]);
    assert!(value(own, HeaderId::FROM)[0].starts_with("<sip:192.0.2.1:5060>;tag="));
    assert!(value(own, HeaderId::P_CHARGING_VECTOR)[0].starts_with("icid-value="));
    assert_eq!(value(own, HeaderId::TO), ["<sip:alice@ims.test>"]);
    assert_eq!(value(own, HeaderId::EVENT), ["reg"]);
    assert_eq!(value(own, HeaderId::ACCEPT), ["application/reginfo+xml"]);
    assert_eq!(value(own, HeaderId::EXPIRES), ["1200"]);
    assert_eq!(value(own, HeaderId::P_ASSERTED_IDENTITY), ["<sip:192.0.2.1:5060>"]);
    assert_eq!(value(own, HeaderId::CONTACT), ["<sip:192.0.2.1:5060>"]);
}

#[test]
fn a_network_that_does_not_want_it_has_it_left_out() {
    let host = phone().answers(register(""));
    ask_about_reply(&with("reg_event = false"), &host, &ok(TEN_MINUTES)).passes();
    assert!(host.sent().is_empty());
}

#[test]
fn a_contact_that_the_network_ends_is_forgotten_whatever_the_reason() {
    for event in ["deactivated", "rejected", "expired", "unregistered", "probation"] {
        for registration in ["active", "terminated"] {
            let contact = contact("sip:alice@192.0.2.10:5060", "terminated", event);
            assert!(!is_registered(&after(&document(registration, &contact))), "{event}");
        }
    }
}

#[test]
fn contacts_that_stay_and_contacts_of_others_change_nothing() {
    for (uri, state, event) in [
        ("sip:alice@192.0.2.10:5060", "active", "refreshed"),
        ("sip:alice@192.0.2.10:5060", "active", "shortened\" expires=\"60"),
        ("sip:alice@192.0.2.99:5060", "terminated", "rejected"),
    ] {
        assert!(is_registered(&after(&document("active", &contact(uri, state, event)))), "{uri} {event}");
    }
}

#[test]
fn a_registration_that_ends_without_naming_contacts_ends_all_of_them() {
    assert!(!is_registered(&after(&document("terminated", ""))));
}

#[test]
fn a_notify_of_nothing_that_we_asked_for_is_481() {
    let ends = document("terminated", "");
    let host = registered(phone().with_body(ends));
    ask_outside_dialogs(&pcscf(), &host, &notify("somebody-elses", "active")).replies(481);
    assert!(is_registered(&host), "a forged NOTIFY ends nobody's registration");
}

#[test]
fn what_cannot_be_read_is_400_and_an_empty_one_is_taken() {
    let host = registered(phone().with_body("<reginfo"));
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(400);
    assert!(is_registered(&host));
    let host = registered(phone());
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(200);
}

#[test]
fn a_subscription_that_ends_is_forgotten_with_its_last_notify() {
    let host = registered(phone());
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "terminated;reason=timeout")).replies(200);
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(481);
}

#[test]
fn a_subscription_that_is_refused_is_none() {
    for (status, notified) in [(200, 200), (403, 481), (480, 481), (503, 481)] {
        let host = registered(phone());
        let answer = sip!("SIP/2.0 {status} So\nCSeq: 1 SUBSCRIBE\nCall-ID: own-1");
        tell_answer(&pcscf(), &host, &host.sent()[0].token, &answer);
        ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(notified);
    }
}

#[test]
fn other_events_are_not_ours() {
    let host = registered(phone());
    let notify =
        sip!("NOTIFY sip:192.0.2.1:5060 SIP/2.0\nCall-ID: own-1\nEvent: presence\nRoute: <sip:s;lr>");
    ask_outside_dialogs(&pcscf(), &host, &notify).relays();
}

/// A phone that registers for a short time does not hide the others of its private identity from the network.
#[test]
fn all_phones_of_a_private_identity_end_whichever_registered_last() {
    let long = registered(phone());
    let keys = ["r UDP 192.0.2.10 5060 0", "c alice@192.0.2.10:5060", "p alice@ims.test", "s own-1"];
    let row = |host: TestHost, key: &&str| host.entry(key, long.get(key).expect("a row").value);
    let tablet = TestHost::new().from(Transport::Udp, "192.0.2.11", 5060, 0);
    let tablet = keys.iter().fold(tablet.with_body(document("terminated", "")), row);
    let brief = sip!(
        "REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nContact: <sip:alice@192.0.2.11>\n\
         Authorization: Digest username=\"alice@ims.test\""
    );
    let host = tablet.answers(brief);
    ask_about_reply(&pcscf(), &host, &ok("Contact: <sip:alice@192.0.2.11>;expires=60")).passes();
    host.advance(61_000);
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(200);
    assert_eq!(host.get("r UDP 192.0.2.10 5060 0"), None);
}

/// The 200 to a SUBSCRIBE of the test host's first Call-ID, for so many seconds.
fn taken(expires: u32) -> TestMessage {
    sip!(
        "SIP/2.0 200 OK\nCSeq: 1 SUBSCRIBE\nCall-ID: own-1\nTo: <sip:alice@ims.test>;tag=theirs\n\
         Contact: <sip:192.0.2.3:6060>\nExpires: {expires}\nRecord-Route: <sip:b;lr>, <sip:a;lr>"
    )
}

/// §5.2.3: a subscription is renewed before the registration outlives it, in its own dialog (RFC 6665 §4.1.2.2).
#[test]
fn a_registration_that_goes_on_is_watched_on() {
    let host = registered(phone());
    let token = host.sent()[0].token.clone();
    tell_answer(&pcscf(), &host, &token, &taken(1200));
    let again = |host: &TestHost| {
        ask_about_reply(&pcscf(), host, &ok(TEN_MINUTES)).passes();
    };
    again(&host);
    assert_eq!(host.sent().len(), 1, "it lasts long enough");

    host.advance(600_000);
    again(&host);
    let sent = host.sent();
    let [first, second] = &sent[..] else { panic!("a second SUBSCRIBE: {sent:?}") };
    assert_eq!(second.uri, "sip:192.0.2.3:6060");
    assert_eq!(second.route, ["<sip:a;lr>", "<sip:b;lr>"]);
    assert_eq!(value(second, HeaderId::CALL_ID), ["own-1"]);
    assert_eq!(value(second, HeaderId::CSEQ), ["2 SUBSCRIBE"]);
    assert_eq!(value(second, HeaderId::FROM), value(first, HeaderId::FROM));
    assert_eq!(value(second, HeaderId::TO), ["<sip:alice@ims.test>;tag=theirs"]);
    assert_eq!(value(second, HeaderId::EXPIRES), ["1200"]);
    ask_outside_dialogs(&pcscf(), &host, &notify("own-1", "active")).replies(200);
}

#[test]
fn a_notifier_that_grants_less_is_asked_again_sooner() {
    let host = registered(phone());
    tell_answer(&pcscf(), &host, &host.sent()[0].token, &taken(500));
    ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES)).passes();
    assert_eq!(host.sent().len(), 2);
}

#[test]
fn a_subscription_that_failed_is_made_anew() {
    let host = registered(phone());
    let refused = sip!("SIP/2.0 481 No\nCSeq: 1 SUBSCRIBE\nCall-ID: own-1");
    tell_answer(&pcscf(), &host, &host.sent()[0].token, &refused);
    ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES)).passes();
    let sent = host.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(value(&sent[1], HeaderId::TO), ["<sip:alice@ims.test>"]);
    assert!(value(&sent[1], HeaderId::CALL_ID).is_empty(), "another dialog");
}

/// Bindings may expire before, or without, the NOTIFY that says so: nothing of a phone outlasts its registration.
#[test]
fn what_is_kept_of_a_phone_ends_with_its_registration() {
    const LIST: &str = "p alice@ims.test";
    let keys = |host: &TestHost| -> Vec<String> {
        let list = host.get(LIST).map_or_else(Vec::new, |entry| entry.value);
        let key = |line: &str| line.split_once(' ').expect("until when").1.to_owned();
        String::from_utf8(list).expect("text").lines().map(key).collect()
    };
    let host = registered(phone());
    host.advance(300_000);
    // A second device of hers.
    let host = registered(host.from(Transport::Udp, "192.0.2.11", 5060, 0));
    assert_eq!(keys(&host), ["r UDP 192.0.2.10 5060 0", "r UDP 192.0.2.11 5060 0"]);
    host.advance(300_001);
    // The first is over; the next change leaves it out.
    let host = registered(host);
    assert_eq!(keys(&host), ["r UDP 192.0.2.11 5060 0"]);
    host.advance(599_999);
    assert!(host.get(LIST).is_some());
    host.advance(1);
    assert!(host.get(LIST).is_none(), "ten minutes after the last of them registered");
    assert!(!is_registered(&host));
}
