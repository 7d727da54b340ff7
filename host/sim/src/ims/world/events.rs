//! What can happen in an IMS, and carrying it out.
//!
//! In: an event that is due. Out: what becomes of it. When it is due the agenda knows.

use std::net::SocketAddr;

use bytes::Bytes;
use node::{Decided, Hop, Input, LocateFailure, LocateId, Unsent};
use sip::{Flow, Message, Transport};

use super::ImsWorld;
use super::wires::TRANSPORTS;
use crate::checks::Rule;
use crate::ims::checks::Asked;
use crate::ims::element::After;
use crate::ims::home::ELEMENTS;
use crate::ims::phone::Doing;
use crate::ims::story::{Act, CALM};
use crate::network::Host;

/// What happens. `run`: in which run of the element; one that has ended since does not hear of it.
pub(super) enum Event {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
    },
    Stream {
        connection: u64,
        host: Host,
        from: SocketAddr,
        bytes: Bytes,
    },
    Undelivered {
        element: usize,
        run: u32,
        token: u64,
        unsent: Option<Unsent>,
    },
    Icmp {
        element: usize,
        run: u32,
        bytes: Bytes,
    },
    Decided {
        element: usize,
        run: u32,
        decided: Option<Box<Decided>>,
        after: Vec<After>,
    },
    Located {
        element: usize,
        run: u32,
        id: LocateId,
        hops: Result<Vec<Hop>, LocateFailure>,
    },
    /// A question reaches the HSS.
    HssHears {
        element: usize,
        run: u32,
        number: u64,
        request: diameter::Message,
    },
    /// What came of it is known.
    HssSays {
        element: usize,
        run: u32,
        number: u64,
        answer: Result<diameter::Message, cscf::CxFailure>,
    },
    /// An RTR reaches an S-CSCF.
    Terminate {
        element: usize,
        request: diameter::Message,
    },
    Phone {
        phone: usize,
        doing: Doing,
    },
    /// An application server sends.
    Server {
        server: usize,
        to: SocketAddr,
        bytes: Vec<u8>,
        forged: Option<String>,
    },
    Act(Act),
    Stop(usize),
    Start {
        element: usize,
        loses_store: bool,
    },
    /// The network loses nothing any more.
    Calm,
    /// A request of a phone must have been answered by now.
    Judge(Asked),
    /// A probe is sent.
    Probe {
        from: usize,
        to: usize,
    },
    /// A phone calls another one, which takes the call.
    ProbeCall {
        from: usize,
        to: usize,
    },
}

impl ImsWorld {
    /// Lets an event happen.
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Datagram { from, to, bytes } => {
                let Some(host) = self.network.listener(Transport::Udp, to) else { return };
                let flow = Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: from };
                self.arrive(host, flow, &bytes);
            }
            Event::Stream { connection, host, from, bytes } if self.network.is_open(connection) => {
                let listener = TRANSPORTS.iter().position(|own| *own == Transport::Tcp).unwrap_or_default();
                let flow =
                    Flow { transport: Transport::Tcp, listener: listener as u16, connection, remote: from };
                self.arrive(host, flow, &bytes);
            }
            Event::Stream { .. } => {}
            Event::Undelivered { element, run, token, unsent } if self.runs(element, run) => {
                self.note(Some(Host::Element(element)), &"could not send");
                self.count("undelivered");
                self.put_in(element, Input::Undelivered { token, unsent });
            }
            Event::Icmp { element, run, bytes } if self.runs(element, run) => {
                if let Some(token) = self.elements[element].node.token_of(&bytes) {
                    self.put_in(element, Input::Undelivered { token, unsent: None });
                }
            }
            Event::Decided { element, run, decided, after } if self.runs(element, run) => {
                self.carry_out(element, decided, after);
            }
            Event::Located { element, run, id, hops } if self.runs(element, run) => {
                self.put_in(element, Input::Located { id, hops });
            }
            Event::HssHears { element, run, number, request } => {
                self.hss_hears(element, run, number, &request)
            }
            Event::HssSays { element, run, number, answer } if self.runs(element, run) => {
                self.hss_says(element, number, answer);
            }
            Event::Undelivered { .. }
            | Event::Icmp { .. }
            | Event::Decided { .. }
            | Event::Located { .. }
            | Event::HssSays { .. } => {}
            Event::Terminate { element, request } => self.terminated(element, &request),
            Event::Phone { phone, doing } if !self.phones[phone].is_gone => {
                self.phones[phone].act(self.now, doing);
                self.drain_phone(phone);
            }
            Event::Phone { .. } => {}
            Event::Server { server, to, bytes, forged } => self.server_sends(server, to, &bytes, forged),
            Event::Act(act) => self.act(act),
            Event::Stop(element) => self.stop(element),
            Event::Start { element, loses_store } => self.start(element, loses_store),
            Event::Calm => {
                self.note(None, &"calm");
                self.network.set_conditions(CALM);
            }
            Event::Judge(asked) => {
                let is_gone = self.phones.iter().any(|phone| phone.is_gone);
                let network = &self.network;
                self.checks.judge(self.now, &asked, |call_id| network.lost(call_id), is_gone);
            }
            Event::Probe { from, to } => self.send_probe(from, to),
            Event::ProbeCall { from, to } => self.probe_call(from, to),
        }
    }

    /// Whether an element is still in this run.
    fn runs(&self, element: usize, run: u32) -> bool {
        !self.elements[element].is_down && self.elements[element].run == run
    }

    fn arrive(&mut self, host: Host, flow: Flow, bytes: &Bytes) {
        match host {
            Host::Phone(phone) => self.phone_hears(phone, flow, bytes),
            Host::Element(server) if server >= ELEMENTS => self.server_hears(server - ELEMENTS, bytes),
            Host::Element(element) => {
                let heard = self.sabotage.map(|sabotage| Bytes::from(sabotage.heard(element, bytes)));
                let bytes = heard.as_ref().unwrap_or(bytes);
                let parsed = match flow.transport {
                    Transport::Udp => Message::parse_datagram_from(bytes, flow.remote),
                    _ => Message::parse_stream_from(bytes, flow.remote),
                };
                match parsed {
                    Ok(message) => {
                        self.checks.element_received(element, flow, &message);
                        self.put_in(element, Input::Received { flow, message });
                    }
                    Err(error) => {
                        let what = format!("{host:?} cannot read what came: {error}");
                        self.checks.add(self.now, Rule::Readable, what);
                    }
                }
            }
        }
    }
}
