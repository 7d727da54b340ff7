//! TS 29.228 §6.1.3: RTR: what is sent, and what its answer changes.

use diameter::bounds::MAX_MESSAGE;
use diameter::cx::*;
use diameter::{CxResult, Outcome, ResultCode};
use strowger_hss::{ManageError, Registered, Terminated, Termination, Whom, bounds};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{World, sent, world};

async fn deregister(world: &World, whom: Whom, reason: ReasonCode) -> Option<Termination> {
    let all = world.hss.deregister(&whom, reason, Some("by the operator".to_owned())).await.unwrap();
    assert!(all.len() < 2);
    all.into_iter().next()
}

/// The S-CSCF answers so.
async fn answer(world: &World, termination: &Termination, outcome: impl Into<Outcome>) -> Terminated {
    let answer = rta(&termination.request, outcome);
    world.hss.terminated(termination, &sent(&answer)).await.unwrap()
}

fn subscription(identity: &str) -> Whom {
    Whom::Subscription(identity.to_owned())
}

#[tokio::test]
async fn nothing_is_registered() {
    let world = world().await;
    for reason in ReasonCode::ALL {
        assert!(deregister(&world, subscription(SIP_ALICE), *reason).await.is_none(), "{reason:?}");
    }
    world.challenge(S1, ALICE, SIP_ALICE).await;
    assert!(deregister(&world, subscription(ALICE), ReasonCode::PermanentTermination).await.is_none());
}

#[tokio::test]
async fn nobody_has_the_identity() {
    let world = world().await;
    for whom in [
        subscription("sip:mallory@ims.test"),
        Whom::Private("mallory@ims.test".to_owned()),
        Whom::Public(vec![SIP_ALICE.to_owned(), SIP_BOB.to_owned()]),
        Whom::Public(vec![]),
    ] {
        let error = world.hss.deregister(&whom, ReasonCode::ServerChange, None).await.unwrap_err();
        assert!(matches!(error, ManageError::Unknown { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_whole_subscription() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, BOBS_TABLET_ONLY).await;
    for reason in [ReasonCode::PermanentTermination, ReasonCode::ServerChange] {
        let termination = deregister(&world, subscription(SIP_BOB), reason).await.unwrap();
        assert_eq!(termination.destination.as_str(), "s1.ims.test");
        let request = &termination.request;
        assert_eq!(request.head.destination_host.as_ref().unwrap().as_str(), "s1.ims.test");
        assert_eq!(request.head.destination_realm.as_str(), REALM);
        assert_eq!(request.user_name, BOBS_TABLET);
        assert_eq!(request.associated_identities.as_ref().unwrap().user_names, [BOB]);
        assert!(
            [SIP_BOB, BOBS_TABLET_ONLY].iter().all(|one| request.public_identities.iter().any(|p| p == one))
        );
        assert_eq!(request.deregistration_reason.reason_code, reason);
        assert_eq!(request.deregistration_reason.reason_info.as_deref(), Some("by the operator"));
    }
    let termination = deregister(&world, subscription(BOB), ReasonCode::PermanentTermination).await.unwrap();
    assert_eq!(world.state(SIP_BOB).await, Registered::Registered, "nothing before the answer");
    assert_eq!(answer(&world, &termination, ResultCode::SUCCESS).await, Terminated::Done);
    assert_eq!(world.state(SIP_BOB).await, Registered::NotRegistered);
    assert_eq!(world.state(BOBS_TABLET_ONLY).await, Registered::NotRegistered);
    assert_eq!(world.server(BOB).await, None);
}

/// The list of a whole subscription says nothing that its private identities do not.
#[tokio::test]
async fn a_list_that_no_peer_takes_is_left_out() {
    let world = world().await;
    // As long as one can be.
    let long = |name: &str, n: usize| format!("sip:{name}{n:0>237}@ims.test");
    for (name, in_a_set, named) in [("few", 1, 2), ("all", bounds::MAX_PUBLIC_IDENTITIES / 2, 0)] {
        let impi = format!("{name}@ims.test");
        let set = |first: usize| {
            let quoted = (first..first + in_a_set).map(|n| format!("\"{}\"", long(name, n)));
            quoted.collect::<Vec<_>>().join(", ")
        };
        let document = format!(
            "[[subscriber]]\nimpi = \"{impi}\"\npassword = \"secret\"\nidentities = [{}]\n\
             [[subscriber.set]]\nidentities = [{}]\n",
            set(0),
            set(in_a_set)
        );
        world.hss.import(&document).await.unwrap();
        world.register(S1, &impi, &long(name, 0)).await;
        world.register(S1, &impi, &long(name, in_a_set)).await;
        let termination =
            deregister(&world, subscription(&impi), ReasonCode::PermanentTermination).await.unwrap();
        assert_eq!(termination.request.public_identities.len(), named, "{name}");
        assert_eq!(termination.request.user_name, impi);
        assert!(termination.message().unwrap().bytes().len() <= MAX_MESSAGE, "{name}");
        answer(&world, &termination, ResultCode::SUCCESS).await;
        assert_eq!(world.state(&long(name, in_a_set)).await, Registered::NotRegistered, "{name}");
    }
}

#[tokio::test]
async fn every_request_has_a_session_of_its_own() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
        ids.push(termination.request.head.session_id);
    }
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.starts_with("hss.ims.test;")), "{ids:?}");
}

#[tokio::test]
async fn one_private_identity() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, SIP_BOB).await;
    let whom = Whom::Private("bob.tablet@IMS.test".to_owned());
    let termination = deregister(&world, whom, ReasonCode::PermanentTermination).await.unwrap();
    assert_eq!(
        (termination.request.user_name.as_str(), &termination.request.associated_identities),
        (BOBS_TABLET, &None)
    );
    assert!(termination.request.public_identities.iter().any(|identity| identity == SIP_BOB));
    answer(&world, &termination, ResultCode::SUCCESS).await;
    let set = world.set(SIP_BOB).await;
    assert_eq!((set.state, set.registered_with), (Registered::Registered, vec![BOB.to_owned()]));
}

#[tokio::test]
async fn public_identities_with_their_sets() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    world.register(S1, ALICE, ALICE_AT_WORK).await;
    let whom = Whom::Public(vec![TEL_ALICE.to_owned()]);
    let termination = deregister(&world, whom, ReasonCode::ServerChange).await.unwrap();
    assert_eq!(termination.request.public_identities, [SIP_ALICE, TEL_ALICE, BARRED_ALICE]);
    answer(&world, &termination, ResultCode::SUCCESS).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
    assert_eq!(world.state(ALICE_AT_WORK).await, Registered::Registered);
    assert_eq!(world.server(ALICE).await.as_deref(), Some(S1));
}

#[tokio::test]
async fn remove_s_cscf_is_about_what_is_served_and_not_registered() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    assert!(deregister(&world, subscription(ALICE), ReasonCode::RemoveScscf).await.is_none());
    world.serve(S1, ALICE_AT_WORK).await;
    world.serve(S1, VOICEMAIL).await;
    let termination = deregister(&world, subscription(ALICE), ReasonCode::RemoveScscf).await.unwrap();
    let request = &termination.request;
    assert_eq!(
        (request.user_name.as_str(), request.public_identities.as_slice()),
        (ALICE, &[ALICE_AT_WORK.to_owned()][..])
    );
    answer(&world, &termination, ResultCode::SUCCESS).await;
    assert_eq!(world.state(ALICE_AT_WORK).await, Registered::NotRegistered);
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    // A service has no private identity.
    let termination = deregister(&world, subscription(VOICEMAIL), ReasonCode::RemoveScscf).await.unwrap();
    assert_eq!(termination.request.public_identities, [VOICEMAIL]);
    answer(&world, &termination, ResultCode::SUCCESS).await;
    assert_eq!(world.server(VOICEMAIL).await, None);
}

#[tokio::test]
async fn what_an_answer_means() {
    let world = world().await;
    for (outcome, is_done) in [
        (Outcome::SUCCESS, true),
        (CxResult::ERROR_USER_UNKNOWN.into(), true),
        (ResultCode::UNABLE_TO_COMPLY.into(), false),
        (ResultCode::TOO_BUSY.into(), false),
    ] {
        world.register(S1, ALICE, SIP_ALICE).await;
        let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
        let expected = if is_done { Terminated::Done } else { Terminated::Refused(outcome) };
        assert_eq!(answer(&world, &termination, outcome).await, expected);
        let state = if is_done { Registered::NotRegistered } else { Registered::Registered };
        assert_eq!(world.state(SIP_ALICE).await, state, "{outcome:?}");
    }
    let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
    let other = sent(&uar(ALICE, SIP_ALICE));
    assert!(world.hss.terminated(&termination, &other).await.is_err());
}

#[tokio::test]
async fn who_is_registered_for_emergency_stays() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.register(S1, BOBS_TABLET, SIP_BOB).await;
    let termination = deregister(&world, subscription(BOB), ReasonCode::PermanentTermination).await.unwrap();
    let mut said = rta(&termination.request, ResultCode::SUCCESS);
    said.identities_with_emergency_registration.push(IdentityWithEmergencyRegistration {
        user_name: BOB.to_owned(),
        public_identity: SIP_BOB.to_owned(),
        other: Vec::new(),
    });
    world.hss.terminated(&termination, &sent(&said)).await.unwrap();
    assert_eq!(world.set(SIP_BOB).await.registered_with, [BOB]);
}

#[tokio::test]
async fn who_registered_anew_meanwhile_stays() {
    let world = world().await;
    // At the same S-CSCF.
    world.register(S1, ALICE, SIP_ALICE).await;
    let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
    world.register(S1, ALICE, SIP_ALICE).await;
    answer(&world, &termination, ResultCode::SUCCESS).await;
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
    // At another one.
    let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
    world.challenge(S2, ALICE, SIP_ALICE).await;
    world.register(S2, ALICE, SIP_ALICE).await;
    answer(&world, &termination, ResultCode::SUCCESS).await;
    assert_eq!(
        (world.server(ALICE).await.as_deref(), world.state(SIP_ALICE).await),
        (Some(S2), Registered::Registered)
    );
}

#[tokio::test]
async fn a_request_is_a_message_and_says_nothing_about_people_in_a_log() {
    let world = world().await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let termination = deregister(&world, subscription(ALICE), ReasonCode::ServerChange).await.unwrap();
    let message = termination.message().unwrap();
    assert!(message.is_request());
    assert_eq!(message.header().command, diameter::CommandCode::REGISTRATION_TERMINATION);
    assert_eq!(format!("{:?}", subscription(ALICE)), "Subscription");
}
