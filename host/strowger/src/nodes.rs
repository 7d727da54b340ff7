//! One command for several nodes: who they are, what each answers, and which of its versions is meant.
//!
//! In: `--admin URL` once or more often, a version by its number or its digest. Out: each node's answer, asked at the same
//! time, on lines that begin with the node where there are several; or who did not do it.
//!
//! A number is a node's own. So with several nodes a version is looked for at all of them before anything changes at one:
//! where a node does not answer, has no such version, or another one by that number, nothing is done anywhere.

use std::thread;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use serde_json::Value;

use crate::plugin_command::{http, versions::number_of};
use crate::{AdminUrl, admin_url};

/// Hexadecimal digits of a digest: as many as nobody writes by mistake, and all.
const DIGEST: std::ops::RangeInclusive<usize> = 6..=64;

/// How to reach the HTTP interfaces of some nodes.
#[derive(Debug, Args)]
pub(crate) struct Nodes {
    /// Its address, such as http://127.0.0.1:9060; again, or behind a comma, for each further node
    #[arg(
        long,
        value_name = "URL",
        env = "STROWGER_ADMIN",
        value_parser = admin_url,
        value_delimiter = ',',
        required = true
    )]
    admin: Vec<String>,
    /// The bearer token, which is the same for all
    #[arg(long, value_name = "TOKEN", env = "STROWGER_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// A version as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `7` or `#7`
    Number(u32),
    /// The first digits of its file's SHA-256, lower case: `3f9ac1`, or `sha256:904612` where they could be a number.
    Digest(String),
}

/// Reads one.
pub(crate) fn named(text: &str) -> Result<Named, String> {
    let wrong = || {
        format!(
            "{text} is neither a version's number nor the first six digits of its digest; `strowger plugin list` has both"
        )
    };
    let digest = |digits: &str| {
        let is_one = DIGEST.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_one.then(|| Named::Digest(digits.to_ascii_lowercase())).ok_or_else(wrong)
    };
    match text.strip_prefix("sha256:") {
        Some(digits) => digest(digits),
        None => {
            let number = text.strip_prefix('#').unwrap_or(text);
            number.parse().map(Named::Number).or_else(|_| digest(text))
        }
    }
}

impl Nodes {
    /// Each of them, once.
    pub(crate) fn all(&self) -> Vec<AdminUrl> {
        let mut all: Vec<AdminUrl> = Vec::new();
        for admin in self.admin.iter().map(|admin| admin.trim_end_matches('/')) {
            if all.iter().all(|at| at.admin != admin) {
                all.push(AdminUrl { admin: admin.to_owned(), token: self.token.clone() });
            }
        }
        all
    }

    /// Whether there is no other.
    pub(crate) fn is_one(&self) -> bool {
        self.all().len() == 1
    }

    /// Asks all at the same time, and prints the lines that each answers. What one does not do hinders no other; it is the
    /// error.
    pub(crate) fn tell(&self, ask: impl Fn(&AdminUrl) -> Result<Vec<String>> + Sync) -> Result<()> {
        let all = self.all();
        told(&all, at_once(&all, ask))
    }

    /// The same with what belongs to each of them, in their order.
    pub(crate) fn tell_each<W: Sync>(
        &self,
        with: &[W],
        ask: impl Fn(&AdminUrl, &W) -> Result<Vec<String>> + Sync,
    ) -> Result<()> {
        let all = self.all();
        let each: Vec<(&AdminUrl, &W)> = all.iter().zip(with).collect();
        told(&all, at_once(&each, |(at, with)| ask(at, with)))
    }

    /// The same with the number that this version has at each of them.
    pub(crate) fn tell_of(
        &self,
        role: &str,
        named: &Named,
        ask: impl Fn(&AdminUrl, u32) -> Result<Vec<String>> + Sync,
    ) -> Result<()> {
        let numbers = numbers(&self.all(), role, named)?;
        self.tell_each(&numbers, |at, number| ask(at, *number))
    }

    /// What all answer; an error where one does not.
    pub(crate) fn everywhere<T: Send>(&self, ask: impl Fn(&AdminUrl) -> Result<T> + Sync) -> Result<Vec<T>> {
        let all = self.all();
        sure(&all, at_once(&all, ask))
    }

    /// What stands before a line of this node; nothing where it is the only one.
    pub(crate) fn prefix(&self, at: &AdminUrl) -> String {
        if self.is_one() { String::new() } else { format!("{}  ", name(at)) }
    }
}

/// A thread for each, and their answers in order.
fn at_once<W: Sync, T: Send>(all: &[W], ask: impl Fn(&W) -> Result<T> + Sync) -> Vec<Result<T>> {
    thread::scope(|scope| {
        let asked: Vec<_> = all.iter().map(|one| scope.spawn(|| ask(one))).collect();
        let answer = |asked: thread::ScopedJoinHandle<'_, Result<T>>| {
            asked.join().unwrap_or_else(|_| Err(anyhow!("asking it was broken off")))
        };
        asked.into_iter().map(answer).collect()
    })
}

fn name(at: &AdminUrl) -> &str {
    at.admin.strip_prefix("http://").unwrap_or(&at.admin)
}

/// Prints what was answered.
fn told(all: &[AdminUrl], answers: Vec<Result<Vec<String>>>) -> Result<()> {
    let mut failed = Vec::new();
    for (at, answer) in all.iter().zip(answers) {
        match answer {
            Ok(lines) if all.len() == 1 => lines.iter().for_each(|line| println!("{line}")),
            Ok(lines) => lines.iter().for_each(|line| println!("{}  {line}", name(at))),
            Err(error) => failed.push((at, error)),
        }
    }
    match failed.len() {
        0 => Ok(()),
        _ if all.len() == 1 => Err(failed.remove(0).1),
        many => {
            bail!("not done at {many} of {} nodes: {}", all.len(), sentences(&failed))
        }
    }
}

/// All answers, or who gave none.
fn sure<T>(all: &[AdminUrl], answers: Vec<Result<T>>) -> Result<Vec<T>> {
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for (at, answer) in all.iter().zip(answers) {
        match answer {
            Ok(answer) => good.push(answer),
            Err(error) => failed.push((at, error)),
        }
    }
    match failed.len() {
        0 => Ok(good),
        _ if all.len() == 1 => Err(failed.remove(0).1),
        _ => bail!("nothing was done at any node: {}", sentences(&failed)),
    }
}

fn sentences(failed: &[(&AdminUrl, anyhow::Error)]) -> String {
    let each: Vec<String> = failed
        .iter()
        .map(|(at, error)| format!("{}: {}", name(at), crate::sentence::sentence(error)))
        .collect();
    each.join("; ")
}

/// The number of a version at each node.
fn numbers(all: &[AdminUrl], role: &str, named: &Named) -> Result<Vec<u32>> {
    if let (Named::Number(number), [_]) = (named, all) {
        return Ok(vec![*number]);
    }
    let found = sure(all, at_once(all, |at| found(&http::get(at, "/plugins")?, role, named)))?;
    let digest = |n: usize| found[n].1.get(..12).unwrap_or(&found[n].1);
    if let Some(other) = (1..found.len()).find(|n| found[*n].1 != found[0].1) {
        bail!(
            "nothing was done at any node: this is {} at {}, {} at {}; say which by its digest",
            digest(0),
            name(&all[0]),
            digest(other),
            name(&all[other])
        );
    }
    Ok(found.into_iter().map(|(number, _)| number).collect())
}

/// Number and digest of the version that is meant, in a node's list.
fn found(list: &Value, role: &str, named: &Named) -> Result<(u32, String)> {
    let word = |version: &Value, key: &str| version[key].as_str().unwrap_or_default().to_owned();
    let is_meant = |version: &&Value| {
        word(version, "role") == role
            && match named {
                Named::Number(wanted) => version["number"] == *wanted,
                Named::Digest(digits) => word(version, "digest").starts_with(digits.as_str()),
            }
    };
    let meant: Vec<&Value> = list.as_array().into_iter().flatten().filter(is_meant).collect();
    let Some(newest) = meant.iter().max_by_key(|version| version["number"].as_u64()) else {
        bail!("the role {role} has no version {named}")
    };
    if meant.iter().any(|version| version["digest"] != newest["digest"]) {
        bail!("the role {role} has several versions {named}: write more digits");
    }
    Ok((number_of(newest)?, word(newest, "digest")))
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Named::Number(number) => write!(f, "#{number}"),
            Named::Digest(digits) => write!(f, "with the digest {digits}…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_version_is_named_by_its_number_or_its_digest() {
        assert_eq!((named("3"), named("#17")), (Ok(Named::Number(3)), Ok(Named::Number(17))));
        let digest = |digits: &str| Ok(Named::Digest(digits.to_owned()));
        assert_eq!((named("3F9ac1"), named("sha256:904612")), (digest("3f9ac1"), digest("904612")));
        assert_eq!(named(&"a".repeat(64)), digest(&"a".repeat(64)));
        for wrong in ["latest", "3f9ac", "", "#", "sha256:12", "sha256:latest", &"a".repeat(65)] {
            assert!(named(wrong).unwrap_err().contains("plugin list"), "{wrong}");
        }
    }

    #[test]
    fn a_version_in_a_list() {
        let version = |role: &str, number: u32, digest: &str| json!({ "role": role, "number": number, "digest": digest });
        let list = json!([
            version("scscf", 1, "aaaaaa11"),
            version("scscf", 2, "aaaaaa22"),
            version("scscf", 3, "bbbbbb33"),
            version("scscf", 9, "bbbbbb33"),
            version("icscf", 1, "cccccc44"),
        ]);
        let find = |role, text| found(&list, role, &named(text).unwrap()).map_err(|error| error.to_string());
        assert_eq!(find("scscf", "2"), Ok((2, "aaaaaa22".into())));
        assert_eq!(find("scscf", "aaaaaa1"), Ok((1, "aaaaaa11".into())));
        assert_eq!(find("scscf", "bbbbbb"), Ok((9, "bbbbbb33".into())), "the same file again");
        assert!(find("scscf", "aaaaaa").unwrap_err().contains("several versions"));
        assert!(find("scscf", "cccccc").unwrap_err().contains("no version with the digest"));
        assert!(find("icscf", "2").unwrap_err().contains("no version #2"));
    }

    fn node(admin: &str) -> AdminUrl {
        AdminUrl { admin: format!("http://{admin}"), token: None }
    }

    #[test]
    fn each_node_is_asked_once_and_who_fails_is_named() {
        let admin = ["http://a:1", "http://b:1/", "http://a:1/"].map(str::to_owned).to_vec();
        let nodes = Nodes { admin, token: None };
        let asked: Vec<String> = nodes.all().iter().map(|at| at.admin.clone()).collect();
        assert_eq!(asked, ["http://a:1", "http://b:1"]);
        let all = [node("a:1"), node("b:1")];
        let fails = |at: &AdminUrl| match name(at) {
            "b:1" => Err(anyhow!("no such version")),
            _ => Ok(vec!["done".to_owned()]),
        };
        let error = told(&all, at_once(&all, fails)).unwrap_err().to_string();
        assert_eq!(error, "not done at 1 of 2 nodes: b:1: no such version");
        let error = sure(&all, at_once(&all, fails)).unwrap_err().to_string();
        assert_eq!(error, "nothing was done at any node: b:1: no such version");
        let alone = told(&all[1..], vec![Err(anyhow!("no such version"))]).unwrap_err().to_string();
        assert_eq!(alone, "no such version");
    }
}
