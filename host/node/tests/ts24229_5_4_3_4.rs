//! TS 24.229 §5.4.3.4: an application server gives a request back by the Route with the original dialog identifier. Then
//! it has answered the wait for it (§5.4.3.2), and what it says later is the word of those behind it.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use node::{Decision, Hook, Input, Relay, Returns};
use strowger_node as node;
use world::{ALICE, BOB, CAROL, Sent, Word, World, ladder, request, response, target};

/// The application server.
const SERVER: &str = "192.0.2.40:5060";

/// What the server's Route back bears.
const ODI: &str = "odi-1";

fn to(uri: &str) -> Relay {
    Relay { targets: vec![target(uri, 1000)], targets_named: true, ..Relay::default() }
}

/// Two seconds for the server, whose return is known by the ODI; Bob for what comes back; Carol where the server fails.
fn script(hook: Hook, call: &[u8]) -> Decision {
    match hook {
        Hook::Request if call == b"call-1" => Decision::Relay(Relay {
            timeout: Some(Duration::from_secs(2)),
            ask_failure: true,
            returns_by: Some(ODI.into()),
            ..to("sip:bob@192.0.2.40")
        }),
        Hook::Request => Decision::Relay(to("sip:bob@192.0.2.20")),
        _ => Decision::Relay(to("sip:bob@192.0.2.30")),
    }
}

/// `shard`: which one of a host that has `returns` in common.
fn world(shard: u8, returns: &Arc<Returns>) -> World {
    World::of_shard(shard, returns, |hook, message| {
        // What comes back is told by its top Via: a request of the server's.
        let is_back =
            message.is_request() && message.head().via().unwrap().sent_by.starts_with(b"192.0.2.40");
        Ok(Word::Request(script(hook, if is_back { b"back" } else { b"call-1" })))
    })
}

fn alone() -> World {
    world(0, &Arc::default())
}

/// The server sends it back, with this Call-ID and by this user of our URI.
fn back(method: &str, call_id: &str, user: &str) -> String {
    format!(
        "{method} sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bKback{call_id}\n\
         Route: <sip:{user}@192.0.2.1:5060;lr>\nMax-Forwards: 68\nFrom: <sip:alice@example.test>;tag=a1\n\
         To: <sip:bob@example.test>\nCall-ID: {call_id}\nCSeq: 1 {method}\nContact: <sip:as@192.0.2.40>\n\
         Content-Length: 0\n\n"
    )
}

/// Alice's request is with the server, which has it for one second.
fn with_server(world: &mut World, method: &str) -> Sent {
    let mut sent = world.receive(ALICE, &request(method, "sip:bob@example.test", 1, ""));
    let to_server = sent.pop().unwrap();
    assert_eq!(ladder(&[to_server]), [format!("{method} {SERVER}")]);
    let sent = world.pass(Duration::from_secs(1));
    sent.into_iter().find(|one| one.to.to_string() == SERVER).expect("it is sent again")
}

/// Who gets the method itself meanwhile, each once.
fn tried(world: &mut World, method: &str, time: Duration) -> Vec<String> {
    let mut tried = ladder(&world.pass(time));
    tried.retain(|what| what.starts_with(method));
    tried.sort();
    tried.dedup();
    tried
}

/// Without a return the server is passed over after its two seconds.
#[test]
fn a_server_that_does_not_give_it_back_is_passed_over() {
    for (user, call_id) in [("", ""), ("odi-2", "call-1"), ("odi", "call-9"), ("odi-11", "call-9")] {
        let mut world = alone();
        with_server(&mut world, "INVITE");
        if !user.is_empty() {
            world.receive(SERVER, &back("INVITE", call_id, user));
        }
        let tried = tried(&mut world, "INVITE", Duration::from_secs(2));
        assert!(tried.contains(&format!("INVITE {CAROL}")), "{user}: {tried:?}");
        assert!(world.consulted.contains(&Hook::Failure));
    }
}

/// With the Call-ID that it had (a proxy), or another one (a back-to-back user agent).
#[test]
fn what_comes_back_stops_the_wait() {
    for call_id in ["call-1", "call-of-the-server"] {
        let mut world = alone();
        with_server(&mut world, "INVITE");
        let sent = world.receive(SERVER, &back("INVITE", call_id, ODI));
        assert_eq!(ladder(&sent), [format!("100 {SERVER}"), format!("INVITE {BOB}")]);
        // Half a minute: Bob's phone is looked for. The server's transaction is all that ends it.
        let tried = tried(&mut world, "INVITE", Duration::from_secs(30));
        assert!(!tried.contains(&format!("INVITE {CAROL}")), "{tried:?}");
        assert!(!world.consulted.contains(&Hook::Failure));
    }
}

/// A failure that comes by a server that has given the request back is that of who is behind it.
#[test]
fn its_failure_is_an_answer_then() {
    for (status, upstream) in [(500, 500), (503, 500), (404, 404)] {
        let mut world = alone();
        let to_server = with_server(&mut world, "INVITE");
        world.receive(SERVER, &back("INVITE", "call-1", ODI));
        let sent = world.receive(SERVER, &response(&to_server.message, status, "s1", ""));
        assert_eq!(ladder(&sent), [format!("ACK {SERVER}"), format!("{upstream} {ALICE}")]);
        assert!(!world.consulted.contains(&Hook::Failure), "{status}");
    }
}

/// The same for what is no INVITE: Timer F is what is left (RFC 4320 §4.2: and nothing is said at its end).
#[test]
fn a_message_that_came_back_ends_with_its_transaction() {
    let mut world = alone();
    with_server(&mut world, "MESSAGE");
    world.receive(SERVER, &back("MESSAGE", "call-1", ODI));
    let sent = ladder(&world.pass(Duration::from_secs(60)));
    assert!(sent.contains(&format!("100 {ALICE}")), "{sent:?}");
    assert!(sent.iter().all(|what| what != &format!("MESSAGE {CAROL}")), "{sent:?}");
    assert!(!sent.iter().any(|what| what.ends_with(ALICE) && !what.starts_with("100")), "{sent:?}");
    assert!(!world.consulted.contains(&Hook::Failure));
    assert!(world.node.is_quiescent());
}

/// Timer C still guards an INVITE that rings.
#[test]
fn timer_c_is_left() {
    let mut world = alone();
    let to_server = with_server(&mut world, "INVITE");
    world.receive(SERVER, &back("INVITE", "call-1", ODI));
    world.receive(SERVER, &response(&to_server.message, 180, "s1", ""));
    assert!(tried(&mut world, "CANCEL", Duration::from_secs(184)).is_empty());
    assert!(
        tried(&mut world, "CANCEL", Duration::from_secs(3)).contains(&format!("CANCEL {SERVER}")),
        "Timer C"
    );
}

/// A back-to-back user agent's Call-ID belongs to another shard, which tells the one that waits.
#[test]
fn another_shard_tells_the_one_that_waits() {
    let returns = Arc::default();
    let (mut first, mut second) = (world(0, &returns), world(1, &returns));
    with_server(&mut first, "INVITE");
    second.receive(SERVER, &back("INVITE", "call-of-the-server", ODI));
    let (shard, context, token) = second.returned.pop().expect("it tells");
    assert_eq!((shard, &*token), (0, ODI));
    first.node.handle_input(first.now, Input::Returned { context, token });
    let tried = tried(&mut first, "INVITE", Duration::from_secs(30));
    assert_eq!(tried, [format!("INVITE {SERVER}")]);
    assert!(!first.consulted.contains(&Hook::Failure));
}

/// What another shard tells of a request that is over, or was never meant, does nothing.
#[test]
fn what_is_told_too_late_is_nothing() {
    let returns: Arc<Returns> = Arc::default();
    let (mut first, mut second) = (world(0, &returns), world(1, &returns));
    let to_server = with_server(&mut first, "INVITE");
    second.receive(SERVER, &back("INVITE", "other", ODI));
    let (_, context, token) = second.returned.pop().unwrap();
    first.node.handle_input(first.now, Input::Returned { context, token: "odi-2".into() });
    assert!(tried(&mut first, "INVITE", Duration::from_secs(2)).contains(&format!("INVITE {CAROL}")));
    first.node.handle_input(first.now, Input::Returned { context, token: token.clone() });
    first.receive(SERVER, &response(&to_server.message, 487, "s1", ""));
    first.pass(Duration::from_secs(400));
    first.node.handle_input(first.now, Input::Returned { context, token });
    assert!(first.node.is_quiescent());
}

/// Nothing is awaited any more when the request is answered, however that came.
#[test]
fn the_table_is_as_small_as_what_is_open() {
    let returns: Arc<Returns> = Arc::default();
    let mut world = world(0, &returns);
    let to_server = with_server(&mut world, "INVITE");
    assert_eq!(returns.len(), 1);
    world.receive(SERVER, &response(&to_server.message, 200, "s1", ""));
    assert!(returns.is_empty(), "answered");
    world.receive(ALICE, &request("MESSAGE", "sip:bob@example.test", 2, ""));
    assert_eq!(returns.len(), 1);
    world.pass(Duration::from_secs(3));
    assert!(returns.is_empty(), "passed over");
    world.receive(ALICE, &request("OPTIONS", "sip:bob@example.test", 3, ""));
    world.receive(SERVER, &back("OPTIONS", "call-1", ODI));
    assert!(returns.is_empty(), "come back");
}
