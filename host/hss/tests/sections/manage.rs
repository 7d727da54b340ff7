//! What an operator does with subscribers and profiles.

use std::time::Duration;

use strowger_hss::{
    DocumentError, Hss, ManageError, OpenError, Profile, Registered, SecretText, Secrets, Settings, SqnText,
    Subscriber,
};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{settings, world};

fn subscriber(toml: &str) -> Subscriber {
    strowger_hss::Document::parse(&format!("[[subscriber]]\n{toml}")).unwrap().subscribers.remove(0)
}

#[tokio::test]
async fn a_document_is_read_whole_or_not_at_all() {
    let world = world().await;
    let taken = "[[subscriber]]\nimpi='new@ims.test'
                 [[subscriber]]\nimpi='x@ims.test'\nidentities=['sip:alice@ims.test']";
    let error = world.hss.import(taken).await.unwrap_err();
    assert_eq!(error.to_string(), "sip:alice@ims.test: a subscriber has this identity already");
    assert!(matches!(
        world.hss.show("new@ims.test", Secrets::Hidden).await,
        Err(ManageError::Unknown { .. })
    ));
    let twice =
        "[[subscriber]]\nimpi='p@ims.test'\n[[subscriber]]\nimpi='q@ims.test'\nidentities=['sip:p@ims.test']";
    assert!(matches!(world.hss.import(twice).await, Err(ManageError::Taken { .. })));
    let profile = "[[subscriber]]\nimpi='p@ims.test'\nprofile='nowhere'";
    let error = world.hss.import(profile).await.unwrap_err();
    assert_eq!(error.to_string(), "p@ims.test: there is no profile nowhere");
    let wrong = world.hss.import("[[subscriber]]\nimpi='p@ims.test'\nk='0'").await.unwrap_err();
    assert!(matches!(wrong, ManageError::Document(DocumentError::Entry(_))), "{wrong}");
}

#[tokio::test]
async fn the_same_document_again_updates_and_leaves_what_is_registered_and_counted() {
    let world = world().await;
    world.challenge(S1, ALICE, SIP_ALICE).await;
    world.register(S1, ALICE, SIP_ALICE).await;
    let before = world.hss.show(ALICE, Secrets::Shown).await.unwrap();
    let done = world.hss.import(DOCUMENT).await.unwrap();
    assert_eq!((done.added.len(), done.updated.len(), done.profiles.len()), (0, 4, 2));
    assert_eq!(world.hss.show(ALICE, Secrets::Shown).await.unwrap(), before);
    assert_eq!(world.state(SIP_ALICE).await, Registered::Registered);
}

#[tokio::test]
async fn add_update_remove() {
    let world = world().await;
    let dave = subscriber("impi='dave@ims.test'\npassword='x'");
    assert!(matches!(world.hss.update(&dave).await, Err(ManageError::Unknown { .. })));
    assert_eq!(world.hss.add(&dave).await.unwrap(), "dave@ims.test");
    assert!(matches!(world.hss.add(&dave).await, Err(ManageError::Taken { .. })));
    // Another private identity in front is another name of the same subscriber.
    let renamed = subscriber(
        "impi='first@ims.test'\nidentities=['sip:dave@ims.test']\n[[subscriber.private]]\nimpi='dave@ims.test'",
    );
    assert_eq!(world.hss.update(&renamed).await.unwrap().updated, ["first@ims.test"]);
    let shown = world.hss.show("sip:dave@ims.test", Secrets::Shown).await.unwrap();
    assert!(shown.subscriber.private[0].ha1.is_some(), "a password of which nothing is said stays");
    assert!(world.hss.remove("dave@ims.test").await.unwrap().is_empty());
    for identity in ["dave@ims.test", "first@ims.test", "sip:dave@ims.test"] {
        assert!(matches!(world.hss.show(identity, Secrets::Hidden).await, Err(ManageError::Unknown { .. })));
    }
    // Every name is free again.
    world.hss.add(&renamed).await.unwrap();
}

#[tokio::test]
async fn a_counter_begins_anew_only_with_another_key() {
    let world = world().await;
    let with = |rest: &str| subscriber(&format!("impi='dave@ims.test'\nk='{K}'\nopc='{OPC}'\n{rest}"));
    let sqn = async || world.hss.show("dave@ims.test", Secrets::Hidden).await.unwrap().sqn[0].0.number();
    world.hss.add(&with("sqn=1000")).await.unwrap();
    world.challenge(S1, "dave@ims.test", "sip:dave@ims.test").await;
    let counted = sqn().await;
    assert_eq!(counted, 1000 - 8 + 32 + 9, "1000 is SEQ 31, IND 8");
    world.hss.update(&with("sqn=1000\npassword='x'")).await.unwrap();
    assert_eq!(sqn().await, counted);
    let mut other = with("sqn=64");
    other.k = Some(SecretText::new(OPC));
    world.hss.update(&other).await.unwrap();
    assert_eq!(sqn().await, 64);
}

#[tokio::test]
async fn keys_are_shown_only_where_they_are_asked_for() {
    let world = world().await;
    for (secrets, is_shown) in [(Secrets::Hidden, false), (Secrets::Shown, true)] {
        let shown = world.hss.show(SIP_CAROL, secrets).await.unwrap();
        let text = serde_json::to_string(&shown).unwrap();
        assert_eq!(text.contains(K), is_shown);
        assert_eq!(text.contains("ha1"), is_shown);
        assert!(!format!("{shown:?}").contains(K));
        assert_eq!(shown.sqn, [SqnText(ims::aka::Sqn::default())]);
    }
}

#[tokio::test]
async fn a_subscriber_in_json_is_the_same() {
    let world = world().await;
    for identity in [ALICE, BOB, CAROL, CONFERENCE] {
        let subscriber = world.hss.show(identity, Secrets::Shown).await.unwrap().subscriber;
        let text = serde_json::to_string(&subscriber).unwrap();
        assert_eq!(serde_json::from_str::<Subscriber>(&text).unwrap(), subscriber, "{text}");
        assert_eq!(world.hss.update(&subscriber).await.unwrap().updated.len(), 1);
        assert_eq!(world.hss.show(identity, Secrets::Shown).await.unwrap().subscriber, subscriber);
    }
    let one =
        r#"{"impi": "x@ims.test", "msisdn": "15550100", "identities": [{"identity": "sip:x@ims.test"}]}"#;
    assert_eq!(serde_json::from_str::<Subscriber>(one).unwrap().msisdn, ["15550100"]);
    assert!(serde_json::from_str::<Subscriber>(r#"{"imp": "x@ims.test"}"#).is_err());
}

#[tokio::test]
async fn a_listing_goes_on_behind_a_name() {
    let world = world().await;
    world.register(S1, BOB, SIP_BOB).await;
    world.serve(S2, VOICEMAIL).await;
    let mut names = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.hss.list(&after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        names.extend(page);
    }
    let found: Vec<_> =
        names.iter().map(|l| (l.name.as_str(), l.private, l.public, l.server.as_deref(), l.state)).collect();
    assert_eq!(
        found,
        [
            (ALICE, 1, 4, None, Registered::NotRegistered),
            (BOB, 2, 3, Some(S1), Registered::Registered),
            (CAROL, 1, 1, None, Registered::NotRegistered),
            (CONFERENCE, 0, 4, Some(S2), Registered::Unregistered),
        ]
    );
}

#[tokio::test]
async fn profiles() {
    let world = world().await;
    assert_eq!(world.hss.profiles().await.unwrap(), ["always", "registered"]);
    let error = world.hss.remove_profile("always").await.unwrap_err();
    assert_eq!(error.to_string(), "profile always: alice@ims.test uses it");
    assert!(!world.hss.remove_profile("nowhere").await.unwrap());
    let mut profile = Profile { name: "empty".to_owned(), ..Profile::default() };
    world.hss.put_profile(&profile).await.unwrap();
    assert_eq!(world.hss.profile("empty").await.unwrap().as_ref(), Some(&profile));
    assert!(world.hss.remove_profile("empty").await.unwrap());
    profile.name.clear();
    assert!(world.hss.put_profile(&profile).await.is_err());
}

#[tokio::test]
async fn urls_that_lead_nowhere() {
    for url in ["", "hss.db", "redis://x", "mysqlx://x"] {
        assert!(matches!(Hss::open(url, settings()).await, Err(OpenError::Scheme)), "{url}");
    }
    assert!(matches!(Hss::open("postgres://[", settings()).await, Err(OpenError::Url { .. })));
    let settings = Settings { patience: Duration::from_millis(100), ..settings() };
    let error = Hss::open("mysql://root:hidden@127.0.0.1:1/x", settings).await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }) && !format!("{error:?} {error}").contains("hidden"));
}

/// The page for operators holds a document that works.
#[tokio::test]
async fn the_example_of_the_documentation_can_be_imported() {
    let page = include_str!("../../../../docs/subscribers.md");
    let document = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let hss = Hss::open("sqlite::memory:", settings()).await.unwrap();
    let done = hss.import(document).await.unwrap();
    assert_eq!((done.added.len(), done.profiles.len()), (4, 1));
    let shown = hss.show("tel:+15550002", Secrets::Hidden).await.unwrap();
    assert_eq!(shown.subscriber.impi.as_deref(), Some("310150123456789@ims.example"));
    assert_eq!(shown.sets.len(), 2);
}
