//! Servers that go, come back, and leave nobody knowing whether they have written.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use strowger_storage::{OpenError, Options, Place, Store, StoreError};

use crate::registrar::{NOW, Registrar, register};
use crate::relay::Relay;
use crate::servers::{Kind, Server};
use crate::{Home, quick};

/// Makes a change; its outcome comes later.
fn change(
    registrar: &Registrar,
    call_id: &str,
    cseq: u32,
    contact: &str,
) -> Receiver<Result<(), StoreError>> {
    let (_, change) =
        registrar.stage(&register(call_id, cseq, &[&format!("Contact: {contact}")])).expect("granted");
    let (done, outcome) = channel();
    let done = Box::new(move |it| done.send(it).expect("somebody waits"));
    registrar.registrations().commit(change.expect("a change"), done);
    outcome
}

fn server(home: &mut Home) -> &mut Server {
    match home {
        Home::Server(server) => server,
        Home::Folder(_) => panic!("a server's"),
    }
}

/// By a relay that can cut.
fn by(relay: &Relay, home: &Home, node: &str, options: &Options) -> Registrar {
    let Home::Server(server) = home else { panic!("a server's") };
    let place = Place::of(&server.url_by(&relay.socket()), node).expect("a place");
    Registrar::over(Store::open_at(place, None, options).expect("a store"))
}

fn relay(home: &Home, kind: Kind) -> Relay {
    let Home::Server(server) = home else { panic!("a server's") };
    Relay::start(kind, server.socket())
}

/// It is made again, once.
pub(crate) fn a_commit_that_nobody_answered(home: &Home, kind: Kind) {
    let relay = relay(home, kind);
    let registrar = by(&relay, home, "again", &quick());
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>"])).expect("granted");
    relay.cut(false);
    let table = registrar.store.key_value();
    table.put("role", "key", b"1", 0, None, NOW).expect("put");
    assert_eq!(change(&registrar, "a", 2, "<sip:1@a>;expires=100").recv(), Ok(Ok(())));
    assert!(relay.has_cut());
    registrar.register(&register("a", 3, &["Contact: <sip:2@a>"])).expect("granted");
    drop(registrar);
    let registrar = home.open("again");
    let mut bound = registrar.bound();
    bound.sort();
    assert_eq!(bound, [("sip:1@a".to_owned(), 100), ("sip:2@a".to_owned(), 3600)]);
    assert_eq!(registrar.registrations().count(), 2);
}

/// What was told to have failed has failed, although the server had written it.
pub(crate) fn a_commit_that_nobody_answered_is_given_up(home: &Home, kind: Kind) {
    let relay = relay(home, kind);
    let options = Options { outage: Duration::from_millis(1), ..quick() };
    let registrar = by(&relay, home, "given up", &options);
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=100"])).expect("granted");
    relay.cut(true);
    let changes = change(&registrar, "a", 2, "<sip:1@a>;expires=200, <sip:2@a>");
    assert_eq!(changes.recv(), Ok(Err(StoreError::Unreachable)));
    assert!(relay.has_cut());
    assert_eq!(registrar.bound(), [("sip:1@a".to_owned(), 100)], "taken back");
    // and so does each that comes meanwhile
    assert_eq!(change(&registrar, "b", 1, "<sip:4@a>").recv(), Ok(Err(StoreError::Unreachable)));
    relay.open();
    // the same once more: the server may take a moment to see that the connection before is gone
    while change(&registrar, "c", 1, "<sip:3@a>").recv() != Ok(Ok(())) {}
    drop(registrar);
    let mut bound = home.open("given up").bound();
    bound.sort();
    assert_eq!(bound, [("sip:1@a".to_owned(), 100), ("sip:3@a".to_owned(), 3600)]);
}

/// Changes wait, none is lost, and what had been told durable is there.
pub(crate) fn a_server_that_is_killed_and_comes_back(home: &mut Home) {
    let registrar = home.open("killed");
    registrar.register(&register("before", 1, &["Contact: <sip:before@a>"])).expect("granted");
    let mut outcomes = Vec::new();
    let change = |n: u32| {
        let aor = format!("sip:{n}@biloxi.com");
        let message = register("a", 1, &[&format!("Contact: <sip:{n}@a>")]);
        let granted =
            registrar.registrations().register(message.head(), &aor, &registrar.limits, registrar.flow, NOW);
        let (done, outcome) = channel();
        let done = Box::new(move |it| done.send(it).expect("somebody waits"));
        registrar.registrations().commit(granted.expect("granted").1.expect("a change"), done);
        registrar.store.key_value().put("role", &n.to_string(), b"1", 0, None, NOW).expect("put");
        outcome
    };
    // groups are under way while it is killed
    outcomes.extend((0..3_000).map(change));
    server(home).kill();
    outcomes.extend((3_000..4_000).map(change));
    let waits = outcomes.last().expect("many").try_recv().is_err();
    assert!(waits, "nothing is durable without a server");
    server(home).start_again();
    outcomes.extend((4_000..4_100).map(change));
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.recv(), Ok(Ok(())), "{n}");
    }
    assert_eq!(registrar.store.counters().failures.load(Ordering::Relaxed), 0);
    drop(registrar);
    let registrar = home.open("killed");
    assert_eq!(registrar.registrations().count(), 4_101);
    assert_eq!(registrar.store.key_value().len("role"), 4_100);
    assert_eq!(registrar.uris(), ["sip:before@a"]);
}

/// Changes fail and are taken back; what scripts wrote is written when the server is back.
pub(crate) fn a_server_that_is_gone_for_too_long(home: &mut Home) {
    let options = Options { outage: Duration::from_millis(100), ..quick() };
    let registrar = home.try_open("gone", &options).expect("a store");
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=100"])).expect("granted");
    server(home).kill();
    registrar.store.key_value().put("role", "key", b"kept", 0, None, NOW).expect("put");
    assert_eq!(change(&registrar, "a", 2, "<sip:1@a>;expires=200").recv(), Ok(Err(StoreError::Unreachable)));
    assert_eq!(registrar.bound(), [("sip:1@a".to_owned(), 100)]);
    server(home).start_again();
    while change(&registrar, "a", 2, "<sip:1@a>;expires=300").recv() != Ok(Ok(())) {}
    drop(registrar);
    let registrar = home.open("gone");
    assert_eq!(registrar.bound(), [("sip:1@a".to_owned(), 300)]);
    assert_eq!(&*registrar.store.key_value().get("role", "key", NOW).expect("kept").value, b"kept");
    // and a store that is closed while it is gone ends
    server(home).kill();
    registrar.store.key_value().put("role", "key", b"lost", 0, None, NOW).expect("put");
    drop(registrar);
    let error = home.try_open("gone", &options).map(drop).expect_err("it is gone");
    assert!(matches!(error, OpenError::Server { .. }), "{error}");
    server(home).start_again();
    drop(home.open("gone"));
}

pub(crate) fn a_newer_schema(home: &Home, kind: Kind) {
    Beside::of(home, kind).run("UPDATE strowger_schema SET version = 99");
    let error = home.try_open("newer", &quick()).map(drop).expect_err("it is newer");
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error}");
}

/// PostgreSQL makes tables and says which version they are in one transaction: where the one fails the other is not done.
pub(crate) fn tables_are_made_whole_or_not_at_all(home: &Home) {
    let mut beside = Beside::of(home, Kind::Postgres);
    beside.run("CREATE TABLE strowger_schema (version BIGINT NOT NULL CHECK (version < 0))");
    let error = home.try_open("whole", &quick()).map(drop).expect_err("no version can be written");
    assert!(matches!(error, OpenError::Server { .. }), "{error}");
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'strowger%'";
    assert_eq!(beside.number(tables), 1, "ours alone");
    beside.run("DROP TABLE strowger_schema");
}

/// Whoever has waited for the tables in vain does not go on without the lock.
pub(crate) fn tables_that_somebody_else_makes(home: &Home, kind: Kind) {
    let mut beside = Beside::of(home, kind);
    beside.run(match kind {
        Kind::MariaDb => "DO GET_LOCK(MD5(CONCAT('strowger ', DATABASE(), ' ', '73746f7261676531')), 0)",
        Kind::Postgres => "SELECT pg_advisory_lock(x'73746f7261676531'::bigint)",
    });
    let error = home.try_open("waits", &quick()).map(drop).expect_err("the tables are locked");
    assert!(error.to_string().contains("making the tables"), "{error}");
    drop(beside);
    drop(home.open("waits"));
}

/// A deadlock of which the store is the victim: its group is written again, and nobody hears of it.
pub(crate) fn a_group_that_meets_another_transaction(home: &Home, kind: Kind) {
    let registrar = home.open("met");
    let table = registrar.store.key_value();
    let put = |name: &str, value: &[u8]| table.put("role", name, value, 0, None, NOW).expect("put");
    put("first", b"1");
    put("second", b"1");
    registrar.register(&register("a", 1, &["Contact: <sip:1@a>;expires=100"])).expect("granted");
    let held = |name: &str| {
        format!(
            "UPDATE strowger_key_value SET revision = revision + 1 WHERE node = 'met' AND space = 'role' AND name = '{name}'"
        )
    };
    let waiting = match kind {
        Kind::MariaDb => "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
        Kind::Postgres => "SELECT count(*) FROM pg_locks WHERE NOT granted",
    };
    let mut looks = Beside::of(home, kind);
    let mut until = |sql| {
        // MariaDB looks anew only where nobody has looked for a tenth of a second.
        while looks.number(sql) == 0 {
            std::thread::sleep(Duration::from_millis(150));
        }
    };
    // The store's thread is held up, until what comes meanwhile is one group: a binding, and then a key.
    let (mut one, mut other) = (Beside::of(home, kind), Beside::of(home, kind));
    one.run("BEGIN");
    one.run(&held("first"));
    other.run("BEGIN");
    other.run(&held("second"));
    // MariaDB takes back the transaction that has changed less.
    let rows = (0..50).map(|n| format!("('other', '', '{n}', '', 1, 0)")).collect::<Vec<_>>().join(",");
    other.run(&format!(
        "INSERT INTO strowger_key_value (node, space, name, value, revision, expires_at) VALUES {rows}"
    ));
    put("first", b"2");
    until(waiting);
    let changed = change(&registrar, "a", 2, "<sip:1@a>;expires=200");
    put("second", b"2");
    one.run("ROLLBACK");
    // It has written its binding, and waits for the key; then the other one waits for the binding.
    let is_written = match kind {
        Kind::MariaDb => {
            "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_rows_modified > 0"
        }
        Kind::Postgres => {
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks
             WHERE relation = 'strowger_binding'::regclass AND mode = 'RowExclusiveLock')"
        }
    };
    until(is_written);
    other.run(match kind {
        Kind::MariaDb => "SELECT id FROM strowger_binding WHERE node = 'met' FOR UPDATE",
        Kind::Postgres => "LOCK TABLE strowger_binding IN SHARE MODE",
    });
    other.run("ROLLBACK");
    assert_eq!(changed.recv(), Ok(Ok(())));
    assert_eq!(registrar.store.counters().failures.load(Ordering::Relaxed), 0);
    drop(registrar);
    // That is what has happened, and not a mere wait. Of the store's connection PostgreSQL tells when it is gone.
    until(match kind {
        Kind::MariaDb => {
            "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status
             WHERE variable_name = 'INNODB_DEADLOCKS'"
        }
        Kind::Postgres => "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    });
    let registrar = home.open("met");
    assert_eq!(registrar.bound(), [("sip:1@a".to_owned(), 200)]);
    for name in ["first", "second"] {
        assert_eq!(&*registrar.store.key_value().get("role", name, NOW).expect("kept").value, b"2", "{name}");
    }
}

/// A connection beside the store's.
pub(crate) struct Beside {
    runtime: tokio::runtime::Runtime,
    connection: Either,
}

enum Either {
    MariaDb(sqlx::MySqlConnection),
    Postgres(sqlx::PgConnection),
}

impl Beside {
    pub(crate) fn of(home: &Home, kind: Kind) -> Beside {
        let Home::Server(server) = home else { panic!("a server's") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(async {
            match kind {
                Kind::MariaDb => sqlx::MySqlConnection::connect(&server.url()).await.map(Either::MariaDb),
                Kind::Postgres => sqlx::PgConnection::connect(&server.url()).await.map(Either::Postgres),
            }
        });
        Beside { runtime, connection: connection.expect("connected") }
    }

    /// Carries a statement out.
    #[track_caller]
    pub(crate) fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = self.runtime.block_on(async {
            match &mut self.connection {
                Either::MariaDb(connection) => connection.execute(sql).await.map(drop),
                Either::Postgres(connection) => connection.execute(sql).await.map(drop),
            }
        });
        done.expect("carried out");
    }

    /// The one number that it finds.
    #[track_caller]
    pub(crate) fn number(&mut self, sql: &'static str) -> i64 {
        let found = self.runtime.block_on(async {
            match &mut self.connection {
                Either::MariaDb(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
                Either::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            }
        });
        found.expect("a number")
    }
}
