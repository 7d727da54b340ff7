//! `[plugin.shadow]`: what a report of a shadow shows (`shadow.rs` makes it).

use serde::Deserialize;

/// `[plugin.shadow]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginShadowTable {
    /// Examples show identities, telephone numbers and values of scripts as they are, and not as pseudonyms.
    pub identities: bool,
}
