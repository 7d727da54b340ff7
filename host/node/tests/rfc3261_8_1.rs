//! RFC 3261 §8.1: requests of this element's own, from the first datagram to the response that concludes them.
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use node::{Hop, LocateFailure, Originate};
use sip::{Flow, HeaderId, Message, Transport};
use strowger_node as node;
use transaction::{Limits, Timers};
use world::{BOB, CAROL, Sent, World, ladder, response, target, to_bob};

fn world() -> World {
    World::new(|_, _| panic!("nobody is asked about a request of one's own"))
}

/// As the host or a script makes it: without Via.
fn own(method: &str, uri: &str, lines: &str) -> Message {
    let text = format!(
        "{method} {uri} SIP/2.0\nMax-Forwards: 71\nFrom: <sip:alice@example.test>;tag=n1\nTo: <sip:bob@example.test>;tag=b1\n\
         Call-ID: own-1\nCSeq: 4 {method}\nContact: <sip:192.0.2.1>\n{lines}Content-Length: 0\n\n"
    );
    Message::parse_stream(text.replace('\n', "\r\n").as_bytes()).unwrap()
}

fn originate(request: Message, token: u64) -> Originate {
    Originate { request, target: None, timeout: None, token }
}

fn notify(token: u64) -> Originate {
    originate(own("NOTIFY", "sip:bob@192.0.2.20", "Event: reg\n"), token)
}

fn sent(world: &mut World, token: u64) -> Vec<Sent> {
    let sent = world.originate(notify(token));
    assert_eq!(ladder(&sent), ["NOTIFY 192.0.2.20:5060"]);
    sent
}

#[test]
fn a_request_of_ones_own_bears_what_a_request_must() {
    let mut world = world();
    let sent = sent(&mut world, 7);
    let head = sent[0].message.head();
    let via = head.via().unwrap();
    assert!(via.branch().unwrap().starts_with(b"z9hG4bK"));
    assert_eq!(head.values(HeaderId::VIA).count(), 1);
    assert_eq!(head.header(HeaderId::MAX_FORWARDS), Some(&b"70"[..]));
    assert_eq!(head.header(HeaderId::CALL_ID), Some(&b"own-1"[..]));
    assert_eq!(head.cseq().unwrap().number, 4);
    assert!(head.header(HeaderId::RECORD_ROUTE).is_none(), "nobody routes by it");
    assert!(sip::validate(&head).is_ok());
}

#[test]
fn a_final_response_concludes_it_and_nothing_is_sent_upstream() {
    for status in [200, 202, 302, 401, 404, 481, 500, 503, 603] {
        let mut world = world();
        let sent = sent(&mut world, 7);
        for provisional in [100, 183] {
            assert!(world.receive(BOB, &response(&sent[0].message, provisional, "b1", "")).is_empty());
            assert!(world.concluded.is_empty());
        }
        assert!(world.receive(BOB, &response(&sent[0].message, status, "b1", "")).is_empty());
        assert_eq!(world.concluded, [(7, status)]);
        // The same again, and later.
        assert!(world.receive(BOB, &response(&sent[0].message, status, "b1", "")).is_empty());
        assert!(world.pass(Duration::from_secs(200)).is_empty());
        assert_eq!(world.concluded.len(), 1);
        assert!(world.node.is_quiescent(), "{status}");
    }
}

/// §17.1.2.2: retransmitted with T1 doubling up to T2; §8.1.3.1: 408 where nothing comes.
#[test]
fn it_is_retransmitted_and_a_time_out_is_a_408() {
    let mut world = world();
    sent(&mut world, 7);
    for wait in [500, 1000, 2000, 4000, 4000] {
        assert!(world.pass(Duration::from_millis(wait - 1)).is_empty());
        assert_eq!(ladder(&world.pass(Duration::from_millis(1))), ["NOTIFY 192.0.2.20:5060"]);
    }
    world.pass(Duration::from_millis(32_000 - 11_500 - 1));
    assert!(world.concluded.is_empty());
    world.pass(Duration::from_millis(1));
    assert_eq!(world.concluded, [(7, 408)]);
    world.pass(Duration::from_secs(60));
    assert!(world.node.is_quiescent());
}

#[test]
fn a_time_of_its_own_is_a_408_as_well_and_what_comes_later_is_nothing() {
    let mut world = world();
    let sent = world.originate(Originate { timeout: Some(Duration::from_secs(1)), ..notify(8) });
    world.pass(Duration::from_millis(999));
    assert!(world.concluded.is_empty());
    // Such a timer may come some tenths of a second late.
    world.pass(Duration::from_millis(500));
    assert_eq!(world.concluded, [(8, 408)]);
    world.receive(BOB, &response(&sent[0].message, 200, "b1", ""));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.concluded.len(), 1);
    assert!(world.node.is_quiescent());
}

/// §8.1.3.1: a transport error is a 503.
#[test]
fn what_cannot_be_delivered_is_a_503() {
    let mut world = world();
    let sent = sent(&mut world, 9);
    assert!(world.undelivered(&sent[0]).is_empty());
    assert_eq!(world.concluded, [(9, 503)]);
    world.pass(Duration::from_secs(60));
    assert!(world.node.is_quiescent());
}

#[test]
fn what_goes_nowhere_is_concluded_at_once() {
    // A Request-URI that leads nowhere.
    let mut world = world();
    assert!(world.originate(originate(own("OPTIONS", "tel:+15550100", ""), 1)).is_empty());
    assert_eq!(world.concluded, [(1, 404)]);
    // No room for a transaction.
    let mut world =
        World::with_room(Limits { max_server: 1, max_client: 0 }, |_, _| panic!("nobody is asked"));
    assert!(world.originate(notify(2)).is_empty());
    assert_eq!(world.concluded, [(2, 503)]);
    assert!(world.node.is_quiescent());
}

/// §13, §17.1.1.3, §9: what has its own rules is not sent this way.
#[test]
fn no_invite_ack_or_cancel() {
    let mut world = world();
    for (token, method) in [(1, "INVITE"), (2, "ACK"), (3, "CANCEL")] {
        assert!(world.originate(originate(own(method, "sip:bob@192.0.2.20", ""), token)).is_empty());
    }
    assert_eq!(world.concluded, [(1, 501), (2, 501), (3, 501)]);
    assert!(world.node.is_quiescent());
}

/// §8.1.2, §12.2.1.1: by its Route; by a target where one is named; by name otherwise (RFC 3263).
#[test]
fn where_it_goes() {
    let mut world = world();
    let lines = "Route: <sip:192.0.2.30;lr>, <sip:far.example.test;lr>\n";
    let by_route = world.originate(originate(own("NOTIFY", "sip:bob@192.0.2.20", lines), 1));
    assert_eq!(ladder(&by_route), ["NOTIFY 192.0.2.30:5060"]);
    assert_eq!(by_route[0].message.request_uri(), b"sip:bob@192.0.2.20");
    assert_eq!(by_route[0].message.values(HeaderId::ROUTE).count(), 2);

    let request = own("NOTIFY", "sip:bob@192.0.2.20", "");
    let to_carol = Some(target("sip:carol@192.0.2.30", 1000));
    let by_target = world.originate(Originate { target: to_carol, ..originate(request, 2) });
    assert_eq!(ladder(&by_target), ["NOTIFY 192.0.2.30:5060"]);
    assert_eq!(by_target[0].message.request_uri(), b"sip:carol@192.0.2.30");

    // Two hosts of one name: the second is tried where the first is gone (RFC 3263 §4.3).
    let hop = |remote: &str| Hop {
        flow: Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: remote.parse().unwrap() },
        server_name: None,
    };
    world.hops = vec![hop(BOB), hop(CAROL)];
    let by_name = world.originate(originate(own("NOTIFY", "sip:bob@example.org", ""), 3));
    assert_eq!(ladder(&by_name), ["NOTIFY 192.0.2.20:5060"]);
    let next = world.undelivered(&by_name[0]);
    assert_eq!(ladder(&next), ["NOTIFY 192.0.2.30:5060"]);
    world.receive(CAROL, &response(&next[0].message, 200, "c1", ""));
    assert_eq!(world.concluded, [(3, 200)]);
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    let mut world = world();
    let request = own("NOTIFY", "sip:bob@nowhere.example.org", "");
    let input = node::Input::Originate(Box::new(originate(request, 4)));
    world.node.handle_input(world.now, input);
    let Some(node::Output::Locate { id, .. }) = world.node.poll_output() else { panic!("it is looked for") };
    let hops = Err(LocateFailure::NotFound);
    world.node.handle_input(world.now, node::Input::Located { id, hops });
    world.run();
    assert_eq!(world.concluded.len(), 1);
    assert!((400..600).contains(&world.concluded[0].1), "{:?}", world.concluded);
    assert!(world.node.is_quiescent());
}

/// TS 24.229 §7.7: towards a phone the timers are those of its radio.
#[test]
fn a_target_has_its_own_timers() {
    let seconds = Duration::from_secs;
    let mut slow = target("sip:bob@192.0.2.20", 1000);
    slow.timers = Some(Timers::new(seconds(2), seconds(16), seconds(17)));
    let mut world = world();
    let target = Some(slow.clone());
    world.originate(Originate { target, ..originate(own("NOTIFY", "sip:b@c", ""), 5) });
    for wait in [2, 4, 8, 16, 16] {
        assert!(world.pass(seconds(wait) - Duration::from_millis(1)).is_empty());
        assert_eq!(world.pass(Duration::from_millis(1)).len(), 1);
    }
    world.pass(seconds(128 - 46) - Duration::from_millis(1));
    assert!(world.concluded.is_empty());
    world.pass(Duration::from_millis(1));
    assert_eq!(world.concluded, [(5, 408)], "64 * T1");

    // A script's targets: Bob is slow, Carol is not.
    let mut world = World::new(move |_, _| {
        let node::Decision::Relay(relay) = to_bob() else { unreachable!() };
        let targets = vec![slow.clone(), world::target("sip:carol@192.0.2.30", 1000)];
        Ok(world::Word::Request(node::Decision::Relay(node::Relay { targets, ..relay })))
    });
    world.receive(world::ALICE, &world::request("INVITE", "sip:bob@example.test", 1, ""));
    let mut seen = Vec::new();
    for half in 1..=4 {
        let sent = world.pass(Duration::from_millis(500));
        seen.extend(ladder(&sent).into_iter().map(|what| format!("{} {what}", half * 500)));
    }
    let expected =
        ["500 INVITE 192.0.2.30:5060", "1500 INVITE 192.0.2.30:5060", "2000 INVITE 192.0.2.20:5060"];
    assert_eq!(seen, expected);
}
