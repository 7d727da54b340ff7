//! RFC 3326 §2: a CANCEL says why, so that phones which rang in vain show no missed call.

mod world;

use strowger_node as node;

use node::{Decision, Relay, Target};
use sip::HeaderId;
use world::{ALICE, BOB, CAROL, Sent, Word, World, request, response};

fn ringing_at_two() -> (World, Vec<Sent>) {
    let mut world = World::new(move |_, _| {
        let targets = vec![Target::to("sip:bob@192.0.2.20:5060"), Target::to("sip:bob@192.0.2.30:5060")];
        Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    world.receive(BOB, &response(&sent[1].message, 180, "b1", ""));
    world.receive(CAROL, &response(&sent[2].message, 180, "c1", ""));
    (world, sent)
}

/// The Reasons of all CANCELs.
fn reasons(sent: &[Sent]) -> Vec<String> {
    let cancels = sent.iter().filter(|sent| sent.what() == "CANCEL");
    cancels
        .map(|sent| sent.message.head().fields(HeaderId::REASON).map(String::from_utf8_lossy).collect())
        .collect()
}

#[test]
fn the_phones_that_did_not_answer_learn_that_another_one_did() {
    let (mut world, sent) = ringing_at_two();
    let answered = world.receive(BOB, &response(&sent[1].message, 200, "b1", ""));
    assert_eq!(reasons(&answered), ["SIP;cause=200;text=\"Call completed elsewhere\""]);
}

#[test]
fn a_6xx_is_named_to_the_others() {
    let (mut world, sent) = ringing_at_two();
    let declined = world.receive(CAROL, &response(&sent[2].message, 603, "c1", ""));
    assert_eq!(reasons(&declined), ["SIP;cause=603"]);
}

#[test]
fn the_callers_own_reason_is_passed_on() {
    let cancel = |more| {
        request("INVITE", "sip:bob@example.test", 1, more)
            .replace("INVITE sip", "CANCEL sip")
            .replace("1 INVITE", "1 CANCEL")
    };
    let (mut world, _) = ringing_at_two();
    let reason = "Reason: SIP;cause=487\n ;text=\"gone\"\nReason: Q.850;cause=16\n";
    let cancelled = world.receive(ALICE, &cancel(reason));
    let passed = "SIP;cause=487 ;text=\"gone\", Q.850;cause=16";
    assert_eq!(reasons(&cancelled), [passed, passed]);

    let (mut world, _) = ringing_at_two();
    assert_eq!(reasons(&world.receive(ALICE, &cancel(""))), ["", ""]);
    // one that is too long to be multiplied is left out
    let (mut world, _) = ringing_at_two();
    let long = format!("Reason: SIP;text=\"{}\"\n", "x".repeat(2000));
    assert_eq!(reasons(&world.receive(ALICE, &cancel(&long))), ["", ""]);
}
