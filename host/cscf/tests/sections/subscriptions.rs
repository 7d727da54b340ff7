//! Subscriptions to registrations, as ladders (RFC 6665 §4.2, RFC 3680 §4, TS 24.229 §5.4.2.1; dialogs: RFC 3261 §12).

use cscf::reg_event::{MAX_OF_ONE, Notify, Staged};
use cscf::{Notifier, SubscribeRefusal as Refusal};
use ims::reginfo::{DocumentState, Event, Reginfo, Registration, RegistrationState};
use sip::{HeaderId, Message};
use strowger_cscf as cscf;

use crate::reg_event::bound;

pub(crate) const SET: &str = "sip:alice@ims.test";
const CONTACT: &str = "sip:scscf.ims.test:5060";
pub(crate) const NOW: u64 = 1_700_000_000_000;
const LUCK: [u8; 8] = [0xab; 8];

/// A SUBSCRIBE of the P-CSCF; `to` is the To tag, `lines` come behind.
pub(crate) fn subscribe(call_id: &str, cseq: u32, to: Option<&str>, lines: &[&str]) -> Message {
    let tag = to.map_or_else(String::new, |tag| format!(";tag={tag}"));
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "SUBSCRIBE sip:alice@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK{cseq}\r\n\
         From: \"P\" <sip:pcscf.ims.test>;tag=p1\r\nTo: <sip:alice@ims.test>{tag}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} SUBSCRIBE\r\nContact: <sip:pcscf.ims.test:5070;x=y>\r\n{lines}Content-Length: 0\r\n\r\n"
    );
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// Alice's registration with one contact.
pub(crate) fn state(_: &str) -> Vec<Registration> {
    let contacts = [(bound("sip:phone@192.0.2.7"), Event::Registered)];
    cscf::reg_event::registrations(&[SET], &contacts, RegistrationState::Active, None)
}

fn look(notifier: &Notifier, message: &Message, now_ms: u64) -> Result<(u32, Box<str>, Staged), Refusal> {
    notifier.subscribe(message.head(), SET, CONTACT, 600_000, now_ms, LUCK)
}

/// A SUBSCRIBE that is taken: seconds, our tag, and the NOTIFY that follows.
fn taken(notifier: &mut Notifier, message: &Message, now_ms: u64) -> (u32, Box<str>, Notify) {
    let (expires, tag, staged) = look(notifier, message, now_ms).unwrap();
    let notify = notifier.commit(staged, now_ms, state).unwrap();
    (expires, tag, notify)
}

fn first(notifier: &mut Notifier) -> (Box<str>, Notify) {
    let lines = ["Event: reg", "Expires: 3600"];
    let (expires, tag, notify) = taken(notifier, &subscribe("c1", 1, None, &lines), NOW);
    assert_eq!(expires, 3600);
    (tag, notify)
}

pub(crate) fn header(message: &Message, id: HeaderId) -> String {
    String::from_utf8(message.header(id).unwrap_or_default().to_vec()).unwrap()
}

pub(crate) fn document(notify: &Notify) -> Reginfo {
    assert_eq!(header(&notify.request, HeaderId::CONTENT_TYPE), "application/reginfo+xml");
    Reginfo::parse(notify.request.head().body()).unwrap()
}

/// CSeq, Subscription-State, and what the document is.
fn told(notify: &Notify) -> (u32, String, DocumentState, u32) {
    let document = document(notify);
    let cseq = notify.request.head().cseq().unwrap().number;
    (cseq, header(&notify.request, HeaderId::SUBSCRIPTION_STATE), document.state, document.version)
}

fn ended(uri: &str) -> Vec<Registration> {
    let contacts = [(bound(uri), Event::Unregistered)];
    cscf::reg_event::registrations(&[SET], &contacts, RegistrationState::Active, None)
}

#[test]
fn subscribed_told_refreshed_and_unsubscribed() {
    let mut notifier = Notifier::default();
    // A ─▶ SUBSCRIBE; NOTIFY with everything, version 0
    let (tag, notify) = first(&mut notifier);
    assert_eq!(told(&notify), (1, "active;expires=3600".into(), DocumentState::Full, 0));
    assert!(notifier.is_watched(SET) && !notifier.is_watched("sip:bob@ims.test"));
    // Contacts change; NOTIFY with what changed, version 1, 2
    for step in 1..=2 {
        let notifies = notifier.changed(SET, NOW + 10_500, &ended("sip:phone@192.0.2.7"), false);
        assert_eq!(notifies.len(), 1);
        let expected = (step + 1, "active;expires=3590".into(), DocumentState::Partial, step);
        assert_eq!(told(&notifies[0]), expected);
    }
    // A ─▶ SUBSCRIBE in the dialog; NOTIFY with everything
    let lines = ["Event: reg", "Expires: 7200"];
    let (expires, again, notify) =
        taken(&mut notifier, &subscribe("c1", 2, Some(&tag), &lines), NOW + 20_000);
    assert_eq!((expires, &again), (7200, &tag));
    assert_eq!(told(&notify), (4, "active;expires=7200".into(), DocumentState::Full, 3));
    assert_eq!(notifier.len(), 1);
    // A ─▶ SUBSCRIBE with Expires: 0; the last NOTIFY
    let lines = ["Event: reg", "Expires: 0"];
    let (expires, _, notify) = taken(&mut notifier, &subscribe("c1", 3, Some(&tag), &lines), NOW + 30_000);
    assert_eq!(expires, 0);
    assert_eq!(told(&notify), (5, "terminated;reason=timeout".into(), DocumentState::Full, 4));
    assert!(notifier.is_empty() && !notifier.is_watched(SET));
    assert!(notifier.changed(SET, NOW + 40_000, &ended("sip:phone@192.0.2.7"), false).is_empty());
    // A ─▶ SUBSCRIBE in a dialog that is over
    let late = subscribe("c1", 4, Some(&tag), &["Event: reg"]);
    assert_eq!(look(&notifier, &late, NOW + 40_000).err(), Some(Refusal::NoSubscription));
}

/// RFC 6665 §4.4.3: a fetch.
#[test]
fn a_first_subscribe_of_no_duration_is_told_once() {
    let mut notifier = Notifier::default();
    let fetch = subscribe("c1", 1, None, &["Event: reg", "Expires: 0"]);
    let (expires, _, notify) = taken(&mut notifier, &fetch, NOW);
    assert_eq!(expires, 0);
    assert_eq!(told(&notify), (1, "terminated;reason=timeout".into(), DocumentState::Full, 0));
    assert!(notifier.is_empty());
}

/// RFC 3261 §12.1.1: what the SUBSCRIBE was is what its NOTIFYs go by.
#[test]
fn notifies_are_requests_of_the_dialog() {
    let mut notifier = Notifier::default();
    let lines = [
        "Record-Route: <sip:near.ims.test;lr>, <sip:middle.ims.test;lr>",
        "Record-Route: <sip:far.ims.test;lr>",
        "Event: reg;id=42",
        "Expires: 60",
    ];
    let (_, tag, notify) = taken(&mut notifier, &subscribe("c1", 7, None, &lines), NOW);
    let request = &notify.request;
    assert_eq!(request.method_token(), b"NOTIFY");
    assert_eq!(request.request_uri(), b"sip:pcscf.ims.test:5070;x=y", "the remote target");
    let routes: Vec<_> = request.values(HeaderId::ROUTE).map(|value| value.bytes.to_vec()).collect();
    assert_eq!(
        routes,
        [&b"<sip:near.ims.test;lr>"[..], b"<sip:middle.ims.test;lr>", b"<sip:far.ims.test;lr>"],
        "in the order in which they stood"
    );
    assert_eq!(header(request, HeaderId::FROM), format!("<sip:alice@ims.test>;tag={tag}"));
    assert_eq!(header(request, HeaderId::TO), "\"P\" <sip:pcscf.ims.test>;tag=p1");
    assert_eq!(header(request, HeaderId::CALL_ID), "c1");
    assert_eq!(header(request, HeaderId::CONTACT), format!("<{CONTACT}>"));
    assert_eq!(header(request, HeaderId::EVENT), "reg;id=42");
    assert!(request.header(HeaderId::VIA).is_none(), "that is whoever sends it");
    // §12.2.2: a refresh with a Contact moves the remote target, one with Record-Route moves no route.
    let refresh = subscribe("c1", 8, Some(&tag), &["Event: reg;id=42", "Record-Route: <sip:other;lr>"]);
    let moved = String::from_utf8(refresh.bytes().to_vec()).unwrap().replace("5070;x=y", "5080");
    let moved = Message::parse_datagram(moved.as_bytes()).unwrap();
    let (_, _, notify) = taken(&mut notifier, &moved, NOW);
    assert_eq!(notify.request.request_uri(), b"sip:pcscf.ims.test:5080");
    assert_eq!(notify.request.values(HeaderId::ROUTE).count(), 3);
}

/// RFC 6665 §4.2.1.1, RFC 3680 §4.4.
#[test]
fn how_long() {
    let notifier = Notifier::default();
    let granted =
        |lines: &[&str]| look(&notifier, &subscribe("c1", 1, None, lines), NOW).map(|(expires, ..)| expires);
    assert_eq!(granted(&["Event: reg"]), Ok(3761), "the package's default");
    assert_eq!(granted(&["Event: reg", "Expires: 600000"]), Ok(600_000));
    assert_eq!(granted(&["Event: reg", "Expires: 600001"]), Ok(600_000), "not longer than is granted");
    for expires in ["-1", "x", "", "99999999999"] {
        let line = format!("Expires: {expires}");
        assert_eq!(granted(&["Event: reg", &line]), Err(Refusal::Malformed), "{expires:?}");
    }
}

#[test]
fn what_cannot_be_taken() {
    let notifier = Notifier::default();
    let whole = subscribe("c1", 1, None, &["Event: reg"]);
    let whole = String::from_utf8(whole.bytes().to_vec()).unwrap();
    for (what, with) in [
        ("Event: reg\r\n", ""),
        ("Event: reg\r\n", "Event: presence\r\n"),
        ("Event: reg\r\n", "Event: regular\r\n"),
        (";tag=p1", ""),
        ("Contact: <sip:pcscf.ims.test:5070;x=y>\r\n", ""),
        ("Contact: <sip:pcscf.ims.test:5070;x=y>\r\n", "Contact: *\r\n"),
        ("Call-ID: c1\r\n", ""),
        ("CSeq: 1 SUBSCRIBE", "CSeq: x SUBSCRIBE"),
        ("Event: reg\r\n", &format!("Event: reg\r\nRecord-Route: {}\r\n", ["<sip:r;lr>"; 17].join(","))),
        ("Event: reg\r\n", &format!("Event: reg\r\nRecord-Route: <sip:r;lr;x={}>\r\n", "x".repeat(2048))),
    ] {
        let text = whole.replace(what, with);
        let Ok(message) = Message::parse_datagram(text.as_bytes()) else { continue };
        assert_eq!(look(&notifier, &message, NOW).err(), Some(Refusal::Malformed), "{what} -> {with}");
    }
    let message = Message::parse_datagram(whole.as_bytes()).unwrap();
    for contact in ["", "x", "sip:a@b>\r\nX: y", "sip:a@b\r\nX: y", "sip:a b", "<sip:a@b>"] {
        let taken = notifier.subscribe(message.head(), SET, contact, 60, NOW, LUCK);
        assert_eq!(taken.err(), Some(Refusal::Malformed), "{contact:?}");
    }
    let compact = whole.replace("Event: reg", "o: REG;id=1");
    assert!(look(&notifier, &Message::parse_datagram(compact.as_bytes()).unwrap(), NOW).is_ok());
}

/// RFC 3261 §12.2.2: a dialog is named by all three, and its requests come in order.
#[test]
fn another_dialog_or_another_order_is_refused() {
    let mut notifier = Notifier::default();
    let (tag, _) = first(&mut notifier);
    let refused =
        |call_id, cseq, to| look(&notifier, &subscribe(call_id, cseq, Some(to), &["Event: reg"]), NOW).err();
    assert_eq!(refused("c2", 2, &*tag), Some(Refusal::NoSubscription));
    assert_eq!(refused("c1", 2, "other"), Some(Refusal::NoSubscription));
    assert_eq!(refused("c1", 1, &*tag), Some(Refusal::OutOfOrder), "the same CSeq");
    assert_eq!(refused("c1", 0, &*tag), Some(Refusal::OutOfOrder), "an older one");
    assert_eq!(refused("c1", 9, &*tag), None, "a gap is none of ours");
    // The user is in another set now: the subscriber has to begin anew.
    let moved = subscribe("c1", 2, Some(&tag), &["Event: reg"]);
    let taken = notifier.subscribe(moved.head(), "sip:other@ims.test", CONTACT, 60, NOW, LUCK);
    assert_eq!(taken.err(), Some(Refusal::NoSubscription));
}

/// The 200 has left and nothing else has happened when the host is killed: the subscription is there, and a later restart
/// does not take numbers back.
#[test]
fn who_was_told_of_a_subscription_has_it_after_a_restart() {
    let notifier = Notifier::default();
    let lines = ["Event: reg", "Expires: 3600"];
    let (_, tag, staged) = look(&notifier, &subscribe("c1", 1, None, &lines), NOW).unwrap();
    let (name, kept) = notifier.document_of(&staged, NOW).unwrap();
    assert!(notifier.is_empty(), "only kept");
    let mut after = Notifier::default();
    assert!(after.load(&kept, NOW + 1_000));
    let (_, same, notify) = taken(&mut after, &subscribe("c1", 2, Some(&tag), &lines), NOW + 2_000);
    assert_eq!(same, tag);
    // And once more, with a refresh.
    let (_, _, staged) = look(&after, &subscribe("c1", 3, Some(&tag), &lines), NOW + 3_000).unwrap();
    let (again, kept) = after.document_of(&staged, NOW + 3_000).unwrap();
    assert_eq!(again, name);
    let mut last = Notifier::default();
    assert!(last.load(&kept, NOW + 4_000));
    let change = last.changed(SET, NOW + 5_000, &ended("sip:phone@192.0.2.7"), false);
    assert!(told(&change[0]).0 > told(&notify).0 && told(&change[0]).3 > told(&notify).3);
    // One that ends has nothing to be kept.
    let end = subscribe("c1", 4, Some(&tag), &["Event: reg", "Expires: 0"]);
    let (_, _, staged) = look(&after, &end, NOW + 6_000).unwrap();
    assert!(after.document_of(&staged, NOW + 6_000).is_none());
}

/// What was looked at and not taken has changed nothing; what changed meanwhile is not forgotten.
#[test]
fn staged_is_not_taken() {
    let mut notifier = Notifier::default();
    let (tag, _) = first(&mut notifier);
    let refresh = subscribe("c1", 2, Some(&tag), &["Event: reg", "Expires: 0"]);
    drop(look(&notifier, &refresh, NOW).unwrap());
    assert_eq!(notifier.len(), 1);
    let (_, _, staged) = look(&notifier, &refresh, NOW).unwrap();
    let between = notifier.changed(SET, NOW, &ended("sip:phone@192.0.2.7"), false);
    assert_eq!(told(&between[0]).3, 1);
    let last = notifier.commit(staged, NOW, state).unwrap();
    let (cseq, _, _, version) = told(&last);
    assert_eq!((cseq, version), (3, 2), "behind what was told between");
}

/// RFC 6665 §4.2.1.4, §4.2.2.
#[test]
fn time_ends_a_subscription_and_so_does_a_subscriber_who_is_gone() {
    let mut notifier = Notifier::default();
    first(&mut notifier);
    assert!(notifier.expire(NOW + 3_599_999, state).is_empty());
    let notifies = notifier.expire(NOW + 3_600_000, state);
    assert_eq!(told(&notifies[0]), (2, "terminated;reason=timeout".into(), DocumentState::Full, 1));
    assert!(notifier.is_empty() && notifier.expire(u64::MAX / 2, state).is_empty());
    for (status, stays) in [
        (200, true),
        (202, true),
        (401, true),
        (503, true),
        (404, false),
        (408, false),
        (481, false),
        (489, false),
    ] {
        let mut notifier = Notifier::default();
        let (_, notify) = first(&mut notifier);
        notifier.answered(&notify.of, status);
        assert_eq!((notifier.len() == 1, notifier.is_watched(SET)), (stays, stays), "{status}");
        notifier.answered(&notify.of, 481);
        assert!(notifier.is_empty());
        notifier.answered(&notify.of, 481);
    }
}

/// TS 24.229 §5.4.2.1.2: where nothing is registered any more, the subscriptions end.
#[test]
fn the_end_of_a_registration_ends_its_subscriptions() {
    let mut notifier = Notifier::default();
    first(&mut notifier);
    let other = subscribe("c2", 1, None, &["Event: reg"]);
    taken(&mut notifier, &other, NOW);
    let notifies = notifier.changed(SET, NOW, &ended("sip:phone@192.0.2.7"), true);
    assert_eq!(notifies.len(), 2);
    for notify in &notifies {
        assert_eq!(told(notify), (2, "terminated;reason=noresource".into(), DocumentState::Partial, 1));
    }
    assert!(notifier.is_empty());
}

#[test]
fn there_is_room_for_so_many() {
    let mut notifier = Notifier::with_room(MAX_OF_ONE + 1);
    let lines = ["Event: reg"];
    for number in 0..MAX_OF_ONE {
        taken(&mut notifier, &subscribe(&format!("c{number}"), 1, None, &lines), NOW);
    }
    let more = subscribe("more", 1, None, &lines);
    assert_eq!(look(&notifier, &more, NOW).err(), Some(Refusal::TooMany), "for one set");
    let of = |set: &str| notifier.subscribe(more.head(), set, CONTACT, 60, NOW, LUCK);
    let (.., staged) = of("sip:bob@ims.test").unwrap();
    notifier.commit(staged, NOW, |_| Vec::new()).unwrap();
    let last =
        notifier.subscribe(subscribe("last", 1, None, &lines).head(), "sip:c@d", CONTACT, 60, NOW, LUCK);
    assert_eq!(last.err(), Some(Refusal::TooMany), "of all");
    // Those that are there may be renewed, and told.
    let tag: String = LUCK.iter().map(|byte| format!("{byte:02x}")).collect();
    taken(&mut notifier, &subscribe("c0", 2, Some(&tag), &lines), NOW);
    assert_eq!(notifier.changed(SET, NOW, &ended("sip:phone@192.0.2.7"), false).len(), MAX_OF_ONE);
}
