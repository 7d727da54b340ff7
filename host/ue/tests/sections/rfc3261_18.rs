//! RFC 3261 §18 and RFC 3581: over which transport requests go, and where responses do.

use std::time::Duration;

use sip::{HeaderId, Transport};
use strowger_ue::{Event, Output, Page};

use crate::support::{Peer, World, address, at, header, phone};

/// §18.1.1: what is too long for a datagram goes over TCP, and everything else as before.
#[test]
fn long_requests_go_over_tcp() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings[0].tcp_above = Some(1_300);
    let mut world = World::new(settings).registered();
    for (length, transport) in [(10, Transport::Udp), (1_300, Transport::Tcp)] {
        world.forget();
        world.wish(0, |ue, now| ue.message(now, Page::text(&at("bob"), &"x".repeat(length)))).unwrap();
        assert_eq!(world.said[0].transport, transport, "{length}");
        let via = header(world.last(0, "MESSAGE"), HeaderId::VIA);
        assert!(via.starts_with(&format!("SIP/2.0/{} ", transport.name())), "{via}");
        world.run_for(Duration::from_secs(1));
        assert!(world.has(0, |event| matches!(event, Event::MessageAnswered { status: 200, .. })));
    }
}

#[test]
fn a_phone_of_tcp() {
    let mut settings = [phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")];
    settings.iter_mut().for_each(|settings| settings.transport = Transport::Tcp);
    let mut world = World::new(settings).registered();
    world.wish(0, |ue, now| ue.call(now, &at("bob"))).unwrap();
    world.until("it rings", |world| world.has(0, |event| matches!(event, Event::Ringing { .. })));
    assert!(
        header(world.last(0, "INVITE"), HeaderId::CONTACT)
            .starts_with("<sip:alice@192.0.2.10:5060;transport=tcp>")
    );
    assert!(world.said.iter().all(|said| said.transport == Transport::Tcp));
}

/// Where an answer to this request from that source goes.
fn answered_to(via: &str, source: &str) -> String {
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    let options = format!(
        "OPTIONS sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
         From: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    let flow = sip::Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: address(source) };
    let now = peer.now;
    peer.ue.handle_received(now, flow, options.as_bytes());
    let sent = std::iter::from_fn(|| peer.ue.poll_output()).find_map(|output| match output {
        Output::Transmit { flow, .. } => Some(flow.remote.to_string()),
        Output::Event { .. } => None,
    });
    sent.unwrap()
}

/// §18.2.2; RFC 3581 §4.
#[test]
fn where_responses_go() {
    assert_eq!(answered_to("192.0.2.1:5070", "192.0.2.1:33333"), "192.0.2.1:5070");
    assert_eq!(answered_to("192.0.2.1", "192.0.2.1:33333"), "192.0.2.1:5060");
    assert_eq!(answered_to("10.0.0.1:5070", "192.0.2.1:33333"), "192.0.2.1:5070");
    assert_eq!(answered_to("10.0.0.1:5070;rport", "192.0.2.1:33333"), "192.0.2.1:33333");
    assert_eq!(answered_to("proxy.example.com:5070;rport", "192.0.2.1:33333"), "192.0.2.1:33333");
}
