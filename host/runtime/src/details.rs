//! What a plugin is made of: what two versions are compared by. In: a loaded plugin. Out: plain, serializable answers.

use plugin::{Checked, Plugin};
use serde::{Deserialize, Serialize};

/// What a plugin says about itself, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PluginDetails {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// SHA-256 of its file, in hexadecimal.
    pub digest: String,
    /// Bytes of its file.
    pub size: usize,
    /// Hooks that it exports, by their names in the contract.
    pub hooks: Vec<String>,
    /// Interfaces that it imports, with their versions.
    pub imports: Vec<String>,
    /// Methods that `on-request` is asked about; empty: all.
    pub methods: Vec<String>,
    /// `body`, `in-dialog`.
    pub wants: Vec<String>,
}

impl PluginDetails {
    /// Of a plugin that is loaded.
    #[must_use]
    pub fn of(plugin: &Plugin) -> PluginDetails {
        let (identity, manifest) = (plugin.identity(), plugin.manifest());
        let wants = [("body", manifest.wants_body), ("in-dialog", manifest.wants_in_dialog)];
        PluginDetails {
            name: identity.name.to_string(),
            version: identity.version.to_string(),
            digest: identity.digest.to_string(),
            size: manifest.size,
            hooks: manifest.hooks.names().into_iter().map(Into::into).collect(),
            imports: manifest.imports.clone(),
            methods: manifest.methods.iter().map(ToString::to_string).collect(),
            wants: wants.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name.into()).collect(),
        }
    }

    /// Of a file that was looked at without running it: what it says about itself is not known.
    #[must_use]
    pub fn of_file(bytes: &[u8], checked: &Checked) -> PluginDetails {
        PluginDetails {
            digest: plugin::digest(bytes),
            size: bytes.len(),
            hooks: checked.hooks.names().into_iter().map(Into::into).collect(),
            imports: checked.imports.clone(),
            ..PluginDetails::default()
        }
    }
}
