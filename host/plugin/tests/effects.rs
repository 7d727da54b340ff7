//! What a script asks to happen takes place with its decision, or not at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use node::ConsultError;
use strowger_plugin::{Consulted, Variables};
use support::{Change, ask, behaviours, context, engine, is_next, load, request, run};

fn staged(consulted: Consulted) -> Vec<Change> {
    let change = |staged: strowger_plugin::Staged| *staged.downcast::<Change>().unwrap();
    consulted.effects.staged.into_iter().map(change).collect()
}

#[test]
fn effects_come_out_with_the_decision_in_their_order() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let consulted = ask(&plugin, 'x');
    assert!(is_next(&consulted));
    assert_eq!(consulted.effects.provisionals, [(183, "word".into())]);
    let variables = consulted.effects.variables.clone().unwrap();
    assert_eq!(variables.get("word"), Some(&Bytes::from_static(b"word")));
    assert!(consulted.effects.dialog_variables.is_none());
    assert_eq!(staged(consulted), [Change("register", "word".into()), Change("remove", "word".into())]);
}

#[test]
fn a_trap_drops_them_and_so_does_a_fault() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    for (letter, error) in [('e', ConsultError::Trap), ('E', ConsultError::Fault)] {
        let consulted = ask(&plugin, letter);
        assert_eq!(consulted.result, Err(error));
        assert!(consulted.effects.is_empty(), "{:?}", consulted.effects);
        let next = ask(&plugin, 't');
        assert!(is_next(&next) && next.effects.is_empty(), "nothing is left over for the next call");
    }
}

#[test]
fn a_script_sees_its_variables_and_its_own_changes() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    assert_eq!(ask(&plugin, 'a').result, Err(ConsultError::Trap), "there is no variable yet");
    let mut variables = Variables::default();
    variables.set("word", Some(Bytes::from_static(b"1"))).unwrap();
    let before = Arc::new(variables);
    let mut context = context();
    context.variables = Some(before.clone());
    let consulted = run(plugin.consult(node::Hook::Request, request("OPTIONS", 'a'), context)).0;
    assert!(is_next(&consulted));
    assert!(consulted.effects.variables.unwrap().is_empty(), "it removed the variable");
    assert_eq!(before.len(), 1, "the transaction's own are untouched until the decision is carried out");
}
