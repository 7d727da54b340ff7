//! TS 24.229 §5.1.1.5: authentication, with TS 33.102 §6.3 and RFC 3310 §3.

use std::time::Duration;

use ims::aka::{Isim, SequenceChecker};
use sip::HeaderId;
use strowger_ue::{Credentials, Event, RegistrationFailure};

use crate::support::{World, header, milenage, phone};

fn register(world: &mut World) {
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.run_for(Duration::from_secs(5));
}

fn authorizations(world: &World) -> Vec<String> {
    let registers = world.said.iter().filter(|said| said.message.method() == sip::Method::Register);
    registers.map(|said| header(&said.message, HeaderId::AUTHORIZATION)).collect()
}

#[test]
fn a_challenge_in_order_is_answered_by_res() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]);
    register(&mut world);
    let [_, proof] = &authorizations(&world)[..] else { panic!("{}", world.ladder()) };
    for part in
        ["algorithm=AKAv1-MD5", "realm=\"ims.example\"", "qop=auth", "nc=00000001", "uri=\"sip:ims.example\""]
    {
        assert!(proof.contains(part), "{part}: {proof}");
    }
    assert!(!proof.contains("auts"));
    assert!(world.phones[0].is_registered());
}

/// §5.1.1.5.3 b: the network is behind with its sequence numbers, and catches up.
#[test]
fn resynchronisation() {
    let mut settings = phone("alice", "192.0.2.10:5060");
    let checker = SequenceChecker::restore([5_000; 32]);
    settings.credentials = Credentials::Aka(Isim::new(milenage(), checker));
    let mut world = World::new([settings]);
    register(&mut world);
    let [first, behind, proof] = &authorizations(&world)[..] else { panic!("{}", world.ladder()) };
    assert!(first.contains("nonce=\"\"") && behind.contains("auts=\"") && !proof.contains("auts"));
    assert!(world.phones[0].is_registered());
    let counter = world.home.subscriber("alice").sequence.last();
    assert!(counter.parts().0 > 5_000, "{counter:?}");
}

/// §5.1.1.5.3 a: the network does not prove itself, at first.
#[test]
fn a_wrong_mac_is_answered_with_no_response() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]);
    world.home.wants.wrong_macs = 2;
    register(&mut world);
    let authorizations = authorizations(&world);
    assert_eq!(authorizations.len(), 4);
    for invalid in &authorizations[1..3] {
        assert!(
            invalid.contains("response=\"\"") && !invalid.contains("auts") && !invalid.contains("nonce=\"\"")
        );
    }
    assert!(world.phones[0].is_registered());
}

/// §5.1.1.5.3: only two invalid challenges in a row are answered.
#[test]
fn a_third_invalid_challenge_ends_it() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]);
    world.home.wants.wrong_macs = 3;
    register(&mut world);
    assert_eq!(authorizations(&world).len(), 3);
    let expected =
        Event::RegistrationFailed { why: RegistrationFailure::InvalidChallenges, again_after: None };
    assert_eq!(world.events(0), [&expected]);
}

/// §5.1.1.5A: the network shortens the registration, and the phone registers at half of what is left.
#[test]
fn the_network_wants_it_sooner() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]).registered();
    let now = world.now;
    world.home.notify(now, "alice", ims::reginfo::Event::Shortened, |contact| contact.expires = Some(600));
    world.drain();
    world.until("registered again", |world| world.has(0, |event| matches!(event, Event::Registered { .. })));
    let waited = world.when(0, |event| matches!(event, Event::Registered { .. })) - now;
    assert!((300..=301).contains(&waited.as_secs()), "{waited:?}");
}
