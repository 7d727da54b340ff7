//! A loaded plugin: one version of a script, its guests and its counters.
//!
//! In: what `load.rs` made. Out: consultations (`call.rs`). Whoever holds the `Arc` keeps the version alive; when the
//! last one lets go, its guests and its code are freed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use node::{ConsultError, Hook};

use crate::check::Hooks;
use crate::guest::{Ended, Guest, StartError, Template};
use crate::pool::Pool;
use crate::stats::Stats;

/// Guests that a version keeps once another one is active: enough for the transactions it still has.
const RETIRED_IDLE_GUESTS: u32 = 1;
/// Failures are logged at most once in this time per version; those between are counted in the next line.
const LOG_EVERY_MS: u64 = 1_000;

/// Which plugin this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The role it was loaded for.
    pub role: Box<str>,
    /// The manifest's name.
    pub name: Box<str>,
    /// The manifest's version.
    pub version: Box<str>,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: Box<str>,
    /// Counts the loads of this engine, and of those before it in other lives of the host, from 1.
    pub number: u32,
}

/// What the script says about itself, and what it exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Methods that `on-request` is asked about; empty: all.
    pub methods: Vec<Box<str>>,
    /// Views hold the body.
    pub wants_body: bool,
    /// `on-in-dialog-request` is asked.
    pub wants_in_dialog: bool,
    /// Which hooks there are.
    pub hooks: Hooks,
    /// Imported interfaces with their versions.
    pub imports: Vec<String>,
    /// Bytes of the file.
    pub size: usize,
}

/// One version of a script, loaded.
pub struct Plugin {
    pub(crate) template: Template,
    pub(crate) pool: Pool,
    /// Outlives the plugin: what a version has done is asked about when it is gone, too.
    pub(crate) stats: Arc<Stats>,
    /// Of calls that were only played.
    pub(crate) played: Stats,
    pub(crate) manifest: Manifest,
    pub(crate) gate: Gate,
}

impl Plugin {
    /// Role, name, version, digest and number.
    pub fn identity(&self) -> &Identity {
        &self.template.identity
    }

    /// The text that it was configured with.
    pub fn configuration(&self) -> &str {
        &self.template.configuration
    }

    /// What the script says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bounds of its guests.
    pub fn limits(&self) -> &crate::Limits {
        self.template.engine.limits()
    }

    /// Its counters.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Guests that exist now, and how many of them wait for a call.
    pub fn guests(&self) -> (u32, usize) {
        (self.template.guests.load(Relaxed), self.pool.idle())
    }

    /// Whether the script is asked at this hook about a message of this method (for a response: its CSeq's). Where it
    /// is not, [`Plugin::consult`] answers with the default without a call.
    pub fn asks(&self, hook: Hook, method: &[u8]) -> bool {
        let Manifest { methods, hooks, wants_in_dialog, .. } = &self.manifest;
        match hook {
            Hook::Request => {
                hooks.request
                    && (methods.is_empty() || methods.iter().any(|wanted| wanted.as_bytes() == method))
            }
            Hook::InDialogRequest => hooks.in_dialog_request && *wants_in_dialog,
            Hook::Reply => hooks.reply,
            Hook::Failure => hooks.failure,
        }
    }

    /// Keeps few guests from now on: another version is active, and this one only finishes what it has.
    pub(crate) fn retire(&self) {
        self.pool.keep(RETIRED_IDLE_GUESTS);
    }

    /// Keeps as many guests as configured: this version is the active one (again).
    pub(crate) fn resume(&self) {
        self.pool.keep(self.template.engine.inner.limits.idle_guests);
    }

    /// A warm guest, or a new one.
    pub(crate) async fn checkout(&self, stats: &Stats) -> Result<Box<Guest>, ConsultError> {
        if let Some(guest) = self.pool.take() {
            return Ok(guest);
        }
        // seldom, and larger than all the rest of a call
        match Box::pin(self.template.start()).await {
            Ok((guest, _)) => {
                stats.guest_started();
                Ok(guest)
            }
            Err(StartError::Busy) => {
                stats.busy();
                Err(ConsultError::Busy)
            }
            Err(StartError::Init(ended)) => Err(stats.ended(ended)),
            Err(StartError::Refused(_)) => {
                stats.faulted();
                Err(ConsultError::Fault)
            }
            Err(StartError::Mismatch(_) | StartError::Instantiate(_)) => {
                Err(stats.ended(Ended::Trap(crate::TrapKind::Other)))
            }
        }
    }

    /// Takes a guest back after a call that ended well.
    pub(crate) fn checkin(&self, guest: Box<Guest>) {
        if guest.calls() < self.template.engine.inner.limits.calls_per_guest {
            self.pool.put(guest);
        }
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("identity", self.identity())
            .field("guests", &self.guests())
            .finish_non_exhaustive()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.template.engine.inner.counts.plugins.fetch_sub(1, Relaxed);
    }
}

/// Lets one log line through now and then, and counts the others.
#[derive(Debug)]
pub(crate) struct Gate {
    base: Instant,
    /// When the next line may pass, ms since `base`.
    open_at_ms: AtomicU64,
    held_back: AtomicU64,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate { base: Instant::now(), open_at_ms: AtomicU64::new(0), held_back: AtomicU64::new(0) }
    }

    /// Whether a line may be written now; if so, how many were held back before it.
    pub(crate) fn pass(&self) -> Option<u64> {
        let now_ms = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX);
        let open_at_ms = self.open_at_ms.load(Relaxed);
        let next = now_ms.saturating_add(LOG_EVERY_MS);
        if now_ms >= open_at_ms
            && self.open_at_ms.compare_exchange(open_at_ms, next, Relaxed, Relaxed).is_ok()
        {
            Some(self.held_back.swap(0, Relaxed))
        } else {
            self.held_back.fetch_add(1, Relaxed);
            None
        }
    }
}

/// The place of a plugin among those alive is counted from its making to its drop.
pub(crate) fn counted(plugin: Plugin) -> Arc<Plugin> {
    plugin.template.engine.inner.counts.plugins.fetch_add(1, Relaxed);
    Arc::new(plugin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_lets_one_line_through_and_counts_the_rest() {
        let gate = Gate::new();
        assert_eq!(gate.pass(), Some(0));
        assert_eq!((gate.pass(), gate.pass()), (None, None));
        gate.open_at_ms.store(0, Relaxed);
        assert_eq!(gate.pass(), Some(2));
    }
}
