//! The wheel against a plain ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn ticks(tick: u64) -> Time {
    Time(tick * TICK_MICROS)
}

fn drain(wheel: &mut Wheel<u32>, now: Time) -> Vec<u32> {
    std::iter::from_fn(|| wheel.pop_due(now)).collect()
}

#[test]
fn never_early_and_at_most_a_tick_late() {
    let mut wheel = Wheel::new();
    wheel.insert(Time(10_001), 1);
    wheel.insert(Time(20_000), 2);
    wheel.insert(Time(20_001), 3);
    assert_eq!(wheel.next(), Some(ticks(2)));
    assert_eq!(drain(&mut wheel, Time(19_999)), []);
    assert_eq!(drain(&mut wheel, Time(20_000)), [1, 2]);
    assert_eq!(drain(&mut wheel, Time(29_999)), []);
    assert_eq!(drain(&mut wheel, Time(30_000)), [3]);
    assert_eq!((wheel.next(), wheel.is_empty()), (None, true));
}

#[test]
fn what_has_passed_falls_due_at_the_next_tick() {
    let mut wheel = Wheel::new();
    drain(&mut wheel, Time::from_millis(5_000));
    wheel.insert(Time::from_millis(10), 1);
    assert_eq!(wheel.next(), Some(Time::from_millis(5_010)));
    assert_eq!(drain(&mut wheel, Time::from_millis(5_000)), []);
    assert_eq!(drain(&mut wheel, Time::from_millis(5_010)), [1]);
}

#[test]
fn the_edges_of_the_ring() {
    let ring = u64::from(RING);
    for tick in [1, 63, 64, 65, ring - 1, ring, ring + 1, 2 * ring - 1, 2 * ring, 2 * ring + 1, 5 * ring + 7]
    {
        for start in [0, 1, 63, 64, ring - 1, ring, 3 * ring + 1] {
            let mut wheel = Wheel::new();
            drain(&mut wheel, ticks(start));
            let entry = wheel.insert(ticks(start + tick), 7);
            assert_eq!(wheel.at(entry), ticks(start + tick));
            assert_eq!(drain(&mut wheel, ticks(start + tick - 1)), [], "{start} + {tick}");
            assert_eq!(wheel.at(entry), ticks(start + tick));
            assert_eq!(drain(&mut wheel, ticks(start + tick)), [7], "{start} + {tick}");
        }
    }
}

#[test]
fn an_empty_wheel_catches_up() {
    let mut wheel = Wheel::new();
    let ring = u64::from(RING);
    wheel.catch_up(ticks(2 * ring));
    wheel.insert(ticks(3 * ring), 1);
    assert_eq!(wheel.next(), Some(ticks(3 * ring)));
    // Not while something may be due before.
    wheel.catch_up(ticks(4 * ring));
    assert_eq!(wheel.next(), Some(ticks(3 * ring)));
}

#[test]
fn a_deadline_beyond_all_bounds_is_kept_within_them() {
    let mut wheel = Wheel::new();
    let entry = wheel.insert(Time::NEVER, 1);
    assert_eq!(wheel.at(entry), ticks(u64::from(MAX_AHEAD)));
    assert_eq!(drain(&mut wheel, ticks(u64::from(MAX_AHEAD) - 1)), []);
    assert_eq!(drain(&mut wheel, ticks(u64::from(MAX_AHEAD))), [1]);
}

#[test]
fn ticks_may_outgrow_32_bits() {
    let mut wheel = Wheel::new();
    let start = u64::from(u32::MAX) - 5;
    drain(&mut wheel, ticks(start));
    wheel.insert(ticks(start + 100), 1);
    assert_eq!(drain(&mut wheel, ticks(start + 99)), []);
    assert_eq!(drain(&mut wheel, ticks(start + 100)), [1]);
}

#[test]
fn entries_are_freed_when_popped_or_removed() {
    let mut wheel = Wheel::new();
    for round in 0..100 {
        let entries: Vec<Entry> =
            (0..10).map(|value| wheel.insert(Time::from_millis(100 * round + 50 + value), 0)).collect();
        wheel.remove(entries[3]);
        drain(&mut wheel, Time::from_millis(100 * round + 99));
    }
    assert_eq!(wheel.nodes.len(), RING as usize + 10);
}

#[derive(Clone, Debug)]
enum Do {
    Insert(u64),
    Remove(usize),
    Advance(u64),
    /// To the time that the wheel asks for.
    Follow,
}

fn moves() -> impl Strategy<Value = Vec<Do>> {
    // Up to three turns of the ring and a bit.
    let micros = prop_oneof![0..100_000u64, 0..2_000_000u64, 0..130_000_000u64];
    let one = prop_oneof![
        4 => micros.clone().prop_map(Do::Insert),
        2 => any::<usize>().prop_map(Do::Remove),
        2 => micros.prop_map(Do::Advance),
        2 => Just(Do::Follow),
    ];
    prop::collection::vec(one, 1..200)
}

/// The model: what is in the wheel, by tick and then by number of insertion.
#[derive(Default)]
struct Model {
    entries: BTreeMap<(u64, u32), Entry>,
    now: Time,
    inserted: u32,
}

impl Model {
    fn advance(&mut self, wheel: &mut Wheel<u32>, to: Time) -> Result<(), TestCaseError> {
        self.now = self.now.max(to);
        let mut last = 0;
        while let Some(value) = wheel.pop_due(self.now) {
            let key = self.entries.keys().find(|(_, number)| *number == value).copied();
            let Some(key) = key else { return Err(TestCaseError::fail("popped what is not there")) };
            prop_assert!(key.0 >= last, "out of order");
            prop_assert!(ticks(key.0) <= self.now, "early");
            last = key.0;
            self.entries.remove(&key);
        }
        let left = self.entries.first_key_value().map(|((tick, _), _)| ticks(*tick));
        prop_assert!(left.is_none_or(|left| left > self.now), "late");
        Ok(())
    }

    fn check(&self, wheel: &Wheel<u32>) -> Result<(), TestCaseError> {
        prop_assert_eq!(wheel.len(), self.entries.len());
        match (wheel.next(), self.entries.first_key_value()) {
            (None, None) => {}
            (Some(next), Some(((tick, _), _))) => {
                prop_assert!(next <= ticks(*tick) && next > Time(self.now.0 / TICK_MICROS * TICK_MICROS));
            }
            (next, first) => prop_assert!(false, "{:?} for {:?}", next, first),
        }
        for ((tick, _), entry) in &self.entries {
            prop_assert_eq!(wheel.at(*entry), ticks(*tick));
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn agrees_with_an_ordered_map(moves in moves()) {
        let mut wheel = Wheel::new();
        let mut model = Model::default();
        for one in moves {
            match one {
                Do::Insert(ahead) => {
                    let at = Time(model.now.0 + ahead);
                    let tick = at.0.div_ceil(TICK_MICROS).max(model.now.0 / TICK_MICROS + 1);
                    let entry = wheel.insert(at, model.inserted);
                    model.entries.insert((tick, model.inserted), entry);
                    model.inserted += 1;
                }
                Do::Remove(which) => {
                    let count = model.entries.len();
                    if let Some(key) = model.entries.keys().nth(which.checked_rem(count).unwrap_or(0)).copied() {
                        let entry = model.entries.remove(&key).unwrap();
                        prop_assert_eq!(wheel.remove(entry), key.1);
                    }
                }
                Do::Advance(by) => model.advance(&mut wheel, Time(model.now.0 + by))?,
                Do::Follow => {
                    if let Some(next) = wheel.next() {
                        model.advance(&mut wheel, next)?;
                    }
                }
            }
            model.check(&wheel)?;
        }
        // Following the wheel empties it: each entry wakes its owner once, and at most once a turn before.
        let mut wakes = 0;
        while let Some(next) = wheel.next() {
            model.advance(&mut wheel, next)?;
            wakes += 1;
            prop_assert!(wakes <= 5 * 200);
        }
        prop_assert!(model.entries.is_empty());
    }
}
