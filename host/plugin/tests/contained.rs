//! Guests that go wrong while they run: each is contained, counted, and the next call does not care.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::time::{Duration, Instant};

use node::ConsultError;
use plugin::TrapKind;
use strowger_plugin as plugin;
use support::{ask, behaviours, consult, engine, engine_with, is_next, load, poll_once, run};

#[test]
fn a_trap_costs_its_guest_and_nothing_else() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let cases = [
        ('u', TrapKind::Panic),
        ('r', TrapKind::Stack),
        ('m', TrapKind::Memory),
        ('b', TrapKind::Bounds),
        ('z', TrapKind::Other),
        ('v', TrapKind::Value),
        ('o', TrapKind::Value),
        ('h', TrapKind::Value),
        ('p', TrapKind::Misuse),
        ('V', TrapKind::Misuse),
        ('n', TrapKind::Misuse),
    ];
    for (letter, kind) in cases {
        let before = plugin.stats().snapshot();
        let consulted = ask(&plugin, letter);
        assert_eq!(consulted.result, Err(ConsultError::Trap), "{letter}");
        assert!(consulted.effects.is_empty());
        let after = plugin.stats().snapshot();
        assert_eq!(
            after.trapped(kind),
            before.trapped(kind) + 1,
            "{letter} is a {} trap: {after:?}",
            kind.name()
        );
        assert_eq!(after.all_traps(), before.all_traps() + 1);
        assert_eq!(plugin.guests(), (0, 0), "the guest is thrown away");
        assert!(is_next(&ask(&plugin, 'x')), "the next call works");
        assert_eq!(plugin.guests(), (1, 1));
    }
    let stats = plugin.stats().snapshot();
    assert_eq!(stats.calls, 2 * cases.len() as u64);
    assert_eq!(stats.guests_started, 1 + cases.len() as u64);
}

#[test]
fn a_loop_gives_the_thread_back_again_and_again_and_ends_at_its_deadline() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let began = Instant::now();
    let (consulted, polls) = run(consult(&plugin, 'l'));
    assert_eq!(consulted.result, Err(ConsultError::Deadline));
    assert!(polls > 1, "it yields before it is interrupted: {polls} polls");
    assert!(consulted.cpu >= engine.limits().deadline, "it had its whole time: {:?}", consulted.cpu);
    assert!(began.elapsed() < Duration::from_secs(5), "and not much more: {:?}", began.elapsed());
    let stats = plugin.stats().snapshot();
    assert_eq!((stats.deadlines, stats.all_traps()), (1, 0));
    assert_eq!(plugin.guests(), (0, 0));
    assert!(is_next(&ask(&plugin, 'x')));
}

#[test]
fn another_call_goes_on_while_one_loops() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let mut looping = consult(&plugin, 'l');
    assert!(poll_once(&mut looping).is_pending());
    assert!(is_next(&ask(&plugin, 'x')), "on the same thread, between two polls of the loop");
    assert_eq!(run(looping).0.result, Err(ConsultError::Deadline));
}

#[test]
fn what_takes_long_but_ends_is_not_interrupted() {
    let engine = engine_with(|config| config.limits.deadline = Duration::from_secs(30));
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let (consulted, polls) = run(consult(&plugin, 'w'));
    assert!(is_next(&consulted), "{consulted:?}");
    assert!(polls > 1, "it was polled {polls} times in {:?}", consulted.cpu);
    assert_eq!(plugin.guests(), (1, 1), "and its guest is kept");
}

#[test]
fn a_dropped_call_costs_its_guest_and_nothing_else() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let mut looping = consult(&plugin, 'l');
    assert!(poll_once(&mut looping).is_pending());
    assert_eq!(engine.status().guests, 1);
    drop(looping);
    assert_eq!((plugin.guests(), engine.status().guests), ((0, 0), 0));
    assert_eq!(plugin.stats().snapshot().abandoned, 1);
    assert!(is_next(&ask(&plugin, 'x')));
}

#[test]
fn a_call_that_is_never_polled_does_nothing() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    drop(consult(&plugin, 'u'));
    let stats = plugin.stats().snapshot();
    assert_eq!((stats.calls, stats.abandoned, plugin.guests()), (0, 0, (1, 1)));
}

#[test]
fn calls_beyond_the_bound_of_guests_are_refused() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let mut under_way: Vec<_> = (0..4).map(|_| consult(&plugin, 'l')).collect();
    for call in &mut under_way {
        assert!(poll_once(call).is_pending());
    }
    assert_eq!(ask(&plugin, 'x').result, Err(ConsultError::Busy));
    assert_eq!(plugin.stats().snapshot().busy, 1);
    drop(under_way);
    assert!(is_next(&ask(&plugin, 'x')));
}

#[test]
fn the_engine_bounds_the_guests_of_all_plugins_together() {
    let engine = engine_with(|config| config.max_guests = 2);
    let (one, two) =
        (load(&engine, &behaviours("b", "1")).unwrap(), load(&engine, &behaviours("b", "2")).unwrap());
    let mut looping = consult(&one, 'l');
    assert!(poll_once(&mut looping).is_pending());
    assert_eq!(ask(&one, 'x').result, Err(ConsultError::Busy));
    assert!(is_next(&ask(&two, 'x')));
    assert!(matches!(load(&engine, &behaviours("b", "3")), Err(plugin::LoadError::Busy { guests: 2 })));
    drop(looping);
    assert!(is_next(&ask(&one, 'x')));
}

#[test]
fn a_guest_is_replaced_after_its_number_of_calls() {
    let engine = engine_with(|config| config.limits.calls_per_guest = 3);
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    for _ in 0..9 {
        assert!(is_next(&ask(&plugin, 'x')));
    }
    assert_eq!(plugin.stats().snapshot().guests_started, 3);
}

#[test]
fn only_so_many_guests_are_kept_warm() {
    let engine = engine_with(|config| config.limits.deadline = Duration::from_secs(30));
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let mut under_way: Vec<_> = (0..3).map(|_| consult(&plugin, 'w')).collect();
    for call in &mut under_way {
        assert!(poll_once(call).is_pending());
    }
    assert_eq!(plugin.guests(), (3, 0));
    for call in under_way {
        assert!(is_next(&run(call).0));
    }
    assert_eq!(plugin.guests(), (2, 2));
}

#[test]
fn log_lines_are_cut_and_counted() {
    let engine = engine();
    let machine = std::sync::Arc::new(support::Machine::default());
    let plugin = engine.load(&behaviours("b", "7"), &plugin::Role::edge(), "", machine.clone()).unwrap();
    assert!(is_next(&ask(&plugin, 'g')));
    let lines = machine.lines.lock().unwrap();
    assert_eq!(lines.len(), 64);
    assert_eq!(lines[0], (plugin::Level::Info, "b 7".into(), "ö".repeat(512)));
    assert_eq!(lines[63], (plugin::Level::Warning, "b 7".into(), "word".into()));
    assert_eq!(plugin.stats().snapshot().log_lines_dropped, 36);
}

#[test]
fn a_version_has_so_many_log_lines_a_second() {
    let engine = engine();
    let machine = std::sync::Arc::new(support::Machine::default());
    let plugin = engine.load(&behaviours("b", "7"), &plugin::Role::edge(), "", machine.clone()).unwrap();
    for _ in 0..5 {
        assert!(is_next(&ask(&plugin, 'g')));
    }
    assert_eq!(machine.lines.lock().unwrap().len(), 200);
    assert_eq!(plugin.stats().snapshot().log_lines_dropped, 300);
    machine.now_ms.store(5_000, std::sync::atomic::Ordering::Relaxed);
    assert!(is_next(&ask(&plugin, 'g')));
    assert_eq!(machine.lines.lock().unwrap().len(), 264, "the next second has its own");
}

#[test]
fn the_clock_stands_still_during_a_call() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    assert!(is_next(&ask(&plugin, 't')));
    assert!(is_next(&ask(&plugin, 't')));
}
