//! Datagrams and connections between everybody, and where they are cut.
//!
//! In: who sends what where. Out: arrivals in the agenda. Phones and application servers take datagrams only; elements of ours
//! connect for what is long (RFC 3261 §18.1.1), and send a datagram where nobody takes the connection.

use std::net::SocketAddr;

use bytes::Bytes;
use node::Unsent;
use sip::{Flow, Message, Transport};

use super::ImsWorld;
use super::events::Event;
use crate::ims::home::{ELEMENTS, element_address};
use crate::ims::story::Wrong;
use crate::network::{Absence, Host, Network, fate};

/// What an element listens on; numbered as [`Flow::listener`].
pub(super) const TRANSPORTS: [Transport; 2] = [Transport::Udp, Transport::Tcp];

/// An element listens.
pub(super) fn listen(network: &mut Network, element: usize) {
    for transport in TRANSPORTS {
        network.listen(transport, element_address(element), Host::Element(element));
    }
}

impl ImsWorld {
    /// An element sends.
    pub(super) fn send(&mut self, element: usize, flow: Flow, message: &Message, bytes: Bytes, token: u64) {
        self.count("messages of elements");
        let (host, run) = (Host::Element(element), self.elements[element].run);
        let receiver = self.network.listener(flow.transport, flow.remote);
        if flow.transport == Transport::Udp {
            if receiver.is_none()
                && let Some(at) = self.network.icmp(self.now, self.absence(flow.remote))
            {
                self.at(at, Event::Icmp { element, run, bytes: bytes.clone() });
            }
            return self.send_datagram(host, element_address(element), flow.remote, message, &bytes);
        }
        let connection = match flow.connection {
            0 => match self.network.connection(host, flow.transport, flow.remote) {
                Some(connection) => Ok(connection),
                None => {
                    let is_cut = receiver.is_some_and(|receiver| self.is_cut(host, receiver));
                    let absence = self.absence(flow.remote);
                    let (ip, remote) = (element_address(element).ip(), flow.remote);
                    match is_cut {
                        true => Err(self.now + std::time::Duration::from_secs(4)),
                        false => self.network.connect(self.now, flow.transport, (host, ip), remote, absence),
                    }
                }
            },
            connection if self.network.is_open(connection) => Ok(connection),
            _ => Err(self.now),
        };
        match connection {
            Ok(connection) => {
                let Some(arrival) = self.network.on_stream(self.now, connection, host) else { return };
                if self.is_cut(host, arrival.host) {
                    // The connection breaks with what was on it.
                    self.network.close_all(arrival.host);
                    return self.trace.sent(
                        self.now,
                        host,
                        &super::trace_name(arrival.host),
                        message,
                        &"cut",
                    );
                }
                let on = format!("on connection {connection}");
                self.trace.sent(self.now, host, &super::trace_name(arrival.host), message, &on);
                let (host, from) = (arrival.host, arrival.from);
                self.at(arrival.at, Event::Stream { connection, host, from, bytes });
            }
            Err(at) => {
                self.trace.sent(self.now, host, &flow.remote, message, &"not delivered");
                if token != 0 {
                    let unsent = Some(Unsent { flow, bytes });
                    self.at(at, Event::Undelivered { element, run, token, unsent });
                }
            }
        }
    }

    /// Somebody sends a datagram.
    pub(super) fn send_datagram(
        &mut self,
        host: Host,
        from: SocketAddr,
        to: SocketAddr,
        message: &Message,
        bytes: &Bytes,
    ) {
        let Some(receiver) = self.network.listener(Transport::Udp, to) else {
            return self.trace.sent(self.now, host, &to, message, &"nobody is there");
        };
        let name = super::trace_name(receiver);
        if self.is_cut(host, receiver) {
            self.count("messages cut");
            return self.trace.sent(self.now, host, &name, message, &"cut");
        }
        let call_id = message.head().call_id().unwrap_or_default();
        let arrivals = self.network.datagram(self.now, call_id);
        self.trace.sent(self.now, host, &name, message, &fate(&arrivals));
        for at in arrivals {
            self.at(at, Event::Datagram { from, to, bytes: bytes.clone() });
        }
    }

    /// What an address does where nobody listens. An element that is down is gone with its machine in every other story.
    fn absence(&self, address: SocketAddr) -> Absence {
        let is_element = (0..ELEMENTS).any(|number| element_address(number) == address);
        let is_down = is_element && self.network.listener(Transport::Udp, address).is_none();
        match is_down && !self.story.seed.is_multiple_of(2) {
            true => Absence::Silent,
            false => Absence::Refuses,
        }
    }

    /// Whether two hosts do not reach each other now.
    fn is_cut(&self, one: Host, other: Host) -> bool {
        let (Host::Element(one), Host::Element(other)) = (one, other) else { return false };
        if one >= ELEMENTS || other >= ELEMENTS {
            return false;
        }
        self.story.troubles.iter().any(|trouble| {
            let is_now = trouble.from <= self.now && self.now < trouble.until;
            let is_here = matches!(trouble.what,
                Wrong::Cut(a, b) if (a, b) == (one, other) || (b, a) == (one, other));
            is_now && is_here
        })
    }
}
