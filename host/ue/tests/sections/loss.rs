//! Networks that lose and double datagrams, by seed: every story comes to its end, and each seed to the same one.

use std::time::Duration;

use strowger_ue::{Event, Page};

use crate::support::{World, at, phone};

const SEEDS: u64 = 200;

/// Two phones register, call, talk, exchange messages, hang up and deregister, in whatever trouble there is.
fn story(seed: u64) -> World {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    // A user of more patience than the retransmissions take.
    settings.iter_mut().for_each(|settings| settings.ring_for = Duration::from_secs(600));
    settings[0].answer_within = Duration::from_secs(600);
    let mut world = World::new(settings).seeded(seed, 150 + seed % 100, 100);
    let mut asked = 0;
    while !world.phones.iter().all(strowger_ue::Ue::is_registered) && asked < 10 {
        asked += 1;
        for phone in 0..2 {
            // Who is registered, or about to be, is not asked again.
            if !world.phones[phone].is_registered() {
                let _ = world.wish(phone, |ue, now| ue.register(now));
            }
        }
        world.run_for(Duration::from_secs(140));
    }
    assert!(world.phones.iter().all(strowger_ue::Ue::is_registered), "seed {seed}\n{}", world.ladder());

    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.run_for(Duration::from_secs(300));
    if let Some(call) = world.phones[1].calls().first().copied() {
        let _ = world.wish(1, |ue, now| ue.answer(now, call));
        world.run_for(Duration::from_secs(200));
    }
    world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), "hi"))).unwrap();
    let (hanger, hold) = ((seed % 2) as usize, seed.is_multiple_of(3));
    if let Some(call) = world.phones[hanger].calls().first().copied() {
        if hold {
            let _ = world.wish(hanger, |ue, now| ue.hold(now, call));
            world.run_for(Duration::from_secs(200));
        }
        let _ = world.wish(hanger, |ue, now| ue.hang_up(now, call));
    }
    world.run_for(Duration::from_secs(1_800));
    for phone in 0..2 {
        let _ = world.wish(phone, |ue, now| ue.deregister(now));
    }
    world.run_for(Duration::from_secs(600));
    world
}

#[test]
fn every_story_ends() {
    let mut answered = 0;
    for seed in 0..SEEDS {
        let world = story(seed);
        for phone in 0..2 {
            let ladder = || format!("seed {seed}, phone {phone}\n{}", world.ladder());
            assert!(world.phones[phone].calls().is_empty(), "a call is left: {}", ladder());
            assert!(!world.phones[phone].is_registered(), "{}", ladder());
            assert_eq!(world.phones[phone].poll_timeout(), None, "something is due: {}", ladder());
            let count = |is_it: fn(&Event) -> bool| {
                world.events(phone).into_iter().filter(|event| is_it(event)).count()
            };
            let began = count(|event| matches!(event, Event::Calling { .. } | Event::Incoming { .. }));
            assert_eq!(count(|event| matches!(event, Event::Ended { .. })), began, "{}", ladder());
            assert!(count(|event| matches!(event, Event::Answered { .. })) <= began, "{}", ladder());
            let messages = count(|event| matches!(event, Event::MessageAnswered { .. }));
            assert_eq!(messages, usize::from(phone == 0), "{}", ladder());
        }
        answered += usize::from(world.has(0, |event| matches!(event, Event::Answered { .. })));
    }
    // With one datagram in five lost, retransmissions still bring nearly every call up.
    assert!(answered >= SEEDS as usize * 9 / 10, "{answered} of {SEEDS}");
}

#[test]
fn a_seed_is_one_story() {
    let (one, two) = (story(7), story(7));
    assert_eq!(one.told, two.told);
    assert_ne!(one.told, story(8).told);
}
