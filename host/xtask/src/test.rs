//! `cargo xtask test`: plugins, then every test of the workspace, then one line that sums them.
//!
//! Runs plain `cargo test`, so that it is the same everywhere. Counts what libtest prints, and the tests that skipped
//! themselves (`toolchain::needs`): those passed in libtest's eyes and count as skipped here. What is wrong and is no
//! test (a test that does not compile, a check of `cargo xtask ci`) counts as failed.

use crate::{plugins, workspace};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;

/// The whole command; arguments go to `cargo test` in place of `--workspace`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    run_after(Vec::new(), arguments)
}

/// The same after checks that found something `wrong`, which is said once more before the line that sums up.
pub(crate) fn run_after(wrong: Vec<String>, arguments: &[String]) -> ExitCode {
    let mut counts = tests(arguments)
        .unwrap_or_else(|why| Counts { wrong: vec![format!("{why:#}")], ..Counts::default() });
    counts.wrong.splice(0..0, wrong);
    report(&counts);
    if counts.all_failures() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tests(arguments: &[String]) -> Result<Counts> {
    plugins::build(&[])?;
    let mut cargo = workspace::cargo(&["test", "--no-fail-fast"]);
    if arguments.is_empty() {
        cargo.arg("--workspace");
    }
    cargo.args(arguments);
    let (mut counts, succeeded) = tee(&mut cargo)?;
    if !succeeded && counts.failed == 0 {
        counts.wrong.push("cargo test failed, and not by a test's result".to_owned());
    } else if counts.passed + counts.failed == 0 {
        counts.wrong.push("no test ran".to_owned());
    }
    Ok(counts)
}

/// What libtest and the tests themselves said.
#[derive(Default, Debug, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
    failures: Vec<String>,
    skipped: Vec<String>,
    /// What is wrong and is no test.
    wrong: Vec<String>,
}

impl Counts {
    fn hear(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                result
                    .split([';', '.'])
                    .find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
            };
            self.passed += number("passed").unwrap_or(0);
            self.failed += number("failed").unwrap_or(0);
            self.ignored += number("ignored").unwrap_or(0);
        } else if let Some(at) = line.find(toolchain::needs::MARK) {
            self.skipped.push(line[at + toolchain::needs::MARK.len()..].trim().to_owned());
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
    }

    fn all_failures(&self) -> u64 {
        self.failed + self.wrong.len() as u64
    }

    /// The plain line that everything ends with.
    fn sentence(&self) -> String {
        let skipped = self.skipped.len() as u64;
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed.saturating_sub(skipped),
            self.all_failures(),
            skipped + self.ignored
        )
    }
}

fn report(counts: &Counts) {
    println!();
    for reason in &counts.skipped {
        println!("skipped: {reason}");
    }
    if counts.ignored > 0 {
        println!("skipped: {} marked #[ignore]", counts.ignored);
    }
    for name in &counts.failures {
        println!("failed: {name}");
    }
    for wrong in &counts.wrong {
        println!("WRONG: {wrong}");
    }
    println!("{}", counts.sentence());
}

/// Runs it with both outputs shown and heard.
fn tee(command: &mut Command) -> Result<(Counts, bool)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", workspace::words(command)))?;
    let (line_out, lines) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|o| Box::new(o) as _), child.stderr.take().map(|o| Box::new(o) as _)];
    for output in outputs.into_iter().flatten() {
        let line_out = line_out.clone();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if line_out.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
                line.clear();
            }
        });
    }
    drop(line_out);
    let mut counts = Counts::default();
    for line in lines {
        print!("{line}");
        // A broken pipe downstream is no reason to stop testing.
        let _ = std::io::stdout().flush();
        counts.hear(line.trim_end());
    }
    Ok((counts, child.wait()?.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_are_summed_and_skipped_ones_are_not_passed() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "SKIPPED: sipp::registers: sipp is not installed (install package sip-tester)",
            "test b ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            counts.hear(line);
        }
        assert_eq!(counts.sentence(), "11 passed, 1 failed, 2 skipped");
        assert_eq!(counts.failures, ["b"]);
        assert_eq!(counts.skipped, ["sipp::registers: sipp is not installed (install package sip-tester)"]);
    }

    #[test]
    fn what_is_wrong_and_no_test_counts_as_failed() {
        let mut counts = Counts { wrong: vec!["clippy: failed".to_owned()], ..Counts::default() };
        counts.hear("test result: FAILED. 2 passed; 1 failed; 0 ignored");
        assert_eq!(counts.sentence(), "2 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn both_outputs_are_heard() {
        let script =
            "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; echo 'SKIPPED: x: y' >&2; exit 1";
        let (counts, succeeded) = tee(Command::new("sh").args(["-c", script])).expect("started");
        assert!(!succeeded);
        assert_eq!(counts.sentence(), "1 passed, 0 failed, 1 skipped");
    }
}
