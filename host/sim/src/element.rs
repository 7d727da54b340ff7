//! A node of the world: the code under test, its script, and where it listens.
//!
//! In: the scenario. Out: [`Element`]. It is driven by `world.rs`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use node::{Listening, Node, NodeConfig};
use plugin::Plugin;
use sip::Transport;
use transaction::{Limits, Timers};

use crate::checks::Left;
use crate::machine::{Machine, NONCE_LIFETIME};
use crate::plugins::Plugins;
use crate::random::Random;
use crate::scenario::{DOMAIN, EDGE, Scenario, TRANSIT, element_address};
use crate::script::Script;

/// What a node listens on; numbered as [`sip::Flow::listener`].
pub(crate) const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Ws];
/// Over three minutes (RFC 3261 §16.6 item 11).
const TIMER_C: Duration = Duration::from_secs(185);
/// RFC 3261 §18.1.1.
const UDP_BYTES: usize = 1300;
/// Wall clock at the beginning of every world.
pub(crate) const WALL_START_MS: u64 = 1_700_000_000_000;
/// A bound that no scenario reaches.
const MAX_DIALOGS: usize = 1_000;

/// A node and its script.
pub(crate) struct Element {
    pub(crate) node: Node,
    config: NodeConfig,
    pub(crate) script: Script,
    pub(crate) random: Random,
    /// It has ended and not begun anew.
    pub(crate) is_down: bool,
}

/// The nodes of a scenario, and the plugin that replaces the first one's in the middle.
pub(crate) fn elements(
    scenario: &Scenario,
    random: &Random,
    machine: &Arc<Machine>,
    plugins: &Plugins,
) -> Result<(Vec<Element>, Option<Arc<Plugin>>)> {
    let first = plugins.load(1, machine)?;
    let second = scenario.swap_at.map(|_| plugins.load(2, machine)).transpose()?;
    let desk = scenario.devices.len() - 1;
    let mut scripts = [
        (EDGE, Script::edge(first, Arc::clone(machine)), DOMAIN),
        (TRANSIT, Script::transit(random.split(100), scenario.faults, desk), "transit.test"),
    ]
    .into_iter();
    let elements = scripts.by_ref().map(|(number, script, domain)| {
        let mut random = random.split(200 + number as u64);
        let config = config(number, domain, scenario.faults.room, &mut random, machine);
        let mut node = Node::new(config.clone());
        node.set_wants(script.wants());
        Element { node, config, script, random, is_down: false }
    });
    Ok((elements.collect(), second))
}

fn config(number: usize, domain: &str, room: u32, random: &mut Random, machine: &Machine) -> NodeConfig {
    let addresses = TRANSPORTS.map(|transport| (transport, element_address(number, transport)));
    let listeners = addresses.map(|(transport, address)| {
        proxy::ListenAddress::new(transport, &address.ip().to_string(), address.port())
    });
    let own = proxy::Own::new(listeners.to_vec(), random.bytes()).with_alias(domain, None);
    let foreign = Arc::new(auth::Nonces::new(random.bytes(), NONCE_LIFETIME));
    NodeConfig {
        shard: number as u8,
        seed: random.bytes(),
        route_key: random.bytes(),
        own: Arc::new(own),
        listening: Listening::new(addresses.to_vec()),
        wall_start_ms: WALL_START_MS,
        timers: Timers::RFC3261,
        timer_c: TIMER_C,
        limits: Limits { max_server: room, max_client: room },
        max_dialogs: MAX_DIALOGS,
        udp_bytes: UDP_BYTES,
        proxy_require: Arc::default(),
        returns: Arc::default(),
        server: "".into(),
        nonces: if number == EDGE { Arc::clone(machine.nonces()) } else { foreign },
        retry_after: 5,
    }
}

impl Element {
    /// A new process in the place of the old one: transactions and dialogs are gone. What a data folder keeps stays: the
    /// keys of Record-Routes and nonces, and with the script's machine the bindings.
    pub(crate) fn restart(&mut self) {
        self.config.seed = self.random.bytes();
        self.node = Node::new(self.config.clone());
        self.node.set_wants(self.script.wants());
    }

    /// How many dialogs it counts.
    pub(crate) fn dialogs(&self) -> u64 {
        self.node.counters().dialogs.get()
    }

    /// What it still has. `is_last`: dialogs have had the time to end by themselves.
    pub(crate) fn left(&self, node: usize, is_last: bool) -> Left {
        Left::of(&self.node, node, is_last, self.script.old_versions())
    }
}
