//! What others may ask of a running host, from any thread: how it is, which plugin it runs, to take another.
//!
//! In: questions and plugin files. Out: plain, serializable answers. HTTP and the command line are above this.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use node::counters::{METHODS, method_index};
use node::{Counters, Wants};
use parking_lot::Mutex;
use plugin::{Active, Engine, Identity, LoadError, Plugin, Services, StatsSnapshot};
use serde::Serialize;
use storage::{KeyValue, Registrations, Users};
use trace::Trace;

use crate::audience::Audience;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::config::{Config, PluginTable};
use crate::ims::Ims;
use crate::inbox::Inbox;
use crate::message::ToShard;
use crate::metrics::Metrics;
use crate::recorder::{Folder, Recordings};
use crate::shelf::Shelf;

/// A shard that has not been awake for this long is not healthy: the loop turns at least every second.
const MAX_SILENCE: Duration = Duration::from_secs(5);

/// What all parts of a running host share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) active: Arc<Active>,
    /// Versions that can be taken at once.
    pub(crate) shelf: Mutex<Shelf>,
    /// What was done with them.
    pub(crate) audit: Audit,
    pub(crate) services: Arc<dyn Services>,
    pub(crate) counters: Vec<Arc<Counters>>,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) users: Arc<Users>,
    pub(crate) keys: Arc<KeyValue>,
    pub(crate) inboxes: Arc<[Arc<Inbox<ToShard>>]>,
    pub(crate) heartbeats: Vec<Arc<AtomicU64>>,
    pub(crate) clock: Clock,
    pub(crate) draining: AtomicBool,
    /// Where the plugin comes from, and its configuration: as the file says, or said when it was last reloaded.
    pub(crate) plugin: Mutex<PluginTable>,
    pub(crate) listeners: Vec<(sip::Transport, SocketAddr)>,
    pub(crate) reload_tls: Box<dyn Fn() -> Result<bool, String> + Send + Sync>,
    /// One load at a time.
    pub(crate) loading: Mutex<()>,
    /// Of a CSCF that asks an HSS.
    pub(crate) ims: Option<Arc<Ims>>,
    /// What went over the wire.
    pub(crate) trace: Option<Arc<Trace>>,
    /// Who listens to calls of scripts.
    pub(crate) audience: Arc<Audience>,
    /// Where recordings go.
    pub(crate) recording_folder: Folder,
    /// What is recorded.
    pub(crate) recordings: Recordings,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A running host, as others see it.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) metrics: Arc<Metrics>,
}

/// One version of a plugin.
#[derive(Debug, Clone, Serialize)]
pub struct PluginStatus {
    /// The role it is for.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Counts the loads of this host, from 1.
    pub number: u32,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// `active`; `candidate`: has a share; `draining`: older, still has transactions or calls; `kept`: older, can be taken
    /// at once; `checked`: was not activated, can be.
    pub state: &'static str,
    /// Tenths of a percent of the subscribers whose new transactions go to it.
    pub share: u16,
    /// Transactions and calls that hold it; the dialogs of one shard count as one.
    pub holders: usize,
    /// Instances.
    pub instances: u32,
    /// Calls so far.
    pub calls: u64,
    /// Calls that gave no decision, of any kind.
    pub failures: u64,
}

/// What a host is doing.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// What it is.
    pub role: String,
    /// `running` or `draining`.
    pub state: &'static str,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Where it listens.
    pub listeners: Vec<String>,
    /// Requests under way.
    pub active_transactions: u64,
    /// Transactions that linger, both sides.
    pub lingering_transactions: u64,
    /// Dialogs.
    pub dialogs: u64,
    /// Contacts registered.
    pub registrations: u64,
    /// Requests by method so far.
    pub requests: std::collections::BTreeMap<&'static str, u64>,
    /// Plugin versions.
    pub plugins: Vec<PluginStatus>,
}

/// Why a plugin was not taken. The running version is untouched.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// This host runs another role.
    #[error("this host has no role {role}; it runs {runs}")]
    UnknownRole {
        /// The role asked for.
        role: String,
        /// The role there is.
        runs: String,
    },
    /// The plugin is not fit.
    #[error("refused: {0}")]
    Load(#[from] LoadError),
}

/// Why a configuration was not reloaded.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The users could not be read; the old ones stay.
    #[error("users: {0}")]
    Users(#[from] storage::UsersError),
    /// The plugin is not fit; the old one stays.
    #[error("plugin.file: {0}")]
    Plugin(#[from] PushError),
    /// The plugin file cannot be read; the old one stays.
    #[error("plugin.file {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate is not fit; the old one stays.
    #[error("certificate: {0}")]
    Tls(String),
}

impl Handle {
    /// The role of this host.
    #[must_use]
    pub fn role(&self) -> String {
        self.shared.active.role().name().to_owned()
    }

    /// What went over the wire after this number (`[trace]`); `None` where nothing is kept.
    #[must_use]
    pub fn trace(&self, after: u64, call: Option<&str>) -> Option<trace::Page> {
        self.shared.trace.as_ref().map(|trace| trace.after(after, call))
    }

    /// Whether every shard turns its loop; the error is a sentence.
    ///
    /// # Errors
    /// A shard has been silent for too long.
    pub fn health(&self) -> Result<(), String> {
        let now = self.shared.clock.now();
        for (shard, heartbeat) in self.shared.heartbeats.iter().enumerate() {
            let silent = now - transaction::Time(heartbeat.load(Ordering::Relaxed));
            if silent > MAX_SILENCE {
                return Err(format!("shard {shard} has been silent for {} s", silent.as_secs()));
            }
        }
        Ok(())
    }

    /// Whether new calls are welcome; the error is a sentence.
    ///
    /// # Errors
    /// The host drains, is not healthy, or has no plugin.
    pub fn ready(&self) -> Result<(), String> {
        if self.shared.draining.load(Ordering::Relaxed) {
            return Err("draining".into());
        }
        if self.shared.active.plugin().is_none() {
            return Err(format!("no plugin is loaded for the role {}", self.shared.active.role().name()));
        }
        if let Some(ims) = &self.shared.ims
            && !ims.diameter.ready()
        {
            return Err("no Diameter peer is open".into());
        }
        self.health()
    }

    /// All figures as OpenMetrics text.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.metrics.text()
    }

    /// What the host is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let sum = |read: fn(&Counters) -> u64| self.shared.counters.iter().map(|c| read(c)).sum::<u64>();
        let requests = METHODS
            .iter()
            .enumerate()
            .map(|(n, &method)| (method, self.shared.counters.iter().map(|c| c.requests(n)).sum()))
            .filter(|&(_, number)| number > 0)
            .collect();
        Status {
            role: self.role(),
            state: if self.shared.draining.load(Ordering::Relaxed) { "draining" } else { "running" },
            uptime_s: self.shared.clock.now().0 / 1_000_000,
            listeners: self
                .shared
                .listeners
                .iter()
                .map(|(transport, at)| format!("{} {at}", transport.name()))
                .collect(),
            active_transactions: sum(|c| c.open_contexts.get()),
            lingering_transactions: sum(|c| c.server_transactions.get() + c.client_transactions.get()),
            dialogs: sum(|c| c.dialogs.get()),
            registrations: self.shared.registrations.count() as u64,
            requests,
            plugins: self.plugins(),
        }
    }

    /// The plugin versions that are alive, the newest first.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        let known = self.shared.active.versions();
        let shelf = self.shared.shelf.lock();
        let mut all: Vec<PluginStatus> = Vec::new();
        let is_known = |number| known.iter().any(|version| version.identity.number == number);
        let checked = shelf.all().filter(|kept| !is_known(kept.identity().number));
        all.extend(checked.map(|kept| idle_status(kept)));
        for version in &known {
            let kept = shelf.get(version.identity.number);
            let holders = version.holders.saturating_sub(kept.map_or(0, |kept| shelf.holds(kept)));
            let state = match (version.active, version.share, holders, kept) {
                (true, ..) => "active",
                (_, 1.., ..) => "candidate",
                (_, _, 0, Some(_)) => "kept",
                _ => "draining",
            };
            let told = status(&version.identity, &version.stats, state);
            all.push(PluginStatus { share: version.share, holders, instances: version.guests, ..told });
        }
        all.sort_by_key(|version| std::cmp::Reverse(version.number));
        all
    }

    /// Checks a plugin, and takes it for new transactions if `activate`; else it is kept, to be given a share or promoted.
    /// `source` says who, for the log. Blocking.
    ///
    /// # Errors
    /// [`PushError`]; the running version is untouched then.
    pub fn push(
        &self,
        role: &str,
        bytes: &[u8],
        activate: bool,
        source: &str,
    ) -> Result<PluginStatus, PushError> {
        let runs = self.shared.active.role().name();
        if role != runs {
            return Err(PushError::UnknownRole { role: role.into(), runs: runs.into() });
        }
        let configuration = self.shared.plugin.lock().configuration.clone();
        let loaded = self.shared.load(bytes, &configuration, source)?;
        match activate {
            true => self.shared.activate(Arc::clone(&loaded), source),
            false => self.shared.keep(&loaded, source),
        }
        Ok(self.status_of(&loaded))
    }

    /// Takes from a configuration what a running host can take: users, certificates, the plugin with its configuration.
    /// What was taken.
    ///
    /// # Errors
    /// [`ReloadError`] for the first thing that is not fit; that thing stays as it was.
    pub fn reload(&self, config: &Config) -> Result<String, ReloadError> {
        let mut taken = Vec::new();
        if config.users.file.is_some() || config.users.url.is_some() {
            self.shared.users.reload()?;
            taken.push(format!("{} users", self.shared.users.len()));
        }
        if (self.shared.reload_tls)().map_err(ReloadError::Tls)? {
            taken.push("certificates".into());
        }
        let PluginTable { file, configuration, .. } = &config.plugin;
        let bytes = plugin::read_file(file)
            .map_err(|source| ReloadError::Read { file: file.display().to_string(), source })?;
        let loaded = self.shared.load(&bytes, configuration, "SIGHUP").map_err(PushError::Load)?;
        let identity = loaded.identity().clone();
        self.shared.plugin.lock().clone_from(&config.plugin);
        self.shared.activate(loaded, "SIGHUP");
        taken.push(format!("plugin {} {}", identity.name, identity.version));
        Ok(taken.join(", "))
    }

    /// One line about where the host listens and what it runs.
    #[must_use]
    pub fn summary(&self) -> String {
        let listeners: Vec<_> = self
            .shared
            .listeners
            .iter()
            .map(|(transport, at)| format!("{} {at}", transport.name()))
            .collect();
        let plugin = self.shared.active.plugin().map_or_else(
            || "no plugin".into(),
            |plugin| format!("plugin {} {}", plugin.identity().name, plugin.identity().version),
        );
        format!(
            "role {} on {}, {plugin}, {} registrations",
            self.shared.active.role().name(),
            listeners.join(", "),
            self.shared.registrations.count()
        )
    }
}

/// What a plugin's manifest asks for, in the node's terms.
pub(crate) fn wants(plugin: &Plugin) -> Wants {
    let manifest = plugin.manifest();
    let methods = if !manifest.hooks.request {
        0
    } else if manifest.methods.is_empty() {
        u32::MAX
    } else {
        manifest
            .methods
            .iter()
            .fold(0, |bits, method| bits | 1 << method_index(sip::Method::from_token(method.as_bytes())))
    };
    Wants { methods, in_dialog: manifest.hooks.in_dialog_request && manifest.wants_in_dialog }
}

/// A version that nothing goes to.
pub(crate) fn idle_status(plugin: &Plugin) -> PluginStatus {
    let (identity, stats) = (plugin.identity(), plugin.stats().snapshot());
    PluginStatus { instances: plugin.guests().0, ..status(identity, &stats, "checked") }
}

fn status(identity: &Identity, stats: &StatsSnapshot, state: &'static str) -> PluginStatus {
    PluginStatus {
        role: identity.role.to_string(),
        name: identity.name.to_string(),
        version: identity.version.to_string(),
        number: identity.number,
        digest: identity.digest.to_string(),
        state,
        share: 0,
        holders: 0,
        instances: 0,
        calls: stats.calls,
        failures: stats.faults + stats.invalid + stats.deadlines + stats.busy + stats.all_traps(),
    }
}
