//! `strowger record`: whose calls of scripts a running host writes down. In: arguments, the host's JSON. Out: a line about
//! the recording.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::AdminUrl;
use crate::plugin_command::http;

#[derive(Debug, Subcommand)]
pub(crate) enum RecordCommand {
    /// Begin: FILE is a name in the host's folder of recordings. Identities of people are replaced by others
    Start {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        what: What,
        /// Leave identities, texts of messages and answers to challenges as they are: the file has personal data then
        #[arg(long)]
        clear: bool,
        /// Name of the file, without a folder
        file: String,
    },
    /// End it; the file is whole then
    Stop(Of),
    /// How it stands
    Status(Of),
}

#[derive(Debug, Args)]
pub(crate) struct Of {
    #[command(flatten)]
    at: AdminUrl,
    /// The role whose script's calls are recorded
    #[arg(long)]
    role: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// What this public identity takes part in
    #[arg(long, value_name = "URI")]
    identity: Option<String>,
    /// A share of the subscribers in percent, 0.1 to 99.9
    #[arg(long, value_name = "PERCENT")]
    share: Option<String>,
    /// Calls in which the script fails: a fault, a trap, a deadline, a decision that breaks the contract, a 5xx of its own
    #[arg(long)]
    errors: bool,
    /// Everything
    #[arg(long)]
    all: bool,
}

impl What {
    fn word(&self) -> String {
        match self {
            What { identity: Some(identity), .. } => identity.clone(),
            What { share: Some(share), .. } => format!("{}%", share.trim_end_matches('%')),
            What { errors: true, .. } => "errors".into(),
            What { .. } => "all".into(),
        }
    }
}

pub(crate) fn execute(command: RecordCommand) -> Result<()> {
    let path = |of: &Of| format!("/record/{}", http::escape(&of.role));
    let told = match command {
        RecordCommand::Start { of, what, clear, file } => {
            let (what, file) = (http::escape(&what.word()), http::escape(&file));
            http::post(&of.at, &format!("{}?what={what}&file={file}&clear={clear}", path(&of)), b"")?
        }
        RecordCommand::Stop(of) => http::delete(&of.at, &path(&of))?,
        RecordCommand::Status(of) => http::get(&of.at, &path(&of))?,
    };
    println!("{}", describe(&told));
    Ok(())
}

fn describe(told: &Value) -> String {
    let text = |key: &str| told[key].as_str().unwrap_or("?").to_owned();
    let number = |key: &str| told[key].as_u64().unwrap_or_default();
    let state = if told["running"] == true { "recording" } else { "recorded" };
    let clear = if told["clear"] == true { ", identities as they are" } else { "" };
    let mut line = format!(
        "{} {state} {} into {}{clear}: {} calls, {} bytes",
        text("role"),
        text("what"),
        text("file"),
        number("calls"),
        number("bytes")
    );
    for (key, words) in [
        ("unfaithful", "not faithful"),
        ("dropped", "dropped because too many came"),
        ("withheld", "withheld for what is in them"),
    ] {
        if number(key) > 0 {
            line += &format!(", {} {words}", number(key));
        }
    }
    if let Some(why) = told["ended"].as_str() {
        line += &format!("; ended: {why}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_on_one_line() {
        let told = serde_json::json!({
            "role": "edge", "what": "errors", "file": "/x/a.rec", "clear": false, "running": true, "calls": 3,
            "bytes": 900, "unfaithful": 1, "dropped": 0, "withheld": 0, "ended": null
        });
        assert_eq!(
            describe(&told),
            "edge recording errors into /x/a.rec: 3 calls, 900 bytes, 1 not faithful"
        );
    }
}
