//! Connections: requests go back on the flow of a registered phone, also inside a dialog (RFC 5626 §5.3, RFC 5658), and
//! what becomes of requests and responses whose connection is gone (RFC 3261 §18.2.2).
#![allow(clippy::unwrap_used)]

mod world;

use node::{Decision, Relay, Target};
use sip::{Flow, Transport};
use strowger_node as node;
use world::{Sent, Word, World, ladder, request, response};

const LISTENERS: [(Transport, &str); 4] = [
    (Transport::Udp, "192.0.2.1:5060"),
    (Transport::Tcp, "192.0.2.1:5060"),
    (Transport::Tls, "192.0.2.1:5061"),
    (Transport::Ws, "192.0.2.1:8080"),
];
const ALICE: Flow = flow(Transport::Ws, 3, 71, [192, 0, 2, 10], 50_010);
const BOB: Flow = flow(Transport::Tls, 2, 72, [192, 0, 2, 20], 50_020);
/// Alice's phone has no address that anybody else could use, Bob's says one that nobody listens at.
const ALICE_CONTACT: &str = "Contact: <sip:a@q81.invalid;transport=ws;ob>\n";
const BOB_CONTACT: &str = "Contact: <sip:b@10.0.0.9:40404;transport=tls>\n";

const fn flow(transport: Transport, listener: u16, connection: u64, ip: [u8; 4], port: u16) -> Flow {
    let ip = std::net::Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]);
    let remote = std::net::SocketAddr::new(std::net::IpAddr::V4(ip), port);
    Flow { transport, listener, connection, remote }
}

/// A node whose script sends everything to Bob's phone.
fn to_bob(flow: Option<Flow>, flow_only: bool) -> World {
    World::listening(&LISTENERS, move |_, _| {
        let uri = "sip:b@10.0.0.9:40404;transport=tls".into();
        let targets =
            vec![Target { uri, route: Vec::new(), q: 1000, flow, flow_only, next_hop: None, timers: None }];
        let relay = Relay { targets, targets_named: true, record_route: true, ..Relay::default() };
        Ok(Word::Request(Decision::Relay(relay)))
    })
}

/// A request of Alice's from her WebSocket.
fn from_alice(method: &str, uri: &str, cseq: u32, more: &str) -> String {
    request(method, uri, cseq, more)
        .replace("SIP/2.0/UDP 192.0.2.10:5060", "SIP/2.0/WS q81.invalid")
        .replace("Contact: <sip:alice@192.0.2.10:5060>\n", ALICE_CONTACT)
}

fn values(message: &sip::Message, name: sip::HeaderId) -> Vec<String> {
    message.values(name).map(|value| String::from_utf8(value.bytes.to_vec()).unwrap()).collect()
}

/// An established call from Alice to Bob; the route set as Bob sees it.
fn call(world: &mut World) -> Vec<String> {
    let sent = world.receive_by(ALICE, &from_alice("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(ladder(&sent), ["100 192.0.2.10:50010", "INVITE 192.0.2.20:50020"]);
    assert_eq!((sent[0].flow, sent[1].flow), (ALICE, BOB));
    let routes = values(&sent[1].message, sip::HeaderId::RECORD_ROUTE);
    assert_eq!(routes.len(), 2);
    assert!(routes[0].contains("@192.0.2.1:5061;transport=tls;"), "{routes:?}");
    assert!(routes[1].contains("@192.0.2.1:8080;transport=ws;"), "{routes:?}");
    let sent = world.receive_by(BOB, &response(&sent[1].message, 200, "b1", BOB_CONTACT.trim_end()));
    assert_eq!((ladder(&sent), sent[0].flow), (vec!["200 192.0.2.10:50010".to_owned()], ALICE));
    routes
}

fn of_caller(method: &str, cseq: u32, routes: &[String]) -> String {
    let route: String = routes.iter().rev().map(|route| format!("Route: {route}\n")).collect();
    from_alice(method, "sip:b@10.0.0.9:40404;transport=tls", cseq, &route)
        .replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1")
}

fn of_callee(method: &str, cseq: u32, routes: &[String]) -> String {
    let route: String = routes.iter().map(|route| format!("Route: {route}\n")).collect();
    format!(
        "{method} sip:a@q81.invalid;transport=ws;ob SIP/2.0\nVia: SIP/2.0/TLS 10.0.0.9:40404;branch=z9hG4bKb{cseq}\n\
         Max-Forwards: 70\nFrom: <sip:bob@example.test>;tag=b1\nTo: <sip:alice@example.test>;tag=a1\nCall-ID: call-1\n\
         CSeq: {cseq} {method}\n{route}Content-Length: 0\n\n"
    )
}

#[test]
fn requests_inside_a_dialog_take_the_connections_of_both_sides() {
    let mut world = to_bob(Some(BOB), true);
    let routes = call(&mut world);
    let flows = |sent: &[Sent]| sent.iter().map(|one| (one.what(), one.flow)).collect::<Vec<_>>();
    let sent = world.receive_by(ALICE, &of_caller("ACK", 1, &routes));
    assert_eq!(flows(&sent), [("ACK".to_owned(), BOB)]);
    assert!(values(&sent[0].message, sip::HeaderId::ROUTE).is_empty());
    let sent = world.receive_by(BOB, &of_callee("BYE", 7, &routes));
    assert_eq!(flows(&sent), [("BYE".to_owned(), ALICE)]);
    let sent = world.receive_by(ALICE, &response(&sent[0].message, 200, "", ""));
    assert_eq!(flows(&sent), [("200".to_owned(), BOB)]);
    assert_eq!(world.consulted.len(), 1, "only the INVITE went before the script");
}

/// Both phones on connections of one listener are two sides as well.
#[test]
fn two_connections_of_one_listener_are_told_apart() {
    let bob = Flow { transport: Transport::Ws, listener: 3, ..BOB };
    let mut world = to_bob(Some(bob), true);
    let sent = world.receive_by(ALICE, &from_alice("INVITE", "sip:bob@example.test", 1, ""));
    let routes = values(&sent[1].message, sip::HeaderId::RECORD_ROUTE);
    assert_eq!(routes.len(), 2);
    world.receive_by(bob, &response(&sent[1].message, 200, "b1", BOB_CONTACT.trim_end()));
    assert_eq!(world.receive_by(ALICE, &of_caller("BYE", 2, &routes))[0].flow, bob);
    assert_eq!(world.receive_by(bob, &of_callee("UPDATE", 7, &routes))[0].flow, ALICE);
}

/// Datagrams both ways: one Record-Route is enough, and says nothing of flows.
#[test]
fn without_connections_one_record_route_is_enough() {
    let mut world = to_bob(None, false);
    world.script = Box::new(|_, _| {
        let uri = "sip:bob@192.0.2.20".into();
        let targets = vec![Target {
            uri,
            route: Vec::new(),
            q: 1000,
            flow: None,
            flow_only: false,
            next_hop: None,
            timers: None,
        }];
        Ok(Word::Request(Decision::Relay(Relay { targets, record_route: true, ..Relay::default() })))
    });
    let sent = world.receive("192.0.2.10:5060", &request("INVITE", "sip:bob@example.test", 1, ""));
    let routes = values(&sent[1].message, sip::HeaderId::RECORD_ROUTE);
    assert_eq!(routes.len(), 1);
    assert_eq!(routes[0].find('@'), Some("<sip:0123456789abcdef".len()));
}

/// RFC 5626 §4.3: `ob` in the Contact of a phone without a connection asks for the flow too.
#[test]
fn a_datagram_phone_that_asks_for_its_flow_gets_it() {
    let mut world = to_bob(Some(BOB), true);
    let alice = flow(Transport::Udp, 0, 0, [198, 51, 100, 7], 61_000);
    let invite = request("INVITE", "sip:bob@example.test", 1, "")
        .replace("<sip:alice@192.0.2.10:5060>", "<sip:alice@10.1.1.1:5060;ob>")
        .replace(";branch", ";rport;branch");
    let sent = world.receive_by(alice, &invite);
    let routes = values(&sent[1].message, sip::HeaderId::RECORD_ROUTE);
    world.receive_by(BOB, &response(&sent[1].message, 200, "b1", BOB_CONTACT.trim_end()));
    let bye = of_callee("BYE", 7, &routes).replace("a@q81.invalid;transport=ws;ob", "alice@10.1.1.1:5060;ob");
    assert_eq!(world.receive_by(BOB, &bye)[0].flow, alice);
}

/// RFC 5626 §5.1, RFC 3261 §16.12: a connection that a proxy opened is not the way back. It has recorded no route, so that
/// requests inside the dialog go past it.
#[test]
fn a_connection_between_proxies_is_no_flow() {
    let mut world = World::listening(&LISTENERS, |_, _| {
        let relay = Relay { record_route: true, ..Relay::default() };
        Ok(Word::Request(Decision::Relay(relay)))
    });
    let proxy = flow(Transport::Tcp, 1, 91, [192, 0, 2, 30], 50_030);
    let invite = from_alice("INVITE", "sip:b@192.0.2.20:5060", 1, "Record-Route: <sip:192.0.2.40;lr>\n")
        .replacen("Via:", "Via: SIP/2.0/TCP 192.0.2.30:5060;branch=z9hG4bKproxy1\nVia:", 1);
    let sent = world.receive_by(proxy, &invite);
    let invite = sent.iter().find(|one| one.what() == "INVITE").unwrap();
    let routes = values(&invite.message, sip::HeaderId::RECORD_ROUTE);
    let bob = flow(Transport::Udp, 0, 0, [192, 0, 2, 20], 5060);
    world.receive_by(bob, &response(&invite.message, 200, "b1", "Contact: <sip:b@192.0.2.20:5060>"));
    let sent = world.receive_by(bob, &of_callee("BYE", 7, &routes));
    assert_eq!(ladder(&sent), ["BYE 192.0.2.40:5060"], "where the Route leads");
}

#[test]
fn a_token_of_another_call_opens_no_way() {
    let mut world = to_bob(Some(BOB), true);
    let routes = call(&mut world);
    let stolen = of_caller("BYE", 2, &routes).replace("call-1", "call-2");
    let sent = world.receive_by(ALICE, &stolen);
    // what is not in a dialog of ours goes before the script
    assert_eq!(world.consulted.len(), 2);
    assert!(sent.iter().all(|one| one.what() != "BYE" || one.flow == BOB));
}

/// The phone is reached by nothing else: the caller hears at once that it is away, and never of a 430 (RFC 5626 §11.5).
#[test]
fn a_flow_that_is_gone_is_a_480_at_once() {
    let mut world = to_bob(Some(BOB), true);
    let sent = world.receive_by(ALICE, &from_alice("INVITE", "sip:bob@example.test", 1, ""));
    let sent = world.undelivered(&sent[1]);
    assert_eq!(ladder(&sent), ["480 192.0.2.10:50010"]);
    let sent = world.receive_by(ALICE, &from_alice("MESSAGE", "sip:bob@example.test", 2, ""));
    let sent = world.undelivered(&sent[0]);
    assert_eq!(ladder(&sent), ["480 192.0.2.10:50010"]);
}

/// A phone that only happens to have a connection is connected to at its Contact when that is gone (RFC 3261 §16.6).
#[test]
fn a_contact_is_tried_where_its_connection_is_gone() {
    let mut world = to_bob(Some(BOB), false);
    let sent = world.receive_by(ALICE, &from_alice("INVITE", "sip:bob@example.test", 1, ""));
    assert_eq!(sent[1].flow, BOB);
    let sent = world.undelivered(&sent[1]);
    assert_eq!(ladder(&sent), ["INVITE 10.0.0.9:40404"]);
    assert_eq!((sent[0].flow.connection, sent[0].flow.transport), (0, Transport::Tls));
    let routes = values(&sent[0].message, sip::HeaderId::RECORD_ROUTE);
    assert_eq!(routes[0].find('@'), Some("<sip:0123456789abcdef".len()), "no flow towards Bob: {routes:?}");
    let sent = world.undelivered(&sent[0]);
    assert_eq!(ladder(&sent), ["480 192.0.2.10:50010"], "nobody there either");
}

/// Inside a dialog: the Contact is tried, and 430 says that the flow has failed (RFC 5626 §5.3.1).
#[test]
fn a_flow_that_is_gone_inside_a_dialog() {
    let mut world = to_bob(Some(BOB), true);
    let routes = call(&mut world);
    let sent = world.receive_by(ALICE, &of_caller("INFO", 2, &routes));
    let sent = world.undelivered(&sent[0]);
    assert_eq!(ladder(&sent), ["INFO 10.0.0.9:40404"]);
    let sent = world.undelivered(&sent[0]);
    assert_eq!(ladder(&sent), ["430 192.0.2.10:50010"]);
}

/// CANCEL while the Contact of a phone whose flow is gone is tried: 487, and nothing is left.
#[test]
fn a_cancel_while_the_second_way_is_tried() {
    let mut world = to_bob(Some(BOB), false);
    let sent = world.receive_by(ALICE, &from_alice("INVITE", "sip:bob@example.test", 1, ""));
    let sent = world.undelivered(&sent[1]);
    let cancel =
        from_alice("CANCEL", "sip:bob@example.test", 1, "").replace("z9hG4bKCANCEL1", "z9hG4bKINVITE1");
    assert_eq!(ladder(&world.receive_by(ALICE, &cancel)), ["200 192.0.2.10:50010"]);
    let sent = world.undelivered(&sent[0]);
    assert_eq!(ladder(&sent), ["487 192.0.2.10:50010"]);
}

/// §18.2.2: the connection that the request came by is gone when the response is there. A new one goes to the address
/// that the request came from and the port of sent-by; tried once.
#[test]
fn a_response_opens_a_connection_where_its_own_is_gone() {
    let alice = flow(Transport::Tcp, 1, 81, [192, 0, 2, 10], 50_011);
    for (method, status) in [("INVITE", 200), ("INVITE", 486), ("MESSAGE", 200)] {
        let mut world = to_bob(Some(BOB), true);
        let text = request(method, "sip:bob@example.test", 1, "")
            .replace("SIP/2.0/UDP 192.0.2.10:5060", "SIP/2.0/TCP pc33.example.test:5070");
        let sent = world.receive_by(alice, &text);
        let request = sent.iter().find(|one| one.what() == method).unwrap();
        let sent = world.receive_by(BOB, &response(&request.message, status, "b1", BOB_CONTACT.trim_end()));
        let answer = sent.iter().find(|one| one.what() == status.to_string()).unwrap();
        assert_eq!(answer.flow, alice);
        let again = world.undelivered(answer);
        assert_eq!(ladder(&again), [format!("{status} 192.0.2.10:5070")]);
        assert_eq!(
            again[0].flow,
            Flow { connection: 0, remote: "192.0.2.10:5070".parse().unwrap(), ..alice }
        );
        assert_eq!(again[0].message.bytes(), answer.message.bytes());
        assert!(world.undelivered(&again[0]).is_empty(), "nobody listens there: it is given up");
    }
}

/// Nobody can connect to a browser.
#[test]
fn a_response_to_a_web_socket_that_is_gone_is_lost() {
    let mut world = to_bob(Some(BOB), true);
    let sent = world.receive_by(ALICE, &from_alice("MESSAGE", "sip:bob@example.test", 1, ""));
    let sent = world.receive_by(BOB, &response(&sent[0].message, 200, "b1", ""));
    assert_eq!(sent[0].flow, ALICE);
    assert!(world.undelivered(&sent[0]).is_empty());
}
