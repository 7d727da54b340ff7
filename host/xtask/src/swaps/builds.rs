//! Builds of the three CSCFs' plugins that can be told apart by what they decide (`host/xtask/marked`), and what comes out
//! at the far end of a call: which build of which plugin each of its requests was put before.

use crate::{setup, workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The CSCFs, in the order in which a call's first request meets them.
pub(crate) const ROLES: [&str; 3] = ["pcscf", "scscf", "icscf"];
/// The packages of `host/xtask/marked`, in that order.
const PACKAGES: [&str; 3] = ["strowger-marked-pcscf", "strowger-marked-scscf", "strowger-marked-icscf"];
/// The package of a plugin that has one hook only.
const NARROW: &str = "strowger-narrow";
/// What stands before a build's name in a file.
const SIGN: &[u8] = b"strowger-marking-sdk-build:";
/// Octets of a name.
const NAME: usize = 8;
/// The plugin that records no route: no later request comes to it (TS 24.229 §5.3.2.1).
const WITHOUT_ROUTE: &str = "Icscf ";

/// Builds one of each, and gives back their octets in the order of [`ROLES`].
pub(crate) fn build() -> Result<[Vec<u8>; 3]> {
    build_all(&PACKAGES)?.try_into().ok().context("cargo built other plugins than it was told to")
}

/// A plugin that lacks most of the hooks that those have.
pub(crate) fn narrow() -> Result<Vec<u8>> {
    build_all(&[NARROW])?.pop().context("cargo built no plugin")
}

fn build_all(packages: &[&str]) -> Result<Vec<Vec<u8>>> {
    let folder = workspace::root().join("host/xtask/marked");
    let modules = setup::compiler()?.build_all(&folder, packages, toolchain::Profile::Speed)?;
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
    modules.iter().map(read).collect()
}

/// The same plugin for a contract that this host does not have: all versions of its interfaces are another.
pub(crate) fn of_another_contract(plugin: &[u8]) -> Vec<u8> {
    const OWN: &[u8] = b"@0.1.0";
    const OTHER: &[u8] = b"@0.9.0";
    let mut other = plugin.to_vec();
    for at in 0..other.len().saturating_sub(OWN.len()) {
        if other[at..].starts_with(OWN) {
            other[at..at + OWN.len()].copy_from_slice(OTHER);
        }
    }
    other
}

/// The same plugin under another name: what it decides says so, and for the router it is another version.
pub(crate) fn named(plugin: &[u8], name: &str) -> Result<Vec<u8>> {
    let at = plugin.windows(SIGN.len()).position(|octets| octets == SIGN);
    let at = at.context("the plugin is none that marks what it decides")? + SIGN.len();
    if name.len() > NAME || plugin.len() < at + NAME {
        bail!("`{name}` does not fit into the plugin");
    }
    let mut named = plugin.to_vec();
    named[at..at + NAME].copy_from_slice(format!("{name:NAME$}").as_bytes());
    Ok(named)
}

/// What the callees noted: a line for each call, `Call-ID|INVITE|ACK|UPDATE|BYE`, each with its marks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Calls that were noted.
    pub(crate) calls: u64,
    /// Lines of calls of which a later request was put before another build than the first one.
    pub(crate) strayed: Vec<String>,
    /// Calls by the marks of their requests: which builds took how many.
    pub(crate) by_builds: BTreeMap<String, u64>,
}

impl Notes {
    /// Those of the calls whose Call-ID is wanted.
    pub(crate) fn read(log: &str, wanted: impl Fn(&str) -> bool) -> Notes {
        let mut notes = Notes::default();
        for line in log.lines().filter(|line| line.contains('|')) {
            let mut fields = line.split('|').map(str::trim);
            let call_id = fields.next().unwrap_or_default();
            if !wanted(call_id) {
                continue;
            }
            let requests: Vec<String> = fields.map(without_icscf).collect();
            let took = requests.first().cloned().unwrap_or_default();
            notes.calls += 1;
            if took.is_empty() || requests.len() != 4 || requests.iter().any(|marks| *marks != took) {
                notes.strayed.push(line.to_owned());
            }
            *notes.by_builds.entry(took).or_default() += 1;
        }
        notes
    }
}

fn without_icscf(marks: &str) -> String {
    let kept = marks.split(", ").filter(|mark| !mark.starts_with(WITHOUT_ROUTE));
    kept.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_gets_its_name_and_nothing_else_changes() {
        let plugin = [b"\0asm..", SIGN, b"unmarked.."].concat();
        let named = named(&plugin, "a1").expect("named");
        assert_eq!(named, [b"\0asm..", SIGN, b"a1      .."].concat());
        assert!(super::named(&plugin, "much-too-long").is_err());
        assert!(super::named(b"\0asm", "a").is_err());
        assert_eq!(of_another_contract(b"x:y/z@0.1.0 @0.1.1"), b"x:y/z@0.9.0 @0.1.1");
    }

    #[test]
    fn a_call_that_changes_its_version_is_found() {
        let stays = "1-7@x|Pcscf a, Scscf a, Icscf b, Scscf a, Pcscf a|Pcscf a, Scscf a, Scscf a, Pcscf a";
        let stays = format!("{stays}{0}{0}", "|Pcscf a, Scscf a, Scscf a, Pcscf a");
        let strays = stays.replacen("1-7", "2-7", 1).replacen("Scscf a|", "Scscf b|", 1);
        let strays = strays.strip_suffix("Pcscf a").expect("the last mark").to_owned() + "Pcscf b";
        let unmarked = "3-8@x||||";
        let log = format!("{stays}\n{strays}\n{unmarked}\nnothing of the kind\n");
        let notes = Notes::read(&log, |call_id| call_id.ends_with("-7@x"));
        assert_eq!((notes.calls, notes.strayed), (2, vec![strays]));
        assert_eq!(Notes::read(&log, |_| true).strayed.len(), 2);
        assert_eq!(notes.by_builds["Pcscf a, Scscf a, Scscf a, Pcscf a"], 2);
    }
}
