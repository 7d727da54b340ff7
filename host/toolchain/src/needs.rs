//! What a test needs from the machine: a program of a Debian package, or the test is skipped aloud.
//!
//! The convention of the whole workspace: a skipped test says so in one line that begins with `SKIPPED:` and names
//! the package to install, and passes. With `STROWGER_NO_SKIP=1` (continuous integration) it fails instead. The line
//! is written past libtest's capture so that `cargo xtask test` can count it.
//!
//! ```no_run
//! # use strowger_toolchain as toolchain;
//! # fn test() {
//! let Some(sipp) = toolchain::needs::program("sipp", "sip-tester") else { return };
//! # }
//! ```

use std::io::Write;
use std::path::PathBuf;

/// What every line of a skipped test begins with.
pub const MARK: &str = "SKIPPED:";
/// Set to anything but nothing or `0`, a skipped test is a failed one.
pub const NO_SKIP_VARIABLE: &str = "STROWGER_NO_SKIP";

/// The program's path; or `None` after the test has been reported as skipped.
///
/// # Panics
/// With [`NO_SKIP_VARIABLE`] set, if the program is not there.
pub fn program(name: &str, package: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        skip(&format!("{name} is not installed (install package {package})"));
    }
    found
}

/// The path of a file that a package puts beneath `/usr/lib`, or into its folder for this architecture; or `None` after the
/// test has been reported as skipped.
///
/// # Panics
/// With [`NO_SKIP_VARIABLE`] set, if the file is not there.
pub fn library(name: &str, package: &str) -> Option<PathBuf> {
    let found = find_library(name);
    if found.is_none() {
        skip(&format!("{name} is not installed (install package {package})"));
    }
    found
}

/// Reports the running test as skipped, for any other reason (a port that is taken, a kernel feature).
///
/// # Panics
/// With [`NO_SKIP_VARIABLE`] set.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        !forbidden(std::env::var(NO_SKIP_VARIABLE).ok().as_deref()),
        "{test}: may not be skipped, yet {reason}"
    );
    // Not `eprintln!`: libtest would keep that line to itself.
    let _ = writeln!(std::io::stderr().lock(), "{MARK} {test}: {reason}");
}

/// The program's path, with nothing said if it is not there. Looks in `PATH` and where daemons live.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

fn find_library(name: &str) -> Option<PathBuf> {
    let top = PathBuf::from("/usr/lib");
    let folders = std::fs::read_dir(&top).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(top).chain(folders).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

fn forbidden(variable: Option<&str>) -> bool {
    variable.is_some_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_found_and_nonsense_is_not() {
        assert!(find("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(find("strowger-no-such-program"), None);
    }

    #[test]
    fn skipping_is_forbidden_only_when_asked_for() {
        assert!(!forbidden(None));
        assert!(!forbidden(Some("")));
        assert!(!forbidden(Some("0")));
        assert!(forbidden(Some("1")));
    }
}
