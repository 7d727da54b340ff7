//! RFC 3261 §18 and RFC 3581: transports.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Call, DOMAIN, Message, PATIENCE, Request, Router, Stream};

fn options() -> Request {
    Request::new("OPTIONS", "alice", &format!("sip:{DOMAIN}"))
}

/// §18.2.1, §18.2.2, RFC 3581 §4: where answers go over UDP.
#[test]
fn an_answer_goes_to_where_the_request_came_from() {
    let mut router = Router::start();
    let mut peer = router.peer();
    let port = peer.port();
    let via = |rest: &str| format!("Via: SIP/2.0/UDP {rest};branch=z9hG4bKvia{}", rest.len());
    for (sent_by, stamped) in [
        (format!("client.test:{port}"), "received=127.0.0.1"),
        (format!("192.0.2.1:{port};received=192.0.2.2"), "received=127.0.0.1"),
        ("192.0.2.1:9;rport".into(), "received=127.0.0.1"),
        (format!("127.0.0.1:{port}"), ""),
    ] {
        let answered = peer.ask(&options().via(&via(&sent_by)));
        assert_eq!(answered.status(), 200, "{sent_by}");
        let via = answered.get("Via");
        assert!(via.contains(stamped) && via.matches("received").count() <= 1, "{via}");
        assert_eq!(via.contains(&format!("rport={port}")), sent_by.contains("rport"), "{via}");
    }
    // without rport it goes to the port of the sent-by, whoever is there
    peer.send(&options().via(&via(&format!("127.0.0.1:{}", router.peer().port()))));
    router.nothing_for(&mut peer);
}

/// §17.2.3: branches of RFC 2543, and §7.3.1 white space in a Via.
#[test]
fn old_and_odd_vias_are_understood() {
    let router = Router::start();
    let peer = router.peer();
    let own = peer.own();
    for via in [
        format!("Via: SIP/2.0/UDP {own}"),
        format!("Via: SIP/2.0/UDP {own};branch=old"),
        format!("Via: SIP/2.0/UDP {own};branch=z9hG4bK"),
        format!("Via: SIP / 2.0 / UDP {own} ; branch = z9hG4bKx ; rport ; ttl = 3"),
        format!("Via: SIP/2.0/udp {own};branch=z9hG4bKlower"),
    ] {
        assert_eq!(peer.ask(&options().via(&via)).status(), 200, "{via}");
    }
}

/// §18.3: messages on a stream, however they are cut.
#[test]
fn a_stream_is_cut_by_content_length() {
    let router = Router::start();
    let mut stream = router.stream();
    let own = stream.own();
    let requests: Vec<Request> = (0..10).map(|_| options()).collect();
    let all: Vec<u8> = requests.iter().flat_map(|request| request.bytes("TCP", &own)).collect();
    stream.send_bytes(&all);
    let mut answered: Vec<String> =
        requests.iter().map(|_| stream.expect("200").get("Call-ID").into()).collect();
    answered.sort();
    let mut asked: Vec<_> = requests.iter().map(|request| request.call_id.clone()).collect();
    asked.sort();
    assert_eq!(answered, asked);

    for byte in options().bytes("TCP", &own) {
        stream.send_bytes(&[byte]);
    }
    stream.expect("200");
    // §20.14: without Content-Length there is no body
    let mut without = options();
    without.content_length = false;
    assert_eq!(stream.ask(&without).status(), 200);
    // a request that is wrong does not end the connection
    assert_eq!(stream.ask(&options().max_forwards("many")).status(), 400);
    let broken = options().max_forwards("").with("no header field");
    assert_eq!(stream.ask(&broken).status(), 400);
    assert_eq!(stream.ask(&options()).status(), 200);
    // half closed: who waits for an answer gets it
    stream.send(&options());
    stream.shut_down();
    stream.expect("200");
    assert!(stream.bytes(PATIENCE).is_none(), "and then it is closed");
}

/// §18.3: what cannot be cut cannot be read any further. A request whose head can be read is refused first.
#[test]
fn a_stream_that_cannot_be_cut_is_closed() {
    let router = Router::start();
    for (spoilt, status) in [
        ("Content-Length: -5", "400 Bad Request"),
        ("Content-Length: 99999999", "513 Message Too Large"),
        ("Content-Length: 0\nl: 1", "400 Bad Request"),
        (&format!("X: {}", "y".repeat(40_000)), "513 Message Too Large"),
    ] {
        let mut stream = router.stream();
        let mut request = options().with(spoilt);
        request.content_length = false;
        stream.send(&request);
        let refusal = stream.bytes(PATIENCE).expect("a refusal");
        let refusal = String::from_utf8_lossy(&refusal);
        assert!(refusal.starts_with(&format!("SIP/2.0 {status}\r\n")), "{refusal}");
        assert!(stream.bytes(PATIENCE).is_none(), "{}", &spoilt[..14]);
    }
    let mut stream = router.stream();
    stream.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    assert!(stream.bytes(PATIENCE).is_none(), "a TLS client at the wrong port");
}

/// §18.2.2: on a connection the answer goes back by it, whatever the Via says.
#[test]
fn an_answer_goes_back_on_the_connection() {
    let router = Router::start();
    let mut stream = router.stream();
    let answered = stream.ask(&options().via("Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKelsewhere"));
    assert!(answered.get("Via").contains("received=127.0.0.1"), "{}", answered.text());
}

/// §18.2.2: the connection that the request came by is gone when the answer is there. It goes by a new one, to where the
/// request came from and the port that its Via names.
#[test]
fn an_answer_whose_connection_is_gone_opens_another() {
    let router = Router::start();
    let (callee, mut caller) = (router.phone("bob"), router.stream());
    assert_eq!(caller.register("alice", "").status(), 200);
    let listening = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listening.local_addr().expect("an address").port();
    let sent = Request::new("MESSAGE", "alice", "bob");
    // a name that nobody knows: what counts is where the request came from
    let via = format!("Via: SIP/2.0/TCP caller.invalid:{port};branch={}", sent.branch);
    caller.send(&sent.clone().via(&via));
    let came = callee.expect("MESSAGE");
    caller.reset();
    callee.answer(&came, 200, "b", "");
    let (mut stream, from) = Stream::accept(&listening);
    assert_eq!(from.ip(), router.sip.ip());
    assert_eq!(stream.expect("200").get("Call-ID"), sent.call_id);
}

/// §17.1.1.2, §17.2.1: over a reliable transport nothing is repeated.
#[test]
fn on_a_stream_nothing_is_repeated() {
    let router = Router::with(crate::support::Setup { timers: (50, 100), ..Default::default() });
    let (caller, mut callee) = (router.phone("alice"), router.stream());
    assert_eq!(callee.register("bob", "").status(), 200);
    let sent = Request::new("INVITE", "alice", "bob");
    caller.send(&sent);
    let came = callee.expect("INVITE");
    assert!(came.get("Via").starts_with("SIP/2.0/TCP "), "{}", came.text());
    // longer than UDP would wait
    assert!(caller.expect("100").status() == 100 && caller.receive(Duration::from_millis(300)).is_none());
    callee.answer(&came, 486, "b", "");
    callee.expect("ACK");
}

/// §16.6 item 4 with RFC 5658: a dialog over two transports comes back by each.
#[test]
fn a_dialog_between_udp_and_tcp_is_recorded_twice() {
    let router = Router::start();
    let (caller, mut callee) = (router.phone("alice"), router.stream());
    assert_eq!(callee.register("bob", "").status(), 200);
    let sent = Request::new("INVITE", "alice", "bob");
    caller.send(&sent);
    let came = callee.expect("INVITE");
    let routes = came.list("Record-Route");
    assert_eq!(routes.len(), 2, "{}", came.text());
    assert!(routes[0].contains("transport=tcp") && !routes[1].contains("transport"), "{routes:?}");
    callee.answer(&came, 200, "b", &format!("Contact: <sip:bob@{};transport=tcp>", callee.own()));
    let ok = caller.expect("200");
    caller.send(&sent.within(&ok, "ACK", 1));
    assert!(!callee.expect("ACK").has("Route"));
    callee.send(&Request::back(&came, "b", "BYE", 7));
    let bye = caller.expect("BYE");
    assert!(bye.get("Via").starts_with("SIP/2.0/UDP ") && !bye.has("Route"), "{}", bye.text());
    caller.answer(&bye, 200, "", "");
    callee.expect("200");
}

/// §18.1.1: too large for a datagram goes by TCP, and by UDP after all where nobody listens.
#[test]
fn a_large_request_goes_by_tcp_where_it_can() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let large = || Request::new("MESSAGE", "alice", "bob").body("text/plain", &[b'x'; 3000]);
    caller.send(&large());
    let came = callee.expect("MESSAGE");
    assert_eq!(came.body.len(), 3000);
    callee.answer(&came, 200, "b", "");
    caller.expect("200");

    let listener = TcpListener::bind(callee.own()).expect("the same port");
    caller.send(&large());
    let (mut stream, _) = Stream::accept(&listener);
    let came: Message = stream.expect("MESSAGE");
    assert!(came.get("Via").starts_with("SIP/2.0/TCP "), "{}", came.text());
    assert_eq!(came.body.len(), 3000);
    stream.answer(&came, 200, "b", "");
    caller.expect("200");
    // the answer may come by UDP too (§18.2.2 is the far end's); a second one changes nothing
    let call = Call::ringing(&caller, &callee, "bob");
    assert!(call.came.get("Via").starts_with("SIP/2.0/UDP "));
}
