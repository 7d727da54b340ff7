//! `cargo xtask ci`: everything that must hold before a change goes in. Quick checks first; each is run, and the line
//! that sums up the tests comes last of all. A check that is wrong counts as a failed test.

use crate::check::{self, Checks};
use crate::{purity, test, workspace};
use anyhow::Result;
use std::process::ExitCode;

/// The whole command.
pub(crate) fn run() -> Result<ExitCode> {
    let mut checks = Checks::default();
    check::quick(&mut checks)?;
    checks.run("clippy", || {
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        workspace::run(&mut workspace::cargo(&clippy))
    });
    checks.run("documentation", || {
        let doc = ["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"];
        workspace::run(workspace::cargo(&doc).env("RUSTDOCFLAGS", "--deny warnings"))
    });
    checks.run("purity: build without a world", purity::build);
    println!("== tests");
    Ok(test::run_after(checks.into_wrong(), &[]))
}
