//! A node's place in the world: what reaches it, and what becomes of its outputs.
//!
//! In: messages and answers for a node. Out: messages on the network, questions answered by its script or, for names, by
//! the world's name service (RFC 3263 in three lines). Every message is shown to the checks, both ways.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use node::{Consult, Hop, Input, LocateFailure, Output, Unsent};
use sip::{Flow, Message, Transport, Uri};

use super::World;
use super::events::Event;
use crate::checks::Seen;
use crate::element::TRANSPORTS;
use crate::network::{Host, fate};
use crate::scenario::{DOMAIN, EDGE, ELSEWHERE, deserted_address, element_address, phone_address};
use crate::script::{failed, trouble};

/// The longest that a name takes, in milliseconds.
const LOCATING_MS: u64 = 200;

impl World {
    /// A message comes to a node.
    pub(super) fn receive(&mut self, node: usize, flow: Flow, message: Message) {
        self.checks.received(&Seen::new(node, flow, &message));
        self.put_in(node, Input::Received { flow, message });
    }

    pub(super) fn put_in(&mut self, node: usize, input: Input) {
        self.elements[node].node.handle_input(self.now, input);
        self.drain_node(node);
    }

    /// Does what a node wants, until it wants nothing more.
    pub(super) fn drain_node(&mut self, node: usize) {
        while let Some(output) = self.elements[node].node.poll_output() {
            match output {
                Output::Transmit { flow, bytes, token, .. } => self.transmit(node, flow, bytes, token),
                Output::Consult(question) => self.consult(node, question),
                Output::Returned { .. } => unreachable!("an element has one shard"),
                Output::Concluded { .. } | Output::Answered(_) => {}
                Output::Adopt(_) => unreachable!("no version is let go"),
                Output::Locate { id, uri } => {
                    let hops = self.locate(node, &uri);
                    let at = self.now + self.random.time(0, LOCATING_MS);
                    self.at(at, Event::Located { node, id, hops });
                }
                Output::Event(ended) => self.count(&format!("dialogs ended: {}", ended.why)),
            }
        }
    }

    /// Asks the script; its word comes at once, or later in virtual time.
    fn consult(&mut self, node: usize, question: Consult) {
        self.count("consultations");
        let element = &mut self.elements[node];
        let (error, took) = trouble(&mut element.random, &self.scenario.faults);
        let decided = match error {
            Some(error) => {
                self.trace.note(
                    self.now,
                    Some(Host::Element(node)),
                    &format!("{:?}: {error}", question.hook),
                );
                failed(question.id, question.hook, error)
            }
            None => element.script.ask(question),
        };
        if took == Duration::ZERO {
            element.node.handle_input(self.now, Input::Decided(Box::new(decided)));
        } else {
            self.at(self.now + took, Event::Decided { node, decided: Box::new(decided) });
        }
    }

    /// RFC 3263 with four names: ours, the transit node's, somebody else's with a first address where nobody is, and
    /// none.
    fn locate(&mut self, node: usize, uri: &[u8]) -> Result<Vec<Hop>, LocateFailure> {
        if self.random.chance(self.scenario.faults.locate_failures) {
            return Err(self.random.pick(&[LocateFailure::NotFound, LocateFailure::Timeout]));
        }
        let host = Uri::parse(uri).map(|uri| uri.host().to_string()).unwrap_or_default();
        let addresses = match host.as_str() {
            DOMAIN => vec![element_address(EDGE, Transport::Udp)],
            ELSEWHERE => vec![deserted_address(), phone_address(self.phones.len() - 1)],
            _ => return Err(LocateFailure::NotFound),
        };
        let listener = TRANSPORTS.iter().position(|own| *own == Transport::Udp).unwrap_or_default() as u16;
        let is_itself = |address: &std::net::SocketAddr| *address == element_address(node, Transport::Udp);
        self.count(if addresses.iter().any(is_itself) { "located itself" } else { "located" });
        let hops = addresses.into_iter().map(|remote| Hop {
            flow: Flow { transport: Transport::Udp, listener, connection: 0, remote },
            server_name: None,
        });
        Ok(hops.collect())
    }

    /// A node sends.
    fn transmit(&mut self, node: usize, flow: Flow, bytes: Bytes, token: u64) {
        self.count("messages of nodes");
        let shown = self.sabotage.map_or_else(|| vec![bytes.to_vec()], |sabotage| sabotage.shown(&bytes));
        for bytes in shown {
            match Message::parse_datagram(&bytes) {
                Ok(message) => {
                    let is_stateless = token == 0;
                    self.checks.sent(self.now, &Seen::new(node, flow, &message), is_stateless);
                }
                Err(error) => self.checks.unreadable(self.now, node, &error),
            }
        }
        let Ok(message) = Message::parse_datagram(&bytes) else { return };
        let host = Host::Element(node);
        if flow.transport == Transport::Udp {
            let from = element_address(node, Transport::Udp);
            if self.network.listener(Transport::Udp, flow.remote).is_none() {
                let absence = self.absence(flow.remote);
                if let Some(at) = self.network.icmp(self.now, absence) {
                    self.at(at, Event::Icmp { node, bytes });
                }
                return self.trace.sent(self.now, host, &flow.remote, &message, &"nobody is there");
            }
            return self.send_datagram(host, from, flow.remote, &message, &bytes);
        }
        let connection = match flow.connection {
            0 => match self.network.connection(host, flow.transport, flow.remote) {
                Some(connection) => Ok(connection),
                None if flow.transport == Transport::Tcp => {
                    let absence = self.absence(flow.remote);
                    let own = element_address(node, Transport::Tcp).ip();
                    self.network.connect(self.now, flow.transport, (host, own), flow.remote, absence)
                }
                None => Err(self.now),
            },
            connection if self.network.is_open(connection) => Ok(connection),
            _ => Err(self.now),
        };
        match connection {
            Ok(connection) => self.send_on_stream(host, connection, &message, bytes),
            Err(at) => {
                self.trace.sent(self.now, host, &flow.remote, &message, &"not delivered");
                if flow.connection != 0 {
                    self.broke(&bytes);
                }
                if token != 0 {
                    let unsent = Some(Unsent { flow, bytes });
                    self.at(at, Event::Undelivered { node, token, unsent });
                }
            }
        }
    }

    /// Somebody sends a datagram.
    pub(super) fn send_datagram(
        &mut self,
        host: Host,
        from: std::net::SocketAddr,
        to: std::net::SocketAddr,
        message: &Message,
        bytes: &Bytes,
    ) {
        let receiver = self.network.listener(Transport::Udp, to);
        if self.is_eaten(receiver, bytes) {
            return self.trace.sent(self.now, host, &to, message, &"eaten");
        }
        let call_id = message.head().call_id().unwrap_or_default();
        let arrivals = self.network.datagram(self.now, call_id);
        let name = receiver.map_or_else(|| to.to_string(), crate::trace::name);
        self.trace.sent(self.now, host, &name, message, &fate(&arrivals));
        for at in arrivals {
            self.at(at, Event::Datagram { from, to, bytes: bytes.clone() });
        }
    }

    /// Somebody sends on an open connection.
    pub(super) fn send_on_stream(&mut self, host: Host, connection: u64, message: &Message, bytes: Bytes) {
        let Some(arrival) = self.network.on_stream(self.now, connection, host) else { return };
        if self.is_eaten(Some(arrival.host), &bytes) {
            return self.trace.sent(self.now, host, &crate::trace::name(arrival.host), message, &"eaten");
        }
        let on = format!("on connection {connection}");
        self.trace.sent(self.now, host, &crate::trace::name(arrival.host), message, &on);
        self.at(arrival.at, Event::Stream { connection, host: arrival.host, from: arrival.from, bytes });
    }

    fn is_eaten(&self, receiver: Option<Host>, bytes: &[u8]) -> bool {
        matches!(receiver, Some(Host::Phone(_))) && self.sabotage.is_some_and(|sabotage| sabotage.eats(bytes))
    }

    /// The scenario's word for whether a phone has left.
    pub(super) fn is_gone(&self, phone: usize) -> bool {
        let scenario = Arc::clone(&self.scenario);
        scenario.devices[phone].leaves.is_some() && self.now >= crate::scenario::LEAVE_AT
    }
}
