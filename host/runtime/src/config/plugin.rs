//! `[plugin]`: which script, and what it may have.

use std::path::PathBuf;

use ::plugin::Keys;
use serde::Deserialize;

use super::{PluginGuardTable, PluginPinnedTable, PluginRehearsalTable, PluginShadowTable};

/// `[plugin]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginTable {
    /// The .wasm file: a component, or a core module with its component type.
    pub file: PathBuf,
    /// Text handed to the plugin's `init`.
    #[serde(default)]
    pub configuration: String,
    /// Take a changed file by itself.
    #[serde(default = "yes")]
    pub watch: bool,
    /// Milliseconds a hook may run before it is ended; 1 to 10,000.
    #[serde(default = "PluginTable::default_deadline")]
    pub deadline_ms: u32,
    /// Megabytes of memory an instance may have; 2 to 1,024.
    #[serde(default = "PluginTable::default_memory")]
    pub memory_mb: u32,
    /// Instances at once, over all versions; 8 to 10,000.
    #[serde(default = "PluginTable::default_instances")]
    pub instances: u32,
    /// Versions that are kept when nothing goes to them, so that taking one needs no compiler; 1 to 64.
    #[serde(default = "PluginTable::default_versions")]
    pub versions: u32,
    /// Minisign public keys: only plugins that one of them signed are taken. None: any.
    #[serde(default)]
    pub keys: Keys,
    /// Take a changed file though it lacks a hook that the active version has.
    #[serde(default)]
    pub drop_hooks: bool,
    /// Folder for compiled plugins; default: `plugins` in the data folder.
    pub cache: Option<PathBuf>,
    /// When a candidate is taken back by itself.
    #[serde(default)]
    pub guard: PluginGuardTable,
    /// What becomes of calls whose version gets no new ones.
    #[serde(default)]
    pub pinned: PluginPinnedTable,
    /// Recorded calls that a plugin makes again before it is taken; none: none.
    pub rehearsal: Option<PluginRehearsalTable>,
    /// What a report of a shadow shows.
    #[serde(default)]
    pub shadow: PluginShadowTable,
}

fn yes() -> bool {
    true
}

impl PluginTable {
    fn default_deadline() -> u32 {
        50
    }
    fn default_memory() -> u32 {
        16
    }
    fn default_instances() -> u32 {
        1000
    }
    fn default_versions() -> u32 {
        4
    }
}
