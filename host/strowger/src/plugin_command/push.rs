//! `strowger plugin push`: sends a plugin, with its signature, and tells how far it has come while the host loads it.
//!
//! In: arguments, a file, the signature beside it. Out: a line for each step as it is reached, then the version as it is now;
//! or the host's sentence.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::http;
use super::terms::Terms;
use super::versions::{self, percent};
use crate::AdminUrl;
use crate::nodes::Nodes;

/// How often the host is asked how far it is.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    #[command(flatten)]
    nodes: Nodes,
    /// The role it is for
    #[arg(long)]
    role: String,
    /// Take it for new transactions at once; otherwise it is checked, and kept to be given a share or promoted
    #[arg(long, conflicts_with = "share")]
    activate: bool,
    /// Give it a share of the subscribers at once: percent, 0.1 to 99.9, up to 100 with --identity, --method or --pcscf
    #[arg(long, value_parser = percent)]
    share: Option<u16>,
    #[command(flatten)]
    terms: Terms,
    /// Its minisign signature; FILE.minisig where that is there
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// It is meant to lack hooks that the active version has
    #[arg(long)]
    drop_hooks: bool,
    /// The .wasm file
    file: PathBuf,
}

impl Push {
    pub(super) fn execute(&self) -> Result<()> {
        if self.share.is_none() && !self.terms.is_nothing() {
            bail!("terms are those of a share: say it with --share");
        }
        // What is wrong here is said before anything is sent.
        self.terms.identities()?;
        let bytes = read(&self.file)?;
        let signature = self.signature()?;
        // Of several nodes all have it before one of them takes it.
        let activate_at_once = self.activate && self.nodes.is_one();
        let pushed =
            self.nodes.everywhere(|at| self.send(at, &bytes, signature.as_deref(), activate_at_once))?;
        self.nodes.tell_each(&pushed, |at, pushed| match self.share {
            Some(share) => versions::split(at, &self.role, versions::number_of(pushed)?, share, &self.terms),
            None if self.activate && !activate_at_once => {
                let number = versions::number_of(pushed)?;
                versions::change(at, &format!("/plugins/{}/{number}/promote", self.role))
            }
            None => Ok(vec![versions::describe(pushed)]),
        })
    }

    fn signature(&self) -> Result<Option<String>> {
        let read = match &self.signature {
            None => ::plugin::read_signature(&self.file)
                .with_context(|| ::plugin::signature_file(&self.file).display().to_string())?,
            Some(file) => Some(std::fs::read(file).with_context(|| file.display().to_string())?),
        };
        Ok(read.map(|signature| BASE64_STANDARD.encode(signature)))
    }

    /// The version as it is then at one node.
    fn send(&self, at: &AdminUrl, bytes: &[u8], signature: Option<&str>, activate: bool) -> Result<Value> {
        let mut path = format!("/plugins/{}?activate={activate}", self.role);
        if self.drop_hooks {
            path += "&drop-hooks=true";
        }
        let mut fields = vec![("Content-Type", "application/wasm")];
        fields.extend(signature.map(|signature| ("X-Plugin-Signature", signature)));
        let mut progress = Progress::begin(at, self.nodes.prefix(at), ::plugin::digest(bytes));
        thread::scope(|scope| {
            let sent = scope.spawn(|| http::post_with(at, &path, &fields, bytes));
            while !sent.is_finished() {
                thread::sleep(LOOK);
                progress.look(at);
            }
            progress.look(at);
            sent.join().map_err(|_| anyhow!("the push was broken off"))?
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let name = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(name)?.len();
    // The host would end the connection before it has been sent.
    if size > admin::MAX_PLUGIN_BYTES as u64 {
        bail!("{}: the file has {size} bytes, a plugin has at most {}", name(), admin::MAX_PLUGIN_BYTES);
    }
    std::fs::read(file).with_context(name)
}

/// Tells each step of one activation once. A host that tells none (an older one) hinders nothing.
struct Progress {
    /// Before each line.
    node: String,
    digest: String,
    /// The last one that was there before.
    before: u64,
    told: usize,
}

impl Progress {
    fn begin(at: &AdminUrl, node: String, digest: String) -> Progress {
        let before = http::get(at, "/plugins/activations").ok().and_then(|all| all[0]["id"].as_u64());
        Progress { node, digest, before: before.unwrap_or_default(), told: 0 }
    }

    fn look(&mut self, at: &AdminUrl) {
        if let Ok(all) = http::get(at, "/plugins/activations") {
            self.news(&all).iter().for_each(|line| println!("{}{line}", self.node));
        }
    }

    /// Lines about steps that were not told yet.
    fn news(&mut self, all: &Value) -> Vec<String> {
        let is_ours = |one: &&Value| {
            one["digest"] == *self.digest && one["id"].as_u64().is_some_and(|id| id > self.before)
        };
        let Some(ours) = all.as_array().into_iter().flatten().find(is_ours) else { return Vec::new() };
        let lines = steps(ours);
        let news = lines.iter().skip(self.told).cloned().collect();
        self.told = self.told.max(lines.len());
        news
    }
}

/// The steps of an activation, each on a line with the time since the one before.
pub(super) fn steps(activation: &Value) -> Vec<String> {
    let at = |step: &Value| step["at_ms"].as_u64().unwrap_or_default();
    let mut lines = Vec::new();
    let mut before = None;
    for step in activation["steps"].as_array().into_iter().flatten() {
        let name = step["step"].as_str().unwrap_or("?");
        lines.push(match before {
            None => name.to_owned(),
            Some(before) => format!("{name:<12} after {} ms", at(step).saturating_sub(before)),
        });
        if name == "rehearsed" {
            lines.extend(rehearsed(&activation["rehearsal"]).into_iter().map(|line| format!("  {line}")));
        }
        before = Some(at(step));
    }
    if let Some(refused) = activation["refused"].as_object() {
        let step = refused["step"].as_str().unwrap_or("?");
        let at = refused["at_ms"].as_u64().unwrap_or_default();
        let after = at.saturating_sub(before.unwrap_or(at));
        lines.push(format!("{:<12} after {after} ms, before it was {step}", "refused"));
    }
    lines
}

/// What came of a rehearsal: how many calls, in which ways they were decided otherwise, what was left out.
fn rehearsed(rehearsal: &Value) -> Vec<String> {
    let number = |of: &Value, name: &str| of[name].as_u64().unwrap_or_default();
    let mut lines = vec![format!(
        "{} recorded calls made again, {} decided otherwise; {} recorded cases hold",
        number(rehearsal, "calls"),
        number(rehearsal, "different"),
        number(rehearsal, "cases")
    )];
    for difference in rehearsal["differences"].as_array().into_iter().flatten() {
        let (what, first) = (versions::text(difference, "what"), versions::text(difference, "first"));
        lines.push(format!("{} times {what}, first {first}", number(difference, "calls")));
    }
    lines.extend(
        Some(number(rehearsal, "other"))
            .filter(|other| *other > 0)
            .map(|other| format!("{other} times something else")),
    );
    let left_out = rehearsal["left_out"].as_array().into_iter().flatten();
    lines.extend(left_out.filter_map(Value::as_str).map(|what| format!("left out: {what}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_step_is_told_once_and_other_activations_never() {
        let mut progress = Progress { node: String::new(), digest: "ab".into(), before: 3, told: 0 };
        let step = |name: &str, at_ms: u64| json!({ "step": name, "at_ms": at_ms });
        let told = |id: u64, digest: &str, steps: Vec<Value>| json!([{ "id": id, "digest": digest, "steps": steps }]);
        assert!(progress.news(&json!({ "error": "no such path" })).is_empty());
        assert!(progress.news(&told(3, "ab", vec![step("uploaded", 7)])).is_empty(), "an earlier one");
        assert!(progress.news(&told(4, "cd", vec![step("uploaded", 7)])).is_empty(), "somebody else's");
        assert_eq!(progress.news(&told(5, "ab", vec![step("uploaded", 7)])), ["uploaded"]);
        let more = vec![step("uploaded", 7), step("checked", 9), step("compiled", 609)];
        let lines = ["checked      after 2 ms", "compiled     after 600 ms"];
        assert_eq!(progress.news(&told(5, "ab", more.clone())), lines);
        assert!(progress.news(&told(5, "ab", more)).is_empty());
    }

    #[test]
    fn what_a_rehearsal_found_stands_below_its_step() {
        let activation = json!({
            "steps": [{ "step": "initialised", "at_ms": 5 }, { "step": "rehearsed", "at_ms": 9 }],
            "rehearsal": {
                "calls": 7, "different": 2, "cases": 1, "other": 0,
                "differences": [{ "what": "relay → reply 404", "calls": 2, "first": "call 3 of a.rec" }],
                "left_out": ["4 recorded calls of the role pcscf"]
            }
        });
        let lines = [
            "initialised",
            "rehearsed    after 4 ms",
            "  7 recorded calls made again, 2 decided otherwise; 1 recorded cases hold",
            "  2 times relay → reply 404, first call 3 of a.rec",
            "  left out: 4 recorded calls of the role pcscf",
        ];
        assert_eq!(steps(&activation), lines);
    }

    #[test]
    fn a_refusal_says_what_was_not_reached() {
        let activation = json!({
            "steps": [{ "step": "uploaded", "at_ms": 5 }],
            "refused": { "step": "checked", "why": "not WebAssembly", "at_ms": 6 }
        });
        assert_eq!(steps(&activation), ["uploaded", "refused      after 1 ms, before it was checked"]);
    }
}
