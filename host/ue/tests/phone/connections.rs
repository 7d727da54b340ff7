//! TCP connections of a phone: keepalives, what breaks, and how many there may be.

use std::net::SocketAddr;

use sip::Transport;
use strowger_ue::{Event, PhoneError, RegistrationFailure, UePhone, bounds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{PATIENCE, bind, plain, settings};

/// A P-CSCF that nobody needs.
fn nobody() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

/// The phone lives, and something else is done.
async fn beside<T>(phone: &mut UePhone, other: impl Future<Output = T>) -> T {
    let alive = async {
        loop {
            phone.next_event().await;
        }
    };
    let both = async {
        tokio::select! {
            () = alive => unreachable!("a phone lives on"),
            done = other => done,
        }
    };
    tokio::time::timeout(PATIENCE, both).await.unwrap()
}

const OPTIONS: &str = "OPTIONS sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx\r\n\
    Max-Forwards: 70\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\
    Content-Length: 0\r\n\r\n";

/// RFC 5626 §4.4.1, and answers on the connection that brought the request (RFC 3261 §18.2.2).
#[tokio::test]
async fn keepalives_and_answers() {
    let mut phone = bind(plain("alice", nobody())).await;
    let local = phone.settings().local;
    let answer = beside(&mut phone, async {
        let mut stream = TcpStream::connect(local).await.unwrap();
        // In pieces, as a network may deliver it.
        stream.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        stream.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\r\n");
        let (first, second) = OPTIONS.split_at(100);
        stream.write_all(first.as_bytes()).await.unwrap();
        stream.write_all(second.as_bytes()).await.unwrap();
        let mut answer = vec![0; 2_000];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    });
    let answer = answer.await;
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn what_is_no_sip_closes_its_connection() {
    let mut phone = bind(plain("alice", nobody())).await;
    let local = phone.settings().local;
    let end = beside(&mut phone, async {
        let mut stream = TcpStream::connect(local).await.unwrap();
        // The beginning of TLS.
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
        stream.read(&mut [0; 10]).await.unwrap_or(0)
    });
    assert_eq!(end.await, 0);
}

#[tokio::test]
async fn one_connection_too_many_is_closed() {
    let mut phone = bind(plain("alice", nobody())).await;
    let local = phone.settings().local;
    let end = beside(&mut phone, async {
        let mut streams = Vec::new();
        for _ in 0..bounds::MAX_CONNECTIONS {
            let mut stream = TcpStream::connect(local).await.unwrap();
            stream.write_all(b"\r\n\r\n").await.unwrap();
            // It is known by now.
            stream.read_exact(&mut [0; 2]).await.unwrap();
            streams.push(stream);
        }
        let mut stream = TcpStream::connect(local).await.unwrap();
        stream.read(&mut [0; 10]).await.unwrap_or(0)
    });
    assert_eq!(end.await, 0);
}

/// Nobody listens there: the request fails at once, not after Timer F.
#[tokio::test]
async fn a_connection_that_is_refused() {
    // Held, so that no other test listens there meanwhile.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut settings = settings("alice", held.local_addr().unwrap());
    settings.transport = Transport::Tcp;
    let mut phone = bind(settings).await;
    phone.wish(|ue, now| ue.register(now)).unwrap();
    let failed = tokio::time::timeout(PATIENCE, async {
        loop {
            if let (_, Event::RegistrationFailed { why, .. }) = phone.next_event().await {
                return why;
            }
        }
    });
    assert_eq!(failed.await.unwrap(), RegistrationFailure::NotSent);
}

#[tokio::test]
async fn an_address_that_is_taken_and_settings_that_are_wrong() {
    let phone = bind(plain("alice", nobody())).await;
    let mut taken = plain("bob", nobody());
    taken.local = phone.settings().local;
    assert!(matches!(UePhone::bind(taken).await, Err(PhoneError::Listen { .. })));
    let mut wrong = plain("bob", nobody());
    wrong.media.clear();
    assert!(matches!(UePhone::bind(wrong).await, Err(PhoneError::Settings(_))));
    let ports = |phone: &UePhone| phone.settings().media.iter().map(SocketAddr::port).collect::<Vec<_>>();
    assert!(ports(&phone).iter().all(|port| port % 2 == 0), "RTP has even ports: {:?}", ports(&phone));
}
