//! Asking apt: which compilers there are, what they depend on, and their files.
//!
//! Compilers come under three families of names: `rustc-web` (Debian 12, for its browsers), `rustc`, and `rustc-1.NN`
//! (Ubuntu). In: apt's own words. Out: a [`Release`] to take. Which packages belong to it is `closure.rs`.

use crate::{Error, error::file, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Guests are written with `if let … &&`, stable since rustc 1.88.
pub(crate) const LEAST_MINOR: u32 = 88;

/// A compiler that apt offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// Package of the compiler, `rustc-web`.
    pub(crate) rustc: String,
    /// Package of the standard library's source, `rust-web-src`.
    pub(crate) source: String,
    /// The packages' version, `1.96.0+dfsg1-1~deb12u2`.
    pub(crate) version: String,
    minor: u32,
}

/// apt, either with the system's lists of packages or with lists of our own.
pub(crate) struct Apt {
    options: Vec<String>,
}

impl Apt {
    pub(crate) fn of_system() -> Apt {
        Apt { options: Vec::new() }
    }

    /// Lists and caches beneath `folder`, so that no right to change the system is needed, and nothing is changed.
    pub(crate) fn with_own_lists(folder: &Path) -> Result<Apt, Error> {
        let (lists, cache) = (folder.join("lists"), folder.join("cache"));
        for needed in [lists.join("partial"), cache.join("archives/partial")] {
            std::fs::create_dir_all(&needed).map_err(file(&needed))?;
        }
        let set = |key: &str, path: &PathBuf| ["-o".to_owned(), format!("{key}={}", path.display())];
        Ok(Apt { options: [set("Dir::State::Lists", &lists), set("Dir::Cache", &cache)].concat() })
    }

    pub(crate) fn update(&self) -> Result<(), Error> {
        run::output("`apt-get update` (private lists)", self.command("apt-get").arg("update")).map(drop)
    }

    /// Everything that could compile for us, whatever its age.
    pub(crate) fn releases(&self) -> Result<Vec<Release>, Error> {
        let names =
            run::output("asking apt for compilers", self.command("apt-cache").args(["pkgnames", "rustc"]))?;
        let mut releases = Vec::new();
        for rustc in names.lines().filter(|name| is_compiler(name)) {
            // `policy` and not `madison`: the version that apt itself would take.
            let policy =
                run::output("asking apt for a version", self.command("apt-cache").args(["policy", rustc]))?;
            releases.extend(candidate(&policy).and_then(|version| release(rustc, version)));
        }
        Ok(releases)
    }

    /// The words under `Depends` of a package.
    pub(crate) fn depends(&self, package: &str) -> Result<Vec<String>, Error> {
        let shown = run::output(
            "asking apt for what a package needs",
            self.command("apt-cache").args(["show", package]),
        )?;
        Ok(depends(&shown))
    }

    /// Whether apt has this `name=version`.
    pub(crate) fn has(&self, package: &str) -> bool {
        run::output("asking apt for a package", self.command("apt-cache").args(["show", package]))
            .is_ok_and(|shown| shown.contains("Package: "))
    }

    pub(crate) fn download(&self, packages: &[String], into: &Path) -> Result<(), Error> {
        run::output(
            "`apt-get download`",
            self.command("apt-get").arg("download").args(packages).current_dir(into),
        )
        .map(drop)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // apt as root hands downloads to a user who may not see our folder.
        command.args(&self.options).args(["-o", "APT::Sandbox::User=root", "-q"]).env("LC_ALL", "C");
        command
    }
}

/// The release nearest to the compiler in use: the oldest one that is not older, else the newest one.
pub(crate) fn choose(releases: &[Release], own_minor: u32) -> Result<Release, Error> {
    let new_enough = || releases.iter().filter(|release| release.minor >= LEAST_MINOR);
    new_enough()
        .filter(|release| release.minor >= own_minor)
        .min_by_key(|release| release.minor)
        .or_else(|| new_enough().max_by_key(|release| release.minor))
        .cloned()
        .ok_or_else(|| Error::TooOld { least: LEAST_MINOR, known: words(releases) })
}

fn words(releases: &[Release]) -> String {
    if releases.is_empty() {
        return "none".to_owned();
    }
    let each: Vec<_> =
        releases.iter().map(|release| format!("{} {}", release.rustc, release.version)).collect();
    each.join(", ")
}

/// `rustc`, `rustc-web`, `rustc-1.89`; not `rustc-doc` or `rustc-mozilla-x`.
fn is_compiler(name: &str) -> bool {
    matches!(name, "rustc" | "rustc-web")
        || name.strip_prefix("rustc-1.").is_some_and(|minor| minor.parse::<u32>().is_ok())
}

fn release(rustc: &str, version: &str) -> Option<Release> {
    let source = match rustc.strip_prefix("rustc-") {
        None => "rust-src".to_owned(),
        Some(family) => format!("rust-{family}-src"),
    };
    Some(Release {
        rustc: rustc.to_owned(),
        source,
        version: version.to_owned(),
        minor: minor_version(version)?,
    })
}

/// `96` of `1.96.0+dfsg1-1`, an epoch before it passed over.
pub(crate) fn minor_version(version: &str) -> Option<u32> {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    let mut parts = version.split('.');
    (parts.next()? == "1").then(|| parts.next()?.parse().ok()).flatten()
}

fn candidate(policy: &str) -> Option<&str> {
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
}

/// Names under `Depends` and `Pre-Depends` of the first package shown: the first alternative of each, without
/// versions and architectures.
fn depends(shown: &str) -> Vec<String> {
    let first = shown.split("\n\n").next().unwrap_or_default();
    first
        .lines()
        .filter_map(|line| line.strip_prefix("Depends: ").or_else(|| line.strip_prefix("Pre-Depends: ")))
        .flat_map(|list| list.split(','))
        .filter_map(|one| {
            let name = one.split('|').next()?.split_whitespace().next()?;
            Some(name.split(':').next()?.to_owned())
        })
        .collect()
}

#[cfg(test)]
pub(super) fn tests_release(rustc: &str, version: &str) -> Release {
    release(rustc, version).expect("a version of rustc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(list: &[(&str, &str)]) -> Vec<Release> {
        list.iter().map(|(name, version)| tests_release(name, version)).collect()
    }

    #[test]
    fn debian_12_has_the_browsers_compiler() {
        let known = releases(&[("rustc", "1.63.0+dfsg1-2"), ("rustc-web", "1.96.0+dfsg1-1~deb12u2")]);
        let chosen = choose(&known, 95).expect("one");
        assert_eq!((chosen.rustc.as_str(), chosen.source.as_str()), ("rustc-web", "rust-web-src"));
    }

    #[test]
    fn ubuntu_has_numbered_ones_and_the_nearest_is_taken() {
        let known = releases(&[
            ("rustc", "1.75.0+dfsg0ubuntu1-0ubuntu7"),
            ("rustc-1.89", "1.89.0+dfsg-1"),
            ("rustc-1.97", "1.97.0+dfsg-1"),
            ("rustc-1.95", "1.95.0+dfsg-1"),
        ]);
        assert_eq!(choose(&known, 95).expect("one").source, "rust-1.95-src");
        assert_eq!(choose(&known, 96).expect("one").rustc, "rustc-1.97");
        assert_eq!(choose(&known, 99).expect("one").rustc, "rustc-1.97");
    }

    #[test]
    fn what_is_too_old_is_named() {
        let refused = choose(&releases(&[("rustc", "1.63.0+dfsg1-2")]), 95).expect_err("too old");
        assert_eq!(
            refused.to_string(),
            "apt knows no rustc of version 1.88 or later (known: rustc 1.63.0+dfsg1-2)"
        );
        assert!(choose(&[], 95).expect_err("none").to_string().ends_with("(known: none)"));
    }

    #[test]
    fn only_compilers_are_compilers() {
        for (name, is) in [
            ("rustc", true),
            ("rustc-web", true),
            ("rustc-1.89", true),
            ("rustc-1.89-doc", false),
            ("rustc-mozilla", false),
        ] {
            assert_eq!(is_compiler(name), is, "{name}");
        }
    }

    #[test]
    fn versions_are_read_with_and_without_an_epoch() {
        assert_eq!(minor_version("1.96.0+dfsg1-1~deb12u2"), Some(96));
        assert_eq!(minor_version("1:1.85.0-3"), Some(85));
        assert_eq!(minor_version("2.0"), None);
        assert_eq!(minor_version("(none)"), None);
    }

    #[test]
    fn a_policy_without_candidate_is_no_release() {
        assert_eq!(candidate("rustc:\n  Installed: (none)\n  Candidate: 1.63.0\n"), Some("1.63.0"));
        assert_eq!(candidate("rustc:\n  Installed: (none)\n  Candidate: (none)\n"), None);
        assert_eq!(candidate(""), None);
    }

    #[test]
    fn the_first_alternative_of_each_dependency_counts() {
        let shown = "Package: a\nPre-Depends: dpkg (>= 1)\nDepends: libc6 (>= 2.34), libc-dev | libc6-dev, \
                     python3:any, libllvm22\n\nPackage: a\nDepends: older\n";
        assert_eq!(depends(shown), ["dpkg", "libc6", "libc-dev", "python3", "libllvm22"]);
    }
}
