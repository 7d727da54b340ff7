//! TS 29.228 §6.6, Annex B, Annex E: the user data that an S-CSCF gets.

use diameter::cx::ServerAssignmentType as T;
use ims::service_profile::{IdentityType, ImsSubscription};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{World, world};

async fn user_data(world: &World, private: Option<&str>, public: &str, kind: T) -> ImsSubscription {
    let answer = world.sar(&sar(S1, private, &[public], kind)).await;
    ImsSubscription::parse(&answer.user_data.unwrap()).unwrap()
}

#[tokio::test]
async fn a_set_has_its_profiles_in_the_order_of_its_identities() {
    let world = world().await;
    let data = user_data(&world, Some(ALICE), TEL_ALICE, T::Registration).await;
    assert_eq!(data.private_identity, ALICE);
    let profiles: Vec<Vec<(&str, bool)>> = data
        .service_profiles
        .iter()
        .map(|profile| {
            let identities = profile.public_identities.iter();
            identities.map(|identity| (identity.identity.as_str(), identity.is_barred)).collect()
        })
        .collect();
    assert_eq!(profiles, [vec![(SIP_ALICE, false), (BARRED_ALICE, true)], vec![("tel:+1-555-0001", false)]]);
    assert_eq!(data.service_profiles[0].public_identities[0].display_name.as_deref(), Some("Alice"));
    let servers: Vec<&str> = data
        .service_profiles
        .iter()
        .map(|profile| profile.initial_filter_criteria[0].application_server.server_name.as_str())
        .collect();
    assert_eq!(servers, ["sip:as.ims.test", "sip:as2.ims.test"]);
}

#[tokio::test]
async fn wildcarded_identities() {
    let world = world().await;
    let data = user_data(&world, Some(BOB), "sip:bob.7@ims.test", T::Registration).await;
    let found: Vec<_> = data
        .public_identities()
        .map(|i| (i.identity.as_str(), i.kind(), i.wildcarded_impu.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (SIP_BOB, IdentityType::DistinctPublicUserIdentity, None),
            (BOBS_RANGE, IdentityType::WildcardedImpu, Some(BOBS_RANGE)),
        ]
    );
    // Of a service the one that is meant is named.
    let data = user_data(&world, None, "sip:room12@ims.test", T::UnregisteredUser).await;
    let [room] = data.public_identities().collect::<Vec<_>>()[..] else { panic!("one") };
    assert_eq!((room.identity.as_str(), room.kind()), ("sip:room12@ims.test", IdentityType::WildcardedPsi));
    assert_eq!(room.wildcarded_psi.as_deref(), Some(ROOMS));
    assert_eq!(data.private_identity, "");
}

#[tokio::test]
async fn who_has_no_profile_has_no_criteria() {
    let world = world().await;
    let data = user_data(&world, Some(BOBS_TABLET), BOBS_TABLET_ONLY, T::Registration).await;
    let [profile] = data.service_profiles.as_slice() else { panic!("one") };
    // The subscriber's profile is that of identities that name none.
    assert_eq!(profile.initial_filter_criteria.len(), 1);
    let data = user_data(&world, Some(CAROL), SIP_CAROL, T::Registration).await;
    assert!(data.service_profiles[0].initial_filter_criteria.is_empty());
    assert!(data.service_profiles[0].public_identities[0].is_barred);
}

#[tokio::test]
async fn an_imsi_is_told() {
    let world = world().await;
    world.hss.import("[[subscriber]]\nimsi='001010000000001'\nmsisdn='15550009'").await.unwrap();
    let private = "001010000000001@ims.mnc001.mcc001.3gppnetwork.org";
    let data = user_data(&world, Some(private), "tel:+15550009", T::Registration).await;
    assert_eq!(data.imsi.as_deref(), Some("001010000000001"));
}
