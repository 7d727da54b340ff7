//! Implicit registration sets and their profiles (TS 23.228 §5.2.1a, TS 29.228 Annex B and E, TS 24.229 §5.4).

use cscf::{CxFailure, RegistrationType, SessionCase, Subscribers};
use ims::service_profile::SharedIfcSets;
use sip::Message;
use strowger_cscf as cscf;
use strowger_cscf::subscribers::{key_of, plain_register};

use crate::user_data::{barred, criteria, of_invite, plain, profile, public, user_data, wildcard};

const IMPI: &str = "alice@ims.test";
const ALICE: &str = "sip:alice@ims.test";
const TEL: &str = "tel:+15550100";
const OWN: &str = "sip:001010000000001@ims.test";

fn message(method: &str) -> Message {
    let text = format!(
        "{method} sip:bob@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n\
         From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:bob@ims.test>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    Message::parse_datagram(text.as_bytes()).unwrap()
}

fn put(subscribers: &mut Subscribers, user_data: &[u8]) -> cscf::subscribers::Put {
    subscribers.put(user_data, IMPI, "", true).unwrap()
}

/// The servers that an INVITE of this user meets, in order.
fn chain(subscribers: &Subscribers, served: &str, case: SessionCase) -> Vec<String> {
    let (set, invite) = (subscribers.find(served).unwrap(), message("INVITE"));
    let (mut after, mut servers) = (None, Vec::new());
    while let Some(next) = set.next_criteria(served, invite.head(), case, after) {
        servers.push(next.server.uri);
        after = Some(next.position);
    }
    servers
}

fn originating(subscribers: &Subscribers, served: &str) -> Vec<String> {
    chain(subscribers, served, SessionCase::OriginatingRegistered)
}

fn uris(subscribers: &Subscribers, identity: &str) -> Vec<String> {
    let subscriber = subscribers.find(identity).unwrap().subscriber();
    subscriber.identities.into_iter().map(|identity| identity.uri).collect()
}

/// TS 24.229 §5.4.1.2.2F: the default public user identity is the first that is not barred.
#[test]
fn a_set_is_in_the_hsss_order_and_a_barred_identity_is_no_default() {
    let mut subscribers = Subscribers::default();
    let named = "<PublicIdentity><Identity>tel:+15550100</Identity><Extension><IdentityType>0</IdentityType><Extension>\
                 <DisplayName>Alice</DisplayName></Extension></Extension></PublicIdentity>";
    let data = user_data(&[profile(&[&barred(OWN), &public(ALICE), named], &[])]);
    let put = subscribers.put(&data, IMPI, "ccf=192.0.2.9", true).unwrap();
    assert_eq!(put.set.key(), ALICE);
    let subscriber = put.set.subscriber();
    assert_eq!(subscriber.private_identity, IMPI);
    assert!(subscriber.is_registered);
    assert_eq!(subscriber.charging, "ccf=192.0.2.9");
    let seen: Vec<_> = subscriber
        .identities
        .iter()
        .map(|identity| (&*identity.uri, identity.is_barred, &*identity.display_name))
        .collect();
    assert_eq!(seen, [(OWN, true, ""), (ALICE, false, ""), (TEL, false, "Alice")]);
    for identity in
        [OWN, ALICE, TEL, "sip:alice@IMS.TEST", "sip:alice@ims.test;user=phone", "tel:+1-555-0100"]
    {
        assert_eq!(subscribers.find(identity).map(|set| set.key()), Some(ALICE), "{identity}");
    }
    for stranger in ["sip:bob@ims.test", "sip:Alice@ims.test", "tel:+15550101", "", "nonsense", "sip:"] {
        assert!(subscribers.find(stranger).is_none(), "{stranger}");
    }
    let all_barred = user_data(&[profile(&[&barred("sip:x@ims.test"), &barred("sip:y@ims.test")], &[])]);
    assert_eq!(subscribers.put(&all_barred, "", "", false).unwrap().set.key(), "sip:x@ims.test");
    assert_eq!(subscribers.len(), 2);
}

/// TS 29.228 Annex B.2: each service profile has its own identities and criteria.
#[test]
fn criteria_are_those_of_the_identitys_profile() {
    let mut subscribers = Subscribers::default();
    let data = user_data(&[
        profile(&[&public(ALICE)], &[of_invite(2, "sip:second"), of_invite(1, "sip:first")]),
        profile(&[&public(TEL)], &[of_invite(1, "sip:other")]),
        profile(&[&public(OWN)], &[]),
    ]);
    put(&mut subscribers, &data);
    assert_eq!(subscribers.len(), 1, "one set");
    assert_eq!(originating(&subscribers, ALICE), ["sip:first", "sip:second"]);
    assert_eq!(originating(&subscribers, TEL), ["sip:other"]);
    assert!(originating(&subscribers, OWN).is_empty());
}

/// TS 24.229 §5.4.3.2, TS 29.228 §B.2.2: ProfilePartIndicator says whose part of the profile it is.
#[test]
fn the_unregistered_have_their_part_of_the_profile() {
    let any = "<Method>INVITE</Method>";
    let data = user_data(&[profile(
        &[&public(ALICE)],
        &[
            criteria(1, any, "sip:registered", "", Some(0)),
            criteria(2, any, "sip:unregistered", "", Some(1)),
            criteria(3, any, "sip:both", "", None),
        ],
    )]);
    let (registered, unregistered) = (["sip:registered", "sip:both"], ["sip:unregistered", "sip:both"]);
    for (is_registered, case, servers) in [
        (true, SessionCase::OriginatingRegistered, registered),
        (true, SessionCase::TerminatingRegistered, registered),
        (false, SessionCase::TerminatingUnregistered, unregistered),
        (false, SessionCase::OriginatingUnregistered, unregistered),
        (true, SessionCase::OriginatingCdiv, registered),
        (false, SessionCase::OriginatingCdiv, unregistered),
    ] {
        let mut subscribers = Subscribers::default();
        subscribers.put(&data, IMPI, "", is_registered).unwrap();
        assert_eq!(chain(&subscribers, ALICE, case), servers, "{case:?}, registered: {is_registered}");
    }
}

/// TS 23.003 §13.4A, TS 29.228 §6.1.1: a distinct identity goes before a wildcard.
#[test]
fn a_wildcard_stands_for_many_and_has_its_profile() {
    let mut subscribers = Subscribers::default();
    let desks = "sip:desk!.*!@pbx.ims.test";
    let doors = "sip:door!.*!@pbx.ims.test";
    let data = user_data(&[
        profile(&[&public("sip:pbx@ims.test")], &[of_invite(1, "sip:of-the-pbx")]),
        profile(&[&wildcard(desks, "sip:desk1@pbx.ims.test")], &[of_invite(1, "sip:of-desks")]),
        profile(&[&wildcard(doors, "sip:door1@pbx.ims.test")], &[of_invite(1, "sip:of-doors")]),
    ]);
    put(&mut subscribers, &data);
    put(&mut subscribers, &plain(&["sip:desk7@pbx.ims.test"]));
    assert_eq!(subscribers.len(), 2);
    let key = |identity: &str| subscribers.find(identity).map(|set| set.key().to_owned());
    assert_eq!(key("sip:desk22@pbx.ims.test").as_deref(), Some("sip:pbx@ims.test"));
    assert_eq!(key("sip:desk7@pbx.ims.test").as_deref(), Some("sip:desk7@pbx.ims.test"));
    assert_eq!(key("sip:chair1@pbx.ims.test"), None);
    assert_eq!(originating(&subscribers, "sip:pbx@ims.test"), ["sip:of-the-pbx"]);
    assert_eq!(originating(&subscribers, "sip:desk22@pbx.ims.test"), ["sip:of-desks"]);
    assert_eq!(originating(&subscribers, "sip:door1@pbx.ims.test"), ["sip:of-doors"]);
    assert_eq!(
        uris(&subscribers, "sip:desk1@pbx.ims.test"),
        ["sip:pbx@ims.test"],
        "a pattern is no identity"
    );
    // Put again it is not there twice, and with its set it goes.
    put(&mut subscribers, &data);
    assert_eq!(subscribers.len(), 2);
    subscribers.remove("sip:door5@pbx.ims.test").unwrap();
    assert!(subscribers.find("sip:desk22@pbx.ims.test").is_none());
    assert_eq!(subscribers.len(), 1);
}

/// TS 23.228 §4.3.3.4: several private identities may share a public one.
#[test]
fn a_set_that_two_private_identities_share() {
    let mut subscribers = Subscribers::default();
    let data = plain(&[ALICE, TEL]);
    subscribers.put(&data, "phone@ims.test", "", true).unwrap();
    let put = subscribers.put(&data, "tablet@ims.test", "", true).unwrap();
    assert_eq!(subscribers.len(), 1);
    assert!(put.replaced.is_empty(), "the same set");
    assert_eq!(put.set.private_identities().collect::<Vec<_>>(), ["tablet@ims.test", "phone@ims.test"]);
    for private in ["phone@ims.test", "tablet@ims.test"] {
        let sets = subscribers.of_private(private);
        assert_eq!(sets.iter().map(|set| set.key()).collect::<Vec<_>>(), [ALICE], "{private}");
    }
    // A private identity may have several sets.
    subscribers.put(&plain(&["sip:work@ims.test"]), "phone@ims.test", "", true).unwrap();
    assert_eq!(subscribers.of_private("phone@ims.test").len(), 2);
    subscribers.remove(TEL).unwrap();
    assert_eq!(subscribers.of_private("phone@ims.test").len(), 1);
    assert!(subscribers.of_private("tablet@ims.test").is_empty());
    // Many devices: the bound is reached, and the set is served all the same.
    for device in 0..70 {
        subscribers.put(&data, &format!("device{device}@ims.test"), "", true).unwrap();
    }
    assert_eq!(subscribers.find(ALICE).unwrap().private_identities().count(), 64);
}

/// TS 29.228 §6.1.2: a later answer counts.
#[test]
fn another_set_takes_the_place_of_those_that_it_shares_identities_with() {
    let mut subscribers = Subscribers::default();
    put(&mut subscribers, &plain(&[ALICE, TEL]));
    put(&mut subscribers, &plain(&["sip:work@ims.test"]));
    let same_key = put(&mut subscribers, &plain(&[ALICE, OWN]));
    assert!(same_key.replaced.is_empty(), "its document is written over");
    assert_eq!(
        (uris(&subscribers, ALICE), subscribers.find(TEL).is_none()),
        (vec![ALICE.into(), OWN.into()], true)
    );
    let other_key = put(&mut subscribers, &plain(&[OWN, "sip:work@ims.test", ALICE]));
    let mut replaced: Vec<_> = other_key.replaced.iter().map(|set| set.key()).collect();
    replaced.sort_unstable();
    assert_eq!(replaced, [ALICE, "sip:work@ims.test"], "their documents are void");
    assert_eq!((subscribers.len(), other_key.set.key()), (1, OWN));
}

/// TS 29.228 §6.1.2: data that cannot be used.
#[test]
fn user_data_that_cannot_be_used_changes_nothing() {
    let mut subscribers = Subscribers::with_room(2);
    put(&mut subscribers, &plain(&[ALICE]));
    let broken = [&b""[..], b"<IMSSubscription/>", b"\xff", &plain(&["http://x"]), &plain(&[ALICE, "sip:"])];
    for data in broken {
        assert!(matches!(subscribers.put(data, IMPI, "", true), Err(CxFailure::Malformed)));
        assert!(matches!(subscribers.exchange(data, IMPI, None), Err(CxFailure::Malformed)));
    }
    assert_eq!(uris(&subscribers, ALICE), [ALICE]);
    put(&mut subscribers, &plain(&["sip:b@ims.test"]));
    assert!(subscribers.put(&plain(&["sip:c@ims.test"]), "", "", true).is_err(), "no room for a third");
    put(&mut subscribers, &plain(&["sip:b@ims.test", "sip:c@ims.test"]));
    assert_eq!(subscribers.len(), 2);
}

/// TS 24.229 §5.4.1.7: which application servers are told of a registration, and of what.
#[test]
fn all_criteria_of_a_registration() {
    let of_type = |kind: &str| {
        format!("<Method>REGISTER</Method><Extension><RegistrationType>{kind}</RegistrationType></Extension>")
    };
    let more = "<DefaultHandling>1</DefaultHandling><ServiceInfo>imsi=1</ServiceInfo><Extension>\
                <IncludeRegisterRequest/><IncludeRegisterResponse/></Extension>";
    let mut subscribers = Subscribers::default();
    let data = user_data(&[profile(
        &[&public(ALICE)],
        &[
            criteria(3, "<Method>REGISTER</Method>", "sip:always", "", None),
            criteria(1, &of_type("0"), "sip:initial", more, None),
            criteria(2, &of_type("2"), "sip:gone", "", None),
            of_invite(0, "sip:calls"),
        ],
    )]);
    put(&mut subscribers, &data);
    let (set, register) = (subscribers.find(ALICE).unwrap(), message("REGISTER"));
    let of = |kind| {
        let met = set.register_criteria(ALICE, register.head(), kind);
        met.into_iter().map(|met| met.server.uri).collect::<Vec<_>>()
    };
    assert_eq!(of(RegistrationType::Initial), ["sip:initial", "sip:always"]);
    assert_eq!(of(RegistrationType::ReRegistration), ["sip:always"]);
    assert_eq!(of(RegistrationType::DeRegistration), ["sip:gone", "sip:always"]);
    // Without a REGISTER in hand, as where the network ends a registration.
    let plain = plain_register(ALICE).unwrap();
    assert_eq!(set.register_criteria(ALICE, plain.head(), RegistrationType::DeRegistration).len(), 2);
    assert!(plain_register("sip:a\r\n").is_none());
    let first = &set.register_criteria(ALICE, register.head(), RegistrationType::Initial)[0].server;
    assert_eq!(first.service_info.as_deref(), Some("imsi=1"));
    assert!(first.terminates && first.include_register_request && first.include_register_response);
    assert!(set.register_criteria("nonsense", register.head(), RegistrationType::Initial).is_empty());
}

#[test]
fn what_is_on_disk_leads_to_the_same_after_a_restart() {
    let mut before = Subscribers::default();
    let data = user_data(&[
        profile(&[&barred(OWN), &public(ALICE)], &[of_invite(1, "sip:first")]),
        profile(&[&public(TEL)], &[of_invite(1, "sip:other")]),
    ]);
    before.put(&data, "phone@ims.test", "ccf=old", true).unwrap();
    let document = before.put(&data, "tablet@ims.test", "ccf=\"aaa://ccf\"", true).unwrap().document;
    let nobody = before.put(&plain(&["sip:psi@ims.test"]), "", "", false).unwrap().document;
    let mut after = Subscribers::default();
    assert!(after.load(&document, true));
    assert!(after.load(&nobody, false));
    assert_eq!(after.len(), before.len());
    for identity in [OWN, ALICE, TEL, "sip:psi@ims.test"] {
        let [one, other] = [&before, &after].map(|all| all.find(identity).unwrap());
        assert_eq!(one.subscriber(), other.subscriber());
        assert_eq!(originating(&before, identity), originating(&after, identity));
        assert_eq!(
            one.private_identities().collect::<Vec<_>>(),
            other.private_identities().collect::<Vec<_>>()
        );
    }
    assert_eq!(after.of_private("phone@ims.test").len(), 1);
    // Nobody of the set came back with a binding.
    assert!(after.load(&document, false));
    assert_eq!((after.len(), after.find(ALICE).unwrap().is_registered()), (2, false));
    let private: Vec<_> = after.find(ALICE).unwrap().private_identities().collect();
    assert_eq!(private, ["tablet@ims.test", "phone@ims.test"], "each once");
    let cut = &document[..document.len() - 5];
    for broken in [&b""[..], b"1", b"2 0\n\n<x/>", b"1 x\n\n", b"1 65\n", b"1 1\na@b\n", b"1 0\nccf\n", cut] {
        assert!(!after.load(broken, true), "{}", broken.escape_ascii());
    }
}

/// TS 29.228 §6.2.1: a profile is exchanged while its user is registered, and what is not said stays.
#[test]
fn a_pushed_profile_changes_neither_who_is_registered_nor_what_was_not_pushed() {
    for is_registered in [true, false] {
        let mut subscribers = Subscribers::default();
        subscribers.put(&plain(&["sip:other@ims.test"]), IMPI, "ccf=other", !is_registered).unwrap();
        subscribers.put(&plain(&[ALICE]), IMPI, "ccf=1", is_registered).unwrap();
        let pushed = user_data(&[profile(&[&public(ALICE), &public(TEL)], &[of_invite(1, "sip:new")])]);
        let put = subscribers.exchange(&pushed, IMPI, None).unwrap();
        assert_eq!((put.set.is_registered(), put.set.subscriber().charging), (is_registered, "ccf=1".into()));
        assert_eq!(originating(&subscribers, TEL), ["sip:new"]);
        let put = subscribers.exchange(&pushed, IMPI, Some("ccf=2")).unwrap();
        assert_eq!((put.set.is_registered(), put.set.subscriber().charging), (is_registered, "ccf=2".into()));
        assert_eq!(subscribers.len(), 2);
    }
}

#[test]
fn a_set_changes_in_place() {
    let mut subscribers = Subscribers::default();
    let held = put(&mut subscribers, &plain(&[ALICE, TEL])).set;
    subscribers.set_registered(TEL, false);
    subscribers.set_charging(TEL, "ccf=2");
    let now = subscribers.find(ALICE).unwrap();
    assert_eq!((now.is_registered(), now.subscriber().charging), (false, "ccf=2".into()));
    assert!(held.is_registered(), "whoever holds the old one keeps it");
    assert_eq!((subscribers.len(), subscribers.of_private(IMPI).len()), (1, 1));
    subscribers.set_registered("sip:stranger@ims.test", true);
    assert!(subscribers.remove("sip:stranger@ims.test").is_none());
    assert_eq!(subscribers.remove(TEL).unwrap().key(), ALICE);
    assert!(subscribers.is_empty() && subscribers.find(ALICE).is_none());
    assert!(subscribers.of_private(IMPI).is_empty());
}

/// TS 23.003 §13.4: identities compare in their canonical form.
#[test]
fn a_key_is_canonical() {
    assert_eq!(key_of("sip:alice@IMS.test;x=y").as_deref(), Some(ALICE));
    assert_eq!(key_of("tel:+1-555-0100").as_deref(), Some(TEL));
    assert_eq!(key_of("urn:x"), None);
    assert_eq!(key_of(""), None);
}

/// TS 29.228 §B.2.1: the criteria of the sets that a profile names are its own, by priority; one that nobody knows is told, and
/// the profile counts without it.
#[test]
fn shared_sets_join_profiles_by_priority() {
    let set = |id: u32, criteria: &[String]| {
        format!("<SharedIFCSet><SharedIFCSetID>{id}</SharedIFCSetID>{}</SharedIFCSet>", criteria.concat())
    };
    let shared = [
        set(7, &[of_invite(5, "sip:first.test"), of_invite(20, "sip:after.test")]),
        set(8, &[of_invite(10, "sip:equal.test")]),
    ];
    let document = format!("<SharedIFCSets>{}</SharedIFCSets>", shared.concat());
    let sets = SharedIfcSets::parse(document.as_bytes()).unwrap();
    let naming = |uri: &str, ids: &[u32]| {
        let ids: String = ids.iter().map(|id| format!("<SharedIFCSetID>{id}</SharedIFCSetID>")).collect();
        let own = profile(&[&public(uri)], &[of_invite(10, "sip:own.test")]);
        own.replace("</ServiceProfile>", &format!("<Extension>{ids}</Extension></ServiceProfile>"))
    };
    let data = user_data(&[naming(ALICE, &[8, 7, 9, 7]), naming(TEL, &[])]);
    let mut subscribers = Subscribers::default().with_shared(sets);
    let put = put(&mut subscribers, &data);
    assert_eq!(put.unknown_shared_sets, [9]);
    let all = ["sip:first.test", "sip:own.test", "sip:equal.test", "sip:after.test"];
    assert_eq!(originating(&subscribers, ALICE), all);
    assert_eq!(originating(&subscribers, TEL), ["sip:own.test"], "each profile for itself");
    // Pushed anew, and after a restart.
    let pushed = subscribers.exchange(&user_data(&[naming(ALICE, &[8])]), IMPI, None).unwrap();
    assert!(pushed.unknown_shared_sets.is_empty());
    assert_eq!(originating(&subscribers, ALICE), ["sip:own.test", "sip:equal.test"]);
    let sets = SharedIfcSets::parse(document.as_bytes()).unwrap();
    let mut again = Subscribers::default().with_shared(sets);
    assert!(again.load(&put.document, true));
    assert_eq!(originating(&again, ALICE), all);
    // An S-CSCF that has none.
    let mut without = Subscribers::default();
    assert_eq!(self::put(&mut without, &data).unknown_shared_sets, [8, 7, 9]);
    assert_eq!(originating(&without, ALICE), ["sip:own.test"]);
}
