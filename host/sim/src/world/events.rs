//! What can happen in a world, and carrying it out, as far as that is not a node's or a phone's matter.
//!
//! In: an event that is due. Out: what becomes of it. When it is due the agenda knows.

use std::net::SocketAddr;

use bytes::Bytes;
use node::{Decided, Hop, Input, LocateFailure, LocateId, Unsent};
use sip::{Flow, Message, Transport};

use super::World;
use crate::checks::Rule;
use crate::element::TRANSPORTS;
use crate::network::Host;
use crate::phone::Alarm;
use crate::sabotage::Sabotage;
use crate::scenario::{EDGE, element_address};
use crate::script::Script;

/// What happens.
pub(super) enum Event {
    /// A datagram arrives.
    Datagram { from: SocketAddr, to: SocketAddr, bytes: Bytes },
    /// A message on a connection arrives.
    Stream { connection: u64, host: Host, from: SocketAddr, bytes: Bytes },
    /// A node learns that it could not send.
    Undelivered { node: usize, token: u64, unsent: Option<Unsent> },
    /// A node's datagram comes back as an ICMP error.
    Icmp { node: usize, bytes: Bytes },
    /// A script has decided.
    Decided { node: usize, decided: Box<Decided> },
    /// A next hop was searched for.
    Located { node: usize, id: LocateId, hops: Result<Vec<Hop>, LocateFailure> },
    /// A phone wakes.
    Alarm { phone: usize, alarm: Alarm },
    /// The scenario goes on.
    Story(Story),
}

/// What the scenario wants.
pub(super) enum Story {
    Register(usize),
    Leave(usize),
    Call(usize),
    Exchange(usize),
    Break(usize),
    Swap,
    Drain,
    /// A node ends.
    Stop(usize),
    /// It begins anew.
    Start(usize),
}

impl World {
    /// Lets an event happen.
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Datagram { from, to, bytes } => {
                let Some(host) = self.network.listener(Transport::Udp, to) else { return };
                let flow = Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: from };
                match Message::parse_datagram_from(&bytes, from) {
                    Ok(message) => self.arrive(host, flow, message),
                    Err(error) => self.unreadable(host, &error),
                }
            }
            Event::Stream { connection, host, from, bytes } => {
                if !self.network.is_open(connection) {
                    return self.broke(&bytes);
                }
                let transport = self.network.transport_of(connection).unwrap_or(Transport::Tcp);
                let listener = TRANSPORTS.iter().position(|own| *own == transport).unwrap_or_default() as u16;
                let listener = if matches!(host, Host::Element(_)) { listener } else { 0 };
                let flow = Flow { transport, listener, connection, remote: from };
                match Message::parse_stream_from(&bytes, from) {
                    Ok(message) => self.arrive(host, flow, message),
                    Err(error) => self.unreadable(host, &error),
                }
            }
            Event::Undelivered { node, token, unsent } => {
                self.trace.note(self.now, Some(Host::Element(node)), &"could not send");
                self.count("undelivered");
                self.put_in(node, Input::Undelivered { token, unsent });
            }
            Event::Icmp { node, .. } if self.elements[node].is_down => {}
            Event::Icmp { node, bytes } => {
                if let Some(token) = self.elements[node].node.token_of(&bytes) {
                    self.happen(Event::Undelivered { node, token, unsent: None });
                }
            }
            Event::Decided { node, decided } => self.put_in(node, Input::Decided(decided)),
            Event::Located { node, id, hops } => self.put_in(node, Input::Located { id, hops }),
            Event::Alarm { phone, alarm } => {
                let is_late = matches!(alarm, Alarm::Refresh(_)) && self.now > self.scenario.end;
                if !is_late && !self.is_gone(phone) {
                    self.phones[phone].wake(alarm);
                    self.drain_phone(phone);
                }
            }
            Event::Story(story) => self.go_on(story),
        }
    }

    fn go_on(&mut self, story: Story) {
        match story {
            Story::Register(number) => {
                self.phones[number].register(1);
                self.drain_phone(number);
            }
            Story::Call(number) => {
                let caller = self.scenario.calls[number].caller;
                self.count("calls placed");
                self.phones[caller].call(number);
                self.drain_phone(caller);
            }
            Story::Exchange(number) => {
                let from = self.scenario.exchanges[number].from;
                self.phones[from].exchange(number);
                self.drain_phone(from);
            }
            Story::Leave(number) => {
                self.trace.note(self.now, Some(Host::Phone(number)), &"leaves");
                self.network.leave(Host::Phone(number));
                self.network.close_all(Host::Phone(number));
            }
            Story::Break(number) => {
                self.trace.note(self.now, Some(Host::Phone(number)), &"loses its connections");
                self.count("connections broken");
                self.network.close_all(Host::Phone(number));
            }
            Story::Stop(node) => {
                self.trace.note(self.now, Some(Host::Element(node)), &"ends");
                self.count("restarts");
                self.stop(node);
            }
            Story::Start(node) => {
                self.trace.note(self.now, Some(Host::Element(node)), &"begins anew");
                self.start(node);
            }
            Story::Swap => {
                assert!(self.sabotage != Some(Sabotage::Panic), "a deliberate panic");
                self.swap();
            }
            Story::Drain => {
                self.trace.note(self.now, Some(Host::Element(EDGE)), &"drains");
                self.count("drains");
                self.elements[EDGE].node.drain();
            }
        }
    }

    /// A node ends: nobody listens, its connections close, and what others owed it finds nobody.
    fn stop(&mut self, node: usize) {
        self.sum_up_node(node);
        self.checks.restarted(node);
        self.elements[node].is_down = true;
        self.network.leave(Host::Element(node));
        self.network.close_all(Host::Element(node));
        self.agenda.retain(|event| {
            !matches!(*event, Event::Undelivered { node: of, .. } | Event::Decided { node: of, .. }
                | Event::Located { node: of, .. } if of == node)
        });
    }

    fn start(&mut self, node: usize) {
        self.elements[node].restart();
        self.elements[node].is_down = false;
        for transport in TRANSPORTS {
            self.network.listen(transport, element_address(node, transport), Host::Element(node));
        }
    }

    /// The plugin is replaced: new transactions go to the new version.
    fn swap(&mut self) {
        let element = &mut self.elements[EDGE];
        if let (Script::Edge(edge), Some(plugin)) = (&element.script, self.next_plugin.take()) {
            drop(edge.active.activate(plugin));
            element.node.set_wants(element.script.wants());
            self.trace.note(self.now, Some(Host::Element(EDGE)), &"has a new plugin");
            self.count("plugins swapped");
        }
    }

    fn arrive(&mut self, host: Host, flow: Flow, message: Message) {
        match host {
            Host::Element(node) => self.receive(node, flow, message),
            Host::Phone(phone) => {
                self.phones[phone].receive(flow, &message);
                self.drain_phone(phone);
            }
        }
    }

    fn unreadable(&mut self, host: Host, error: &dyn std::fmt::Display) {
        self.checks.add(self.now, Rule::Readable, format!("{host:?} cannot read what came: {error}"));
    }
}
