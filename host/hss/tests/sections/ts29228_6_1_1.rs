//! TS 29.228 §6.1.1: UAR, every row of `user_authorization.rs`.

use diameter::cx::*;
use diameter::{CxResult, Outcome, ResultCode};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::world;

#[tokio::test]
async fn step_1_an_identity_that_is_unknown() {
    let world = world().await;
    for (private, public) in [
        ("mallory@ims.test", SIP_ALICE),
        (ALICE, "sip:mallory@ims.test"),
        ("mallory@ims.test", "sip:mallory@ims.test"),
        (ALICE, "mailto:alice@ims.test"),
        ("a b", SIP_ALICE),
    ] {
        let answer = world.uar(&uar(private, public)).await;
        assert_eq!(answer.head.outcome, CxResult::ERROR_USER_UNKNOWN.into(), "{private} {public}");
    }
}

#[tokio::test]
async fn step_2_identities_that_do_not_belong_together() {
    let world = world().await;
    for (private, public) in [(ALICE, SIP_BOB), (BOB, BOBS_TABLET_ONLY), (ALICE, "sip:bob.7@ims.test")] {
        let answer = world.uar(&uar(private, public)).await;
        assert_eq!(answer.head.outcome, CxResult::ERROR_IDENTITIES_DONT_MATCH.into(), "{private} {public}");
    }
    let answer = world.uar(&uar(BOBS_TABLET, BOBS_TABLET_ONLY)).await;
    assert_eq!(answer.head.outcome, CxResult::FIRST_REGISTRATION.into());
}

#[tokio::test]
async fn step_3_barred_and_nothing_else_in_the_set() {
    let world = world().await;
    let mut request = uar(CAROL, SIP_CAROL);
    for kind in UserAuthorizationType::ALL {
        request.user_authorization_type = Some(*kind);
        let answer = world.uar(&request).await;
        assert_eq!(answer.head.outcome, ResultCode::AUTHORIZATION_REJECTED.into(), "{kind:?}");
    }
    // There is another one in the set that is not.
    let answer = world.uar(&uar(ALICE, BARRED_ALICE)).await;
    assert_eq!(answer.head.outcome, CxResult::FIRST_REGISTRATION.into());
}

#[tokio::test]
async fn step_3_an_emergency_is_not_barred_and_step_4_it_may_come_from_anywhere() {
    let world = world().await;
    let mut request = uar(CAROL, SIP_CAROL);
    request.uar_flags = Some(UarFlags::IMS_EMERGENCY_REGISTRATION);
    assert_eq!(world.uar(&request).await.head.outcome, CxResult::FIRST_REGISTRATION.into());
    let mut request = uar(ALICE, SIP_ALICE);
    request.visited_network_identifier = b"elsewhere.test".to_vec();
    request.uar_flags = Some(UarFlags::IMS_EMERGENCY_REGISTRATION);
    assert_eq!(world.uar(&request).await.head.outcome, CxResult::FIRST_REGISTRATION.into());
}

#[tokio::test]
async fn step_4_roaming() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    use UserAuthorizationType as T;
    for (kind, network, allowed) in [
        (T::Registration, "elsewhere.test", false),
        (T::RegistrationAndCapabilities, "elsewhere.test", false),
        (T::DeRegistration, "elsewhere.test", true),
        (T::Registration, "ABROAD.test", true),
        (T::Registration, "\"abroad.test\"", true),
    ] {
        let mut request = uar(ALICE, SIP_ALICE);
        request.user_authorization_type = Some(kind);
        request.visited_network_identifier = network.as_bytes().to_vec();
        let outcome = world.uar(&request).await.head.outcome;
        let refused: Outcome = CxResult::ERROR_ROAMING_NOT_ALLOWED.into();
        assert_eq!(outcome != refused, allowed, "{kind:?} {network}");
    }
    // Who has no list may be anywhere.
    let mut request = uar(BOB, SIP_BOB);
    request.visited_network_identifier = b"elsewhere.test".to_vec();
    assert_eq!(world.uar(&request).await.head.outcome, CxResult::FIRST_REGISTRATION.into());
}

#[tokio::test]
async fn step_4_nobody_registers_a_service() {
    let world = world().await;
    // A service of a subscription that has a private identity.
    let with_service = "[[subscriber]]\nimpi='dave@ims.test'\nidentities=['sip:dave@ims.test', \
                        {identity='sip:daves.service@ims.test', kind='psi'}]";
    world.hss.import(with_service).await.unwrap();
    let answer = world.uar(&uar("dave@ims.test", "sip:daves.service@ims.test")).await;
    assert_eq!(answer.head.outcome, ResultCode::AUTHORIZATION_REJECTED.into());
}

#[tokio::test]
async fn step_4_registration_and_capabilities() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let mut request = uar(ALICE, SIP_ALICE);
    request.user_authorization_type = Some(UserAuthorizationType::RegistrationAndCapabilities);
    let answer = world.uar(&request).await;
    assert_eq!((answer.head.outcome, answer.server_name), (Outcome::SUCCESS, None));
    let capabilities = answer.server_capabilities.unwrap();
    assert_eq!(capabilities.mandatory_capabilities, [1, 2]);
    assert_eq!(capabilities.optional_capabilities, [7]);
    assert_eq!(capabilities.server_names, [S1]);
}

#[tokio::test]
async fn step_5_first_registration() {
    let world = world().await;
    let answer = world.uar(&uar(ALICE, SIP_ALICE)).await;
    assert_eq!(answer.head.outcome, CxResult::FIRST_REGISTRATION.into());
    assert_eq!((answer.server_name, answer.server_capabilities.is_some()), (None, true));
    // Any S-CSCF will do for Bob.
    let answer = world.uar(&uar(BOB, SIP_BOB)).await;
    assert_eq!((answer.server_name, answer.server_capabilities), (None, None));
    // An identity for which a wildcarded one stands.
    let answer = world.uar(&uar(BOB, "sip:bob.7@ims.test")).await;
    assert_eq!(answer.head.outcome, CxResult::FIRST_REGISTRATION.into());
}

#[tokio::test]
async fn step_5_subsequent_registration_while_pending_registered_or_served() {
    let world = world().await;
    let expect_s1 = async |private, public| {
        let answer = world.uar(&uar(private, public)).await;
        assert_eq!(answer.head.outcome, CxResult::SUBSEQUENT_REGISTRATION.into());
        assert_eq!((answer.server_name.as_deref(), answer.server_capabilities), (Some(S1), None));
    };
    world.challenge(S1, ALICE, SIP_ALICE).await;
    expect_s1(ALICE, SIP_ALICE).await;
    world.register(S1, ALICE, SIP_ALICE).await;
    expect_s1(ALICE, TEL_ALICE).await;
    // The S-CSCF is the whole subscription's.
    expect_s1(ALICE, ALICE_AT_WORK).await;
    world.serve(S1, SIP_BOB).await;
    expect_s1(BOB, SIP_BOB).await;
}

#[tokio::test]
async fn step_5_de_registration() {
    let world = world().await;
    let mut request = uar(ALICE, SIP_ALICE);
    request.user_authorization_type = Some(UserAuthorizationType::DeRegistration);
    let not_registered = CxResult::ERROR_IDENTITY_NOT_REGISTERED.into();
    assert_eq!(world.uar(&request).await.head.outcome, not_registered);
    world.challenge(S1, ALICE, SIP_ALICE).await;
    assert_eq!(world.uar(&request).await.head.outcome, not_registered, "only pending");
    world.register(S1, ALICE, SIP_ALICE).await;
    let answer = world.uar(&request).await;
    assert_eq!((answer.head.outcome, answer.server_name.as_deref()), (Outcome::SUCCESS, Some(S1)));
    // The other set is not registered.
    request.public_identity = ALICE_AT_WORK.to_owned();
    assert_eq!(world.uar(&request).await.head.outcome, not_registered);
}

#[tokio::test]
async fn identities_are_compared_in_their_canonical_form() {
    let world = world().await;
    for public in ["sip:alice@IMS.test:5070;transport=tcp", "sips:alice@ims.test", "tel:+1(555)0001"] {
        let answer = world.uar(&uar("alice@IMS.TEST", public)).await;
        assert_eq!(answer.head.outcome, CxResult::FIRST_REGISTRATION.into(), "{public}");
    }
}
