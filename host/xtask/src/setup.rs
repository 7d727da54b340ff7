//! `cargo xtask setup`: the compiler for plugins, found or fetched, and named.

use crate::workspace;
use anyhow::Result;
use toolchain::{Options, Wasm};

/// The whole command.
pub(crate) fn run() -> Result<()> {
    compiler().map(drop)
}

/// The compiler for plugins of this checkout; says which it is.
pub(crate) fn compiler() -> Result<Wasm> {
    let target = workspace::target();
    let options = Options {
        keep: target.join("wasm-toolchain"),
        target_dir: Some(target.join("wasm")),
        verbose: true,
        ..Options::in_workspace(&workspace::root())
    };
    Ok(Wasm::find(&options)?)
}
