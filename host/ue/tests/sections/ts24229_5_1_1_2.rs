//! TS 24.229 §5.1.1.2: initial registration.

use std::time::Duration;

use auth::Algorithm;
use sip::HeaderId;
use strowger_ue::{Credentials, DeregisteredBy, Event, RegistrationFailure, WishError};

use crate::support::{PASSWORD, Peer, World, header, phone};

fn alice() -> World {
    World::new([phone("alice", "192.0.2.10:5060")])
}

fn is_registered(event: &Event) -> bool {
    matches!(event, Event::Registered { .. })
}

fn failures(world: &World) -> Vec<(RegistrationFailure, Option<Duration>)> {
    let failure = |event: &&Event| match event {
        Event::RegistrationFailed { why, again_after } => Some((*why, *again_after)),
        _ => None,
    };
    world.events(0).iter().filter_map(failure).collect()
}

#[test]
fn the_first_register_says_who_asks_and_proves_nothing() {
    let mut world = alice();
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    let register = world.last(0, "REGISTER");
    assert_eq!(register.request_uri(), b"sip:ims.example");
    let is = |id, value: &str| assert_eq!(header(register, id), value);
    is(
        HeaderId::AUTHORIZATION,
        "Digest username=\"alice@ims.example\",realm=\"ims.example\",nonce=\"\",uri=\"sip:ims.example\",response=\"\"",
    );
    is(
        HeaderId::CONTACT,
        "<sip:alice@192.0.2.10:5060>;+sip.instance=\"<urn:gsma:imei:35394803-000000-0>\";\
         +g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\";+g.3gpp.smsip;audio",
    );
    is(HeaderId::EXPIRES, "600000");
    is(HeaderId::SUPPORTED, "path, gruu");
    is(HeaderId::ROUTE, "<sip:192.0.2.1:5060;lr>");
    is(HeaderId::TO, "<sip:alice@ims.example>");
    is(HeaderId::P_ACCESS_NETWORK_INFO, "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010019B01");
    assert!(header(register, HeaderId::FROM).starts_with("<sip:alice@ims.example>;tag="));
    assert!(header(register, HeaderId::VIA).starts_with("SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK"));
}

#[test]
fn a_200_brings_identities_a_service_route_and_a_time() {
    let mut world = alice();
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    assert_eq!(world.wish(0, |ue, now| ue.register(now)), Err(WishError::NotNow), "one at a time");
    world.until("registered", |world| world.has(0, is_registered));
    let [registered, ..] = &world.events(0)[..] else { panic!("no event") };
    let expected = Event::Registered {
        identity: "sip:alice@ims.example".to_owned(),
        associated: vec!["sip:alice@ims.example".to_owned(), "tel:+1-555-0100".to_owned()],
        service_route: vec!["sip:orig@192.0.2.1:5060;lr".to_owned()],
        expires: 600_000,
        is_first: true,
    };
    assert_eq!(**registered, expected);
    assert_eq!(world.seen_by(0)[..4], ["> REGISTER", "< 401 REGISTER", "> REGISTER", "< 200 REGISTER"]);
    // Both are of one Call-ID, with numbers that grow (§5.1.1.2.1).
    let registers: Vec<_> =
        world.said.iter().filter(|said| said.message.method() == sip::Method::Register).collect();
    let [first, second] = &registers[..] else { panic!("two REGISTERs") };
    assert_eq!(header(&first.message, HeaderId::CALL_ID), header(&second.message, HeaderId::CALL_ID));
    assert_eq!(header(&first.message, HeaderId::CSEQ), "1 REGISTER");
    assert_eq!(header(&second.message, HeaderId::CSEQ), "2 REGISTER");
    // What follows takes the service route behind the P-CSCF.
    world.wish(0, |ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    let routes: Vec<_> = world.last(0, "INVITE").head().fields(HeaderId::ROUTE).map(<[u8]>::to_vec).collect();
    assert_eq!(routes, [&b"<sip:192.0.2.1:5060;lr>"[..], b"<sip:orig@192.0.2.1:5060;lr>"]);
}

#[test]
fn a_423_is_answered_with_what_the_network_wants_and_only_so_often() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.expires = 60;
    let mut world = World::new([settings]);
    world.home.wants.min_expires = 1_200;
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.until("registered", |world| world.has(0, is_registered));
    assert!(world.story(0)[0].ends_with("for 1200 s"));
    world.home.wants.refusals = vec![(423, None)];
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(1));
    assert_eq!(failures(&world)[0].0, RegistrationFailure::Refused(423), "it names no time");
}

#[test]
fn a_423_is_not_followed_for_ever() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.expires = 60;
    let mut peer = Peer::new(settings);
    peer.wish(|ue, now| ue.register(now)).unwrap();
    for least in [120_u32, 240] {
        let register = peer.one("REGISTER");
        peer.answer(&register, 423, "h", |response| response.header(HeaderId::MIN_EXPIRES, least));
    }
    let register = peer.one("REGISTER");
    assert_eq!(header(&register, HeaderId::EXPIRES), "240");
    peer.answer(&register, 423, "h", |response| response.header(HeaderId::MIN_EXPIRES, 480_u32));
    assert_eq!(peer.names(), [""; 0]);
    assert_eq!(peer.story(), ["not registered: refused with 423"]);
}

#[test]
fn a_retry_after_is_believed_up_to_a_day() {
    let mut world = alice();
    world.home.wants.refusals = vec![(500, Some(u32::MAX))];
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(1));
    let refused = RegistrationFailure::Refused(500);
    assert_eq!(failures(&world), [(refused, Some(strowger_ue::bounds::MAX_RETRY_AFTER))]);
}

#[test]
fn a_503_with_retry_after_is_tried_again_then() {
    let mut world = alice();
    world.home.wants.refusals = vec![(503, Some(30))];
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.until("registered", |world| world.has(0, is_registered));
    let wait = Some(Duration::from_secs(30));
    assert_eq!(failures(&world), [(RegistrationFailure::Refused(503), wait)]);
    let waited = world.when(0, is_registered)
        - world.when(0, |event| matches!(event, Event::RegistrationFailed { .. }));
    assert!((30_000..30_200).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn a_403_and_silence_are_told_and_not_tried_again() {
    let mut world = alice();
    world.home.wants.refusals = vec![(403, None)];
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(3_600));
    world.home.wants.is_dead = true;
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    let asked = world.now;
    world.run_for(Duration::from_secs(3_600));
    assert_eq!(
        failures(&world),
        [(RegistrationFailure::Refused(403), None), (RegistrationFailure::NoAnswer, None)]
    );
    // Timer F of the UE: 128 s (table 7.8).
    let gave_up =
        world.told[0].iter().rev().find(|(_, event)| matches!(event, Event::RegistrationFailed { .. }));
    assert_eq!((gave_up.unwrap().0 - asked).as_secs(), 128);
    assert!(!world.phones[0].is_registered());
}

#[test]
fn a_request_that_cannot_be_sent_is_told() {
    let mut world = alice();
    let of = world.wish(0, |ue, now| {
        ue.register(now).unwrap();
        std::iter::from_fn(|| ue.poll_output()).find_map(|output| match output {
            strowger_ue::Output::Transmit { of, .. } => of,
            strowger_ue::Output::Event { .. } => None,
        })
    });
    world.wish(0, |ue, now| ue.handle_transport_error(now, of.unwrap()));
    assert_eq!(failures(&world), [(RegistrationFailure::NotSent, None)]);
}

/// §5.1.1.2.3 and RFC 7616: a password, by MD5 and by SHA-256.
#[test]
fn digest_with_a_password() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let mut settings = phone("alice", "192.0.2.10:5060");
        settings.credentials = Credentials::Password(PASSWORD.to_owned());
        let mut world = World::new([settings]);
        world.home.wants.digest = Some(algorithm);
        world.wish(0, |ue, now| ue.register(now)).unwrap();
        world.until("registered", |world| world.has(0, is_registered));
        assert!(header(world.last(0, "REGISTER"), HeaderId::AUTHORIZATION).contains("nc=00000001"));
        // The nonce holds: no new challenge, and its use is counted.
        world.forget();
        world.wish(0, |ue, now| ue.register(now)).unwrap();
        world.until("registered again", |world| world.has(0, is_registered));
        let register = world.last(0, "REGISTER");
        assert!(header(register, HeaderId::AUTHORIZATION).contains("nc=00000002"));
        let registers = world.seen_by(0).into_iter().filter(|line| line.contains("REGISTER"));
        assert_eq!(registers.collect::<Vec<_>>(), ["> REGISTER", "< 200 REGISTER"]);
    }
}

#[test]
fn a_wrong_password_is_not_tried_for_ever() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    settings.credentials = Credentials::Password("wrong".to_owned());
    let mut world = World::new([settings]);
    world.home.wants.digest = Some(Algorithm::Md5);
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(10));
    assert_eq!(failures(&world), [(RegistrationFailure::NotBelieved, None)]);
    assert_eq!(world.spoken(0, true).len(), 3, "without credentials, and twice with them");
}

#[test]
fn a_challenge_of_another_kind_is_told() {
    let mut world = alice();
    world.home.wants.digest = Some(Algorithm::Md5);
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(10));
    assert_eq!(failures(&world), [(RegistrationFailure::UnknownChallenge, None)]);
}

#[test]
fn a_200_that_binds_nothing_is_no_registration() {
    let mut world = alice().registered();
    world.home.wants.expires = 0;
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(1));
    let by = DeregisteredBy::Network(ims::reginfo::Event::Unregistered);
    assert!(world.has(0, |event| *event == Event::Deregistered { by }), "{}", world.ladder());
}
