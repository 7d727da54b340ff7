//! RFC 3261 §18 over TCP, and RFC 5626 §4.4.1, with real sockets on loopback.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Event, Host, LISTENER, RESPONSE, expect, listener, loopback, request, rest, soon, towards};
use sip::{Flow, Transport};
use strowger_transport::{CloseReason, SendError, StreamLimits, Streams, StreamsConfig, StreamsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_request_comes_in_and_its_answer_goes_back_by_the_same_connection() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("hello")).await.unwrap();
    let (flow, bytes) = host.message().await;
    assert_eq!(bytes, request("hello"));
    assert_eq!((flow.transport, flow.listener), (Transport::Tcp, LISTENER));
    assert_eq!(flow.remote, alice.local_addr().unwrap());
    assert!(host.streams.is_open(flow));
    host.send(flow, RESPONSE, 1);
    expect(&mut alice, RESPONSE).await;
    // RFC 3261 §18.2.2: also when only the address is known
    host.send(Flow { connection: 0, ..flow }, RESPONSE, 2);
    expect(&mut alice, RESPONSE).await;
    drop(alice);
    assert_eq!(host.closed().await, CloseReason::Peer);
    let counts = host.streams.counts();
    assert_eq!((counts.accepted, counts.received, counts.sent), (1, 1, 2));
}

#[tokio::test]
async fn a_message_may_come_in_any_pieces() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    for byte in request("piece by piece") {
        alice.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(host.message().await.1, request("piece by piece"));
}

#[tokio::test]
async fn several_messages_may_come_in_one_piece() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    let third = request("three");
    let (begin, end) = third.split_at(60);
    let piece = [&request("one")[..], b"\r\n", &request("two")[..], begin].concat();
    alice.write_all(&piece).await.unwrap();
    assert_eq!(host.message().await.1, request("one"));
    assert_eq!(host.message().await.1, request("two"));
    alice.write_all(end).await.unwrap();
    assert_eq!(host.message().await.1, third);
}

#[tokio::test]
async fn the_largest_message_passes() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    let large = request(&"x".repeat(65_000));
    alice.write_all(&large).await.unwrap();
    let (flow, bytes) = host.message().await;
    assert!(bytes == large);
    host.send(flow, &large, 1);
    let mut back = vec![0; large.len()];
    soon(alice.read_exact(&mut back)).await.unwrap();
    assert!(back == large);
}

#[tokio::test]
async fn rfc_5626_4_4_1_a_double_crlf_is_answered_with_one() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(b"\r\n\r\n").await.unwrap();
    expect(&mut alice, b"\r\n").await;
    // its halves in two segments; the answer to the next shows that there was one in between
    alice.write_all(b"\r\n").await.unwrap();
    alice.write_all(&request("between")[..20]).await.unwrap();
    alice.write_all(&request("between")[20..]).await.unwrap();
    host.message().await;
    alice.write_all(b"\r").await.unwrap();
    alice.write_all(b"\n\r").await.unwrap();
    alice.write_all(b"\n").await.unwrap();
    expect(&mut alice, b"\r\n").await;
    assert_eq!(host.streams.counts().keepalives, 2);
}

#[tokio::test]
async fn a_peer_that_closed_its_side_still_gets_its_answer() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("last words")).await.unwrap();
    alice.shutdown().await.unwrap();
    let (flow, _) = host.message().await;
    assert_eq!(host.closed().await, CloseReason::Peer);
    host.send(flow, RESPONSE, 1);
    expect(&mut alice, RESPONSE).await;
    // but nothing new: with its address alone it is not found any more, and it does not listen there
    host.send(Flow { connection: 0, ..flow }, RESPONSE, 2);
    assert!(matches!(host.undelivered().await, (2, SendError::ConnectFailed(_))));
}

#[tokio::test]
async fn a_half_closed_connection_ends_with_its_last_answer() {
    let mut host =
        Host::tcp(StreamLimits { half_closed: Duration::from_secs(3600), ..StreamLimits::default() });
    let mut alice = host.client().await;
    alice.write_all(&[request("one"), request("two")].concat()).await.unwrap();
    alice.shutdown().await.unwrap();
    let (flow, _) = host.message().await;
    host.message().await;
    assert_eq!(host.closed().await, CloseReason::Peer);
    let trying = b"SIP/2.0 100 Trying\r\nContent-Length: 0\r\n\r\n";
    for answer in [RESPONSE, trying, RESPONSE] {
        host.send(flow, answer, 1);
        expect(&mut alice, answer).await;
    }
    assert!(rest(&mut alice).await.is_empty());
}

/// What cannot be framed costs nobody the answers to what came before it.
#[tokio::test]
async fn what_came_before_the_end_is_still_answered() {
    let no_length = b"MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK2\r\n\
        From: <sip:a@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n\
        Content-Length: many\r\n\r\n";
    for (bytes, refused) in [(&b"C\r\n\r\n"[..], false), (&no_length[..], true)] {
        let mut host =
            Host::tcp(StreamLimits { half_closed: Duration::from_secs(3600), ..StreamLimits::default() });
        let mut peer = host.client().await;
        peer.write_all(&[&request("good"), bytes].concat()).await.unwrap();
        let (flow, _) = host.message().await;
        assert!(matches!(host.closed().await, CloseReason::Malformed(_)));
        host.send(flow, RESPONSE, 1);
        let rest = String::from_utf8(rest(&mut peer).await).unwrap();
        assert!(rest.contains("SIP/2.0 200 OK\r\n"), "{rest}");
        assert_eq!(rest.contains("SIP/2.0 400 Bad Request\r\n"), refused, "{rest}");
    }
}

#[tokio::test]
async fn messages_queue_up_while_connecting_and_share_the_connection() {
    let mut host = Host::tcp(StreamLimits::default());
    let bob = TcpListener::bind(loopback()).await.unwrap();
    let flow = towards(Transport::Tcp, bob.local_addr().unwrap());
    for number in 0..20 {
        host.send(flow, &request(&number.to_string()), number);
    }
    let (mut stream, from) = soon(bob.accept()).await.unwrap();
    assert_eq!(from.ip(), host.address().ip());
    for number in 0..20 {
        expect(&mut stream, &request(&number.to_string())).await;
    }
    // what comes back names the connection
    stream.write_all(RESPONSE).await.unwrap();
    let (arrived, bytes) = host.message().await;
    assert_eq!(bytes, RESPONSE);
    assert_eq!((arrived.remote, arrived.listener), (flow.remote, LISTENER));
    assert_ne!(arrived.connection, 0);
    host.send(arrived, &request("by its number"), 21);
    expect(&mut stream, &request("by its number")).await;
    assert_eq!(host.streams.counts().connected, 1);
    // once it is closed, the next message connects again
    drop(stream);
    assert_eq!(host.closed().await, CloseReason::Peer);
    host.send(arrived, &request("gone"), 22);
    assert_eq!(host.undelivered().await.0, 22);
    host.send(flow, &request("again"), 23);
    let (mut stream, _) = soon(bob.accept()).await.unwrap();
    expect(&mut stream, &request("again")).await;
}

#[tokio::test]
async fn a_refused_connection_gives_every_message_back() {
    let mut host = Host::tcp(StreamLimits::default());
    let nobody = TcpListener::bind(loopback()).await.unwrap().local_addr().unwrap();
    for token in 1..=3 {
        host.send(towards(Transport::Tcp, nobody), &request("hello?"), token);
    }
    for token in 1..=3 {
        let refused = SendError::ConnectFailed(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(host.undelivered().await, (token, refused));
    }
    assert!(host.streams.counts().connects_failed >= 1);
}

#[tokio::test]
async fn a_peer_that_does_not_answer_the_connection_is_given_up() {
    let mut host = Host::tcp(StreamLimits { connect: Duration::from_millis(200), ..StreamLimits::default() });
    // a listener whose queue is full drops further SYNs
    let deaf = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    deaf.bind(&loopback().into()).unwrap();
    deaf.listen(0).unwrap();
    let address = deaf.local_addr().unwrap().as_socket().unwrap();
    let mut filling = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await
    {
        filling.push(stream.unwrap());
    }
    host.send(towards(Transport::Tcp, address), &request("hello?"), 4);
    assert_eq!(host.undelivered().await, (4, SendError::ConnectTimeout));
}

#[tokio::test]
async fn a_flow_that_is_not_there_is_reported() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("hello")).await.unwrap();
    let (flow, _) = host.message().await;
    let never = Flow { connection: flow.connection + 1000, ..flow };
    host.send(never, RESPONSE, 1);
    assert_eq!(host.event().await, Event::Undelivered(1, never, SendError::NoConnection));
    // the number of another peer's connection, as a stored registration might have it
    let foreign = Flow { remote: "192.0.2.1:5060".parse().unwrap(), ..flow };
    host.send(foreign, RESPONSE, 2);
    assert_eq!(host.undelivered().await, (2, SendError::NoConnection));
    for transport in [Transport::Ws, Transport::Wss, Transport::Udp] {
        host.send(towards(transport, flow.remote), RESPONSE, 3);
        assert_eq!(host.undelivered().await, (3, SendError::NotConnectable(transport)));
    }
}

#[tokio::test]
async fn closing_writes_what_is_queued() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("hello")).await.unwrap();
    let (flow, _) = host.message().await;
    host.send(flow, RESPONSE, 1);
    host.streams.close(flow);
    host.send(flow, RESPONSE, 2);
    assert_eq!(host.undelivered().await, (2, SendError::Closed(CloseReason::Local)));
    assert_eq!(rest(&mut alice).await, RESPONSE);
    assert_eq!(host.closed().await, CloseReason::Local);
}

#[tokio::test]
async fn shutting_down_writes_what_is_queued_and_frees_the_port() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("hello")).await.unwrap();
    let (flow, _) = host.message().await;
    host.send(flow, RESPONSE, 1);
    soon(host.streams.shut_down(Duration::from_secs(10))).await;
    assert_eq!(rest(&mut alice).await, RESPONSE);
    assert_eq!(host.streams.counts().open, 0);
    assert_eq!(host.closed().await, CloseReason::Local);
    host.send(Flow { connection: 0, ..flow }, RESPONSE, 2);
    assert_eq!(host.undelivered().await, (2, SendError::ShutDown));
    soon(async {
        while TcpStream::connect(host.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_cannot_be_bound_is_named() {
    let host = Host::tcp(StreamLimits::default());
    let mut taken = listener(Transport::Tcp, None);
    taken.address = host.address();
    let config = StreamsConfig { listeners: vec![taken], ..StreamsConfig::default() };
    let sink = std::sync::Arc::new(NoSink);
    let error = Streams::start(&tokio::runtime::Handle::current(), config, sink.clone()).unwrap_err();
    assert!(matches!(&error, StreamsError::Bind { address, .. } if *address == host.address()));
    assert!(error.to_string().contains(&host.address().to_string()), "{error}");

    let config =
        StreamsConfig { listeners: vec![listener(Transport::Tls, None)], ..StreamsConfig::default() };
    let error = Streams::start(&tokio::runtime::Handle::current(), config, sink).unwrap_err();
    assert!(matches!(error, StreamsError::Listener { transport: Transport::Tls, .. }));
}

struct NoSink;

impl strowger_transport::Sink for NoSink {
    fn message(&self, _: Flow, _: Vec<u8>) {}
    fn closed(&self, _: Flow, _: CloseReason) {}
    fn undelivered(&self, _: u64, _: Flow, _: Bytes, _: SendError) {}
}
