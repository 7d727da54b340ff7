//! `cargo xtask demo`: an IMS on this machine with two phones, or, as `demo edge`, one router and no IMS.
//!
//! Both build what they need, make the first calls and draw them. Without `--once` what was started then stays up until
//! Ctrl-C.

mod calls;
mod edge;
pub(crate) mod http;
mod ims;
mod lab;
mod ladder;
mod phone;
pub(crate) mod process;
pub(crate) mod router;

use anyhow::{Result, bail};

/// The whole command.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => ims::run(false),
        ["--once"] => ims::run(true),
        ["edge"] => edge::run(false),
        ["edge", "--once"] | ["--once", "edge"] => edge::run(true),
        _ => bail!("demo [edge] [--once], not `{}`", words.join(" ")),
    }
}
