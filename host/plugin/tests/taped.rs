//! A call that was recorded is made again from the tape alone, by the same version and by others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use plugin::{
    Ask, Canonical, Consulted, Ear, Engine, EngineConfig, Limits, Player, Plugin, Question, Role, Tape,
};
use strowger_plugin as plugin;
use support::cscf::component;
use support::{Machine, behaviours, context, engine, load, poll_once, request, run};

fn ask(order: &str) -> Ask {
    let text = format!(
        "REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\
         X-Do: {order}\r\nContent-Length: 0\r\n\r\n"
    );
    let message = Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap());
    Ask::Message { hook: node::Hook::Request, message, context: context() }
}

fn message(ask: &Ask) -> Option<&sip::Message> {
    match ask {
        Ask::Message { message, .. } => Some(message),
        _ => None,
    }
}

fn recorded(plugin: &Arc<Plugin>, ask: &Ask) -> (Consulted, Arc<Tape>) {
    let tape = Tape::new(1_700_000_000_000);
    let (consulted, _) = run(plugin.call(ask.clone(), Ear::Record(Arc::clone(&tape))));
    (consulted, tape)
}

fn played(plugin: &Arc<Plugin>, ask: &Ask, tape: &Tape) -> (Canonical, Arc<Player>) {
    let player = Player::of(tape);
    let (consulted, polls) = run(plugin.call(ask.clone(), Ear::Play(Arc::clone(&player))));
    assert_eq!(polls, 1, "nothing is waited for");
    (Canonical::of(&consulted, message(ask), &player.asked()), player)
}

/// Every kind of question that a CSCF's script of the tests asks.
#[test]
fn the_same_version_decides_the_same_from_the_tape() {
    let (machine, role) = (Arc::new(Machine::default()), Role::named("scscf").grant("strowger:cx/query"));
    let plugin = engine().load(&component(), &role, "", machine.clone()).unwrap();
    for order in ["u", "q", "c", "a", "v", "s0", "d0"] {
        let ask = ask(order);
        let (consulted, tape) = recorded(&plugin, &ask);
        let asked: Vec<Question> = tape.exchanges().into_iter().map(|one| one.question).collect();
        let live = Canonical::of(&consulted, message(&ask), &asked);
        let questions = machine.hss.asked.lock().unwrap().len();
        let counted = plugin.stats().snapshot();
        let (again, player) = played(&plugin, &ask, &tape);
        assert_eq!(again, live, "{order}");
        assert_eq!((player.parting(), player.unknown().len()), (None, 0), "{order}");
        assert_eq!(machine.hss.asked.lock().unwrap().len(), questions, "{order}: no HSS is asked");
        assert_eq!(plugin.stats().snapshot(), counted, "{order}: and nothing is counted");
    }
}

/// The clock of a tape stands still, and what the registrar staged is an empty box.
#[test]
fn what_a_played_call_wants_done_is_nobodys_change() {
    let plugin = load(&engine(), &behaviours("b", "1")).unwrap();
    let ask =
        Ask::Message { hook: node::Hook::Request, message: request("OPTIONS", 'x'), context: context() };
    let (live, tape) = recorded(&plugin, &ask);
    assert_eq!(live.effects.staged.len(), 2);
    let player = Player::of(&tape);
    let (again, _) = run(plugin.call(ask, Ear::Play(player)));
    assert_eq!(again.effects.staged.len(), 2);
    assert!(again.effects.staged.iter().all(|staged| staged.is::<()>()));
}

/// Lines that are written nowhere take nothing from what its live calls may write in a second.
#[test]
fn a_played_call_writes_no_log() {
    let machine = Arc::new(Machine::default());
    let plugin = engine().load(&behaviours("b", "1"), &Role::edge(), "", machine.clone()).unwrap();
    let ask =
        Ask::Message { hook: node::Hook::Request, message: request("OPTIONS", 'g'), context: context() };
    let (_, tape) = recorded(&plugin, &ask);
    let written = || machine.lines.lock().unwrap().len();
    let (before, dropped) = (written(), plugin.stats().snapshot().log_lines_dropped);
    (0..20).for_each(|_| drop(run(plugin.call(ask.clone(), Ear::Play(Player::of(&tape))))));
    assert_eq!(written(), before);
    run(plugin.call(ask.clone(), Ear::Nobody));
    assert_eq!(written(), 2 * before, "a live one has all that it may write");
    assert_eq!(plugin.stats().snapshot().log_lines_dropped, 2 * dropped);
}

#[test]
fn another_version_parts_where_it_asks_something_else() {
    let role = Role::named("scscf").grant("strowger:cx/query");
    let plugin = engine().load(&component(), &role, "", Arc::new(Machine::default())).unwrap();
    let (_, tape) = recorded(&plugin, &ask("q"));
    let (_, player) = played(&plugin, &ask("u"), &tape);
    assert_eq!(player.parting(), Some(0));
    assert!(matches!(player.unknown()[..], [Question::UserAuthorization(_)]), "{:?}", player.unknown());
}

/// A guest that listens once does not listen the next time.
#[test]
fn a_guest_forgets_its_tape() {
    let machine = Arc::new(Machine::default());
    let role = Role::named("scscf").grant("strowger:cx/query");
    let plugin = engine().load(&component(), &role, "", machine.clone()).unwrap();
    let (_, tape) = recorded(&plugin, &ask("q"));
    let before = tape.exchanges().len();
    played(&plugin, &ask("q"), &tape);
    machine.hss.hold();
    let mut live = plugin.call(ask("q"), Ear::Nobody);
    assert!(poll_once(&mut live).is_pending(), "it asks the HSS again");
    machine.hss.answer();
    run(live);
    assert_eq!(tape.exchanges().len(), before);
    assert_eq!(plugin.guests(), (1, 1), "all of them were calls of one guest");
    assert!(plugin.stats().snapshot().cpu > Duration::ZERO);
}

/// Fuel in the place of time: a call costs the same every time, and one that never ends does so at the same place.
#[test]
fn fuel_is_counted_and_ends_a_loop() {
    const FUEL: u64 = 1_000_000;
    let deadline = Duration::from_secs(3600);
    let limits = Limits { deadline, init_deadline: deadline, ..Limits::default() };
    let engine =
        Engine::new(EngineConfig { fuel: Some(FUEL), max_guests: 8, limits, ..EngineConfig::default() });
    let plugin = load(&engine.unwrap(), &behaviours("b", "1")).unwrap();
    let played = |letter| {
        let message = request("OPTIONS", letter);
        let ask = Ask::Message { hook: node::Hook::Request, message, context: context() };
        plugin.call(ask, Ear::Play(Player::new(0, Vec::new()))).wait()
    };
    let (first, second) = (played('d'), played('d'));
    assert!(first.fuel > Some(10) && first.fuel < Some(FUEL), "{:?}", first.fuel);
    assert_eq!(first.fuel, second.fuel);
    let ended = played('l');
    assert_eq!((ended.result, ended.fuel), (Err(node::ConsultError::Deadline), Some(FUEL)));
    let others = load(&support::engine(), &behaviours("b", "1")).unwrap();
    let ask =
        Ask::Message { hook: node::Hook::Request, message: request("OPTIONS", 'd'), context: context() };
    assert_eq!(others.call(ask, Ear::Nobody).wait().fuel, None, "elsewhere it is not counted");
}
