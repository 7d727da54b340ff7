//! `strowger config …`: the configuration of a running host, beside its file.
//!
//! In: arguments, the host's JSON. Out: a line for each key.

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::Value;

use crate::AdminUrl;
use crate::nodes::Nodes;
use crate::plugin_command::http;
use crate::plugin_command::versions::{number, percent};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// What is other in the file than in the running host; `strowger check` says whether a file is fit at all
    Diff {
        #[command(flatten)]
        nodes: Nodes,
    },
    /// Take the file: everything in it is checked before anything changes
    Apply {
        #[command(flatten)]
        nodes: Nodes,
        /// Give only the plugin with its configuration, and only to this share of the subscribers: percent, 0.1 to 99.9
        #[arg(long, value_parser = percent)]
        share: Option<u16>,
    },
    /// Go back to the configuration that was taken before; the file is left as it is
    Rollback {
        #[command(flatten)]
        nodes: Nodes,
    },
    /// The text that a version of the script was configured with
    Show {
        #[command(flatten)]
        at: AdminUrl,
        /// The role
        #[arg(long)]
        role: String,
        /// The version's number, from `plugin list`
        #[arg(value_parser = number)]
        version: u32,
    },
}

pub(crate) fn execute(command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Diff { nodes } => nodes.tell(diff),
        ConfigCommand::Apply { nodes, share } => {
            let share = share.map(|share| format!("?share={share}")).unwrap_or_default();
            // A file that does not fit one node is taken by none.
            if !nodes.is_one() {
                nodes.everywhere(diff)?;
            }
            nodes.tell(|at| Ok(applied(&http::post(at, &format!("/configuration{share}"), b"")?)))
        }
        ConfigCommand::Rollback { nodes } => {
            nodes.tell(|at| Ok(applied(&http::post(at, "/configuration/rollback", b"")?)))
        }
        ConfigCommand::Show { at, role, version } => {
            let answer =
                http::get(&at, &format!("/plugins/{}/{version}/configuration", http::escape(&role)))?;
            print!("{}", answer["configuration"].as_str().unwrap_or_default());
            Ok(())
        }
    }
}

fn diff(at: &AdminUrl) -> Result<Vec<String>> {
    let Value::Array(differences) = http::get(at, "/configuration")? else {
        bail!("the host's answer is not a list")
    };
    Ok(match differences.is_empty() {
        true => vec!["the file says what the host does".to_owned()],
        false => differences.iter().flat_map(told).collect(),
    })
}

fn applied(answer: &Value) -> Vec<String> {
    let mut lines: Vec<String> =
        answer["differences"].as_array().into_iter().flatten().flat_map(told).collect();
    let taken: Vec<&str> =
        answer["taken"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    lines.push(format!("taken: {}", taken.join(", ")));
    lines
}

/// One key; values of several lines are compared line by line.
fn told(difference: &Value) -> Vec<String> {
    let when = match difference["live"].as_bool() {
        Some(true) => "",
        _ => "  (counts from the next start on)",
    };
    let mut all = vec![format!("{}{when}", difference["key"].as_str().unwrap_or("?"))];
    let lines =
        |value: &Value| value.as_str().map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    let (running, file) = (lines(&difference["running"]), lines(&difference["file"]));
    let alone = |here: &Option<Vec<String>>, there: &Option<Vec<String>>, sign: char| {
        let there = there.as_deref().unwrap_or_default();
        let only = here.iter().flatten().filter(|line| !there.contains(line));
        only.map(|line| format!("  {sign} {line}")).collect::<Vec<_>>()
    };
    all.extend(alone(&running, &file, '-'));
    all.extend(alone(&file, &running, '+'));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_told_with_the_lines_that_are_other() {
        let one = json!({ "key": "timers.t1_ms", "running": "500", "file": null, "live": true });
        assert_eq!(told(&one), ["timers.t1_ms", "  - 500"]);
        let text =
            json!({ "key": "plugin.configuration", "running": "a\nb\n", "file": "a\nc\n", "live": true });
        assert_eq!(told(&text), ["plugin.configuration", "  - b", "  + c"]);
        let later = json!({ "key": "node.shards", "running": null, "file": "2", "live": false });
        assert_eq!(told(&later), ["node.shards  (counts from the next start on)", "  + 2"]);
    }
}
