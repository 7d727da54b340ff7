//! TS 29.228 §6.3: MAR, every row of `multimedia_auth.rs`; which vectors they are is `ts33102_6_3.rs`.

use diameter::cx::*;
use diameter::dictionary::base::FAILED_AVP;
use diameter::dictionary::cx::{SIP_AUTH_DATA_ITEM, SIP_AUTHENTICATION_SCHEME, SIP_AUTHORIZATION};
use diameter::{CxResult, Outcome, ResultCode};
use strowger_hss::Registered;

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{sent, world};

const AKA: &str = "Digest-AKAv1-MD5";

#[tokio::test]
async fn step_1_unknown_and_step_2_not_together() {
    let world = world().await;
    for (private, public, expected) in [
        ("mallory@ims.test", SIP_ALICE, CxResult::ERROR_USER_UNKNOWN),
        (ALICE, "sip:mallory@ims.test", CxResult::ERROR_USER_UNKNOWN),
        (ALICE, SIP_BOB, CxResult::ERROR_IDENTITIES_DONT_MATCH),
        (BOB, BOBS_TABLET_ONLY, CxResult::ERROR_IDENTITIES_DONT_MATCH),
    ] {
        let answer = world.mar(&mar(S1, private, public, AKA)).await;
        assert_eq!(answer.head.outcome, expected.into(), "{private} {public}");
        assert!(answer.sip_auth_data_items.is_empty());
    }
    assert_eq!(world.server(ALICE).await, None);
}

#[tokio::test]
async fn step_2_nobody_authenticates_as_a_service() {
    let world = world().await;
    let with_service = "[[subscriber]]\nimpi='dave@ims.test'\npassword='x'\nidentities=['sip:dave@ims.test', \
                        {identity='sip:daves.service@ims.test', kind='psi'}]";
    world.hss.import(with_service).await.unwrap();
    let answer = world.mar(&mar(S1, "dave@ims.test", "sip:daves.service@ims.test", "Unknown")).await;
    assert_eq!(answer.head.outcome, ResultCode::AUTHORIZATION_REJECTED.into());
}

#[tokio::test]
async fn step_3_schemes() {
    let world = world().await;
    let unsupported: Outcome = CxResult::ERROR_AUTH_SCHEME_NOT_SUPPORTED.into();
    let nothing: Outcome = ResultCode::UNABLE_TO_COMPLY.into();
    for (private, public, scheme, expected) in [
        (ALICE, SIP_ALICE, "Digest-AKAv1-MD5", Ok("Digest-AKAv1-MD5")),
        (ALICE, SIP_ALICE, "Digest-AKAv2-MD5", Ok("Digest-AKAv2-MD5")),
        (ALICE, SIP_ALICE, "Digest-AKAv2-SHA-256", Ok("Digest-AKAv2-SHA-256")),
        (ALICE, SIP_ALICE, "Unknown", Ok("Digest-AKAv1-MD5")),
        (ALICE, SIP_ALICE, "SIP Digest", Err(unsupported)),
        (ALICE, SIP_ALICE, "NASS-Bundled", Err(unsupported)),
        (ALICE, SIP_ALICE, "", Err(unsupported)),
        (BOB, SIP_BOB, "SIP Digest", Ok("SIP Digest")),
        (BOB, SIP_BOB, "Unknown", Ok("SIP Digest")),
        (BOB, SIP_BOB, "Digest-AKAv1-MD5", Err(unsupported)),
        (CAROL, SIP_CAROL, "Unknown", Ok("Digest-AKAv1-MD5")),
        (CAROL, SIP_CAROL, "SIP Digest", Ok("SIP Digest")),
        (BOBS_TABLET, SIP_BOB, "Unknown", Err(nothing)),
        (BOBS_TABLET, SIP_BOB, "SIP Digest", Err(unsupported)),
    ] {
        let answer = world.mar(&mar(S1, private, public, scheme)).await;
        match expected {
            Ok(chosen) => {
                assert_eq!(answer.head.outcome, Outcome::SUCCESS, "{private} {scheme}");
                assert_eq!(
                    (answer.user_name.as_deref(), answer.public_identity.as_deref()),
                    (Some(private), Some(public))
                );
                assert_eq!(answer.sip_number_auth_items, Some(1));
                let [item] = answer.sip_auth_data_items.as_slice() else { panic!("one item") };
                assert_eq!(item.sip_authentication_scheme.as_deref(), Some(chosen));
            }
            Err(expected) => assert_eq!(answer.head.outcome, expected, "{private} {scheme}"),
        }
    }
}

#[tokio::test]
async fn step_3_without_a_scheme() {
    let world = world().await;
    let mut request = mar(S1, ALICE, SIP_ALICE, AKA);
    request.sip_auth_data_item.sip_authentication_scheme = None;
    let answer = world.hss.answer(sent(&request)).await;
    assert_eq!(answer.outcome(), Some(ResultCode::MISSING_AVP.into()));
    let failed = answer.first(FAILED_AVP.id).unwrap();
    assert_eq!(failed.group().next().unwrap().unwrap().id, SIP_AUTHENTICATION_SCHEME.id);
}

#[tokio::test]
async fn step_4_auts_that_is_at_fault() {
    let world = world().await;
    let failed_in = |answer: &diameter::Message| {
        let failed = answer.first(FAILED_AVP.id).unwrap();
        let item = failed.group().first(SIP_AUTH_DATA_ITEM.id).unwrap();
        item.group().next().unwrap().unwrap().id
    };
    let answer = world.hss.answer(sent(&mar_with_auts(S1, ALICE, SIP_ALICE, &[0; 29]))).await;
    assert_eq!(answer.outcome(), Some(ResultCode::INVALID_AVP_LENGTH.into()));
    assert_eq!(failed_in(&answer), SIP_AUTHORIZATION.id);
    let mut request = mar_with_auts(S1, BOB, SIP_BOB, &[0; 30]);
    request.sip_auth_data_item.sip_authentication_scheme = Some("SIP Digest".to_owned());
    let answer = world.hss.answer(sent(&request)).await;
    assert_eq!(answer.outcome(), Some(ResultCode::AVP_NOT_ALLOWED.into()));
    assert_eq!(failed_in(&answer), SIP_AUTHORIZATION.id);
    let answer = world.mar(&mar_with_auts(S1, ALICE, SIP_ALICE, &[0; 30])).await;
    assert_eq!(answer.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
    assert_eq!(world.server(ALICE).await, None);
}

#[tokio::test]
async fn step_5_the_server_is_assigned_and_authentication_is_pending() {
    let world = world().await;
    world.challenge(S1, ALICE, TEL_ALICE).await;
    let set = world.set(SIP_ALICE).await;
    assert_eq!((set.state, set.pending), (Registered::NotRegistered, vec![ALICE.to_owned()]));
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S1));
    // Another one takes over before he was registered: nothing of the first is remembered.
    world.challenge(S2, ALICE, TEL_ALICE).await;
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S2));
    world.sar(&sar(S2, Some(ALICE), &[SIP_ALICE], ServerAssignmentType::AuthenticationTimeout)).await;
    assert_eq!(world.server(ALICE).await, None);
}

#[tokio::test]
async fn ts33203_annex_n_what_sip_digest_needs() {
    let world = world().await;
    let answer = world.mar(&mar(S1, BOB, SIP_BOB, "SIP Digest")).await;
    let item = &answer.sip_auth_data_items[0];
    assert!(item.sip_authenticate.is_none() && item.confidentiality_key.is_none());
    let digest = item.sip_digest_authenticate.as_ref().unwrap();
    assert_eq!((digest.digest_realm.as_str(), digest.digest_qop.as_str()), ("ims.test", "auth"));
    assert_eq!(digest.digest_algorithm.as_deref(), Some("MD5"));
    let ha1 = |algorithm| auth::ha1(BOB, "ims.test", "secret", algorithm);
    assert_eq!(digest.digest_ha1.expose(), ha1(auth::Algorithm::Md5).hex().as_bytes());
    assert_eq!(digest.alternate_digest_algorithm.as_deref(), Some("SHA-256"));
    assert_eq!(
        digest.alternate_digest_ha1.as_ref().unwrap().expose(),
        ha1(auth::Algorithm::Sha256).hex().as_bytes()
    );
}
