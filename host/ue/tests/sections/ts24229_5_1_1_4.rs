//! TS 24.229 §5.1.1.4: re-registration.

use std::time::Duration;

use sip::HeaderId;
use strowger_ue::{DeregisteredBy, Event};

use crate::support::{World, header, phone};

fn alice(expires: u32) -> World {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]);
    world.home.wants.expires = expires;
    world.home.wants.trusts = true;
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.until("registered", |world| world.has(0, |event| matches!(event, Event::Registered { .. })));
    world.forget();
    world
}

fn is_registered_again(event: &Event) -> bool {
    matches!(event, Event::Registered { is_first: false, .. })
}

#[test]
fn at_half_the_time_or_600_seconds_before_its_end() {
    for (granted, after) in [(600_000, 599_400), (3_000, 2_400), (1_201, 601), (1_200, 600), (60, 30)] {
        let mut world = alice(granted);
        let began = world.now;
        world.until("registered again", |world| world.has(0, is_registered_again));
        let waited = world.when(0, is_registered_again) - began;
        assert!((after..=after + 1).contains(&waited.as_secs()), "{granted}: {waited:?}");
    }
}

/// §5.1.1.4.2: the last credentials again, which a network that trusts the way accepts, and another one challenges.
#[test]
fn with_the_last_credentials() {
    let mut world = alice(600);
    world.run_for(Duration::from_secs(310));
    let again = header(world.last(0, "REGISTER"), HeaderId::AUTHORIZATION);
    assert!(!again.contains("response=\"\""), "{again}");
    let registers = |world: &World| world.spoken(0, true).iter().filter(|name| *name == "REGISTER").count();
    assert_eq!(registers(&world), 1);
    world.home.wants.trusts = false;
    world.forget();
    world.run_for(Duration::from_secs(310));
    assert_eq!(registers(&world), 2, "challenged, and answered");
    assert!(world.has(0, is_registered_again));
}

#[test]
fn a_network_that_does_not_answer_is_asked_again_until_the_time_is_over() {
    let mut world = alice(3_600);
    world.home.wants.is_dead = true;
    let (mut failures, began) = (0, world.now);
    world.until("expired", |world| world.has(0, |event| matches!(event, Event::Deregistered { .. })));
    for event in world.events(0) {
        match event {
            Event::RegistrationFailed { again_after: Some(after), .. } => {
                failures += 1;
                assert!((15..=1_800).contains(&after.as_secs()));
            }
            Event::Deregistered { by } => assert_eq!(*by, DeregisteredBy::Expiry),
            Event::RegistrationFailed { .. } | Event::SubscriptionEnded { .. } => {}
            other => panic!("{other}"),
        }
    }
    assert!(failures >= 2);
    let over = world.when(0, |event| matches!(event, Event::Deregistered { .. })) - began;
    assert!((3_599..=3_600).contains(&over.as_secs()), "{over:?}");
    assert!(!world.phones[0].is_registered());
}

#[test]
fn a_network_that_comes_back_is_registered_with() {
    let mut world = alice(3_600);
    world.home.wants.is_dead = true;
    world.until("failed", |world| world.has(0, |event| matches!(event, Event::RegistrationFailed { .. })));
    world.home.wants.is_dead = false;
    world.until("registered again", |world| world.has(0, is_registered_again));
    // It begins as at the first time: nothing is known of the network any more.
    assert!(world.seen_by(0).iter().any(|line| line == "< 401 REGISTER"), "{}", world.ladder());
    assert!(world.phones[0].is_registered());
}
