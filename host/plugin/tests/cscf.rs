//! What a CSCF's script asks, sends and decides: questions to the HSS that suspend it, requests of its own, attributes
//! (`docs/attributes.md`), and keys that it never sees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use node::{ConsultError, Decision};
use plugin::{Consultation, Consulted, Engine, Outcome, Plugin, Role};
use sip::HeaderId;
use strowger_plugin as plugin;
use support::cscf::{DECISIONS, With, component, requests};
use support::{Change, Machine, context, engine, engine_with, hss, is_next, poll_once, run};
use transaction::Timers;

struct World {
    engine: Engine,
    machine: Arc<Machine>,
    plugin: Arc<Plugin>,
}

impl World {
    fn new() -> World {
        World::with(engine())
    }

    fn with(engine: Engine) -> World {
        let machine = Arc::new(Machine::default());
        let role = Role::named("scscf").grant("strowger:cx/query");
        let plugin = engine.load(&component(), &role, "", machine.clone()).unwrap();
        World { engine, machine, plugin }
    }

    fn consult(&self, order: &str) -> Consultation {
        let text = format!(
            "REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\
             X-Do: {order}\r\nContent-Length: 0\r\n\r\n"
        );
        let message = Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap());
        self.plugin.consult(node::Hook::Request, message, context())
    }

    fn ask(&self, order: &str) -> Consulted {
        run(self.consult(order)).0
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.machine.hss.asked.lock().unwrap())
    }
}

/// A letter and the number of one of its values.
fn order(letter: char, number: usize) -> String {
    format!("{letter}{}", char::from(b'0' + u8::try_from(number).unwrap()))
}

fn staged(consulted: Consulted) -> Vec<Change> {
    let change = |staged: strowger_plugin::Staged| *staged.downcast::<Change>().unwrap();
    consulted.effects.staged.into_iter().map(change).collect()
}

#[test]
fn a_question_to_the_hss_suspends_its_guest_and_nobody_else() {
    let world = World::new();
    world.machine.hss.hold();
    let mut waiting = world.consult("q");
    assert!(poll_once(&mut waiting).is_pending());
    assert!(poll_once(&mut waiting).is_pending(), "as often as it is polled");
    assert_eq!(world.asked(), ["word true Some(DeRegistration)"], "asked once");
    assert!(is_next(&world.ask("v")), "another call, on the same thread");
    world.machine.hss.answer();
    assert!(is_next(&run(waiting).0));
    assert_eq!(world.plugin.guests(), (2, 2), "and its guest is kept");
    assert_eq!(world.plugin.stats().snapshot().all_traps(), 0);
}

#[test]
fn every_question_and_a_failure() {
    let world = World::new();
    let refused = world.ask("u");
    assert_eq!(refused.result, Err(ConsultError::Fault), "the script sees the failure as one");
    assert_eq!(world.asked(), ["word word word RegistrationAndCapabilities"]);
    assert!(is_next(&world.ask("c")), "the number of the challenge comes back");
    assert_eq!(world.asked(), ["word word word AkaV1"]);
    let assigned = world.ask("a");
    assert!(is_next(&assigned));
    assert_eq!(world.asked(), ["word word Registration"]);
    assert_eq!(staged(assigned), [Change("assign", "word".into())]);
}

#[test]
fn a_call_that_is_dropped_while_it_waits_gives_its_question_up() {
    let world = World::new();
    for order in ["u", "q", "c", "a"] {
        world.machine.hss.hold();
        let before = world.plugin.stats().snapshot().abandoned;
        let mut waiting = world.consult(order);
        assert!(poll_once(&mut waiting).is_pending(), "{order}");
        assert_eq!(world.engine.status().guests, 1);
        drop(waiting);
        assert_eq!((world.plugin.guests(), world.engine.status().guests), ((0, 0), 0));
        assert_eq!(world.plugin.stats().snapshot().abandoned, before + 1);
        world.machine.hss.answer();
        assert!(is_next(&world.ask("v")));
    }
    assert_eq!(*world.machine.hss.given_up.lock().unwrap(), 4);
}

/// The deadline counts the time that a guest has the thread, and not that of the HSS.
#[test]
fn waiting_is_no_work_and_a_loop_behind_it_is() {
    let deadline = Duration::from_millis(20);
    let world = World::with(engine_with(|config| config.limits.deadline = deadline));
    world.machine.hss.hold();
    let mut waiting = world.consult("q");
    assert!(poll_once(&mut waiting).is_pending());
    let began = Instant::now();
    while began.elapsed() < 5 * deadline {
        std::hint::spin_loop();
    }
    assert!(poll_once(&mut waiting).is_pending(), "still not there");
    world.machine.hss.answer();
    let (consulted, _) = run(waiting);
    assert!(is_next(&consulted), "{consulted:?}");
    assert!(consulted.cpu < deadline, "{:?}", consulted.cpu);
    let looping = world.ask("Q");
    assert_eq!(looping.result, Err(ConsultError::Deadline));
    assert!(looping.cpu >= deadline, "{:?}", looping.cpu);
    assert_eq!(world.plugin.stats().snapshot().deadlines, 1);
}

#[test]
fn those_who_wait_are_guests_like_others() {
    let world = World::new();
    world.machine.hss.hold();
    let mut waiting: Vec<_> = (0..4).map(|_| world.consult("q")).collect();
    for one in &mut waiting {
        assert!(poll_once(one).is_pending());
    }
    assert_eq!(world.ask("v").result, Err(ConsultError::Busy));
    world.machine.hss.answer();
    for one in waiting {
        assert!(is_next(&run(one).0));
    }
    assert!(is_next(&world.ask("v")));
}

/// `withdraw` takes back what `register` and `remove` staged, and nothing else.
#[test]
fn what_is_staged_goes_with_the_decision() {
    let world = World::new();
    let consulted = world.ask("s1");
    assert_eq!(consulted.effects.to_tag.as_deref(), Some("chosen"));
    let [assign, subscribe] = [Change("assign", "word".into()), Change("subscribe", "word".into())];
    assert_eq!(staged(consulted), [Change("remove", "word".into()), assign, subscribe]);
    let [assign, subscribe] = [Change("assign", "word".into()), Change("subscribe", "word".into())];
    assert_eq!(staged(world.ask("s0")), [assign, subscribe]);
}

/// RFC 3261 §8.1.1: what a request of a script's own bears, and what it may not be.
#[test]
fn requests_of_a_scripts_own() {
    let world = World::new();
    for (number, (_, refused)) in requests().into_iter().enumerate() {
        let consulted = world.ask(&order('k', number));
        if refused.is_empty() {
            assert!(is_next(&consulted), "{number}: {consulted:?}");
            assert_eq!(consulted.effects.sends.len(), 1);
            let head = consulted.effects.sends[0].request.head();
            let count = |id| head.fields(id).count();
            for id in
                [HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::CSEQ, HeaderId::MAX_FORWARDS]
            {
                assert_eq!(count(id), 1, "{number}: {}", id.name());
            }
            assert_eq!((count(HeaderId::VIA), count(HeaderId::CONTENT_LENGTH)), (0, 1));
        } else {
            assert_eq!(consulted.result, Err(ConsultError::Fault), "{number}: {refused}");
            assert!(consulted.effects.is_empty());
        }
    }
    let sent = |number| world.ask(&order('k', number)).effects.sends.remove(0);
    let bare = sent(0);
    let head = bare.request.head();
    assert_eq!(head.call_id().unwrap(), "07".repeat(16).as_bytes());
    assert_eq!(head.cseq().unwrap().number, 1);
    assert!(head.header(HeaderId::FROM).unwrap().ends_with(format!(";tag={}", "07".repeat(8)).as_bytes()));
    assert_eq!((&*bare.token, bare.timeout, bare.third_party), ("", None, None));
    let full = sent(1);
    let head = full.request.head();
    assert_eq!((head.call_id().unwrap(), head.cseq().unwrap().number), (&b"own@ims.test"[..], 9));
    assert_eq!(head.header(HeaderId::FROM), Some(&b"\"S\" <sip:scscf.ims.test>;tag=mine"[..]));
    assert_eq!(head.header(HeaderId::MAX_FORWARDS), Some(&b"71"[..]), "the host's");
    assert_eq!(head.header(HeaderId::EVENT), Some(&b"reg"[..]));
    assert_eq!(head.header_named("X-Own"), Some(&b"yes"[..]));
    let routes: Vec<_> = head.values(HeaderId::ROUTE).map(|value| value.bytes.to_vec()).collect();
    assert_eq!(routes, [b"<sip:one;lr>", b"<sip:two;lr>"]);
    assert_eq!((head.header(HeaderId::CONTENT_TYPE), head.body()), (Some(&b"text/plain"[..]), &b"hello"[..]));
    assert_eq!((&*full.token, full.timeout), ("word", Some(Duration::from_millis(1_500))));
    let third = sent(2).third_party.unwrap();
    assert_eq!(third.service_info.as_deref(), Some("<x>1</x>"));
    assert!(third.include_request && third.include_response);
    let third = sent(3).third_party.unwrap();
    assert_eq!((third.service_info, third.include_request, third.include_response), (None, false, true));
    assert_eq!(sent(4).third_party, None, "a tag that nobody knows is nothing");
}

#[test]
fn one_call_sends_so_many() {
    let world = World::new();
    let consulted = world.ask("m");
    assert!(is_next(&consulted), "{consulted:?}");
    assert_eq!(consulted.effects.sends.len(), 32);
}

/// `docs/attributes.md`.
#[test]
fn attributes_of_decisions() {
    let world = World::new();
    for (number, (with, keeps)) in DECISIONS.into_iter().enumerate() {
        let consulted = world.ask(&order('d', number));
        if !keeps {
            assert_eq!(consulted.result, Err(ConsultError::Invalid), "{with:?}");
            continue;
        }
        let Ok(Outcome::Decision(decision)) = consulted.result else { panic!("{with:?}: {consulted:?}") };
        match (with, decision) {
            (With::Reply(1, _), Decision::Reply(reply)) => {
                let [node::Edit::Append(field)] = &reply.edits[..] else { panic!("{:?}", reply.edits) };
                assert_eq!((reply.status, field.id), (401, HeaderId::WWW_AUTHENTICATE));
                assert_eq!(&*field.value, hss::CHALLENGE.as_bytes(), "with its keys");
            }
            (With::Reply(tag, _), Decision::Reply(reply)) => {
                assert!(reply.edits.is_empty());
                assert_eq!(reply.server_timers, (tag == 10).then_some(Timers::IMS_PHONE), "{tag}");
            }
            (With::Relay(tag, value), Decision::Relay(relay)) => {
                let until = match tag {
                    4 => node::Until::Response,
                    7 => node::Until::Trying,
                    _ => node::Until::Final,
                };
                assert_eq!(relay.until, until, "{tag}");
                let token = (tag == 8).then(|| std::str::from_utf8(value).unwrap());
                assert_eq!(relay.returns_by.as_deref(), token, "{tag}");
                assert_eq!(relay.vias.as_deref().map(str::as_bytes), (tag == 9).then_some(value));
                assert_eq!(relay.timers, (tag == 3).then_some(Timers::IMS_PHONE), "{tag}");
                assert_eq!(relay.ask_failure_unless_heard, tag == 11, "{tag}");
                assert_eq!(relay.ask_further, tag == 13, "{tag}");
                let served = (tag == 12).then(|| std::str::from_utf8(value).unwrap());
                assert_eq!(relay.served_user.as_deref(), served, "{tag}");
                assert_eq!(relay.server_timers, (tag == 10).then_some(Timers::IMS_PHONE), "{tag}");
            }
            (With::Target(2, value), Decision::Relay(relay)) => {
                let target = &relay.targets[0];
                let flow = target.flow.unwrap();
                assert_eq!((flow.connection != 0, target.flow_only), (value == b"good", value == b"good"));
            }
            (With::Target(3, value), Decision::Relay(relay)) => {
                let (numbers, _) = value.as_chunks::<4>();
                let [t1, t2, t4] =
                    [0, 1, 2].map(|at: usize| Duration::from_millis(u32::from_le_bytes(numbers[at]).into()));
                assert_eq!(relay.targets[0].timers, Some(Timers::new(t1, t2, t4)), "{with:?}");
            }
            (With::Target(..), Decision::Relay(relay)) => {
                assert_eq!((relay.targets[0].flow, relay.targets[0].timers), (None, None));
            }
            (with, decision) => panic!("{with:?}: {decision:?}"),
        }
    }
}

/// TS 24.229 §5.4.1.2.1: CK and IK pass through scripts' hands unseen; the guest traps where it finds them.
#[test]
fn a_script_sees_no_keys() {
    let world = World::new();
    for value in [hss::CHALLENGE, "Digest IK = \"feedbeef\" , ck\t=\r\n feedbeef", "Digest ck=feedbeef"] {
        let text = format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n\
             From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\
             WWW-Authenticate: Digest realm=\"other\"\r\nWWW-Authenticate: {value}\r\nContent-Length: 0\r\n\r\n"
        );
        let response = Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap());
        let passed = run(world.plugin.consult(node::Hook::Reply, response.clone(), context())).0;
        let pass = Ok(Outcome::Reply(node::ReplyDecision::Pass(Vec::new())));
        assert_eq!(passed.result, pass, "on-reply: {value}");
        let told = run(world.plugin.answered("word".into(), response)).0;
        assert_eq!(told.result, Ok(Outcome::Done), "on-answer: {value}");
    }
}
