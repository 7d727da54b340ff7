//! Versions of a plugin in a running host: taken, given a share of the subscribers, promoted, taken back.
//!
//! ```text
//!   push ─▶ checked ─▶ split ─▶ candidate ─▶ promote ─▶ active ─▶ (another is active) ─▶ kept ─▶ gone
//!                         ▲          │                     ▲                              │
//!                         └ take back┘                     └────────── rollback ──────────┘
//!   calls: with the version that took them to their end, or adopted by the active one
//! ```
//! In: commands with who gave them. Out: what is so now, or why not; then nothing has changed. No command but `push` needs
//! the compiler: a switch is one pointer, and every shard's next transaction sees it.

use std::sync::Arc;

use plugin::{Plugin, SplitError};

use crate::activations::{Activation, Step};
use crate::audit::Deed;
use crate::clock::wall_ms;
use crate::control::{Handle, PluginStatus, Shared, idle_status};
use crate::details::PluginDetails;
use crate::message::ToShard;
use crate::splitting::{SplitWish, WishError};
use crate::subscriber::Subscriber;

/// Why a version is not given a share, promoted or taken back.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// This host runs another role.
    #[error("this host has no role {role}; it runs {runs}")]
    UnknownRole {
        /// The role asked for.
        role: String,
        /// The role there is.
        runs: String,
    },
    /// It was never loaded, or is kept no longer.
    #[error("there is no version #{0}: `strowger plugin list` has those that can be taken")]
    Unknown(u32),
    /// Nothing was active before, and no version has a share.
    #[error("there is nothing to go back to: no other version was active")]
    NothingBefore,
    /// The shares do not fit.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Its calls have it already.
    #[error("this version is the active one: its calls stay with it")]
    Active,
    /// Ending its calls would end those that it gets next, too.
    #[error("this version has a share: take that back first")]
    Serving,
    /// It would be compared with itself.
    #[error("this version is the active one: it would be compared with itself")]
    OwnShadow,
    /// None runs.
    #[error("no version is in the shadow of the active one")]
    NoShadow,
    /// Not a share of calls.
    #[error("a shadow has 0.1 to 100 percent of the calls; {0} tenths of a percent is no share")]
    ShadowShare(u16),
    /// The system gives no thread.
    #[error("there is no thread for a shadow: {0}")]
    Thread(#[from] std::io::Error),
    /// Nobody's identity.
    #[error("a public identity is a SIP or tel URI")]
    Identity,
    /// Not a share, or not on these terms.
    #[error(transparent)]
    Wish(#[from] WishError),
}

impl Handle {
    /// Gives a version a share of the subscribers, or of what else is wished; 0 takes it back.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn split(
        &self,
        role: &str,
        number: u32,
        wish: &SplitWish,
        who: &str,
    ) -> Result<PluginStatus, VersionError> {
        self.is_role(role)?;
        let shared = &self.shared;
        let version = shared.version(number)?;
        if wish.share == 0 {
            shared.take_back(number, "taken back", who, "")?;
        } else {
            let terms = wish.terms(shared.active.terms(number).as_deref(), shared.ims.as_deref())?;
            let (share, words) = (terms.share().tenths_of_a_percent(), terms.to_string());
            shared.active.split(&version, terms)?;
            shared.tell_wants();
            shared.activations.version_reached(number, Step::Candidate);
            shared.remember();
            shared.audit.note(&Deed { terms: words, ..shared.about("split", who, &version, share, "") });
        }
        Ok(self.status_of(&version))
    }

    /// Makes a version that is kept or has a share the active one.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn promote(&self, role: &str, number: u32, who: &str) -> Result<PluginStatus, VersionError> {
        self.is_role(role)?;
        let version = self.shared.version(number)?;
        self.shared.activate(Arc::clone(&version), who);
        Ok(self.status_of(&version))
    }

    /// Goes back: takes the shares of all candidates back, or, where there are none, makes the version active that was so
    /// before. What is active then.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn rollback(&self, role: &str, who: &str) -> Result<PluginStatus, VersionError> {
        self.is_role(role)?;
        let shared = &self.shared;
        let candidates = shared.active.candidates();
        for (_, candidate) in &candidates {
            shared.take_back(candidate.identity().number, "rolled back", who, "")?;
        }
        let active = match candidates.is_empty() {
            true => {
                let before = shared.shelf.lock().before().cloned().ok_or(VersionError::NothingBefore)?;
                shared.activate(Arc::clone(&before), who);
                before
            }
            false => shared.active.plugin().ok_or(VersionError::NothingBefore)?,
        };
        Ok(self.status_of(&active))
    }

    /// What was done with versions, the newest last.
    #[must_use]
    pub fn history(&self, most: usize) -> Vec<Deed> {
        self.shared.audit.last(most)
    }

    /// What a version is made of that can be taken: active, with a share, or kept.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn details(&self, role: &str, number: u32) -> Result<PluginDetails, VersionError> {
        self.is_role(role)?;
        Ok(PluginDetails::of(&*self.shared.version(number)?))
    }

    /// How the last plugins came to be active, or were refused, the newest first; also those that are under way.
    #[must_use]
    pub fn activations(&self) -> Vec<Activation> {
        self.shared.activations.last()
    }

    /// The number of the version that the next transaction of a subscriber takes, by one of his public identities, as far
    /// as that says: a candidate whose terms ask for more of a request is left out.
    ///
    /// # Errors
    /// [`VersionError::Identity`]: it is none, or no version is active.
    pub fn version_for(&self, public_identity: &str) -> Result<u32, VersionError> {
        let uri = sip::Uri::parse(public_identity.as_bytes()).map_err(|_| VersionError::Identity)?;
        let version = self.shared.active.choose(&Subscriber::of(&uri.aor(), self.shared.ims.as_deref()));
        version.map(|version| version.identity().number).ok_or(VersionError::Identity)
    }

    /// Whether this host runs the role.
    pub(crate) fn is_role(&self, role: &str) -> Result<(), VersionError> {
        let runs = self.shared.active.role().name();
        match role == runs {
            true => Ok(()),
            false => Err(VersionError::UnknownRole { role: role.into(), runs: runs.into() }),
        }
    }

    pub(crate) fn status_of(&self, version: &Plugin) -> PluginStatus {
        let number = version.identity().number;
        let known = self.plugins().into_iter().find(|status| status.number == number);
        known.unwrap_or_else(|| idle_status(version))
    }
}

impl Shared {
    /// A version by number that can be taken: active, with a share, or kept.
    pub(crate) fn version(&self, number: u32) -> Result<Arc<Plugin>, VersionError> {
        let is_it = |version: &Arc<Plugin>| version.identity().number == number;
        let candidate = self.active.candidates().into_iter().map(|(_, candidate)| candidate).find(is_it);
        let active = || self.active.plugin().filter(is_it);
        let kept = || self.shelf.lock().get(number).cloned();
        candidate.or_else(active).or_else(kept).ok_or(VersionError::Unknown(number))
    }

    /// Keeps a version that was checked, to be taken later.
    pub(crate) fn keep(&self, loaded: &Arc<Plugin>, source: &str) {
        self.shelf.lock().keep(Arc::clone(loaded));
        self.note("checked", source, loaded, 0, "");
    }

    /// Takes a candidate's share back, and keeps it; noted as `what`.
    pub(crate) fn take_back(
        &self,
        number: u32,
        what: &str,
        who: &str,
        why: &str,
    ) -> Result<Arc<Plugin>, SplitError> {
        let version = self.active.take_back(number)?;
        self.shelf.lock().keep(Arc::clone(&version));
        self.tell_wants();
        self.note(what, who, &version, 0, why);
        Ok(version)
    }

    /// Makes a loaded plugin the one that new transactions take.
    pub(crate) fn activate(&self, loaded: Arc<Plugin>, source: &str) {
        let identity = loaded.identity().clone();
        let before = self.active.activate(Arc::clone(&loaded));
        if let Some(before) = before.as_ref().filter(|before| !Arc::ptr_eq(before, &loaded)) {
            self.shelf.lock().was_active(Arc::clone(before));
        }
        // What is loaded after it is configured as it is.
        loaded.configuration().clone_into(&mut self.plugin.lock().configuration);
        self.tell_wants();
        self.activations.version_reached(identity.number, Step::Active);
        self.shadows.activated(&loaded);
        self.note("active", source, &loaded, plugin::ALL, "");
        tracing::info!(
            role = &*identity.role,
            plugin = &*identity.name,
            version = &*identity.version,
            number = identity.number,
            digest = &identity.digest[..12],
            before = before.map_or(0, |before| before.identity().number),
            source,
            "a plugin is active"
        );
    }

    /// Shards ask about what any version wants to be asked about: calls of older ones go on.
    fn tell_wants(&self) {
        if let Some(all) = self.loaded.wants() {
            self.inboxes.iter().for_each(|inbox| inbox.extend([ToShard::Wants(all)]));
        }
    }

    /// Notes what was done, when a restart would find it so.
    fn note(&self, what: &str, who: &str, version: &Plugin, share: u16, why: &str) {
        self.remember();
        self.audit.note(&self.about(what, who, version, share, why));
    }

    fn about(&self, what: &str, who: &str, version: &Plugin, share: u16, why: &str) -> Deed {
        Deed { why: why.into(), ..self.deed(what, who).about(version.identity(), share) }
    }

    /// Notes that calls are recorded, or were.
    pub(crate) fn note_recording(&self, what: &str, who: &str, why: String) {
        self.audit.note(&Deed { why, ..self.deed(what, who) });
    }

    /// A deed of now, about no version yet.
    pub(crate) fn deed(&self, what: &str, who: &str) -> Deed {
        Deed::new(what, who, self.active.role().name(), wall_ms())
    }
}
