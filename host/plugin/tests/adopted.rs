//! What a version makes of the variables of a call that another one took: it is asked whole, and whatever goes wrong with it
//! leaves them as they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;

use node::ConsultError;
use plugin::{Adoption, Ask, Consulted, Ear, Outcome, Plugin, Variables};
use strowger_plugin as plugin;
use support::area::{Areas, Value};
use support::{behaviours, engine, load, module, run};

/// Bytes of a variable: two lists.
const VARIABLE: usize = 16;

fn variable(areas: &mut Areas, name: &str, value: &[u8]) -> Value {
    let (name, value) = (areas.text(name), areas.bytes(value));
    Value::default().list(0, name).list(8, value)
}

/// `adopting.wat` with all that it returns.
fn adopting() -> Vec<u8> {
    let mut areas = Areas::default();
    let (name, version) = (areas.text("adopting"), areas.text("2"));
    areas.name("MANIFEST", Value::default().list(4, name).list(12, version));
    areas.name("NEXT", Value::default().u8(4, 3));
    areas.name("STAY", Value::default());
    areas.name("NONE", Value::default().u8(4, 1));
    let reason = areas.text("no such thing");
    areas.name("FAULT", Value::default().u8(0, 1).u16(4, 77).list(8, reason));
    let renamed =
        vec![variable(&mut areas, "served-user", b"alice"), variable(&mut areas, "calls", &[0, 255])];
    let all = [
        ("RENAMED", renamed),
        ("EMPTY", vec![variable(&mut areas, "", b"x")]),
        ("TWICE", vec![variable(&mut areas, "n", b"1"), variable(&mut areas, "n", b"2")]),
        ("LONG", vec![variable(&mut areas, "n", &[0; 4096])]),
        ("MANY", (0..33).map(|n| variable(&mut areas, &n.to_string(), b"")).collect()),
    ];
    for (name, variables) in all {
        let list = areas.many(variables, VARIABLE);
        areas.name(name, Value::default().u8(4, 1).list(8, list));
    }
    let text = areas.fill(include_str!("support/adopting.wat"));
    module(&text, &["base", "hook-request", "hook-adopt"])
}

fn kept(all: &[(&str, &[u8])]) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in all {
        variables.set(name, Some(value.to_vec().into())).unwrap();
    }
    variables
}

fn ask(call_id: &str) -> Ask {
    Ask::Adopt(Adoption {
        name: "edge".into(),
        version: "1.0".into(),
        call_id: call_id.into(),
        variables: Arc::new(kept(&[("served", b"alice"), ("empty", b"")])),
    })
}

fn adopt(plugin: &Arc<Plugin>, call_id: &str) -> Consulted {
    run(plugin.call(ask(call_id), Ear::Nobody)).0
}

/// What is kept after a call that ended well.
fn made(consulted: Consulted) -> Option<Variables> {
    assert_eq!(consulted.result, Ok(Outcome::Done));
    consulted.effects.dialog_variables.map(|all| Variables::clone(&all))
}

#[test]
fn what_a_version_makes_of_variables_takes_their_place() {
    let engine = engine();
    let plugin = load(&engine, &adopting()).unwrap();
    assert!(plugin.manifest().hooks.adopt && plugin.has_a_hook_for(&ask("s")));
    assert_eq!(made(adopt(&plugin, "s")), None, "as they are");
    assert_eq!(made(adopt(&plugin, "n")), Some(Variables::default()));
    let renamed = kept(&[("served-user", b"alice"), ("calls", &[0, 255])]);
    assert_eq!(made(adopt(&plugin, "r")), Some(renamed));
    assert_eq!(made(adopt(&plugin, "w")), Some(kept(&[("edge", b"1.0")])), "it is told who had the call");
    let same = kept(&[("served", b"alice"), ("empty", b"")]);
    assert_eq!(made(adopt(&plugin, "b")), Some(same), "and what was kept in it");
    let counted = plugin.stats().snapshot();
    assert_eq!((counted.calls, counted.decided(plugin::DecisionKind::Done)), (5, 5));
}

#[test]
fn what_goes_wrong_changes_no_variable_and_is_counted() {
    let engine = engine();
    let plugin = load(&engine, &adopting()).unwrap();
    let failed = |call_id, error, why: Option<&str>| {
        let consulted = adopt(&plugin, call_id);
        assert_eq!(consulted.result, Err(error), "{call_id}");
        assert!(consulted.effects.is_empty(), "{call_id}");
        assert_eq!(consulted.why.as_deref(), why, "{call_id}");
    };
    failed("f", ConsultError::Fault, None);
    failed("u", ConsultError::Trap, Some("panic"));
    failed("l", ConsultError::Deadline, None);
    failed("e", ConsultError::Invalid, Some("a variable's name is empty"));
    failed("d", ConsultError::Invalid, Some("a variable's name is there twice"));
    failed("t", ConsultError::Invalid, Some("a variable with its name is longer than 4096 bytes"));
    failed("m", ConsultError::Invalid, Some("more than 32 variables"));
    let counted = plugin.stats().snapshot();
    assert_eq!((counted.faults, counted.all_traps(), counted.deadlines, counted.invalid), (1, 1, 1, 4));
    assert_eq!(made(adopt(&plugin, "s")), None, "the next call does not care");
}

/// A version of before the hook was thought of loads, and takes calls over as they are.
#[test]
fn a_version_without_the_hook_is_not_asked() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    assert!(!plugin.has_a_hook_for(&ask("r")));
    assert_eq!(made(adopt(&plugin, "r")), None);
    assert_eq!(plugin.stats().snapshot().calls, 0);
}

/// A call is made again from a recording: it has nothing of the network in it.
#[test]
fn it_can_be_played() {
    let engine = engine();
    let plugin = load(&engine, &adopting()).unwrap();
    let player = plugin::Player::new(0, Vec::new());
    let again = run(plugin.call(ask("r"), Ear::Play(player))).0;
    let canonical = plugin::Canonical::of(&again, None, &[]);
    let lines = [
        "done",
        "dialog variables: 2",
        "dialog variable calls: \\u{0}\\xff",
        "dialog variable served-user: alice",
    ];
    assert_eq!(canonical.lines(), lines);
    assert_eq!(plugin.stats().snapshot().calls, 0);
}
