//! Subscribers on a server: read at the start and when told to, all of them or none.

use auth::Algorithm;
use strowger_storage::{Users, UsersError, Wrong};

use crate::Home;
use crate::servers::Kind;
use crate::trouble::Beside;

pub(crate) fn are_read_from_a_server(home: &Home, kind: Kind) {
    let Home::Server(server) = home else { panic!("a server's") };
    let error = Users::open_at(&server.url()).expect_err("there is no table");
    assert!(matches!(error, UsersError::Server { .. }), "{error}");
    let mut beside = Beside::of(home, kind);
    beside.run("CREATE TABLE subscriber (username VARCHAR(64), domain VARCHAR(64), password VARCHAR(64), ha1 VARCHAR(64))");
    beside.run("INSERT INTO subscriber VALUES ('alice', 'a.test', 'pw', NULL), ('bob', 'a.test', NULL, '0e62e3f7ee9b6e1a2ed0a4ec4a0a4c55')");
    let users = Users::open_at(&server.url()).expect("two users");
    assert_eq!(users.len(), 2);
    let of = |user| users.get(user, "a.test").expect("a user");
    let expected = auth::ha1("alice", "a.test", "pw", Algorithm::Sha256);
    assert_eq!(of("alice").get(Algorithm::Sha256), Some(expected));
    assert!(of("bob").get(Algorithm::Md5).is_some() && of("bob").get(Algorithm::Sha256).is_none());

    beside.run("INSERT INTO subscriber VALUES ('carol', 'a.test', 'pw', '')");
    assert_eq!(users.reload().ok(), Some(3));
    beside.run("INSERT INTO subscriber VALUES ('dave', 'a.test', NULL, NULL)");
    let error = users.reload().expect_err("who has no secret");
    assert!(matches!(error, UsersError::Row { row: 4, reason: Wrong::NoSecret, .. }), "{error}");
    assert_eq!(users.len(), 3, "they are what they were");
    assert!(matches!(Users::open_at("redis://h"), Err(UsersError::Scheme)));
}
