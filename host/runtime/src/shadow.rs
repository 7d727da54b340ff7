//! A candidate in the shadow of the active version: it gets copies of a share of the calls, is told what the active version
//! was told, and what it decides is compared and thrown away.
//!
//! ```text
//!   shard ─▶ active version ─▶ decision ─▶ the network
//!               │ a call of the share: its tape, and what was decided
//!               ▼
//!            [ queue ] ─full─▶ dropped, counted
//!               ▼
//!   a thread of low priority ─▶ candidate ─▶ comparison ─▶ report
//! ```
//!
//! In: which version, and for how many calls. Out: a [`ShadowReport`]. The shards never wait for it, and make no system
//! call for it. It ends when it is told to, when its version becomes active, or is kept no longer; where another version
//! becomes active it goes on beside that one, with a new report.
//!
//! | file | what |
//! |---|---|
//! | `shadow.rs` | at most one of a host: begun, ended, asked |
//! | `shadow/listener.rs` | on the shards: which calls, and the queue |
//! | `shadow/worker.rs` | on a thread of its own: made again, compared |
//! | `shadow/kind.rs` | in which way two decisions differ |
//! | `shadow/mask.rs` | pseudonyms for who it was |
//! | `shadow/report.rs` | what is counted, and examples |

pub(crate) mod kind;
mod listener;
mod mask;
mod report;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use plugin::{Active, Plugin, SplitError};

use crate::audience::{Audience, Listener};
use crate::audit::Deed;
use crate::control::{Handle, Shared};
use crate::versions::VersionError;
use listener::Shadow;
pub use report::{ShadowCost, ShadowDifference, ShadowExample, ShadowReport, ShadowVersion};

/// Why a shadow has ended.
const TOLD: &str = "told to";
const PROMOTED: &str = "its version became active";
const REPLACED: &str = "another one began";
const NO_THREAD: &str = "there was no thread for it";

/// The shadow of a host, and its report for as long as no other one begins.
#[derive(Default)]
pub(crate) struct Shadows {
    audience: Arc<Audience>,
    last: Mutex<Option<Arc<Shadow>>>,
}

impl Shadows {
    /// None yet; who is begun listens with these.
    pub(crate) fn new(audience: Arc<Audience>) -> Shadows {
        Shadows { audience, last: Mutex::default() }
    }

    /// Puts a version in the shadow of the active one, for so many tenths of a percent of the calls. One that is there
    /// already goes on with the new share; another one ends.
    fn begin(
        &self,
        active: &Active,
        candidate: &Arc<Plugin>,
        share: u16,
        identities: bool,
    ) -> Result<(), VersionError> {
        let mut last = self.last.lock();
        let active = active.plugin().ok_or(SplitError::NoneActive)?;
        if Arc::ptr_eq(&active, candidate) {
            return Err(VersionError::OwnShadow);
        }
        if let Some(shadow) = last.as_ref().filter(|shadow| shadow.is_running()) {
            if shadow.candidate.number == candidate.identity().number {
                shadow.share.store(share, Relaxed);
                return Ok(());
            }
            self.stop(shadow, REPLACED);
        }
        *last = Some(self.start(&active, candidate, share, identities)?);
        Ok(())
    }

    fn start(
        &self,
        active: &Arc<Plugin>,
        candidate: &Arc<Plugin>,
        share: u16,
        identities: bool,
    ) -> std::io::Result<Arc<Shadow>> {
        let (shadow, calls) = Shadow::new(active, candidate, share, identities);
        let shadow = Arc::new(shadow);
        worker::start(Arc::clone(&shadow), calls, active, candidate, Arc::clone(&self.audience))?;
        self.audience.add(Arc::clone(&shadow) as Arc<dyn Listener>);
        Ok(shadow)
    }

    fn stop(&self, shadow: &Arc<Shadow>, why: &'static str) {
        shadow.end(why, &self.audience);
    }

    /// Ends the one that there is, if there is one.
    pub(crate) fn end(&self) -> Option<Arc<Shadow>> {
        let last = self.last.lock();
        let shadow = last.as_ref().filter(|shadow| shadow.is_running())?;
        self.stop(shadow, TOLD);
        Some(Arc::clone(shadow))
    }

    /// Another version is active.
    pub(crate) fn activated(&self, active: &Arc<Plugin>) {
        let mut last = self.last.lock();
        let Some(shadow) = last.as_ref().filter(|shadow| shadow.is_running()).cloned() else { return };
        let number = active.identity().number;
        if number == shadow.candidate.number {
            self.stop(&shadow, PROMOTED);
        } else if number != shadow.active.number
            // One that is gone ends by itself.
            && let Some(candidate) = shadow.version.upgrade()
        {
            match self.start(active, &candidate, shadow.share.load(Relaxed), shadow.identities) {
                Ok(next) => {
                    self.stop(&shadow, REPLACED);
                    *last = Some(next);
                }
                Err(error) => {
                    tracing::error!(%error, "a shadow ends: there is no thread for it");
                    self.stop(&shadow, NO_THREAD);
                }
            }
        }
    }

    /// The present one's report, or the last one's.
    pub(crate) fn report(&self) -> Option<ShadowReport> {
        self.last.lock().as_ref().map(|shadow| shadow.report())
    }

    /// How often the shadow holds this version just now: for a call that nobody waits for.
    pub(crate) fn holds(&self, number: u32) -> usize {
        let last = self.last.lock();
        let shadow = last.as_ref().filter(|shadow| shadow.candidate.number == number);
        shadow.map_or(0, |shadow| shadow.holding.load(Relaxed))
    }
}

impl Handle {
    /// Puts a version in the shadow of the active one, for a share of the calls in tenths of a percent, or changes the share
    /// of the one that is.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn shadow(
        &self,
        role: &str,
        number: u32,
        share: u16,
        who: &str,
    ) -> Result<Option<ShadowReport>, VersionError> {
        self.is_role(role)?;
        let shared = &self.shared;
        let candidate = shared.version(number)?;
        if !(1..=plugin::ALL).contains(&share) {
            return Err(VersionError::ShadowShare(share));
        }
        let identities = shared.plugin.lock().shadow.identities;
        shared.shadows.begin(&shared.active, &candidate, share, identities)?;
        shared.note_shadow("shadow", who, candidate.identity(), share);
        Ok(shared.shadows.report())
    }

    /// Ends the shadow; what it has seen stays to be asked for.
    ///
    /// # Errors
    /// [`VersionError::NoShadow`], [`VersionError::UnknownRole`].
    pub fn end_shadow(&self, role: &str, who: &str) -> Result<Option<ShadowReport>, VersionError> {
        self.is_role(role)?;
        let ended = self.shared.shadows.end().ok_or(VersionError::NoShadow)?;
        self.shared.note_shadow("shadow ended", who, &ended.candidate, 0);
        Ok(self.shared.shadows.report())
    }

    /// What the present shadow has seen, or the last one; `None`: there was none.
    ///
    /// # Errors
    /// [`VersionError::UnknownRole`].
    pub fn shadow_report(&self, role: &str) -> Result<Option<ShadowReport>, VersionError> {
        self.is_role(role)?;
        Ok(self.shared.shadows.report())
    }
}

impl Shared {
    fn note_shadow(&self, what: &str, who: &str, version: &plugin::Identity, share: u16) {
        self.audit.note(&Deed {
            number: version.number,
            version: format!("{} {}", version.name, version.version),
            digest: version.digest.to_string(),
            share,
            ..self.deed(what, who)
        });
    }
}
