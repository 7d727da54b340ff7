//! `[record]`: where calls of scripts are recorded, and how far (`recorder.rs`).

use std::path::PathBuf;

use serde::Deserialize;

/// `[record]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordTable {
    /// Folder for recordings; default: `recordings` in the data folder.
    pub folder: Option<PathBuf>,
    /// Bytes that all recordings in the folder may have together; a recording ends there.
    pub bytes: u64,
    /// Whose calls are recorded from the start: `errors`, `all`, a share or an identity. None: nobody's until somebody says so.
    pub at_start: Option<String>,
    /// Identities stay as they are in a recording from the start.
    pub clear: bool,
}

impl Default for RecordTable {
    fn default() -> Self {
        Self { folder: None, bytes: 256 << 20, at_start: None, clear: false }
    }
}
