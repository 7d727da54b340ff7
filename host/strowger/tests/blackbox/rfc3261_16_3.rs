//! RFC 3261 §16.3: requests that a proxy refuses before it looks any further.

use crate::support::{DOMAIN, PATIENCE, Peer, Request, Router};

fn message() -> Request {
    Request::new("MESSAGE", "alice", "bob")
}

/// Sends bytes that were spoiled; the status of the answer.
#[track_caller]
fn status(peer: &Peer, bytes: &[u8]) -> u16 {
    peer.send_bytes(bytes);
    let answered = peer.receive(PATIENCE);
    answered.unwrap_or_else(|| panic!("no answer to\n{}", String::from_utf8_lossy(bytes))).status()
}

/// Item 1.
#[test]
fn what_breaks_the_grammar_is_a_400() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    let spoilt = |from: &str, to: &str| {
        let plain = String::from_utf8(message().bytes("UDP", &caller.own())).expect("text");
        assert!(plain.contains(from), "{from}");
        plain.replacen(from, to, 1).into_bytes()
    };
    for missing in ["From: ", "To: ", "Call-ID: ", "CSeq: "] {
        assert_eq!(status(&caller, &spoilt(missing, "X-Other: ")), 400, "without {missing}");
    }
    for (from, to) in [
        ("1 MESSAGE", "1 INVITE"),
        ("CSeq: 1 ", "CSeq: 36893488147419103232 "),
        ("CSeq: 1 ", "CSeq: one "),
        ("From: <", "From: <<"),
        ("To: <sip:", "To: <:"),
        ("MESSAGE sip:bob@", "MESSAGE  sip:bob@"),
        ("MESSAGE sip:bob@", "MESSAGE sip:bob@@@"),
        (" SIP/2.0", "?Subject=x SIP/2.0"),
        ("MESSAGE sip:bob@example.test", "MESSAGE <sip:bob@example.test>"),
        ("Call-ID: ", "Call-ID: a\r\nCall-ID: "),
        ("Max-Forwards: 70", "Max-Forwards: many"),
        ("Content-Length: 0", "Content-Length: 9"),
        ("Content-Length: 0", "Content-Length: -1"),
        // lines that are no header fields: little is left, enough for an answer
        ("Max-Forwards: 70", "no header field"),
        ("Max-Forwards: 70", ": no name"),
        ("Content-Length: 0\r\n\r\n", "Content-Length: 0\r\n"),
        ("Max-Forwards: 70", "X: with\0nothing"),
    ] {
        assert_eq!(status(&caller, &spoilt(from, to)), 400, "{to:?} for {from:?}");
    }
    // a Via that can be read as far as it says who sent it
    let via = format!("Via: SIP/2.0/UDP {};;", caller.own());
    assert_eq!(status(&caller, &message().via(&via).bytes("UDP", "")), 400, "{via}");
    let lines = String::from_utf8(message().bytes("UDP", &caller.own())).expect("text").replace("\r\n", "\n");
    assert_eq!(status(&caller, lines.as_bytes()), 400, "lines without CR");
}

/// Item 1, §21.5.6, §21.5.7.
#[test]
fn other_versions_and_sizes_are_refused() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    let plain = String::from_utf8(message().bytes("UDP", &caller.own())).expect("text");
    assert_eq!(status(&caller, plain.replacen("SIP/2.0\r\n", "SIP/7.0\r\n", 1).as_bytes()), 505);
    let many = plain.replacen("Max-Forwards: 70", &"X: y\r\n".repeat(300), 1);
    assert_eq!(status(&caller, many.as_bytes()), 513);
    let long = plain.replacen("Max-Forwards: 70", &format!("X: {}", "y".repeat(60_000)), 1);
    assert_eq!(status(&caller, long.as_bytes()), 513);
}

/// What cannot be answered is not.
#[test]
fn what_has_nowhere_to_be_answered_to_is_dropped() {
    let mut router = Router::start();
    let mut caller = router.phone("alice");
    for bytes in
        [&b"hello\r\n\r\n"[..], b"\x00\x01\x02\x03", b"SIP/2.0 200 OK\r\n\r\n", b"\r\n\r\n", b"", b" "]
    {
        caller.send_bytes(bytes);
    }
    caller.send(&message().via(""));
    caller.send(&message().via("Via: SIP/2.0/UDP"));
    // §17.2.1: an ACK is never answered, however wrong it is
    caller.send(&Request { method: "ACK".into(), ..message().max_forwards("many") });
    router.nothing_for(&mut caller);
}

/// Item 2.
#[test]
fn schemes_that_are_not_known_are_a_416() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    for uri in ["mailto:bob@example.test", "http://example.test/", "nosuch:bob", "im:bob@example.test"] {
        assert_eq!(caller.ask(&message().uri(uri)).status(), 416, "{uri}");
    }
}

/// Item 3.
#[test]
fn requests_that_may_go_no_further_are_a_483() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    assert_eq!(caller.ask(&message().max_forwards("0")).status(), 483);
    assert_eq!(caller.ask(&message().max_forwards("0").uri("sip:x@192.0.2.1")).status(), 483);
    // before it is asked who sends it
    let stranger = router.peer();
    let refused = stranger.ask(&Request::new("INVITE", "nobody", "bob").max_forwards("0"));
    assert_eq!(refused.status(), 483);
    // §16.6 item 3
    for (hops, left) in [("1", "0"), ("70", "69"), ("255", "254"), ("", "70")] {
        caller.send(&message().max_forwards(hops));
        let came = callee.expect("MESSAGE");
        assert_eq!(came.all("Max-Forwards"), [left], "{hops}");
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
}

/// Item 5; Require is for the far end.
#[test]
fn proxy_require_of_the_unknown_is_a_420() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let refused = caller.ask(&message().with("Proxy-Require: foo\nProxy-Require: bar"));
    assert_eq!((refused.status(), refused.list("Unsupported")), (420, vec!["foo", "bar"]));
    caller.send(&message().with("Require: foo"));
    let came = callee.expect("MESSAGE");
    assert_eq!(came.get("Require"), "foo");
    callee.answer(&came, 420, "b", "Unsupported: foo");
    let refused = caller.final_response();
    assert_eq!((refused.status(), refused.get("Unsupported")), (420, "foo"));
}

/// §7.3: names in any case, short, folded, in lists, with space before the colon.
#[test]
fn header_fields_may_be_written_in_many_ways() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let own = caller.own();
    let text = format!(
        "MESSAGE sip:bob@{DOMAIN} SIP/2.0\r\nv: SIP / 2.0 / UDP {own};branch=z9hG4bKmany ,\r\n \
         SIP/2.0/TCP 192.0.2.8;branch=z9hG4bKother\r\nf : \"A, \\\"B\\\" <c>\" <sip:alice@{DOMAIN}>;tag=1\r\n\
         t: <sip:bob@{DOMAIN}>\r\nI: many@x\r\ncSeQ:\r\n  7\r\n\tMESSAGE\r\nMAX-FORWARDS: 30\r\nSubject:\r\n\
         x-lower: a,  b\r\nc: text/plain\r\nl: 2\r\n\r\nhi and more"
    );
    caller.send_bytes(text.as_bytes());
    let came = callee.expect("MESSAGE");
    assert_eq!(came.body, b"hi", "cut at its length");
    assert_eq!(came.list("v").len() + came.list("Via").len(), 3);
    callee.answer(&came, 200, "b", "");
    let answered = caller.final_response();
    assert_eq!((answered.status(), answered.list("v").len()), (200, 2));
}
