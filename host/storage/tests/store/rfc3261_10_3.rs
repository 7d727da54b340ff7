//! RFC 3261 §10.3: processing REGISTER requests, item by item.

use crate::registrar::{AOR, Registrar, connection, register, udp};
use strowger_storage::Refusal;

#[test]
fn item_6_without_contact_it_only_asks() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 1, &["Contact: <sip:bob@192.0.2.4>"])).expect("granted");
    let (registration, change) = registrar.stage(&register("b", 1, &[])).expect("granted");
    assert_eq!(registration.contacts, ["<sip:bob@192.0.2.4>;expires=3600"]);
    assert!(change.is_none());
}

#[test]
fn item_6_star_removes_all_only_alone_and_with_expires_0() {
    let registrar = Registrar::new();
    registrar
        .register(&register("a", 1, &["Contact: <sip:bob@192.0.2.4>, <sip:bob@192.0.2.5>"]))
        .expect("granted");
    let wrong: [&[&str]; 4] = [
        &["Contact: *"],
        &["Contact: *", "Expires: 1"],
        &["Contact: *, <sip:bob@192.0.2.4>", "Expires: 0"],
        &["Contact: <sip:bob@192.0.2.4>", "Contact: *", "Expires: 0"],
    ];
    for lines in wrong {
        let refusal = registrar.register(&register("a", 2, lines)).expect_err("against item 6");
        assert_eq!(refusal, Refusal::Malformed, "{lines:?}");
    }
    assert_eq!(registrar.uris().len(), 2);
    let registration = registrar.register(&register("a", 2, &["Contact: *", "Expires: 0"])).expect("granted");
    assert!(registration.contacts.is_empty());
    assert!(registrar.uris().is_empty());
    assert_eq!(registrar.registrations().count(), 0);
}

#[test]
fn item_6_star_with_an_old_cseq_of_the_same_call_id_removes_nothing() {
    let registrar = Registrar::new();
    registrar.register(&register("other", 9, &["Contact: <sip:bob@192.0.2.5>"])).expect("granted");
    registrar.register(&register("a", 5, &["Contact: <sip:bob@192.0.2.4>"])).expect("granted");
    for cseq in [4, 5] {
        let star = register("a", cseq, &["Contact: *", "Expires: 0"]);
        assert_eq!(registrar.register(&star), Err(Refusal::OutOfOrder));
    }
    assert_eq!(registrar.uris().len(), 2);
    registrar.register(&register("a", 6, &["Contact: *", "Expires: 0"])).expect("granted");
    assert!(registrar.uris().is_empty());
}

#[test]
fn item_7_expiry_is_the_parameters_then_the_headers_then_ours() {
    let registrar = Registrar::new();
    let lines =
        ["Contact: <sip:1@a>;expires=100, <sip:2@a>;expires=9999", "Contact: <sip:3@a>", "Expires: 200"];
    let registration = registrar.register(&register("a", 1, &lines)).expect("granted");
    assert_eq!(
        registration.contacts,
        ["<sip:1@a>;expires=100", "<sip:2@a>;expires=7200", "<sip:3@a>;expires=200"]
    );
    registrar.register(&register("a", 2, &["Contact: <sip:3@a>"])).expect("granted");
    assert_eq!(registrar.bound()[2], ("sip:3@a".into(), 3600));
    // what cannot be read counts as an hour (§10.2.1.1), what cannot be counted as very long
    registrar.register(&register("a", 3, &["Contact: <sip:3@a>;expires=soon"])).expect("granted");
    assert_eq!(registrar.bound()[2].1, 3600);
    registrar.register(&register("a", 4, &["Contact: <sip:3@a>;expires=99999999999"])).expect("granted");
    assert_eq!(registrar.bound()[2].1, 7200);
    let headers = [("Expires: soon", 3600), ("Expires: 99999999999", 7200), ("Expires: -1", 3600)];
    for (cseq, (header, granted)) in (5..).zip(headers) {
        registrar.register(&register("a", cseq, &["Contact: <sip:3@a>", header])).expect("granted");
        assert_eq!(registrar.bound()[2].1, granted, "{header}");
    }
}

#[test]
fn item_7_too_brief_is_refused_with_the_minimum_and_nothing_changes() {
    let registrar = Registrar::new();
    let lines = ["Contact: <sip:1@a>;expires=600, <sip:2@a>;expires=59"];
    assert_eq!(registrar.register(&register("a", 1, &lines)), Err(Refusal::TooBrief(60)));
    assert!(registrar.uris().is_empty());
    registrar.register(&register("a", 2, &["Contact: <sip:1@a>;expires=60"])).expect("granted");
}

#[test]
fn item_7_an_hour_is_never_too_brief() {
    let mut registrar = Registrar::new();
    registrar.limits.min_expires = 5000;
    assert_eq!(
        registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=3599"])),
        Err(Refusal::TooBrief(5000))
    );
    registrar.register(&register("a", 2, &["Contact: <sip:1@a>;expires=3600"])).expect("granted");
}

#[test]
fn item_7_an_expiry_of_0_removes_that_contact_alone() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>, <sip:2@a>"])).expect("granted");
    let registration =
        registrar.register(&register("a", 2, &["Contact: <sip:1@a>;expires=0"])).expect("granted");
    assert_eq!(registration.contacts, ["<sip:2@a>;expires=3600"]);
    // one that is not there is no error
    registrar.register(&register("a", 3, &["Contact: <sip:9@a>", "Expires: 0"])).expect("granted");
    assert_eq!(registrar.uris(), ["sip:2@a"]);
}

#[test]
fn item_7_the_same_call_id_needs_a_higher_cseq_another_one_does_not() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 7, &["Contact: <sip:1@a>;expires=100"])).expect("granted");
    for cseq in [6, 7] {
        let late = register("a", cseq, &["Contact: <sip:2@a>, <sip:1@a>"]);
        assert_eq!(registrar.register(&late), Err(Refusal::OutOfOrder), "CSeq {cseq}");
        let removal = register("a", cseq, &["Contact: <sip:1@a>;expires=0"]);
        assert_eq!(registrar.register(&removal), Err(Refusal::OutOfOrder), "CSeq {cseq}");
    }
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 100)]);
    registrar.register(&register("b", 1, &["Contact: <sip:1@a>;expires=200"])).expect("granted");
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 200)]);
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=300"])).expect("granted");
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 300)]);
}

#[test]
fn item_7_contacts_are_compared_as_uris() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 1, &["Contact: <sip:%62ob@Host.a;lr>"])).expect("granted");
    registrar.register(&register("a", 2, &["Contact: \"Bob\" <sip:bob@host.a>"])).expect("granted");
    assert_eq!(registrar.uris(), ["sip:bob@host.a"]);
    registrar.register(&register("a", 3, &["Contact: sip:Bob@host.a"])).expect("granted");
    registrar.register(&register("a", 4, &["Contact: <sip:bob@host.a:5060>"])).expect("granted");
    assert_eq!(registrar.uris().len(), 3);
}

#[test]
fn item_7_the_same_contact_twice_in_one_request_binds_once() {
    let registrar = Registrar::new();
    let lines =
        ["Contact: <sip:1@a>;expires=100, <sip:1@a>;expires=200", "Contact: <sip:2@a>, <sip:2@a>;expires=0"];
    let registration = registrar.register(&register("a", 1, &lines)).expect("granted");
    assert_eq!(registration.contacts, ["<sip:1@a>;expires=200"]);
    assert_eq!(registrar.registrations().count(), 1);
}

#[test]
fn item_7_all_or_nothing() {
    let registrar = Registrar::new();
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    let wrong: [(&[&str], Refusal); 7] = [
        (&["Contact: <sip:2@a>, <sip:3@a>, <sip:4@a>"], Refusal::TooMany),
        (&["Contact: <sip:2@a>, <sip:3"], Refusal::Malformed),
        (&["Contact: <sip:2@a>", "Contact: <sip:@>"], Refusal::Malformed),
        (&["Contact: <sip:2@a>;q=2"], Refusal::Malformed),
        (&["Contact: <sip:2@a>", "Path: <sip"], Refusal::Malformed),
        (&["Contact: <sip:2@a>, <sip:3@a>;expires=1"], Refusal::TooBrief(60)),
        (&["Contact: <sip:2@a>, <sip:1@a>;expires=0", "CSeq: 1 REGISTER"], Refusal::OutOfOrder),
    ];
    for (lines, refusal) in wrong {
        let cseq = if refusal == Refusal::OutOfOrder { 1 } else { 2 };
        let lines: Vec<_> = lines.iter().copied().filter(|line| !line.starts_with("CSeq")).collect();
        assert_eq!(registrar.register(&register("a", cseq, &lines)), Err(refusal), "{lines:?}");
        assert_eq!(registrar.bound(), [("sip:1@a".into(), 3600)], "{lines:?}");
    }
}

#[test]
fn item_7_what_is_staged_and_dropped_never_was() {
    let registrar = Registrar::new();
    let (registration, change) =
        registrar.stage(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    assert_eq!(registration.contacts.len(), 1);
    drop(change);
    assert!(registrar.uris().is_empty());
}

#[test]
fn item_7_two_at_once_both_count() {
    let registrar = Registrar::new();
    registrar.register(&register("0", 1, &["Contact: <sip:old@a>"])).expect("granted");
    let stage = |call_id, lines: &[&str]| registrar.stage(&register(call_id, 2, lines)).expect("granted").1;
    let first = stage("a", &["Contact: <sip:1@a>"]);
    let second = stage("b", &["Contact: <sip:2@a>", "Contact: <sip:old@a>;expires=0"]);
    let same = stage("c", &["Contact: <sip:1@a>;expires=77"]);
    let full = stage("d", &["Contact: <sip:3@a>, <sip:4@a>"]);
    let commit = |change: Option<_>| {
        let (done, outcome) = std::sync::mpsc::channel();
        let change = change.expect("a change");
        registrar.registrations().commit(change, Box::new(move |it| done.send(it).expect("somebody waits")));
        outcome.recv().expect("told once")
    };
    for change in [first, second, same] {
        assert_eq!(commit(change), Ok(()));
    }
    let mut bound = registrar.bound();
    bound.sort();
    assert_eq!(bound, [("sip:1@a".into(), 77), ("sip:2@a".into(), 3600)]);
    assert_eq!(registrar.registrations().count(), 2);
    assert_eq!(commit(full), Err(strowger_storage::StoreError::Conflict));
    assert_eq!(registrar.registrations().count(), 2);
}

#[test]
fn item_8_the_200_lists_every_binding_as_it_was_registered() {
    let mut registrar = Registrar::new();
    let lines = [
        "Contact: \"Bob\" <sip:1@a;transport=tcp>;q=0.25 ;methods=\"INVITE,BYE\";expires=100;audio",
        "Contact: sip:2@a;q=1.0;+sip.instance=\"<urn:uuid:1>\"",
        "Contact: <sip:3@a>;Q=0;EXPIRES=60",
    ];
    let registration = registrar.register(&register("a", 1, &lines)).expect("granted");
    assert_eq!(
        registration.contacts,
        [
            "<sip:1@a;transport=tcp>;methods=\"INVITE,BYE\";audio;q=0.25;expires=100",
            "<sip:2@a>;+sip.instance=\"<urn:uuid:1>\";q=1;expires=3600",
            "<sip:3@a>;q=0;expires=60",
        ]
    );
    registrar.now_ms += 59_001;
    let (registration, _) = registrar.stage(&register("b", 1, &[])).expect("granted");
    assert!(registration.contacts[0].ends_with(";expires=41"));
    assert!(registration.contacts[2].ends_with(";expires=1"));
    registrar.now_ms += 999;
    let (registration, _) = registrar.stage(&register("b", 2, &[])).expect("granted");
    assert_eq!(registration.contacts.len(), 2);
}

/// §16.5: the target set.
#[test]
fn targets_by_q_highest_first_the_older_one_first_among_equals() {
    let registrar = Registrar::new();
    let lines = ["Contact: <sip:1@a>;q=0.5, <sip:2@a>, <sip:3@a>;q=0.5"];
    registrar.register(&register("a", 1, &lines)).expect("granted");
    let targets = registrar.registrations().targets(AOR, registrar.now_ms);
    let targets: Vec<_> = targets.iter().map(|t| (&*t.uri, t.q, t.flow, t.route.len())).collect();
    assert_eq!(targets, [("sip:2@a", 1000, None, 0), ("sip:1@a", 500, None, 0), ("sip:3@a", 500, None, 0)]);
    assert!(registrar.registrations().targets("sip:alice@biloxi.com", registrar.now_ms).is_empty());
}

#[test]
fn who_is_registered_and_from_where() {
    let mut registrar = Registrar::new();
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=60"])).expect("granted");
    let all = registrar.registrations();
    assert!(all.is_registered(AOR, registrar.now_ms));
    assert!(!all.is_registered("sip:Bob@biloxi.com", registrar.now_ms));
    assert!(all.is_registered_here(AOR, &udp("192.0.2.4:9"), registrar.now_ms));
    assert!(!all.is_registered_here(AOR, &udp("192.0.2.5:5060"), registrar.now_ms));
    let tcp = connection(sip::Transport::Tcp, 7);
    assert!(!all.is_registered_here(AOR, &tcp, registrar.now_ms));
    registrar.flow = tcp;
    registrar.register(&register("a", 2, &["Contact: <sip:1@a>;expires=60"])).expect("granted");
    let all = registrar.registrations();
    assert!(all.is_registered_here(AOR, &tcp, registrar.now_ms));
    let other = connection(sip::Transport::Tcp, 8);
    assert!(!all.is_registered_here(AOR, &other, registrar.now_ms));
    registrar.now_ms += 60_000;
    assert!(!registrar.registrations().is_registered(AOR, registrar.now_ms));
    assert!(!registrar.registrations().is_registered_here(AOR, &tcp, registrar.now_ms));
}

#[test]
fn remove_takes_all_at_once() {
    let mut registrar = Registrar::new();
    assert_eq!(registrar.registrations().remove(AOR, registrar.now_ms).0, 0);
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>, <sip:2@a>;expires=60"])).expect("granted");
    registrar.now_ms += 60_000;
    let (count, change) = registrar.registrations().remove(AOR, registrar.now_ms);
    assert_eq!(count, 1);
    assert_eq!(registrar.uris().len(), 1);
    registrar
        .registrations()
        .commit(change.expect("a change"), Box::new(|outcome| assert_eq!(outcome, Ok(()))));
    assert!(registrar.uris().is_empty());
    assert_eq!(registrar.registrations().count(), 0);
}

#[test]
fn bounds() {
    let mut registrar = Registrar::new();
    registrar.limits.max_bindings = u32::MAX;
    let many: Vec<_> = (0..33).map(|n| format!("<sip:{n}@a>")).collect();
    let of = |count: usize| format!("Contact: {}", many[..count].join(","));
    assert_eq!(registrar.register(&register("a", 1, &[&of(33)])), Err(Refusal::Malformed));
    registrar.register(&register("a", 2, &[&of(32)])).expect("granted");
    let long = format!("Contact: <sip:1@a>;p={}", "x".repeat(4096));
    assert_eq!(registrar.register(&register("a", 3, &[&long])), Err(Refusal::Malformed));
    for round in 1..8u32 {
        let uris: Vec<_> = (0..32).map(|n| format!("<sip:{round}-{n}@a>")).collect();
        let register = register("b", round, &[&format!("Contact: {}", uris.join(","))]);
        let outcome = registrar.register(&register);
        if round < 7 {
            outcome.expect("granted");
        } else {
            assert_eq!(outcome, Err(Refusal::TooMany));
        }
    }
    let long = format!("sip:{}@a", "x".repeat(512));
    let message = register("a", 1, &["Contact: <sip:1@a>"]);
    for aor in ["", &long] {
        let refused =
            registrar.registrations().register(message.head(), aor, &registrar.limits, registrar.flow, 1);
        assert_eq!(refused.err(), Some(Refusal::Malformed));
    }
}
