//! `cargo xtask check`: everything that can be said of the checkout without compiling it.

use crate::metadata::Metadata;
use crate::{arrows, demands, files, header_table, keys, lengths, licences, links, purity, words, workspace};
use anyhow::{Result, bail};
use std::time::Instant;

/// The whole command.
pub(crate) fn run() -> Result<()> {
    let mut checks = Checks::default();
    quick(&mut checks)?;
    checks.conclude()
}

/// The checks themselves, for `ci` as well.
pub(crate) fn quick(checks: &mut Checks) -> Result<()> {
    let texts = files::texts()?;
    let metadata = Metadata::read()?;
    checks.run("formatting", || {
        workspace::run(&mut workspace::cargo(&["fmt", "--all", "--", "--check", "-l"]))
    });
    checks.list("arrows between crates", || arrows::check(&metadata));
    checks.list("purity: what is compiled in", purity::check_trees);
    checks.list("purity: source", || Ok(purity::check_source(&texts)));
    checks.list("licences and sources", || licences::check(&metadata));
    checks.run("cargo deny", deny);
    checks.list("paths and hosts", || Ok(words::check(&texts)));
    checks.list("links", || links::check(&texts));
    checks.list("tests that documents name", || Ok(demands::check(&texts)));
    checks.list("header field numbers", header_table::check);
    checks.list("configuration keys", || Ok(keys::check(&texts)));
    checks.list("lengths of files", || {
        let long = lengths::long(&texts);
        long.iter().for_each(|(lines, name)| println!("   {lines} lines: {name}"));
        let too_long = long.iter().filter(|(lines, _)| *lines > lengths::TOO_LONG);
        Ok(too_long.map(|(lines, name)| format!("{name} has {lines} lines")).collect())
    });
    Ok(())
}

/// `cargo deny` where it is installed: what it finds beyond `licences.rs` without a network.
fn deny() -> Result<()> {
    if toolchain::needs::find("cargo-deny").is_none() {
        println!("   not installed: licences and sources were checked above, advisories are not");
        return Ok(());
    }
    workspace::run(&mut workspace::cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"]))
}

/// What was wrong so far.
#[derive(Default)]
pub(crate) struct Checks {
    wrong: Vec<String>,
}

impl Checks {
    /// A check that succeeds or not.
    pub(crate) fn run(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        self.list(name, || check().map(|()| Vec::new()));
    }

    /// A check that finds a sentence for everything that is wrong.
    pub(crate) fn list(&mut self, name: &str, check: impl FnOnce() -> Result<Vec<String>>) {
        println!("== {name}");
        let started = Instant::now();
        let found = check().unwrap_or_else(|why| vec![format!("{why:#}")]);
        for wrong in &found {
            println!("   WRONG: {wrong}");
        }
        if found.is_empty() {
            println!("   ok ({:.1} s)", started.elapsed().as_secs_f64());
        }
        self.wrong.extend(found.into_iter().map(|wrong| format!("{name}: {wrong}")));
    }

    /// Everything wrong, for a command that goes on.
    pub(crate) fn into_wrong(self) -> Vec<String> {
        self.wrong
    }

    /// Everything wrong once more, together; an error if there is any.
    pub(crate) fn conclude(self) -> Result<()> {
        if self.wrong.is_empty() {
            return Ok(());
        }
        println!();
        for wrong in &self.wrong {
            println!("WRONG: {wrong}");
        }
        bail!("{} things are wrong", self.wrong.len())
    }
}
