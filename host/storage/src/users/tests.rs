//! Users from lines and from databases, right and wrong.

use auth::Algorithm;

use super::*;

fn file(text: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    file
}

fn wrong(text: impl AsRef<[u8]>) -> (u64, Wrong) {
    match Users::open(file(text).path()) {
        Err(UsersError::Line { line, reason, .. }) => (line, reason),
        other => panic!("{other:?}"),
    }
}

/// What `gen.py` of the benches writes for its first user.
const HA1: &str = "0e62e3f7ee9b6e1a2ed0a4ec4a0a4c55";

#[test]
fn lines_with_password_with_hash_and_with_both() {
    let own = auth::ha1("carol", "b.test", "pw", Algorithm::Md5).hex();
    let text = format!(
        "# a comment\nalice\ta.test\tpw\t\r\n\nbob\ta.test\t\t{HA1}\nalice\tb.test\tother\t{}\ncarol\tb.test\tpw\t{}",
        HA1.to_uppercase(),
        own.as_str(),
    );
    let users = Users::open(file(text).path()).expect("four users");
    assert_eq!(users.len(), 4);
    let given = auth::Hash::from_hex(Algorithm::Md5, HA1.as_bytes());
    let of = |user, realm| users.get(user, realm).expect("a user");
    assert_eq!(
        of("alice", "a.test").get(Algorithm::Md5),
        Some(auth::ha1("alice", "a.test", "pw", Algorithm::Md5))
    );
    let sha256 = auth::ha1("alice", "a.test", "pw", Algorithm::Sha256);
    assert_eq!(of("alice", "a.test").get(Algorithm::Sha256), Some(sha256));
    assert_eq!(of("bob", "a.test").get(Algorithm::Md5), given);
    assert_eq!(of("bob", "a.test").get(Algorithm::Sha256), None, "there is no password to make it of");
    assert_eq!(of("alice", "b.test").get(Algorithm::Md5), given);
    assert_ne!(of("alice", "b.test").get(Algorithm::Sha256), Some(sha256));
    assert_eq!(
        of("carol", "b.test").md5,
        of("carol", "b.test").get(Algorithm::Md5).map(|_| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(auth::ha1("carol", "b.test", "pw", Algorithm::Md5).as_bytes());
            bytes
        })
    );
    for (user, realm) in
        [("bob", "b.test"), ("Alice", "a.test"), ("alice", "A.test"), ("alice", ""), ("", "a.test")]
    {
        assert_eq!(users.get(user, realm), None, "{user} {realm}");
    }
}

#[test]
fn the_first_wrong_line_is_named() {
    let good = "alice\ta.test\tpw\t\n";
    let after_good = |line: &str| wrong(format!("{good}{line}\nbad"));
    assert_eq!(after_good("bob\ta.test\tpw"), (2, Wrong::Fields));
    assert_eq!(after_good("bob\ta.test\tpw\t\t"), (2, Wrong::Fields));
    assert_eq!(after_good("bob a.test pw x"), (2, Wrong::Fields));
    assert_eq!(after_good("\ta.test\tpw\t"), (2, Wrong::Empty));
    assert_eq!(after_good("bob\t\tpw\t"), (2, Wrong::Empty));
    assert_eq!(after_good("bob\ta.test\t\t"), (2, Wrong::NoSecret));
    assert_eq!(after_good("bob\ta.test\tpw\t0123"), (2, Wrong::Ha1));
    assert_eq!(after_good(&format!("bob\ta.test\tpw\t{}", HA1.replace('0', "g"))), (2, Wrong::Ha1));
    assert_eq!(after_good("alice\ta.test\tother\t"), (2, Wrong::Twice));
    assert_eq!(after_good(&format!("{}\ta.test\tpw\t", "b".repeat(256))), (2, Wrong::TooLong));
    assert_eq!(wrong(b"alice\ta.test\tpw\xff\t\n"), (1, Wrong::Encoding));
    let error = Users::open(file(format!("{good}bob")).path()).expect_err("wrong").to_string();
    assert!(error.ends_with(":2: expected user, domain, password and HA1, separated by tabs"), "{error}");
}

#[test]
fn reading_again_takes_all_or_nothing() {
    let file = file("alice\ta.test\tpw\t\n");
    let users = Users::open(file.path()).expect("one user");
    std::fs::write(file.path(), "bob\ta.test\tpw\t\nbad\n").expect("written");
    users.reload().expect_err("line 2 is wrong");
    assert!(users.get("alice", "a.test").is_some() && users.get("bob", "a.test").is_none());
    std::fs::write(file.path(), "bob\ta.test\tpw\t\n").expect("written");
    assert_eq!(users.reload().expect("one user"), 1);
    assert!(users.get("alice", "a.test").is_none() && users.get("bob", "a.test").is_some());
    std::fs::remove_file(file.path()).expect("removed");
    assert!(matches!(users.reload(), Err(UsersError::File { .. })));
    assert!(users.get("bob", "a.test").is_some());
    assert!(Users::none().is_empty());
    assert_eq!(Users::none().reload().expect("nothing to read"), 0);
}

#[test]
fn an_empty_file_is_nobody() {
    assert!(Users::open(file("").path()).expect("no users").is_empty());
}

fn database(sql: &'static str) -> tempfile::TempDir {
    use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join("users.sqlite"))
            .create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        connection.execute(sql).await.expect("SQL");
        connection.close().await.expect("closed");
    });
    folder
}

#[test]
fn a_database_is_known_by_its_first_bytes() {
    let folder = database(
        "CREATE TABLE subscriber (id INTEGER PRIMARY KEY, username VARCHAR(64) NOT NULL, domain VARCHAR(64) NOT NULL,
             password VARCHAR(64), ha1 VARCHAR(128), ha1b VARCHAR(128) NOT NULL DEFAULT '');
         INSERT INTO subscriber (username, domain, password, ha1) VALUES ('alice', 'a.test', 'pw', NULL),
             ('bob', 'a.test', NULL, '0e62e3f7ee9b6e1a2ed0a4ec4a0a4c55')",
    );
    let users = Users::open(&folder.path().join("users.sqlite")).expect("two users");
    assert_eq!(users.len(), 2);
    let alice = users.get("alice", "a.test").expect("a user");
    assert_eq!(alice.get(Algorithm::Sha256), Some(auth::ha1("alice", "a.test", "pw", Algorithm::Sha256)));
    let bob = users.get("bob", "a.test").expect("a user");
    assert_eq!(bob.get(Algorithm::Md5), auth::Hash::from_hex(Algorithm::Md5, HA1.as_bytes()));
    // from within an async runtime as well
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert_eq!(runtime.block_on(async { users.reload() }).expect("two users"), 2);
}

#[test]
fn a_database_without_the_table_and_one_with_a_wrong_row() {
    let folder = database("CREATE TABLE other (x)");
    let error = Users::open(&folder.path().join("users.sqlite")).expect_err("no table").to_string();
    assert!(error.contains("users.sqlite") && error.contains("no such table: subscriber"), "{error}");
    let folder = database(
        "CREATE TABLE subscriber (username, domain, password, ha1);
         INSERT INTO subscriber VALUES ('a', 'b', 'c', ''), ('a', 'b', 'c', 'x')",
    );
    match Users::open(&folder.path().join("users.sqlite")) {
        Err(UsersError::Line { line: 2, reason: Wrong::Ha1, .. }) => {}
        other => panic!("{other:?}"),
    }
}
