//! RFC 3261 §16.6, request forwarding, item by item; double Record-Routes as RFC 5658 has them.

#![allow(clippy::unwrap_used)]

mod hop;

use hop::{Wanted, forward, lines, own, request};
use sip::{Draft, Edit, HeaderEdit, HeaderId, Message, Transport};
use strowger_proxy as proxy;
use strowger_proxy::{
    ForwardError, Forwarding, ListenAddress, Own, RecordRoute, RouteError, RouteSet, Side, Target, Via,
};

fn proxy() -> Own {
    own("p1.example.com")
}

fn to(uri: &str) -> Target<'_> {
    Target { uri: Some(uri.as_bytes()), route: &[] }
}

/// Item 1: everything else is as it came, byte for byte.
#[test]
fn what_is_not_named_is_not_touched() {
    let message = request(
        "INVITE sip:bob@biloxi.com",
        &["sUbJeCt:  odd   spacing ", "X-New: a,\r\n b", "v: SIP/2.0/UDP x"],
    );
    let (_, copy) = forward(&proxy(), &message, Wanted::default());
    let before = String::from_utf8(message.bytes().to_vec()).unwrap();
    let after = String::from_utf8(copy.bytes().to_vec()).unwrap();
    assert_eq!(before.replace("Max-Forwards: 70", "Max-Forwards: 69"), after);
}

/// Item 2.
#[test]
fn the_target_becomes_the_request_uri() {
    let message = request("INVITE sip:bob@example.com", &[]);
    let target = to("sip:bob@192.0.2.4:5070;ob;method=INVITE?Subject=x");
    let (next, copy) = forward(&proxy(), &message, Wanted { target, ..Wanted::default() });
    assert_eq!(copy.request_uri(), b"sip:bob@192.0.2.4:5070;ob", "what no Request-URI may hold is removed");
    assert_eq!(next, "sip:bob@192.0.2.4:5070;ob");

    let edits = [Edit::SetRequestUri("sip:carol@example.com".into())];
    let (next, copy) = forward(&proxy(), &message, Wanted { edits: &edits, ..Wanted::default() });
    assert_eq!((copy.request_uri(), &*next), (&b"sip:carol@example.com"[..], "sip:carol@example.com"));
    let (_, copy) =
        forward(&proxy(), &message, Wanted { edits: &edits, target: to("tel:+1"), ..Wanted::default() });
    assert_eq!(copy.request_uri(), b"tel:+1", "the target outranks the edit");
}

fn with_max_forwards(line: &str) -> Message {
    let text = String::from_utf8(request("INVITE sip:bob@biloxi.com", &[]).bytes().to_vec()).unwrap();
    Message::parse_datagram(text.replace("Max-Forwards: 70\r\n", line).as_bytes()).unwrap()
}

/// Item 3.
#[test]
fn max_forwards_falls_or_begins_with_70() {
    let hops = |line: &str| {
        let (_, copy) = forward(&proxy(), &with_max_forwards(line), Wanted::default());
        assert_eq!(copy.head().count(HeaderId::MAX_FORWARDS), 1);
        copy.head().max_forwards().unwrap().unwrap()
    };
    assert_eq!(hops("Max-Forwards: 255\r\n"), 254);
    assert_eq!(hops("Max-Forwards: 10\r\n"), 9);
    assert_eq!(hops("Max-Forwards: 1\r\n"), 0);
    assert_eq!(hops(""), 70);
}

#[test]
fn max_forwards_0_goes_nowhere() {
    let (own, message) = (proxy(), with_max_forwards("Max-Forwards: 0\r\n"));
    let head = message.head();
    let preprocessed = proxy::preprocess(&head, &own, 0);
    let routes = RouteSet::new(&head, &own, &preprocessed, &[], Target::default()).unwrap();
    let mut draft = Draft::forward(head);
    let result = proxy::forward(&mut draft, &head, &own, &routes, &Forwarding::default());
    assert_eq!(result, Err(ForwardError::TooManyHops));
    assert_eq!(proxy::Rejection::from(ForwardError::TooManyHops).status, 483);
}

/// Item 4.
#[test]
fn a_record_route_goes_on_top_with_its_token() {
    let message = request("INVITE sip:bob@biloxi.com", &["Record-Route: <sip:p0.example.com;lr>"]);
    let record_route = Some(hop::on_one_side(0, b"k7"));
    let (_, copy) = forward(&proxy(), &message, Wanted { record_route, ..Wanted::default() });
    assert_eq!(
        lines(&copy, &["Record-Route"])[1..],
        ["Record-Route: <sip:k7@p1.example.com:5060;lr>", "Record-Route: <sip:p0.example.com;lr>"]
    );
}

/// RFC 5658 §4: the callee's side on top, the caller's beneath.
#[test]
fn two_sides_get_two_record_routes() {
    let own = Own::new(
        vec![
            ListenAddress::new(Transport::Udp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Tls, "p.example.com", 5061),
        ],
        [7; 16],
    );
    let message = request("INVITE sip:bob@biloxi.com", &[]);
    let side = |listener, token| Side { listener, token };
    let record_route = Some(RecordRoute { inbound: side(0, b"t"), outbound: side(1, b"u") });
    let (_, copy) = forward(&own, &message, Wanted { record_route, ..Wanted::default() });
    assert_eq!(
        lines(&copy, &["Record-Route"])[1..],
        [
            "Record-Route: <sip:u@p.example.com:5061;transport=tls;lr;half>",
            "Record-Route: <sip:t@192.0.2.1:5060;lr;half>",
        ]
    );
    // two connections of one listener are two sides as well
    let record_route = Some(RecordRoute { inbound: side(1, b"t"), outbound: side(1, b"u") });
    let (_, copy) = forward(&own, &message, Wanted { record_route, ..Wanted::default() });
    assert_eq!(lines(&copy, &["Record-Route"]).len(), 3);

    // the callee's BYE comes in by TLS, and is to leave by UDP
    let bye = request(
        "BYE sip:alice@192.0.2.9",
        &["Route: <sip:u@p.example.com:5061;transport=tls;lr;half>, <sip:t@192.0.2.1:5060;lr;half>"],
    );
    let preprocessed = proxy::preprocess(&bye.head(), &own, 1);
    assert_eq!((preprocessed.routes_removed, preprocessed.outbound_listener()), (2, Some(0)));
    assert_eq!(preprocessed.outbound_token(&bye.head()), Some(&b"t"[..]));
}

/// Item 4: "If the Request-URI contains a SIPS URI … the URI placed into the Record-Route MUST be a SIPS URI".
#[test]
fn a_sips_request_is_recorded_as_sips() {
    let own = Own::new(
        vec![
            ListenAddress::new(Transport::Udp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Tls, "p.example.com", 5061),
        ],
        [7; 16],
    );
    let record_route = Some(hop::on_one_side(1, b""));
    let message = request("INVITE sips:bob@biloxi.com", &[]);
    let (_, copy) = forward(&own, &message, Wanted { record_route, ..Wanted::default() });
    let expected = ["Record-Route: <sips:p.example.com:5061;transport=tcp;lr>"];
    assert_eq!(lines(&copy, &["Record-Route"])[1..], expected);

    let message = request("INVITE sip:bob@biloxi.com", &["Route: <sips:q.example.net;lr>"]);
    let (next, copy) = forward(&own, &message, Wanted { record_route, ..Wanted::default() });
    assert_eq!(next, "sips:q.example.net;lr");
    assert_eq!(lines(&copy, &["Record-Route"])[1..], expected);
}

/// Item 5.
#[test]
fn a_script_adds_header_fields() {
    let message = request("INVITE sip:bob@biloxi.com", &["P-Preferred-Identity: <sip:a@b>"]);
    let edits = [
        Edit::RemoveAll(HeaderId::P_PREFERRED_IDENTITY, "".into()),
        Edit::Append(HeaderEdit::new(HeaderId::P_ASSERTED_IDENTITY, &b"<sip:alice@example.com>"[..])),
    ];
    let (_, copy) = forward(&proxy(), &message, Wanted { edits: &edits, ..Wanted::default() });
    assert_eq!(copy.header(HeaderId::P_PREFERRED_IDENTITY), None);
    assert_eq!(copy.header(HeaderId::P_ASSERTED_IDENTITY), Some(&b"<sip:alice@example.com>"[..]));
}

fn routes(copy: &Message) -> Vec<String> {
    copy.values(HeaderId::ROUTE).map(|value| String::from_utf8(value.bytes.to_vec()).unwrap()).collect()
}

/// Item 6 and 7: the target's Path stands on top and names the next hop.
#[test]
fn a_path_leads_the_way() {
    let message =
        request("INVITE sip:bob@example.com", &["Route: <sip:p1.example.com;lr>, <sip:rest.example.net;lr>"]);
    let route = ["<sip:pcscf.example.com;lr>".into(), "<sip:sbc.example.com;lr>".into()];
    let target = Target { uri: Some(b"sip:bob@10.1.1.1"), route: &route };
    let (next, copy) = forward(&proxy(), &message, Wanted { target, ..Wanted::default() });
    assert_eq!(next, "sip:pcscf.example.com;lr");
    assert_eq!(copy.request_uri(), b"sip:bob@10.1.1.1");
    assert_eq!(
        routes(&copy),
        ["<sip:pcscf.example.com;lr>", "<sip:sbc.example.com;lr>", "<sip:rest.example.net;lr>"]
    );
}

/// Item 6: the strict router gets the Request-URI it wants.
#[test]
fn a_strict_next_hop() {
    let message = request(
        "INVITE sip:bob@biloxi.com",
        &["Route: <sip:strict.example.net;method=BYE>,<sip:two.example.net;lr>"],
    );
    let (next, copy) = forward(&proxy(), &message, Wanted::default());
    assert_eq!(next, "sip:strict.example.net");
    assert_eq!(copy.request_uri(), b"sip:strict.example.net");
    assert_eq!(routes(&copy), ["<sip:two.example.net;lr>", "<sip:bob@biloxi.com>"]);
}

#[test]
fn a_script_routes() {
    let message = request(
        "INVITE sip:bob@biloxi.com",
        &["Route: <sip:p1.example.com;lr>, <sip:a.example.net;lr>", "Route: <sip:b.example.net;lr>"],
    );
    let route = |value: &str| HeaderEdit::new(HeaderId::ROUTE, value.as_bytes());
    let edited = |edits: &[Edit]| {
        let (next, copy) = forward(&proxy(), &message, Wanted { edits, ..Wanted::default() });
        (next, routes(&copy))
    };
    let (next, values) = edited(&[
        Edit::Prepend(route("<sip:second.example.net;lr>")),
        Edit::Prepend(route("<sip:first.example.net;lr>")),
        Edit::Append(HeaderEdit::named("route", &b"<sip:last.example.net;lr>"[..])),
    ]);
    assert_eq!(next, "sip:first.example.net;lr");
    assert_eq!(
        values,
        [
            "<sip:first.example.net;lr>",
            "<sip:second.example.net;lr>",
            "<sip:a.example.net;lr>",
            "<sip:b.example.net;lr>",
            "<sip:last.example.net;lr>",
        ]
    );
    let index = |nth: usize| {
        let spans = message.spans().iter().enumerate();
        spans.filter(|(_, span)| span.id == HeaderId::ROUTE).nth(nth).unwrap().0 as u32
    };
    let (_, values) = edited(&[Edit::Remove { index: index(1) }]);
    assert_eq!(values, ["<sip:a.example.net;lr>"]);
    let value = &b"<sip:p1.example.com;lr>, \"x, y\" <sip:c.example.net;lr>, <sip:p1.example.com;lr>"[..];
    let (next, values) = edited(&[Edit::Replace { index: index(0), value: value.into() }]);
    assert_eq!(next, "sip:c.example.net;lr", "our own value was dealt with before the script was asked");
    assert_eq!(values[1..], ["<sip:p1.example.com;lr>", "<sip:b.example.net;lr>"]);
    let (next, values) = edited(&[Edit::RemoveAll(HeaderId::ROUTE, "".into())]);
    assert_eq!((&*next, values.len()), ("sip:bob@biloxi.com", 0));
}

#[test]
fn a_route_that_is_none_is_an_error() {
    let own = proxy();
    let message = request("INVITE sip:bob@biloxi.com", &["Route: \"unfinished"]);
    let (head, preprocessed) = (message.head(), proxy::Preprocessed::default());
    let result = RouteSet::new(&head, &own, &preprocessed, &[], Target::default());
    assert_eq!(result.map(|_| ()), Err(RouteError::NotAUri));
    assert_eq!(proxy::Rejection::from(RouteError::NotAUri).status, 400);
    let many = vec!["<sip:a;lr>".into(); proxy::MAX_ROUTES + 1];
    let message = request("INVITE sip:bob@biloxi.com", &[]);
    let target = Target { uri: None, route: &many };
    let result = RouteSet::new(&message.head(), &own, &preprocessed, &[], target);
    assert_eq!(result.map(|_| ()), Err(RouteError::TooMany));
}

/// Item 8.
#[test]
fn our_via_goes_on_top() {
    let message = request("INVITE sip:bob@biloxi.com", &[]);
    let via = Some(Via { listener: 0, branch: b"z9hG4bKabc", rport: true });
    let (_, copy) = forward(&proxy(), &message, Wanted { via, ..Wanted::default() });
    assert_eq!(
        lines(&copy, &["Via"])[1..],
        [
            "Via: SIP/2.0/UDP p1.example.com:5060;rport;branch=z9hG4bKabc",
            "Via: SIP/2.0/UDP u1.example.com;branch=z9hG4bKnashds8",
        ]
    );
    let via = Some(Via { listener: 1, branch: b"z9hG4bKabc", rport: false });
    let (_, copy) = forward(&proxy(), &message, Wanted { via, ..Wanted::default() });
    assert_eq!(lines(&copy, &["Via"])[1], "Via: SIP/2.0/TCP p1.example.com:5060;branch=z9hG4bKabc");
}

/// RFC 5393 §5.3.
#[test]
fn max_breadth_is_written_where_it_differs() {
    let breadth = |lines: &[&str], max_breadth: Option<u16>| {
        let message = request("INVITE sip:bob@biloxi.com", lines);
        let (_, copy) = forward(&proxy(), &message, Wanted { max_breadth, ..Wanted::default() });
        copy.head().max_breadth().unwrap()
    };
    assert_eq!(breadth(&[], None), None);
    assert_eq!(breadth(&[], Some(60)), Some(60));
    assert_eq!(breadth(&["Max-Breadth: 60"], Some(30)), Some(30));
    assert_eq!(breadth(&["Max-Breadth: 30"], None), Some(30));
}

/// Item 9: on a stream every message says how long it is.
#[test]
fn a_stream_needs_a_content_length() {
    let text = String::from_utf8(request("INVITE sip:bob@biloxi.com", &[]).bytes().to_vec()).unwrap();
    let message = Message::parse_datagram(text.replace("Content-Length: 0\r\n", "").as_bytes()).unwrap();
    let length = |listener: u16| {
        let via = Some(Via { listener, branch: b"z9hG4bKabc", rport: false });
        let (_, copy) = forward(&proxy(), &message, Wanted { via, ..Wanted::default() });
        copy.head().content_length().unwrap()
    };
    assert_eq!((length(0), length(1)), (None, Some(0)));
}
