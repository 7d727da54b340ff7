//! The `strowger` command: run a host, check its configuration, work with plugins.
//!
//! In: arguments. Out: exit code 0, or 1 with one sentence on standard error (2: the arguments themselves).

mod certificate;
mod config_command;
mod configuration;
mod dns_command;
mod dns_role;
mod hss_command;
mod hss_http;
mod hss_role;
mod ladder;
mod logging;
mod nodes;
mod plugin_command;
mod record_command;
mod replay_command;
mod run;
mod sentence;
mod status;
mod trace_command;
mod ue_command;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A programmable SIP router: what it decides lives in WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "strowger", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run hosts in the foreground; SIGTERM drains and ends them, SIGHUP reloads what can be reloaded
    Run(run::RunArgs),
    /// Check a configuration, its files and its plugin without opening a port
    Check(ConfigFile),
    /// Make, build, test, push and list plugins
    Plugin {
        #[command(subcommand)]
        command: plugin_command::PluginCommand,
    },
    /// The configuration of a running host: what is other in its file, taking it, going back
    Config {
        #[command(subcommand)]
        command: config_command::ConfigCommand,
    },
    /// What a running host is doing
    Status(AdminUrl),
    /// The ladder of what went over the wire, of one host or of several that talk to each other
    Trace(trace_command::TraceArgs),
    /// Write down calls of a running host's script, to be made again
    Record {
        #[command(subcommand)]
        command: record_command::RecordCommand,
    },
    /// Make recorded calls again with a plugin, offline, or make a test case of one
    Replay(replay_command::ReplayArgs),
    /// Subscribers of a running home subscriber server
    Hss {
        #[command(subcommand)]
        command: hss_command::HssCommand,
    },
    /// A phone by script: registers, calls, sends messages, says what it heard
    Ue(ue_command::UeArgs),
    /// Names of an IMS domain: a zone file for BIND, or a server of its own
    Dns {
        #[command(subcommand)]
        command: dns_command::DnsCommand,
    },
    /// Make a self-signed certificate for a laboratory: tls.crt and tls.key
    Certificate(certificate::CertificateArgs),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The TOML file
    #[arg(long, short, value_name = "FILE", env = "STROWGER_CONFIG")]
    config: PathBuf,
}

/// How to reach a running host's HTTP interface.
#[derive(Debug, Args)]
struct AdminUrl {
    /// Its address, such as http://127.0.0.1:9060
    #[arg(long, value_name = "URL", env = "STROWGER_ADMIN", value_parser = admin_url)]
    admin: String,
    /// Its bearer token
    #[arg(long, value_name = "TOKEN", env = "STROWGER_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// `http://` may be left out.
fn admin_url(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        None => Ok(format!("http://{text}")),
        Some(("http", _)) => Ok(text.to_owned()),
        Some((other, _)) => Err(format!("hosts are asked by http, not {other}")),
    }
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(file) => run::check(&file.config),
        Command::Plugin { command } => plugin_command::execute(command),
        Command::Config { command } => config_command::execute(command),
        Command::Status(at) => status::print(&at),
        Command::Trace(args) => trace_command::print(&args),
        Command::Record { command } => record_command::execute(command),
        Command::Replay(args) => replay_command::execute(&args),
        Command::Hss { command } => hss_command::execute(command),
        Command::Ue(args) => ue_command::run(&args),
        Command::Dns { command } => dns_command::execute(command),
        Command::Certificate(args) => certificate::make(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("strowger: {}", sentence::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
