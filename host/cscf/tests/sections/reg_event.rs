//! What the documents say (RFC 3680 §3.4, §5; TS 24.229 §5.4.2.1.2), read by the subscriber's side of `ims::reginfo`.

use cscf::Notifier;
use cscf::reg_event::{Bound, is_same_contact, registrations};
use ims::reginfo::{
    ContactState, DocumentState, Event, Reginfo, Registration, RegistrationState, RegistrationView, Update,
};
use strowger_cscf as cscf;

use crate::subscriptions::{NOW, SET, document, subscribe};

const TEL: &str = "tel:+15550100";
const PHONE: &str = "sip:phone@192.0.2.7:5060;transport=udp";

/// A contact of no particular kind.
pub(crate) fn bound(uri: &str) -> Bound<'_> {
    Bound { uri, q: 1000, expires: 600, call_id: "r1", cseq: 3, parameters: "" }
}

fn both(contacts: &[(Bound<'_>, Event)], state: RegistrationState) -> Vec<Registration> {
    registrations(&[SET, TEL], contacts, state, None)
}

/// A notifier with one subscription, and a subscriber who has its first document.
fn watched(state: impl Fn(&str) -> Vec<Registration>) -> (Notifier, RegistrationView) {
    let mut notifier = Notifier::default();
    let message = subscribe("c1", 1, None, &["Event: reg"]);
    let taken = notifier.subscribe(message.head(), SET, "sip:scscf.ims.test", 3600, NOW, [1; 8]);
    let (.., staged) = taken.unwrap();
    let notify = notifier.commit(staged, NOW, state).unwrap();
    let mut view = RegistrationView::default();
    assert_eq!(view.update(document(&notify)), Update::Taken);
    (notifier, view)
}

/// A row as a subscriber knows it: identity, state of its registration, and of each contact URI and event.
type Row = (String, RegistrationState, Vec<(String, Event)>);

fn known(view: &RegistrationView) -> Vec<Row> {
    let row = |registration: &Registration| {
        let contacts = registration.contacts.iter().map(|one| (one.uri.clone(), one.event)).collect();
        (registration.aor.clone(), registration.state, contacts)
    };
    view.registrations().iter().map(row).collect()
}

#[test]
fn a_subscriber_follows_the_sequence() {
    let tablet = "sip:tablet@192.0.2.8";
    let phone = [(bound(PHONE), Event::Registered)];
    let (mut notifier, mut view) = watched(|_| both(&phone, RegistrationState::Active));
    let active = RegistrationState::Active;
    let registered = |contacts: &[(&str, Event)], state| {
        let contacts: Vec<_> = contacts.iter().map(|(uri, event)| ((*uri).to_owned(), *event)).collect();
        vec![(SET.to_owned(), state, contacts.clone()), (TEL.to_owned(), state, contacts)]
    };
    assert_eq!(known(&view), registered(&[(PHONE, Event::Registered)], active));
    let steps = [
        (tablet, Event::Created, vec![(PHONE, Event::Registered), (tablet, Event::Created)]),
        (PHONE, Event::Refreshed, vec![(PHONE, Event::Refreshed), (tablet, Event::Created)]),
        (tablet, Event::Shortened, vec![(PHONE, Event::Refreshed), (tablet, Event::Shortened)]),
        (tablet, Event::Expired, vec![(PHONE, Event::Refreshed), (tablet, Event::Expired)]),
        (tablet, Event::Created, vec![(PHONE, Event::Refreshed), (tablet, Event::Created)]),
    ];
    for (uri, event, expected) in steps {
        let news = both(&[(bound(uri), event)], active);
        let notifies = notifier.changed(SET, NOW, &news, false);
        let document = document(&notifies[0]);
        assert_eq!(document.state, DocumentState::Partial);
        assert_eq!(view.update(document), Update::Taken, "{event:?}");
        assert_eq!(known(&view), registered(&expected, active), "after {event:?} of {uri}");
    }
    // The HSS ends it.
    let news = both(
        &[(bound(PHONE), Event::Rejected), (bound(tablet), Event::Rejected)],
        RegistrationState::Terminated,
    );
    let last = document(&notifier.changed(SET, NOW, &news, true)[0]);
    assert_eq!(view.update(last), Update::Taken);
    let gone = [(PHONE, Event::Rejected), (tablet, Event::Rejected)];
    assert_eq!(known(&view), registered(&gone, RegistrationState::Terminated));
    let contacts = view.registrations().iter().flat_map(|registration| &registration.contacts);
    assert!(contacts.into_iter().all(|contact| contact.state == ContactState::Terminated));
}

/// RFC 3680 §3.4.1: each event, with the state that it leads to.
#[test]
fn every_event() {
    for event in Event::ALL {
        let written = Reginfo {
            version: 3,
            state: DocumentState::Partial,
            registrations: both(&[(bound(PHONE), event)], RegistrationState::Active),
        };
        let read = Reginfo::parse(written.to_xml().as_bytes()).unwrap();
        assert_eq!(read, written);
        for registration in &read.registrations {
            let contact = &registration.contacts[0];
            assert_eq!((contact.event, contact.state), (event, event.leads_to()));
            assert_eq!(
                (contact.expires, contact.cseq, contact.call_id.as_deref()),
                (Some(600), Some(3), Some("r1"))
            );
        }
    }
}

/// TS 24.229 §5.4.2.1.2: the identity that was registered is `registered`; the others of its set, which are so implicitly,
/// are `created`. Whatever else happens to the contact happens to all.
#[test]
fn who_is_registered_implicitly_is_created() {
    let events = |event, explicit| -> Vec<Event> {
        let all = registrations(&[SET, TEL], &[(bound(PHONE), event)], RegistrationState::Active, explicit);
        all.iter().map(|registration| registration.contacts[0].event).collect()
    };
    use Event::{Created, Refreshed, Registered};
    assert_eq!(events(Registered, None), [Registered, Registered], "nobody knows");
    assert_eq!(events(Registered, Some(SET)), [Registered, Created]);
    assert_eq!(events(Registered, Some(TEL)), [Created, Registered]);
    assert_eq!(events(Registered, Some("sip:by-a-wildcard@ims.test")), [Created, Created]);
    assert_eq!(events(Refreshed, Some(SET)), [Refreshed, Refreshed]);
}

/// RFC 3680 §5.3, §5.4: identifiers are the same in every document, and no two are the same.
#[test]
fn identifiers() {
    let contacts = [(bound(PHONE), Event::Registered), (bound("sip:tablet@192.0.2.8"), Event::Registered)];
    let all = both(&contacts, RegistrationState::Active);
    assert_eq!(all, both(&contacts, RegistrationState::Active));
    let mut ids: Vec<&str> = all.iter().map(|registration| &*registration.id).collect();
    ids.extend(all.iter().flat_map(|registration| &registration.contacts).map(|contact| &*contact.id));
    assert_eq!(ids.len(), 6);
    for id in &ids {
        assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{id}");
        assert!(id.starts_with(|first: char| first.is_ascii_alphabetic()), "an XML identifier");
    }
}

/// RFC 3680 §5.4: parameters of the Contact that the schema does not know.
#[test]
fn what_is_known_of_a_contact() {
    let parameters = ";+sip.instance=\"<urn:gsma:imei:35>\";+g.3gpp.smsip;reg-id=1";
    let phone = Bound { q: 300, parameters, call_id: "", cseq: 0, ..bound("sip:a&b@192.0.2.7") };
    let all = both(&[(phone, Event::Registered)], RegistrationState::Active);
    let written = Reginfo { version: 0, state: DocumentState::Full, registrations: all };
    let read = Reginfo::parse(written.to_xml().as_bytes()).unwrap();
    let contact = &read.registrations[0].contacts[0];
    assert_eq!((contact.q, &*contact.uri, contact.cseq), (Some(300), "sip:a&b@192.0.2.7", None));
    assert_eq!(contact.call_id, None);
    let params: Vec<_> =
        contact.unknown_params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(params, [("+sip.instance", "<urn:gsma:imei:35>"), ("+g.3gpp.smsip", ""), ("reg-id", "1")]);
    assert_eq!(registrations(&[], &[(bound(PHONE), Event::Registered)], RegistrationState::Active, None), []);
}

/// RFC 3261 §19.1.4.
#[test]
fn contacts_are_the_same_by_the_rules_of_uris() {
    assert!(is_same_contact("sip:a@HOST;transport=udp", "sip:a@host;transport=udp"));
    assert!(!is_same_contact("sip:a@host", "sip:A@host"));
    assert!(!is_same_contact("sip:a@host", "sip:a@host:5060"));
    assert!(is_same_contact("not a uri", "not a uri") && !is_same_contact("not a uri", "sip:a@host"));
}
