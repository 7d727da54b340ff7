//! CSCFs in the world: what reaches them, and what becomes of what they want.
//!
//! In: messages, words of scripts, timers. Out: messages on the wires, questions to the HSS. Every message is shown to the
//! checks, both ways.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use node::{Decided, Hop, Input, Listening, LocateFailure, NodeConfig, Output};
use sip::{Flow, Message, Transport, Uri};
use transaction::{Limits, Time, Timers};

use super::events::Event;
use super::wires::TRANSPORTS;
use super::{ImsWorld, WALL_START_MS};
use crate::checks::Rule;
use crate::ims::element::{After, Element, Word};
use crate::ims::home::{self, DOMAIN, ICSCF, element_address};
use crate::ims::machine::{CX_TIMEOUT_MS, Machine, Outbox, Parts, Store};
use crate::network::Host;
use crate::random::Random;

/// Over three minutes (RFC 3261 §16.6 item 11).
const TIMER_C: Duration = Duration::from_secs(185);
/// RFC 3261 §18.1.1.
const UDP_BYTES: usize = 1300;
/// Bounds that no story reaches.
const MAX_DIALOGS: usize = 1_000;
const MAX_TRANSACTIONS: u32 = 10_000;
/// The longest that the disk takes, ms.
const DISK_MS: u64 = 10;
/// The longest that a name takes, ms.
const LOCATING_MS: u64 = 50;

impl ImsWorld {
    pub(super) fn new_element(&self, number: usize, mut random: Random) -> Result<Element> {
        let machine = self.new_machine(number, random.split(1), Store::default());
        let config = config(number, &mut random);
        let plugin = self.plugins.load(number, &machine)?;
        Ok(Element::new(config, machine, plugin, random))
    }

    fn new_machine(&self, element: usize, random: Random, store: Store) -> Machine {
        let users = self.story.users.iter().enumerate();
        Machine::new(Parts {
            element,
            random,
            now_ms: WALL_START_MS + self.now.as_millis(),
            store,
            sealer: self.sealer.clone(),
            sabotage: self.sabotage,
            profiles: users
                .map(|(number, user)| (home::private_identity(number), home::user_data(number, user)))
                .collect(),
        })
    }

    pub(super) fn put_in(&mut self, element: usize, input: Input) {
        if !self.elements[element].is_down {
            self.elements[element].node.handle_input(self.now, input);
            self.drain_element(element);
        }
    }

    /// When an element or its machine wants to be woken.
    pub(super) fn element_due(&self, element: usize) -> Option<Time> {
        let element = &self.elements[element];
        let machine = element.machine.next_due_ms();
        let machine = machine.map(|at| Time::from_millis(at.saturating_sub(WALL_START_MS)));
        element.node.poll_timeout().into_iter().chain(machine).min().filter(|_| !element.is_down)
    }

    pub(super) fn element_wakes(&mut self, element: usize) {
        let one = &mut self.elements[element];
        if one.node.poll_timeout().is_some_and(|due| due <= self.now) {
            one.node.handle_timeout(self.now);
        }
        one.machine.look();
        while let Some(token) = one.machine.pop_timer() {
            one.timer(token);
        }
        self.drain_element(element);
    }

    /// Does what an element wants, until it wants nothing more.
    pub(super) fn drain_element(&mut self, element: usize) {
        loop {
            if let Some(output) = self.elements[element].node.poll_output() {
                self.element_wants(element, output);
                continue;
            }
            let words = self.elements[element].poll();
            if !words.is_empty() {
                words.into_iter().for_each(|word| self.said(element, word));
                continue;
            }
            match self.elements[element].machine.poll_outbox() {
                Some(out) => self.machine_wants(element, out),
                None => return,
            }
        }
    }

    fn element_wants(&mut self, element: usize, output: Output) {
        let run = self.elements[element].run;
        match output {
            Output::Transmit { flow, bytes, token, .. } => self.transmit(element, flow, bytes, token),
            Output::Consult(question) => {
                self.count("consultations");
                self.elements[element].ask(question);
            }
            Output::Concluded { token, response } => {
                if response.status() >= 300 {
                    self.count("own requests that failed");
                }
                self.elements[element].concluded(token, response);
            }
            Output::Locate { id, uri } => {
                let hops = locate(&uri);
                let at = self.now + self.random.time(0, LOCATING_MS);
                self.at(at, Event::Located { element, run, id, hops });
            }
            Output::Event(ended) => {
                self.count(&format!("dialogs ended: {}", ended.why));
                let event = plugin::Event::DialogEnded { call_id: ended.call_id.into(), why: ended.why };
                self.elements[element].event(event);
            }
            Output::Answered(_) => {}
            Output::Adopt(_) => unreachable!("no version is let go"),
            Output::Returned { .. } => unreachable!("an element has one shard"),
        }
    }

    fn machine_wants(&mut self, element: usize, out: Outbox) {
        let run = self.elements[element].run;
        match out {
            Outbox::Ask { number, request } => {
                self.count("questions to the HSS");
                let soon = self.now + self.random.time(1, 10);
                self.at(soon, Event::HssHears { element, run, number, request });
                let answer = Err(cscf::CxFailure::Timeout);
                let late = self.now + Duration::from_millis(CX_TIMEOUT_MS);
                self.at(late, Event::HssSays { element, run, number, answer });
            }
            Outbox::Notify(notify) => {
                let originate = self.elements[element].notify(notify);
                self.elements[element].node.handle_input(self.now, Input::Originate(Box::new(originate)));
            }
            Outbox::Event(event) => self.elements[element].event(event),
            Outbox::Release(served_user) => {
                self.elements[element].node.handle_input(self.now, Input::Release { served_user });
            }
        }
    }

    /// A script's word: at once, or when it is on disk.
    fn said(&mut self, element: usize, word: Word) {
        let Word { decided, after, is_staged, own } = word;
        for originate in own {
            self.elements[element].node.handle_input(self.now, Input::Originate(Box::new(originate)));
        }
        if !is_staged {
            if let Some(decided) = decided {
                self.elements[element].node.handle_input(self.now, Input::Decided(decided));
            }
            return;
        }
        let run = self.elements[element].run;
        let at = self.now + self.random.time(0, DISK_MS);
        self.at(at, Event::Decided { element, run, decided, after });
    }

    pub(super) fn carry_out(&mut self, element: usize, decided: Option<Box<Decided>>, after: Vec<After>) {
        if let Some(decided) = decided {
            self.elements[element].node.handle_input(self.now, Input::Decided(decided));
            // The answer leaves before those who watch are told of it.
            while let Some(output) = self.elements[element].node.poll_output() {
                self.element_wants(element, output);
            }
        }
        self.elements[element].carried_out(after);
        self.drain_element(element);
    }

    fn transmit(&mut self, element: usize, flow: Flow, bytes: Bytes, token: u64) {
        let shown = match self.sabotage {
            Some(sabotage) => sabotage.shown(element, &bytes),
            None => vec![bytes.to_vec()],
        };
        for bytes in shown {
            let bytes = Bytes::from(bytes);
            let message = match Message::parse_datagram(&bytes) {
                Ok(message) => message,
                Err(error) => {
                    let what = format!("{} sent what cannot be read: {error}", home::name(element));
                    self.checks.add(self.now, Rule::Readable, what);
                    continue;
                }
            };
            let accepted = self.checks.element_sent(self.now, element, flow, &message, token == 0);
            if let Some(accepted) = accepted {
                self.accepted(&accepted);
            }
            self.send(element, flow, &message, bytes, token);
        }
    }

    /// A process ends: nobody listens, its connections close.
    pub(super) fn stop(&mut self, element: usize) {
        if self.elements[element].is_down {
            return;
        }
        self.note(Some(Host::Element(element)), &"ends");
        self.count("elements stopped");
        self.checks.restarted(element);
        self.elements[element].is_down = true;
        self.network.leave(Host::Element(element));
        self.network.close_all(Host::Element(element));
    }

    /// It begins anew, with what it had stored or without.
    pub(super) fn start(&mut self, element: usize, loses_store: bool) {
        if !self.elements[element].is_down {
            return;
        }
        self.note(Some(Host::Element(element)), &"begins anew");
        let mut store = self.elements[element].machine.take_store();
        if loses_store {
            self.count("stores lost");
            store = Store::default();
            self.lost_store[element] = Some(self.now);
        }
        let random = self.elements[element].random.split(self.now.0);
        let machine = self.new_machine(element, random, store);
        let plugins = Arc::clone(&self.plugins);
        let restarted = self.elements[element].restart(machine, |machine| plugins.load(element, machine));
        if let Err(error) = restarted {
            self.checks.add(self.now, Rule::Tables, format!("a plugin cannot be loaded again: {error:#}"));
        }
        super::wires::listen(&mut self.network, element);
        self.drain_element(element);
    }
}

fn config(number: usize, random: &mut Random) -> NodeConfig {
    let address = element_address(number);
    let listeners = TRANSPORTS
        .map(|transport| proxy::ListenAddress::new(transport, &address.ip().to_string(), address.port()));
    let domain = if number == ICSCF { DOMAIN.to_owned() } else { format!("{}.{DOMAIN}", home::name(number)) };
    let own = proxy::Own::new(listeners.to_vec(), random.bytes()).with_alias(&domain, None);
    NodeConfig {
        shard: 0,
        seed: random.bytes(),
        route_key: random.bytes(),
        own: Arc::new(own),
        listening: Listening::new(TRANSPORTS.map(|transport| (transport, address)).to_vec()),
        wall_start_ms: WALL_START_MS,
        timers: Timers::RFC3261,
        timer_c: TIMER_C,
        limits: Limits { max_server: MAX_TRANSACTIONS, max_client: MAX_TRANSACTIONS },
        max_dialogs: MAX_DIALOGS,
        udp_bytes: UDP_BYTES,
        proxy_require: Arc::default(),
        returns: Arc::default(),
        server: "".into(),
        nonces: Arc::new(auth::Nonces::new(random.bytes(), Duration::from_secs(30))),
        retry_after: 5,
    }
}

/// RFC 3263 with one name: the home network's, which is served by the I-CSCF.
fn locate(uri: &[u8]) -> Result<Vec<Hop>, LocateFailure> {
    let host = Uri::parse(uri).map(|uri| uri.host().to_string()).unwrap_or_default();
    if host != DOMAIN {
        return Err(LocateFailure::NotFound);
    }
    let remote = element_address(ICSCF);
    let flow = Flow { transport: Transport::Udp, listener: 0, connection: 0, remote };
    Ok(vec![Hop { flow, server_name: None }])
}
