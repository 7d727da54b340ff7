//! RFC 3680 §3.4, §4, §5 and RFC 5628 §5: registration information, its states and its documents.

use proptest::prelude::*;
use strowger_ims::bounds::{MAX_CONTACTS, MAX_REGISTRATIONS};
use strowger_ims::reginfo::{
    Contact, ContactState, DisplayName, DocumentState, Event, Reginfo, ReginfoError, Registration,
    RegistrationState, RegistrationView, TemporaryGruu, Update,
};

/// The example of RFC 3680 §5.5, with what RFC 5628 §5 adds.
const EXAMPLE: &str = r#"<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
         xmlns:gr="urn:ietf:params:xml:ns:gruuinfo" version="0" state="full">
  <registration aor="sip:user@example.com" id="as9" state="active">
    <contact id="76" state="active" event="registered" duration-registered="7322" q="0.8">
      <uri>sip:user@pc887.example.com</uri>
      <allOneLine/>
      <unknown-param name="+sip.instance">"&lt;urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6&gt;"</unknown-param>
      <gr:pub-gruu uri="sip:user@example.com;gr=urn:uuid:f81d4fae"/>
      <gr:temp-gruu uri="sip:tgruu.7hs@example.com;gr" first-cseq="54301"/>
    </contact>
    <contact id="77" state="terminated" event="expired" duration-registered="3600" q="0.5"
             callid="c@x" cseq="7" expires="0" retry-after="10">
      <uri> sip:user@university.edu </uri>
      <display-name xml:lang="en">The &amp; User</display-name>
    </contact>
  </registration>
  <registration aor="sip:other@example.com" id="b" state="init"/>
</reginfo>"#;

#[test]
fn the_example_of_the_standard() {
    let document = Reginfo::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((document.version, document.state), (0, DocumentState::Full));
    let [user, other] = &document.registrations[..] else { panic!("two registrations") };
    assert_eq!(
        (user.aor.as_str(), user.id.as_str(), user.state),
        ("sip:user@example.com", "as9", RegistrationState::Active)
    );
    assert_eq!((other.state, other.contacts.len()), (RegistrationState::Init, 0));
    let first = Contact {
        duration_registered: Some(7322),
        q: Some(800),
        unknown_params: vec![(
            "+sip.instance".to_owned(),
            "\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"".to_owned(),
        )],
        public_gruu: Some("sip:user@example.com;gr=urn:uuid:f81d4fae".to_owned()),
        temporary_gruu: Some(TemporaryGruu {
            uri: "sip:tgruu.7hs@example.com;gr".to_owned(),
            first_cseq: 54301,
        }),
        ..Contact::new("76", Event::Registered, "sip:user@pc887.example.com")
    };
    let second = Contact {
        duration_registered: Some(3600),
        expires: Some(0),
        retry_after: Some(10),
        q: Some(500),
        call_id: Some("c@x".to_owned()),
        cseq: Some(7),
        display_name: Some(DisplayName { text: "The & User".to_owned(), language: Some("en".to_owned()) }),
        ..Contact::new("77", Event::Expired, "sip:user@university.edu")
    };
    assert_eq!(user.contacts, [first, second]);
    assert_eq!(Reginfo::parse(document.to_xml().as_bytes()), Ok(document));
}

/// §3.4.1, figure 2: every state with every event.
#[test]
fn every_event_in_every_state_of_a_contact() {
    use ContactState::{Active, Terminated};
    let rows = [
        (Event::Registered, Active, true, false, true),
        (Event::Created, Active, true, false, true),
        (Event::Refreshed, Active, false, true, false),
        (Event::Shortened, Active, false, true, false),
        (Event::Expired, Terminated, false, true, false),
        (Event::Deactivated, Terminated, false, true, false),
        (Event::Probation, Terminated, false, true, false),
        (Event::Unregistered, Terminated, false, true, false),
        (Event::Rejected, Terminated, false, true, false),
    ];
    assert_eq!(rows.map(|row| row.0), Event::ALL);
    for (event, leads_to, to_none, to_active, to_terminated) in rows {
        assert_eq!(event.leads_to(), leads_to, "{event:?}");
        assert_eq!(event.can_happen(None), to_none, "{event:?}");
        assert_eq!(event.can_happen(Some(Active)), to_active, "{event:?}");
        assert_eq!(event.can_happen(Some(Terminated)), to_terminated, "{event:?}");
    }
}

/// §3.4.2, figure 3.
#[test]
fn every_state_of_a_registration() {
    use RegistrationState::{Active, Init, Terminated};
    for (before, any_active, after) in [
        (Init, false, Init),
        (Init, true, Active),
        (Active, true, Active),
        (Active, false, Terminated),
        (Terminated, false, Terminated),
        (Terminated, true, Active),
    ] {
        assert_eq!(before.after(any_active), after, "{before:?} {any_active}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let document = |inner: &str| format!("<reginfo version='0' state='full'>{inner}</reginfo>");
    let registration = |inner: &str| {
        document(&format!("<registration aor='a' id='b' state='active'>{inner}</registration>"))
    };
    let contact =
        |attributes: &str, inner: &str| registration(&format!("<contact {attributes}>{inner}</contact>"));
    let good = "id='1' state='active' event='registered'";
    let missing = [
        ("<reginfo state='full'/>".to_owned(), "version"),
        ("<reginfo version='1'/>".to_owned(), "state"),
        (document("<registration id='b' state='active'/>"), "aor"),
        (document("<registration aor='b' state='active'/>"), "id"),
        (document("<registration aor='b' id='a'/>"), "state"),
        (contact("state='active' event='registered'", "<uri>x</uri>"), "id"),
        (contact("id='1' event='registered'", "<uri>x</uri>"), "state"),
        (contact("id='1' state='active'", "<uri>x</uri>"), "event"),
        (contact(good, ""), "uri"),
        (contact(good, "<uri>x</uri><unknown-param>y</unknown-param>"), "name"),
        (contact(good, "<uri>x</uri><temp-gruu uri='y'/>"), "first-cseq"),
    ];
    for (text, expected) in missing {
        match Reginfo::parse(text.as_bytes()) {
            Err(ReginfoError::Missing { what, .. }) => assert_eq!(what, expected),
            other => panic!("{text}: {other:?}"),
        }
    }
    let wrong = [
        ("<reginfo version='-1' state='full'/>".to_owned(), "version"),
        ("<reginfo version='' state='full'/>".to_owned(), "version"),
        ("<reginfo version='4294967296' state='full'/>".to_owned(), "version"),
        ("<reginfo version='1' state='whole'/>".to_owned(), "state"),
        (document("<registration aor='b' id='a' state='Active'/>"), "state"),
        (contact("id='1' state='active' event='arrived'", "<uri>x</uri>"), "event"),
        (contact(&format!("{good} q='2'"), "<uri>x</uri>"), "q"),
        (contact(&format!("{good} expires='soon'"), "<uri>x</uri>"), "expires"),
    ];
    for (text, expected) in wrong {
        match Reginfo::parse(text.as_bytes()) {
            Err(ReginfoError::Value { what, .. }) => assert_eq!(what, expected),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(Reginfo::parse(b"<presence/>"), Err(ReginfoError::Root { offset: 0 })));
    assert!(matches!(Reginfo::parse(b"<!DOCTYPE x>"), Err(ReginfoError::Xml(_))));
    let many = document(&"<registration aor='a' id='b' state='init'/>".repeat(MAX_REGISTRATIONS + 1));
    assert!(matches!(
        Reginfo::parse(many.as_bytes()),
        Err(ReginfoError::TooMany { limit: MAX_REGISTRATIONS, .. })
    ));
    let many = registration(&format!("<contact {good}><uri>x</uri></contact>").repeat(MAX_CONTACTS + 1));
    assert!(matches!(
        Reginfo::parse(many.as_bytes()),
        Err(ReginfoError::TooMany { limit: MAX_CONTACTS, .. })
    ));
}

fn document(version: u32, state: DocumentState, registrations: Vec<Registration>) -> Reginfo {
    Reginfo { version, state, registrations }
}

fn registration(id: &str, state: RegistrationState, contacts: Vec<Contact>) -> Registration {
    Registration { aor: format!("sip:{id}@example.com"), id: id.to_owned(), state, contacts }
}

/// §5.2: full, then what changed, then a gap and a refresh.
#[test]
fn documents_put_together() {
    use DocumentState::{Full, Partial};
    use RegistrationState::{Active, Terminated};
    let contact = |id: &str, event| Contact::new(id, event, format!("sip:{id}@pc"));
    let mut view = RegistrationView::default();
    let partial = document(0, Partial, vec![]);
    assert_eq!(view.update(partial), Update::Gap, "a partial document cannot be the first");
    let full = document(
        3,
        Full,
        vec![registration(
            "a",
            Active,
            vec![contact("1", Event::Registered), contact("2", Event::Registered)],
        )],
    );
    assert_eq!(view.update(full.clone()), Update::Taken);
    assert_eq!(view.update(full), Update::Old);

    let change = document(
        4,
        Partial,
        vec![
            registration(
                "a",
                Active,
                vec![contact("2", Event::Unregistered), contact("3", Event::Registered)],
            ),
            registration("b", Active, vec![contact("9", Event::Created)]),
        ],
    );
    assert_eq!(view.update(change), Update::Taken);
    let ids = |view: &RegistrationView| -> Vec<String> {
        view.registrations()
            .iter()
            .flat_map(|all| &all.contacts)
            .map(|one| format!("{}{:?}", one.id, one.event))
            .collect()
    };
    assert_eq!(ids(&view), ["1Registered", "2Unregistered", "3Registered", "9Created"]);

    let end =
        document(5, Partial, vec![registration("b", Terminated, vec![contact("9", Event::Deactivated)])]);
    assert_eq!(view.update(end), Update::Taken);
    assert_eq!(ids(&view), ["1Registered", "3Registered", "9Deactivated"], "what ended was told once");

    let lost = document(7, Partial, vec![]);
    assert_eq!(view.update(lost), Update::Gap);
    assert_eq!((view.version(), view.registrations().len()), (Some(5), 2), "a gap changes nothing");
    assert_eq!(view.update(document(9, Full, vec![])), Update::Taken);
    assert_eq!((view.version(), view.registrations().len()), (Some(9), 0));
    assert_eq!(view.update(document(8, Full, vec![])), Update::Old);

    let row = |i: usize| registration(&format!("r{i}"), Active, vec![]);
    let many = document(10, Partial, (0..=MAX_REGISTRATIONS).map(row).collect());
    assert_eq!(view.update(many), Update::TooMany);
    assert_eq!(view.registrations().len(), 0, "a document is taken whole or not at all");
}

/// §3.4.2: what is terminated has no contact, whether the ended ones are listed or not.
#[test]
fn a_registration_that_ends_without_contacts_has_none() {
    use DocumentState::{Full, Partial};
    use RegistrationState::{Active, Terminated};
    let bound = || {
        let contact = Contact::new("1", Event::Registered, "sip:1@pc");
        document(0, Full, vec![registration("a", Active, vec![contact])])
    };
    for state in [Full, Partial] {
        let mut view = RegistrationView::default();
        assert_eq!(view.update(bound()), Update::Taken);
        assert_eq!(view.registrations()[0].contacts.len(), 1);
        let end = document(1, state, vec![registration("a", Terminated, vec![])]);
        assert_eq!(view.update(end), Update::Taken);
        let [left] = view.registrations() else { panic!("{state:?}") };
        assert_eq!((left.state, left.contacts.len()), (Terminated, 0), "{state:?}");
    }
}

#[test]
fn people_do_not_show() {
    let shown = format!("{:?}", Reginfo::parse(EXAMPLE.as_bytes()).unwrap());
    assert!(!shown.contains("user") && !shown.contains("The &") && shown.contains("Expired"), "{shown}");
}

fn text() -> impl Strategy<Value = String> {
    "[!-~é]([ -~é]{0,10}[!-~é])?"
}

fn contact() -> impl Strategy<Value = Contact> {
    let numbers = (any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u32>>());
    let q = prop::option::of(0..=1000_u16);
    let texts =
        (text(), text(), prop::option::of(text()), prop::option::of((text(), prop::option::of(text()))));
    let params = prop::collection::vec((text(), "[ -~\r\n\t]{0,10}"), 0..3);
    let gruus = (prop::option::of(text()), prop::option::of((text(), any::<u32>())));
    (0..9_usize, any::<bool>(), numbers, q, texts, params, gruus).prop_map(
        |(
            event,
            active,
            (duration, expires, retry, cseq),
            q,
            (id, uri, call_id, name),
            params,
            (public, temporary),
        )| {
            Contact {
                state: if active { ContactState::Active } else { ContactState::Terminated },
                duration_registered: duration,
                expires,
                retry_after: retry,
                q,
                call_id,
                cseq,
                display_name: name.map(|(text, language)| DisplayName { text, language }),
                unknown_params: params,
                public_gruu: public,
                temporary_gruu: temporary.map(|(uri, first_cseq)| TemporaryGruu { uri, first_cseq }),
                ..Contact::new(id, Event::ALL[event], uri)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read(
        version in any::<u32>(),
        full in any::<bool>(),
        rows in prop::collection::vec((text(), text(), 0..3_usize, prop::collection::vec(contact(), 0..3)), 0..3),
    ) {
        let states = [RegistrationState::Init, RegistrationState::Active, RegistrationState::Terminated];
        let document = Reginfo {
            version,
            state: if full { DocumentState::Full } else { DocumentState::Partial },
            registrations: rows
                .into_iter()
                .map(|(aor, id, state, contacts)| Registration { aor, id, state: states[state], contacts })
                .collect(),
        };
        prop_assert_eq!(Reginfo::parse(document.to_xml().as_bytes()), Ok(document));
    }

    #[test]
    fn any_document_is_survived(cut in 0..EXAMPLE.len(), insert in "[<>/&;a-z0-9\"]{0,6}", length in 0..30_usize) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        let end = (cut + length).min(bytes.len());
        bytes.splice(cut..end, insert.bytes());
        if let Ok(document) = Reginfo::parse(&bytes) {
            prop_assert_eq!(Reginfo::parse(document.to_xml().as_bytes()), Ok(document));
        }
    }
}
