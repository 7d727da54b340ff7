//! Licences and sources of everything in the lock file, against the lists of `deny.toml`.
//!
//! `cargo deny` reads the same file and knows more (advisories, for one); building it takes longer than everything
//! else here, so the two checks that must never be missed are made without it as well: every licence is on the list,
//! and everything comes from the one registry.

use crate::metadata::{Metadata, Package};
use crate::workspace;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Packages that name a licence file in place of a licence, with what the file was seen to be.
const READ: &[(&str, &str)] = &[("rsip", "MIT"), ("rsip-derives", "MIT")];

/// The parts of `deny.toml` that are read here.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

/// A sentence for every package that may not be here.
pub(crate) fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let path = workspace::root().join("deny.toml");
    let content = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let deny: Deny = toml::from_str(&content).with_context(|| path.display().to_string())?;
    Ok(metadata.packages.iter().filter_map(|package| wrong_with(package, &deny.licenses.allow)).collect())
}

fn wrong_with(package: &Package, allowed: &BTreeSet<String>) -> Option<String> {
    let named = format!("{} {}", package.name, package.version);
    match package.source.as_deref() {
        Some(source) if !source.starts_with("registry+") => {
            return Some(format!("{named} comes from {source}"));
        }
        _ => {}
    }
    let read = READ.iter().find(|(name, _)| *name == package.name).map(|(_, licence)| *licence);
    let Some(licence) = package.license.as_deref().or(read) else {
        let why = if package.license_file.is_some() { "only a licence file" } else { "no licence" };
        return Some(format!("{named} has {why}"));
    };
    match is_allowed(licence, allowed) {
        Ok(true) => None,
        Ok(false) => Some(format!("{named} is under {licence}, which deny.toml does not allow")),
        Err(why) => Some(format!("{named}: {licence}: {why}")),
    }
}

/// An SPDX expression: `A OR B`, `A AND B`, `A WITH exception`, brackets; and the old `A/B`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let answer = reader.any()?;
    if let Some(word) = reader.words.first() {
        bail!("{word} is not expected here");
    }
    Ok(answer)
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<bool> {
        let mut answer = self.all()?;
        while self.take("OR") {
            answer |= self.all()?;
        }
        Ok(answer)
    }

    fn all(&mut self) -> Result<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let answer = self.any()?;
            if !self.take(")") {
                bail!("a bracket is not closed");
            }
            return Ok(answer);
        }
        let name = self.next()?;
        if self.take("WITH") {
            let exception = self.next()?;
            return Ok(self.allowed.contains(&format!("{name} WITH {exception}")));
        }
        Ok(self.allowed.contains(name))
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn next(&mut self) -> Result<&'a str> {
        let (word, rest) = self.words.split_first().context("it ends too early")?;
        self.words = rest;
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let allowed: BTreeSet<String> =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned).into();
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("MIT/GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("GPL-3.0 OR MIT AND GPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed).expect(expression), expected, "{expression}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT MIT", "MIT WITH"] {
            assert!(is_allowed(broken, &allowed).is_err(), "{broken}");
        }
    }
}
