//! TS 24.229 §5.1.1.6 and §5.1.1.7: deregistration, by the phone and by the network.

use std::time::Duration;

use ims::reginfo::{Event as ContactEvent, RegistrationState};
use sip::HeaderId;
use strowger_ue::{DeregisteredBy, Event, Why, WishError};

use crate::support::{World, header, phone};

fn pair() -> World {
    World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]).registered()
}

fn call(world: &mut World) {
    world.wish(0, |ue, now| ue.call(now, "sip:bob@ims.example")).unwrap();
    world.until("it rings", |world| world.has(1, |event| matches!(event, Event::Ringing { .. })));
    let call = world.phones[1].calls()[0];
    world.wish(1, |ue, now| ue.answer(now, call)).unwrap();
    world.until("answered", |world| world.has(0, |event| matches!(event, Event::Answered { .. })));
    world.run_for(Duration::from_secs(1));
    world.forget();
}

#[test]
fn calls_end_and_the_registration_is_removed() {
    let mut world = pair();
    call(&mut world);
    world.wish(0, |ue, now| ue.deregister(now)).unwrap();
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.story(0), ["call 1: ended, deregistered", "deregistered by the user"]);
    assert_eq!(world.story(1), ["call 1: ended, hung up by them"]);
    let register = world.last(0, "REGISTER");
    assert_eq!(header(register, HeaderId::EXPIRES), "0");
    assert!(!world.phones[0].is_registered());
    assert_eq!(world.wish(0, |ue, now| ue.deregister(now)), Err(WishError::NotNow));
    // Nothing is due any more, and everything can begin again.
    world.run_for(Duration::from_secs(600));
    assert_eq!(world.phones[0].poll_timeout(), None);
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.until("registered", |world| {
        world.has(0, |event| matches!(event, Event::Registered { is_first: true, .. }))
    });
}

#[test]
fn while_a_register_is_under_way_it_comes_after_that() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]);
    world.wish(0, |ue, now| ue.register(now)).unwrap();
    world.wish(0, |ue, now| ue.deregister(now)).unwrap();
    world.run_for(Duration::from_secs(10));
    assert!(
        world.has(0, |event| *event == Event::Deregistered { by: DeregisteredBy::User }),
        "{}",
        world.ladder()
    );
    assert!(!world.phones[0].is_registered());
}

#[test]
fn a_network_that_does_not_answer_keeps_nobody() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]).registered();
    world.home.wants.is_dead = true;
    world.wish(0, |ue, now| ue.deregister(now)).unwrap();
    world.run_for(Duration::from_secs(130));
    assert_eq!(world.story(0), ["deregistered by the user"]);
}

/// §5.1.1.7: what the network ends, and whether the phone comes back.
#[test]
fn the_network_ends_it() {
    let cases = [
        (ContactEvent::Rejected, None, None),
        (ContactEvent::Unregistered, None, None),
        (ContactEvent::Expired, None, None),
        (ContactEvent::Deactivated, None, Some(0)),
        (ContactEvent::Probation, Some(90), Some(90)),
        (ContactEvent::Probation, None, Some(30)),
    ];
    for (event, retry_after, comes_back) in cases {
        let mut world = pair();
        call(&mut world);
        let now = world.now;
        world.home.notify(now, "alice", event, |contact| contact.retry_after = retry_after);
        world.drain();
        world.run_for(Duration::from_secs(120));
        let by = DeregisteredBy::Network(event);
        assert!(world.has(0, |event| *event == Event::Deregistered { by }), "{}", world.ladder());
        assert!(world.has(0, |event| matches!(event, Event::Ended { why: Why::Deregistered, .. })));
        let again =
            world.told[0].iter().find(|(_, event)| matches!(event, Event::Registered { is_first: true, .. }));
        let waited = again.map(|(at, _)| (*at - now).as_secs());
        assert_eq!(waited, comes_back, "{event:?}\n{}", world.ladder());
    }
}

/// RFC 3680 §3.4.2: a registration that is terminated has no contact, whether they are listed or not. Kamailio lists none.
#[test]
fn the_network_ends_it_without_listing_contacts() {
    let mut world = pair();
    call(&mut world);
    let now = world.now;
    world.home.notify_registration(now, "alice", RegistrationState::Terminated, Vec::new());
    world.drain();
    world.run_for(Duration::from_secs(120));
    let by = DeregisteredBy::Network(ContactEvent::Unregistered);
    assert!(world.has(0, |event| *event == Event::Deregistered { by }), "{}", world.ladder());
    assert!(world.has(0, |event| matches!(event, Event::Ended { why: Why::Deregistered, .. })));
    assert!(!world.phones[0].is_registered());
}

#[test]
fn what_happens_to_another_contact_is_not_ours() {
    let mut world = World::new([phone("alice", "192.0.2.10:5060")]).registered();
    let now = world.now;
    world.home.notify(now, "alice", ContactEvent::Rejected, |contact| {
        contact.id = "c2".to_owned();
        contact.uri = "sip:alice@192.0.2.77:5060".to_owned();
    });
    world.drain();
    world.run_for(Duration::from_secs(10));
    assert!(world.phones[0].is_registered(), "{}", world.ladder());
    assert_eq!(world.last(0, "200 NOTIFY").status(), 200);
}
