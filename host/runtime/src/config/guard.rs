//! `[plugin.guard]`: when a candidate is taken back by itself (`guard.rs` has the test that the keys are the margins of).

use serde::Deserialize;

/// `[plugin.guard]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginGuardTable {
    /// Take a candidate back that is worse than the active version.
    pub take_back: bool,
    /// By how many percent points of its calls more may fail, or be slow, and of its requests more be answered 5xx, than of
    /// the active version's; 0 to 100.
    pub margin: f64,
    /// By how many percent points of its requests more may have no success; 0 to 100.
    pub success_margin: f64,
    /// By how many milliseconds the 95th percentile of a hook's time may be above the active version's; 1 to 10,000.
    pub slower_ms: u32,
    /// Calls, or answered requests, that it must have had for a comparison; 1 to 1,000,000.
    pub minimum_calls: u32,
}

impl Default for PluginGuardTable {
    fn default() -> Self {
        Self { take_back: true, margin: 0.5, success_margin: 3.0, slower_ms: 20, minimum_calls: 20 }
    }
}
