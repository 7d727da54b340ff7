//! `strowger hss …`: subscribers of a running home subscriber server, by its HTTP interface.
//!
//! In: arguments. Out: what the server answered, printed for a person.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use crate::AdminUrl;
use crate::plugin_command::http;

#[derive(Debug, Subcommand)]
pub(crate) enum HssCommand {
    /// Add or update the subscribers and profiles of a file (docs/subscribers.md)
    Add {
        #[command(flatten)]
        at: AdminUrl,
        /// The TOML file
        file: PathBuf,
    },
    /// All subscribers, a line each
    List {
        #[command(flatten)]
        at: AdminUrl,
    },
    /// One subscriber and what has become of it
    Show {
        #[command(flatten)]
        at: AdminUrl,
        /// Any of its identities
        identity: String,
    },
    /// Remove a subscriber; its S-CSCF is told
    Remove {
        #[command(flatten)]
        at: AdminUrl,
        /// Any of its identities
        identity: String,
    },
    /// End a subscriber's registrations: Registration-Termination to its S-CSCF
    Deregister {
        #[command(flatten)]
        at: AdminUrl,
        /// Any of its identities
        identity: String,
        /// Why
        #[arg(long, default_value = "permanent")]
        reason: Reason,
    },
    /// Tell a subscriber's S-CSCF of its profile anew: Push-Profile
    Update {
        #[command(flatten)]
        at: AdminUrl,
        /// Any of its identities
        identity: String,
    },
}

/// TS 29.229 §6.3.17.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Reason {
    /// The subscription ends, or the user is to be gone
    Permanent,
    /// Another S-CSCF serves the user
    NewServer,
    /// The user is to register anew, at another S-CSCF
    ServerChange,
    /// Nothing is registered: the S-CSCF is to forget the profile
    RemoveScscf,
}

pub(crate) fn execute(command: HssCommand) -> Result<()> {
    match command {
        HssCommand::Add { at, file } => {
            let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
            print(&http::post(&at, "/subscribers", &text)?);
        }
        HssCommand::List { at } => list(&at)?,
        HssCommand::Show { at, identity } => {
            let shown = http::get(&at, &format!("/subscribers/{}", http::escape(&identity)))?;
            println!("{}", serde_json::to_string_pretty(&shown)?);
        }
        HssCommand::Remove { at, identity } => {
            print(&http::delete(&at, &format!("/subscribers/{}", http::escape(&identity)))?);
        }
        HssCommand::Deregister { at, identity, reason } => {
            let reason =
                reason.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            let path = format!("/subscribers/{}/deregister?reason={reason}", http::escape(&identity));
            print(&http::post(&at, &path, b"")?);
        }
        HssCommand::Update { at, identity } => {
            print(&http::post(&at, &format!("/subscribers/{}/push", http::escape(&identity)), b"")?);
        }
    }
    Ok(())
}

fn list(at: &AdminUrl) -> Result<()> {
    let mut after = String::new();
    loop {
        let page = http::get(at, &format!("/subscribers?after={}", http::escape(&after)))?;
        let rows = page.as_array().cloned().unwrap_or_default();
        let Some(last) = rows.last() else { return Ok(()) };
        after = last["name"].as_str().unwrap_or_default().to_owned();
        for row in &rows {
            let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
            println!("{:<40} {:<15} {}", text("name"), text("state"), text("server"));
        }
    }
}

fn print(answer: &Value) {
    for (key, value) in answer.as_object().into_iter().flatten() {
        match value {
            Value::Array(all) => println!("{key}: {}", all.len()),
            Value::String(text) => println!("{key}: {text}"),
            other => println!("{key}: {other}"),
        }
    }
}
