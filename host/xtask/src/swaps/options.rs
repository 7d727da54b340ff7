//! What is said to `cargo xtask swaps --ims`, `--files` and `--guard`, and the router that is meant.

use super::USAGE;
use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::time::Duration;

/// How much load, for how long, on which build.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    /// Minutes of swapping.
    pub(crate) minutes: u32,
    /// Calls a second.
    pub(crate) rate: u32,
    /// Calls that are held.
    pub(crate) calls: u32,
    /// Load before the first swap, until transactions go as fast as they come: a P-CSCF keeps one of a phone's for 128 s
    /// (TS 24.229 §7.7).
    pub(crate) warm_up: Duration,
    /// Percent of the subscribers that a candidate gets.
    pub(crate) share: u32,
    /// Cargo's profile.
    profile: String,
    /// A router that is there.
    binary: Option<PathBuf>,
}

impl Options {
    /// So many calls a second unless it is said.
    pub(crate) fn read(rate: u32, arguments: &[String]) -> Result<Options> {
        let mut options = Options {
            minutes: 10,
            rate,
            share: 5,
            calls: 5000,
            warm_up: Duration::from_secs(140),
            profile: "release".to_owned(),
            binary: None,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().with_context(|| format!("{name} lacks its value\n{USAGE}"))?;
            let number = || {
                let number = value.parse().ok().filter(|number| (1..=100_000).contains(number));
                number.with_context(|| format!("{name} {value}: not a number from 1 to 100,000"))
            };
            match name.as_str() {
                "--minutes" => options.minutes = number()?,
                "--rate" => options.rate = number()?,
                "--calls" => options.calls = number()?,
                "--share" => {
                    options.share = number()?;
                    ensure!(options.share <= 100, "--share {value}: not a number from 1 to 100");
                }
                "--warm-up" => options.warm_up = Duration::from_secs(u64::from(number()?)),
                "--profile" => options.profile.clone_from(value),
                "--binary" => options.binary = Some(PathBuf::from(value)),
                other => bail!("swaps knows no {other}\n{USAGE}"),
            }
        }
        Ok(options)
    }

    /// The router, which is built unless it is named.
    pub(crate) fn router(&self) -> Result<PathBuf> {
        if let Some(binary) = &self.binary {
            return binary.canonicalize().with_context(|| binary.display().to_string());
        }
        let mut build = workspace::cargo(&["build", "--package", "strowger", "--profile", &self.profile]);
        workspace::run(&mut build)?;
        let folder = if self.profile == "dev" { "debug" } else { &self.profile };
        Ok(workspace::target().join(folder).join("strowger"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_much_as_the_table_in_operating_says() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let options = Options::read(200, &[]).expect("read");
        assert_eq!((options.minutes, options.rate, options.calls), (10, 200, 5000));
        let options = Options::read(200, &words("--calls 50 --warm-up 3 --profile quick")).expect("read");
        assert_eq!((options.calls, options.warm_up), (50, Duration::from_secs(3)));
        for (wrong, named) in [
            ("--rate", "--rate lacks"),
            ("--calls 0", "--calls 0"),
            ("--share 101", "--share 101"),
            ("--fast 1", "--fast"),
        ] {
            let error = Options::read(200, &words(wrong)).expect_err("an error").to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
