//! What phones say, out of choices. In: choices, and what they were told. Out: messages as bytes, which all can be read.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sip::fuzzing::Choices;
use sip::{Flow, HeaderId, Message, Transport};
use transaction::{Limits, Timers};

use super::words::URIS;
use crate::config::{Listening, NodeConfig};
use crate::node::Node;

const fn flow(transport: Transport, listener: u16, connection: u64, last: u8, port: u16) -> Flow {
    let remote = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port);
    Flow { transport, listener, connection, remote }
}

/// Where phones and other servers are.
pub(super) const FLOWS: [Flow; 7] = [
    flow(Transport::Udp, 0, 0, 10, 5060),
    flow(Transport::Tcp, 1, 71, 11, 50_011),
    flow(Transport::Ws, 3, 72, 12, 50_012),
    flow(Transport::Tls, 2, 73, 13, 50_013),
    flow(Transport::Udp, 0, 0, 20, 5060),
    flow(Transport::Tcp, 1, 0, 21, 5070),
    Flow {
        transport: Transport::Udp,
        listener: 4,
        connection: 0,
        remote: SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x20)), 5060),
    },
];

const METHODS: [&str; 14] = [
    "INVITE",
    "MESSAGE",
    "REGISTER",
    "INVITE",
    "OPTIONS",
    "SUBSCRIBE",
    "INVITE",
    "BYE",
    "INFO",
    "PRACK",
    "REFER",
    "UPDATE",
    "NOTIFY",
    "FOO",
];
const IN_DIALOG: [&str; 6] = ["BYE", "UPDATE", "INVITE", "INFO", "PRACK", "NOTIFY"];
const STATUSES: [u16; 20] =
    [180, 200, 486, 100, 183, 202, 302, 401, 407, 404, 408, 480, 487, 500, 503, 603, 699, 200, 299, 199];
/// Header fields of some effect.
const MORE: [&str; 16] = [
    "",
    "Route: <sip:odi@192.0.2.1;lr>\r\n",
    "",
    "Max-Breadth: 1\r\n",
    "Max-Breadth: 0\r\n",
    "Session-Expires: 90;refresher=uac\r\nSupported: timer\r\n",
    "Route: <sip:192.0.2.1;lr>\r\n",
    "Route: <sip:192.0.2.30;lr>\r\n",
    "Route: <sip:strict.example>\r\n",
    "Route: <sip:192.0.2.1;lr>, <sip:edge.far.example;lr>\r\n",
    "Proxy-Require: gruu\r\n",
    "Record-Route: <sip:192.0.2.99;lr>\r\n",
    "Subject: any\r\nReason: SIP;cause=600\r\n",
    "Session-Expires: x\r\n",
    "Event: presence\r\nExpires: 60\r\n",
    "Require: 100rel\r\nPrivacy: id\r\n",
];

/// A node among them, with more or less room.
pub(super) fn node(choices: &mut Choices<'_>) -> Node {
    let listening = [
        (Transport::Udp, "192.0.2.1:5060"),
        (Transport::Tcp, "192.0.2.1:5060"),
        (Transport::Tls, "192.0.2.1:5061"),
        (Transport::Ws, "192.0.2.1:8080"),
        (Transport::Udp, "[2001:db8::1]:5060"),
    ]
    .map(|(transport, address)| (transport, address.parse::<SocketAddr>().expect("an address")));
    let own = listening.iter().map(|&(transport, address)| {
        proxy::ListenAddress::new(transport, &address.ip().to_string(), address.port())
    });
    let own = proxy::Own::new(own.collect(), [7; 16]).with_alias("example.test", None);
    let most = *choices.one_of(&[1000, 1000, 1000, 8, 3]);
    Node::new(NodeConfig {
        shard: 0,
        seed: [3; 32],
        route_key: [5; 16],
        own: Arc::new(own),
        listening: Listening::new(listening.to_vec()),
        wall_start_ms: 1_700_000_000_000,
        timers: Timers::default(),
        timer_c: Duration::from_secs(185),
        limits: Limits { max_server: most, max_client: most },
        max_dialogs: if most < 1000 { 2 } else { 1000 },
        udp_bytes: *choices.one_of(&[1300, 0, 600]),
        proxy_require: Arc::default(),
        returns: Arc::default(),
        server: "".into(),
        nonces: Arc::new(auth::Nonces::new([1; 32], Duration::from_secs(300))),
        retry_after: 5,
    })
}

/// A new request, the `n`th.
pub(super) fn request(choices: &mut Choices<'_>, n: usize) -> (Flow, Vec<u8>) {
    let flow = *choices.one_of(&FLOWS[..4]);
    let method = *choices.one_of(&METHODS);
    let uri = *choices.one_of(&URIS);
    let shape = choices.byte();
    let more = format!("{}{}", choices.one_of(&MORE), choices.one_of(&MORE));
    let dialog = shape & 3;
    let hops = if shape >> 2 & 15 == 15 { 1 } else { 70 };
    let body = if shape >> 6 == 3 { "x".repeat(1400) } else { String::new() };
    let to_tag = if method == "BYE" || method == "NOTIFY" { ";tag=b0" } else { "" };
    let text = format!(
        "{method} {uri} SIP/2.0\r\n{}Max-Forwards: {hops}\r\nFrom: <sip:alice@example.test>;tag=a{dialog}\r\n\
         To: <sip:bob@example.test>{to_tag}\r\nCall-ID: call-{dialog}\r\nCSeq: {n} {method}\r\n{}{more}\
         Content-Length: {}\r\n\r\n{body}",
        via(flow, n),
        contact(flow, shape & 32 == 32),
        body.len()
    );
    (flow, text.into_bytes())
}

fn via(flow: Flow, n: usize) -> String {
    let rport = if flow.transport == Transport::Udp && n % 2 == 1 { ";rport" } else { "" };
    format!("Via: SIP/2.0/{} {};branch=z9hG4bKn{n}{rport}\r\n", flow.transport.name(), flow.remote)
}

fn contact(flow: Flow, outbound: bool) -> String {
    let ob = if outbound { ";ob" } else { "" };
    format!("Contact: <sip:alice@{};transport={}{ob}>\r\n", flow.remote, flow.transport.parameter())
}

/// The CANCEL of a request (RFC 3261 §9.1), or whatever comes of one that cannot be cancelled.
pub(super) fn cancel(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let mut out = String::new();
    for line in text.split("\r\n").take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let _ = match name {
            "CSeq:" => write!(out, "CSeq: {} CANCEL\r\n", value.split(' ').next().unwrap_or_default()),
            "Content-Length:" => write!(out, "Content-Length: 0\r\n"),
            "Contact:" | "Require:" | "Proxy-Require:" | "Session-Expires:" => Ok(()),
            _ if out.is_empty() => write!(out, "CANCEL {value}\r\n"),
            _ => write!(out, "{line}\r\n"),
        };
    }
    out.push_str("\r\n");
    out.into_bytes()
}

/// A response to a request, as a phone makes it.
pub(super) fn response(choices: &mut Choices<'_>, request: &Message) -> Vec<u8> {
    let status = *choices.one_of(&STATUSES);
    let tag = *choices.one_of(&["b1", "b2", "b3", "b4", "b5", ""]);
    let contact = *choices.one_of(&["<sip:bob@192.0.2.20>", "<sip:bob@10.0.0.9:40404;transport=tls>", ""]);
    let more = choices.byte();
    let mut out = Vec::new();
    sip::respond(request.head(), status, "", Some(tag).filter(|tag| !tag.is_empty()), &mut out, |answer| {
        if !contact.is_empty() {
            answer.header(HeaderId::CONTACT, contact);
        }
        match more % 8 {
            1 => answer.header(HeaderId::SESSION_EXPIRES, "120;refresher=uas"),
            2 => answer.header(HeaderId::WWW_AUTHENTICATE, "Digest realm=\"r\", nonce=\"n\", algorithm=MD5"),
            3 => {
                answer.header(HeaderId::PROXY_AUTHENTICATE, "Digest realm=\"r\", nonce=\"n\", algorithm=MD5")
            }
            4 => answer.body("text/plain", &[b'y'; 1500]),
            5 => answer.header(HeaderId::RETRY_AFTER, "5"),
            _ => {}
        }
    });
    out
}

/// The ACK for a response that came: of the same transaction for a failure, of none for a 2xx (§13.2.2.4, §17.1.1.3).
pub(super) fn ack(answer: &Message, n: usize) -> Vec<u8> {
    let branch = if answer.status() < 300 {
        format!("z9hG4bKn{n}")
    } else {
        let head = answer.head();
        let branch = head.via().ok().and_then(|via| via.branch()).unwrap_or_default();
        String::from_utf8_lossy(branch).into_owned()
    };
    let via = format!("Via: SIP/2.0/UDP 192.0.2.10:5060;branch={branch}\r\n");
    let cseq = answer.head().cseq().map_or(1, |cseq| cseq.number);
    from_caller(answer, "ACK", &via, u64::from(cseq))
}

/// A request inside the dialog that a response made, by the caller, or by the callee from somewhere.
pub(super) fn in_dialog(
    choices: &mut Choices<'_>,
    flow: Flow,
    answer: &Message,
    n: usize,
) -> (Flow, Vec<u8>) {
    let method = *choices.one_of(&IN_DIALOG);
    if choices.once_in(2) {
        let flow = *choices.one_of(&FLOWS[..4]);
        return (flow, from_callee(answer, method, &via(flow, n), n as u64));
    }
    (flow, from_caller(answer, method, &via(flow, n), n as u64))
}

fn from_caller(answer: &Message, method: &str, via: &str, cseq: u64) -> Vec<u8> {
    let routes: Vec<_> = values(answer, HeaderId::RECORD_ROUTE).rev().collect();
    let (from, to) = (value(answer, HeaderId::FROM), value(answer, HeaderId::TO));
    request_of(answer, method, via, (from, to), &routes, cseq)
}

fn from_callee(answer: &Message, method: &str, via: &str, cseq: u64) -> Vec<u8> {
    let routes: Vec<_> = values(answer, HeaderId::RECORD_ROUTE).collect();
    let (from, to) = (value(answer, HeaderId::TO), value(answer, HeaderId::FROM));
    request_of(answer, method, via, (from, to), &routes, cseq)
}

fn request_of(
    answer: &Message,
    method: &str,
    via: &str,
    (from, to): (String, String),
    routes: &[String],
    cseq: u64,
) -> Vec<u8> {
    let routes: String = routes.iter().map(|route| format!("Route: {route}\r\n")).collect();
    format!(
        "{method} sip:bob@192.0.2.20 SIP/2.0\r\n{via}Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {}\r\n\
         CSeq: {cseq} {method}\r\n{routes}Contact: <sip:any@192.0.2.10>\r\nContent-Length: 0\r\n\r\n",
        value(answer, HeaderId::CALL_ID)
    )
    .into_bytes()
}

fn value(message: &Message, id: HeaderId) -> String {
    String::from_utf8_lossy(message.header(id).unwrap_or_default()).into_owned()
}

fn values(message: &Message, id: HeaderId) -> impl DoubleEndedIterator<Item = String> {
    let all: Vec<_> =
        message.values(id).map(|value| String::from_utf8_lossy(value.bytes).into_owned()).collect();
    all.into_iter()
}
