//! Bounds of TCP connections (RFC 3261 §18.3 framing, idle times, queues, counts), with real sockets on loopback.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Host, RESPONSE, expect, request, rest, soon, towards};
use sip::{ParseError, Transport};
use strowger_transport::{CloseReason, SendError, StreamLimits};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn too_large_a_message_ends_the_connection() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(b"MESSAGE sip:bob@example.org SIP/2.0\r\nContent-Length: 70000\r\n\r\n").await.unwrap();
    assert!(matches!(host.closed().await, CloseReason::Malformed(ParseError::TooLarge { .. })));
    assert!(rest(&mut alice).await.is_empty());

    let mut host = Host::tcp(StreamLimits { max_message: 500, ..StreamLimits::default() });
    let mut alice = host.client().await;
    alice.write_all(&request(&"x".repeat(500))).await.unwrap();
    assert_eq!(host.closed().await, CloseReason::TooLarge);
    assert_eq!(host.streams.counts().malformed, 1);
}

#[tokio::test]
async fn an_endless_head_ends_the_connection() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(b"MESSAGE sip:bob@example.org SIP/2.0\r\n").await.unwrap();
    for _ in 0..100 {
        if alice.write_all(&[b'x'; 1024]).await.is_err() {
            break;
        }
    }
    assert!(matches!(host.closed().await, CloseReason::Malformed(ParseError::TooLarge { .. })));
}

/// RFC 3261 §18.3: the framing is lost, the request can be answered all the same.
#[tokio::test]
async fn who_sends_an_unreadable_content_length_is_told_before_the_end() {
    for (length, status) in [("many", "400 Bad Request"), ("70000", "513 Message Too Large")] {
        let mut host =
            Host::tcp(StreamLimits { half_closed: Duration::from_millis(50), ..StreamLimits::default() });
        let mut alice = host.client().await;
        let before = request("before");
        let broken = format!(
            "MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK2\r\n\
             From: <sip:a@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n\
             Content-Length: {length}\r\n\r\nwhatever"
        );
        alice.write_all(&[&before[..], broken.as_bytes()].concat()).await.unwrap();
        assert_eq!(host.message().await.1, before);
        assert!(matches!(host.closed().await, CloseReason::Malformed(_)));
        let answer = String::from_utf8(rest(&mut alice).await).unwrap();
        assert!(answer.starts_with(&format!("SIP/2.0 {status}\r\n")), "{answer}");
        assert!(
            answer.contains("Via: SIP/2.0/TCP a.example;branch=z9hG4bK2;received=127.0.0.1\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_framed_ends_the_connection() {
    for bytes in [
        &b"MESSAGE sip:bob@example.org SIP/2.0\r\nContent-Length: -1\r\n\r\n"[..],
        b"MESSAGE sip:bob@example.org SIP/2.0\r\nContent-Length: 3\r\nl: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"no sip at all\r\n",
    ] {
        let mut host =
            Host::tcp(StreamLimits { half_closed: Duration::from_millis(50), ..StreamLimits::default() });
        let mut alice = host.client().await;
        alice.write_all(&[&request("good"), bytes].concat()).await.unwrap();
        assert_eq!(host.message().await.1, request("good"), "what came before is taken");
        assert!(matches!(host.closed().await, CloseReason::Malformed(_)), "{bytes:?}");
        assert!(rest(&mut alice).await.is_empty());
    }
}

#[tokio::test]
async fn a_half_closed_connection_does_not_stay() {
    let mut host =
        Host::tcp(StreamLimits { half_closed: Duration::from_millis(50), ..StreamLimits::default() });
    let mut alice = host.client().await;
    alice.write_all(&request("last words")).await.unwrap();
    alice.shutdown().await.unwrap();
    let (flow, _) = host.message().await;
    assert_eq!(host.closed().await, CloseReason::Peer);
    assert!(rest(&mut alice).await.is_empty());
    host.streams.stop_accepting();
    soon(host.streams.shut_down(Duration::from_secs(10))).await;
    host.send(flow, RESPONSE, 3);
    assert_eq!(host.undelivered().await, (3, SendError::NoConnection));
}

#[tokio::test]
async fn a_connection_that_ends_within_a_message_is_broken() {
    let mut host = Host::tcp(StreamLimits::default());
    let mut alice = host.client().await;
    alice.write_all(&request("cut")[..50]).await.unwrap();
    alice.shutdown().await.unwrap();
    assert_eq!(host.closed().await, CloseReason::Io(std::io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut host = Host::tcp(StreamLimits { idle: Duration::from_millis(150), ..StreamLimits::default() });
    let mut alice = host.client().await;
    alice.write_all(&request("and now silence")).await.unwrap();
    host.message().await;
    assert_eq!(host.closed().await, CloseReason::Idle);
    assert!(rest(&mut alice).await.is_empty());
    assert_eq!(host.streams.counts().timed_out, 1);
}

#[tokio::test]
async fn a_message_must_be_complete_in_time() {
    let slow = StreamLimits { message: Duration::from_millis(150), ..StreamLimits::default() };
    let mut host = Host::tcp(slow);
    let mut alice = host.client().await;
    alice.write_all(&[&request("whole")[..], &request("half")[..40]].concat()).await.unwrap();
    host.message().await;
    assert_eq!(host.closed().await, CloseReason::SlowMessage);

    let mut host = Host::tcp(slow);
    let _silent = host.client().await;
    assert_eq!(host.closed().await, CloseReason::SlowMessage, "connecting alone is no reason to stay");
}

#[tokio::test]
async fn a_trickle_does_not_extend_the_time() {
    let mut host = Host::tcp(StreamLimits { message: Duration::from_millis(300), ..StreamLimits::default() });
    let mut alice = host.client().await;
    let trickle = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for byte in request(&"x".repeat(1000)) {
            pace.tick().await;
            if alice.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    assert_eq!(host.closed().await, CloseReason::SlowMessage);
    soon(trickle).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let mut host = Host::tcp(StreamLimits {
        write: Duration::from_millis(200),
        max_queued_messages: 10_000,
        max_queued_bytes: 100 << 20,
        ..StreamLimits::default()
    });
    let mut alice = host.client().await;
    alice.write_all(&request("talk to me")).await.unwrap();
    let (flow, _) = host.message().await;
    let large = request(&"x".repeat(60_000));
    for token in 1..=500 {
        host.send(flow, &large, token);
    }
    assert_eq!(host.closed().await, CloseReason::SlowPeer);
    let (first, why) = host.undelivered().await;
    assert_eq!(why, SendError::Closed(CloseReason::SlowPeer));
    for token in first + 1..=500 {
        assert_eq!(host.undelivered().await.0, token, "all from the first unwritten one, in order");
    }
    assert_eq!(host.streams.counts().sent, first - 1);
}

#[tokio::test]
async fn the_queue_of_a_connection_is_bounded() {
    let mut host = Host::tcp(StreamLimits { max_queued_messages: 5, ..StreamLimits::default() });
    let mut alice = host.client().await;
    alice.write_all(&request("talk to me")).await.unwrap();
    let (flow, _) = host.message().await;
    // this thread does not yield, so that the writer cannot take any meanwhile
    for token in 1..=8 {
        host.send(flow, RESPONSE, token);
    }
    for token in 6..=8 {
        assert_eq!(host.undelivered().await, (token, SendError::QueueFull));
    }
    for _ in 1..=5 {
        expect(&mut alice, RESPONSE).await;
    }
}

#[tokio::test]
async fn connections_are_bounded_per_source_and_in_total() {
    let mut host = Host::tcp(StreamLimits {
        max_connections_per_source: 2,
        half_closed: Duration::ZERO,
        ..StreamLimits::default()
    });
    let mut first = host.client().await;
    let mut second = host.client().await;
    for stream in [&mut first, &mut second] {
        stream.write_all(&request("in")).await.unwrap();
        host.message().await;
    }
    assert!(rest(&mut host.client().await).await.is_empty(), "the third is closed at once");
    assert_eq!(host.streams.counts().refused_source, 1);
    drop(first);
    assert_eq!(host.closed().await, CloseReason::Peer);
    soon(async {
        // the place is free when the task has ended
        while host.streams.counts().open > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    host.client().await.write_all(&request("in again")).await.unwrap();
    assert_eq!(host.message().await.1, request("in again"));

    let mut host = Host::tcp(StreamLimits { max_connections: 1, ..StreamLimits::default() });
    let mut first = host.client().await;
    first.write_all(&request("in")).await.unwrap();
    host.message().await;
    assert!(rest(&mut host.client().await).await.is_empty());
    assert_eq!(host.streams.counts().refused_total, 1);
    host.send(towards(Transport::Tcp, host.address()), RESPONSE, 9);
    assert_eq!(host.undelivered().await, (9, SendError::TooManyConnections));
}
