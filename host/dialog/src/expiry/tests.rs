//! The wheel against a plain list of deadlines.

use super::*;

fn seconds(seconds: u64) -> Time {
    Time(seconds * 1_000_000)
}

fn due(expiry: &mut Expiry, now: Time) -> Vec<u32> {
    let mut slots = Vec::new();
    expiry.advance(now, &mut slots);
    slots.sort_unstable();
    slots
}

#[test]
fn a_deadline_is_never_early_and_at_most_a_tick_late() {
    let mut expiry = Expiry::new();
    expiry.set(Time::ZERO, 0, Time(1_500_000));
    assert_eq!(expiry.next(), Some(seconds(2)));
    assert_eq!(due(&mut expiry, Time(1_999_999)), []);
    assert_eq!(due(&mut expiry, seconds(2)), [0]);
    assert_eq!(expiry.next(), None);
}

#[test]
fn a_deadline_moves_both_ways_and_goes_away() {
    let mut expiry = Expiry::new();
    expiry.set(Time::ZERO, 0, seconds(180));
    expiry.set(Time::ZERO, 1, seconds(180));
    expiry.set(Time::ZERO, 2, seconds(180));
    expiry.set(Time::ZERO, 1, seconds(90));
    expiry.set(Time::ZERO, 0, seconds(1800));
    expiry.clear(2);
    expiry.clear(2);
    assert_eq!(expiry.next(), Some(seconds(90)));
    assert_eq!(due(&mut expiry, seconds(100)), [1]);
    assert_eq!(due(&mut expiry, seconds(1799)), []);
    assert_eq!(due(&mut expiry, seconds(1800)), [0]);
    assert_eq!(expiry.count, 0);
    assert!(expiry.occupied.iter().all(|word| *word == 0));
}

#[test]
fn a_day_is_many_turns_of_the_wheel() {
    let mut expiry = Expiry::new();
    expiry.set(Time::ZERO, 0, seconds(86_400));
    let mut turns = 0;
    while let Some(next) = expiry.next() {
        turns += 1;
        let slots = due(&mut expiry, next);
        assert_eq!(slots.is_empty(), next < seconds(86_400));
    }
    assert_eq!(turns, 86_400_usize.div_ceil(BUCKETS));
}

#[test]
fn a_deadline_in_the_past_is_due_with_the_next_tick() {
    let mut expiry = Expiry::new();
    expiry.set(seconds(50), 0, seconds(3));
    assert_eq!(expiry.next(), Some(seconds(51)));
    assert_eq!(due(&mut expiry, seconds(51)), [0]);
}

#[test]
fn a_clock_that_jumps_far_misses_nobody() {
    let mut expiry = Expiry::new();
    for slot in 0..10_000 {
        expiry.set(Time::ZERO, slot, seconds(u64::from(slot) + 1));
    }
    assert_eq!(due(&mut expiry, seconds(20_000)).len(), 10_000);
}

#[test]
fn it_agrees_with_a_list() {
    // a small linear congruential sequence instead of entropy
    let mut state = 12345_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut expiry = Expiry::new();
    let mut list = std::collections::BTreeMap::new();
    let mut now = Time::ZERO;
    for _ in 0..20_000 {
        match random(4) {
            0 => {
                let slot = random(300) as u32;
                expiry.clear(slot);
                list.remove(&slot);
            }
            1 => {
                now = Time(now.0 + random(30_000_000));
                let mut expected = Vec::new();
                list.retain(|slot, at| {
                    let over = tick_after(*at) <= tick_before(now);
                    if over {
                        expected.push(*slot);
                    }
                    !over
                });
                assert_eq!(due(&mut expiry, now), expected);
            }
            _ => {
                let slot = random(300) as u32;
                let at = Time(now.0 + 1 + random(9_000_000_000));
                expiry.set(now, slot, at);
                list.insert(slot, at);
            }
        }
        assert_eq!(expiry.count, list.len());
        if let Some(first) = list.values().min() {
            let next = expiry.next().expect("there is a deadline");
            assert!(tick_before(next) <= tick_after(*first) && tick_before(next) > expiry.cursor);
        }
    }
}
