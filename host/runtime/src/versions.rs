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

use plugin::{LoadError, Plugin, Share, SplitError};

use crate::audit::Deed;
use crate::clock::wall_ms;
use crate::control::{Handle, PluginStatus, Shared, idle_status, wants};
use crate::message::ToShard;
use crate::subscriber;

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
    /// Nobody's identity.
    #[error("a public identity is a SIP or tel URI")]
    Identity,
    /// Not a share.
    #[error("a share is 0.1 to 99.9 percent, or 0 to take it back; {0} tenths of a percent is none")]
    Share(u16),
}

impl Handle {
    /// Gives a version a share of the subscribers, in tenths of a percent; 0 takes it back.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn split(
        &self,
        role: &str,
        number: u32,
        share: u16,
        who: &str,
    ) -> Result<PluginStatus, VersionError> {
        self.is_role(role)?;
        let shared = &self.shared;
        let version = shared.version(number)?;
        if share == 0 {
            shared.take_back(number, "taken back", who, "")?;
        } else {
            let share = Share::new(share).ok_or(VersionError::Share(share))?;
            shared.active.split(&version, share)?;
            shared.tell_wants();
            shared.note("split", who, &version, share.tenths_of_a_percent(), "");
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

    /// Calls that are pinned to a version go on with the active one: it takes over their variables, which the host keeps.
    ///
    /// # Errors
    /// [`VersionError`]; [`VersionError::Active`] for the active one.
    pub fn adopt(&self, role: &str, number: u32, who: &str) -> Result<PluginStatus, VersionError> {
        self.is_role(role)?;
        let known = self.plugins().into_iter().find(|version| version.number == number);
        let known = known.ok_or(VersionError::Unknown(number))?;
        let active = self.shared.active.plugin().ok_or(VersionError::NothingBefore)?;
        if active.identity().number == number {
            return Err(VersionError::Active);
        }
        self.shared.inboxes.iter().for_each(|inbox| inbox.extend([ToShard::LetGo(number)]));
        self.shared.audit.note(&Deed {
            number,
            version: format!("{} {}", known.name, known.version),
            digest: known.digest,
            ..self.shared.deed("adopted", who)
        });
        Ok(self.status_of(&active))
    }

    /// What was done with versions, the newest last.
    #[must_use]
    pub fn history(&self, most: usize) -> Vec<Deed> {
        self.shared.audit.last(most)
    }

    /// The number of the version that the next transaction of a subscriber takes, by one of his public identities.
    ///
    /// # Errors
    /// [`VersionError::Identity`]: it is none, or no version is active.
    pub fn version_for(&self, public_identity: &str) -> Result<u32, VersionError> {
        let uri = sip::Uri::parse(public_identity.as_bytes()).map_err(|_| VersionError::Identity)?;
        let place = subscriber::place(&uri.aor(), self.shared.ims.as_deref());
        let version = self.shared.active.choose(|| Some(place));
        version.map(|version| version.identity().number).ok_or(VersionError::Identity)
    }

    fn is_role(&self, role: &str) -> Result<(), VersionError> {
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
    fn version(&self, number: u32) -> Result<Arc<Plugin>, VersionError> {
        let is_it = |version: &Arc<Plugin>| version.identity().number == number;
        let candidate = self.active.candidates().into_iter().map(|(_, candidate)| candidate).find(is_it);
        let active = || self.active.plugin().filter(is_it);
        let kept = || self.shelf.lock().get(number).cloned();
        candidate.or_else(active).or_else(kept).ok_or(VersionError::Unknown(number))
    }

    /// Loads a plugin without activating it. Whether it is fit is noted.
    pub(crate) fn load(
        &self,
        bytes: &[u8],
        configuration: &str,
        source: &str,
    ) -> Result<Arc<Plugin>, LoadError> {
        let _one_at_a_time = self.loading.lock();
        let role = self.active.role();
        let loaded = self.engine.load(bytes, role, configuration, Arc::clone(&self.services));
        if let Err(error) = &loaded {
            tracing::error!(role = role.name(), source, %error, "a plugin is refused");
            self.audit.note(&Deed { why: error.to_string(), ..self.deed("refused", source) });
        }
        loaded
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
        self.tell_wants();
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
        let candidates = self.active.candidates().into_iter().map(|(_, candidate)| candidate);
        let kept: Vec<_> = self.shelf.lock().all().cloned().collect();
        let versions = self.active.plugin().into_iter().chain(candidates).chain(kept);
        let all = versions.map(|version| wants(&version)).reduce(|all, one| node::Wants {
            methods: all.methods | one.methods,
            in_dialog: all.in_dialog || one.in_dialog,
        });
        if let Some(all) = all {
            self.inboxes.iter().for_each(|inbox| inbox.extend([ToShard::Wants(all)]));
        }
    }

    fn note(&self, what: &str, who: &str, version: &Plugin, share: u16, why: &str) {
        let identity = version.identity();
        self.audit.note(&Deed {
            number: identity.number,
            version: format!("{} {}", identity.name, identity.version),
            digest: identity.digest.to_string(),
            share,
            why: why.into(),
            ..self.deed(what, who)
        });
    }

    /// Notes that calls are recorded, or were.
    pub(crate) fn note_recording(&self, what: &str, who: &str, why: String) {
        self.audit.note(&Deed { why, ..self.deed(what, who) });
    }

    /// A deed of now, about no version yet.
    fn deed(&self, what: &str, who: &str) -> Deed {
        Deed {
            at_ms: wall_ms(),
            what: what.into(),
            who: who.into(),
            role: self.active.role().name().into(),
            number: 0,
            version: String::new(),
            digest: String::new(),
            share: 0,
            why: String::new(),
        }
    }
}
