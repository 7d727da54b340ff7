//! RFC 4028 §8.2, §8.3: a dialog is good for the session interval of the last 2xx that left, and is forgotten when nobody
//! refreshes it (TS 24.229 §5.2.8.3, §5.4.5.3).
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use node::{Decision, Edit, HeaderEdit, Hook, Relay, ReplyDecision};
use sip::HeaderId;
use strowger_node as node;
use world::{ALICE, BOB, Sent, Word, World, request, response, to_bob};

/// A script that stays on the path, and gives 2xx this Session-Expires where it is not empty.
fn world(given: &'static str) -> World {
    let mut world = World::new(move |hook, message| {
        Ok(match hook {
            Hook::Reply if message.status() >= 200 && !given.is_empty() => {
                let header = HeaderEdit::new(HeaderId::SESSION_EXPIRES, given.as_bytes());
                Word::Reply(ReplyDecision::Pass(vec![Edit::Append(header)]))
            }
            Hook::Reply => Word::Reply(ReplyDecision::Pass(Vec::new())),
            Hook::Request => {
                let Decision::Relay(relay) = to_bob() else { unreachable!() };
                Word::Request(Decision::Relay(Relay { ask_replies: true, ..relay }))
            }
            _ => Word::Request(Decision::Relay(Relay { ask_replies: true, ..Relay::default() })),
        })
    });
    world.node.set_wants(node::Wants { methods: u32::MAX, in_dialog: true });
    world
}

fn dialogs(world: &World) -> u64 {
    world.node.counters().dialogs.get()
}

/// Alice's call is answered with this; the INVITE as Bob got it.
fn called(world: &mut World, more: &str) -> Sent {
    let mut sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let invite = sent.pop().unwrap();
    let contact = format!("Contact: <sip:bob@192.0.2.20:5060>\n{more}");
    world.receive(BOB, &response(&invite.message, 200, "b1", &contact));
    assert_eq!(dialogs(world), 1);
    invite
}

/// Alice refreshes with an UPDATE by our Record-Route, and Bob answers with this.
fn refreshed(world: &mut World, invite: &Sent, cseq: u32, more: &str) {
    let route = String::from_utf8_lossy(invite.message.header(HeaderId::RECORD_ROUTE).unwrap()).into_owned();
    let update = request("UPDATE", "sip:bob@192.0.2.20:5060", cseq, &format!("Route: {route}\n"))
        .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1");
    let mut sent = world.receive(ALICE, &update);
    let update = sent.pop().unwrap();
    assert_eq!(update.what(), "UPDATE");
    world.receive(BOB, &response(&update.message, 200, "b1", more));
}

const NINETY: &str = "Session-Expires: 90;refresher=uac\n";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_interval_of_the_callees_2xx_counts() {
    let mut world = world("");
    called(&mut world, NINETY);
    world.pass(seconds(88));
    assert_eq!(dialogs(&world), 1);
    world.pass(seconds(4));
    assert_eq!(dialogs(&world), 0, "nobody has refreshed it");
}

/// §8.2: a callee that knows no timers leaves them to the caller, whom a proxy tells: what it tells counts here too.
#[test]
fn so_does_one_that_a_script_has_put_in() {
    let mut world = world("120;refresher=uac");
    let invite = called(&mut world, "");
    world.pass(seconds(118));
    assert_eq!(dialogs(&world), 1);
    refreshed(&mut world, &invite, 2, "");
    world.pass(seconds(118));
    assert_eq!(dialogs(&world), 1, "refreshed");
    world.pass(seconds(4));
    assert_eq!(dialogs(&world), 0);
}

/// §8.2: a 2xx to a refresh without an interval ends the timer; then silence is bounded as without one.
#[test]
fn a_refresh_may_end_the_timer() {
    let mut world = world("");
    let invite = called(&mut world, NINETY);
    world.pass(seconds(60));
    refreshed(&mut world, &invite, 2, "");
    world.pass(seconds(3_600));
    assert_eq!(dialogs(&world), 1);
    refreshed(&mut world, &invite, 3, NINETY);
    world.pass(seconds(95));
    assert_eq!(dialogs(&world), 0);
}

/// §8.3: what is forgotten is not ended: requests inside the dialog still find their way by our Record-Route.
#[test]
fn a_dialog_that_is_forgotten_goes_on_by_its_route() {
    let mut world = world("");
    let invite = called(&mut world, NINETY);
    world.pass(seconds(95));
    assert_eq!(dialogs(&world), 0);
    refreshed(&mut world, &invite, 2, NINETY);
}
