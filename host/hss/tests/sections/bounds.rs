//! The bounds that a peer can reach.

use std::sync::Arc;
use std::time::Duration;

use diameter::cx::ServerAssignmentType as T;
use diameter::{CxResult, Outcome, ResultCode};
use sqlx::{Connection, Executor};
use strowger_hss::{Criterion, Hss, Profile, Registered, Settings, bounds};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{sent, settings, world};

#[tokio::test]
async fn identities_of_one_request() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let many = vec![SIP_ALICE; bounds::MAX_REQUESTED_IDENTITIES + 1];
    let outcome = world.outcome(&sar(S1, Some(ALICE), &many, T::UserDeregistration)).await;
    assert_eq!(outcome, ResultCode::AVP_OCCURS_TOO_MANY_TIMES.into());
    let outcome = world.outcome(&sar(S1, Some(ALICE), &many[1..], T::UserDeregistration)).await;
    assert_eq!(outcome, Outcome::SUCCESS);
}

#[tokio::test]
async fn an_answer_that_no_peer_takes_is_not_sent() {
    let world = world().await;
    let criterion = |priority| Criterion {
        priority,
        server: "sip:as.ims.test".to_owned(),
        service_info: Some("x".repeat(bounds::MAX_SERVICE_INFO)),
        ..Criterion::default()
    };
    let profile = Profile {
        name: "always".to_owned(),
        criteria: (0..5).map(criterion).collect(),
        ..Profile::default()
    };
    world.hss.put_profile(&profile).await.unwrap();
    let outcome = world.outcome(&sar(S1, Some(ALICE), &[SIP_ALICE], T::Registration)).await;
    assert_eq!(outcome, ResultCode::UNABLE_TO_COMPLY.into());
    assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
}

#[tokio::test]
async fn the_name_of_a_server() {
    let world = world().await;
    for (length, is_taken) in [(bounds::MAX_IDENTITY, true), (bounds::MAX_IDENTITY + 1, false)] {
        let server = format!("sip:{}", "x".repeat(length - 4));
        let mut mar = mar(S1, ALICE, SIP_ALICE, "Unknown");
        mar.server_name.clone_from(&server);
        let mut sar = sar(S1, Some(ALICE), &[SIP_ALICE], T::Registration);
        sar.server_name = server;
        for outcome in [world.outcome(&mar).await, world.outcome(&sar).await] {
            let expected = if is_taken { ResultCode::SUCCESS } else { ResultCode::INVALID_AVP_VALUE };
            assert_eq!(outcome, expected.into(), "{length}");
        }
    }
}

#[tokio::test]
async fn wildcards_that_are_held_against_one_identity() {
    let world = world().await;
    let document = |text: String| format!("[[subscriber]]\nidentities=[{text}]");
    let wildcard =
        |number: i64| format!("{{identity='sip:w!x{{{number}}}!@ims.test', kind='wildcarded-psi'}}");
    let many: Vec<String> = (2..=bounds::MAX_WILDCARDS).map(wildcard).collect();
    world
        .hss
        .import(&document("{identity='sip:!wq!@ims.test', kind='wildcarded-psi'}".to_owned()))
        .await
        .unwrap();
    world.hss.import(&document(many.join(","))).await.unwrap();
    let unknown = CxResult::ERROR_USER_UNKNOWN.into();
    assert_ne!(world.lir(&lir("sip:wq@ims.test")).await.head.outcome, unknown);
    world.hss.import(&document(wildcard(1))).await.unwrap();
    assert_eq!(world.lir(&lir("sip:wq@ims.test")).await.head.outcome, unknown);
}

/// One connection, and somebody else has the file: of two requests one waits for the file and the other for the
/// connection.
#[tokio::test]
async fn how_long_a_request_waits_for_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/hss.db", folder.path().display());
    let settings = Settings { connections: 1, patience: Duration::from_millis(300), ..settings() };
    let hss = Arc::new(Hss::open(&url, settings).await.unwrap());
    hss.import(DOCUMENT).await.unwrap();
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let hss = Arc::clone(&hss);
        asking.spawn(async move { hss.answer(sent(&mar(S1, ALICE, SIP_ALICE, "Unknown"))).await.outcome() });
    }
    let first = asking.join_next().await.unwrap().unwrap();
    assert_eq!(first, Some(ResultCode::TOO_BUSY.into()));
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(asking.join_next().await.unwrap().unwrap(), Some(Outcome::SUCCESS));
}
