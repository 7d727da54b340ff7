//! One proxy on the way: a request goes in, the copy that leaves comes out, as text.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

use sip::{Draft, Edit, Message, Transport};
use strowger_proxy as proxy;
use strowger_proxy::{Forwarding, ListenAddress, Own, RecordRoute, RouteSet, Side, Target, Via};

/// A proxy that listens on UDP 5060 of this host, and on TCP.
pub(crate) fn own(host: &str) -> Own {
    let listeners =
        vec![ListenAddress::new(Transport::Udp, host, 5060), ListenAddress::new(Transport::Tcp, host, 5060)];
    Own::new(listeners, [7; 16])
}

/// A request with what every request has, and these further lines.
pub(crate) fn request(start: &str, lines: &[&str]) -> Message {
    let mut text = format!("{start} SIP/2.0\r\nVia: SIP/2.0/UDP u1.example.com;branch=z9hG4bKnashds8\r\n");
    for line in lines {
        text += line;
        text += "\r\n";
    }
    let method = start.split(' ').next().unwrap();
    text +=
        "Max-Forwards: 70\r\nTo: <sip:callee@domain.com>;tag=8\r\nFrom: <sip:caller@example.com>;tag=9\r\n";
    text += &format!("Call-ID: a84b4c76e66710\r\nCSeq: 314 {method}\r\nContent-Length: 0\r\n\r\n");
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// A Record-Route for a request that leaves by the listener it came in on.
pub(crate) fn on_one_side(listener: u16, token: &[u8]) -> RecordRoute<'_> {
    let side = Side { listener, token };
    RecordRoute { inbound: side, outbound: side }
}

/// What is wanted of a copy, all optional.
#[derive(Default, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) edits: &'a [Edit],
    pub(crate) record_route: Option<RecordRoute<'a>>,
    pub(crate) max_breadth: Option<u16>,
    pub(crate) via: Option<Via<'a>>,
}

/// The copy that leaves, and the URI it goes to.
pub(crate) fn forward(own: &Own, message: &Message, wanted: Wanted<'_>) -> (String, Message) {
    let head = message.head();
    let preprocessed = proxy::preprocess(&head, own, 0);
    let routes = RouteSet::new(&head, own, &preprocessed, wanted.edits, wanted.target).unwrap();
    let mut draft = Draft::forward(head);
    let forwarding = Forwarding {
        edits: wanted.edits,
        record_route: wanted.record_route,
        max_breadth: wanted.max_breadth,
        via: wanted.via,
    };
    proxy::forward(&mut draft, &head, own, &routes, &forwarding).unwrap();
    let mut bytes = Vec::new();
    draft.print(&mut bytes);
    let next_hop = String::from_utf8(routes.next_hop().to_vec()).unwrap();
    (next_hop, Message::parse_datagram(&bytes).unwrap())
}

/// The start line and each header field line of these names, in order.
pub(crate) fn lines(message: &Message, names: &[&str]) -> Vec<String> {
    let text = String::from_utf8(message.bytes().to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap().to_owned();
    let wanted = |line: &&str| names.iter().any(|name| line.starts_with(&format!("{name}:")));
    std::iter::once(start).chain(lines.filter(wanted).map(str::to_owned)).collect()
}
