//! `[plugin.pinned]`: what becomes of calls whose version has got no new ones for long (`pinned.rs` does it).

use serde::Deserialize;

/// `[plugin.pinned]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginPinnedTable {
    /// Seconds that a version may have calls when it is neither active nor a candidate; 0: as long as they last.
    pub deadline_s: u32,
    /// What becomes of them then.
    pub policy: PinnedPolicy,
}

/// What becomes of calls whose version's time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinnedPolicy {
    /// They go on; the log and the history say so.
    #[default]
    Finish,
    /// They go on with the active version.
    Adopt,
    /// They are ended, by a BYE to both sides.
    End,
}
