//! RFC 3261 §16.6: what is changed in a request that is forwarded, and what is not.

use crate::support::{Call, Request, Router, peer::phones};

const BODY: &[u8] = b"v=0\r\n\x00\xff\xfe\r\n\r\nSIP/2.0 200 OK\r\n\r\n";

#[test]
fn only_what_must_be_changed_is() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let lines = "User-Agent: x/1 (y; \"z\")\nX-Custom:   a,  b ,c\nx-lower: 1\nSubject: =?utf-8?\nsubject2:\n\
                 Allow: INVITE,ACK\nAllow: BYE\nWarning: 399 a \"b, c\"\nSupported: 100rel";
    let sent = Request::new("INVITE", "alice", "bob").with(lines).body("application/octet-stream", BODY);
    caller.send(&sent);
    let came = callee.expect("INVITE");
    assert_eq!(came.start, format!("INVITE sip:bob@{} SIP/2.0", callee.own()), "item 2");
    assert_eq!(came.body, BODY);
    // items 3, 4, 8: on top of each other, ours first
    assert_eq!(came.get("Max-Forwards"), "69");
    assert_eq!(came.all("Record-Route").len(), 1);
    assert!(came.get("Record-Route").ends_with(&format!("@{};lr>", router.sip)), "{}", came.text());
    let vias = came.all("Via");
    assert_eq!(vias.len(), 2);
    assert!(vias[0].starts_with(&format!("SIP/2.0/UDP {};", router.sip)), "{}", vias[0]);
    assert!(vias[0].contains(";branch=z9hG4bK") && vias[0].contains(";rport"), "RFC 3581 §3");
    // RFC 3581 §4
    let stamped = format!(";rport={};received=127.0.0.1", caller.port());
    assert!(vias[1].ends_with(&stamped) && vias[1].contains(&sent.branch), "{}", vias[1]);
    // all the rest, byte by byte and in order
    let text = came.text();
    let (from, to) = (text.find("From: ").expect("From"), text.find("Content-Length: ").expect("the last"));
    let original = String::from_utf8_lossy(&sent.bytes("UDP", &caller.own())).into_owned();
    let kept =
        &original[original.find("From: ").expect("From")..original.find("Content-Length: ").expect("it")];
    assert_eq!(&text[from..to], kept);
}

/// Responses likewise (§16.7 item 3).
#[test]
fn of_a_response_only_our_via_goes() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 200, "b", "X-Custom:   a,  b ,c\nx-lower: 1\nServer: y\nAllow: BYE");
    let ok = caller.expect("200");
    assert_eq!(ok.start, "SIP/2.0 200 Whatever");
    let lines = ["X-Custom:   a,  b ,c", "x-lower: 1", "Server: y", "Allow: BYE", "Content-Length: 0"];
    assert!(ok.text().ends_with(&format!("{}\r\n\r\n", lines.join("\r\n"))), "{}", ok.text());
    assert_eq!(ok.all("Via"), [call.came.all("Via")[1]]);
    assert_eq!(ok.all("Record-Route"), call.came.all("Record-Route"));
}

/// §16.6 item 2 and §19.1.1 table 1: header components and the method parameter are no part of a Request-URI.
#[test]
fn a_contact_becomes_a_request_uri() {
    let router = Router::start();
    let (caller, mut callee) = router.pair();
    let own = callee.own();
    for (contact, uri) in [
        (format!("<sip:b@{own};x=y;method=INVITE?Subject=z>"), format!("sip:b@{own};x=y")),
        (format!("\"B\" <sip:b@{own}>;audio"), format!("sip:b@{own}")),
        (format!("<sip:192.0.2.1:{};maddr=127.0.0.1>", callee.port()), String::new()),
    ] {
        callee.register("bob", "Contact: *\nExpires: 0");
        assert_eq!(callee.register("bob", &format!("Contact: {contact}")).status(), 200);
        caller.send(&Request::new("MESSAGE", "alice", "bob"));
        let came = callee.expect("MESSAGE");
        assert!(uri.is_empty() || came.uri() == uri, "{contact}: {}", came.uri());
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
}

/// §16.5, §19.1.4: how a user may be named.
#[test]
fn a_request_uri_may_be_written_in_many_ways() {
    let router = Router::start();
    let (caller, mut callee) = router.pair();
    callee.register("+4930123", "");
    for uri in [
        "sip:%62ob@example.test",
        "SIP:bob@EXAMPLE.Test",
        "sip:bob:secret@example.test;transport=tcp;x=y",
        "sip:bob@example.test.",
        &format!("sip:bob@example.test:{}", router.sip.port()),
        &format!("sip:bob@{}", router.sip),
        "tel:+49-30-123",
        "tel:+4930123;ext=7",
        "sip:+4930123@example.test;user=phone",
    ] {
        caller.send(&Request::new("MESSAGE", "alice", "bob").uri(uri));
        let came = callee.expect("MESSAGE");
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
    for (uri, status) in [("sip:BOB@example.test", 480), ("tel:+4999", 480), ("sip:example.test", 484)] {
        assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "bob").uri(uri)).status(), status, "{uri}");
    }
}

/// §16.6 with §8.2.1 turned round: a method that we do not know is forwarded like any other.
#[test]
fn unknown_methods_are_forwarded() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    for method in ["WIBBLE", "invite", "!-_.*+%`'~"] {
        caller.send(&Request::new(method, "alice", "bob"));
        let came = callee.expect(method);
        callee.answer(&came, 405, "b", "Allow: INVITE");
        let refused = caller.final_response();
        assert_eq!((refused.status(), refused.get("Allow")), (405, "INVITE"));
    }
}

/// §16.6: parallel forking, by equal q.
#[test]
fn equal_contacts_ring_together() {
    let router = Router::start();
    let caller = router.phone("alice");
    let callees = phones(&router, "bob", &["", "", ""]);
    caller.send(&Request::new("INVITE", "alice", "bob"));
    let came: Vec<_> = callees.iter().map(|callee| callee.expect("INVITE")).collect();
    let mut branches: Vec<_> = came.iter().map(|came| came.get("Via")).collect();
    branches.dedup();
    assert_eq!(branches.len(), 3, "each has a branch of its own");
    for (n, (callee, came)) in callees.iter().zip(&came).enumerate() {
        callee.answer(came, 180, &format!("b{n}"), "");
        assert_eq!(caller.expect("180").tag("To"), format!("b{n}"));
    }
}

/// §16.6: serial forking, by lower q.
#[test]
fn lesser_contacts_ring_when_better_ones_have_failed() {
    let mut router = Router::start();
    let caller = router.phone("alice");
    let mut callees = phones(&router, "bob", &["0.5", "1.0", "0.5", "0.1"]);
    let call = Call::ringing(&caller, &callees[1], "bob");
    router.nothing_for(&mut callees[0]);
    callees[1].answer(&call.came, 486, "b1", "");
    callees[1].expect("ACK");
    let equals = [callees[0].expect("INVITE"), callees[2].expect("INVITE")];
    router.nothing_for(&mut callees[3]);
    for (callee, came) in [0, 2].into_iter().zip(&equals) {
        callees[callee].answer(came, 404, "b", "");
        callees[callee].expect("ACK");
    }
    let last = callees[3].expect("INVITE");
    callees[3].answer(&last, 200, "b3", "");
    caller.expect("200");
}
