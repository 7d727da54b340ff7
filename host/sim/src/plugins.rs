//! The plugin that the nodes of the world ask: the real component, loaded once for each world.
//!
//! In: a plugin file. Out: versions of it with a world's own machine behind them. The engine and what it compiled are
//! shared by all worlds of a process; deadlines are so long that only a guest that hangs for good meets one, since a
//! busy machine must not change what a seed tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use plugin::{Engine, EngineConfig, Limits, Plugin, Role};

use crate::machine::Machine;
use crate::scenario::DOMAIN;

/// Of a guest's call. Nothing waits for it in virtual time.
const DEADLINE: Duration = Duration::from_secs(60);
/// Guests of all worlds that run at once.
const MAX_GUESTS: u32 = 100;
/// Where `cargo xtask plugins` puts them, beneath the folder of the workspace.
const FOLDER: &str = "plugins";

/// A plugin file and the engine that runs it.
pub struct Plugins {
    engine: Engine,
    bytes: Vec<u8>,
    /// Compiled artefacts, gone with the process.
    _cache: tempfile::TempDir,
}

impl Plugins {
    /// The edge example of this checkout, built by `cargo xtask plugins`.
    ///
    /// # Errors
    /// It is not built, or cannot be loaded.
    pub fn edge() -> Result<Self> {
        Self::read(&edge_file()?)
    }

    /// A plugin file.
    ///
    /// # Errors
    /// It cannot be read, or the engine does not start.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let (engine, cache) = engine()?;
        Ok(Self { engine, bytes, _cache: cache })
    }

    /// The two versions of a world: the second asks for another algorithm.
    ///
    /// # Errors
    /// The plugin cannot be loaded.
    pub fn load(&self, version: usize, machine: &Arc<Machine>) -> Result<Arc<Plugin>> {
        let algorithms = if version == 1 { r#"["SHA-256", "MD5"]"# } else { r#"["MD5"]"# };
        let configuration = format!("domains = [\"{DOMAIN}\"]\nalgorithms = {algorithms}\n");
        let services = Arc::clone(machine);
        Ok(self.engine.load(&self.bytes, &Role::edge(), &configuration, services)?)
    }
}

/// An engine, and the folder of what it compiles.
pub(crate) fn engine() -> Result<(Engine, tempfile::TempDir)> {
    let cache = tempfile::tempdir().context("no temporary folder")?;
    let limits = Limits { deadline: DEADLINE, init_deadline: DEADLINE, ..Limits::default() };
    let config = EngineConfig {
        cache_dir: Some(cache.path().join("compiled")),
        max_guests: MAX_GUESTS,
        limits,
        ..EngineConfig::default()
    };
    Ok((Engine::new(config)?, cache))
}

/// Where the built edge example is.
///
/// # Errors
/// It is not built.
pub fn edge_file() -> Result<PathBuf> {
    plugin_file("edge")
}

/// Where a built plugin is.
pub(crate) fn plugin_file(name: &str) -> Result<PathBuf> {
    let file = format!("{FOLDER}/{name}.wasm");
    let targets = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).into_iter();
    let here = std::env::current_dir().context("no current folder")?;
    let above = here.ancestors().map(|folder| folder.join("target"));
    let found = targets.chain(above).map(|target| target.join(&file)).find(|file| file.is_file());
    match found {
        Some(file) => Ok(file),
        None => bail!("target/{file} is not built: run `cargo xtask plugins` in the checkout first"),
    }
}
