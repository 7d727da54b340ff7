//! What the host keeps beside bindings, and the barrier that tells when it is on disk.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strowger_storage::{CommitQueue, CommitSink, MAX_DOCUMENT, MAX_DOCUMENT_KEY, Options, Store};

use crate::registrar::{NOW, Registrar, register};
use crate::restart::{crashed, open};

struct Sink(Mutex<Sender<(u64, bool)>>);

impl CommitSink for Sink {
    fn committed(&self, tokens: &[u64], durable: bool) {
        for token in tokens {
            self.0.lock().expect("no panic").send((*token, durable)).expect("somebody waits");
        }
    }
}

/// A shard's way to the disk, and what it is told.
fn queue(store: &Store) -> (CommitQueue, Receiver<(u64, bool)>) {
    let (told, tokens) = channel();
    (store.registrations().queue(Arc::new(Sink(Mutex::new(told)))), tokens)
}

/// Waits until everything before is on disk; whether it is.
fn settle(store: &Store, token: u64) -> bool {
    let (mut queue, tokens) = queue(store);
    queue.barrier(token);
    queue.flush();
    let (told, durable) = tokens.recv().expect("told");
    assert_eq!(told, token);
    drop(queue);
    assert!(tokens.try_recv().is_err(), "told once");
    durable
}

/// All of a collection, by key.
fn all(store: &Store, collection: &str) -> Vec<(String, Vec<u8>)> {
    let documents = store.documents().take(collection);
    let mut all: Vec<_> =
        documents.iter().map(|(key, document)| (key.to_string(), document.to_vec())).collect();
    all.sort();
    all
}

fn of(documents: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    documents.iter().map(|(key, document)| ((*key).to_owned(), document.to_vec())).collect()
}

#[test]
fn what_the_barrier_told_of_survives_a_sudden_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let documents = registrar.store.documents();
    assert!(documents.put("people", "alice", b"1"));
    assert!(documents.put("people", "bob", &[0, 10, 255]));
    assert!(documents.put("places", "alice", b""));
    assert!(settle(&registrar.store, 1));
    let copy = crashed(folder.path());
    assert!(documents.put("people", "alice", b"2"));
    documents.remove("people", "bob");
    documents.remove("people", "nobody");
    assert!(settle(&registrar.store, 2));
    assert!(settle(&registrar.store, 3), "with nothing to wait for as well");
    let later = crashed(folder.path());
    drop(registrar);
    let first = open(copy.path()).store;
    assert_eq!(all(&first, "people"), of(&[("alice", b"1"), ("bob", &[0, 10, 255])]));
    assert_eq!(all(&first, "people"), [], "given once");
    assert_eq!(all(&first, "places"), of(&[("alice", b"")]));
    assert_eq!(all(&first, "nothing"), []);
    for folder in [later.path(), folder.path()] {
        assert_eq!(all(&open(folder).store, "people"), of(&[("alice", b"2")]));
    }
}

#[test]
fn documents_are_in_nobodys_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    registrar.store.documents().put("scscf", "key", b"a document");
    registrar.store.key_value().put("scscf", "key", b"a value", 0, None, NOW).expect("put");
    assert!(settle(&registrar.store, 1));
    drop(registrar);
    let store = open(folder.path()).store;
    let value = store.key_value().get("scscf", "key", NOW).expect("the script's own");
    assert_eq!(&*value.value, b"a value");
    assert_eq!(store.key_value().len("scscf"), 1);
    assert_eq!(all(&store, "scscf"), of(&[("key", b"a document")]));
}

#[test]
fn bounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let documents = registrar.store.documents();
    let (key, document) = ("k".repeat(MAX_DOCUMENT_KEY), vec![7; MAX_DOCUMENT]);
    assert!(documents.put("c", &key, &document));
    assert!(!documents.put("c", &format!("{key}k"), b""));
    assert!(!documents.put("c", "k", &vec![7; MAX_DOCUMENT + 1]));
    assert!(settle(&registrar.store, 1));
    drop(registrar);
    assert_eq!(all(&open(folder.path()).store, "c"), [(key, document)]);
}

#[test]
fn in_memory_nothing_is_waited_for_and_nothing_is_kept() {
    let store = Store::in_memory(&Options::default());
    assert!(store.documents().put("c", "k", b"1"));
    assert!(settle(&store, 1));
    assert_eq!(all(&store, "c"), []);
}

#[test]
fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    registrar.store.close();
    assert!(!settle(&registrar.store, 1));
}

/// A barrier that failed is told; the document is tried again with what comes next.
#[test]
fn a_database_that_another_holds() {
    use sqlx::{ConnectOptions as _, Executor as _};
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    registrar.store.documents().put("c", "k", b"before");
    assert!(settle(&registrar.store, 1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("strowger.sqlite"));
    let mut other = runtime.block_on(options.connect()).expect("the database");
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).expect("held");
    registrar.store.documents().put("c", "k", b"meanwhile");
    assert!(!settle(&registrar.store, 2));
    runtime.block_on(other.execute("ROLLBACK")).expect("free");
    drop(other);
    assert!(settle(&registrar.store, 3));
    let copy = crashed(folder.path());
    drop(registrar);
    assert_eq!(all(&open(copy.path()).store, "c"), of(&[("k", b"meanwhile")]));
}

/// One that does not fit keeps everything else from the disk until it is taken back.
#[test]
fn a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { window: Duration::from_millis(1), max_pages: Some(16), ..Options::default() };
    let registrar = Registrar::over(Store::open(folder.path(), &options).expect("a store"));
    registrar.store.documents().put("c", "small", b"1");
    assert!(settle(&registrar.store, 1));
    registrar.store.documents().put("c", "large", &[1; 500_000]);
    assert!(!settle(&registrar.store, 2));
    assert!(!settle(&registrar.store, 3), "it is tried again, and does not fit again");
    registrar.store.documents().remove("c", "large");
    assert!(settle(&registrar.store, 4));
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    drop(registrar);
    let registrar = open(folder.path());
    assert_eq!(all(&registrar.store, "c"), of(&[("small", b"1")]));
    assert_eq!(registrar.registrations().count(), 1);
}
