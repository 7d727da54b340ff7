//! `strowger plugin diff A B`: what differs between two versions of a plugin. In: numbers of a running host's versions, or
//! files. Out: a line for each thing that differs.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use plugin::{Engine, EngineConfig, Role};
use runtime::PluginDetails;
use scaffold::cases::HostAnswers;

use super::scripted::Scripted;
use super::{http, versions};
use crate::AdminUrl;

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The host that has versions given by number, such as http://127.0.0.1:9060
    #[arg(long, value_name = "URL", env = "STROWGER_ADMIN", value_parser = crate::admin_url)]
    admin: Option<String>,
    /// Its bearer token
    #[arg(long, value_name = "TOKEN", env = "STROWGER_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The role they are for: files are looked at with its grants
    #[arg(long)]
    role: String,
    /// Text handed to the init of files: a file that has it
    #[arg(long, value_name = "FILE")]
    configuration: Option<std::path::PathBuf>,
    /// A version's number, from `plugin list`, or a .wasm file
    a: String,
    /// The other one
    b: String,
}

impl Diff {
    pub(super) fn execute(&self) -> Result<()> {
        let (a, b) = (self.side(&self.a)?, self.side(&self.b)?);
        let lines = compare(&a, &b);
        match lines.is_empty() {
            true => println!("{} and {} are the same, byte for byte", self.a, self.b),
            false => lines.iter().for_each(|line| println!("{line}")),
        }
        Ok(())
    }

    fn side(&self, which: &str) -> Result<PluginDetails> {
        let Ok(number) = versions::number(which) else { return self.of_file(Path::new(which)) };
        let admin = self.admin.clone().ok_or_else(|| {
            anyhow!("#{number} is a version of a running host: say which with --admin (a file of this name: ./{which})")
        })?;
        let at = AdminUrl { admin, token: self.token.clone() };
        Ok(serde_json::from_value(http::get(&at, &format!("/plugins/{}/{number}", self.role))?)?)
    }

    fn of_file(&self, file: &Path) -> Result<PluginDetails> {
        let name = || file.display().to_string();
        let bytes = ::plugin::read_file(file).with_context(name)?;
        let (engine, role) = (Engine::new(EngineConfig::default())?, Role::named(&self.role));
        let checked = engine.check(&bytes, &role).with_context(name)?;
        let configuration = match &self.configuration {
            None => String::new(),
            Some(file) => std::fs::read_to_string(file).with_context(|| file.display().to_string())?,
        };
        let services = Scripted::new(HostAnswers::default(), Arc::new(Mutex::default()));
        match engine.load(&bytes, &role, &configuration, Arc::new(services)) {
            Ok(plugin) => Ok(PluginDetails::of(&plugin)),
            Err(error) => {
                eprintln!("{}: {error}; what it says about itself is left out (--configuration)", name());
                Ok(PluginDetails::of_file(&bytes, &checked))
            }
        }
    }
}

/// What differs, a line each; nothing: they are the same file.
fn compare(a: &PluginDetails, b: &PluginDetails) -> Vec<String> {
    let mut lines = Vec::new();
    if a.digest == b.digest {
        return lines;
    }
    let mut differ = |what: &str, a: &dyn Display, b: &dyn Display| {
        lines.push(format!("{what:<10} {a} → {b}"));
    };
    // One that was not run has none.
    if !a.name.is_empty() && !b.name.is_empty() {
        for (what, a, b) in [("name", &a.name, &b.name), ("version", &a.version, &b.version)] {
            if a != b {
                differ(what, a, b);
            }
        }
        if a.methods != b.methods {
            let told = |methods: &[String]| if methods.is_empty() { "all".into() } else { methods.join(" ") };
            differ("methods", &told(&a.methods), &told(&b.methods));
        }
    }
    if a.size != b.size {
        differ("size", &format!("{} bytes", a.size), &format!("{} bytes", b.size));
    }
    let short = |digest: &str| digest.get(..12).unwrap_or("?").to_owned();
    differ("digest", &short(&a.digest), &short(&b.digest));
    lines.extend(sets("hooks", &a.hooks, &b.hooks));
    lines.extend(sets("imports", &a.imports, &b.imports));
    if !a.name.is_empty() && !b.name.is_empty() {
        lines.extend(sets("wants", &a.wants, &b.wants));
    }
    lines
}

/// What only one of two lists has.
fn sets(what: &str, a: &[String], b: &[String]) -> Vec<String> {
    let only = |these: &[String], those: &[String], sign: char| -> Vec<String> {
        let only = these.iter().filter(|one| !those.contains(one));
        only.map(|one| format!("{what:<10} {sign} {one}")).collect()
    };
    [only(a, b, '-'), only(b, a, '+')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details() -> PluginDetails {
        PluginDetails {
            name: "mine".into(),
            version: "0.1.0".into(),
            digest: "0123456789abcdef".into(),
            size: 1000,
            hooks: vec!["on-request".into(), "on-reply".into()],
            imports: vec!["strowger:host/log@0.1.0".into()],
            methods: vec![],
            wants: vec![],
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        assert!(compare(&details(), &details()).is_empty());
        let other = PluginDetails { digest: "fedcba9876543210".into(), ..details() };
        assert_eq!(compare(&details(), &other), ["digest     0123456789ab → fedcba987654"]);
        let other = PluginDetails {
            version: "0.2.0".into(),
            size: 1024,
            hooks: vec!["on-request".into(), "on-timer".into()],
            imports: vec![],
            methods: vec!["INVITE".into()],
            wants: vec!["body".into()],
            ..other
        };
        let all = [
            "version    0.1.0 → 0.2.0",
            "methods    all → INVITE",
            "size       1000 bytes → 1024 bytes",
            "digest     0123456789ab → fedcba987654",
            "hooks      - on-reply",
            "hooks      + on-timer",
            "imports    - strowger:host/log@0.1.0",
            "wants      + body",
        ];
        assert_eq!(compare(&details(), &other), all);
    }

    /// Its name is not known, which is no difference.
    #[test]
    fn a_file_that_was_not_run_is_compared_by_what_can_be_seen() {
        let other = PluginDetails {
            digest: "fedcba9876543210".into(),
            hooks: vec!["on-request".into()],
            wants: vec!["body".into()],
            name: String::new(),
            version: String::new(),
            ..details()
        };
        let lines = ["digest     0123456789ab → fedcba987654", "hooks      - on-reply"];
        assert_eq!(compare(&details(), &other), lines);
    }
}
