//! `cargo xtask plugins`: every plugin of the checkout, built to `target/plugins/NAME.wasm`.
//!
//! A plugin is a package under `examples/` or `plugins/` that builds a cdylib; its NAME is its folder's. A file is
//! replaced in one step and only if it changed, so that a router which watches it never sees half of one. `--into FOLDER`
//! puts them where none watches: to be pushed.

use crate::metadata::Metadata;
use crate::{setup, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use toolchain::Profile;

/// A package that is built to a plugin.
struct Plugin {
    name: String,
    package: String,
}

/// The whole command.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (folder, names) = places(arguments)?;
    for (path, changed) in build_into(&folder, &names)? {
        let size = std::fs::metadata(&path).map(|file| file.len()).unwrap_or(0);
        let shown = path.strip_prefix(workspace::root()).unwrap_or(&path).display().to_string();
        println!("{shown}  {} kB{}", size.div_ceil(1000), if changed { "" } else { "  (unchanged)" });
    }
    Ok(())
}

/// The folder that is meant, from the folder of the command, and the names.
fn places(arguments: &[String]) -> Result<(PathBuf, Vec<&str>)> {
    let (mut folder, mut names) = (None, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--into" => folder = Some(std::path::absolute(words.next().context("--into which folder?")?)?),
            name => names.push(name),
        }
    }
    Ok((folder.unwrap_or_else(watched), names))
}

/// Where the configurations of `examples/` look for plugins.
fn watched() -> PathBuf {
    workspace::target().join("plugins")
}

/// Builds the plugins of these names, all if there are none; gives back their files and whether each changed.
pub(crate) fn build(names: &[&str]) -> Result<Vec<(PathBuf, bool)>> {
    build_into(&watched(), names)
}

fn build_into(folder: &Path, names: &[&str]) -> Result<Vec<(PathBuf, bool)>> {
    let root = workspace::root();
    let mut plugins = plugins(&Metadata::read()?, &root);
    if let Some(unknown) = names.iter().find(|name| !plugins.iter().any(|plugin| plugin.name == **name)) {
        let known: Vec<_> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
        bail!("no plugin `{unknown}`; there are: {}", known.join(", "));
    }
    plugins.retain(|plugin| names.is_empty() || names.contains(&plugin.name.as_str()));
    if plugins.is_empty() {
        return Ok(Vec::new());
    }
    let wasm = setup::compiler()?;
    let packages: Vec<&str> = plugins.iter().map(|plugin| plugin.package.as_str()).collect();
    let modules = wasm.build_all(&root, &packages, Profile::Speed)?;
    plugins
        .iter()
        .zip(modules)
        .map(|(plugin, module)| {
            let path = folder.join(format!("{}.wasm", plugin.name));
            let changed = toolchain::place(&module, &path)?;
            Ok((path, changed))
        })
        .collect()
}

fn plugins(metadata: &Metadata, root: &Path) -> Vec<Plugin> {
    let mut found: Vec<_> = metadata
        .members()
        .filter(|package| package.is_cdylib())
        .filter(|package| {
            ["examples", "plugins"].iter().any(|top| package.folder().starts_with(root.join(top)))
        })
        .map(|package| Plugin {
            name: package.folder().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            package: package.name.clone(),
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_example_is_a_plugin_of_this_checkout() {
        let root = workspace::root();
        let found = plugins(&Metadata::read().expect("metadata"), &root);
        let edge = found.iter().find(|plugin| plugin.name == "edge").expect("examples/edge");
        assert_eq!(edge.package, "strowger-example-edge");
    }

    #[test]
    fn a_folder_is_told_from_names() {
        let read = |line: &str| -> Result<(PathBuf, usize)> {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            places(&words).map(|(folder, names)| (folder, names.len()))
        };
        assert_eq!(read("scscf pcscf").expect("names"), (watched(), 2));
        assert_eq!(read("scscf --into /tmp/candidate").expect("both"), (PathBuf::from("/tmp/candidate"), 1));
        assert!(read("scscf --into").is_err());
    }
}
