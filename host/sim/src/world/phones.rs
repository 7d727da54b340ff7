//! A phone's place in the world: what becomes of what it wants.
//!
//! In: a phone's [`Doing`]s. Out: messages on the network, alarms in the agenda, news for the checks.

use std::net::SocketAddr;

use bytes::Bytes;
use sip::{Flow, Message, Transport};

use super::World;
use super::events::Event;
use crate::checks::Rule;
use crate::network::Host;
use crate::phone::{Doing, Told};
use crate::scenario::phone_address;

impl World {
    /// Does what a phone wants.
    pub(super) fn drain_phone(&mut self, phone: usize) {
        while let Some(doing) = self.phones[phone].poll_doing() {
            match doing {
                Doing::Send { flow, bytes } => self.phone_sends(phone, flow, bytes.into()),
                Doing::Wake { after, alarm } => self.at(self.now + after, Event::Alarm { phone, alarm }),
                Doing::Tell(told) => {
                    match &told {
                        Told::Answered { method, status } => {
                            self.count(&format!("{method} {}xx", status / 100));
                            if matches!(status, 401 | 407 | 482 | 483 | 503) {
                                self.count(&format!("{method} {status}"));
                            }
                        }
                        Told::Up { end, .. } if end.caller => self.count("calls up"),
                        Told::Unanswered { method, .. } => self.count(&format!("{method} without an answer")),
                        _ => {}
                    }
                    self.tell_checks(&told);
                }
            }
        }
    }

    fn phone_sends(&mut self, phone: usize, flow: Flow, bytes: Bytes) {
        let (host, own) = (Host::Phone(phone), phone_address(phone));
        let message = match Message::parse_datagram(&bytes) {
            Ok(message) => message,
            Err(error) => {
                let what = format!("phone {phone} of the harness sends what cannot be read: {error}");
                return self.checks.add(self.now, Rule::Readable, what);
            }
        };
        self.count("messages of phones");
        if flow.transport == Transport::Udp {
            return self.send_datagram(host, own, flow.remote, &message, &bytes);
        }
        let (connection, remote) = match flow.connection {
            0 => (self.network.connection(host, flow.transport, flow.remote), flow.remote),
            connection if self.network.is_open(connection) => (Some(connection), flow.remote),
            // §18.2.2: the connection is gone, so a new one to the sent-by.
            _ => (None, sent_by(&message).unwrap_or(flow.remote)),
        };
        let connection = connection.or_else(|| {
            let absence = self.absence(remote);
            self.network.connect(self.now, flow.transport, (host, own.ip()), remote, absence).ok()
        });
        if let Some(connection) = connection {
            self.send_on_stream(host, connection, &message, bytes);
        }
    }
}

/// The address in the top Via.
fn sent_by(message: &Message) -> Option<SocketAddr> {
    let via = message.head().via().ok()?;
    Some(SocketAddr::new(via.host.ip()?, via.port.unwrap_or(5060)))
}
