//! `[plugin.rehearsal]`: recorded calls that a plugin makes again before anybody's calls go to it (`rehearsal.rs` does it).

use std::path::PathBuf;

use serde::Deserialize;

/// `[plugin.rehearsal]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginRehearsalTable {
    /// Recordings (`.rec`), recorded cases (`.recorded`), and folders of them: 1 to 64.
    pub files: Vec<PathBuf>,
    /// What becomes of a plugin that decides a recorded call otherwise than it was decided.
    #[serde(default)]
    pub differences: Differences,
    /// Recorded calls that are made again at most, from everywhere in the files alike; 1 to 100,000.
    #[serde(default = "PluginRehearsalTable::default_calls")]
    pub calls: u32,
    /// Seconds that making them again may take; 1 to 60.
    #[serde(default = "PluginRehearsalTable::default_seconds")]
    pub seconds: u32,
}

impl PluginRehearsalTable {
    fn default_calls() -> u32 {
        1_000
    }
    fn default_seconds() -> u32 {
        10
    }
}

/// What another decision means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Differences {
    /// It is counted and told.
    #[default]
    Tell,
    /// The plugin is refused.
    Refuse,
}
