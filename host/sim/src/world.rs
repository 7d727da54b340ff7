//! The loop of one world: virtual time, from one thing that is due to the next (the runtime's place in the drawing).
//!
//! In: a scenario. Out: [`Outcome`]: which rules were broken, what happened how often. One thread, no clock, no socket.
//!
//! ```text
//!   agenda ──────────┐                       ┌▶ phones ─▶ Doing ─┐
//!   poll_timeout ────┴▶ the earliest ─▶ now ─┤                   ├─▶ network ─▶ agenda
//!                                            └▶ nodes ─▶ Output ─┘
//!                                  every message, and all that phones tell ─▶ checks
//! ```

mod events;
mod nodes;
mod phones;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use plugin::Plugin;
use sip::{Message, Transport};
use transaction::Time;

use crate::agenda::Agenda;
use crate::checks::{Checks, Excuses, Rule, Violation};
use crate::element::{Element, TRANSPORTS, WALL_START_MS, elements};
use crate::machine::Machine;
use crate::network::{Absence, Host, Network};
use crate::phone::{Phone, Told, password};
use crate::plugins::Plugins;
use crate::random::Random;
use crate::sabotage::Sabotage;
use crate::scenario::{LEAVE_AT, Scenario, TAIL, element_address, phone_address};
use crate::trace::Trace;
use events::{Event, Story};

/// Events after which a world is held to run in circles.
const MAX_EVENTS: u64 = 1_000_000;
/// Long enough for every dialog to end by itself.
const DAYS: Duration = Duration::from_secs(3 * 24 * 3600);

/// How a world went.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Rules that were broken, in the order of time.
    pub violations: Vec<Violation>,
    /// What happened how often, by name.
    pub tally: BTreeMap<String, u64>,
    /// The same for two runs of one seed.
    pub fingerprint: u64,
}

/// What is to be done beside running a seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// Print the ladder.
    pub trace: bool,
    /// Falsify something.
    pub sabotage: Option<Sabotage>,
}

/// One world.
pub struct World {
    scenario: Arc<Scenario>,
    now: Time,
    agenda: Agenda<Event>,
    network: Network,
    machine: Arc<Machine>,
    elements: Vec<Element>,
    phones: Vec<Phone>,
    /// The plugin that comes in the middle.
    next_plugin: Option<Arc<Plugin>>,
    checks: Checks,
    /// Calls that a broken connection took something from.
    broken: BTreeSet<Vec<u8>>,
    tally: BTreeMap<String, u64>,
    trace: Trace,
    sabotage: Option<Sabotage>,
    random: Random,
}

impl World {
    /// The world of a seed.
    ///
    /// # Errors
    /// The plugin cannot be loaded.
    pub fn new(seed: u64, plugins: &Plugins, extras: Extras) -> Result<Self> {
        let scenario = Arc::new(Scenario::of(seed));
        let random = Random::new(seed);
        let users =
            scenario.devices.iter().map(|device| (format!("u{}", device.user), password(device.user)));
        let machine = Arc::new(Machine::new(random.split(1), users.collect()));
        let (elements, next_plugin) = elements(&scenario, &random, &machine, plugins)?;
        let mut network = Network::new(random.split(2), scenario.conditions);
        for number in 0..elements.len() {
            for transport in TRANSPORTS {
                network.listen(transport, element_address(number, transport), Host::Element(number));
            }
        }
        for (number, device) in scenario.devices.iter().enumerate() {
            let (host, address) = (Host::Phone(number), phone_address(number));
            match device.transport {
                Transport::Udp => network.listen(Transport::Udp, address, host),
                Transport::Tcp => network.listen(Transport::Tcp, address, host),
                _ => {}
            }
            if device.transport == Transport::Udp && device.takes_tcp {
                network.listen(Transport::Tcp, address, host);
            }
        }
        let phones = (0..scenario.devices.len())
            .map(|number| Phone::new(Arc::clone(&scenario), number, random.split(1000 + number as u64)))
            .collect();
        let mut world = Self {
            now: Time::ZERO,
            agenda: Agenda::default(),
            network,
            machine,
            elements,
            phones,
            next_plugin,
            checks: Checks::default(),
            broken: BTreeSet::new(),
            tally: BTreeMap::new(),
            trace: Trace::new(extras.trace, crate::trace::name),
            sabotage: extras.sabotage,
            random: random.split(3),
            scenario,
        };
        world.tell_the_story();
        Ok(world)
    }

    /// Runs it to its end.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let quiet = self.scenario.end + TAIL;
        self.run_until(quiet);
        let left: Vec<_> =
            self.elements.iter().enumerate().map(|(n, element)| element.left(n, false)).collect();
        self.checks.ended(self.now, &left);
        self.run_until(quiet + DAYS);
        let left: Vec<_> =
            self.elements.iter().enumerate().map(|(n, element)| element.left(n, true)).collect();
        self.checks.ended(self.now, &left);
        self.sum_up()
    }

    fn run_until(&mut self, end: Time) {
        for _ in 0..MAX_EVENTS {
            match self.next_due().filter(|due| *due <= end) {
                Some(due) => self.step(due),
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        self.checks.add(self.now, Rule::Tables, "the world does not come to rest".into());
    }

    /// When something is due next.
    fn next_due(&self) -> Option<Time> {
        let nodes = (0..self.elements.len()).filter_map(|node| self.node_due(node));
        nodes.chain(self.agenda.next_due()).min()
    }

    fn node_due(&self, node: usize) -> Option<Time> {
        let stopped = self.sabotage == Some(Sabotage::ClockStopped);
        let element = &self.elements[node];
        element.node.poll_timeout().filter(|_| !stopped && !element.is_down)
    }

    /// Does one thing that is due. Messages that come in the same moment as a timer come first.
    fn step(&mut self, due: Time) {
        self.now = self.now.max(due);
        self.machine.set_now_ms(WALL_START_MS + self.now.as_millis());
        if let Some(event) = self.agenda.pop_due(self.now) {
            self.happen(event);
        } else if let Some(node) = (0..self.elements.len()).find(|node| self.node_due(*node) == Some(due)) {
            self.elements[node].node.handle_timeout(self.now);
            self.drain_node(node);
        }
    }

    fn at(&mut self, at: Time, event: Event) {
        self.agenda.plan(at, event);
    }

    fn count(&mut self, what: &str) {
        *self.tally.entry(what.into()).or_default() += 1;
    }

    /// What an address does where nobody listens: as its phone left it, or refusing.
    fn absence(&self, address: SocketAddr) -> Absence {
        let of_phone =
            self.scenario.devices.iter().enumerate().find(|(number, _)| phone_address(*number) == address);
        match of_phone {
            Some((_, device)) if self.now >= LEAVE_AT => device.leaves.unwrap_or(Absence::Refuses),
            Some(_) => Absence::Refuses,
            None if self.scenario.seed.is_multiple_of(2) => Absence::Refuses,
            None => Absence::Silent,
        }
    }

    /// A connection is gone, and with it a message.
    fn broke(&mut self, message: &[u8]) {
        if let Ok(message) = Message::parse_datagram(message) {
            self.broken.insert(message.head().call_id().unwrap_or_default().to_vec());
        }
    }

    /// Whether a node restarted after a time, or was on its way back then.
    fn has_restarted_since(&self, time: Time) -> bool {
        self.scenario.restarts.iter().any(|(at, _, down)| *at <= self.now && *at + *down >= time)
    }

    fn tell_checks(&mut self, told: &Told) {
        let call_id = match told {
            Told::Unanswered { call_id, .. } | Told::Unacknowledged { call_id, .. } => call_id.as_bytes(),
            _ => b"",
        };
        let excuses = Excuses {
            lost: self.network.lost(call_id),
            broke: self.broken.contains(call_id),
            restarted: self.has_restarted_since(told.earliest_cause(self.now)),
        };
        let forgotten = self.sabotage == Some(Sabotage::DialogsForgotten);
        let dialogs: Vec<u64> =
            self.elements.iter().map(|element| if forgotten { 0 } else { element.dialogs() }).collect();
        self.checks.told(self.now, told, excuses, &dialogs);
    }

    fn tell_the_story(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        let mut tell = |at: Time, story: Story| self.at(at, Event::Story(story));
        for (number, device) in scenario.devices.iter().enumerate() {
            if let Some((at, _)) = device.registers {
                tell(at, Story::Register(number));
            }
            if device.leaves.is_some() {
                tell(LEAVE_AT, Story::Leave(number));
            }
        }
        scenario.calls.iter().enumerate().for_each(|(number, call)| tell(call.at, Story::Call(number)));
        for (number, exchange) in scenario.exchanges.iter().enumerate() {
            tell(exchange.at, Story::Exchange(number));
        }
        scenario.breaks.iter().for_each(|(at, number)| tell(*at, Story::Break(*number)));
        scenario.swap_at.into_iter().for_each(|at| tell(at, Story::Swap));
        scenario.drain_at.into_iter().for_each(|at| tell(at, Story::Drain));
        for (at, node, down) in &scenario.restarts {
            tell(*at, Story::Stop(*node));
            tell(*at + *down, Story::Start(*node));
        }
    }

    fn sum_up(mut self) -> Outcome {
        let (lost, twice) = self.network.counts;
        for (what, number) in [("datagrams lost", lost), ("datagrams doubled", twice)] {
            *self.tally.entry(what.into()).or_default() += number;
        }
        (0..self.elements.len()).for_each(|node| self.sum_up_node(node));
        Outcome {
            seed: self.scenario.seed,
            violations: self.checks.into_violations(),
            tally: self.tally,
            fingerprint: self.trace.fingerprint(),
        }
    }

    /// What a node has counted, before it is gone.
    fn sum_up_node(&mut self, node: usize) {
        let counters = self.elements[node].node.counters();
        for (what, number) in [
            ("retransmissions absorbed", counters.retransmissions.get()),
            ("consultations without a decision", counters.consult_errors.get()),
            ("overload", counters.discards(node::Discard::Overload as usize)),
        ] {
            *self.tally.entry(what.into()).or_default() += number;
        }
    }
}
