//! Which versions a host starts with: what was so before it ended, and what has come to lie in `plugin.file` since.
//!
//! ```text
//!   plugin.file is what was last taken from it ─▶ all as it was: the active one, shares, kept ones, their numbers
//!   it is another file ─▶ the same, then it is rehearsed, and becomes active as it would have in a running host
//!   it is refused, or gone ─▶ as it was, and the log says so; with nothing to restore there is no start
//! ```
//! In: the configuration, the data folder. Out: an active version, the shelf, and who is held for calls of before. What
//! cannot be loaded any more is left out with a line in the log. What the file looks like is `remembered.rs`'s.

use std::sync::Arc;

use plugin::{Active, Engine, LoadError, Plugin, Services};

use crate::audit::{Audit, Deed};
use crate::clock::wall_ms;
use crate::config::PluginTable;
use crate::error::StartError;
use crate::loaded::{Loaded, Serving, source};
use crate::loading::{PluginFile, signed_plugin};
use crate::rehearsal::rehearse;
use crate::remembered::{Folder, Place, Remembered, RememberedVersion};
use crate::shelf::Shelf;

/// Versions that are restored for their calls alone; of more the newest are.
const MAX_DRAINING: usize = 16;

/// What a start has at hand.
pub(crate) struct Starting<'a> {
    pub(crate) table: &'a PluginTable,
    pub(crate) engine: &'a Engine,
    pub(crate) active: &'a Active,
    pub(crate) services: &'a Arc<dyn Services>,
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) audit: &'a Audit,
}

/// What the host goes on with.
pub(crate) struct Restored {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) shelf: Shelf,
    /// What lay in `plugin.file` is another one than before: to be noted once the host has started.
    pub(crate) news: Option<Deed>,
}

impl Starting<'_> {
    /// Activates what is to be active.
    ///
    /// # Errors
    /// [`StartError`]: nothing was active before, and `plugin.file` does not serve.
    pub(crate) fn start(&self) -> Result<Restored, StartError> {
        let role = self.active.role().name();
        let remembered = self.remembered(role);
        let told = self.audit.last(crate::audit::MAX_TOLD);
        let highest = told.iter().map(|deed| deed.number).chain([remembered.last_number]).max();
        let last_number = highest.unwrap_or_default();
        self.engine.count_on_from(last_number);
        let loaded = Arc::new(Loaded::new(last_number));
        loaded.was_taken_from_file(&remembered.file);
        let mut were_active = remembered.versions.iter().filter(|version| version.state == Place::Active);
        let before = were_active.find_map(|version| self.load_again(version, &loaded));

        let file = signed_plugin(self.table);
        let known = |file: &PluginFile| source(&plugin::digest(&file.bytes), &self.table.configuration);
        let is_taken = file.as_ref().is_ok_and(|file| known(file) == remembered.file);
        let taken = match before.is_some() && is_taken {
            true => None,
            false => match (file.and_then(|file| self.take(&file, &loaded, before.is_some())), &before) {
                (Ok(taken), _) => Some(taken),
                (Err(error), None) => return Err(error),
                (Err(error), Some(_)) => {
                    tracing::error!(role, %error, "plugin.file does not serve: the version that was active before goes on");
                    None
                }
            },
        };
        let mut shelf = Shelf::new(self.table.versions as usize);
        // Shares are of what an active version leaves.
        if let Some(first) = before.as_ref().or(taken.as_ref()) {
            self.active.activate(Arc::clone(first));
        }
        self.restore(&remembered, &loaded, &mut shelf);
        let news = taken.map(|taken| self.activate(&taken, &mut shelf));
        Ok(Restored { loaded, shelf, news: news.filter(|_| !remembered.versions.is_empty()) })
    }

    fn remembered(&self, role: &str) -> Remembered {
        let read = self.folder.map_or(Ok(None), |folder| folder.read(role));
        let read = read.unwrap_or_else(|error| {
            tracing::error!(%error, "what was active before this start is not known: the plugin of plugin.file is");
            self.folder.into_iter().for_each(Folder::set_aside);
            None
        });
        read.unwrap_or_else(|| Remembered::new(role))
    }

    /// Everything besides the active version as it was.
    fn restore(&self, remembered: &Remembered, loaded: &Loaded, shelf: &mut Shelf) {
        let is = |place: Place| remembered.versions.iter().filter(move |version| version.state == place);
        for version in is(Place::Candidate) {
            let (Some(plugin), Some(split)) = (self.load_again(version, loaded), version.split.clone())
            else {
                tracing::warn!(
                    number = version.number,
                    "a candidate of before this start has no share any more"
                );
                continue;
            };
            if let Err(error) = self.active.split(&plugin, split) {
                tracing::warn!(number = version.number, %error, "a candidate of before this start gets no share");
            }
        }
        for version in is(Place::Kept) {
            let Some(plugin) = self.load_again(version, loaded) else { continue };
            if version.left_ms.is_some() {
                self.active.know_again(&plugin);
            }
            if remembered.before == Some(version.number) {
                shelf.leads_back_to(Arc::clone(&plugin));
            }
            shelf.keep(plugin);
        }
        let draining: Vec<_> = is(Place::Draining).filter(|version| !version.adopted).collect();
        for version in &draining[draining.len().saturating_sub(MAX_DRAINING)..] {
            if let Some(plugin) = self.load_again(version, loaded) {
                self.active.know_again(&plugin);
            }
        }
    }

    /// A version as it was; `None`: its file is gone, or is not fit any more, and the log says so.
    fn load_again(&self, version: &RememberedVersion, loaded: &Loaded) -> Option<Arc<Plugin>> {
        let RememberedVersion { number, name, digest, configuration, .. } = version;
        let unfit = |why: String| {
            tracing::warn!(number, name, digest, why, "a version of before this start is not restored");
        };
        let PluginFile { bytes, signature } =
            self.folder?.plugin(digest).map_err(|error| unfit(error.to_string())).ok()?;
        // Keys may have come, or be others by now.
        let keys = &self.table.keys;
        keys.check(&bytes, signature.as_deref()).map_err(|error| unfit(error.to_string())).ok()?;
        if plugin::digest(&bytes) != *digest {
            unfit("its file is another one by now".into());
            return None;
        }
        let serving = match (version.state, version.left_ms) {
            (Place::Active | Place::Candidate, _) => Serving::Now,
            (_, Some(left_ms)) => Serving::Until(left_ms),
            (_, None) => Serving::NotYet,
        };
        let restored = self.engine.load_again(
            &bytes,
            self.active.role(),
            configuration.as_deref().unwrap_or(&self.table.configuration),
            Arc::clone(self.services),
            *number,
        );
        let plugin = restored.map_err(|error| unfit(error.to_string())).ok()?;
        loaded.came_back(&plugin, serving, version.adopted);
        Some(plugin)
    }

    /// Loads what is in `plugin.file`. It is rehearsed where there is another version to go on with: a router with a plugin
    /// that has not been tried is better than none.
    fn take(&self, file: &PluginFile, loaded: &Loaded, has_another: bool) -> Result<Arc<Plugin>, StartError> {
        let refused = |source: LoadError| StartError::Plugin { file: self.table.file.clone(), source };
        let PluginFile { bytes, signature } = file;
        let services = Arc::clone(self.services);
        let role = self.active.role();
        let taken = self.engine.load(bytes, role, &self.table.configuration, services).map_err(refused)?;
        let file = || self.table.file.clone();
        let refused = |source| StartError::Rehearsal { file: file(), source: Box::new(source) };
        match (&self.table.rehearsal, has_another) {
            (None, _) => {}
            (Some(_), false) => {
                tracing::info!("the plugin is not rehearsed: there is no other version to start with");
            }
            (Some(_), true) => {
                let told = rehearse(bytes, role, self.table, &|| true).map_err(refused)?;
                told.iter().for_each(|told| tracing::info!("plugin.file is rehearsed: {told}"));
            }
        }
        loaded.came(&taken);
        loaded.taken_from_file(taken.identity(), &self.table.configuration);
        if let Some(folder) = self.folder {
            folder.keep_plugin(&taken.identity().digest, bytes, signature.as_deref());
        }
        Ok(taken)
    }

    /// What lay in the file is active from now on.
    fn activate(&self, taken: &Arc<Plugin>, shelf: &mut Shelf) -> Deed {
        let before = self.active.activate(Arc::clone(taken));
        if let Some(before) = before.filter(|before| !Arc::ptr_eq(before, taken)) {
            shelf.was_active(before);
        }
        let file = self.table.file.display().to_string();
        let deed = Deed::new("active", &file, self.active.role().name(), wall_ms());
        deed.about(taken.identity(), plugin::ALL)
    }
}
