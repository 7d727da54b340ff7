//! Swapping versions: new transactions take the new one, old ones finish on theirs, nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;

use node::ConsultError;
use plugin::{Active, Role, Roles};
use strowger_plugin as plugin;
use support::{
    Machine, Silent, ask, behaviours, consult, engine, engine_with, is_next, load, poll_once, run,
};

/// Resident memory of this process, bytes (for pages of 4 KiB; larger ones only make the test kinder).
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

#[test]
fn two_versions_live_at_once_until_the_old_one_is_let_go() {
    let engine = engine();
    let active = Active::new(Role::edge());
    assert!(active.plugin().is_none());
    assert!(active.activate(load(&engine, &behaviours("b", "1")).unwrap()).is_none());
    let transaction = active.plugin().unwrap();
    let mut under_way = consult(&transaction, 'l');
    assert!(poll_once(&mut under_way).is_pending());

    let before = active.activate(load(&engine, &behaviours("b", "2")).unwrap()).unwrap();
    assert_eq!(&*before.identity().version, "1");
    drop(before);
    assert_eq!(&*active.plugin().unwrap().identity().version, "2");
    let versions = active.versions();
    let seen: Vec<_> = versions.iter().map(|v| (&*v.identity.version, v.active, v.holders)).collect();
    assert_eq!(seen, [("2", true, 0), ("1", false, 2)], "the transaction and its call hold the old version");
    assert_eq!(engine.status().plugins, 2);

    assert!(is_next(&ask(&transaction, 'x')), "a transaction goes on with the version it began with");
    assert_eq!(run(under_way).0.result, Err(ConsultError::Deadline));
    assert_eq!(active.versions()[1].holders, 1);
    drop(transaction);
    assert_eq!(active.versions().len(), 1);
    assert_eq!((engine.status().plugins, engine.status().guests), (1, 1));
}

#[test]
fn what_a_version_did_is_known_for_a_while_when_it_is_gone() {
    let engine = engine();
    let active = Active::new(Role::edge());
    for n in 0..12 {
        active.activate(load(&engine, &behaviours("b", &n.to_string())).unwrap());
        assert_eq!(ask(&active.plugin().unwrap(), 'u').result, Err(ConsultError::Trap));
    }
    assert_eq!(active.versions().len(), 1);
    let departed = active.departed();
    let names: Vec<_> = departed.iter().map(|(identity, _)| &*identity.version).collect();
    assert_eq!(names, ["10", "9", "8", "7", "6", "5", "4", "3"], "the last eight, the newest first");
    assert!(departed.iter().all(|(_, stats)| stats.all_traps() == 1));
    assert_eq!(engine.status().plugins, 1, "they are only figures");
}

#[test]
fn a_refused_version_changes_nothing() {
    let engine = engine();
    let active = Active::new(Role::edge());
    active.activate(load(&engine, &behaviours("b", "1")).unwrap());
    assert!(load(&engine, b"not a plugin").is_err());
    assert!(is_next(&ask(&active.plugin().unwrap(), 'x')));
    assert_eq!(active.versions().len(), 1);
}

#[test]
fn a_version_can_come_back() {
    let engine = engine();
    let active = Active::new(Role::edge());
    let one = load(&engine, &behaviours("b", "1")).unwrap();
    active.activate(one.clone());
    active.activate(load(&engine, &behaviours("b", "2")).unwrap());
    active.activate(one.clone());
    assert_eq!(active.versions().len(), 1, "2 is gone: nobody holds it");
    assert!(Arc::ptr_eq(&active.plugin().unwrap(), &one));
    assert!(is_next(&ask(&one, 'x')));
    let left = active.deactivate().unwrap();
    assert!(active.plugin().is_none() && Arc::ptr_eq(&left, &one));
}

#[test]
fn a_thousand_swaps_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine_with(|config| config.cache_dir = Some(folder.path().join("compiled")));
    let active = Active::new(Role::edge());
    let files = [behaviours("b", "1"), behaviours("b", "2")];
    let mut settled = 0;
    for swap in 0..1_000 {
        if swap == 200 {
            settled = resident();
        }
        let plugin = load(&engine, &files[swap % 2]).unwrap();
        active.activate(plugin);
        let plugin = active.plugin().unwrap();
        assert!(is_next(&ask(&plugin, 'x')));
        if swap % 100 == 0 {
            assert_eq!(ask(&plugin, 'u').result, Err(ConsultError::Trap));
        }
    }
    let grown = resident().saturating_sub(settled);
    assert!(grown < 16 << 20, "800 swaps may not cost {grown} bytes of memory");
    let status = engine.status();
    assert_eq!((status.plugins, status.guests), (1, 1));
    assert_eq!((status.compiled, status.cache_hits), (2, 998));
    assert_eq!(active.versions().len(), 1);
    assert_eq!(active.plugin().unwrap().identity().number, 1_000);
}

/// Once an activation has returned, no transaction anywhere begins on the version before.
#[test]
fn no_transaction_begins_on_an_old_version_after_an_activation() {
    const THREADS: usize = 4;
    const TRANSACTIONS: u32 = 10_000;
    let engine = engine();
    let versions: Vec<_> = (0..8).map(|n| load(&engine, &behaviours("b", &n.to_string())).unwrap()).collect();
    let active = Active::new(Role::edge());
    active.activate(Arc::clone(&versions[0]));
    // Activations that have begun, and those that have returned: the version of a transaction is of one between.
    let (begun, returned) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (begins, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while begins.fetch_add(1, Ordering::Relaxed) < TRANSACTIONS {
                    let least = returned.load(Ordering::Acquire);
                    let number = active.choose(&Silent).unwrap().identity().number as usize - 1;
                    let most = begun.load(Ordering::Acquire);
                    let allowed = (least..=most).any(|activation| activation % versions.len() == number);
                    assert!(allowed, "#{} is none of activations {least} to {most}", number + 1);
                    thread::yield_now();
                }
                is_over.store(true, Ordering::Release);
            });
        }
        let mut activations = 0;
        while !is_over.load(Ordering::Acquire) {
            activations += 1;
            begun.store(activations, Ordering::Release);
            active.activate(Arc::clone(&versions[activations % versions.len()]));
            returned.store(activations, Ordering::Release);
            thread::yield_now();
        }
        assert!(activations > versions.len(), "{activations} activations");
    });
}

#[test]
fn roles_are_found_by_name() {
    let roles = Roles::new([Role::edge(), Role::new("watcher")]);
    assert!(roles.get("edge").is_some() && roles.get("nobody").is_none());
    let names: Vec<_> = roles.iter().map(|active| active.role().name().to_owned()).collect();
    assert_eq!(names, ["edge", "watcher"]);
}

/// What its `init` makes of a text is found out without the compiler.
#[test]
fn the_same_code_is_configured_otherwise() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let configured = |text: &str| plugin.configured_as(text, Arc::new(Machine::default()));
    let other = configured("invite").unwrap();
    assert_eq!((plugin.manifest().methods.len(), other.manifest().methods.len()), (0, 1));
    assert_eq!((other.configuration(), &other.identity().digest), ("invite", &plugin.identity().digest));
    assert_ne!(other.identity().number, plugin.identity().number);
    assert!(is_next(&ask(&plugin, 'x')) && is_next(&ask(&other, 'x')));
    let refused = configured("refuse").unwrap_err().to_string();
    assert!(refused.contains("the option `realm` is missing"), "{refused}");
    drop(other);
    let status = engine.status();
    assert_eq!((status.compiled, status.plugins, status.guests), (1, 1, 1));
}
