//! RFC 3261 §16.12.1, the RFC's own examples of routing, message by message.

mod hop;

use hop::{Wanted, forward, lines, own, request};
use sip::Message;
use strowger_proxy::{Own, Target};

/// The proxy records itself and sends the request on to this target, if it is responsible for it.
fn record(own: &Own, message: &Message, target: Option<&str>) -> (String, Message) {
    let record_route = Some(hop::on_one_side(0, b""));
    let target = Target { uri: target.map(str::as_bytes), route: &[] };
    forward(own, message, Wanted { target, record_route, ..Wanted::default() })
}

fn route(own: &Own, message: &Message) -> (String, Message) {
    forward(own, message, Wanted::default())
}

/// §16.12.1.1 Basic SIP Trapezoid.
#[test]
fn basic_sip_trapezoid() {
    let (p1, p2) = (own("p1.example.com"), own("p2.domain.com").with_alias("domain.com", None));

    let invite = request("INVITE sip:callee@domain.com", &["Contact: sip:caller@u1.example.com"]);
    let (next, invite) = record(&p1, &invite, None);
    assert_eq!(next, "sip:callee@domain.com");
    assert_eq!(
        lines(&invite, &["Record-Route"]),
        ["INVITE sip:callee@domain.com SIP/2.0", "Record-Route: <sip:p1.example.com:5060;lr>"]
    );

    let (next, invite) = record(&p2, &invite, Some("sip:callee@u2.domain.com"));
    assert_eq!(next, "sip:callee@u2.domain.com");
    assert_eq!(
        lines(&invite, &["Record-Route"]),
        [
            "INVITE sip:callee@u2.domain.com SIP/2.0",
            "Record-Route: <sip:p2.domain.com:5060;lr>",
            "Record-Route: <sip:p1.example.com:5060;lr>",
        ]
    );

    // the route set of the caller: the Record-Route values, last one first
    let bye = request(
        "BYE sip:callee@u2.domain.com",
        &["Route: <sip:p1.example.com:5060;lr>,<sip:p2.domain.com:5060;lr>"],
    );
    let (next, bye) = route(&p1, &bye);
    assert_eq!(next, "sip:p2.domain.com:5060;lr");
    assert_eq!(
        lines(&bye, &["Route"]),
        ["BYE sip:callee@u2.domain.com SIP/2.0", "Route: <sip:p2.domain.com:5060;lr>"]
    );

    let (next, bye) = route(&p2, &bye);
    assert_eq!(next, "sip:callee@u2.domain.com");
    assert_eq!(lines(&bye, &["Route"]), ["BYE sip:callee@u2.domain.com SIP/2.0"]);
}

/// §16.12.1.2 Traversing a Strict-Routing Proxy: `p3.middle.com` is one.
#[test]
fn traversing_a_strict_routing_proxy() {
    let bye = request(
        "BYE sip:caller@u1.example.com",
        &[
            "Route: <sip:p4.domain.com;lr>",
            "Route: <sip:p3.middle.com>",
            "Route: <sip:p2.example.com;lr>",
            "Route: <sip:p1.example.com;lr>",
        ],
    );
    let (next, bye) = route(&own("p4.domain.com"), &bye);
    assert_eq!(next, "sip:p3.middle.com");
    assert_eq!(
        lines(&bye, &["Route"]),
        [
            "BYE sip:p3.middle.com SIP/2.0",
            "Route: <sip:p2.example.com;lr>",
            "Route: <sip:p1.example.com;lr>",
            "Route: <sip:caller@u1.example.com>",
        ]
    );

    // what the strict router makes of it
    let bye = request(
        "BYE sip:p2.example.com;lr",
        &["Route: <sip:p1.example.com;lr>", "Route: <sip:caller@u1.example.com>"],
    );
    let (next, bye) = route(&own("p2.example.com"), &bye);
    assert_eq!(next, "sip:p1.example.com;lr");
    assert_eq!(
        lines(&bye, &["Route"]),
        ["BYE sip:caller@u1.example.com SIP/2.0", "Route: <sip:p1.example.com;lr>"]
    );

    let (next, bye) = route(&own("p1.example.com"), &bye);
    assert_eq!(next, "sip:caller@u1.example.com");
    assert_eq!(lines(&bye, &["Route"]), ["BYE sip:caller@u1.example.com SIP/2.0"]);
}
