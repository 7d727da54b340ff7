//! A peer that is a socket: it says what the test says, when the test says so.

use std::net::SocketAddr;

use diameter::base::{
    Capabilities, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, VendorSpecificApplicationId,
};
use diameter::{ApplicationId, Command, CommandCode, Framer, Message, Outcome, ResultCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{loopback, origin, soon, success};

/// Where such a peer listens.
pub(crate) struct RawListener(TcpListener);

impl RawListener {
    pub(crate) async fn new() -> RawListener {
        RawListener(TcpListener::bind(loopback()).await.unwrap())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) async fn accept(&self) -> Raw {
        let (stream, _) = soon(self.0.accept()).await.unwrap();
        Raw::new(stream)
    }

    /// Accepts, and answers the CER as this node.
    pub(crate) async fn welcome(&self, host: &str) -> Raw {
        let mut raw = self.accept().await;
        let cer = raw.message().await;
        raw.answer_cer(&cer, host).await;
        raw
    }
}

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    framer: Framer,
}

impl Raw {
    fn new(stream: TcpStream) -> Raw {
        stream.set_nodelay(true).unwrap();
        Raw { stream, framer: Framer::new(1 << 20) }
    }

    pub(crate) async fn connect(to: SocketAddr) -> Raw {
        Raw::new(soon(TcpStream::connect(to)).await.unwrap())
    }

    /// Connects, and is let in as this node.
    pub(crate) async fn introduce(to: SocketAddr, host: &str) -> Raw {
        let mut raw = Raw::connect(to).await;
        raw.send(&cer(host)).await;
        assert_eq!(raw.message().await.outcome(), Some(Outcome::SUCCESS));
        raw
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &Message) {
        self.bytes(message.bytes()).await;
    }

    /// Agrees to a request.
    pub(crate) async fn agree(&mut self, request: &Message, host: &str) {
        self.send(&success(request, &origin(host))).await;
    }

    pub(crate) async fn answer_cer(&mut self, cer: &Message, host: &str) {
        assert_eq!(cer.header().command, CommandCode::CAPABILITIES_EXCHANGE);
        let cea = CapabilitiesExchangeAnswer {
            result_code: ResultCode::SUCCESS,
            capabilities: capabilities(host),
            error_message: None,
            other: Vec::new(),
        };
        let header = cer.header();
        let cea =
            cea.print().unwrap().stamped(header.hop_by_hop, header.end_to_end, diameter::Flags::empty());
        self.send(&cea).await;
    }

    /// The next message; `None`: the connection was closed, or reset.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = self.framer.next().unwrap() {
                return Some(Message::parse(frame).unwrap());
            }
            let mut buffer = [0; 16 * 1024];
            match soon(self.stream.read(&mut buffer)).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.framer.push(&buffer[..count]),
            }
        }
    }

    /// The next message, which must come.
    pub(crate) async fn message(&mut self) -> Message {
        self.next().await.expect("the connection was closed")
    }

    /// The next message but for watchdogs, which must be a request of this command. A peer that comes back is watched
    /// at once (RFC 3539 §3.4.1).
    pub(crate) async fn request(&mut self, command: CommandCode) -> Message {
        loop {
            let message = self.message().await;
            if message.header().command != CommandCode::DEVICE_WATCHDOG {
                assert!(message.is_request() && message.header().command == command, "{message:?}");
                return message;
            }
        }
    }
}

fn capabilities(host: &str) -> Capabilities {
    Capabilities {
        origin: origin(host),
        host_ip_addresses: vec![diameter::Address::Ip([127, 0, 0, 1].into())],
        vendor_id: 0,
        product_name: "raw".to_owned(),
        supported_vendor_ids: vec![10415],
        auth_application_ids: Vec::new(),
        inband_security_ids: Vec::new(),
        acct_application_ids: Vec::new(),
        vendor_specific_application_ids: vec![VendorSpecificApplicationId::of(10415, ApplicationId::CX)],
        firmware_revision: None,
    }
}

pub(crate) fn cer(host: &str) -> Message {
    CapabilitiesExchangeRequest { capabilities: capabilities(host), other: Vec::new() }.print().unwrap()
}
