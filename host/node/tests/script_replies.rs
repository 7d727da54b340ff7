//! What a script may do with responses: its own, those of others, and the failure of all its targets.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Hook, Relay, Reply, ReplyDecision};
use world::{ALICE, BOB, CAROL, Word, World, ladder, request, response, target, to_bob};

/// The edge of another element: requests come with two Vias, and a response goes back with both.
fn request_through_another(method: &str) -> String {
    request(method, "sip:bob@example.test", 1, "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKfar\n")
}

fn vias(message: &sip::Message) -> usize {
    message.values(sip::HeaderId::VIA).count()
}

#[test]
fn a_script_may_judge_replies_and_failures() {
    let mut world = World::new(|hook, message| {
        Ok(match hook {
            Hook::Request => {
                let Decision::Relay(relay) = to_bob() else { unreachable!() };
                Word::Request(Decision::Relay(Relay { ask_replies: true, ask_failure: true, ..relay }))
            }
            Hook::Reply if message.status() == 180 => Word::Reply(ReplyDecision::Drop),
            Hook::Reply => Word::Reply(ReplyDecision::Pass(Vec::new())),
            _ => {
                assert_eq!(message.status(), 486);
                let targets = vec![target("sip:voicemail@192.0.2.30", 1000)];
                Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() }))
            }
        })
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    assert!(
        world.receive(BOB, &response(&sent[1].message, 180, "b1", "")).is_empty(),
        "the script dropped it"
    );
    let moved = world.receive(BOB, &response(&sent[1].message, 486, "b1", ""));
    assert_eq!(ladder(&moved), ["ACK 192.0.2.20:5060", "INVITE 192.0.2.30:5060"]);
    let answered = world.receive(CAROL, &response(&moved[1].message, 200, "v1", ""));
    assert_eq!(ladder(&answered), ["200 192.0.2.10:5060"]);
    assert_eq!(world.consulted, [Hook::Request, Hook::Reply, Hook::Failure]);
}

/// RFC 3261 §13.3.1.4: the callee repeats its 2xx until it is acknowledged. What a script took out of the first one is not
/// in the others.
#[test]
fn a_2xx_that_comes_again_leaves_as_the_script_let_it_pass() {
    let mut world = World::new(|hook, message| {
        if hook == Hook::Request {
            let Decision::Relay(relay) = to_bob() else { unreachable!() };
            return Ok(Word::Request(Decision::Relay(Relay { ask_replies: true, ..relay })));
        }
        assert_eq!(message.status(), 200);
        let secret = node::Edit::RemoveAll(sip::HeaderId::P_CHARGING_VECTOR, "".into());
        Ok(Word::Reply(ReplyDecision::Pass(vec![secret])))
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let ok = response(&sent[1].message, 200, "b1", "P-Charging-Vector: icid-value=1\n");
    let first = world.receive(BOB, &ok);
    assert_eq!(first[0].message.head().header(sip::HeaderId::P_CHARGING_VECTOR), None);
    let again = world.receive(BOB, &ok);
    assert_eq!(ladder(&again), [format!("200 {ALICE}")]);
    assert_eq!(again[0].message.bytes(), first[0].message.bytes());
    assert_eq!(world.consulted, [Hook::Request, Hook::Reply], "it is asked once");
}

#[test]
fn a_response_that_a_script_judged_retraces_every_via() {
    let relay = || {
        let Decision::Relay(relay) = to_bob() else { unreachable!() };
        Relay { ask_replies: true, ..relay }
    };
    let mut world = World::new(move |hook, message| {
        if hook == Hook::Request {
            return Ok(Word::Request(Decision::Relay(relay())));
        }
        assert_eq!(vias(message), 2, "ours is off when the script sees it");
        let index = message.head().index_of(sip::HeaderId::SUBJECT);
        let edits = index.map(|index| sip::Edit::Replace { index: index as u32, value: (*b"seen").into() });
        Ok(Word::Reply(ReplyDecision::Pass(edits.into_iter().collect())))
    });
    let sent = world.receive(ALICE, &request_through_another("INVITE"));
    for status in [180, 200] {
        let response = response(&sent[1].message, status, "b1", "Subject: x");
        let passed = world.receive(BOB, &response);
        assert_eq!(ladder(&passed), [format!("{status} 192.0.2.10:5060")]);
        assert_eq!(vias(&passed[0].message), 2);
        assert_eq!(passed[0].message.header(sip::HeaderId::SUBJECT), Some(&b"seen"[..]));
    }
    assert_eq!(world.consulted, [Hook::Request, Hook::Reply, Hook::Reply]);
}

#[test]
fn a_script_edits_the_failure_that_it_saw() {
    for (ask_replies, hook) in [(false, Hook::Failure), (true, Hook::Reply)] {
        let mut world = World::new(move |asked, message| {
            if asked == Hook::Request {
                let Decision::Relay(relay) = to_bob() else { unreachable!() };
                let relay = Relay { ask_replies, ask_failure: !ask_replies, ..relay };
                return Ok(Word::Request(Decision::Relay(relay)));
            }
            assert_eq!(vias(message), 2);
            let index = message.head().index_of(sip::HeaderId::SUBJECT).unwrap() as u32;
            let edits = vec![sip::Edit::Replace { index, value: (*b"seen").into() }];
            Ok(match asked {
                Hook::Failure => Word::Request(Decision::Next(edits)),
                _ => Word::Reply(ReplyDecision::Pass(edits)),
            })
        });
        let sent = world.receive(ALICE, &request_through_another("INVITE"));
        let passed = world.receive(BOB, &response(&sent[1].message, 486, "b1", "Subject: x"));
        assert_eq!(ladder(&passed), ["ACK 192.0.2.20:5060", "486 192.0.2.10:5060"]);
        assert_eq!(passed[1].message.header(sip::HeaderId::SUBJECT), Some(&b"seen"[..]), "{hook:?}");
        assert_eq!(vias(&passed[1].message), 2);
        assert_eq!(world.consulted, [Hook::Request, hook]);
    }
}

#[test]
fn a_script_replaces_the_failure_on_its_way_upstream() {
    let mut world = World::new(|hook, _| {
        if hook == Hook::Request {
            let Decision::Relay(relay) = to_bob() else { unreachable!() };
            return Ok(Word::Request(Decision::Relay(Relay { ask_replies: true, ..relay })));
        }
        Ok(Word::Reply(ReplyDecision::Replace(Reply { status: 480, ..Reply::default() })))
    });
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 1, ""));
    let replaced = world.receive(BOB, &response(&sent[0].message, 404, "b1", ""));
    assert_eq!(ladder(&replaced), ["480 192.0.2.10:5060"]);
}

/// Nothing would ever follow a 1xx: the request would stay open for ever.
#[test]
fn a_script_cannot_end_with_a_provisional_reply() {
    let mut world =
        World::new(|_, _| Ok(Word::Request(Decision::Reply(Reply { status: 180, ..Reply::default() }))));
    for (number, method) in ["INVITE", "MESSAGE"].into_iter().enumerate() {
        let answered = world.receive(ALICE, &request(method, "sip:bob@example.test", number as u32, ""));
        assert_eq!(ladder(&answered), ["500 192.0.2.10:5060"]);
    }
    world.pass(Duration::from_secs(200));
    assert!(world.node.is_quiescent());
}

/// RFC 3261 §16.7 item 5, §13.2.2.4: each phone that answers an INVITE has a 2xx of its own. A script that wants to see all of
/// them is asked about each once, with the request and what it has kept; what comes again leaves as it left then.
#[test]
fn the_2xx_of_further_phones_are_asked_about_where_a_script_wants_that() {
    for (ask_further, seen) in [(true, true), (false, false)] {
        let mut world = World::new(move |hook, message| {
            if hook == Hook::Request {
                let Decision::Relay(relay) = to_bob() else { unreachable!() };
                let relay = Relay { ask_replies: true, ask_further, ..relay };
                return Ok(Word::Request(Decision::Relay(relay)));
            }
            assert_eq!(vias(message), 1, "ours is off");
            let secret = node::Edit::RemoveAll(sip::HeaderId::P_CHARGING_VECTOR, "".into());
            Ok(Word::Reply(ReplyDecision::Pass(vec![secret])))
        });
        let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
        let answer = |tag: &str| {
            let more = "Contact: <sip:b@192.0.2.20>\nP-Charging-Vector: icid-value=1\n";
            response(&sent[1].message, 200, tag, more)
        };
        let hidden = |sent: &[world::Sent]| {
            assert_eq!(ladder(sent), [format!("200 {ALICE}")]);
            sent[0].message.header(sip::HeaderId::P_CHARGING_VECTOR).is_none()
        };
        // The first, two more, and more than are remembered; each comes twice.
        for (tag, is_remembered) in [("b1", true), ("b2", true), ("b3", true), ("b4", false), ("b1", true)] {
            let is_first = tag == "b1";
            let asked = world.consulted.len();
            let one = world.receive(BOB, &answer(tag));
            let again = world.receive(BOB, &answer(tag));
            assert_eq!((hidden(&one), hidden(&again)), (seen || is_first, seen || is_first), "{tag}");
            assert_eq!(one[0].message.bytes(), again[0].message.bytes(), "{tag}");
            if seen && !is_first {
                assert_eq!(world.consulted.len() - asked, if is_remembered { 1 } else { 2 }, "{tag}");
            }
        }
        assert_eq!(world.node.counters().dialogs.get(), 3, "those that are tracked");
        world.pass(Duration::from_secs(40));
        assert!(world.node.is_idle());
    }
}
