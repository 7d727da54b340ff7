//! Where log lines go: standard error, as text or JSON. In: the `[log]` table. Out: nothing.

use std::io::IsTerminal;

use anyhow::{Result, anyhow};
use runtime::config::{LogFormat, LogTable};
use tracing_subscriber::EnvFilter;

/// Starts logging. A bad filter is an error that names it. Only a terminal gets colours.
pub(crate) fn start(table: &LogTable) -> Result<()> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(table)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match table.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow!("logging did not start: {error}"))
}

/// Which lines are written.
pub(crate) fn filter(table: &LogTable) -> Result<EnvFilter> {
    // The name server's library has a line for each question.
    let quiet = format!("hickory_server=warn,{}", table.level);
    EnvFilter::try_new(&quiet).map_err(|error| anyhow!("log.level \"{}\": {error}", table.level))
}
