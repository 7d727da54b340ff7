//! `[plugin.guard]`: when a candidate is taken back by itself (`guard.rs` has the test that the keys are the margins of).

use serde::Deserialize;

/// `[plugin.guard]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginGuardTable {
    /// Take a candidate back that fails more than the active version.
    pub take_back: bool,
    /// By how many percent points of its calls more may fail than of the active version's; 0 to 100.
    pub margin: f64,
    /// Calls that it must have had since its split began; 1 to 1,000,000.
    pub minimum_calls: u32,
}

impl Default for PluginGuardTable {
    fn default() -> Self {
        Self { take_back: true, margin: 1.0, minimum_calls: 20 }
    }
}
