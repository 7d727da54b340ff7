//! TS 29.228 §6.1.2: SAR: the assignment types by which something ends, every row of `server_assignment/release.rs`.

use ServerAssignmentType as T;
use diameter::cx::*;
use diameter::{CxResult, Outcome, ResultCode};
use strowger_hss::{Registered, Settings};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{settings, world, world_with};

const ENDS: [T; 4] = [
    T::TimeoutDeregistration,
    T::UserDeregistration,
    T::AdministrativeDeregistration,
    T::DeregistrationTooMuchData,
];
const STORES: [T; 2] = [T::TimeoutDeregistrationStoreServerName, T::UserDeregistrationStoreServerName];
const FAILURES: [T; 2] = [T::AuthenticationFailure, T::AuthenticationTimeout];

#[tokio::test]
async fn nobody_is_assigned() {
    let world = world().await;
    for kind in ENDS.iter().chain(&FAILURES) {
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], *kind)).await;
        assert_eq!(answer.head.outcome, Outcome::SUCCESS, "{kind:?}");
    }
    for kind in STORES {
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(answer.head.outcome, CxResult::SUCCESS_SERVER_NAME_NOT_STORED.into(), "{kind:?}");
    }
}

#[tokio::test]
async fn somebody_else_is_assigned() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    for kind in ENDS.iter().chain(&STORES).chain(&FAILURES) {
        let answer = world.sar(&sar(S2, Some(ALICE), &[SIP_ALICE], *kind)).await;
        assert_eq!(answer.head.outcome, ResultCode::UNABLE_TO_COMPLY.into(), "{kind:?}");
    }
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
}

#[tokio::test]
async fn a_registration_ends() {
    let world = world().await;
    for kind in ENDS {
        world.challenge(S1, ALICE, SIP_ALICE).await;
        world.register(S1, ALICE, SIP_ALICE).await;
        // Any identity of the set ends all of it.
        let answer = world.sar(&sar(S1, Some(ALICE), &[TEL_ALICE], kind)).await;
        assert_eq!((answer.head.outcome, answer.user_data), (Outcome::SUCCESS, None), "{kind:?}");
        assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
        assert_eq!(world.server(ALICE).await, None);
        assert_eq!(world.uar(&uar(ALICE, SIP_ALICE)).await.head.outcome, CxResult::FIRST_REGISTRATION.into());
    }
}

#[tokio::test]
async fn the_server_stays_while_it_has_anything_of_the_subscription() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    world.register(S1, ALICE, ALICE_AT_WORK).await;
    world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], T::UserDeregistration)).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S1));
    world.sar(&sar(S1, Some(ALICE), &[ALICE_AT_WORK], T::UserDeregistration)).await;
    assert_eq!(world.server(ALICE).await, None);
}

#[tokio::test]
async fn without_public_identities_all_of_a_private_identitys_end() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, BOBS_TABLET_ONLY).await;
    world.sar(&sar(S1, Some(BOBS_TABLET), &[], T::UserDeregistration)).await;
    assert_eq!(world.set(SIP_BOB).await.registered_with, [BOB]);
    assert_eq!(world.state(BOBS_TABLET_ONLY).await, Registered::NotRegistered);
}

#[tokio::test]
async fn an_identity_is_registered_while_anybody_has_registered_it() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, SIP_BOB).await;
    for kind in STORES.iter().chain(&ENDS) {
        let answer = world.sar(&sar(S1, Some(BOB), &[SIP_BOB], *kind)).await;
        assert_eq!(answer.head.outcome, Outcome::SUCCESS, "{kind:?}");
        assert_eq!(world.set(SIP_BOB).await.registered_with, [BOBS_TABLET]);
    }
}

#[tokio::test]
async fn who_it_is_must_be_said_of_a_registration_and_not_of_a_service() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let outcome = world.outcome(&sar(S1, None, &[SIP_ALICE], T::TimeoutDeregistration)).await;
    assert_eq!(outcome, ResultCode::MISSING_AVP.into());
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    world.serve(S1, VOICEMAIL).await;
    world.serve(S1, SIP_BOB).await;
    for public in [VOICEMAIL, SIP_BOB] {
        let answer = world.sar(&sar(S1, None, &[public], T::TimeoutDeregistration)).await;
        assert_eq!(answer.head.outcome, Outcome::SUCCESS);
        assert_eq!(world.state(public).await, Registered::NotRegistered);
    }
}

#[tokio::test]
async fn a_server_that_wants_to_stay_stays() {
    let world = world().await;
    for kind in STORES {
        world.register(S1, ALICE, SIP_ALICE).await;
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(answer.head.outcome, Outcome::SUCCESS, "{kind:?}");
        assert_eq!(world.state(SIP_ALICE).await, Registered::Unregistered);
        let answer = world.uar(&uar(ALICE, SIP_ALICE)).await;
        assert_eq!(answer.head.outcome, CxResult::SUBSEQUENT_REGISTRATION.into());
    }
}

#[tokio::test]
async fn unless_the_operator_has_it_otherwise() {
    let world = world_with(Settings { keeps_server_name: false, ..settings() }).await;
    for kind in STORES {
        world.register(S1, ALICE, SIP_ALICE).await;
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(answer.head.outcome, CxResult::SUCCESS_SERVER_NAME_NOT_STORED.into(), "{kind:?}");
        assert_eq!(
            (world.state(SIP_ALICE).await, world.server(ALICE).await),
            (Registered::NotRegistered, None)
        );
    }
}

#[tokio::test]
async fn an_authentication_that_fails_leaves_a_registration_as_it_was() {
    let world = world().await;
    for kind in FAILURES {
        // Not registered before.
        world.challenge(S1, ALICE, SIP_ALICE).await;
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!((answer.head.outcome, answer.user_data), (Outcome::SUCCESS, None), "{kind:?}");
        assert_eq!(world.server(ALICE).await, None);
        // Registered before.
        world.register(S1, BOB, SIP_BOB).await;
        world.challenge(S1, BOB, SIP_BOB).await;
        world.sar(&sar(S1, Some(BOB), &[SIP_BOB], kind)).await;
        let set = world.set(SIP_BOB).await;
        assert_eq!((set.state, set.pending), (Registered::Registered, vec![]));
        // Served before.
        world.serve(S1, VOICEMAIL).await;
        world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(world.state(VOICEMAIL).await, Registered::Unregistered);
    }
}

#[tokio::test]
async fn a_server_that_takes_over_has_the_user_when_he_has_authenticated() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    world.challenge(S2, ALICE, SIP_ALICE).await;
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S2));
    let request = sar(S2, Some(ALICE), &[SIP_ALICE], T::Registration);
    let answered = world.hss.answer_and(crate::world::sent(&request)).await;
    assert_eq!(answered.answer.outcome(), Some(Outcome::SUCCESS));
    // The other one is told to drop him.
    let relieved = answered.then.unwrap();
    assert_eq!((relieved.destination.as_str(), relieved.request.user_name.as_str()), ("s1.ims.test", ALICE));
    let reason = &relieved.request.deregistration_reason;
    assert_eq!(reason.reason_code, ReasonCode::NewServerAssigned);
    assert!(relieved.request.public_identities.is_empty());
    // What it says to that changes nothing.
    let answer = rta(&relieved.request, ResultCode::SUCCESS);
    world.hss.terminated(&relieved, &crate::world::sent(&answer)).await.unwrap();
    assert_eq!(
        (world.server(ALICE).await.as_deref(), world.state(SIP_ALICE).await),
        (Some(S2), Registered::Registered)
    );
    // Nobody is told a second time.
    assert!(world.hss.answer_and(crate::world::sent(&request)).await.then.is_none());
}

#[tokio::test]
async fn a_server_that_wanted_to_take_over_gives_the_user_back_when_he_fails() {
    let world = world().await;
    for kind in FAILURES {
        world.register(S1, ALICE, SIP_ALICE).await;
        world.challenge(S2, ALICE, SIP_ALICE).await;
        world.sar(&sar(S2, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(world.server(ALICE).await.as_deref(), Some(S1), "{kind:?}");
        assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    }
}

#[tokio::test]
async fn meanwhile_the_former_server_may_say_that_a_registration_ran_out() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    world.challenge(S2, ALICE, SIP_ALICE).await;
    let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], T::TimeoutDeregistration)).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    let set = world.set(SIP_ALICE).await;
    assert_eq!((set.state, set.pending), (Registered::NotRegistered, vec![ALICE.to_owned()]));
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S2));
    world.register(S2, ALICE, SIP_ALICE).await;
    // Once it has no user any more it may not.
    let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], T::TimeoutDeregistration)).await;
    assert_eq!(answer.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
}
