//! RFC 7118 with a WebSocket client on real sockets.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Host, RESPONSE, listener, request, soon};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use sip::Transport;
use strowger_transport::{ClientTls, CloseReason, ServerTls, StreamLimits, StreamsConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

fn host(limits: StreamLimits) -> Host {
    Host::with(StreamsConfig {
        listeners: vec![listener(Transport::Ws, None)],
        limits,
        ..StreamsConfig::default()
    })
}

async fn upgrade<S>(stream: S, subprotocol: Option<&str>) -> Result<(WebSocketStream<S>, String), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut upgrade = "ws://sip.example.org/".into_client_request().unwrap();
    if let Some(subprotocol) = subprotocol {
        let value = HeaderValue::from_str(subprotocol).unwrap();
        upgrade.headers_mut().insert("Sec-WebSocket-Protocol", value);
    }
    let (stream, response) = soon(client_async(upgrade, stream)).await?;
    let chosen =
        response.headers().get("Sec-WebSocket-Protocol").map(|value| value.to_str().unwrap().to_owned());
    Ok((stream, chosen.unwrap_or_default()))
}

async fn client(host: &Host) -> WebSocketStream<TcpStream> {
    upgrade(TcpStream::connect(host.address()).await.unwrap(), Some("sip")).await.unwrap().0
}

async fn received(stream: &mut WebSocketStream<TcpStream>) -> Message {
    soon(stream.next()).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> Message {
    Message::text(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn text_and_binary_messages_come_in_and_answers_go_back() {
    let mut host = host(StreamLimits::default());
    let mut alice = client(&host).await;
    alice.send(text(&request("as text"))).await.unwrap();
    let (flow, bytes) = host.message().await;
    assert_eq!((flow.transport, bytes), (Transport::Ws, request("as text")));
    alice.send(Message::binary(request("as bytes"))).await.unwrap();
    assert_eq!(host.message().await, (flow, request("as bytes")));
    host.send(flow, RESPONSE, 1);
    assert_eq!(received(&mut alice).await, text(RESPONSE));
    // what is not UTF-8 cannot be text
    let raw = [RESPONSE, b"\xff\xfe"].concat();
    host.send(flow, &raw, 2);
    assert_eq!(received(&mut alice).await, Message::binary(raw));
    alice.close(None).await.unwrap();
    assert_eq!(host.closed().await, CloseReason::Peer);
    assert_eq!(host.streams.counts().sent, 2);
}

#[tokio::test]
async fn rfc_7118_4_1_the_subprotocol_must_be_sip() {
    let host = host(StreamLimits::default());
    for offered in [None, Some("chat"), Some("sips, xmpp")] {
        let stream = TcpStream::connect(host.address()).await.unwrap();
        match upgrade(stream, offered).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 400, "{offered:?}"),
            other => panic!("{offered:?}: {:?}", other.err()),
        }
    }
    assert_eq!(host.streams.counts().handshakes_failed, 3);
    for offered in ["sip", "chat, sip", "SIP"] {
        let stream = TcpStream::connect(host.address()).await.unwrap();
        let (_, chosen) = upgrade(stream, Some(offered)).await.unwrap();
        assert!(chosen.eq_ignore_ascii_case("sip") && offered.contains(&chosen), "{chosen}");
    }
}

#[tokio::test]
async fn a_fragmented_message_is_put_together_within_the_bound() {
    let mut host = host(StreamLimits { max_message: 1000, ..StreamLimits::default() });
    let mut alice = client(&host).await;
    let whole = request("in three parts");
    let part = |range: std::ops::Range<usize>, code, last| {
        Message::Frame(Frame::message(Bytes::copy_from_slice(&whole[range]), OpCode::Data(code), last))
    };
    alice.send(part(0..10, Data::Binary, false)).await.unwrap();
    alice.send(part(10..30, Data::Continue, false)).await.unwrap();
    alice.send(Message::Ping(Bytes::from_static(b"in between"))).await.unwrap();
    assert_eq!(received(&mut alice).await, Message::Pong(Bytes::from_static(b"in between")));
    alice.send(part(30..whole.len(), Data::Continue, true)).await.unwrap();
    assert_eq!(host.message().await.1, whole);
    // without end
    let endless = |code| Message::Frame(Frame::message(vec![b'x'; 300], OpCode::Data(code), false));
    alice.send(endless(Data::Binary)).await.unwrap();
    for _ in 0..5 {
        if alice.send(endless(Data::Continue)).await.is_err() {
            break;
        }
    }
    assert_eq!(host.closed().await, CloseReason::TooLarge);
}

#[tokio::test]
async fn too_large_a_message_ends_the_connection() {
    let mut host = host(StreamLimits::default());
    let mut alice = client(&host).await;
    alice.send(Message::binary(vec![b'x'; 65_536])).await.unwrap();
    assert_eq!(host.closed().await, CloseReason::TooLarge);
}

#[tokio::test]
async fn rfc_7118_6_keepalives_of_both_kinds() {
    let mut host = host(StreamLimits::default());
    let mut alice = client(&host).await;
    alice.send(Message::Ping(Bytes::from_static(b"are you there"))).await.unwrap();
    assert_eq!(received(&mut alice).await, Message::Pong(Bytes::from_static(b"are you there")));
    alice.send(Message::text("\r\n\r\n")).await.unwrap();
    assert_eq!(received(&mut alice).await, Message::text("\r\n"));
    // empty lines before a message are no part of it
    alice.send(text(&[b"\r\n", &request("after")[..]].concat())).await.unwrap();
    assert_eq!(host.message().await.1, request("after"));
}

#[tokio::test]
async fn the_client_is_pinged_and_a_living_one_is_not_idle() {
    let mut host = host(StreamLimits {
        web_socket_ping: Duration::from_millis(100),
        idle: Duration::from_millis(400),
        ..StreamLimits::default()
    });
    let mut alice = client(&host).await;
    alice.send(text(&request("hello"))).await.unwrap();
    let (flow, _) = host.message().await;
    // reading answers the pings; ten of them take longer than the connection may be idle
    for _ in 0..10 {
        assert!(matches!(received(&mut alice).await, Message::Ping(_)));
    }
    assert!(host.streams.is_open(flow));
    // who does not read does not answer
    assert_eq!(host.closed().await, CloseReason::Idle);
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_closed() {
    let mut host = host(StreamLimits::default());
    let mut alice = client(&host).await;
    // a server's frame: not masked
    use tokio::io::AsyncWriteExt;
    alice.get_mut().write_all(&[0x82, 0x03, b'a', b'b', b'c']).await.unwrap();
    assert_eq!(host.closed().await, CloseReason::WebSocket);
}

#[tokio::test]
async fn an_upgrade_must_end_in_time() {
    let host = host(StreamLimits { handshake: Duration::from_millis(100), ..StreamLimits::default() });
    let mut silent = TcpStream::connect(host.address()).await.unwrap();
    assert!(common::rest(&mut silent).await.is_empty());
    assert_eq!(host.streams.counts().handshakes_failed, 1);
}

#[tokio::test]
async fn shutting_down_says_goodbye() {
    let mut host = host(StreamLimits::default());
    let mut alice = client(&host).await;
    alice.send(text(&request("hello"))).await.unwrap();
    let (flow, _) = host.message().await;
    host.send(flow, RESPONSE, 1);
    host.streams.close(flow);
    assert_eq!(received(&mut alice).await, text(RESPONSE));
    assert!(matches!(received(&mut alice).await, Message::Close(_)));
    assert_eq!(host.closed().await, CloseReason::Local);
}

#[tokio::test]
async fn secure_web_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let issued = rcgen::generate_simple_self_signed(vec!["sip.example.org".to_owned()]).unwrap();
    let tls = ServerTls {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
        client_authorities: None,
        client_certificate_required: false,
    };
    std::fs::write(&tls.certificate, issued.cert.pem()).unwrap();
    std::fs::write(&tls.key, issued.signing_key.serialize_pem()).unwrap();
    let trust = ClientTls { authorities: vec![tls.certificate.clone()], ..ClientTls::default() };
    let mut host = Host::with(StreamsConfig {
        listeners: vec![listener(Transport::Wss, Some(tls))],
        ..StreamsConfig::default()
    });
    let stream = TcpStream::connect(host.address()).await.unwrap();
    let name = ServerName::try_from("sip.example.org").unwrap();
    let stream = soon(TlsConnector::from(trust.load().unwrap()).connect(name, stream)).await.unwrap();
    let (mut alice, _) = upgrade(stream, Some("sip")).await.unwrap();
    alice.send(text(&request("secret"))).await.unwrap();
    let (flow, bytes) = host.message().await;
    assert_eq!((flow.transport, bytes), (Transport::Wss, request("secret")));
    host.send(flow, RESPONSE, 1);
    assert_eq!(soon(alice.next()).await.unwrap().unwrap(), text(RESPONSE));
}
