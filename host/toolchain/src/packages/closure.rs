//! Which packages a compiler consists of: its own family whole, and those shared libraries under it that the system
//! lacks.

use super::apt::{Apt, Release};
use crate::{Error, run};
use std::collections::{BTreeSet, VecDeque};
use std::process::Command;

/// More packages than this are no compiler any more.
const MOST_PACKAGES: usize = 60;

/// The packages to download, as apt wants them named (`name=version` for those of the compiler's own family).
pub(super) fn of(apt: &Apt, release: &Release) -> Result<Vec<String>, Error> {
    walk(release, |package| apt.depends(package), |package| apt.has(package), is_installed)
}

fn walk(
    release: &Release,
    depends: impl Fn(&str) -> Result<Vec<String>, Error>,
    has: impl Fn(&str) -> bool,
    is_installed: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Error> {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([release.rustc.clone(), release.source.clone()]);
    let mut wanted = Vec::new();
    while let Some(name) = queue.pop_front() {
        if wanted.len() >= MOST_PACKAGES || !seen.insert(name.clone()) || !is_wanted(&name, &is_installed) {
            continue;
        }
        let of_release = format!("{name}={}", release.version);
        let package = if is_of_rust(&name) && has(&of_release) { of_release } else { name };
        // The source depends on nothing that a build from it needs.
        if !package.starts_with(&release.source) {
            queue.extend(depends(&package)?);
        }
        wanted.push(package);
    }
    Ok(wanted)
}

/// The compiler's own packages always, since an installed one would look for its files elsewhere; of all others only
/// shared libraries that are not there.
fn is_wanted(name: &str, is_installed: impl Fn(&str) -> bool) -> bool {
    if is_of_rust(name) || name.starts_with("libllvm") {
        return true;
    }
    let is_shared_library = name.starts_with("lib") && !name.ends_with("-dev");
    (is_shared_library || name == "zlib1g") && name != "libc6" && !is_installed(name)
}

fn is_of_rust(name: &str) -> bool {
    name.starts_with("rust") || name.starts_with("libstd-rust") || name.starts_with("librust")
}

fn is_installed(name: &str) -> bool {
    run::output(
        "asking dpkg for a package",
        Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status} ", name]),
    )
    .is_ok_and(|status| status.split_whitespace().any(|status| status == "installed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        super::super::apt::choose(
            &[super::super::apt::tests_release("rustc-web", "1.96.0+dfsg1-1")],
            super::super::apt::LEAST_MINOR,
        )
        .expect("a release")
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn debian_12_on_a_bare_system() {
        let depends = |package: &str| {
            Ok(match package.split('=').next().unwrap_or_default() {
                "rustc-web" => {
                    names(&["libc6", "libgcc-s1", "libstd-rust-web-dev", "gcc", "libc-dev", "binutils"])
                }
                "libstd-rust-web-dev" => names(&["libstd-rust-web-1.96"]),
                "libstd-rust-web-1.96" => names(&["libc6", "libllvm22", "libstdc++6"]),
                "libllvm22" => names(&["libc6", "libedit2", "libz3-4", "zlib1g"]),
                "libedit2" => names(&["libbsd0"]),
                _ => Vec::new(),
            })
        };
        let installed = |name: &str| matches!(name, "libgcc-s1" | "libstdc++6" | "zlib1g");
        let wanted =
            walk(&release(), depends, |package| !package.contains("llvm"), installed).expect("walked");
        assert_eq!(
            wanted,
            [
                "rustc-web=1.96.0+dfsg1-1",
                "rust-web-src=1.96.0+dfsg1-1",
                "libstd-rust-web-dev=1.96.0+dfsg1-1",
                "libstd-rust-web-1.96=1.96.0+dfsg1-1",
                "libllvm22",
                "libedit2",
                "libz3-4",
                "libbsd0",
            ]
        );
    }

    #[test]
    fn circles_and_endless_lists_end() {
        let circle =
            walk(&release(), |_| Ok(names(&["libstd-rust-web-dev", "rustc-web"])), |_| false, |_| true);
        assert_eq!(circle.expect("walked").len(), 3);
        let endless = walk(&release(), |package| Ok(vec![format!("lib{package}")]), |_| false, |_| false);
        assert_eq!(endless.expect("walked").len(), MOST_PACKAGES);
    }
}
