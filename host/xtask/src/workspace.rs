//! Where the checkout lies, and running its programs.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the checkout. `cargo xtask` may be called in any folder of it.
pub(crate) fn root() -> PathBuf {
    let ours = PathBuf::from(
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()),
    );
    ours.ancestors().nth(2).map_or_else(|| ours.clone(), Path::to_owned)
}

/// Cargo's target folder, which may be moved by the environment.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The `cargo` that started us, in the checkout's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What the cargo that started us says about us. Some build scripts would take it for a change, and everything that
    // needs them would be compiled again after a cargo that was typed by hand, and again.
    let is_about_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_about_us)) {
        cargo.env_remove(name);
    }
    cargo.current_dir(root()).args(arguments).stdin(Stdio::null());
    cargo
}

/// Builds programs of the workspace and gives back the folder they are in. The router is always among them: a crate
/// built alone would have other features of shared dependencies, and wasmtime would be compiled once more.
pub(crate) fn build(packages: &[&str], release: bool) -> Result<PathBuf> {
    let mut cargo = cargo(&["build", "--package", "strowger"]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    if release {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    Ok(target().join(if release { "release" } else { "debug" }))
}

/// Runs it with its output shown; its failure is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", words(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", words(command));
    }
    Ok(())
}

/// Runs it and gives back its standard output; standard error is shown.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", words(command)))?;
    if !done.status.success() {
        bail!("{} failed ({})", words(command), done.status);
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The command as a person would type it: the program without its folder.
pub(crate) fn words(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}
