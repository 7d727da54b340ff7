//! What becomes of a message that came: RFC 3261 §18.2.1 and §17.2.3 for requests, §18.1.2 for responses.
//!
//! In: a message and its flow. Out: the right file is called. Where answers go (§18.2.2, RFC 3581) is found here too.

use std::net::SocketAddr;
use std::sync::Arc;

use sip::{Excerpt, Flow, Head, Host, Message, Transport};
use transaction::{Received, Time};

use crate::counters::Discard;
use crate::errors;
use crate::io::Unsent;
use crate::node::Node;

impl Node {
    pub(crate) fn handle_received(&mut self, now: Time, flow: Flow, message: Message) {
        if !message.is_request() {
            return self.handle_response(now, message);
        }
        let reply_flow = reply_flow(message.head(), flow);
        match self.transactions.handle_request(now, &message, reply_flow, self.config.timers) {
            Received::New(id) => self.handle_new_request(now, id, flow, message),
            Received::Retransmission => self.counters.retransmissions.add(),
            Received::Ack(_) => {}
            Received::AckFor2xx => self.handle_ack(now, flow, message),
            Received::Cancel { id, target } => self.handle_cancel(now, id, target, &message),
            Received::Full => {
                self.counters.discard(Discard::Overload);
                self.answer_stateless(reply_flow, message.head(), errors::OVERLOADED);
            }
            Received::Unmatchable => {
                self.counters.discard(Discard::Unparsable);
                if let Err(invalid) = sip::validate(&message.head()) {
                    self.answer_stateless(reply_flow, message.head(), (invalid.status, ""));
                }
            }
        }
    }
}

impl Node {
    /// A request that cannot be read is refused (§16.3 item 1), without a transaction: its answer is the same each time.
    pub(crate) fn handle_unparsable(&mut self, flow: Flow, excerpt: Option<&Excerpt>) {
        self.counters.discard(Discard::Unparsable);
        if let Some(Excerpt { request, status }) = excerpt {
            self.answer_stateless(reply_flow(request.head(), flow), request.head(), (*status, ""));
        }
    }
}

/// Where responses to this request go: back on the connection; for datagrams to the source address, and to its port
/// where `rport` asks for it (RFC 3581 §4), else to that of the sent-by. A `maddr` is followed only for multicast,
/// which is not supported, so it is not followed. Of a Via whose parameters are broken the sent-by counts.
pub(crate) fn reply_flow(head: Head<'_>, flow: Flow) -> Flow {
    if flow.transport != Transport::Udp {
        return flow;
    }
    let Ok(via) = head.via().or_else(|_| head.via_sent_by()) else { return flow };
    if via.rport().is_some() {
        return flow;
    }
    let port = via.port.unwrap_or(Transport::Udp.default_port());
    Flow { remote: SocketAddr::new(flow.remote.ip(), port), ..flow }
}

/// Where a response goes whose connection is gone (§18.2.2): to `received`, which every Via of another place has, and
/// the port of sent-by, by a new connection; and the name that the peer's certificate must bear. None for what came by
/// no connection, or by one that only its client can open (RFC 7118 §5).
pub(crate) fn response_flow(unsent: &Unsent) -> Option<(Flow, Option<Arc<str>>)> {
    let Unsent { flow, bytes } = unsent;
    if flow.connection == 0 || !matches!(flow.transport, Transport::Tcp | Transport::Tls) {
        return None;
    }
    let response = Message::parse_stream(bytes).ok()?;
    let via = response.head().via().ok()?;
    let ip = via.received().or_else(|| via.host.ip())?;
    let port = via.port.unwrap_or(flow.transport.default_port());
    let server_name = match via.host {
        Host::Name(name) if flow.transport == Transport::Tls => Some(name.into()),
        _ => None,
    };
    Some((Flow { connection: 0, remote: SocketAddr::new(ip, port), ..*flow }, server_name))
}
