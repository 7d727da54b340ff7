//! A bench for ladders: one table, virtual time, and a trace of everything that it puts out.
//!
//! A line of the trace is `<milliseconds> <what>`, where what is a method or a status that was transmitted, or a
//! word for the TU: `timeout`, `failed`, `ended`. Numbers of the transactions are left out: a ladder has one.

use bytes::Bytes;
use sip::{Flow, HeaderId, Message, Transport};
use strowger_transaction::{
    ClientId, Limits, Output, Received, Response, ServerId, Time, Timers, TransactionId, Transactions,
};

pub(crate) const SEED: [u8; 16] = [42; 16];

/// A flow over this transport to a peer.
pub(crate) fn flow(transport: Transport) -> Flow {
    Flow { transport, listener: 0, connection: 0, remote: "192.0.2.7:5060".parse().unwrap() }
}

/// A table under test.
pub(crate) struct Bench {
    pub(crate) table: Transactions,
    pub(crate) now: Time,
    pub(crate) flow: Flow,
    pub(crate) timers: Timers,
    /// What was transmitted last, whole.
    pub(crate) last: Option<(Bytes, TransactionId)>,
    trace: Vec<String>,
}

pub(crate) fn udp() -> Bench {
    Bench::new(Transport::Udp)
}

pub(crate) fn tcp() -> Bench {
    Bench::new(Transport::Tcp)
}

impl Bench {
    pub(crate) fn new(transport: Transport) -> Bench {
        Bench::with(transport, Limits::default())
    }

    pub(crate) fn with(transport: Transport, limits: Limits) -> Bench {
        Bench {
            table: Transactions::new(SEED, 1, limits),
            now: Time::ZERO,
            flow: flow(transport),
            timers: Timers::RFC3261,
            last: None,
            trace: Vec::new(),
        }
    }

    /// Time goes on to `millis` after the start; what is due on the way happens at its time.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Bench {
        self.collect();
        let end = Time::from_millis(millis);
        while let Some(next) = self.table.poll_timeout().filter(|next| *next <= end) {
            assert!(next > self.now, "time stands still");
            self.now = next;
            self.table.handle_timeout(next);
            self.collect();
        }
        self.now = end;
        self
    }

    /// The trace since the last time it was taken.
    pub(crate) fn trace(&mut self) -> Vec<String> {
        self.collect();
        std::mem::take(&mut self.trace)
    }

    /// Takes the trace and compares it.
    #[track_caller]
    pub(crate) fn sees(&mut self, expected: &[&str]) -> &mut Bench {
        assert_eq!(self.trace(), expected);
        self
    }

    /// The last transmitted message, as text.
    pub(crate) fn last_text(&self) -> String {
        String::from_utf8(self.last.as_ref().unwrap().0.to_vec()).unwrap()
    }

    fn collect(&mut self) {
        while let Some(output) = self.table.poll_output() {
            let what = match output {
                Output::Transmit { flow, bytes, of } => {
                    assert_eq!(flow, self.flow);
                    let message = Message::parse_datagram(&bytes).unwrap();
                    let what = match message.status() {
                        0 => String::from_utf8_lossy(message.method_token()).into_owned(),
                        status => status.to_string(),
                    };
                    self.last = Some((bytes, of));
                    what
                }
                Output::ServerTimeout(_) | Output::ClientTimeout(_) => "timeout".into(),
                Output::ServerFailed(_) | Output::ClientFailed(_) => "failed".into(),
                Output::ServerEnded(_) | Output::ClientEnded(_) => "ended".into(),
            };
            self.trace.push(format!("{} {what}", self.now.as_millis()));
        }
    }

    // The client side: the TU sends, the peer answers.

    /// The TU sends a request of this method.
    pub(crate) fn send(&mut self, method: &str) -> ClientId {
        let id = self.table.new_client().unwrap();
        let branch = self.table.branch(id, 0);
        let bytes = Bytes::from(request(method, &format!("SIP/2.0/UDP us.example.com;branch={branch}")));
        assert!(self.table.send_request(self.now, id, bytes, self.flow, self.timers));
        id
    }

    /// The peer answers the last request that it saw.
    pub(crate) fn answered(&mut self, status: u16) -> Response {
        self.collect();
        let bytes = answer(&self.last.as_ref().unwrap().0, status, "tag=peer");
        self.answered_with(&bytes)
    }

    /// This response comes in.
    pub(crate) fn answered_with(&mut self, bytes: &[u8]) -> Response {
        let message = Message::parse_datagram(bytes).unwrap();
        let response = self.table.handle_response(self.now, &message);
        self.collect();
        response
    }

    // The server side: the peer sends, the TU answers.

    /// A request comes in.
    pub(crate) fn receives(&mut self, bytes: &[u8]) -> Received {
        let message = Message::parse_datagram(bytes).unwrap();
        let received = self.table.handle_request(self.now, &message, self.flow, self.timers);
        self.collect();
        received
    }

    /// A request comes in that makes a transaction.
    #[track_caller]
    pub(crate) fn takes(&mut self, bytes: &[u8]) -> ServerId {
        match self.receives(bytes) {
            Received::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The TU responds to a request.
    pub(crate) fn respond(&mut self, id: ServerId, request: &[u8], status: u16) -> &mut Bench {
        let bytes = Bytes::from(answer(request, status, "tag=us"));
        self.table.respond(self.now, id, status, bytes);
        self.collect();
        self
    }

    /// The transport could not send the last message.
    pub(crate) fn transport_fails(&mut self) -> &mut Bench {
        self.collect();
        self.table.transport_error(self.now, self.last.as_ref().unwrap().1);
        self.collect();
        self
    }

    #[track_caller]
    pub(crate) fn is_over(&mut self) {
        self.collect();
        assert!(self.table.is_quiescent());
        assert_eq!(self.table.poll_timeout(), None);
        assert_eq!(self.table.counts(), Default::default());
    }
}

/// A request with this top Via.
pub(crate) fn request(method: &str, via: &str) -> Vec<u8> {
    request_in(method, via, "<sip:bob@example.com>", 1)
}

/// A request with this top Via, To and CSeq number; an INVITE has a body.
pub(crate) fn request_in(method: &str, via: &str, to: &str, cseq: u32) -> Vec<u8> {
    let body = if method == "INVITE" { "v=0\r\n".repeat(60) } else { String::new() };
    let length = body.len();
    format!(
        "{method} sip:bob@192.0.2.7 SIP/2.0\r\nVia: {via}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbefore\r\n\
         Route: <sip:edge.example.com;lr>\r\nMax-Forwards: 69\r\n\
         From: <sip:alice@example.com>;tag=alice\r\nTo: {to}\r\nCall-ID: call@192.0.2.1\r\n\
         CSeq: {cseq} {method}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The INVITE or other request of a peer with a cookie in its branch.
pub(crate) fn from_peer(method: &str) -> Vec<u8> {
    request(method, "SIP/2.0/UDP peer.example.com;branch=z9hG4bKpeer")
}

/// A response to this request, with `to_param` put behind To if that has no tag.
pub(crate) fn answer(request: &[u8], status: u16, to_param: &str) -> Vec<u8> {
    let request = Message::parse_datagram(request).unwrap();
    let head = request.head();
    let mut out = format!("SIP/2.0 {status} Whatever\r\n").into_bytes();
    for id in [HeaderId::VIA, HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::CSEQ] {
        for value in head.fields(id) {
            out.extend_from_slice(id.name().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            if id == HeaderId::TO && head.to_tag().is_none() && status > 100 {
                out.push(b';');
                out.extend_from_slice(to_param.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    out
}

/// This message with one piece of text replaced by another.
pub(crate) fn changed(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    text.replace(from, to).into_bytes()
}
