//! Another configuration for a version's script: the same plugin, told another text, is another version.
//!
//! In: a version that can be taken, a text. Out: a version that is checked and kept, as a pushed one is, or why not; then
//! nothing has changed. The configuration file is not touched: whether this version is what it says is what
//! [`Handle::configuration_differences`] tells once it is active.

use plugin::Plugin;

use crate::config::PluginTable;
use crate::control::{Handle, PluginStatus};
use crate::loading::{PluginFile, Unfit};
use crate::versions::VersionError;

/// Bytes of a script's configuration: as many as a whole file of the host's may have.
pub const MAX_SCRIPT_CONFIGURATION: usize = 1 << 20;

/// Why a version is not configured anew.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// There is no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// More bytes than a configuration may have.
    #[error("the text has {bytes} bytes, a configuration has at most {MAX_SCRIPT_CONFIGURATION}")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
    },
    /// Without a data folder only what `plugin.file` has now can be loaded again.
    #[error("the plugin file of #{number} is not here any more: push it again")]
    FileGone {
        /// Which version.
        number: u32,
    },
    /// The script does not take the text, or does with it what a rehearsal forbids; or the plugin is not fit any more.
    #[error("refused: {0}")]
    Unfit(#[from] Unfit),
}

impl Handle {
    /// Loads the plugin of a version with another configuration, and keeps it as a version of its own, to be given a share or
    /// promoted. Blocking.
    ///
    /// # Errors
    /// [`ConfigureError`]; nothing has changed then.
    pub fn configure_anew(
        &self,
        role: &str,
        number: u32,
        text: &str,
        who: &str,
    ) -> Result<PluginStatus, ConfigureError> {
        self.is_role(role)?;
        let version = self.shared.version(number)?;
        if text.len() > MAX_SCRIPT_CONFIGURATION {
            return Err(ConfigureError::TooLong { bytes: text.len() });
        }
        let mut table = self.shared.plugin.lock().clone();
        let file = self.file_of(&version, &table).ok_or(ConfigureError::FileGone { number })?;
        text.clone_into(&mut table.configuration);
        let loaded = self.shared.load(file.upload(&table), &table, who)?;
        self.shared.keep(&loaded, who);
        Ok(self.status_of(&loaded))
    }

    /// The file that a version was loaded from, out of the data folder, or where it still lies.
    fn file_of(&self, version: &Plugin, table: &PluginTable) -> Option<PluginFile> {
        let digest = &*version.identity().digest;
        let kept = self.shared.folder.as_ref().map(|folder| folder.plugin(digest));
        let in_place = std::iter::once_with(|| PluginFile::read(&table.file));
        kept.into_iter().chain(in_place).flatten().find(|file| plugin::digest(&file.bytes) == digest)
    }
}
