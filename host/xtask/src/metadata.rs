//! What `cargo metadata` says of the workspace: packages, what they build, and on whom they say they depend.

use crate::workspace;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The workspace and everything in its lock file.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) license_file: Option<String>,
    /// `None` for a package of a path.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Declared>,
}

#[derive(Deserialize)]
pub(crate) struct Target {
    crate_types: Vec<String>,
}

/// A dependency as a manifest declares it.
#[derive(Deserialize)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// `None`, `dev` or `build`.
    pub(crate) kind: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Metadata> {
        let mut cargo = workspace::cargo(&["metadata", "--format-version", "1"]);
        serde_json::from_str(&workspace::output(&mut cargo)?).context("what `cargo metadata` printed")
    }

    /// The workspace's own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}

impl Package {
    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }

    /// Whether it builds a dynamic library, which is what a plugin is.
    pub(crate) fn is_cdylib(&self) -> bool {
        self.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
    }
}
