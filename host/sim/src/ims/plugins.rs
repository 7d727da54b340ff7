//! The plugins of the three CSCFs: the real components, configured as an operator would.
//!
//! In: plugin files. Out: versions of them with an element's own machine behind them. The engine and what it compiled are
//! shared by all worlds of a process.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use plugin::{Engine, Plugin, Role};

use super::home::{DOMAIN, ICSCF, PCSCF, SCSCFS, uri};
use super::machine::Machine;
use crate::plugins::{engine, plugin_file};

/// Role, file.
const ROLES: [&str; 3] = ["pcscf", "icscf", "scscf"];

/// Plugin files and the engine that runs them.
pub struct ImsPlugins {
    engine: Engine,
    files: Vec<Vec<u8>>,
    /// Compiled artefacts, gone with the process.
    _cache: tempfile::TempDir,
}

impl ImsPlugins {
    /// Those of this checkout, built by `cargo xtask plugins`.
    ///
    /// # Errors
    /// One is not built, or cannot be read.
    pub fn built() -> Result<Arc<ImsPlugins>> {
        let read = |role: &&str| {
            let file = plugin_file(role)?;
            read_file(&file)
        };
        let files = ROLES.iter().map(read).collect::<Result<_>>()?;
        let (engine, cache) = engine()?;
        Ok(Arc::new(ImsPlugins { engine, files, _cache: cache }))
    }

    /// The plugin of an element, with its machine.
    pub(crate) fn load(&self, element: usize, machine: &Machine) -> Result<Arc<Plugin>> {
        let place = element.min(ROLES.len() - 1);
        let services = Arc::new(machine.clone());
        let configuration = configuration(element);
        Ok(self.engine.load(&self.files[place], &Role::named(ROLES[place]), &configuration, services)?)
    }
}

fn read_file(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn configuration(element: usize) -> String {
    let (own, icscf) = (uri(element), uri(ICSCF));
    let trusted = "trusted = [\"192.0.2.0/24\", \"203.0.113.0/24\"]\n";
    match element {
        PCSCF => format!("domain = \"{DOMAIN}\"\nuri = \"{own}\"\nicscf = \"{icscf}\"\n{trusted}"),
        ICSCF => {
            let scscfs: String =
                SCSCFS.iter().map(|scscf| format!("scscf{scscf} = \"{}\"\n", uri(*scscf))).collect();
            format!("domains = [\"{DOMAIN}\"]\n{trusted}[scscfs]\n{scscfs}")
        }
        _ => format!(
            "domains = [\"{DOMAIN}\"]\nuri = \"{own}\"\nicscf = \"{icscf}\"\nunregistered_expires = 300\n{trusted}"
        ),
    }
}
