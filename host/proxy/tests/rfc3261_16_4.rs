//! RFC 3261 §16.4, route information preprocessing; double Record-Routes as RFC 5658 has them.

#![allow(clippy::unwrap_used)]

mod hop;

use hop::request;
use sip::{Draft, Message, Transport};
use strowger_proxy as proxy;
use strowger_proxy::{ListenAddress, Own, Preprocessed, preprocess};

fn proxy() -> Own {
    Own::new(
        vec![
            ListenAddress::new(Transport::Udp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Tcp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Udp, "10.0.0.1", 5070),
        ],
        [7; 16],
    )
    .with_alias("example.com", None)
}

fn on_udp(message: &Message) -> Preprocessed {
    preprocess(&message.head(), &proxy(), 0)
}

#[test]
fn nothing_of_ours_changes_nothing() {
    for lines in [&[][..], &["Route: <sip:other.example.net;lr>"]] {
        let message = request("INVITE sip:bob@biloxi.com;transport=udp", lines);
        let result = on_udp(&message);
        assert!(!result.changes_message() && !result.came_by_own_route());
    }
}

#[test]
fn our_own_topmost_route_goes_and_tells_its_token() {
    let message = request(
        "BYE sip:bob@192.0.2.9",
        &["Route: <sip:t0ken@192.0.2.1;lr;orig>, <sip:other.example.net;lr>"],
    );
    let (head, result) = (message.head(), on_udp(&message));
    assert_eq!((result.routes_removed, result.request_uri.as_deref()), (1, None));
    assert_eq!(result.token(&head), Some(&b"t0ken"[..]));
    assert_eq!(result.own_param(&head, "orig"), Some(None));
    assert_eq!(result.own_param(&head, "none"), None);
    assert_eq!(result.own_routes[0].listener, Some(0));
    assert_eq!(result.outbound_listener(), None);
}

#[test]
fn a_route_to_our_domain_goes_too() {
    let message = request("INVITE sip:bob@biloxi.com", &["Route: <sip:example.com;lr>"]);
    let result = on_udp(&message);
    assert!(result.came_by_own_route());
    assert_eq!((result.routes_removed, result.own_routes[0].listener), (1, None));
}

/// Two visits of one request to us are two Routes of the same listener: each has its turn.
#[test]
fn a_spiral_keeps_its_second_route() {
    let message =
        request("BYE sip:bob@192.0.2.9", &["Route: <sip:a@192.0.2.1;lr>", "Route: <sip:b@192.0.2.1;lr>"]);
    assert_eq!(on_udp(&message).routes_removed, 1);
}

/// RFC 5658 §4: both halves go at once, and the second names the side to leave by.
#[test]
fn a_double_record_route_goes_as_one() {
    let message = request(
        "BYE sip:bob@192.0.2.9",
        &[
            "Route: <sip:t@192.0.2.1:5060;transport=tcp;lr;half>,<sip:u@10.0.0.1:5070;lr;half>,<sip:t@10.0.0.1:5070;lr;half>",
        ],
    );
    let result = on_udp(&message);
    assert_eq!(result.routes_removed, 2);
    assert_eq!(result.own_routes[0].listener, Some(1));
    assert_eq!(result.outbound_listener(), Some(2));
    assert_eq!(result.token(&message.head()), Some(&b"t"[..]));
    assert_eq!(result.outbound_token(&message.head()), Some(&b"u"[..]));

    let one_listener = "Route: <sip:t@192.0.2.1;lr;half>,<sip:u@192.0.2.1;lr;half>";
    assert_eq!(on_udp(&request("BYE sip:bob@192.0.2.9", &[one_listener])).routes_removed, 2);
    for two_visits in [
        "Route: <sip:t@192.0.2.1;lr>,<sip:t@10.0.0.1:5070;lr>",
        "Route: <sip:t@192.0.2.1;lr>,<sip:t@10.0.0.1:5070;lr;half>,<sip:t@192.0.2.1;lr;half>",
    ] {
        let message = request("BYE sip:bob@192.0.2.9", &[two_visits]);
        let result = on_udp(&message);
        assert_eq!((result.routes_removed, result.outbound_listener()), (1, None), "{two_visits}");
        assert_eq!(result.outbound_token(&message.head()), Some(&b"t"[..]));
    }
}

/// The strict router before us, §16.12.1.2.
#[test]
fn a_strict_router_is_made_good() {
    let message = request(
        "BYE sip:t0ken@192.0.2.1:5060;lr",
        &["Route: <sip:p1.example.net;lr>", "Route: <sip:caller@u1.example.com>"],
    );
    let (head, result) = (message.head(), on_udp(&message));
    assert_eq!(result.request_uri(&head), b"sip:caller@u1.example.com");
    assert!(result.last_route_removed);
    assert_eq!(result.routes_removed, 0);
    assert_eq!(result.token(&head), Some(&b"t0ken"[..]));
}

/// The strict router had our double Record-Route before it: one half is the Request-URI, one the topmost Route.
#[test]
fn a_strict_router_before_a_double_record_route() {
    let message = request(
        "BYE sip:t@192.0.2.1:5060;lr;half",
        &["Route: <sip:t@10.0.0.1:5070;lr;half>", "Route: <sip:caller@u1.example.com>"],
    );
    let result = on_udp(&message);
    assert_eq!((result.routes_removed, result.last_route_removed), (1, true));
    assert_eq!(result.outbound_listener(), Some(2));
}

/// The last Route is the target, even where it points at us: it is not removed twice.
#[test]
fn the_last_route_is_taken_once() {
    let message = request("BYE sip:192.0.2.1:5060;lr", &["Route: <sip:bob@example.com>"]);
    let (head, result) = (message.head(), on_udp(&message));
    assert_eq!(result.request_uri(&head), b"sip:bob@example.com");
    assert_eq!((result.routes_removed, result.last_route_removed), (0, true));
}

#[test]
fn a_request_uri_with_lr_but_without_route_stays() {
    let message = request("OPTIONS sip:192.0.2.1:5060;lr", &[]);
    assert!(!on_udp(&message).changes_message());
    let message = request("OPTIONS sip:192.0.2.99:5060;lr", &["Route: <sip:bob@biloxi.com>"]);
    assert!(!on_udp(&message).changes_message());
}

#[test]
fn our_own_maddr_goes_with_port_and_transport() {
    let stripped = |uri: &str, listener: u16| {
        let message = request(&format!("INVITE {uri}"), &[]);
        let result = preprocess(&message.head(), &proxy(), listener);
        result.request_uri.map(|uri| String::from_utf8(uri).unwrap())
    };
    assert_eq!(
        stripped("sip:bob:pw@biloxi.com;transport=udp;maddr=192.0.2.1;x=y?Subject=z", 0).as_deref(),
        Some("sip:bob:pw@biloxi.com;x=y?Subject=z")
    );
    assert_eq!(
        stripped("sip:biloxi.com:5070;maddr=example.com", 2).as_deref(),
        Some("sip:biloxi.com"),
        "a port that is not the default one goes"
    );
    assert_eq!(
        stripped("sip:biloxi.com:5060;transport=tcp;maddr=192.0.2.1", 1).as_deref(),
        Some("sip:biloxi.com:5060")
    );
    assert_eq!(stripped("sip:bob@biloxi.com;maddr=192.0.2.99", 0), None, "somebody else's");
    assert_eq!(stripped("sip:bob@biloxi.com;transport=tcp;maddr=192.0.2.1", 0), None, "came by UDP");
    assert_eq!(stripped("sip:bob@biloxi.com:5070;maddr=192.0.2.1", 0), None, "came by another port");
}

#[test]
fn what_is_no_route_is_left_to_forwarding() {
    let message = request("INVITE sip:bob@biloxi.com", &["Route: \"unfinished <sip:example.com>"]);
    assert!(!on_udp(&message).changes_message());
}

/// "The proxy MUST then proceed as if it received this modified request": as a script sees it.
fn written(message: &Message) -> (Vec<String>, Preprocessed, Message) {
    let (head, result) = (message.head(), on_udp(message));
    let mut draft = Draft::forward(head);
    result.write(&head, &mut draft);
    let mut bytes = Vec::new();
    draft.print(&mut bytes);
    let shown = Message::parse_datagram(&bytes).unwrap();
    let lines = hop::lines(&shown, &["Route"]);
    (lines, result.written(), shown)
}

#[test]
fn the_modified_request() {
    let message = request(
        "BYE sip:bob@192.0.2.9",
        &[
            "Route: <sip:t@192.0.2.1;transport=tcp;lr;half>,<sip:t@10.0.0.1:5070;lr;half>,<sip:a;lr>",
            "Route: <sip:b;lr>",
        ],
    );
    let (lines, left, shown) = written(&message);
    assert_eq!(lines, ["BYE sip:bob@192.0.2.9 SIP/2.0", "Route: <sip:a;lr>", "Route: <sip:b;lr>"]);
    assert_eq!((left.changes_message(), left.outbound_listener()), (false, Some(2)));
    assert_eq!(left.token(&shown.head()), None);
    assert_eq!(left.loop_hash, proxy::loop_hash(&proxy(), &message.head()), "that of the received request");
    assert_ne!(left.loop_hash, proxy::loop_hash(&proxy(), &shown.head()));

    let message = request("BYE sip:bob@192.0.2.9", &["Route: <sip:t@192.0.2.1;lr>"]);
    assert_eq!(written(&message).0, ["BYE sip:bob@192.0.2.9 SIP/2.0"]);
}

#[test]
fn the_modified_request_after_a_strict_router() {
    let message = request(
        "BYE sip:192.0.2.1;lr;half",
        &["Route: <sip:10.0.0.1:5070;lr;half>, <sip:a;lr>, <sip:b>", "Route: <sip:caller@u1.example.com>"],
    );
    assert_eq!(
        written(&message).0,
        ["BYE sip:caller@u1.example.com SIP/2.0", "Route: <sip:a;lr>", "Route: <sip:b>"]
    );
    // a strict router ahead is none of preprocessing's business
    let message = request("BYE sip:192.0.2.9", &["Route: <sip:192.0.2.1;lr>, <sip:strict.example.net>"]);
    assert_eq!(written(&message).0, ["BYE sip:192.0.2.9 SIP/2.0", "Route: <sip:strict.example.net>"]);
}
