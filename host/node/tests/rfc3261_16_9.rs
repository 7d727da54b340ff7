//! RFC 3261 §16.9 and §16.7: requests that cannot be sent, and those that nobody answers.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Relay};
use world::{ALICE, CAROL, Word, World, ladder, relaying, request, response, target};

/// One phone after the other.
fn serial() -> World {
    World::new(|_, _| {
        let targets = vec![target("sip:bob@192.0.2.20", 900), target("sip:bob@192.0.2.30", 100)];
        Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
    })
}

#[test]
fn a_callee_that_says_nothing_is_a_408() {
    let mut world = relaying();
    world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let sent = world.pass(Duration::from_millis(32_100));
    let invites = sent.iter().filter(|one| one.what() == "INVITE").count();
    assert_eq!(invites, 6, "500 ms, doubled, until 64*T1");
    assert_eq!(sent.iter().filter(|one| one.what() == "408").count(), 1);
}

#[test]
fn the_branch_after_one_that_could_not_be_sent_is_heard() {
    let mut world = World::new(|_, _| {
        let targets = vec![target("sip:bob@192.0.2.20", 900), target("sip:bob@192.0.2.30", 100)];
        Ok(Word::Request(Decision::Relay(Relay { targets, targets_named: true, ..Relay::default() })))
    });
    let sent = world.receive(ALICE, &request("INVITE", "sip:bob@example.test", 1, ""));
    let next = world.undelivered(&sent[1]);
    assert_eq!(ladder(&next), ["INVITE 192.0.2.30:5060"]);
    let answered = world.receive(CAROL, &response(&next[0].message, 200, "c1", ""));
    assert_eq!(ladder(&answered), ["200 192.0.2.10:5060"]);
    world.pass(Duration::from_secs(200));
    assert!(world.node.is_quiescent());
}

/// The ends of both are told after both have happened: what the first sets off must not be taken for the second's.
#[test]
fn two_requests_that_time_out_at_once_both_end() {
    for methods in [["INVITE", "MESSAGE"], ["MESSAGE", "INVITE"]] {
        let mut world = serial();
        let sent: Vec<_> = methods
            .iter()
            .flat_map(|method| world.receive(ALICE, &request(method, "sip:bob@example.test", 1, "")))
            .collect();
        assert_eq!(sent.iter().filter(|one| one.what() != "100").count(), 2);
        let later = world.pass(Duration::from_millis(32_100));
        let next = later.iter().find(|one| one.what() == "INVITE" && one.to.to_string() == CAROL);
        let invite = &next.expect("the call goes on to the second phone").message;
        let answered = world.receive(CAROL, &response(invite, 200, "c1", ""));
        assert_eq!(ladder(&answered), ["200 192.0.2.10:5060"]);
        world.pass(Duration::from_secs(200));
        assert!(world.node.is_idle(), "the message has come to its end too");
        assert!(world.node.is_quiescent());
    }
}
