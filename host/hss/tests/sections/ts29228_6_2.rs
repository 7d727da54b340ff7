//! TS 29.228 §6.2: PPR: who is told of another profile, and what.

use diameter::cx::{AnswerHead, PushProfileAnswer};
use diameter::{CommandCode, CxResult, Outcome, ResultCode};
use ims::service_profile::ImsSubscription;
use strowger_hss::{Charging, Identity, Pushed, Secrets};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{sent, world};

fn read(user_data: Option<&Vec<u8>>) -> ImsSubscription {
    ImsSubscription::parse(user_data.unwrap()).unwrap()
}

fn identities(data: &ImsSubscription) -> Vec<&str> {
    data.public_identities().map(|identity| identity.identity.as_str()).collect()
}

#[tokio::test]
async fn nobody_is_told_of_who_is_not_registered() {
    let world = world().await;
    assert!(world.hss.changed(ALICE).await.unwrap().is_empty());
    world.challenge(S1, ALICE, SIP_ALICE).await;
    assert!(world.hss.changed(SIP_ALICE).await.unwrap().is_empty());
    assert!(world.hss.changed("sip:mallory@ims.test").await.is_err());
}

#[tokio::test]
async fn each_set_that_a_server_has_is_pushed() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    world.serve(S1, ALICE_AT_WORK).await;
    let pushes = world.hss.changed(TEL_ALICE).await.unwrap();
    assert_eq!(pushes.len(), 2);
    for push in &pushes {
        assert_eq!((push.destination.as_str(), push.request.user_name.as_str()), ("s1.ims.test", ALICE));
        assert_eq!(push.message().unwrap().header().command, CommandCode::PUSH_PROFILE);
        assert!(push.request.charging_information.is_some());
    }
    assert_ne!(pushes[0].request.head.session_id, pushes[1].request.head.session_id);
    let [first, second] = [0, 1].map(|place: usize| read(pushes[place].request.user_data.as_ref()));
    assert_eq!(
        identities(&first),
        [SIP_ALICE, BARRED_ALICE, TEL_ALICE.replace("+1", "+1-").replace("555", "555-").as_str()]
    );
    assert_eq!(identities(&second), [ALICE_AT_WORK]);
}

#[tokio::test]
async fn what_is_pushed_is_what_is_written_now() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let mut subscriber = world.hss.show(ALICE, Secrets::Hidden).await.unwrap().subscriber;
    subscriber.identities.push(Identity { identity: "sip:new@ims.test".to_owned(), ..Identity::default() });
    subscriber.charging =
        Charging { primary_event: Some("aaa://other.test".to_owned()), ..Charging::default() };
    let done = world.hss.update(&subscriber).await.unwrap();
    assert_eq!(done.updated, [ALICE]);
    assert!(done.terminations.is_empty());
    // It came into a set that is registered.
    assert_eq!(world.lir(&lir("sip:new@ims.test")).await.server_name.as_deref(), Some(S1));
    let pushes = world.hss.changed("sip:new@ims.test").await.unwrap();
    assert!(identities(&read(pushes[0].request.user_data.as_ref())).contains(&"sip:new@ims.test"));
    let charging = pushes[0].request.charging_information.as_ref().unwrap();
    assert_eq!(charging.primary_event_charging_function_name.as_deref(), Some("aaa://other.test"));
}

#[tokio::test]
async fn another_service_profile_concerns_all_who_have_it() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let mut profile = world.hss.profile("always").await.unwrap().unwrap();
    profile.criteria[0].server = "sip:other.as.test".to_owned();
    world.hss.put_profile(&profile).await.unwrap();
    let users = world.hss.users_of_profile("always", "").await.unwrap();
    assert_eq!(users, [ALICE, BOB, CONFERENCE]);
    let pushes = world.hss.changed(&users[0]).await.unwrap();
    let data = read(pushes[0].request.user_data.as_ref());
    let criteria = &data.service_profiles[0].initial_filter_criteria[0];
    assert_eq!(criteria.application_server.server_name, "sip:other.as.test");
}

#[tokio::test]
async fn what_is_there_no_longer_is_terminated() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, BOBS_TABLET_ONLY).await;
    let mut subscriber = world.hss.show(BOB, Secrets::Hidden).await.unwrap().subscriber;
    subscriber.private.clear();
    subscriber.set.clear();
    let done = world.hss.update(&subscriber).await.unwrap();
    let told: Vec<_> = done.terminations.iter().map(|termination| &termination.request).collect();
    assert_eq!(told.len(), 2);
    // §6.1.3: those that it registered, by name.
    assert_eq!(told[0].user_name, BOBS_TABLET);
    assert!(told[0].public_identities.iter().any(|identity| identity == SIP_BOB), "{:?}", told[0]);
    assert_eq!(told[1].public_identities, [BOBS_TABLET_ONLY]);
    assert_eq!(world.set(SIP_BOB).await.registered_with, [BOB]);
    // And who is removed is terminated whole.
    let told = world.hss.remove(SIP_BOB).await.unwrap();
    assert_eq!((told.len(), told[0].request.user_name.as_str()), (1, BOB));
    assert!(world.hss.remove(SIP_BOB).await.is_err());
}

/// §6.2.1: what an S-CSCF answers is looked at: one that goes on with an old profile is known.
#[tokio::test]
async fn what_an_answer_means() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let pushes = world.hss.changed(SIP_ALICE).await.unwrap();
    for (outcome, is_taken) in [
        (Outcome::SUCCESS, true),
        (CxResult::ERROR_USER_UNKNOWN.into(), false),
        (CxResult::ERROR_NOT_SUPPORTED_USER_DATA.into(), false),
        (ResultCode::TOO_BUSY.into(), false),
    ] {
        let head = AnswerHead::to(&pushes[0].request.head, origin("s1.ims.test"), outcome);
        let answer = sent(&PushProfileAnswer { head, other: Vec::new() });
        let expected = if is_taken { Pushed::Taken } else { Pushed::Refused(outcome) };
        assert_eq!(world.hss.pushed(&answer).unwrap(), expected);
    }
    let other = sent(&uar(ALICE, SIP_ALICE));
    assert!(world.hss.pushed(&other).is_err());
}
