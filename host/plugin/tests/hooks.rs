//! Which hooks are asked, and with what: methods, bodies, requests inside dialogs, timers, events.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;

use node::{ConsultError, Hook};
use plugin::{Event, Outcome, Plugin, Role, TrapKind};
use strowger_plugin as plugin;
use support::{
    Machine, area, ask, behaviours, context, engine, is_next, load, message, module, request, run,
};

fn load_with(engine: &plugin::Engine, bytes: &[u8], configuration: &str) -> Arc<Plugin> {
    engine.load(bytes, &Role::edge(), configuration, Arc::new(Machine::default())).unwrap()
}

#[test]
fn a_manifest_may_name_the_methods_it_wants() {
    let engine = engine();
    let plugin = load_with(&engine, &behaviours("b", "1"), "invite");
    assert!(plugin.asks(Hook::Request, b"INVITE") && !plugin.asks(Hook::Request, b"invite"));
    assert!(is_next(&ask(&plugin, 'u')), "it is not asked about OPTIONS");
    let invite = plugin.consult(Hook::Request, request("INVITE", 'u'), context());
    assert_eq!(run(invite).0.result, Err(ConsultError::Trap));
    let response = plugin.consult(Hook::Failure, support::response(486, "OPTIONS", 'f'), context());
    assert_eq!(run(response).0.result, Err(ConsultError::Fault), "methods are those of on-request");
}

#[test]
fn the_body_is_in_the_view_only_where_it_is_wanted() {
    let engine = engine();
    let message = message("INVITE sip:bob@example.com SIP/2.0", "INVITE", '-', "X-Do: u\r\n");
    let without = load(&engine, &behaviours("b", "1")).unwrap();
    let with = load_with(&engine, &behaviours("b", "1"), "invite");
    assert!(is_next(&run(without.consult(Hook::Request, message.clone(), context())).0));
    assert_eq!(run(with.consult(Hook::Request, message, context())).0.result, Err(ConsultError::Trap));
}

#[test]
fn requests_inside_a_dialog_are_asked_about_where_they_are_wanted() {
    let engine = engine();
    let text = area::behaviours("b", "1")
        .fill(include_str!("support/behaviours.wat"))
        .replace("sip/on-failure@0.1.0#", "sip/on-in-dialog-request@0.1.0#");
    let worlds =
        support::WORLDS.map(|world| if world == "hook-failure" { "hook-in-dialog-request" } else { world });
    let bytes = module(&text, &worlds);
    let asked = load_with(&engine, &bytes, "dialog");
    assert!(asked.manifest().wants_in_dialog && asked.asks(Hook::InDialogRequest, b"BYE"));
    let bye = asked.consult(Hook::InDialogRequest, request("BYE", 'f'), context());
    assert_eq!(run(bye).0.result, Err(ConsultError::Fault));
    let not_asked = load_with(&engine, &bytes, "");
    let bye = not_asked.consult(Hook::InDialogRequest, request("BYE", 'f'), context());
    assert!(is_next(&run(bye).0), "it has the hook, but does not want to be asked");
}

#[test]
fn a_timer_has_no_message_in_hand() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    assert_eq!(run(plugin.timer_fired("token".into())).0.result, Ok(Outcome::Done));
    assert_eq!(run(plugin.timer_fired("t".into())).0.result, Err(ConsultError::Trap));
    assert_eq!(plugin.stats().snapshot().trapped(TrapKind::Misuse), 1);
}

#[test]
fn an_event_arrives_whole_and_only_where_there_is_a_hook() {
    let engine = engine();
    // Traps unless the event is a dialog's end, with a Call-ID of 2 bytes and a reason of 3.
    let hook = r#"
      (func (export "strowger:sip/on-event@0.1.0#happened") (param i32 i32 i32 i32 i32 i32 i32)
        (if (i32.ne (local.get 0) (i32.const 1)) (then (unreachable)))
        (if (i32.ne (i32.load16_u (local.get 1)) (i32.const 0x3163)) (then (unreachable)))
        (if (i32.ne (local.get 2) (i32.const 2)) (then (unreachable)))
        (if (i32.ne (local.get 4) (i32.const 3)) (then (unreachable))))
    @DATA@"#;
    let text = include_str!("support/behaviours.wat").replace("@DATA@", hook);
    let text = area::behaviours("b", "1").fill(&text);
    let worlds: Vec<_> = support::WORLDS.into_iter().chain(["hook-event"]).collect();
    let with = load(&engine, &module(&text, &worlds)).unwrap();
    let ended = |call_id: &str| Event::DialogEnded { call_id: call_id.into(), why: "bye" };
    assert_eq!(run(with.happened(ended("c1"))).0.result, Ok(Outcome::Done));
    assert_eq!(run(with.happened(ended("c12"))).0.result, Err(ConsultError::Trap));
    let attrs = vec![(1, b"x".to_vec())];
    let other = Event::Other { name: "newer".into(), attrs };
    assert_eq!(run(with.happened(other)).0.result, Err(ConsultError::Trap));
    assert_eq!(with.stats().snapshot().calls, 3);

    let without = load(&engine, &behaviours("b", "1")).unwrap();
    assert_eq!(run(without.happened(ended("c12"))).0.result, Ok(Outcome::Done));
    assert_eq!(without.stats().snapshot().calls, 0);
}
