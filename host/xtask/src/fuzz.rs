//! `cargo xtask fuzz`: the targets of `host/fuzz`, built with coverage and run for a while each.
//!
//! No nightly compiler and no cargo-fuzz is needed: LLVM's coverage pass is asked for by its own arguments, and only what
//! is compiled for `--target` gets it, so that build scripts and macros run as ever. libFuzzer itself comes with the
//! crate `libfuzzer-sys` and is C++. Everything made here lies under `target/fuzz`:
//!
//! | folder | what |
//! |---|---|
//! | `build` | the programs |
//! | `seeds/TARGET` | what it begins with: the torture messages, or any bytes |
//! | `corpus/TARGET` | what it has found to be of use, kept from run to run |
//! | `findings/TARGET` | inputs that broke a promise, tried first next time; `build/…/TARGET FILE` runs one alone |
//! | `log/TARGET.log` | what libFuzzer said |

use crate::workspace;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sip::fuzzing::Mutants;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;

const USAGE: &str = "fuzz [TARGET…] [--seconds 60] [--jobs 1] [--list]";
const MANIFEST: &str = "host/fuzz/Cargo.toml";

/// Coverage as libFuzzer reads it: a counter for each edge, where they lie, what is compared.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
];
/// Bounds of one execution: seconds, and memory in MB as a whole and at once.
const BOUNDS: &[&str] =
    &["-timeout=10", "-report_slow_units=10", "-rss_limit_mb=2048", "-malloc_limit_mb=256"];
/// Longest input. A message may have 64 KB; what goes beyond that is a matter of one comparison.
const MOST_BYTES: u32 = 8192;
/// Seeds of a target that takes any bytes, and their greatest length.
const SEEDS: usize = 64;
const SEED_BYTES: usize = 1024;

/// The whole command. Failure: something was found.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let bins = bins()?;
    let all: Vec<String> = bins.iter().map(|bin| bin.name.clone()).collect();
    let plan = Plan::read(arguments, &all)?;
    if plan.list {
        all.iter().for_each(|name| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let programs = build(&plan.targets, &features(&bins, &plan.targets))?;
    let fuzz = Fuzz { programs, folder: folder(), seconds: plan.seconds };
    fuzz.write_seeds(&plan.targets)?;
    let outcomes = fuzz.run_all(&plan.targets, plan.jobs)?;
    let found = outcomes.iter().filter(|outcome| outcome.finding.is_some()).count();
    println!("{} targets, {found} findings", outcomes.len());
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, PartialEq, Eq)]
struct Plan {
    targets: Vec<String>,
    seconds: u32,
    jobs: usize,
    list: bool,
}

impl Plan {
    fn read(arguments: &[String], all: &[String]) -> Result<Plan> {
        let mut plan = Plan { targets: Vec::new(), seconds: 60, jobs: 1, list: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().and_then(|value| value.parse::<u32>().ok()).context(USAGE);
            match argument.as_str() {
                "--seconds" => plan.seconds = value()?.max(1),
                "--jobs" => plan.jobs = value()?.max(1) as usize,
                "--list" => plan.list = true,
                name if all.iter().any(|one| one == name) => plan.targets.push(name.to_owned()),
                other => bail!("no target `{other}`; there are {}\n\n{USAGE}", all.join(", ")),
            }
        }
        if plan.targets.is_empty() {
            plan.targets = all.to_vec();
        }
        Ok(plan)
    }
}

/// A program of the crate.
#[derive(Debug, Deserialize)]
struct Bin {
    name: String,
    /// What it needs beyond what all are built with.
    #[serde(default, rename = "required-features")]
    features: Vec<String>,
}

/// The programs of the crate, in the order of its manifest.
fn bins() -> Result<Vec<Bin>> {
    #[derive(Deserialize)]
    struct Manifest {
        bin: Vec<Bin>,
    }
    let text = std::fs::read_to_string(workspace::root().join(MANIFEST)).context(MANIFEST)?;
    let manifest: Manifest = toml::from_str(&text).context(MANIFEST)?;
    Ok(manifest.bin)
}

/// What these targets need together.
fn features(bins: &[Bin], targets: &[String]) -> Vec<String> {
    let chosen = bins.iter().filter(|bin| targets.contains(&bin.name));
    let mut features: Vec<String> = chosen.flat_map(|bin| bin.features.iter().cloned()).collect();
    features.sort();
    features.dedup();
    features
}

fn folder() -> PathBuf {
    workspace::target().join("fuzz")
}

/// Builds them; the folder they are in.
fn build(targets: &[String], features: &[String]) -> Result<PathBuf> {
    if ["c++", "g++", "clang++"].iter().all(|name| toolchain::needs::find(name).is_none()) {
        bail!("libFuzzer is C++, and there is no compiler for it: install package g++");
    }
    let host = host()?;
    let build = folder().join("build");
    let mut cargo = workspace::cargo(&["build", "--release", "--manifest-path", MANIFEST, "--target", &host]);
    cargo.arg("--target-dir").arg(&build);
    for target in targets {
        cargo.args(["--bin", target]);
    }
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    cargo.env("RUSTFLAGS", COVERAGE.join(" ")).env_remove("CARGO_ENCODED_RUSTFLAGS");
    workspace::run(&mut cargo)?;
    Ok(build.join(host).join("release"))
}

fn host() -> Result<String> {
    let version = workspace::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what it runs on")
}

struct Fuzz {
    programs: PathBuf,
    folder: PathBuf,
    seconds: u32,
}

/// How one target did.
struct Outcome {
    /// The input that broke a promise; or, where there is none, the log.
    finding: Option<PathBuf>,
}

impl Fuzz {
    fn write_seeds(&self, targets: &[String]) -> Result<()> {
        let seeds = self.folder.join("seeds");
        let mut cargo = workspace::cargo(&["run", "--quiet", "--package", "strowger-sip"]);
        workspace::run(cargo.args(["--example", "fuzz_seeds", "--"]).arg(&seeds))?;
        for target in targets {
            let folder = seeds.join(target);
            if folder.is_dir() {
                continue;
            }
            std::fs::create_dir_all(&folder)?;
            let mut mutants = Mutants::new(1891);
            for number in 0..SEEDS {
                let length = mutants.below(SEED_BYTES);
                std::fs::write(folder.join(number.to_string()), mutants.bytes(length))?;
            }
        }
        Ok(())
    }

    /// So many at a time.
    fn run_all(&self, targets: &[String], jobs: usize) -> Result<Vec<Outcome>> {
        let waiting = Mutex::new(targets.iter());
        let next = || waiting.lock().ok()?.next();
        std::thread::scope(|scope| {
            let job = || -> Result<Vec<Outcome>> {
                let mut outcomes = Vec::new();
                while let Some(target) = next() {
                    outcomes.push(self.run_one(target).with_context(|| format!("target {target}"))?);
                }
                Ok(outcomes)
            };
            let jobs: Vec<_> = (0..jobs).map(|_| scope.spawn(job)).collect();
            let mut outcomes = Vec::new();
            for job in jobs {
                outcomes.extend(job.join().map_err(|_| anyhow::anyhow!("a job panicked"))??);
            }
            Ok(outcomes)
        })
    }

    /// A time-out that the input alone does not reach is the machine's, which stood still: then once more.
    fn run_one(&self, target: &str) -> Result<Outcome> {
        let outcome = self.run_once(target)?;
        match outcome.finding {
            Some(finding) if is_timeout(&finding) && self.survives(target, &finding)? => {
                println!("   {} is survived in time: once more", finding.display());
                std::fs::remove_file(finding)?;
                self.run_once(target)
            }
            finding => Ok(Outcome { finding }),
        }
    }

    fn survives(&self, target: &str, input: &Path) -> Result<bool> {
        let mut command = Command::new(self.programs.join(target));
        command.args(BOUNDS).arg(input).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.status()?.success())
    }

    fn run_once(&self, target: &str) -> Result<Outcome> {
        let within = |name: &str| self.folder.join(name).join(target);
        let (corpus, findings) = (within("corpus"), within("findings"));
        let log = self.folder.join("log").join(format!("{target}.log"));
        for folder in [corpus.as_path(), findings.as_path(), log.parent().unwrap_or(Path::new(""))] {
            std::fs::create_dir_all(folder)?;
        }
        let mut command = Command::new(self.programs.join(target));
        command.arg(&corpus).arg(within("seeds")).arg(&findings).args(BOUNDS);
        command.arg(format!("-max_total_time={}", self.seconds));
        command.arg(format!("-max_len={MOST_BYTES}")).arg("-print_final_stats=1");
        command.arg(format!("-artifact_prefix={}/", findings.display()));
        command.env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(File::create(&log)?);
        let status =
            command.status().with_context(|| format!("cannot start {}", workspace::words(&command)))?;
        let said = Said::of(&String::from_utf8_lossy(&std::fs::read(&log)?));
        let finding = (!status.success()).then(|| said.finding.as_ref().map_or(log, PathBuf::from));
        println!("{}", said.sentence(target, finding.is_some()));
        if let Some(finding) = &finding {
            let why = said.why.as_deref().unwrap_or("it ended in failure");
            println!("   FOUND {}: {why}", finding.display());
        }
        Ok(Outcome { finding })
    }
}

fn is_timeout(finding: &Path) -> bool {
    finding.file_name().is_some_and(|name| name.to_string_lossy().starts_with("timeout-"))
}

/// What libFuzzer said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    executions: u64,
    seconds: u64,
    coverage: u64,
    finding: Option<String>,
    why: Option<String>,
}

impl Said {
    fn of(log: &str) -> Said {
        let mut said = Said::default();
        let mut lines = log.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some((_, after)) = line.split_once(" cov: ") {
                said.coverage = number(after).unwrap_or(said.coverage);
            }
            if let Some(executions) = line.strip_prefix('#').and_then(number) {
                said.executions = executions;
            } else if let Some(executions) = line.strip_prefix("stat::number_of_executed_units:") {
                said.executions = number(executions).unwrap_or(said.executions);
            } else if let Some((_, after)) = line.split_once(" in ").filter(|_| line.starts_with("Done ")) {
                said.seconds = number(after).unwrap_or(0);
            } else if line.contains(" panicked at ") {
                said.why = lines.peek().map(|why| (*why).to_owned());
            } else if line.contains("ERROR: libFuzzer: ") && said.why.is_none() {
                said.why = Some(line.to_owned());
            } else if let Some((_, path)) = line.split_once("Test unit written to ") {
                said.finding = Some(path.trim().to_owned());
            }
        }
        said
    }

    fn sentence(&self, target: &str, found: bool) -> String {
        let Said { executions, seconds, coverage, .. } = self;
        let found = if found { "1 finding" } else { "no finding" };
        format!(
            "{target:<20} {executions:>10} executions, {seconds:>4} s, {coverage:>6} edges covered, {found}"
        )
    }
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_its_file_and_a_name_that_is_unknown_is_refused() {
        let bins = bins().unwrap();
        let all: Vec<String> = bins.iter().map(|bin| bin.name.clone()).collect();
        for name in &all {
            let file = workspace::root().join("host/fuzz/fuzz_targets").join(format!("{name}.rs"));
            assert!(file.is_file(), "{name}");
        }
        assert!(features(&bins, &["node".into()]).is_empty());
        let both = ["recording_case".to_owned(), "recording_file".to_owned(), "node".to_owned()];
        assert_eq!(features(&bins, &both), ["recording"]);
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let plan = Plan::read(&words("node --seconds 600 --jobs 2"), &all).unwrap();
        assert_eq!(plan, Plan { targets: vec!["node".into()], seconds: 600, jobs: 2, list: false });
        assert!(Plan::read(&words("nodes"), &all).is_err());
        assert!(Plan::read(&words("--seconds"), &all).is_err());
        assert_eq!(Plan::read(&[], &all).unwrap().targets, all);
    }

    #[test]
    fn a_log_is_read() {
        let log = "#2\tINITED cov: 12 ft: 13 corp: 1/1b\n#4096\tpulse  cov: 345 ft: 400 corp: 9/1Kb exec/s: 9\n\
                   Done 5000 runs in 61 second(s)\nstat::number_of_executed_units: 5000\n";
        let said = Said::of(log);
        assert_eq!((said.executions, said.seconds, said.coverage, said.finding), (5000, 61, 345, None));
        let log = "#7\tNEW    cov: 5 ft: 6\n\nthread '<unnamed>' (1) panicked at src/a.rs:1:2:\nit broke\n\
                   ==1== ERROR: libFuzzer: deadly signal\nTest unit written to t/crash-1\n";
        let said = Said::of(log);
        assert_eq!((said.executions, said.why.as_deref()), (7, Some("it broke")));
        assert_eq!(said.finding.as_deref(), Some("t/crash-1"));
    }
}
