//! The areas of `cscf.wat`: requests of its own and decisions with attributes, by the rules of the canonical ABI.
//!
//! In: nothing. Out: the component's module, and what each of its values is for. Offsets are those of `wit/sip.wit`.

use super::area::{Areas, Value};
use super::module;

/// The worlds that `cscf.wat` is made of.
const WORLDS: [&str; 8] = [
    "base",
    "hook-request",
    "hook-reply",
    "hook-answer",
    "with-cx",
    "with-ims",
    "with-location",
    "with-client",
];

/// A header field: its number, or 0 and a name.
type Field<'a> = (u16, &'a str, &'a str);

const FROM: Field<'_> = (0, "From", "<sip:scscf.ims.test>");
const TO: Field<'_> = (0, "To", "<sip:alice@ims.test>");

/// One `client.request`.
#[derive(Clone)]
pub struct Own<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub route: Vec<&'a str>,
    pub fields: Vec<Field<'a>>,
    pub body: Option<(&'a str, &'a [u8])>,
    pub token: String,
    pub timeout_ms: u32,
    pub attr: Option<(u16, &'a [u8])>,
}

impl Own<'_> {
    fn notify() -> Own<'static> {
        Own {
            method: "NOTIFY",
            uri: "sip:pcscf.ims.test",
            route: Vec::new(),
            fields: vec![FROM, TO],
            body: None,
            token: String::new(),
            timeout_ms: 0,
            attr: None,
        }
    }
}

/// A request whole, and one that has everything; then those that are refused, each with why.
pub fn requests() -> Vec<(Own<'static>, &'static str)> {
    let notify = Own::notify;
    let with = |field: Field<'static>| Own { fields: vec![FROM, TO, field], ..notify() };
    let full = Own {
        route: vec!["<sip:one;lr>", "<sip:two;lr>"],
        fields: vec![
            (0, "f", "\"S\" <sip:scscf.ims.test>;tag=mine"),
            TO,
            (0, "Call-ID", "own@ims.test"),
            (0, "CSeq", "9 NOTIFY"),
            (0, "Via", "SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx"),
            (0, "Max-Forwards", "1"),
            (0, "l", "77"),
            (0, "X-Own", "yes"),
            (sip::HeaderId::EVENT.0, "", "reg"),
        ],
        body: Some(("text/plain", b"hello")),
        token: "word".into(),
        timeout_ms: 1_500,
        ..notify()
    };
    let third = |value: &'static [u8]| Own { attr: Some((5, value)), ..notify() };
    vec![
        (notify(), ""),
        (full, ""),
        (third(b"\x07<x>1</x>"), ""),
        (third(b"\x02ignored"), ""),
        (Own { attr: Some((0xf001, b"")), ..notify() }, ""),
        (Own { method: "INVITE", ..notify() }, "an INVITE"),
        (Own { method: "ACK", ..notify() }, "an ACK"),
        (Own { method: "CANCEL", ..notify() }, "a CANCEL"),
        (Own { method: "NO TIFY", ..notify() }, "no token"),
        (Own { uri: "nonsense", ..notify() }, "no URI"),
        (Own { uri: "sip:a@b\r\nX: y", ..notify() }, "a line break in the URI"),
        (Own { fields: vec![TO], ..notify() }, "no From"),
        (Own { fields: vec![FROM], ..notify() }, "no To"),
        (Own { fields: vec![(0, "From", "nonsense"), TO], ..notify() }, "a From that is none"),
        (Own { fields: vec![FROM, (0, "To", "<<")], ..notify() }, "a To that is none"),
        (with((0, "From", "<sip:other@ims.test>;tag=2")), "two Froms"),
        (with((0, "X-A", "b\r\nX-C: d")), "a line break"),
        (with((0, "X A", "b")), "a name that is none"),
        (with((60_000, "", "b")), "a number that is none"),
        (with((0, "CSeq", "x NOTIFY")), "a CSeq that is none"),
        (with((0, "CSeq", "1 MESSAGE")), "the CSeq of another method"),
        (with((0, "Call-ID", "two words")), "a Call-ID of two words"),
        (Own { route: vec!["<sip:one;lr>\r\nX: y"], ..notify() }, "a line break in a Route"),
        (Own { token: "t".repeat(257), ..notify() }, "a long token"),
        (Own { body: Some(("text/plain\r\nX: y", b"")), ..notify() }, "a line break in a type"),
        (third(b""), "an attribute without flags"),
        (third(b"\x04\xff"), "ServiceInfo that is no text"),
    ]
}

fn list(areas: &mut Areas, bytes: &[u8]) -> (u32, u32) {
    areas.bytes(bytes)
}

fn attrs(areas: &mut Areas, attr: Option<(u16, &[u8])>) -> (u32, u32) {
    let Some((tag, value)) = attr else { return (0, 0) };
    let value = list(areas, value);
    areas.one(Value::default().u16(0, tag).list(4, value), 12)
}

fn own(areas: &mut Areas, own: &Own<'_>) -> Value {
    let (method, uri) = (areas.text(own.method), areas.text(own.uri));
    let routes: Vec<Value> =
        own.route.iter().map(|route| Value::default().list(0, areas.text(route))).collect();
    let route = areas.many(routes, 8);
    let fields: Vec<Value> = own
        .fields
        .iter()
        .map(|(id, name, value)| {
            let (name, value) = (areas.text(name), areas.text(value));
            Value::default().u16(0, *id).list(4, name).list(12, value)
        })
        .collect();
    let headers = areas.many(fields, 20);
    let (token, attrs) = (areas.text(&own.token), attrs(areas, own.attr));
    let value = Value::default().list(0, method).list(8, uri).list(16, route).list(24, headers);
    let value = match own.body {
        None => value.u8(32, 0),
        Some((kind, content)) => {
            let (kind, content) = (areas.text(kind), areas.bytes(content));
            value.u8(32, 1).list(36, kind).list(44, content)
        }
    };
    value.list(52, token).u32(60, own.timeout_ms).list(64, attrs)
}

/// A decision: a reply or a relay with an attribute, or with one of its target.
#[derive(Debug, Clone, Copy)]
pub enum With {
    Reply(u16, &'static [u8]),
    Relay(u16, &'static [u8]),
    Target(u16, &'static [u8]),
}

/// T1, T2, T4 in ms.
macro_rules! timers {
    ($t1:literal, $t2:literal, $t4:literal) => {{
        const NUMBERS: [u32; 3] = [$t1, $t2, $t4];
        const BYTES: [[u8; 4]; 3] =
            [NUMBERS[0].to_le_bytes(), NUMBERS[1].to_le_bytes(), NUMBERS[2].to_le_bytes()];
        BYTES.as_flattened()
    }};
}

/// Decisions, and whether each keeps the contract.
pub const DECISIONS: [(With, bool); 42] = [
    (With::Reply(1, &7_u64.to_le_bytes()), true),
    (With::Reply(1, &8_u64.to_le_bytes()), false),
    (With::Reply(1, b"\x07"), false),
    (With::Reply(0xf001, b""), true),
    (With::Target(2, b"good"), true),
    (With::Target(2, b"datagrams"), true),
    (With::Target(2, b"forged"), false),
    (With::Target(2, b"\xff"), false),
    (With::Target(3, timers!(2_000, 16_000, 17_000)), true),
    (With::Target(3, timers!(50, 50, 0)), true),
    (With::Target(3, timers!(10_000, 60_000, 60_000)), true),
    (With::Target(3, timers!(49, 16_000, 17_000)), false),
    (With::Target(3, timers!(10_001, 16_000, 17_000)), false),
    (With::Target(3, timers!(2_000, 1_999, 17_000)), false),
    (With::Target(3, timers!(2_000, 60_001, 17_000)), false),
    (With::Target(3, timers!(2_000, 16_000, 60_001)), false),
    (With::Target(3, &[0; 11]), false),
    (With::Target(3, &[1; 13]), false),
    (With::Target(0xf001, b""), true),
    (With::Relay(4, b""), true),
    (With::Relay(7, b""), true),
    (With::Relay(8, b"odi-1"), true),
    (With::Relay(8, b""), false),
    (With::Relay(8, b"\xff"), false),
    (With::Relay(8, &[b'o'; 4_097]), false),
    (With::Relay(9, b"SIP/2.0/UDP a.test;branch=z9hG4bK1, SIP/2.0/TCP b.test:5061"), true),
    (With::Relay(9, b""), false),
    (With::Relay(9, b"SIP/2.0/UDP a.test, nonsense"), false),
    (With::Relay(9, b"SIP/2.0/UDP a.test\r\nX: y"), false),
    (With::Relay(9, b"\xff"), false),
    (With::Relay(3, timers!(2_000, 16_000, 17_000)), true),
    (With::Relay(3, timers!(49, 16_000, 17_000)), false),
    (With::Relay(10, timers!(2_000, 16_000, 17_000)), true),
    (With::Relay(10, &[0; 11]), false),
    (With::Reply(10, timers!(2_000, 16_000, 17_000)), true),
    (With::Reply(10, timers!(2_000, 1_999, 17_000)), false),
    (With::Relay(11, b""), true),
    (With::Relay(13, b""), true),
    (With::Relay(12, b"sip:alice@ims.test"), true),
    (With::Relay(12, b""), false),
    (With::Relay(12, b"\xff"), false),
    (With::Relay(0xf001, b""), true),
];

fn decision(areas: &mut Areas, with: With) -> Value {
    match with {
        With::Reply(tag, value) => {
            let attrs = attrs(areas, Some((tag, value)));
            Value::default().u8(4, 1).u16(8, 401).list(32, attrs)
        }
        With::Relay(tag, value) => {
            let attrs = attrs(areas, Some((tag, value)));
            Value::default().u8(4, 0).list(32, attrs)
        }
        With::Target(tag, value) => {
            let (uri, attrs) = (areas.text("sip:bob@192.0.2.7"), attrs(areas, Some((tag, value))));
            let target = Value::default().list(4, uri).u16(20, 1_000).list(24, attrs);
            let targets = areas.one(target, 32);
            Value::default().u8(4, 0).list(16, targets)
        }
    }
}

/// `cscf.wat` with its areas.
pub fn component() -> Vec<u8> {
    let mut areas = Areas::default();
    let (name, version) = (areas.text("cscf"), areas.text("1"));
    areas.name("MANIFEST", Value::default().list(4, name).list(12, version));
    areas.name("NEXT", Value::default().u8(4, 3));
    areas.name("PASS", Value::default());
    let reason = areas.text("refused");
    areas.name("FAULT", Value::default().u8(0, 1).u16(4, 77).list(8, reason));
    areas.name_text("WORD", "word");
    let sends = requests().iter().map(|(one, _)| own(&mut areas, one)).collect();
    areas.name_many("SENDS", sends, 72);
    let decisions = DECISIONS.iter().map(|(with, _)| decision(&mut areas, *with)).collect();
    areas.name_many("DECISIONS", decisions, 64);
    module(&areas.fill(include_str!("cscf.wat")), &WORLDS)
}
