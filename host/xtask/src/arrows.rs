//! Which crate may know which: the drawing of docs/architecture.md, checked against `cargo metadata`.
//!
//! ```text
//! strowger ▶ admin ▶ runtime ▶ transport | recording | storage       siblings never meet
//! strowger ▶ ue ▶ auth | ims | dialog                                neither runtime nor ue knows the other
//! strowger ▶ hss ▶ diameter | ims | auth                             nor do hss and runtime
//! recording ▶ plugin
//! ═════ purity line ═════
//! node ▶ dialog | proxy | auth ▶ transaction ▶ sip ◀ sdk ◀ plugins   sim takes runtime's place, and drives ue's phones
//! node | plugin ▶ cscf ▶ auth | ims | diameter, which knows nobody      ims ▶ sip
//! ```
//! An arrow may pass over what lies between. Dependencies of tests (`[dev-dependencies]`) are not arrows: a test may
//! build the world around what it tests.

use crate::metadata::Metadata;
use crate::workspace;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Each crate and what lies directly beneath it.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "strowger",
        &[
            "strowger-admin",
            "strowger-ue",
            "strowger-hss",
            "strowger-toolchain",
            "strowger-scaffold",
            "strowger-dns",
            "strowger-trace",
        ],
    ),
    ("strowger-admin", &["strowger-runtime"]),
    ("strowger-runtime", &["strowger-transport", "strowger-recording", "strowger-storage"]),
    ("strowger-transport", &["strowger-node", "strowger-trace"]),
    ("strowger-trace", &["strowger-sip", "strowger-diameter"]),
    ("strowger-recording", &["strowger-plugin"]),
    ("strowger-plugin", &["strowger-node", "strowger-cscf"]),
    ("strowger-storage", &["strowger-node"]),
    ("strowger-hss", &["strowger-diameter", "strowger-ims", "strowger-auth"]),
    (
        "strowger-node",
        &["strowger-dialog", "strowger-proxy", "strowger-auth", "strowger-ims", "strowger-diameter"],
    ),
    ("strowger-cscf", &["strowger-auth", "strowger-ims", "strowger-diameter"]),
    ("strowger-diameter", &[]),
    ("strowger-dialog", &["strowger-transaction"]),
    ("strowger-proxy", &["strowger-transaction"]),
    ("strowger-auth", &["strowger-transaction"]),
    ("strowger-transaction", &["strowger-sip"]),
    ("strowger-ims", &["strowger-sip"]),
    ("strowger-ue", &["strowger-auth", "strowger-ims", "strowger-dialog"]),
    ("strowger-sip", &[]),
    ("strowger-sdk", &["strowger-ims"]),
    ("strowger-toolchain", &[]),
    ("strowger-dns", &[]),
    ("strowger-scaffold", &["strowger-node", "strowger-sdk"]),
    // proof
    ("strowger-sim", &["strowger-transport", "strowger-plugin", "strowger-storage", "strowger-ue"]),
    ("strowger-bench", &["strowger-admin", "strowger-sim"]),
    ("strowger-xtask", &["strowger-toolchain", "strowger-auth"]),
];

/// What a plugin, a package under `examples/` or `plugins/`, may know.
const OF_A_PLUGIN: &[&str] = &["strowger-sdk"];

/// A sentence for every wrong arrow.
pub(crate) fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let root = workspace::root();
    let rows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let members: Vec<_> = metadata.members().collect();
    let names: BTreeSet<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &members {
        let is_plugin =
            ["examples", "plugins"].iter().any(|top| package.folder().starts_with(root.join(top)));
        let beneath = if is_plugin { Some(&OF_A_PLUGIN) } else { rows.get(package.name.as_str()) };
        let Some(beneath) = beneath else {
            wrong.push(format!(
                "{} has no row in host/xtask/src/arrows.rs: say what lies beneath it",
                package.name
            ));
            continue;
        };
        let allowed = reachable(&rows, beneath);
        for arrow in
            package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev") && d.path.is_some())
        {
            if names.contains(arrow.name.as_str()) && !allowed.contains(arrow.name.as_str()) {
                wrong.push(format!("{} may not depend on {}", package.name, arrow.name));
            }
        }
    }
    Ok(wrong)
}

fn reachable<'a>(rows: &BTreeMap<&'a str, &'a [&'a str]>, from: &[&'a str]) -> BTreeSet<&'a str> {
    let mut queue: Vec<&str> = from.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(name) = queue.pop() {
        if seen.insert(name) {
            queue.extend(rows.get(name).into_iter().flat_map(|beneath| beneath.iter()));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(from: &str, to: &str) -> bool {
        let rows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
        reachable(&rows, rows[from]).contains(to)
    }

    #[test]
    fn arrows_point_down_and_siblings_never_meet() {
        assert!(allowed("strowger", "strowger-sip"));
        assert!(allowed("strowger-runtime", "strowger-node"));
        for (from, to) in [
            ("strowger-sip", "strowger-transaction"),
            ("strowger-node", "strowger-plugin"),
            ("strowger-transport", "strowger-plugin"),
            ("strowger-plugin", "strowger-storage"),
            ("strowger-dialog", "strowger-proxy"),
            ("strowger-proxy", "strowger-auth"),
            ("strowger-sim", "strowger-runtime"),
            ("strowger-sdk", "strowger-node"),
            ("strowger-hss", "strowger-node"),
            ("strowger-hss", "strowger-storage"),
            ("strowger-runtime", "strowger-hss"),
            ("strowger-ims", "strowger-transaction"),
            ("strowger-ims", "strowger-auth"),
            ("strowger-toolchain", "strowger-sip"),
            ("strowger-diameter", "strowger-sip"),
            ("strowger-auth", "strowger-diameter"),
            ("strowger-dns", "strowger-transport"),
            ("strowger-ue", "strowger-transport"),
            ("strowger-ue", "strowger-node"),
            ("strowger-runtime", "strowger-ue"),
        ] {
            assert!(!allowed(from, to), "{from} -> {to}");
        }
    }

    #[test]
    fn every_name_in_the_table_has_a_row_of_its_own() {
        let rows: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
        assert_eq!(rows.len(), ARROWS.len());
        assert!(ARROWS.iter().flat_map(|(_, beneath)| beneath.iter()).all(|name| rows.contains(name)));
    }

    #[test]
    fn no_crate_lies_beneath_itself() {
        assert!(ARROWS.iter().all(|(name, _)| !allowed(name, name)));
    }
}
