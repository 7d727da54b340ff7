//! `cargo xtask sim`: the simulated world, with the plugins it runs built first. Arguments are `host/sim`'s own.

use crate::{plugins, workspace};
use anyhow::Result;
use std::process::Command;

/// The whole command.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    plugins::build(&[])?;
    let programs = workspace::build(&["strowger-sim"], false)?;
    workspace::run(Command::new(programs.join("strowger-sim")).args(arguments))
}
