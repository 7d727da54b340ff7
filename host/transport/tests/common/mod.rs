//! What the tests of streams share: a sink that records, and the running service beside it.

// every test file uses its own part of this
#![allow(dead_code)]
// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::{Flow, Transport};
use strowger_transport::{
    CloseReason, SendError, ServerTls, Sink, StreamLimits, StreamListener, Streams, StreamsConfig,
};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the sink was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Message(Flow, Vec<u8>),
    Closed(Flow, CloseReason),
    Undelivered(u64, Flow, SendError),
}

struct Recorder(UnboundedSender<Event>);

impl Sink for Recorder {
    fn message(&self, flow: Flow, bytes: Vec<u8>) {
        let _ = self.0.send(Event::Message(flow, bytes));
    }

    fn closed(&self, flow: Flow, why: CloseReason) {
        let _ = self.0.send(Event::Closed(flow, why));
    }

    fn undelivered(&self, token: u64, flow: Flow, _bytes: Bytes, why: SendError) {
        let _ = self.0.send(Event::Undelivered(token, flow, why));
    }
}

/// A running service with one listener at most.
pub(crate) struct Host {
    pub(crate) streams: Streams,
    pub(crate) events: UnboundedReceiver<Event>,
}

pub(crate) const LISTENER: u16 = 7;

/// The outcome of `future`, which must come soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("nothing happened in time")
}

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn listener(transport: Transport, tls: Option<ServerTls>) -> StreamListener {
    StreamListener { index: LISTENER, transport, address: loopback(), tls }
}

impl Host {
    pub(crate) fn with(config: StreamsConfig) -> Host {
        let (sender, events) = unbounded_channel();
        let streams = Streams::start(&Handle::current(), config, Arc::new(Recorder(sender))).unwrap();
        Host { streams, events }
    }

    pub(crate) fn tcp(limits: StreamLimits) -> Host {
        Host::with(StreamsConfig {
            listeners: vec![listener(Transport::Tcp, None)],
            limits,
            ..StreamsConfig::default()
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.streams.local_address(LISTENER).unwrap()
    }

    /// A connection to the listener, whose small pieces are sent at once.
    pub(crate) async fn client(&self) -> TcpStream {
        let stream = soon(TcpStream::connect(self.address())).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(crate) async fn event(&mut self) -> Event {
        soon(self.events.recv()).await.expect("the sink is gone")
    }

    pub(crate) async fn message(&mut self) -> (Flow, Vec<u8>) {
        match self.event().await {
            Event::Message(flow, bytes) => (flow, bytes),
            other => panic!("no message but {other:?}"),
        }
    }

    pub(crate) async fn closed(&mut self) -> CloseReason {
        match self.event().await {
            Event::Closed(_, why) => why,
            other => panic!("not closed but {other:?}"),
        }
    }

    pub(crate) async fn undelivered(&mut self) -> (u64, SendError) {
        match self.event().await {
            Event::Undelivered(token, _, why) => (token, why),
            other => panic!("not undelivered but {other:?}"),
        }
    }

    pub(crate) fn send(&self, flow: Flow, bytes: &[u8], token: u64) {
        self.streams.send(flow, Bytes::copy_from_slice(bytes), None, token);
    }
}

/// A flow without connection.
pub(crate) fn towards(transport: Transport, remote: SocketAddr) -> Flow {
    Flow { transport, listener: LISTENER, connection: 0, remote }
}

/// A small request whose body tells it from others.
pub(crate) fn request(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK1\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) const RESPONSE: &[u8] =
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n";

/// Reads exactly what is expected.
pub(crate) async fn expect(stream: &mut (impl AsyncRead + Unpin), expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    soon(stream.read_exact(&mut read)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(expected));
}

/// Reads until the peer closes; a reset counts as closing.
pub(crate) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut read = Vec::new();
    let _ = soon(stream.read_to_end(&mut read)).await;
    read
}
