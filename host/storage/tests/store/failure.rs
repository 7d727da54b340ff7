//! Disks that are full, databases that others hold, damaged or newer ones. RFC 3261 §10.3: what was not stored was not
//! registered.

use std::path::Path;
use std::time::Duration;

use strowger_storage::{OpenError, Options, Store, StoreError};

use crate::registrar::{Registrar, register};
use crate::restart::{open, query};

/// Registers and says how it went on disk.
fn outcome(registrar: &Registrar, call_id: &str, cseq: u32, contact: &str) -> Result<(), StoreError> {
    let message = register(call_id, cseq, &[&format!("Contact: {contact}")]);
    let (_, change) = registrar.stage(&message).expect("granted");
    let (done, outcome) = std::sync::mpsc::channel();
    let done = Box::new(move |it| done.send(it).expect("somebody waits"));
    registrar.registrations().commit(change.expect("a change"), done);
    outcome.recv().expect("told once")
}

fn full(folder: &Path) -> Registrar {
    let options = Options { window: Duration::from_millis(1), max_pages: Some(8), ..Options::default() };
    Registrar::over(Store::open(folder, &options).expect("a store"))
}

#[test]
fn a_full_disk_takes_back_what_it_could_not_keep_and_later_ones_are_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = full(folder.path());
    outcome(&registrar, "a", 1, "<sip:1@a>").expect("there is room");
    let before = registrar.lookup();
    let pad = "x".repeat(3000);
    let mut kept = 0;
    let error = loop {
        // ever new bindings of the same name: each is a row of three quarters of a page
        match outcome(&registrar, "b", kept + 1, &format!("<sip:2@a>;p={pad}")) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "eight pages are never full");
    };
    assert_eq!(error, StoreError::Full);
    let now = registrar.lookup();
    assert_eq!(now.len(), 2);
    assert!(now.contains(&before[0]));
    assert!(now.iter().any(|binding| binding.cseq == kept), "the last one that was kept");
    // a small one still fits, or it is told that it does not
    if outcome(&registrar, "c", 1, "<sip:3@a>").is_ok() {
        assert_eq!(registrar.lookup().len(), 3);
    }
    let last = registrar.lookup();
    drop(registrar);
    assert_eq!(open(folder.path()).lookup(), last);
}

#[test]
fn a_new_contact_that_was_not_stored_was_never_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = full(folder.path());
    registrar.limits.max_bindings = 100;
    let pad = "x".repeat(3900);
    let mut n = 0;
    while outcome(&registrar, &format!("c{n}"), 1, &format!("<sip:{n}@a>;p={pad}")).is_ok() {
        n += 1;
    }
    assert_eq!(registrar.uris().len(), n);
    assert_eq!(registrar.registrations().count(), n);
    drop(registrar);
    assert_eq!(open(folder.path()).registrations().count(), n);
}

#[test]
fn another_process_that_holds_the_database_makes_a_group_fail_and_no_more() {
    use sqlx::{ConnectOptions as _, Executor as _};
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    outcome(&registrar, "a", 1, "<sip:1@a>;expires=100").expect("nobody holds it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("strowger.sqlite"));
    let mut other = runtime.block_on(options.connect()).expect("the database");
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).expect("held");
    let space_before = registrar.store.key_value().put("role", "key", b"value", 0, None, 1);
    assert_eq!(space_before, Ok(1));
    assert_eq!(outcome(&registrar, "a", 2, "<sip:1@a>;expires=200"), Err(StoreError::Locked));
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 100)]);
    runtime.block_on(other.execute("ROLLBACK")).expect("free");
    drop(other);
    // the same request once more: it was never taken
    outcome(&registrar, "a", 2, "<sip:1@a>;expires=300").expect("it is free again");
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 300)]);
    drop(registrar);
    let registrar = open(folder.path());
    assert_eq!(registrar.bound(), [("sip:1@a".into(), 300)]);
    // what a script wrote meanwhile was tried again
    let entry = registrar.store.key_value().get("role", "key", 1).expect("kept");
    assert_eq!(&*entry.value, b"value");
}

#[test]
fn a_failed_group_that_was_built_upon_leaves_what_came_later() {
    use sqlx::{ConnectOptions as _, Executor as _};
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    outcome(&registrar, "a", 1, "<sip:1@a>;expires=100").expect("nobody holds it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("strowger.sqlite"));
    let mut other = runtime.block_on(options.connect()).expect("the database");
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).expect("held");
    let stage = |cseq, contact: &str| {
        let message = register("a", cseq, &[&format!("Contact: {contact}")]);
        registrar.stage(&message).expect("granted").1.expect("a change")
    };
    let (done, first) = std::sync::mpsc::channel();
    let change = stage(2, "<sip:1@a>;expires=200");
    registrar.registrations().commit(change, Box::new(move |it| done.send(it).expect("somebody waits")));
    // its group is being tried by now; this one comes into the next and builds upon it
    std::thread::sleep(Duration::from_millis(500));
    let (done, second) = std::sync::mpsc::channel();
    let change = stage(3, "<sip:1@a>;expires=0");
    registrar.registrations().commit(change, Box::new(move |it| done.send(it).expect("somebody waits")));
    assert_eq!(first.recv().expect("told once"), Err(StoreError::Locked));
    runtime.block_on(other.execute("ROLLBACK")).expect("free");
    drop(other);
    assert_eq!(second.recv().expect("told once"), Ok(()));
    assert!(registrar.uris().is_empty());
    drop(registrar);
    let registrar = open(folder.path());
    // the first row was never replaced on disk, and yet its contact must not come back
    assert!(registrar.uris().is_empty());
}

#[test]
fn a_closed_store_takes_nothing_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    let message = register("a", 1, &["Contact: <sip:1@a>"]);
    let (_, change) = registrar.stage(&message).expect("granted");
    registrar.store.close();
    let (done, outcome) = std::sync::mpsc::channel();
    let done = Box::new(move |it| done.send(it).expect("somebody waits"));
    registrar.registrations().commit(change.expect("a change"), done);
    assert_eq!(outcome.recv().expect("told once"), Err(StoreError::Closed));
    assert!(registrar.uris().is_empty());
    assert_eq!(registrar.stage(&message).err(), Some(strowger_storage::Refusal::Unavailable));
}

#[test]
fn one_instance_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let error = Store::open(folder.path(), &Options::default()).expect_err("it is in use");
    let sentence = error.to_string();
    assert!(sentence.contains("another instance uses it (process "), "{sentence}");
    drop(registrar);
    Store::open(folder.path(), &Options::default()).expect("it is free");
}

#[test]
fn a_newer_schema_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    assert_eq!(query(folder.path(), "SELECT version FROM schema"), 2);
    query(folder.path(), "UPDATE schema SET version = 99 RETURNING version");
    let error = Store::open(folder.path(), &Options::default()).expect_err("it is newer");
    assert!(matches!(error, OpenError::Newer { found: 99, known: 2, .. }));
    let sentence = error.to_string();
    assert!(sentence.contains("strowger.sqlite: its schema is version 99, this host knows 2"), "{sentence}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("strowger.sqlite"), "no database at all, ".repeat(1000))
        .expect("written");
    let error = Store::open(folder.path(), &Options::default()).expect_err("no database");
    assert!(matches!(error, OpenError::Database { .. }));
    let sentence = error.to_string();
    assert!(sentence.contains("strowger.sqlite") && sentence.contains("not a database"), "{sentence}");
}

#[test]
fn a_full_store_refuses_new_bindings_and_takes_old_ones_again() {
    let options = Options { max_bindings: 2, ..Options::default() };
    let registrar = Registrar::over(Store::in_memory(&options));
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    let two = register("a", 2, &["Contact: <sip:2@a>, <sip:3@a>"]);
    assert_eq!(registrar.register(&two), Err(strowger_storage::Refusal::Unavailable));
    registrar.register(&register("a", 3, &["Contact: <sip:2@a>"])).expect("granted");
    registrar
        .register(&register("a", 4, &["Contact: <sip:1@a>, <sip:2@a>"]))
        .expect("these are there already");
}
