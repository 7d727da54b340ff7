//! `strowger trace`: the ladder of what went over the wire. In: the HTTP interfaces of hosts with `[trace]`. Out: a
//! drawing, or the messages as JSON lines.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use crate::AdminUrl;
use crate::ladder::{self, OfNode};
use crate::plugin_command::http;

/// How often a followed host is asked.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Address of a host's HTTP interface, such as http://127.0.0.1:9060; may be given again
    #[arg(long, value_name = "URL", required = true, value_parser = crate::admin_url)]
    admin: Vec<String>,
    /// Their bearer token
    #[arg(long, value_name = "TOKEN", env = "STROWGER_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Only this Call-ID or Session-Id
    #[arg(long)]
    call: Option<String>,
    /// What an address is called in the drawing, such as 127.0.0.1:5071=alice; may be given again
    #[arg(long = "name", value_name = "ADDRESS=NAME", value_parser = name)]
    names: Vec<(SocketAddr, String)>,
    /// Messages as lines of JSON
    #[arg(long)]
    json: bool,
    /// Go on with what comes, until interrupted
    #[arg(long, short)]
    follow: bool,
}

fn name(text: &str) -> Result<(SocketAddr, String), String> {
    let (address, name) = text.split_once('=').ok_or("not ADDRESS=NAME")?;
    Ok((address.parse().map_err(|_| format!("{address}: not an address and a port"))?, name.to_owned()))
}

/// What `/trace` answers.
#[derive(Deserialize)]
struct Answered {
    role: String,
    #[serde(flatten)]
    page: trace::Page,
}

pub(crate) fn print(args: &TraceArgs) -> Result<()> {
    let names: HashMap<SocketAddr, String> = args.names.iter().cloned().collect();
    let mut next = vec![0; args.admin.len()];
    loop {
        let mut nodes: Vec<OfNode> = Vec::new();
        for (admin, next) in args.admin.iter().zip(&mut next) {
            nodes.push(ask(args, admin, next)?);
        }
        if nodes.iter().any(|node| !node.messages.is_empty()) {
            show(args, &nodes, &names)?;
        }
        if !args.follow {
            return Ok(());
        }
        std::thread::sleep(EVERY);
    }
}

/// All that a host has, page by page.
fn ask(args: &TraceArgs, admin: &str, next: &mut u64) -> Result<OfNode> {
    let at = AdminUrl { admin: admin.to_owned(), token: args.token.clone() };
    let mut node = OfNode { name: String::new(), messages: Vec::new() };
    loop {
        let mut path = format!("/trace?after={next}");
        if let Some(call) = &args.call {
            path += &format!("&call={}", http::escape(call));
        }
        let answer = http::get(&at, &path).with_context(|| admin.to_owned())?;
        let Answered { role, page } = serde_json::from_value(answer).with_context(|| admin.to_owned())?;
        if page.lost > 0 && *next > 0 {
            eprintln!("{admin}: {} messages came too fast to be shown", page.lost);
        }
        node.name = role;
        *next = page.next;
        let is_last = page.messages.len() < trace::MAX_PAGE;
        node.messages.extend(page.messages);
        if is_last {
            return Ok(node);
        }
    }
}

fn show(args: &TraceArgs, nodes: &[OfNode], names: &HashMap<SocketAddr, String>) -> Result<()> {
    if !args.json {
        print!("{}", ladder::draw(nodes, names));
        return Ok(());
    }
    for node in nodes {
        for one in &node.messages {
            let mut line = serde_json::to_value(one)?;
            line["role"] = node.name.clone().into();
            println!("{line}");
        }
    }
    Ok(())
}
