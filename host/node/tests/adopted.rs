//! A call whose version was let go: the next one takes it over, with what was kept in it, before it is asked about anything
//! inside it.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;

use dialog::Variables;
use node::{Decision, Hook, Pin};
use sip::HeaderId;
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, ladder, request, response, to_bob};

fn kept(all: &[(&str, &str)]) -> Variables {
    let mut variables = Variables::default();
    all.iter().for_each(|(name, value)| variables.set(name, Some(value.as_bytes())).unwrap());
    variables
}

fn version(name: &str) -> Option<Pin> {
    Some(Arc::new(name.to_owned()) as Pin)
}

fn name(pin: &Pin) -> String {
    Arc::clone(pin).downcast::<String>().unwrap().to_string()
}

/// Alice's call, answered by Bob, which seven took: it has kept who is served.
fn called_by_seven() -> (World, Sent) {
    let mut world = World::new(|hook, _| {
        Ok(Word::Request(match hook {
            Hook::Request => to_bob(),
            _ => Decision::Next(Vec::new()),
        }))
    });
    world.node.set_wants(node::Wants { methods: u32::MAX, in_dialog: true });
    world.version = (7, version("seven"));
    world.keep = Some(kept(&[("served", "alice")]));
    let invite = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, "")).pop().unwrap();
    world.receive(BOB, &response(&invite.message, 200, "b1", "Contact: <sip:bob@192.0.2.20:5060>\n"));
    (world, invite)
}

/// Eight is active, and renames what was kept.
fn eight_takes_over(world: &mut World) {
    world.version = (8, version("eight"));
    world.adopting = Box::new(|adopt| {
        let served = adopt.variables.as_ref()?.value("served")?.to_vec();
        Some(kept(&[("served-user", std::str::from_utf8(&served).unwrap())]))
    });
    assert_eq!(world.node.let_go(7, |pin| Arc::new(format!("it was {}", name(&pin)))), 1);
}

fn text(invite: &Sent, method: &str, cseq: u32) -> String {
    let route = String::from_utf8_lossy(invite.message.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    request(method, "sip:bob@192.0.2.20:5060", cseq, &format!("Route: {route}\n"))
        .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1")
}

/// Alice sends something inside the call, and Bob answers it: whom it was put before, with what kept.
fn inside(world: &mut World, invite: &Sent, method: &str, cseq: u32) -> (String, Variables) {
    let passed = world.receive(ALICE, &text(invite, method, cseq)).pop().unwrap();
    assert_eq!(passed.what(), method);
    world.receive(BOB, &response(&passed.message, 200, "b1", ""));
    let pin = world.pins.last().unwrap().as_ref().unwrap();
    (name(pin), world.dialog_variables.last().unwrap().clone().unwrap_or_default())
}

#[test]
fn who_takes_a_call_over_is_asked_once_and_before_the_request() {
    let (mut world, invite) = called_by_seven();
    eight_takes_over(&mut world);
    assert!(world.adopts.is_empty(), "nothing has come yet");
    let (eight, renamed) = (String::from("eight"), kept(&[("served-user", "alice")]));
    assert_eq!(inside(&mut world, &invite, "UPDATE", 2), (eight.clone(), renamed.clone()));
    let adopt = &world.adopts[0];
    assert_eq!((name(&adopt.former), &*adopt.call_id), ("it was seven".into(), "call-1"));
    assert_eq!(adopt.variables.as_deref(), Some(&kept(&[("served", "alice")])));
    assert_eq!(inside(&mut world, &invite, "INFO", 3), (eight.clone(), renamed.clone()));
    assert_eq!(inside(&mut world, &invite, "BYE", 4), (eight.clone(), renamed));
    assert_eq!(world.adopts.len(), 1);
    let ended = world.ended.pop().unwrap();
    assert_eq!(name(&ended.pin.unwrap().version()), eight, "its end is told to who has it");
}

/// Whatever becomes active then: it is let go first, and the next one is told of it.
#[test]
fn a_call_is_of_the_version_that_took_it_over() {
    let (mut world, invite) = called_by_seven();
    eight_takes_over(&mut world);
    inside(&mut world, &invite, "UPDATE", 2);
    assert_eq!((world.node.held(7), world.node.held(8)), (0, 1));
    world.version = (9, version("nine"));
    assert_eq!(inside(&mut world, &invite, "UPDATE", 3).0, "eight");
    assert_eq!(world.node.let_go(8, |pin| pin), 1);
    world.adopting = Box::new(|_| None);
    let unchanged = kept(&[("served-user", "alice")]);
    assert_eq!(inside(&mut world, &invite, "UPDATE", 4), ("nine".into(), unchanged));
    assert_eq!(
        world.adopts.iter().map(|adopt| name(&adopt.former)).collect::<Vec<_>>(),
        ["it was seven", "eight"]
    );
}

/// A version that was let go and is active again has its calls back, as they were.
#[test]
fn who_takes_new_calls_has_the_old_ones_back() {
    let (mut world, invite) = called_by_seven();
    world.node.let_go(7, |pin| pin);
    let other = request("INVITE", "sip:bob@example.test", 1, "")
        .replace("call-1", "call-2")
        .replace("z9hG4bK", "z9hG4bK2");
    let sent = world.receive(ALICE, &other).pop().unwrap();
    world.receive(BOB, &response(&sent.message, 200, "b2", "Contact: <sip:bob@192.0.2.20:5060>\n"));
    assert_eq!(world.node.held(7), 2);
    assert_eq!(inside(&mut world, &invite, "UPDATE", 2), ("seven".into(), kept(&[("served", "alice")])));
    assert!(world.adopts.is_empty());
}

#[test]
fn what_comes_meanwhile_waits() {
    let (mut world, invite) = called_by_seven();
    eight_takes_over(&mut world);
    world.adopts_later = true;
    let asked = world.consulted.len();
    for (cseq, method) in [(2, "UPDATE"), (3, "INFO"), (4, "INVITE")] {
        let sent = ladder(&world.receive(ALICE, &text(&invite, method, cseq)));
        assert!(sent.iter().all(|line| line.starts_with("100")), "{sent:?}");
    }
    let cancel = text(&invite, "CANCEL", 4).replace("CANCEL4", "INVITE4");
    let cancelled = ladder(&world.receive(ALICE, &cancel));
    assert!(cancelled.contains(&format!("487 {ALICE}")), "{cancelled:?}");
    assert_eq!((world.adopts.len(), world.consulted.len()), (1, asked), "one question for all of them");
    world.adopt();
    assert_eq!(ladder(&world.run()), [format!("UPDATE {BOB}"), format!("INFO {BOB}")]);
    let renamed = Some(kept(&[("served-user", "alice")]));
    assert_eq!(world.dialog_variables[asked..], [renamed.clone(), renamed]);
}

/// Its own transaction may still run: what it says of the request counts, not what it keeps in the call.
#[test]
fn what_the_former_version_keeps_comes_too_late() {
    let (mut world, invite) = called_by_seven();
    let replies = |hook, _: &sip::Message| match hook {
        Hook::Reply => Ok(Word::Reply(node::ReplyDecision::Pass(Vec::new()))),
        Hook::InDialogRequest => {
            Ok(Word::Request(Decision::Relay(node::Relay { ask_replies: true, ..Default::default() })))
        }
        _ => Ok(Word::Request(to_bob())),
    };
    world.script = Box::new(replies);
    let update = world.receive(ALICE, &text(&invite, "UPDATE", 2)).pop().unwrap();
    eight_takes_over(&mut world);
    inside(&mut world, &invite, "INFO", 3);
    world.version = (7, version("seven"));
    world.keep = Some(kept(&[("served", "nobody")]));
    world.receive(BOB, &response(&update.message, 200, "b1", ""));
    assert_eq!(world.keep, None, "it was asked about the answer");
    assert_eq!(inside(&mut world, &invite, "UPDATE", 4).1, kept(&[("served-user", "alice")]));
}

#[test]
fn where_nobody_can_take_a_call_over_it_is_asked_again() {
    let (mut world, invite) = called_by_seven();
    eight_takes_over(&mut world);
    world.adopts_later = true;
    world.receive(ALICE, &text(&invite, "UPDATE", 2));
    let nobody = node::Adopted::by_nobody(world.adopts[0].id);
    world.node.handle_input(world.now, node::Input::Adopted(Box::new(nobody)));
    world.run();
    assert!(world.pins.last().unwrap().is_none(), "whoever is active then");
    world.adopts_later = false;
    assert_eq!(inside(&mut world, &invite, "BYE", 3).0, "eight");
    assert_eq!(world.adopts.len(), 2);
}
