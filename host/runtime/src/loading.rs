//! Plugins on their way in: signed, checked, compiled, initialised, rehearsed, each step seen by `activations.rs`.
//!
//! In: bytes with what came beside them, from a file, HTTP or a signal. Out: a version that can be taken, or why not, noted
//! in the log and the history with the step that it did not reach; what runs is untouched then. One at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use plugin::{LoadError, LoadStep, Plugin};

use crate::activations::Step;
use crate::audit::Deed;
use crate::config::PluginTable;
use crate::control::Shared;
use crate::error::StartError;
use crate::rehearsal::{self, RehearsalError};

/// A plugin that somebody brings.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What is in its signature file.
    pub signature: Option<&'a [u8]>,
    /// It may lack hooks that the active version has.
    pub drops_hooks: bool,
}

/// Why a plugin that somebody brings is not taken. What runs is untouched.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It cannot be run here.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It does with recorded calls what it must not, or they cannot be made again.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
}

/// A plugin file, and the signature beside it.
#[derive(Debug)]
pub(crate) struct PluginFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) signature: Option<Vec<u8>>,
}

impl PluginFile {
    pub(crate) fn read(path: &Path) -> std::io::Result<PluginFile> {
        let bytes = plugin::read_file(path)?;
        Ok(PluginFile { bytes, signature: plugin::read_signature(path)? })
    }

    /// As the table of the configuration lets it in.
    pub(crate) fn upload(&self, table: &PluginTable) -> Upload<'_> {
        Upload { bytes: &self.bytes, signature: self.signature.as_deref(), drops_hooks: table.drop_hooks }
    }
}

impl Shared {
    /// Loads a plugin without activating it, with the keys and the configuration of this table. Whether it is fit is noted.
    pub(crate) fn load(
        &self,
        upload: Upload<'_>,
        table: &PluginTable,
        source: &str,
    ) -> Result<Arc<Plugin>, Unfit> {
        let digest = plugin::digest(upload.bytes);
        let id = self.activations.begin(source, digest.clone());
        let loaded = {
            let _one_at_a_time = self.loading.lock();
            let loaded = self.load_step_by_step(id, upload, table).map_err(Unfit::from);
            loaded.and_then(|loaded| self.rehearse(id, upload.bytes, table, source, loaded))
        };
        match &loaded {
            Ok(loaded) => {
                if let Some(folder) = &self.folder {
                    folder.keep_plugin(&digest, upload.bytes, upload.signature);
                }
                self.loaded.came(loaded);
            }
            Err(error) => {
                let step = self.activations.refused(id, &error.to_string()).name();
                tracing::error!(role = self.active.role().name(), source, step, %error, "a plugin is refused");
                let why = error.to_string();
                self.audit.note(&Deed { digest, step: step.into(), why, ..self.deed("refused", source) });
            }
        }
        loaded
    }

    fn load_step_by_step(
        &self,
        id: u64,
        Upload { bytes, signature, drops_hooks }: Upload<'_>,
        table: &PluginTable,
    ) -> Result<Arc<Plugin>, LoadError> {
        table.keys.check(bytes, signature)?;
        let role = self.active.role();
        let services = Arc::clone(&self.services);
        let loaded = self.engine.load_watched(bytes, role, &table.configuration, services, &mut |step| {
            let step = match step {
                LoadStep::Checked(checked) => {
                    let active = self.active.plugin().filter(|_| !drops_hooks);
                    if let Some(active) = active {
                        has_hooks(checked.hooks, &active)?;
                    }
                    Step::Checked
                }
                LoadStep::Compiled => Step::Compiled,
            };
            self.activations.reached(id, step);
            Ok(())
        })?;
        self.activations.initialised(id, loaded.identity());
        Ok(loaded)
    }

    /// Lets it make recorded calls again, where the table names some. What was decided otherwise is noted.
    fn rehearse(
        &self,
        id: u64,
        bytes: &[u8],
        table: &PluginTable,
        source: &str,
        loaded: Arc<Plugin>,
    ) -> Result<Arc<Plugin>, Unfit> {
        let goes_on = || !self.draining.load(Relaxed);
        if let Some(told) = rehearsal::rehearse(bytes, self.active.role(), table, &goes_on)? {
            let identity = loaded.identity();
            let why = told.to_string();
            tracing::info!(role = &*identity.role, number = identity.number, source, "rehearsed: {why}");
            self.activations.rehearsed(id, told);
            self.audit.note(&Deed { why, ..self.deed("rehearsed", source).about(identity, 0) });
        }
        Ok(loaded)
    }
}

/// A hook that is gone is a question that nobody answers any more: nobody does that unawares.
fn has_hooks(hooks: plugin::Hooks, active: &Plugin) -> Result<(), LoadError> {
    match hooks.missing(&active.manifest().hooks) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(LoadError::DropsHooks { hooks: missing.join(", "), number: active.identity().number }),
    }
}

/// The plugin file, signed where that is asked for.
///
/// # Errors
/// [`StartError`].
pub(crate) fn signed_plugin(table: &PluginTable) -> Result<PluginFile, StartError> {
    let file = table.file.clone();
    match PluginFile::read(&file) {
        Err(source) => Err(StartError::PluginFile { file, source }),
        Ok(read) => match table.keys.check(&read.bytes, read.signature.as_deref()) {
            Err(source) => Err(StartError::Plugin { file, source }),
            Ok(()) => Ok(read),
        },
    }
}
