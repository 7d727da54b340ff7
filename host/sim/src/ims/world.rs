//! The loop of one IMS: virtual time, from one thing that is due to the next.
//!
//! In: a story. Out: [`Outcome`]: which rules were broken, what happened how often. One thread, no clock, no socket.
//!
//! | file | what |
//! |---|---|
//! | `world/events.rs` | what can happen |
//! | `world/elements.rs` | CSCFs: messages, consultations, their questions to the HSS |
//! | `world/hss.rs` | the way to the HSS and back, and what goes wrong on it |
//! | `world/phones.rs` | phones, application servers |
//! | `world/wires.rs` | datagrams and connections, and where they are cut |
//! | `world/ends.rs` | who can be reached, and what is left |

mod elements;
mod ends;
mod events;
mod hss;
mod phones;
mod wires;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use transaction::Time;

use super::b2bua::Agents;
use super::checks::ImsChecks;
use super::element::Element;
use super::home::{self, ELEMENTS, element_address, phone_address};
use super::hss::Hss;
use super::phone::Phone;
use super::plugins::ImsPlugins;
use super::sabotage::ImsSabotage;
use super::story::{CALM_AT, END, PROBES_AT, Story, VANISH_AT, Wrong};
use crate::agenda::Agenda;
use crate::checks::Rule;
use crate::network::{Host, Network};
use crate::random::Random;
use crate::trace::Trace;
use crate::world::Outcome;
use events::Event;

/// Events after which a world is held to run in circles.
const MAX_EVENTS: u64 = 2_000_000;
/// Wall clock at the beginning of every world.
const WALL_START_MS: u64 = 1_700_000_000_000;
/// After the phones have vanished, nothing is under way any more after this: Timer C, and what follows it.
const TAIL: Duration = Duration::from_secs(600);
/// Between two calls that probe: each has ended before the next.
const CALL_GAP: Duration = Duration::from_secs(20);
/// Between two probes.
const PROBE_GAP: Duration = Duration::from_secs(2);

/// What is to be done beside running a seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImsExtras {
    /// Print the ladder.
    pub trace: bool,
    /// Falsify something.
    pub sabotage: Option<ImsSabotage>,
}

/// One IMS.
pub struct ImsWorld {
    story: Arc<Story>,
    plugins: Arc<ImsPlugins>,
    now: Time,
    agenda: Agenda<Event>,
    network: Network,
    elements: Vec<Element>,
    sealer: cscf::Sealer,
    hss: Hss,
    phones: Vec<Phone>,
    /// Of application servers that are such.
    agents: Vec<Agents>,
    checks: ImsChecks,
    tally: BTreeMap<String, u64>,
    trace: Trace,
    sabotage: Option<ImsSabotage>,
    random: Random,
    /// By user: when the HSS ended the registration last.
    terminated: Vec<Option<Time>>,
    /// By element: when it lost its store last.
    lost_store: [Option<Time>; ELEMENTS],
}

impl ImsWorld {
    /// The IMS of a seed.
    ///
    /// # Errors
    /// A plugin cannot be loaded.
    pub fn new(seed: u64, plugins: &Arc<ImsPlugins>, extras: ImsExtras) -> Result<ImsWorld> {
        let story = Arc::new(Story::of(seed));
        let random = Random::new(seed);
        let mut network = Network::new(random.split(2), story.conditions);
        (0..ELEMENTS).for_each(|number| wires::listen(&mut network, number));
        for number in 0..story.servers.len() {
            let number = ELEMENTS + number;
            network.listen(sip::Transport::Udp, element_address(number), Host::Element(number));
        }
        let mut phones = Vec::new();
        for (number, user) in story.users.iter().enumerate() {
            network.listen(sip::Transport::Udp, phone_address(number), Host::Phone(number));
            phones.push(Phone::new(number, user, &mut random.split(1000 + number as u64))?);
        }
        let mut world = ImsWorld {
            now: Time::ZERO,
            agenda: Agenda::default(),
            network,
            elements: Vec::new(),
            sealer: cscf::Sealer::new(&random.split(4).bytes()),
            hss: Hss::new(&story, random.split(5)),
            phones,
            agents: (0..story.servers.len())
                .map(|number| Agents::new(element_address(ELEMENTS + number)))
                .collect(),
            checks: ImsChecks::new(&story),
            tally: BTreeMap::new(),
            trace: Trace::new(extras.trace, trace_name),
            sabotage: extras.sabotage,
            random: random.split(3),
            terminated: vec![None; story.users.len()],
            lost_store: [None; ELEMENTS],
            plugins: Arc::clone(plugins),
            story,
        };
        for number in 0..ELEMENTS {
            let element = world.new_element(number, random.split(200 + number as u64))?;
            world.elements.push(element);
        }
        world.tell_the_story();
        Ok(world)
    }

    /// Runs it to its end.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        self.run_until(PROBES_AT);
        self.probe();
        self.run_until(VANISH_AT);
        self.judge_probes();
        (0..self.phones.len()).for_each(|phone| self.vanish(phone));
        self.run_until(VANISH_AT + TAIL);
        self.judge_rest(false);
        self.run_until(END);
        self.judge_rest(true);
        let (lost, twice) = self.network.counts;
        self.tally.insert("datagrams lost".into(), lost);
        self.tally.insert("datagrams doubled".into(), twice);
        Outcome {
            seed: self.story.seed,
            violations: self.checks.into_violations(),
            tally: self.tally,
            fingerprint: self.trace.fingerprint(),
        }
    }

    fn run_until(&mut self, end: Time) {
        for _ in 0..MAX_EVENTS {
            match self.next_due().filter(|due| *due <= end) {
                Some(due) => self.step(due),
                None => {
                    self.set_now(end);
                    return;
                }
            }
        }
        self.checks.add(self.now, Rule::Tables, "the world does not come to rest".into());
    }

    /// When something is due next.
    fn next_due(&self) -> Option<Time> {
        let elements = (0..self.elements.len()).filter_map(|element| self.element_due(element));
        let phones = self.phones.iter().filter_map(phones::due);
        elements.chain(phones).chain(self.agenda.next_due()).min()
    }

    /// Does one thing that is due: messages first, then elements, then phones.
    fn step(&mut self, due: Time) {
        self.set_now(due);
        if let Some(event) = self.agenda.pop_due(self.now) {
            self.happen(event);
        } else if let Some(element) =
            (0..self.elements.len()).find(|element| self.element_due(*element) == Some(due))
        {
            self.element_wakes(element);
        } else if let Some(phone) = self.phones.iter().position(|phone| phones::due(phone) == Some(due)) {
            self.phones[phone].ue.handle_timeout(self.now);
            self.drain_phone(phone);
        }
    }

    fn set_now(&mut self, to: Time) {
        self.now = self.now.max(to);
        let now_ms = WALL_START_MS + self.now.as_millis();
        for element in &self.elements {
            element.machine.with(|inner| inner.now_ms = now_ms);
        }
    }

    fn at(&mut self, at: Time, event: Event) {
        self.agenda.plan(at, event);
    }

    fn count(&mut self, what: &str) {
        match self.tally.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.tally.insert(what.into(), 1)),
        }
    }

    fn note(&mut self, host: Option<Host>, what: &dyn std::fmt::Display) {
        self.trace.note(self.now, host, what);
    }

    fn tell_the_story(&mut self) {
        let story = Arc::clone(&self.story);
        for (number, user) in story.users.iter().enumerate() {
            self.at(user.registers, Event::Act(super::story::Act::Register(number)));
        }
        for (at, act) in &story.acts {
            self.at(*at, Event::Act(*act));
        }
        for trouble in &story.troubles {
            if let Wrong::Down { element, loses_store } = trouble.what {
                self.at(trouble.from, Event::Stop(element));
                self.at(trouble.until, Event::Start { element, loses_store });
            }
        }
        self.at(CALM_AT, Event::Calm);
    }
}

/// What a host is called in the ladder.
fn trace_name(host: Host) -> String {
    match host {
        Host::Element(number) => home::name(number),
        Host::Phone(number) => format!("phone{number}"),
    }
}
