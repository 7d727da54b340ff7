//! TS 29.228 §6.1.4: LIR, every row of `location_info.rs`.

use diameter::cx::*;
use diameter::{CxResult, Outcome};
use strowger_hss::Registered;

use crate::requests::*;
use crate::subscribers::*;
use crate::world::world;

#[tokio::test]
async fn step_1_unknown() {
    let world = world().await;
    for public in ["sip:mallory@ims.test", "tel:+19990001", "urn:service:sos"] {
        assert_eq!(
            world.lir(&lir(public)).await.head.outcome,
            CxResult::ERROR_USER_UNKNOWN.into(),
            "{public}"
        );
    }
}

#[tokio::test]
async fn step_2_a_service_that_is_switched_off() {
    let world = world().await;
    assert_eq!(world.lir(&lir(SWITCHED_OFF)).await.head.outcome, CxResult::ERROR_USER_UNKNOWN.into());
}

#[tokio::test]
async fn step_2_a_service_with_an_application_server() {
    let world = world().await;
    let answer = world.lir(&lir(CONFERENCE)).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    assert_eq!(answer.server_name.as_deref(), Some("sip:mixer.ims.test"));
    assert_eq!(answer.lia_flags, Some(LiaFlags::PSI_DIRECT_ROUTING_INDICATION));
    // On its own behalf it needs an S-CSCF, and has no services there.
    let mut request = lir(CONFERENCE);
    request.originating_request = Some(OriginatingRequest::Originating);
    assert_eq!(world.lir(&request).await.head.outcome, CxResult::ERROR_IDENTITY_NOT_REGISTERED.into());
}

#[tokio::test]
async fn step_3_not_registered_and_without_services() {
    let world = world().await;
    for originating in [None, Some(OriginatingRequest::Originating)] {
        let mut request = lir(ALICE_AT_WORK);
        request.originating_request = originating;
        assert_eq!(world.lir(&request).await.head.outcome, CxResult::ERROR_IDENTITY_NOT_REGISTERED.into());
        // Nor does the S-CSCF of another set help.
        request.public_identity = SIP_CAROL.to_owned();
        assert_eq!(world.lir(&request).await.head.outcome, CxResult::ERROR_IDENTITY_NOT_REGISTERED.into());
    }
}

#[tokio::test]
async fn step_3_registered() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    for public in [SIP_ALICE, TEL_ALICE, BARRED_ALICE, "sip:alice@ims.test;user=phone"] {
        let answer = world.lir(&lir(public)).await;
        assert_eq!(
            (answer.head.outcome, answer.server_name.as_deref()),
            (Outcome::SUCCESS, Some(S1)),
            "{public}"
        );
        assert_eq!((answer.server_capabilities, answer.lia_flags), (None, None));
    }
    assert_eq!(
        world.lir(&lir(ALICE_AT_WORK)).await.head.outcome,
        CxResult::ERROR_IDENTITY_NOT_REGISTERED.into()
    );
}

#[tokio::test]
async fn step_3_services_without_a_registration() {
    let world = world().await;
    let answer = world.lir(&lir(SIP_ALICE)).await;
    assert_eq!(answer.head.outcome, CxResult::UNREGISTERED_SERVICE.into());
    assert_eq!((answer.server_name, answer.server_capabilities.is_some()), (None, true));
    // An S-CSCF of the subscription is the one to go to.
    world.register(S1, ALICE, ALICE_AT_WORK).await;
    let answer = world.lir(&lir(SIP_ALICE)).await;
    assert_eq!((answer.head.outcome, answer.server_name.as_deref()), (Outcome::SUCCESS, Some(S1)));
    world.serve(S1, SIP_ALICE).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::Unregistered);
    let answer = world.lir(&lir(SIP_ALICE)).await;
    assert_eq!((answer.head.outcome, answer.server_name.as_deref()), (Outcome::SUCCESS, Some(S1)));
}

#[tokio::test]
async fn step_3_the_capabilities_are_wanted() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let mut request = lir(SIP_ALICE);
    request.user_authorization_type = Some(UserAuthorizationType::RegistrationAndCapabilities);
    let answer = world.lir(&request).await;
    assert_eq!((answer.head.outcome, answer.server_name), (Outcome::SUCCESS, None));
    assert_eq!(answer.server_capabilities.unwrap().mandatory_capabilities, [1, 2]);
}

#[tokio::test]
async fn the_wildcard_that_stands_for_an_identity_is_named() {
    let world = world().await;
    for (public, wildcard) in [
        ("sip:bob.7@ims.test", Some(BOBS_RANGE)),
        ("sip:room12@ims.test", Some(ROOMS)),
        (SIP_BOB, None),
        (ROOMS, None),
    ] {
        let answer = world.lir(&lir(public)).await;
        assert_eq!(answer.head.outcome, CxResult::UNREGISTERED_SERVICE.into(), "{public}");
        assert_eq!(answer.wildcarded_public_identity.as_deref(), wildcard, "{public}");
    }
    // The longest beginning goes first, and an identity of its own before any wildcard.
    let more = "[[subscriber]]\nidentities=[{identity='sip:room1!.*!@ims.test', kind='wildcarded-psi'}]
                [[subscriber]]
                identities=[{identity='sip:room13@ims.test', kind='psi', application_server='sip:a.test'}]";
    world.hss.import(more).await.unwrap();
    assert_eq!(
        world.lir(&lir("sip:room12@ims.test")).await.wildcarded_public_identity,
        None,
        "without services"
    );
    assert_eq!(
        world.lir(&lir("sip:room2@ims.test")).await.wildcarded_public_identity.as_deref(),
        Some(ROOMS)
    );
    assert_eq!(world.lir(&lir("sip:room13@ims.test")).await.server_name.as_deref(), Some("sip:a.test"));
}

#[tokio::test]
async fn a_wildcarded_identity_is_registered_with_its_set() {
    let world = world().await;
    world.register(S2, BOB, SIP_BOB).await;
    let answer = world.lir(&lir("sip:bob.7@ims.test")).await;
    assert_eq!((answer.head.outcome, answer.server_name.as_deref()), (Outcome::SUCCESS, Some(S2)));
    assert_eq!(answer.wildcarded_public_identity.as_deref(), Some(BOBS_RANGE));
}
