//! A configuration that changes while the host runs: what is other in its file, taken, and taken back.
//!
//! ```text
//!  file ─▶ Described ─▶ differences: live | at the next start
//!                └────▶ apply ─▶ everything is checked ─▶ timers, filter criteria, users, certificates, plugin
//!                          └ rollback: the one that was there before, from memory
//! ```
//! In: what the file says now, by a [`Source`]. Out: what became of each key, or the first thing that is not fit; the
//! plugin and the filter criteria are checked before anything changes. A script's configuration is part of its version
//! ([`plugin::Plugin`]): it is shared, promoted and rolled back as code is.

mod script;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plugin::{Plugin, SplitError};
use serde::Serialize;
use transaction::Timers;

use crate::config::Config;
use crate::control::{Handle, PushError, Shared};
use crate::diameter_service;
use crate::error::StartError;
use crate::loading::PluginFile;
use crate::message::ToShard;
use crate::versions::VersionError;
pub use script::{ConfigureError, MAX_SCRIPT_CONFIGURATION};

/// Configurations that can be gone back to.
const MAX_BEFORE: usize = 8;

/// The key of the script's own configuration.
const SCRIPT: &str = "plugin.configuration";

/// Keys that are taken by a running host; one that ends in a dot stands for all behind it.
const LIVE: [&str; 8] = [
    "timers.",
    "plugin.file",
    SCRIPT,
    "plugin.guard.",
    "plugin.pinned.",
    "plugin.rehearsal.",
    "plugin.shadow.",
    "cx.shared_ifc",
];

/// Words in keys whose values are not shown.
const SECRET: [&str; 4] = ["token", "password", "secret", "url"];

/// A configuration, and its keys with their values as text (`timers.t1_ms`: `500`), to be compared.
#[derive(Debug, Clone)]
pub struct Described {
    /// What it says.
    pub config: Config,
    /// The same, key by key.
    pub keys: BTreeMap<String, String>,
}

/// Reads the configuration as it is written now; the error is a sentence.
pub type Source = Box<dyn Fn() -> Result<Described, String> + Send + Sync>;

/// A key that is other in one configuration than in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub key: String,
    /// Its value in the running host; none: the default.
    pub running: Option<String>,
    /// Its value in the file.
    pub file: Option<String>,
    /// Whether a running host takes it; else it counts from the next start on.
    pub live: bool,
}

/// What was taken.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// What is other now, or will be at the next start.
    pub differences: Vec<Difference>,
    /// In words: users, certificates, the plugin's version.
    pub taken: Vec<String>,
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file is not fit.
    #[error("{0}")]
    Source(String),
    /// Whoever started the host did not say where its configuration is.
    #[error("this host has no configuration file to read again")]
    NoSource,
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
    /// The shared filter criteria are not fit; the old ones stay.
    #[error(transparent)]
    SharedIfc(StartError),
    /// No configuration was taken since the start.
    #[error("there is nothing to go back to: no other configuration was taken since the start")]
    NothingBefore,
    /// A share of the subscribers can have another script or another configuration of it, and nothing else.
    #[error("only plugin.file and plugin.configuration can be given to a share of the subscribers, not {0}")]
    NotShared(String),
    /// The share does not fit.
    #[error(transparent)]
    Share(#[from] VersionError),
}

/// What runs, and what ran before.
#[derive(Default)]
pub(crate) struct Configured {
    source: Option<Source>,
    now: Option<Described>,
    /// The newest last.
    before: VecDeque<Described>,
}

impl std::fmt::Debug for Configured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configured").field("before", &self.before.len()).finish_non_exhaustive()
    }
}

/// Shared between whoever asks.
pub(crate) type Configuring = Mutex<Configured>;

/// What is other in `new`.
fn differences(running: &Described, new: &Described) -> Vec<Difference> {
    let shown = |key: &str, value: Option<&String>| {
        let name = key.rsplit('.').next().unwrap_or(key);
        let is_secret = SECRET.iter().any(|word| name.contains(word));
        value.map(|value| if is_secret { "…".into() } else { value.clone() })
    };
    let all: std::collections::BTreeSet<&String> = running.keys.keys().chain(new.keys.keys()).collect();
    let changed = all.into_iter().filter(|key| running.keys.get(*key) != new.keys.get(*key));
    changed
        .map(|key| Difference {
            running: shown(key, running.keys.get(key)),
            file: shown(key, new.keys.get(key)),
            live: is_live(key, running, new),
            key: key.clone(),
        })
        .collect()
}

fn is_live(key: &str, running: &Described, new: &Described) -> bool {
    let names = |live: &str| match live.ends_with('.') {
        true => key.starts_with(live),
        false => key == live,
    };
    // Whether shared sets are known at all is told to the HSS with every SAR, and to agents when connections open.
    let has = |described: &Described| described.config.cx.shared_ifc.is_some();
    LIVE.iter().any(|live| names(live)) && (key != "cx.shared_ifc" || has(running) == has(new))
}

/// Timers as a configuration says them.
pub(crate) fn timers(config: &Config) -> (Timers, Duration) {
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    let table = &config.timers;
    (Timers::new(ms(table.t1_ms), ms(table.t2_ms), ms(table.t4_ms)), ms(table.c_ms))
}

impl Handle {
    /// Says how the configuration that this host started with reads, and how it is read again.
    pub fn configured_by(&self, now: Described, source: Source) {
        let mut configured = self.shared.configuring.lock();
        (configured.now, configured.source) = (Some(now), Some(source));
    }

    /// What is other in the file than in the running host.
    ///
    /// # Errors
    /// [`ReloadError`]: the file is not fit.
    pub fn configuration_differences(&self) -> Result<Vec<Difference>, ReloadError> {
        let configured = self.shared.configuring.lock();
        let (now, file) = self.read(&configured)?;
        Ok(differences(&now, &file))
    }

    /// Reads the file, and takes from it what a running host can take: timers, shared filter criteria, the plugin with its
    /// configuration, and anew what is in the files of users and certificates. With `share`, in tenths of a percent, the plugin
    /// with its configuration goes to that share of the subscribers. Blocking.
    ///
    /// # Errors
    /// [`ReloadError`] for the first thing that is not fit; that thing stays as it was.
    pub fn apply(&self, share: Option<u16>, who: &str) -> Result<Applied, ReloadError> {
        let mut configured = self.shared.configuring.lock();
        let (now, file) = self.read(&configured)?;
        let differences = differences(&now, &file);
        if let Some(share) = share {
            let of_script = |key: &str| matches!(key, "plugin.file" | SCRIPT);
            if let Some(other) = differences.iter().find(|difference| !of_script(&difference.key)) {
                return Err(ReloadError::NotShared(other.key.clone()));
            }
            let taken = vec![self.candidate(&file.config, share, who)?];
            // The running host has its own configuration still.
            return Ok(Applied { differences, taken });
        }
        let taken = self.take(&file.config, &now, who)?;
        configured.now = Some(file);
        configured.before.extend(Some(now).filter(|_| !differences.is_empty()));
        if configured.before.len() > MAX_BEFORE {
            configured.before.pop_front();
        }
        self.shared.note_configuration("configured", who, &differences);
        Ok(Applied { differences, taken })
    }

    /// Goes back to the configuration that was taken before; the file is left as it is, and counts again when it is taken.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub fn configuration_rollback(&self, who: &str) -> Result<Applied, ReloadError> {
        let mut configured = self.shared.configuring.lock();
        let before = configured.before.back().cloned().ok_or(ReloadError::NothingBefore)?;
        let now = self.running(&configured).ok_or(ReloadError::NothingBefore)?;
        let differences = differences(&now, &before);
        let taken = self.take(&before.config, &now, who)?;
        configured.before.pop_back();
        configured.now = Some(before);
        self.shared.note_configuration("configuration rolled back", who, &differences);
        Ok(Applied { differences, taken })
    }

    /// The text that a version of the script was configured with.
    ///
    /// # Errors
    /// [`VersionError`]: there is no such version.
    pub fn script_configuration(&self, role: &str, number: u32) -> Result<String, VersionError> {
        self.is_role(role)?;
        Ok(self.shared.version(number)?.configuration().to_owned())
    }

    /// What runs, and what the file says.
    fn read(&self, configured: &Configured) -> Result<(Described, Described), ReloadError> {
        let (Some(now), Some(source)) = (self.running(configured), &configured.source) else {
            return Err(ReloadError::NoSource);
        };
        Ok((now, source().map_err(ReloadError::Source)?))
    }

    /// What runs: the script's configuration is that of the active version, which may have come by another way.
    fn running(&self, configured: &Configured) -> Option<Described> {
        let mut now = configured.now.clone()?;
        if let Some(active) = self.shared.active.plugin() {
            active.configuration().clone_into(&mut now.config.plugin.configuration);
            match active.configuration() {
                "" => drop(now.keys.remove(SCRIPT)),
                text => drop(now.keys.insert(SCRIPT.to_owned(), text.to_owned())),
            }
        }
        Some(now)
    }

    fn take(&self, config: &Config, now: &Described, who: &str) -> Result<Vec<String>, ReloadError> {
        let shared = &self.shared;
        let mut taken = Vec::new();
        // What can be refused comes first.
        let loaded = self.script(config, who)?;
        let filters = match (&shared.ims, &config.cx.shared_ifc, &now.config.cx.shared_ifc) {
            (Some(ims), Some(_), Some(_)) => {
                Some((ims, diameter_service::shared_ifc(config).map_err(ReloadError::SharedIfc)?))
            }
            _ => None,
        };
        if config.users.file.is_some() || config.users.url.is_some() {
            shared.users.reload()?;
            taken.push(format!("{} users", shared.users.len()));
        }
        if (shared.reload_tls)().map_err(ReloadError::Tls)? {
            taken.push("certificates".into());
        }
        if config.timers != now.config.timers {
            let (timers, timer_c) = timers(config);
            shared.inboxes.iter().for_each(|inbox| inbox.extend([ToShard::Timers(timers, timer_c)]));
            taken.push("timers".into());
        }
        if let Some((ims, sets)) = filters {
            taken.push(format!("{} shared sets of filter criteria", sets.len()));
            ims.share_criteria(sets);
        }
        shared.plugin.lock().clone_from(&config.plugin);
        shared.loaded.taken_from_file(loaded.identity(), &config.plugin.configuration);
        let identity = loaded.identity().clone();
        if !self.is_active(&loaded) {
            shared.activate(loaded, who);
        }
        taken.push(format!("plugin {} {}", identity.name, identity.version));
        Ok(taken)
    }

    /// The script of a configuration gets a share of the subscribers.
    fn candidate(&self, config: &Config, share: u16, who: &str) -> Result<String, ReloadError> {
        let loaded = self.script(config, who)?;
        if self.is_active(&loaded) {
            return Err(VersionError::Split(SplitError::Active).into());
        }
        let number = loaded.identity().number;
        self.shared.keep(&loaded, who);
        self.shared.loaded.taken_from_file(loaded.identity(), &config.plugin.configuration);
        let status = self.split(&self.role(), number, &share.into(), who)?;
        Ok(format!("plugin {} {} #{number} for a share", status.name, status.version))
    }

    /// The script as a configuration has it: the active version, if nothing about it is other.
    fn script(&self, config: &Config, who: &str) -> Result<Arc<Plugin>, ReloadError> {
        let table = &config.plugin;
        let file = PluginFile::read(&table.file)
            .map_err(|source| ReloadError::Read { file: table.file.display().to_string(), source })?;
        let same = |active: &Arc<Plugin>| {
            active.configuration() == table.configuration
                && *active.identity().digest == plugin::digest(&file.bytes)
        };
        match self.shared.active.plugin().filter(same) {
            Some(active) => Ok(active),
            None => Ok(self.shared.load(file.upload(table), table, who).map_err(PushError::Unfit)?),
        }
    }

    fn is_active(&self, version: &Arc<Plugin>) -> bool {
        self.shared.active.plugin().is_some_and(|active| Arc::ptr_eq(&active, version))
    }
}

impl Configured {
    /// The script's configuration as it was last taken from the file.
    pub(crate) fn script(&self) -> Option<String> {
        Some(self.now.as_ref()?.config.plugin.configuration.clone())
    }
}

impl Shared {
    fn note_configuration(&self, what: &str, who: &str, differences: &[Difference]) {
        let keys: Vec<&str> = differences.iter().map(|difference| difference.key.as_str()).collect();
        let deed = self.deed(what, who);
        self.audit.note(&crate::audit::Deed { why: keys.join(", "), ..deed });
    }
}

#[cfg(test)]
mod tests;
