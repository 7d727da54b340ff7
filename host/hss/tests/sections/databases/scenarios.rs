//! What must be so on every database. Each takes the URL of an empty one.

use std::collections::BTreeSet;
use std::sync::Arc;

use diameter::cx::ServerAssignmentType as T;
use diameter::cx::{MultimediaAuthAnswer, ReasonCode};
use diameter::{Command, CxResult, Dictionary, Outcome, Reading, ResultCode};
use strowger_hss::{Hss, ManageError, OpenError, Registered, Secrets, Terminated, Whom};

use crate::requests::*;
use crate::subscribers::*;
use crate::ts33102_6_3::number;
use crate::world::{World, sent, settings};

pub(super) async fn opened(url: &str) -> Hss {
    Hss::open(url, settings()).await.unwrap()
}

async fn world(url: &str) -> World {
    let hss = opened(url).await;
    hss.import(DOCUMENT).await.unwrap();
    World { hss }
}

/// A subscriber's life, through every statement there is.
pub(super) async fn commands(url: &str) {
    let world = world(url).await;
    assert_eq!(world.uar(&uar(ALICE, SIP_ALICE)).await.head.outcome, CxResult::FIRST_REGISTRATION.into());
    assert_eq!(
        world.uar(&uar(ALICE, SIP_BOB)).await.head.outcome,
        CxResult::ERROR_IDENTITIES_DONT_MATCH.into()
    );
    for n in 1..=3 {
        let answer = world.mar(&mar(S1, ALICE, SIP_ALICE, "Digest-AKAv1-MD5")).await;
        assert_eq!(number(&answer.sip_auth_data_items[0]).parts(), (n, n as usize));
    }
    world.register(S1, ALICE, SIP_ALICE).await;
    assert_eq!(world.lir(&lir(TEL_ALICE)).await.server_name.as_deref(), Some(S1));
    let answer = world.lir(&lir("sip:room12@ims.test")).await;
    assert_eq!(answer.wildcarded_public_identity.as_deref(), Some(ROOMS));
    assert_eq!(world.lir(&lir("tel:+19990001")).await.head.outcome, CxResult::ERROR_USER_UNKNOWN.into());
    assert!(world.sar(&sar(S1, Some(ALICE), &[SIP_ALICE], T::ReRegistration)).await.user_data.is_some());
    assert_eq!(world.hss.changed(ALICE).await.unwrap().len(), 1);
    let whom = Whom::Subscription(ALICE.to_owned());
    let termination = world.hss.deregister(&whom, ReasonCode::ServerChange, None).await.unwrap().remove(0);
    let answer = sent(&rta(&termination.request, ResultCode::SUCCESS));
    assert_eq!(world.hss.terminated(&termination, &answer).await.unwrap(), Terminated::Done);
    assert_eq!(world.state(SIP_ALICE).await, Registered::NotRegistered);
    // An ISIM that is ahead: the counter is turned.
    let milenage = ims::aka::Milenage::new(
        &ims::aka::Secret::from_hex(K).unwrap(),
        &ims::aka::Secret::from_hex(OPC).unwrap(),
    );
    let mut isim = ims::aka::Isim::new(milenage, ims::aka::SequenceChecker::restore([1 << 20; 32]));
    let answer = world.mar(&mar(S1, ALICE, SIP_ALICE, "Unknown")).await;
    let challenge = answer.sip_auth_data_items[0].sip_authenticate.clone().unwrap();
    let (rand, autn) = (challenge[..16].try_into().unwrap(), challenge[16..].try_into().unwrap());
    let Err(ims::aka::Refusal::Synchronisation(auts)) = isim.authenticate(&rand, &autn) else { panic!() };
    let answer = world.mar(&mar_with_auts(S1, ALICE, SIP_ALICE, &[&rand[..], &auts].concat())).await;
    assert_eq!(number(&answer.sip_auth_data_items[0]).parts().0, (1 << 20) + 1);
    // Provisioning.
    assert_eq!(world.hss.import(DOCUMENT).await.unwrap().updated.len(), 4);
    assert_eq!(world.hss.users_of_profile("always", ALICE).await.unwrap(), [BOB, CONFERENCE]);
    assert_eq!(world.hss.list(ALICE, 2).await.unwrap()[1].name, CAROL);
    for identity in [ALICE, SIP_BOB, CAROL, ROOMS] {
        world.hss.remove(identity).await.unwrap();
    }
    assert!(world.hss.list("", 10).await.unwrap().is_empty());
    assert!(world.hss.remove_profile("always").await.unwrap());
    world.hss.close().await;
}

/// Upper and lower case differ in a user part, and other alphabets come back as they were.
pub(super) async fn texts(url: &str) {
    let world = world(url).await;
    let name = "Zo\u{eb} \u{1f44b} \u{6797}";
    let two = format!(
        "[[subscriber]]\nimpi='ALICE@ims.test'\nidentities=[{{identity='sip:ALICE@ims.test', display_name='{name}'}}]
         [[subscriber]]\nimpi='a\u{308}lice@ims.test'\nidentities=['sip:%C3%A4@ims.test']"
    );
    assert_eq!(world.hss.import(&two).await.unwrap().added.len(), 2);
    let shown = world.hss.show("sip:ALICE@ims.test", Secrets::Hidden).await.unwrap();
    assert_eq!(shown.subscriber.identities[0].display_name.as_deref(), Some(name));
    let shown = world.hss.show(SIP_ALICE, Secrets::Hidden).await.unwrap();
    assert_eq!(shown.subscriber.impi.as_deref(), Some(ALICE));
    let outcome = world.uar(&uar("aLICE@ims.test", SIP_ALICE)).await.head.outcome;
    assert_eq!(outcome, CxResult::ERROR_USER_UNKNOWN.into());
}

/// What is stored is there when the process is not.
pub(super) async fn reopened(url: &str) {
    let first = world(url).await;
    first.challenge(S1, ALICE, SIP_ALICE).await;
    first.register(S1, ALICE, SIP_ALICE).await;
    let before = first.hss.show(ALICE, Secrets::Shown).await.unwrap();
    first.hss.close().await;
    let second = World { hss: opened(url).await };
    assert_eq!(second.hss.show(ALICE, Secrets::Shown).await.unwrap(), before);
    assert_eq!(second.uar(&uar(ALICE, SIP_ALICE)).await.server_name.as_deref(), Some(S1));
}

/// Several processes find no tables.
pub(super) async fn opened_at_once(url: &str) {
    let opening = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { Hss::open(&url, settings()).await.map(Arc::new) })
    });
    for opened in opening.collect::<Vec<_>>() {
        let hss = opened.await.unwrap().unwrap();
        assert!(hss.list("", 1).await.unwrap().is_empty());
    }
}

/// Somebody newer was there.
pub(super) async fn newer(url: &str) {
    let error = Hss::open(url, settings()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1 }), "{error}");
}

/// Two servers that share the database hand out each number once.
pub(super) async fn numbers(url: &str) {
    const COUNT: u64 = 400;
    let servers = [Arc::new(world(url).await), Arc::new(World { hss: opened(url).await })];
    let asking = (0..COUNT).map(|n| {
        let world = Arc::clone(&servers[(n % 2) as usize]);
        tokio::spawn(async move {
            let answer = world.hss.answer(sent(&mar(S1, ALICE, SIP_ALICE, "Digest-AKAv1-MD5"))).await;
            let dictionary = Dictionary::new();
            let answer = MultimediaAuthAnswer::parse(&answer, &Reading::new(&dictionary)).unwrap();
            assert_eq!(answer.head.outcome, Outcome::SUCCESS);
            number(&answer.sip_auth_data_items[0]).parts().0
        })
    });
    let mut numbers = BTreeSet::new();
    for asked in asking.collect::<Vec<_>>() {
        numbers.insert(asked.await.unwrap());
    }
    assert!(numbers.into_iter().eq(1..=COUNT));
}

/// Two servers register and de-register many private identities of one subscription at once: nobody's change is lost.
pub(super) async fn registrations(url: &str) {
    const COUNT: usize = 32;
    let servers = [Arc::new(World { hss: opened(url).await }), Arc::new(World { hss: opened(url).await })];
    let private: Vec<String> = (0..COUNT).map(|n| format!("p{n:02}@ims.test")).collect();
    let more: String =
        private[1..].iter().map(|impi| format!("[[subscriber.private]]\nimpi='{impi}'\n")).collect();
    let document = format!("[[subscriber]]\nimpi='{}'\nidentities=['sip:all@ims.test']\n{more}", private[0]);
    servers[0].hss.import(&document).await.unwrap();
    let rounds: [(&[T], usize); 2] =
        [(&[T::Registration], COUNT), (&[T::UserDeregistration, T::ReRegistration], COUNT / 2)];
    for (kinds, expected) in rounds {
        let asking = private.iter().enumerate().map(|(place, impi)| {
            let world = Arc::clone(&servers[place % 2]);
            let request = sar(S1, Some(impi), &["sip:all@ims.test"], kinds[place / 2 % kinds.len()]);
            tokio::spawn(async move { world.sar(&request).await.head.outcome })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), Outcome::SUCCESS);
        }
        assert_eq!(servers[1].set("sip:all@ims.test").await.registered_with.len(), expected);
    }
}

/// Of two S-CSCFs that begin to authenticate at once one is assigned, and only that one may register.
pub(super) async fn takeovers(url: &str) {
    let servers = [Arc::new(world(url).await), Arc::new(World { hss: opened(url).await })];
    for _ in 0..10 {
        let asking = [S1, S2].into_iter().zip(&servers).map(|(server, world)| {
            let world = Arc::clone(world);
            tokio::spawn(async move { world.challenge(server, ALICE, SIP_ALICE).await })
        });
        for asked in asking.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
        let assigned = servers[0].server(ALICE).await.unwrap();
        for server in [S1, S2] {
            let answer = servers[1].sar(&sar(server, Some(ALICE), &[SIP_ALICE], T::Registration)).await;
            let is_assigned = answer.head.outcome == Outcome::SUCCESS;
            assert_eq!(is_assigned, server == assigned);
        }
        servers[0].sar(&sar(&assigned, Some(ALICE), &[SIP_ALICE], T::UserDeregistration)).await;
        assert_eq!(servers[1].server(ALICE).await, None);
    }
}

/// Two operators add the same subscriber: one of them does.
pub(super) async fn added_twice(url: &str) {
    let servers = [Arc::new(opened(url).await), Arc::new(opened(url).await)];
    for n in 0..10 {
        let document = format!("[[subscriber]]\nimpi='n{n}@ims.test'\nmsisdn='1555{n}'");
        let subscriber = strowger_hss::Document::parse(&document).unwrap().subscribers.remove(0);
        let adding = servers.iter().map(|hss| {
            let (hss, subscriber) = (Arc::clone(hss), subscriber.clone());
            tokio::spawn(async move { hss.add(&subscriber).await })
        });
        let mut added = 0;
        for done in adding.collect::<Vec<_>>() {
            match done.await.unwrap() {
                Ok(_) => added += 1,
                Err(error) => assert!(matches!(error, ManageError::Taken { .. }), "{error}"),
            }
        }
        assert_eq!(added, 1);
    }
}
