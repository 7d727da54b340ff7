//! The tables of method and header field numbers in `docs/view.md`: written from crate `sip`, which is where the
//! numbers live, and checked to be what is written there.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::path::PathBuf;

const BEGIN: &str = "<!-- numbers: `cargo xtask header-table` writes this -->\n";
const END: &str = "<!-- end of numbers -->";

/// `cargo xtask header-table`: writes it.
pub(crate) fn write() -> Result<()> {
    let path = document();
    let content = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (before, _, after) = split(&content)?;
    std::fs::write(&path, format!("{before}{}{after}", table())).with_context(|| path.display().to_string())
}

/// A sentence if the document says something else.
pub(crate) fn check() -> Result<Vec<String>> {
    let path = document();
    let content = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (_, written, _) = split(&content)?;
    let is_right = written == table();
    Ok(if is_right {
        Vec::new()
    } else {
        vec!["the table is old: run `cargo xtask header-table`".to_owned()]
    })
}

fn document() -> PathBuf {
    workspace::root().join("docs/view.md")
}

fn split(content: &str) -> Result<(&str, &str, &str)> {
    let Some((begin, end)) = content.find(BEGIN).zip(content.find(END)) else {
        bail!("docs/view.md has lost the marks around its table");
    };
    let begin = begin + BEGIN.len();
    if begin > end {
        bail!("docs/view.md has the marks around its table in the wrong order");
    }
    Ok((&content[..begin], &content[begin..end], &content[end..]))
}

fn table() -> String {
    let methods: Vec<_> = sip::Method::ALL.iter().map(|m| format!("{} {}", *m as u8, m.as_str())).collect();
    let mut table = format!("Methods: {}; 0 any other.\n\n", methods.join(", "));
    table.push_str("| id | name | compact |\n|---|---|---|\n");
    for id in sip::HeaderId::all() {
        let compact = id.compact().map(String::from).unwrap_or_default();
        let _ = writeln!(table, "| {} | {} | {compact} |", id.0, id.name());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_numbers_that_scripts_know() {
        let table = table();
        assert!(table.contains("| 1 | Via | v |\n| 2 | Max-Forwards |  |\n"), "{table}");
        assert!(table.lines().count() > 60);
    }

    #[test]
    fn a_document_is_split_at_its_marks() {
        let content = format!("a\n{BEGIN}b\n{END}\nc");
        assert_eq!(split(&content).expect("split").1, "b\n");
        assert!(split("a").is_err());
        assert!(split(&format!("{END}{BEGIN}")).is_err());
    }
}
