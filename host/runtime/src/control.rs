//! What others may ask of a running host, from any thread: how it is, which plugin it runs, to take another.
//!
//! In: questions and plugin files. Out: plain, serializable answers. HTTP and the command line are above this.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use node::counters::{METHODS, method_index};
use node::{Counters, Wants};
use parking_lot::Mutex;
use plugin::{Active, AnswerClass, AnswerGroup, Answers, Engine, Identity, Plugin, Services, StatsSnapshot};
use serde::Serialize;
use storage::{KeyValue, Registrations, Users};
use trace::Trace;

use crate::activations::Activations;
use crate::audience::Audience;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::config::PluginTable;
use crate::configuring::Configuring;
use crate::ims::Ims;
use crate::inbox::Inbox;
use crate::loaded::Loaded;
use crate::loading::{Unfit, Upload};
use crate::message::ToShard;
use crate::metrics::Metrics;
use crate::recorder::{Folder as RecordingsFolder, Recordings};
use crate::rehearsal::RehearsalFigures;
use crate::remembered::Folder;
use crate::shadow::Shadows;
use crate::shelf::Shelf;
use crate::splitting::SplitStatus;

/// A shard that has not been awake for this long is not healthy: the loop turns at least every second.
const MAX_SILENCE: Duration = Duration::from_secs(5);

/// What all parts of a running host share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) active: Arc<Active>,
    /// All versions that are alive.
    pub(crate) loaded: Arc<Loaded>,
    /// Where a restart finds them.
    pub(crate) folder: Option<Folder>,
    /// Versions that can be taken at once.
    pub(crate) shelf: Mutex<Shelf>,
    /// What was done with them.
    pub(crate) audit: Audit,
    /// How the last ones came in.
    pub(crate) activations: Activations,
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
    /// A version in the shadow of the active one.
    pub(crate) shadows: Shadows,
    /// What the configuration says, and said before.
    pub(crate) configuring: Configuring,
    /// Who listens to calls of scripts.
    pub(crate) audience: Arc<Audience>,
    /// Where recordings go.
    pub(crate) recording_folder: RecordingsFolder,
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
    /// Counts the loads of this host, from 1, and goes on over restarts of one with a data folder.
    pub number: u32,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// `active`; `candidate`: has a share; `draining`: older, still has transactions or calls, or may have calls of before a
    /// restart; `kept`: older, can be taken
    /// at once; `checked`: was not activated, can be.
    pub state: &'static str,
    /// Tenths of a percent of the subscribers whose new transactions go to it, or of what its terms leave.
    pub share: u16,
    /// By which key and for which requests a candidate has its share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitStatus>,
    /// Transactions and calls that hold it; the dialogs of one shard count as one.
    pub holders: usize,
    /// Instances.
    pub instances: u32,
    /// Calls so far.
    pub calls: u64,
    /// Calls that gave no decision, of any kind.
    pub failures: u64,
    /// Those of them that trapped.
    pub traps: u64,
    /// Final answers to the transactions that it took, by class (`AnswerClass::name`).
    pub answers: BTreeMap<&'static str, u64>,
    /// Share of its INVITEs outside dialogs that had success (RFC 6076 §4.7, but for 480 and 487), 0 to 1; none: no INVITE.
    pub success: Option<f64>,
    /// 95th percentile of what a request's first hook took, with what it waited for, in µs; none: it was never asked.
    pub p95_us: Option<u64>,
    /// What came of its rehearsal, if it had one and is among those that came in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<RehearsalFigures>,
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
    pub requests: BTreeMap<&'static str, u64>,
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
    Unfit(#[from] Unfit),
}

impl Handle {
    /// The role of this host.
    #[must_use]
    pub fn role(&self) -> String {
        self.shared.active.role().name().to_owned()
    }

    /// What went over the wire and was decided (`[trace]`); `None` where nothing is kept.
    #[must_use]
    pub fn trace(&self) -> Option<Arc<Trace>> {
        self.shared.trace.clone()
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
            let number = version.identity.number;
            let elsewhere = self.shared.loaded.holds(number) + self.shared.shadows.holds(number);
            let not_calls = kept.map_or(0, |kept| shelf.holds(kept)) + elsewhere;
            let holders = version.holders.saturating_sub(not_calls);
            let state = match (version.active, version.share, holders, kept) {
                (true, ..) => "active",
                (_, 1.., ..) => "candidate",
                (_, _, 0, Some(_)) => "kept",
                _ => "draining",
            };
            let told = status(&version.identity, &version.stats, state);
            let split = version.split.as_deref().map(SplitStatus::of);
            all.push(PluginStatus {
                share: version.share,
                split,
                holders,
                instances: version.guests,
                ..told
            });
        }
        for version in &mut all {
            version.rehearsal = self.shared.activations.rehearsal(version.number);
        }
        all.sort_by_key(|version| std::cmp::Reverse(version.number));
        all
    }

    /// Checks a plugin, its signature too where keys are configured, and takes it for new transactions if `activate`; else it is kept, to be given a share or promoted.
    /// `source` says who, for the log. Blocking.
    ///
    /// # Errors
    /// [`PushError`]; the running version is untouched then.
    pub fn push(
        &self,
        role: &str,
        upload: Upload<'_>,
        activate: bool,
        source: &str,
    ) -> Result<PluginStatus, PushError> {
        let runs = self.shared.active.role().name();
        if role != runs {
            return Err(PushError::UnknownRole { role: role.into(), runs: runs.into() });
        }
        let table = self.shared.plugin.lock().clone();
        let loaded = self.shared.load(upload, &table, source)?;
        match activate {
            true => self.shared.activate(Arc::clone(&loaded), source),
            false => self.shared.keep(&loaded, source),
        }
        Ok(self.status_of(&loaded))
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

/// The share of a version's calls that were set up.
fn success(answers: &Answers) -> Option<f64> {
    let (unsuccessful, all) = answers.unsuccessful(AnswerGroup::Invite);
    (all > 0).then(|| 1.0 - unsuccessful as f64 / all as f64)
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
        split: None,
        holders: 0,
        instances: 0,
        calls: stats.calls,
        failures: stats.faults + stats.invalid + stats.deadlines + stats.busy + stats.all_traps(),
        traps: stats.all_traps(),
        answers: AnswerClass::ALL.map(|class| (class.name(), stats.answers.of_class(class))).into(),
        success: success(&stats.answers),
        p95_us: stats.request_times().percentile(950).map(|time| time.as_micros() as u64),
        rehearsal: None,
    }
}
