//! `cargo xtask torture`: writes `docs/torture.md`, the table of what comes of every torture message. The test that sees to
//! it (`host/strowger/tests/torture`) runs in every `cargo xtask test` too, and fails there where the document is old.

use crate::{plugins, workspace};
use anyhow::Result;

/// The whole command.
pub(crate) fn run() -> Result<()> {
    plugins::build(&["edge"])?;
    let test = ["test", "--quiet", "--workspace", "--test", "torture"];
    workspace::run(workspace::cargo(&test).env("STROWGER_TORTURE", "write"))
}
