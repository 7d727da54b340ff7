//! RFC 3263 §4.3: when one next hop fails, the next one is tried, by a transaction of its own; and RFC 3261 §18.1.1, where
//! the second hop is the same element by another transport.

mod world;

use strowger_node as node;

use std::time::Duration;

use node::{Decision, Hop, Relay};
use sip::{Flow, Transport};
use world::{ALICE, BOB, CAROL, Word, World, ladder, request, response};

/// A node whose script sends everything to a name that has two addresses.
fn to_two_addresses() -> World {
    let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
    let hop = |remote: &str| {
        let flow = Flow {
            transport: Transport::Udp,
            listener: 0,
            connection: 0,
            remote: remote.parse().expect("an address"),
        };
        Hop { flow, server_name: None }
    };
    world.hops = vec![hop(BOB), hop(CAROL)];
    world
}

#[test]
fn an_answer_of_the_second_hop_goes_upstream() {
    for method in ["MESSAGE", "INVITE"] {
        let mut world = to_two_addresses();
        let sent = world.receive(ALICE, &request(method, "sip:bob@elsewhere.test", 1, ""));
        let first = sent.last().expect("the request");
        assert_eq!(first.to, BOB.parse().expect("an address"));

        let second = world.undelivered(first);
        assert_eq!(ladder(&second), [format!("{method} {CAROL}")]);
        let answered = world.receive(CAROL, &response(&second[0].message, 200, "c1", ""));
        assert_eq!(ladder(&answered), [format!("200 {ALICE}")], "{method}");
        world.pass(Duration::from_secs(200));
        assert!(world.node.is_quiescent());
    }
}

#[test]
fn a_hop_that_says_nothing_is_followed_by_the_next_one() {
    let mut world = to_two_addresses();
    world.receive(ALICE, &request("INVITE", "sip:bob@elsewhere.test", 1, ""));
    let sent = world.pass(Duration::from_millis(32_010));
    let second =
        sent.iter().find(|sent| sent.to == CAROL.parse().expect("an address")).expect("the second hop");
    let answered = world.receive(CAROL, &response(&second.message, 486, "c1", ""));
    assert_eq!(ladder(&answered), [format!("ACK {CAROL}"), format!("486 {ALICE}")]);
}

#[test]
fn a_large_request_goes_by_udp_where_nobody_takes_tcp_and_its_answer_comes_back() {
    let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
    let large = format!("Subject: {}\n", "x".repeat(1300));
    let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@192.0.2.20:5060", 1, &large));
    assert_eq!((sent[0].transport, ladder(&sent)), (Transport::Tcp, vec![format!("MESSAGE {BOB}")]));

    let again = world.undelivered(&sent[0]);
    assert_eq!((again[0].transport, ladder(&again)), (Transport::Udp, vec![format!("MESSAGE {BOB}")]));
    let answered = world.receive(BOB, &response(&again[0].message, 200, "b1", ""));
    assert_eq!(ladder(&answered), [format!("200 {ALICE}")]);
}

/// RFC 3261 §16.6 item 6: a policy may name another next hop than the topmost Route or the Request-URI.
#[test]
fn a_next_hop_of_the_script_is_where_the_request_goes_and_is_not_written_into_it() {
    for next_hop in [format!("sip:{CAROL}"), "sip:core.test".to_owned()] {
        let mut world = World::new(move |_, _| {
            let mut target = node::Target::to("sip:home.test");
            target.next_hop = Some(next_hop.as_str().into());
            Ok(Word::Request(Decision::Relay(Relay {
                targets: vec![target],
                targets_named: true,
                ..Relay::default()
            })))
        });
        world.hops = vec![Hop {
            flow: Flow {
                transport: Transport::Udp,
                listener: 0,
                connection: 0,
                remote: CAROL.parse().expect("an address"),
            },
            server_name: None,
        }];
        let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@elsewhere.test", 1, ""));
        assert_eq!(ladder(&sent), [format!("MESSAGE {CAROL}")]);
        let message = &sent[0].message;
        assert_eq!(message.request_uri(), b"sip:home.test");
        assert_eq!(message.header(sip::HeaderId::ROUTE), None);
    }
}

/// An element on the way that does not exist is no fault of who is called: an S-CSCF whose application server has no such
/// name goes on without it (TS 24.229 §5.4.3.2).
#[test]
fn a_route_that_does_not_exist_is_answered_502_and_a_callee_404() {
    for (route, status) in [("", 404), ("Route: <sip:away.test;lr>\n", 502)] {
        let mut world = World::new(|_, _| Ok(Word::Request(Decision::Relay(Relay::default()))));
        world.failure = Some(node::LocateFailure::NotFound);
        let sent = world.receive(ALICE, &request("MESSAGE", "sip:bob@elsewhere.test", 1, route));
        assert_eq!(ladder(&sent), [format!("{status} {ALICE}")]);
    }
}
