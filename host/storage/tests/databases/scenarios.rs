//! What is there again after the store was closed and opened, on whichever database.

use std::sync::mpsc::channel;

use strowger_storage::{Binding, MAX_DOCUMENT, MAX_DOCUMENT_KEY, MAX_VALUE};

use crate::registrar::{NOW, Registrar, register, udp};
use crate::{Home, quick};

fn by_uri(registrar: &Registrar) -> Vec<Binding> {
    let mut bindings = registrar.lookup();
    bindings.sort_by(|one, other| one.uri.cmp(&other.uri));
    bindings
}

pub(crate) fn every_part_of_a_binding_survives(home: &Home) {
    let mut registrar = home.open("parts");
    registrar.flow = udp("[2001:db8::4]:5070");
    let lines = [
        "Contact: <sip:1@a;x=y>;q=0.3;audio;+x=\"a b ä ? $1 ' \\\\\";expires=600, <sip:2@a>",
        "Path: <sip:p2;lr>, <sip:p1;lr>",
        "Supported: path",
    ];
    registrar.register(&register("call@id", 17, &lines)).expect("granted");
    let before = by_uri(&registrar);
    assert_eq!(before.len(), 2);
    drop(registrar);
    let registrar = home.open("parts");
    assert_eq!(by_uri(&registrar), before);
    assert_eq!(registrar.registrations().count(), 2);
}

/// Void rows are there at each start: they are deleted when there is nothing else to do.
pub(crate) fn what_was_replaced_or_removed_does_not_come_back(home: &Home) {
    let steps = [
        "<sip:1@a>, <sip:2@a>, <sip:3@a>",
        "<sip:1@a>;expires=100",
        "<sip:1@a>;expires=200, <sip:2@a>;expires=0",
        "<sip:2@a>",
        "<sip:1@a>;expires=0, <sip:2@a>;expires=0",
        "<sip:2@a>, <sip:3@a>;expires=0",
        "<sip:2@a>;expires=0",
    ];
    for (cseq, contacts) in (1..).zip(steps) {
        let registrar = home.open("replaced");
        registrar.register(&register("a", cseq, &[&format!("Contact: {contacts}")])).expect("granted");
        let before = by_uri(&registrar);
        drop(registrar);
        assert_eq!(by_uri(&home.open("replaced")), before, "after {contacts}");
    }
    assert_eq!(home.open("replaced").registrations().count(), 0);
}

pub(crate) fn keys_and_documents_survive(home: &Home) {
    let registrar = home.open("keys");
    let (table, documents) = (registrar.store.key_value(), registrar.store.documents());
    let large = vec![0xa5; MAX_VALUE];
    assert_eq!(table.put("role", "large", &large, 0, None, NOW), Ok(1));
    assert_eq!(table.put("role", "", b"of the empty key", 0, None, NOW), Ok(1));
    assert_eq!(table.put("role", "Ä?$1'\\\u{0}", &[0, 10, 39, 92, 255], 60_000, None, NOW), Ok(1));
    assert_eq!(table.put("role", "twice", b"1", 0, None, NOW), Ok(1));
    assert_eq!(table.put("Role", "twice", b"another space", 0, None, NOW), Ok(1));
    assert_eq!(table.put("role", "gone", b"1", 0, None, NOW), Ok(1));
    let document = vec![7; MAX_DOCUMENT];
    let key = "k".repeat(MAX_DOCUMENT_KEY);
    for n in 0..5 {
        assert!(documents.put("people", &format!("{n}{}", &key[1..]), &document));
    }
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("a group of all that");
    assert_eq!(table.put("role", "twice", b"2", 0, Some(1), NOW), Ok(2));
    assert!(table.delete("role", "gone", NOW));
    assert!(!table.delete("role", "never there", NOW));
    documents.remove("people", &format!("0{}", &key[1..]));
    drop(registrar);

    let registrar = home.open("keys");
    let get = |space: &str, key: &str, now| {
        let entry = registrar.store.key_value().get(space, key, now);
        entry.map(|entry| (entry.value.to_vec(), entry.revision))
    };
    assert_eq!(get("role", "large", NOW), Some((large, 1)));
    assert_eq!(get("role", "", NOW), Some((b"of the empty key".to_vec(), 1)));
    assert_eq!(get("role", "Ä?$1'\\\u{0}", NOW), Some((vec![0, 10, 39, 92, 255], 1)));
    assert_eq!(get("role", "Ä?$1'\\\u{0}", NOW + 60_000), None);
    assert_eq!(get("role", "twice", NOW), Some((b"2".to_vec(), 2)));
    assert_eq!(get("Role", "twice", NOW), Some((b"another space".to_vec(), 1)));
    assert_eq!(get("role", "gone", NOW), None);
    let people = registrar.store.documents().take("people");
    assert_eq!(people.len(), 4);
    assert!(people.iter().all(|(key, bytes)| key.len() == MAX_DOCUMENT_KEY && **bytes == *document));
}

/// 5,000 phones of one address-of-record each would be as many REGISTERs; rows are what counts.
pub(crate) fn more_than_a_page_survives(home: &Home) {
    let registrar = home.open("pages");
    const ROWS: u32 = 5_000;
    let (done, outcomes) = channel();
    for n in 1..=ROWS {
        let aor = format!("sip:{n}@biloxi.com");
        let message = register("a", 1, &[&format!("Contact: <sip:{n}@a>")]);
        let granted =
            registrar.registrations().register(message.head(), &aor, &registrar.limits, registrar.flow, NOW);
        let (_, change) = granted.expect("granted");
        let done = done.clone();
        let done = Box::new(move |outcome| done.send(outcome).expect("somebody waits"));
        registrar.registrations().commit(change.expect("a change"), done);
        let key = format!("{n:05}");
        assert_eq!(registrar.store.key_value().put("role", &key, key.as_bytes(), 0, None, NOW), Ok(1));
    }
    assert!(outcomes.iter().take(ROWS as usize).all(|outcome| outcome == Ok(())));
    drop(registrar);
    let registrar = home.open("pages");
    assert_eq!(registrar.registrations().count(), ROWS as usize);
    assert_eq!(registrar.store.key_value().len("role"), ROWS as usize);
    for n in 1..=ROWS {
        let found = registrar.registrations().lookup(&format!("sip:{n}@biloxi.com"), NOW);
        assert_eq!(&*found[0].uri, format!("sip:{n}@a"));
        let key = format!("{n:05}");
        assert_eq!(*registrar.store.key_value().get("role", &key, NOW).expect("kept").value, *key.as_bytes());
    }
}

/// More rows and keys than a statement takes, in one transaction.
pub(crate) fn one_group_of_many(home: &Home) {
    let options = strowger_storage::Options {
        window: std::time::Duration::from_millis(300),
        max_rows: 100_000,
        ..quick()
    };
    let registrar = home.try_open("group", &options).expect("a store");
    // a group that comes alone does not wait for others; the next one does
    registrar.register(&register("first", 1, &["Contact: <sip:first@a>"])).expect("granted");
    let (done, outcomes) = channel();
    for n in 1..=1_500 {
        let table = registrar.store.key_value();
        table.put("set", &n.to_string(), b"1", 0, None, NOW).expect("put");
        table.put("gone", &n.to_string(), b"1", 0, None, NOW).expect("put");
        table.delete("gone", &n.to_string(), NOW);
        let (_, change) = registrar.stage(&register("a", n, &["Contact: <sip:1@a>"])).expect("granted");
        let done = done.clone();
        let done = Box::new(move |outcome| done.send(outcome).expect("somebody waits"));
        registrar.registrations().commit(change.expect("a change"), done);
    }
    assert!(outcomes.iter().take(1_500).all(|outcome| outcome == Ok(())));
    let groups = registrar.store.counters().groups.load(std::sync::atomic::Ordering::Relaxed);
    assert!(groups < 10, "{groups} groups");
    drop(registrar);
    let registrar = home.open("group");
    let mut cseqs: Vec<u32> = registrar.lookup().iter().map(|binding| binding.cseq).collect();
    cseqs.sort_unstable();
    assert_eq!(cseqs, [1, 1_500]);
    assert_eq!(registrar.store.key_value().len("set"), 1_500);
    assert!(registrar.store.key_value().is_empty("gone"));
}

pub(crate) fn void_rows_are_deleted(home: &Home) {
    use std::sync::atomic::Ordering::Relaxed;
    let registrar = home.open("void");
    let (done, outcomes) = channel();
    for cseq in 1..=10_000 {
        let (_, change) = registrar.stage(&register("a", cseq, &["Contact: <sip:1@a>"])).expect("granted");
        let done = done.clone();
        let done = Box::new(move |outcome| done.send(outcome).expect("somebody waits"));
        registrar.registrations().commit(change.expect("a change"), done);
    }
    assert!(outcomes.iter().take(10_000).all(|outcome| outcome == Ok(())));
    // slices go between groups, once there are enough of them
    for cseq in 1..=20 {
        registrar.register(&register("b", cseq, &["Contact: <sip:2@a>"])).expect("granted");
    }
    assert!(registrar.store.counters().garbage.load(Relaxed) < 3_000);
    let last = by_uri(&registrar);
    drop(registrar);
    assert_eq!(by_uri(&home.open("void")), last);
}

pub(crate) fn nodes_do_not_see_each_other(home: &Home) {
    let (one, other) = (home.open("one"), home.open("One"));
    one.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    other.register(&register("a", 1, &["Contact: <sip:2@a>"])).expect("granted");
    one.store.key_value().put("role", "key", b"1", 0, None, NOW).expect("put");
    other.store.key_value().put("role", "key", b"2", 0, None, NOW).expect("put");
    one.store.key_value().put("role", "more", b"1", 0, None, NOW).expect("put");
    drop((one, other));
    for (node, uri, value, keys) in [("one", "sip:1@a", b"1", 2), ("One", "sip:2@a", b"2", 1)] {
        let registrar = home.open(node);
        assert_eq!(registrar.uris(), [uri]);
        let table = registrar.store.key_value();
        assert_eq!(
            (&*table.get("role", "key", NOW).expect("kept").value, table.len("role")),
            (&value[..], keys)
        );
    }
}

pub(crate) fn one_process_a_node(home: &Home) {
    let held = home.open("held");
    let error = home.try_open("held", &quick()).map(drop).expect_err("it is in use");
    assert!(error.to_string().contains("another "), "{error}");
    drop(held);
    drop(home.open("held"));
}

/// Each makes the tables, or waits until another has.
pub(crate) fn nodes_that_come_at_once(home: &Home) {
    let ready = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for node in ["a", "b", "c", "d"] {
            let ready = &ready;
            scope.spawn(move || {
                ready.wait();
                let registrar = home.open(node);
                registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
            });
        }
    });
}
