//! RFC 5626: flows and what keeps them alive.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{PASSWORD, PATIENCE, Peer, Request, Router, Stream};

const INSTANCE: &str = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";

fn contact(own: &str, reg_id: u32) -> String {
    format!("Contact: <sip:bob@{own};ob>;{INSTANCE};reg-id={reg_id}\nSupported: path, outbound")
}

/// §6: bound by instance and reg-id, told by Require.
#[test]
fn flows_are_bound_by_instance_and_number() {
    let router = Router::start();
    let (mut one, mut other) = (router.peer(), router.peer());
    let first = one.register("bob", &contact(&one.own(), 1));
    assert_eq!((first.status(), first.get("Require")), (200, "outbound"), "{}", first.text());
    let moved = other.register("bob", &contact(&other.own(), 1));
    assert_eq!(moved.all("Contact").len(), 1, "the same flow, from another place");
    let second = other.register("bob", &contact(&other.own(), 2));
    assert_eq!(second.all("Contact").len(), 2);
    // without the option tag reg-id is any parameter
    let plain = one.register("carol", &contact(&one.own(), 1).replace(", outbound", ""));
    assert_eq!((plain.status(), plain.has("Require")), (200, false));
}

/// §6: a first hop that keeps no flows.
#[test]
fn a_first_hop_without_outbound_is_a_439() {
    let router = Router::start();
    let edge = router.peer();
    let via = format!("Via: SIP/2.0/UDP {};branch=z9hG4bK", edge.own());
    let register = |path: &str| {
        let mut request = crate::support::peer::registration("bob", "", &contact("192.0.2.1", 1)).with(path);
        request.contact = false;
        request.call_id = crate::support::unique("call");
        let hop =
            |branch: &str| format!("{via}{branch}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch}");
        let challenged = edge.ask(&request.clone().via(&hop(&request.branch)));
        let again = crate::support::peer::with_credentials(&request, &challenged, "bob", "secret", 1);
        edge.ask(&again.clone().via(&hop(&again.branch))).status()
    };
    assert_eq!(register(""), 439);
    assert_eq!(register("Path: <sip:edge.test;lr>"), 439);
    assert_eq!(register("Path: <sip:far.test;lr>, <sip:edge.test;lr;ob>"), 200);
}

/// §5.3, §4.2: a call goes over the flow, wherever the Contact points; a flow that is gone is no target.
#[test]
fn a_call_comes_over_the_flow() {
    let router = Router::start();
    let caller = router.phone("alice");
    let mut phone = router.stream();
    assert_eq!(phone.register("bob", &contact("192.0.2.1:9;transport=tcp", 1)).status(), 200);
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    let came = phone.expect("MESSAGE");
    assert_eq!(came.uri(), "sip:bob@192.0.2.1:9;transport=tcp;ob");
    phone.answer(&came, 200, "b", "");
    caller.expect("200");
    phone.shut_down();
    assert!(phone.bytes(PATIENCE).is_none());
    let refused = caller.ask(&Request::new("MESSAGE", "alice", "bob"));
    assert_eq!(refused.status(), 480, "{}", refused.text());
}

/// A phone that has a connection but asked for no flow: its Contact is the second way, and where nobody listens there the
/// caller hears at once that it is away (RFC 3261 §21.4.18).
#[test]
fn without_its_connection_a_phone_is_connected_to_or_away() {
    let router = Router::start();
    let caller = router.phone("alice");
    let registered_at = |contact: &str| {
        let mut phone = router.stream();
        let mut request = crate::support::peer::registration("bob", contact, "");
        request.call_id = crate::support::unique("call");
        let challenged = phone.ask(&request);
        let again = crate::support::peer::with_credentials(&request, &challenged, "bob", PASSWORD, 1);
        assert_eq!(phone.ask(&again).status(), 200);
        // its end is known to the router when that closes its side, too
        phone.shut_down();
        assert!(phone.bytes(PATIENCE).is_none());
    };
    let listening = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let contact = format!("{};transport=tcp", listening.local_addr().expect("an address"));
    registered_at(&contact);
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    let (mut phone, _) = Stream::accept(&listening);
    let came = phone.expect("MESSAGE");
    phone.answer(&came, 200, "b", "");
    caller.expect("200");

    drop(listening);
    phone.shut_down();
    assert!(phone.bytes(PATIENCE).is_none());
    let began = Instant::now();
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "bob")).status(), 480);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// §4.4.1, §3.5.1: CRLF CRLF is answered on streams, and nothing on UDP.
#[test]
fn a_ping_is_answered_on_a_stream() {
    let mut router = Router::start();
    let mut stream = router.stream();
    stream.send_bytes(b"\r\n\r\n");
    assert_eq!(stream.bytes(PATIENCE).as_deref(), Some(&b"\r\n"[..]));
    // cut in two by the network
    stream.send_bytes(b"\r\n");
    router.settle();
    stream.send_bytes(b"\r\n");
    assert_eq!(stream.bytes(PATIENCE).as_deref(), Some(&b"\r\n"[..]));
    // before a message
    let request = Request::new("OPTIONS", "alice", &format!("sip:{}", router.sip));
    let bytes = [b"\r\n\r\n", &request.bytes("TCP", &stream.own())[..]].concat();
    stream.send_bytes(&bytes);
    let mut answered = Vec::new();
    while !answered.windows(4).any(|window| window == b"200 ") {
        answered.extend(stream.bytes(PATIENCE).expect("it is open"));
    }
    assert!(answered.starts_with(b"\r\nSIP/2.0 200") || answered.ends_with(b"\r\n\r\n\r\n"), "pong, and 200");
    let mut datagrams = router.peer();
    datagrams.send_bytes(b"\r\n\r\n");
    router.nothing_for(&mut datagrams);
}

/// §4.4.2, RFC 5389: a STUN binding request on the SIP port.
#[test]
fn a_stun_request_is_told_its_address() {
    let router = Router::start();
    let peer: Peer = router.peer();
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], b"twelve bytes"].concat();
    peer.send_bytes(&request);
    let answer = peer.datagram(Duration::from_secs(5)).expect("an answer");
    assert_eq!(answer[..2], [1, 1], "a success");
    assert_eq!(answer[4..20], request[4..20], "cookie and transaction");
    // XOR-MAPPED-ADDRESS, IPv4: §15.2
    let at = answer.windows(4).position(|window| window == [0, 0x20, 0, 8]).expect("the attribute") + 4;
    assert_eq!(u16::from_be_bytes([answer[at + 2], answer[at + 3]]) ^ 0x2112, peer.port());
}
