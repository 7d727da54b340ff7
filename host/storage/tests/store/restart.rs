//! What is there again after an end, well or sudden.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sip::Transport;
use strowger_storage::{CommitSink, Options, Store};

use crate::registrar::{AOR, NOW, Registrar, connection, register, udp};

pub(crate) fn open(folder: &Path) -> Registrar {
    let options = Options { window: Duration::from_millis(1), ..Options::default() };
    Registrar::over(Store::open(folder, &options).expect("a store"))
}

/// The folder as a sudden end would leave it: a copy of its files while they are in use.
pub(crate) fn crashed(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(folder).expect("a folder").flatten() {
        if file.file_name() != "strowger.sqlite-shm" {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
        }
    }
    copy
}

/// What the database holds, beside the store.
pub(crate) fn query(folder: &Path, sql: &'static str) -> i64 {
    use sqlx::{ConnectOptions as _, Connection as _};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("strowger.sqlite"));
        let mut connection = options.connect().await.expect("the database");
        let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number");
        connection.close().await.expect("closed");
        number
    })
}

#[test]
fn every_part_of_a_binding_survives() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    registrar.flow = udp("[2001:db8::4]:5070");
    let lines = [
        "Contact: <sip:1@a;x=y>;q=0.3;audio;+x=\"a b\";expires=600, <sip:2@a>",
        "Path: <sip:p2;lr>, <sip:p1;lr>",
        "Supported: path",
    ];
    registrar.register(&register("call@id", 17, &lines)).expect("granted");
    let before = registrar.lookup();
    assert_eq!(before.len(), 2);
    let copy = crashed(folder.path());
    drop(registrar);
    for folder in [folder.path(), copy.path()] {
        let registrar = open(folder);
        assert_eq!(registrar.lookup(), before);
        assert_eq!(registrar.registrations().count(), 2);
    }
}

#[test]
fn a_connection_does_not_survive_but_its_contact_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    registrar.flow = connection(Transport::Tls, 9);
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    drop(registrar);
    let registrar = open(folder.path());
    assert_eq!(registrar.uris(), ["sip:1@a"]);
    assert_eq!(registrar.lookup()[0].flow, None);
    let same_number = connection(Transport::Tls, 9);
    assert!(!registrar.registrations().is_registered_here(AOR, &same_number, NOW));
    assert_eq!(registrar.registrations().targets(AOR, NOW).len(), 1);
}

/// RFC 5626 §5.3, RFC 7118 §5: nothing else leads there.
#[test]
fn who_was_reached_by_a_flow_only_is_no_target_until_it_registers_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    registrar.flow = connection(Transport::Tcp, 9);
    let outbound = "Contact: <sip:1@192.0.2.4>;+sip.instance=\"<urn:uuid:x>\";reg-id=1";
    registrar.register(&register("a", 1, &["Supported: path, outbound", outbound])).expect("granted");
    registrar.flow = connection(Transport::Ws, 10);
    registrar.register(&register("b", 1, &["Contact: <sip:x@y.invalid;transport=ws>"])).expect("granted");
    assert_eq!(registrar.registrations().targets(AOR, NOW).len(), 2);
    drop(registrar);
    let registrar = open(folder.path());
    assert_eq!(registrar.uris().len(), 2);
    assert!(registrar.registrations().targets(AOR, NOW).is_empty());
}

#[test]
fn the_order_of_requests_survives() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).register(&register("a", 7, &["Contact: <sip:1@a>"])).expect("granted");
    let registrar = open(folder.path());
    let late = register("a", 7, &["Contact: <sip:1@a>"]);
    assert_eq!(registrar.register(&late), Err(strowger_storage::Refusal::OutOfOrder));
}

#[test]
fn what_was_replaced_or_removed_does_not_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let step = |cseq, contacts: &str| {
        registrar.register(&register("a", cseq, &[&format!("Contact: {contacts}")])).expect("granted");
        // none of the void rows has been deleted yet: they are what a sudden end leaves
        let by_uri = |registrar: &Registrar| {
            let mut bindings = registrar.lookup();
            bindings.sort_by(|one, other| one.uri.cmp(&other.uri));
            bindings
        };
        let copy = crashed(folder.path());
        assert_eq!(by_uri(&open(copy.path())), by_uri(&registrar), "after {contacts}");
    };
    step(1, "<sip:1@a>, <sip:2@a>, <sip:3@a>");
    step(2, "<sip:1@a>;expires=100");
    step(3, "<sip:1@a>;expires=200, <sip:2@a>;expires=0");
    step(4, "<sip:2@a>");
    step(5, "<sip:1@a>;expires=0, <sip:2@a>;expires=0");
    step(6, "<sip:2@a>, <sip:3@a>;expires=0");
    registrar.register(&register("a", 7, &["Contact: *", "Expires: 0"])).expect("granted");
    let copy = crashed(folder.path());
    assert_eq!(open(copy.path()).registrations().count(), 0);
}

/// The schema of version 1, which had a column for each part, and what a host had left in it.
const VERSION_1: &str = "
    CREATE TABLE schema (version INTEGER NOT NULL) STRICT;
    INSERT INTO schema VALUES (1);
    CREATE TABLE binding (
        id INTEGER PRIMARY KEY, replaces INTEGER NOT NULL, aor TEXT NOT NULL, expires_at INTEGER NOT NULL, record TEXT
    ) STRICT;
    CREATE TABLE key_value (
        space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO binding VALUES
        (1, 0, 'sip:bob@biloxi.com', 4000000000000, 'sip:1@a' || char(10, 10, 10) || 'call' || char(10) || '1' || char(10, 10)),
        (2, 0, 'sip:bob@biloxi.com', 4000000000000, 'sip:2@a' || char(10, 10, 10) || 'call' || char(10) || '1' || char(10, 10)),
        (3, 1, 'sip:bob@biloxi.com', 4000000000000, 'sip:3@a' || char(10, 10, 10) || 'call' || char(10) || '2' || char(10, 10)),
        (4, 2, '', 0, NULL),
        (5, 0, 'sip:old@bench.test', 1000, 'sip:5@a' || char(10, 10, 10) || 'call' || char(10) || '1' || char(10, 10)),
        (6, 0, 'sip:x@bench.test', 4000000000000, 'by another hand');
    SELECT count(*) FROM binding;
";

#[test]
fn what_an_older_host_left_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::File::create(folder.path().join("strowger.sqlite")).expect("a file");
    assert_eq!(query(folder.path(), VERSION_1), 6);
    let registrar = open(folder.path());
    assert_eq!((registrar.uris(), registrar.registrations().count()), (vec!["sip:3@a".to_owned()], 1));
    registrar.register(&register("call", 3, &["Contact: <sip:3@a>;expires=0"])).expect("granted");
    drop(registrar);
    assert_eq!(open(folder.path()).registrations().count(), 0);
    let left_alone = "SELECT count(*) FROM binding WHERE record LIKE '%by another hand'";
    assert_eq!(query(folder.path(), left_alone), 1, "what cannot be read");
}

#[test]
fn what_has_ended_is_not_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut registrar = open(folder.path());
    // by the wall clock, which a start reads, this was long ago
    registrar.now_ms = 1_000_000_000_000;
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    registrar.now_ms = NOW;
    registrar.register(&register("b", 1, &["Contact: <sip:2@a>"])).expect("granted");
    drop(registrar);
    let registrar = open(folder.path());
    assert_eq!(registrar.registrations().count(), 1);
    assert_eq!(registrar.uris(), ["sip:2@a"]);
}

#[test]
fn void_rows_are_deleted_and_the_file_does_not_grow() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let mut rows = 0;
    for cseq in 1..=20_000 {
        let (_, change) = registrar.stage(&register("a", cseq, &["Contact: <sip:1@a>"])).expect("granted");
        registrar
            .registrations()
            .commit(change.expect("a change"), Box::new(|outcome| assert_eq!(outcome, Ok(()))));
        if cseq % 5000 == 0 {
            registrar.register(&register("b", cseq, &["Contact: <sip:2@a>"])).expect("granted");
            rows = rows.max(query(folder.path(), "SELECT count(*) FROM binding"));
        }
    }
    let last = registrar.lookup();
    drop(registrar);
    assert!(rows <= 16_000, "{rows} rows at once");
    assert_eq!(open(folder.path()).lookup(), last);
}

struct Told {
    tokens: AtomicU64,
    calls: AtomicU64,
}

impl CommitSink for Told {
    fn committed(&self, tokens: &[u64], durable: bool) {
        assert!(durable);
        self.tokens.fetch_add(tokens.iter().sum(), Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_group_tells_a_shard_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { window: Duration::from_millis(100), ..Options::default() };
    let registrar = Registrar::over(Store::open(folder.path(), &options).expect("a store"));
    let told = Arc::new(Told { tokens: AtomicU64::new(0), calls: AtomicU64::new(0) });
    let mut queue = registrar.registrations().queue(told.clone());
    for token in 1..=100u32 {
        let (_, change) = registrar.stage(&register("a", token, &["Contact: <sip:1@a>"])).expect("granted");
        queue.commit(change.expect("a change"), u64::from(token));
    }
    // there is nothing to store: told with the round
    let nothing = register("b", 1, &["Contact: <sip:9@a>;expires=0"]);
    let (_, change) = registrar.stage(&nothing).expect("granted");
    queue.commit(change.expect("a change"), 1_000_000);
    queue.flush();
    assert_eq!(told.tokens.load(Ordering::Relaxed), 1_000_000);
    drop(registrar);
    assert_eq!(told.tokens.load(Ordering::Relaxed), 1_005_050);
    assert_eq!(told.calls.load(Ordering::Relaxed), 2);
}
