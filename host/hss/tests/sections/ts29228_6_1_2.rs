//! TS 29.228 §6.1.2: SAR: what is checked first, and the assignment types of `server_assignment/assignment.rs`.

use ServerAssignmentType as T;
use diameter::cx::*;
use diameter::dictionary::base::USER_NAME;
use diameter::dictionary::cx::PUBLIC_IDENTITY;
use diameter::{CxResult, Outcome, ResultCode};
use strowger_hss::Registered;

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{sent, world};

const RELEASES: [T; 6] = [
    T::TimeoutDeregistration,
    T::UserDeregistration,
    T::TimeoutDeregistrationStoreServerName,
    T::UserDeregistrationStoreServerName,
    T::AdministrativeDeregistration,
    T::DeregistrationTooMuchData,
];

#[tokio::test]
async fn step_0_what_a_type_needs() {
    let world = world().await;
    for kind in T::ALL.iter().copied() {
        let without_identity = sar(S1, Some(ALICE), &[], kind);
        let answer = world.hss.answer(sent(&without_identity)).await;
        let is_missing = answer.outcome() == Some(ResultCode::MISSING_AVP.into());
        assert_eq!(is_missing, !RELEASES.contains(&kind), "{kind:?}");
        if is_missing {
            let failed = answer.first(diameter::dictionary::base::FAILED_AVP.id).unwrap();
            assert_eq!(failed.group().next().unwrap().unwrap().id, PUBLIC_IDENTITY.id);
        }
        let without_name = sar(S1, None, &[SIP_ALICE], kind);
        let answer = world.hss.answer(sent(&without_name)).await;
        let needs_name =
            [T::Registration, T::ReRegistration, T::AuthenticationFailure, T::AuthenticationTimeout]
                .contains(&kind);
        assert_eq!(answer.outcome() == Some(ResultCode::MISSING_AVP.into()), needs_name, "{kind:?}");
        if needs_name {
            let failed = answer.first(diameter::dictionary::base::FAILED_AVP.id).unwrap();
            assert_eq!(failed.group().next().unwrap().unwrap().id, USER_NAME.id);
        }
        let outcome = world.outcome(&sar(S1, None, &[], kind)).await;
        assert_eq!(outcome, ResultCode::MISSING_AVP.into(), "{kind:?}");
    }
}

#[tokio::test]
async fn step_1_unknown_and_step_2_not_together() {
    let world = world().await;
    let unknown: Outcome = CxResult::ERROR_USER_UNKNOWN.into();
    let mismatch: Outcome = CxResult::ERROR_IDENTITIES_DONT_MATCH.into();
    for (private, public, expected) in [
        (Some("mallory@ims.test"), vec![SIP_ALICE], unknown),
        (Some(ALICE), vec!["sip:mallory@ims.test"], unknown),
        (None, vec!["sip:mallory@ims.test"], unknown),
        (Some(ALICE), vec![SIP_BOB, "sip:mallory@ims.test"], unknown),
        (Some(ALICE), vec![SIP_BOB], mismatch),
        (Some(ALICE), vec![SIP_ALICE, SIP_BOB], mismatch),
        (None, vec![SIP_ALICE, SIP_BOB], mismatch),
        (Some(BOB), vec![BOBS_TABLET_ONLY], mismatch),
        (Some("mallory@ims.test"), vec![], unknown),
    ] {
        let answer = world.sar(&sar(S1, private, &public, T::UserDeregistration)).await;
        assert_eq!(answer.head.outcome, expected, "{private:?} {public:?}");
    }
}

#[tokio::test]
async fn step_3_several_identities_only_where_it_ends() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    for kind in T::ALL.iter().copied() {
        let outcome = world.outcome(&sar(S1, Some(ALICE), &[SIP_ALICE, TEL_ALICE], kind)).await;
        let is_of_swx = [T::AaaUserDataRequest, T::PgwUpdate, T::Restoration].contains(&kind);
        let is_refused = outcome == ResultCode::AVP_OCCURS_TOO_MANY_TIMES.into();
        assert_eq!(is_refused, !RELEASES.contains(&kind) && !is_of_swx, "{kind:?}");
    }
}

#[tokio::test]
async fn step_4_a_service_that_is_switched_off() {
    let world = world().await;
    let answer = world.sar(&sar(S1, None, &[SWITCHED_OFF], T::UnregisteredUser)).await;
    assert_eq!(answer.head.outcome, CxResult::ERROR_USER_UNKNOWN.into());
}

#[tokio::test]
async fn step_5_types_of_swx() {
    let world = world().await;
    for kind in [T::AaaUserDataRequest, T::PgwUpdate, T::Restoration] {
        let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], kind)).await;
        assert_eq!(answer.head.outcome, CxResult::ERROR_IN_ASSIGNMENT_TYPE.into(), "{kind:?}");
    }
}

#[tokio::test]
async fn no_assignment_is_for_who_is_assigned() {
    let world = world().await;
    let request = sar(S1, Some(ALICE), &[SIP_ALICE], T::NoAssignment);
    assert_eq!(world.sar(&request).await.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
    world.register(S2, ALICE, SIP_ALICE).await;
    assert_eq!(world.sar(&request).await.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
    let answer = world.sar(&sar(S2, None, &[TEL_ALICE], T::NoAssignment)).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    assert_eq!((answer.user_name.as_deref(), answer.user_data.is_some()), (Some(ALICE), true));
    assert_eq!(world.set(SIP_ALICE).await.registered_with, [ALICE]);
}

#[tokio::test]
async fn registration() {
    let world = world().await;
    world.challenge(S1, ALICE, TEL_ALICE).await;
    assert_eq!(world.set(SIP_ALICE).await.pending, [ALICE]);
    for kind in [T::Registration, T::ReRegistration] {
        let answer = world.sar(&sar(S1, Some(ALICE), &[TEL_ALICE], kind)).await;
        assert_eq!((answer.head.outcome, answer.user_name.as_deref()), (Outcome::SUCCESS, Some(ALICE)));
        assert!(answer.user_data.is_some() && answer.associated_identities.is_none());
        let charging = answer.charging_information.unwrap();
        assert_eq!(charging.primary_charging_collection_function_name.as_deref(), Some("aaa://ccf.ims.test"));
        assert_eq!(charging.secondary_event_charging_function_name, None);
        let set = world.set(SIP_ALICE).await;
        assert_eq!((set.state, set.registered_with), (Registered::Registered, vec![ALICE.to_owned()]));
        assert!(set.pending.is_empty());
    }
    // The other set is as it was.
    assert_eq!(world.state(ALICE_AT_WORK).await, Registered::NotRegistered);
}

#[tokio::test]
async fn a_profile_that_is_there_already_is_not_sent() {
    let world = world().await;
    let mut request = sar(S1, Some(ALICE), &[SIP_ALICE], T::ReRegistration);
    request.user_data_already_available = UserDataAlreadyAvailable::AlreadyAvailable;
    let answer = world.sar(&request).await;
    assert_eq!((answer.head.outcome, answer.user_data), (Outcome::SUCCESS, None));
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
}

#[tokio::test]
async fn registration_at_another_server_than_the_one_that_is_assigned() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    for (kind, private) in
        [(T::Registration, Some(ALICE)), (T::ReRegistration, Some(ALICE)), (T::UnregisteredUser, None)]
    {
        let answer = world.sar(&sar(S2, private, &[SIP_ALICE], kind)).await;
        assert_eq!(answer.head.outcome, CxResult::ERROR_IDENTITY_ALREADY_REGISTERED.into(), "{kind:?}");
        assert_eq!((answer.server_name.as_deref(), answer.user_data), (Some(S1), None));
    }
    // Of the subscription's other set too: one S-CSCF has all of it.
    let answer = world.sar(&sar(S2, Some(ALICE), &[ALICE_AT_WORK], T::Registration)).await;
    assert_eq!(answer.head.outcome, CxResult::ERROR_IDENTITY_ALREADY_REGISTERED.into());
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S1));
}

#[tokio::test]
async fn nobody_registers_a_service_but_an_s_cscf_may_serve_it() {
    let world = world().await;
    let with_service = "[[subscriber]]\nimpi='dave@ims.test'\nidentities=['sip:dave@ims.test', \
                        {identity='sip:daves.service@ims.test', kind='psi'}]";
    world.hss.import(with_service).await.unwrap();
    let answer =
        world.sar(&sar(S1, Some("dave@ims.test"), &["sip:daves.service@ims.test"], T::Registration)).await;
    assert_eq!(answer.head.outcome, CxResult::ERROR_IN_ASSIGNMENT_TYPE.into());
    let answer = world.sar(&sar(S1, None, &[VOICEMAIL], T::UnregisteredUser)).await;
    assert_eq!((answer.head.outcome, answer.user_name), (Outcome::SUCCESS, None));
    assert_eq!(world.state(VOICEMAIL).await, Registered::Unregistered);
    assert_eq!(world.lir(&lir(VOICEMAIL)).await.server_name.as_deref(), Some(S1));
}

#[tokio::test]
async fn unregistered_user() {
    let world = world().await;
    let answer = world.sar(&sar(S1, None, &[TEL_ALICE], T::UnregisteredUser)).await;
    assert_eq!((answer.head.outcome, answer.user_name.as_deref()), (Outcome::SUCCESS, Some(ALICE)));
    assert!(answer.user_data.is_some());
    assert_eq!(world.state(SIP_ALICE).await, Registered::Unregistered);
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S1));
    // A registration ends it.
    world.register(S1, ALICE, SIP_ALICE).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    // And an S-CSCF that has forgotten it, and laid nothing down, ends the registration.
    world.serve(S1, SIP_ALICE).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::Unregistered);
}

#[tokio::test]
async fn private_identities_that_share_a_public_one() {
    let world = world().await;
    let answer = world.sar(&sar(S1, Some(BOB), &[SIP_BOB], T::Registration)).await;
    let all = vec![BOB.to_owned(), BOBS_TABLET.to_owned()];
    assert_eq!(answer.associated_identities.unwrap().user_names, all);
    assert_eq!(answer.associated_registered_identities, None);
    let answer = world.sar(&sar(S1, Some(BOBS_TABLET), &[SIP_BOB], T::Registration)).await;
    let registered = answer.associated_registered_identities.unwrap().user_names;
    assert_eq!(registered, [BOBS_TABLET, BOB]);
    assert_eq!(world.set(SIP_BOB).await.registered_with, [BOBS_TABLET, BOB]);
}

#[tokio::test]
async fn an_identity_for_which_a_wildcard_stands() {
    let world = world().await;
    let answer = world.sar(&sar(S1, Some(BOB), &["sip:bob.7@ims.test"], T::Registration)).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    assert_eq!(answer.wildcarded_public_identity.as_deref(), Some(BOBS_RANGE));
    assert_eq!(world.state(SIP_BOB).await, Registered::Registered);
}

fn laid_down() -> ScscfRestorationInfo {
    ScscfRestorationInfo {
        user_name: ALICE.to_owned(),
        restoration_info: vec![RestorationInfo {
            path: b"<sip:p.ims.test;lr>".to_vec(),
            contact: b"<sip:alice@192.0.2.1>".to_vec(),
            initial_cseq_sequence_number: None,
            call_id_sip_header: Some(b"1@ue".to_vec()),
            subscription_info: None,
            p_cscf_subscription_info: None,
            other: Vec::new(),
        }],
        registration_time_out: None,
        sip_authentication_scheme: None,
        other: Vec::new(),
    }
}

#[tokio::test]
async fn ts23380_4_what_an_s_cscf_laid_down_restores_it() {
    let world = world().await;
    let features = vec![SupportedFeatures::of_cx(SupportedFeatures::IMS_RESTORATION_IND, false)];
    let mut request = sar(S1, Some(ALICE), &[SIP_ALICE], T::Registration);
    request.head.supported_features.clone_from(&features);
    request.scscf_restoration_info = Some(laid_down());
    let answer = world.sar(&request).await;
    assert!(answer.scscf_restoration_info.is_empty());
    assert!(answer.head.supported_features[0].feature_list & SupportedFeatures::IMS_RESTORATION_IND != 0);

    // It has forgotten everything and is called for Alice.
    let mut request = sar(S1, None, &[TEL_ALICE], T::UnregisteredUser);
    request.head.supported_features.clone_from(&features);
    let answer = world.sar(&request).await;
    assert_eq!(answer.head.outcome, CxResult::ERROR_IN_ASSIGNMENT_TYPE.into());
    assert_eq!((answer.scscf_restoration_info, answer.user_data.is_some()), (vec![laid_down()], true));
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    request.server_assignment_type = T::NoAssignment;
    let answer = world.sar(&request).await;
    assert_eq!((answer.head.outcome, answer.scscf_restoration_info), (Outcome::SUCCESS, vec![laid_down()]));

    // It goes with the registration.
    let answer = world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], T::UserDeregistration)).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    world.register(S1, ALICE, SIP_ALICE).await;
    assert!(world.sar(&request).await.scscf_restoration_info.is_empty());
}

#[tokio::test]
async fn ts29229_7_2_a_feature_that_is_not_there_may_not_be_demanded() {
    let world = world().await;
    let mut request = sar(S1, Some(ALICE), &[SIP_ALICE], T::Registration);
    request.head.supported_features = vec![SupportedFeatures::of_cx(1 << 20, true)];
    let answer = world.sar(&request).await;
    assert_eq!(answer.head.outcome, CxResult::ERROR_FEATURE_UNSUPPORTED.into());
    assert_eq!(answer.head.supported_features.len(), 1);
    assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
    request.head.supported_features = vec![SupportedFeatures::of_cx(1 << 20, false)];
    assert_eq!(world.sar(&request).await.head.outcome, Outcome::SUCCESS);
    let mut request = uar(ALICE, SIP_ALICE);
    request.head.supported_features =
        vec![SupportedFeatures { feature_list_id: 2, ..SupportedFeatures::of_cx(1, true) }];
    assert_eq!(world.uar(&request).await.head.outcome, CxResult::ERROR_FEATURE_UNSUPPORTED.into());
}
