//! Decisions as values, and decisions that break the contract.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::time::Duration;

use node::{ConsultError, Decision, Edit, Hook, ReplyDecision};
use plugin::{DecisionKind, Outcome};
use strowger_plugin as plugin;
use support::{ask, behaviours, context, engine, is_next, load, request, response, run};

#[test]
fn a_reply_with_a_header_field() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let Ok(Outcome::Decision(Decision::Reply(reply))) = ask(&plugin, 'y').result else { panic!("no reply") };
    assert_eq!((reply.status, &*reply.reason, reply.stateless), (299, "Fine", true));
    let [Edit::Append(edit)] = &*reply.edits else { panic!("{:?}", reply.edits) };
    assert_eq!((edit.id, &*edit.name, &*edit.value), (sip::HeaderId(0), "X-Test", &b"one"[..]));
    assert_eq!(plugin.stats().snapshot().decided(DecisionKind::Reply), 1);
}

#[test]
fn a_relay_looks_its_locations_up() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let Ok(Outcome::Decision(Decision::Relay(relay))) = ask(&plugin, 'R').result else { panic!("no relay") };
    assert!(relay.record_route && !relay.ask_replies && relay.ask_failure && relay.targets_named);
    assert_eq!(relay.timeout, Some(Duration::from_secs(4)));
    let [bob, carol] = &*relay.targets else { panic!("{:?}", relay.targets) };
    assert_eq!((&*bob.uri, bob.q), ("sip:bob@192.0.2.7", 700));
    assert_eq!(bob.route, ["<sip:proxy.example;lr>".into()]);
    assert_eq!((&*carol.uri, carol.q), ("sip:carol@192.0.2.9:5070", 500));
    assert_eq!(
        carol.route,
        ["<sip:proxy.example;lr>".into(), "<sip:path.example;lr>".into()],
        "the Path comes last"
    );
}

#[test]
fn a_challenge() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let Ok(Outcome::Decision(Decision::Challenge(challenge))) = ask(&plugin, 'C').result else {
        panic!("none")
    };
    assert!(challenge.proxy && challenge.stale);
    assert_eq!(&*challenge.realm, "example.com");
    assert_eq!(challenge.algorithms, [auth::Algorithm::Sha256, auth::Algorithm::Md5]);
}

#[test]
fn decisions_that_break_the_contract_are_not_taken() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let cases = [
        ('c', "a line break"),
        ('H', "a Via of its own"),
        ('s', "a status of 42"),
        ('i', "an index"),
        ('d', "a drop"),
        ('Q', "a q of 1001"),
    ];
    for (letter, what) in cases {
        assert_eq!(ask(&plugin, letter).result, Err(ConsultError::Invalid), "{what}");
        assert_eq!(plugin.guests(), (1, 1), "the guest did not trap: it is kept");
        assert!(is_next(&ask(&plugin, 'x')));
    }
    assert_eq!(plugin.stats().snapshot().invalid, cases.len() as u64);
}

#[test]
fn an_ack_may_be_dropped() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let call = plugin.consult(Hook::Request, request("ACK", 'd'), context());
    assert_eq!(run(call).0.result, Ok(Outcome::Decision(Decision::Drop)));
}

#[test]
fn a_fault_is_an_ordinary_answer() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let consulted = ask(&plugin, 'f');
    assert_eq!(consulted.result, Err(ConsultError::Fault));
    assert_eq!(consulted.fault, Some(plugin::Fault { code: 77, reason: "no such  thing".into() }));
    assert_eq!(plugin.guests(), (1, 1), "its guest lives on");
    assert_eq!(plugin.stats().snapshot().faults, 1);
}

#[test]
fn what_a_reply_hook_may_do() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let ask = |status, method, letter| {
        run(plugin.consult(Hook::Reply, response(status, method, letter), context())).0.result
    };
    assert_eq!(ask(200, "INVITE", 'x'), Ok(Outcome::Reply(ReplyDecision::Pass(Vec::new()))));
    assert_eq!(ask(180, "INVITE", 'd'), Ok(Outcome::Reply(ReplyDecision::Drop)));
    assert_eq!(ask(486, "INVITE", 'd'), Err(ConsultError::Invalid), "a final response cannot be dropped");
    assert!(
        matches!(ask(486, "INVITE", 'y'), Ok(Outcome::Reply(ReplyDecision::Replace(reply))) if reply.status == 299)
    );
    assert_eq!(ask(200, "INVITE", 'y'), Err(ConsultError::Invalid), "the phone has answered");
    assert!(matches!(ask(200, "OPTIONS", 'y'), Ok(Outcome::Reply(ReplyDecision::Replace(_)))));
}

#[test]
fn a_failure_hook_sees_the_response_and_decides_about_the_request() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    let call = plugin.consult(Hook::Failure, response(486, "INVITE", 'R'), context());
    assert!(matches!(run(call).0.result, Ok(Outcome::Decision(Decision::Relay(_)))));
}

#[test]
fn a_hook_that_is_not_there_decides_what_the_standard_says() {
    let engine = engine();
    let plugin = load(&engine, &behaviours("b", "1")).unwrap();
    assert!(!plugin.asks(Hook::InDialogRequest, b"BYE"));
    assert!(plugin.asks(Hook::Request, b"INVITE") && plugin.asks(Hook::Reply, b""));
    let (consulted, polls) = run(plugin.consult(Hook::InDialogRequest, request("BYE", 'u'), context()));
    assert!(is_next(&consulted) && polls == 1);
    assert_eq!(plugin.stats().snapshot().calls, 0);
}
