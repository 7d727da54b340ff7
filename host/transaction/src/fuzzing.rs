//! The body of the table's fuzz target, as a plain function: any test can run it, without a fuzzer.
//!
//! In: any bytes, taken for requests, responses, a TU's wishes, transport errors and time. Out: nothing, or a panic that
//! names the promise that was broken. What the TU knows of its transactions is held against what the table says of them.
//! Not part of the crate's interface.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use sip::fuzzing::{Choices, Target};
use sip::{Flow, Message, Method, Transport};

use crate::{
    Cancelled, ClientId, Limits, Output, Received, Response, ServerId, Time, Timers, TransactionId,
    Transactions,
};

/// Every target.
pub const TARGETS: [Target; 1] = [("transaction", transaction)];

/// Inputs of one run.
const INPUTS: usize = 250;
/// Requests that are remembered, to come again.
const MEMORY: usize = 32;
/// Outputs of one input that is no passing of time: a request, its CANCEL, its end, and some.
const OUTPUTS: usize = 8;
/// Wake-ups until nothing is left.
const WAKE_UPS: usize = 100_000;
const METHODS: [&str; 6] = ["INVITE", "MESSAGE", "INVITE", "CANCEL", "ACK", "FOO"];
const STATUSES: [u16; 9] = [100, 180, 200, 486, 200, 401, 503, 699, 299];

/// A table and a TU of any behaviour.
pub fn transaction(bytes: &[u8]) {
    let mut run = Run::new(Choices::new(bytes));
    for _ in 0..INPUTS {
        if run.choices.is_empty() {
            break;
        }
        run.step();
    }
    run.end();
}

/// What the TU knows of a client transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Unsent,
    Sent,
    /// Its failure was told; only its end may follow.
    Failed,
}

struct Run<'a> {
    choices: Choices<'a>,
    table: Transactions,
    limits: Limits,
    timers: Timers,
    now: Time,
    servers: BTreeMap<ServerId, Bytes>,
    clients: BTreeMap<ClientId, Client>,
    /// Ids of all times, to be used again after their end.
    server_ids: Vec<ServerId>,
    client_ids: Vec<ClientId>,
    requests: Vec<Vec<u8>>,
    /// Requests that the table sent.
    sent: Vec<Bytes>,
}

impl<'a> Run<'a> {
    fn new(mut choices: Choices<'a>) -> Run<'a> {
        let most = *choices.one_of(&[1000, 1000, 4, 1]);
        let limits = Limits { max_server: most, max_client: most };
        Run {
            table: Transactions::new([9; 16], 0, limits),
            limits,
            timers: if choices.once_in(4) { Timers::IMS_PHONE } else { Timers::RFC3261 },
            choices,
            now: Time::from_millis(5),
            servers: BTreeMap::new(),
            clients: BTreeMap::new(),
            server_ids: Vec::new(),
            client_ids: Vec::new(),
            requests: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.choices.below(16) {
            0..=2 => self.receive_request(),
            3 | 4 => self.respond(),
            5 | 6 => self.send_request(),
            7..=9 => self.receive_response(),
            10 => self.cancel(),
            11 => self.forget(),
            12 => self.fail(),
            _ => self.pass_time(),
        }
        self.check();
    }

    fn flow(&mut self) -> Flow {
        let transport = *self.choices.one_of(&[Transport::Udp, Transport::Tcp]);
        let remote = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 5060);
        Flow { transport, listener: 0, connection: 0, remote }
    }

    fn receive_request(&mut self) {
        let text = if self.choices.once_in(3) && !self.requests.is_empty() {
            self.choices.one_of(&self.requests).clone()
        } else {
            let method = *self.choices.one_of(&METHODS);
            let shape = self.choices.byte();
            // some as of RFC 2543, without the cookie
            let cookie = if shape & 7 == 7 { "" } else { "z9hG4bK" };
            request(method, &format!("{cookie}b{}", shape >> 4), u32::from(shape >> 3 & 1))
        };
        let flow = self.flow();
        let Ok(message) = Message::parse_datagram(&text) else {
            panic!("a request of this file can be read")
        };
        let full = self.table.counts().server() >= self.limits.max_server;
        match self.table.handle_request(self.now, &message, flow, self.timers) {
            Received::New(id) => {
                assert!(!full, "a bound is kept");
                self.begin_server(id, &text);
            }
            Received::Cancel { id, target } => {
                assert!(!full || target.is_some(), "a bound is kept");
                assert!(
                    target.is_none_or(|target| self.servers.contains_key(&target)),
                    "what is cancelled lives"
                );
                self.begin_server(id, &text);
            }
            Received::Ack(id) => assert!(self.server_ids.contains(&id), "an ACK is for one that was"),
            Received::Full => assert!(full, "there is room until there is none"),
            Received::AckFor2xx => assert_eq!(message.method(), Method::Ack),
            Received::Retransmission => {}
            Received::Unmatchable => panic!("requests of this file have what they are matched by"),
        }
        if self.requests.len() == MEMORY {
            self.requests.remove(0);
        }
        self.requests.push(text);
        self.take_outputs(OUTPUTS);
    }

    fn begin_server(&mut self, id: ServerId, text: &[u8]) {
        assert!(
            self.servers.keys().all(|one| one.slot() != id.slot()),
            "a place has one transaction: {id:?}"
        );
        assert!(self.servers.insert(id, text.to_vec().into()).is_none(), "an id names one transaction");
        self.server_ids.push(id);
    }

    fn respond(&mut self) {
        let Some(id) = choose(&mut self.choices, &self.server_ids) else { return };
        let status = *self.choices.one_of(&STATUSES);
        let Some(request) = self.servers.get(&id) else {
            self.table.respond(self.now, id, status, Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n"));
            assert!(self.table.outputs.is_empty(), "one that has ended says nothing");
            return;
        };
        let bytes = response(request, status);
        self.table.respond(self.now, id, status, bytes);
        self.take_outputs(OUTPUTS);
    }

    fn send_request(&mut self) {
        self.begin_client();
        self.take_outputs(OUTPUTS);
    }

    fn begin_client(&mut self) {
        let full = self.table.clients.len() >= self.limits.max_client;
        let Some(id) = self.table.new_client() else {
            assert!(full, "there is room until there is none");
            return;
        };
        assert!(!full, "a bound is kept");
        assert!(
            self.clients.keys().all(|one| one.slot() != id.slot()),
            "a place has one transaction: {id:?}"
        );
        self.client_ids.push(id);
        self.clients.insert(id, Client::Unsent);
        if self.choices.once_in(8) {
            return;
        }
        let branch = self.table.branch(id, 0);
        let branch = String::from_utf8_lossy(branch.as_bytes()).into_owned();
        let method = *self.choices.one_of(&METHODS);
        let flow = self.flow();
        let bytes = Bytes::from(request(method, &branch, 1));
        let sends = !matches!(method, "ACK" | "CANCEL");
        assert_eq!(self.table.send_request(self.now, id, bytes.clone(), flow, self.timers), sends);
        assert!(
            !self.table.send_request(self.now, id, bytes, flow, self.timers) || !sends,
            "it is sent once"
        );
        if sends {
            self.clients.insert(id, Client::Sent);
        }
    }

    fn receive_response(&mut self) {
        let Some(request) = choose(&mut self.choices, &self.sent) else { return };
        let status = *self.choices.one_of(&STATUSES);
        let bytes = response(&request, status);
        let Ok(message) = Message::parse_datagram(&bytes) else {
            panic!("a response of this file can be read")
        };
        if let Response::Pass(id) = self.table.handle_response(self.now, &message) {
            assert!(
                self.clients.get(&id) == Some(&Client::Sent)
                    || !self.clients.contains_key(&id) && self.was(id),
                "a response is passed from one that waits: {id:?}"
            );
        }
        self.take_outputs(OUTPUTS);
    }

    fn was(&self, id: ClientId) -> bool {
        self.client_ids.contains(&id)
    }

    fn cancel(&mut self) {
        let Some(id) = choose(&mut self.choices, &self.client_ids) else { return };
        let reason = *self.choices.one_of(&["", "SIP;cause=200", "a\r\nb"]);
        let cancelled = self.table.cancel_because(self.now, id, reason.as_bytes());
        assert!(
            cancelled == Cancelled::NotNeeded || self.clients.get(&id) == Some(&Client::Sent),
            "only what was sent is cancelled"
        );
        self.take_outputs(OUTPUTS);
    }

    fn forget(&mut self) {
        if self.choices.once_in(2) {
            let Some(id) = choose(&mut self.choices, &self.server_ids) else { return };
            self.table.forget_server(id);
            self.servers.remove(&id);
        } else {
            let Some(id) = choose(&mut self.choices, &self.client_ids) else { return };
            self.table.forget_client(id);
            self.clients.remove(&id);
        }
        assert!(self.table.outputs.is_empty(), "what is forgotten says nothing");
    }

    fn fail(&mut self) {
        let of = if self.choices.once_in(2) {
            choose(&mut self.choices, &self.server_ids).map(TransactionId::Server)
        } else {
            choose(&mut self.choices, &self.client_ids).map(TransactionId::Client)
        };
        if let Some(of) = of {
            self.table.transport_error(self.now, of);
            self.take_outputs(OUTPUTS);
        }
    }

    fn pass_time(&mut self) {
        let millis = *self.choices.one_of(&[1, 9, 500, 4000, 33_000, 130_000]);
        let until = self.now + Duration::from_millis(millis);
        if self.choices.once_in(3) {
            self.now = until;
            return self.wake();
        }
        while let Some(due) = self.table.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.wake();
        }
        self.now = until;
    }

    fn wake(&mut self) {
        let transactions = self.table.servers.len() + self.table.clients.len();
        self.table.handle_timeout(self.now);
        assert!(self.table.poll_timeout().is_none_or(|next| next > self.now), "what is due is done");
        self.take_outputs(4 * transactions as usize);
    }

    fn take_outputs(&mut self, most: usize) {
        let mut outputs = 0;
        while let Some(output) = self.table.poll_output() {
            outputs += 1;
            assert!(outputs <= most, "one input sets off more than {most} outputs");
            match output {
                Output::Transmit { bytes, of, .. } => self.transmitted(bytes, of),
                Output::ServerEnded(id) => {
                    assert!(self.servers.remove(&id).is_some(), "an end is told once: {id:?}");
                }
                Output::ClientEnded(id) => {
                    let known = self.clients.remove(&id);
                    assert!(
                        matches!(known, Some(Client::Sent | Client::Failed)),
                        "an end is told once: {id:?}"
                    );
                }
                Output::ClientTimeout(id) | Output::ClientFailed(id) => {
                    let known = self.clients.insert(id, Client::Failed);
                    assert_eq!(known, Some(Client::Sent), "a failure is told once: {id:?}");
                    // Another hop is tried, before the end of this one is told (RFC 3263 §4.3).
                    if self.choices.once_in(2) {
                        self.begin_client();
                    }
                }
                Output::ServerTimeout(id) | Output::ServerFailed(id) => {
                    assert!(self.servers.contains_key(&id), "one that has ended does not fail: {id:?}");
                }
            }
        }
    }

    fn transmitted(&mut self, bytes: Bytes, of: TransactionId) {
        let message = Message::parse_stream(&bytes);
        assert!(message.is_ok(), "what a table sends can be read: {}", bytes.escape_ascii());
        let is_request = message.is_ok_and(|message| message.is_request());
        assert_eq!(
            is_request,
            matches!(of, TransactionId::Client(_)),
            "requests leave from client transactions"
        );
        if is_request {
            if self.sent.len() == MEMORY {
                self.sent.remove(0);
            }
            self.sent.push(bytes);
        }
    }

    /// What the TU counts is what the table counts.
    fn check(&self) {
        let counts = self.table.counts();
        let unsent = self.clients.values().filter(|client| **client == Client::Unsent).count();
        let own = self.table.clients.len() as usize - self.clients.len();
        assert_eq!(counts.server() as usize, self.servers.len());
        assert_eq!(self.table.servers.len() as usize, self.servers.len());
        assert_eq!(self.table.index.len(), self.servers.len(), "each is found by its request");
        assert_eq!(counts.client() as usize, self.clients.len() + own - unsent);
        assert!(own <= self.table.cancels.len(), "the table's own are its CANCELs");
        assert!(counts.lingering <= counts.server() + counts.client());
    }

    /// The TU answers everything, gives everything up, and begins nothing more.
    fn end(mut self) {
        self.choices = Choices::new(&[]);
        for (id, client) in self.clients.clone() {
            match client {
                Client::Unsent => {
                    self.table.forget_client(id);
                    self.clients.remove(&id);
                }
                _ => drop(self.table.cancel(self.now, id)),
            }
        }
        for (id, request) in self.servers.clone() {
            self.table.respond(self.now, id, 480, response(&request, 480));
        }
        self.take_outputs(usize::MAX);
        for _ in 0..WAKE_UPS {
            let Some(due) = self.table.poll_timeout() else { break };
            self.now = self.now.max(due);
            self.wake();
            self.check();
        }
        assert!(self.table.is_quiescent(), "everything ends: {:?}", self.table.counts());
        assert!(self.servers.is_empty() && self.clients.is_empty(), "every end is told");
        assert_eq!(self.table.counts(), crate::Counts::default());
    }
}

fn request(method: &str, branch: &str, cseq: u32) -> Vec<u8> {
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@example.test>;tag=a\r\nTo: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: {cseq} {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn response(request: &[u8], status: u16) -> Bytes {
    let Ok(request) = Message::parse_datagram(request) else { panic!("a request of this file can be read") };
    let mut out = Vec::new();
    sip::respond(request.head(), status, "", Some("b"), &mut out, |_| {});
    out.into()
}

fn choose<T: Clone>(choices: &mut Choices<'_>, list: &[T]) -> Option<T> {
    let back = choices.below(MEMORY);
    list.iter().rev().cycle().nth(back).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_tu_is_survived() {
        Mutants::new(17).run(1500, 1200, transaction);
    }
}
