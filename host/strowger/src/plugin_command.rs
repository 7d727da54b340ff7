//! `strowger plugin …`: from a new folder to a running system.
//!
//! In: arguments. Out: files, or what the host answered, printed for a person.

pub(crate) mod http;
mod run_cases;
mod scripted;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::Value;

use crate::AdminUrl;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Make a folder NAME with a plugin that builds and tests at once
    New {
        /// Lower-case letters, digits and hyphens; also the folder's name
        name: String,
        /// Folder to make it in
        #[arg(long, default_value = ".")]
        into: PathBuf,
    },
    /// Build the plugin in this folder to target/plugins/NAME.wasm
    Build {
        /// The plugin's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Say which compiler was taken
        #[arg(long, short)]
        verbose: bool,
    },
    /// Run case files against a built plugin
    Test {
        /// The .wasm file
        plugin: PathBuf,
        /// A case file, or a folder of *.case files
        cases: PathBuf,
        /// Role whose grants it gets
        #[arg(long, default_value = "edge")]
        role: String,
    },
    /// Send a plugin to a running host
    Push {
        #[command(flatten)]
        at: AdminUrl,
        /// The role it is for
        #[arg(long)]
        role: String,
        /// Take it for new transactions at once; otherwise it is only checked
        #[arg(long)]
        activate: bool,
        /// The .wasm file
        file: PathBuf,
    },
    /// Versions a running host has
    List {
        #[command(flatten)]
        at: AdminUrl,
    },
}

pub(crate) fn execute(command: PluginCommand) -> Result<()> {
    match command {
        PluginCommand::New { name, into } => new(&name, &into),
        PluginCommand::Build { folder, verbose } => build(&folder, verbose),
        PluginCommand::Test { plugin, cases, role } => run_cases::run(&plugin, &cases, &role),
        PluginCommand::Push { at, role, activate, file } => push(&at, &role, activate, &file),
        PluginCommand::List { at } => list(&at),
    }
}

fn new(name: &str, into: &Path) -> Result<()> {
    let folder = into.join(name);
    let files = scaffold::new_plugin(name, &folder)?;
    println!("{}: {} files. Next:", folder.display(), files.len());
    println!("  cd {}", folder.display());
    println!("  cargo test");
    println!("  strowger plugin build");
    println!("  strowger plugin test target/plugins/{name}.wasm cases/");
    println!("  strowger run --config strowger.toml");
    Ok(())
}

fn build(folder: &Path, verbose: bool) -> Result<()> {
    if !folder.join("Cargo.toml").is_file() {
        bail!(
            "{}: no plugin's folder, it has no Cargo.toml (`strowger plugin new NAME` makes one)",
            folder.display()
        );
    }
    let options = toolchain::Options { verbose, ..toolchain::Options::default() };
    let built = toolchain::build_plugin(folder, &options)?;
    let size = std::fs::metadata(&built).with_context(|| built.display().to_string())?.len();
    println!("{} ({} kB)", built.display(), size.div_ceil(1024));
    Ok(())
}

fn push(at: &AdminUrl, role: &str, activate: bool, file: &Path) -> Result<()> {
    let name = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(name)?.len();
    // The host would end the connection before it has been sent.
    if size > admin::MAX_PLUGIN_BYTES as u64 {
        bail!("{}: the file has {size} bytes, a plugin has at most {}", name(), admin::MAX_PLUGIN_BYTES);
    }
    let bytes = std::fs::read(file).with_context(name)?;
    let answer = http::post(at, &format!("/plugins/{role}?activate={activate}"), &bytes)?;
    println!("{}", describe(&answer));
    Ok(())
}

fn list(at: &AdminUrl) -> Result<()> {
    let Value::Array(plugins) = http::get(at, "/plugins")? else { bail!("the host's answer is not a list") };
    plugins.iter().for_each(|plugin| println!("{}", describe(plugin)));
    Ok(())
}

/// One version on one line.
fn describe(plugin: &Value) -> String {
    let text = |key: &str| plugin[key].as_str().unwrap_or("?").to_owned();
    format!(
        "{:<8} {:<20} {:<10} #{:<4} {:<8} {}  {} calls",
        text("role"),
        text("name"),
        text("version"),
        plugin["number"],
        text("state"),
        text("digest").get(..12).unwrap_or("?"),
        plugin["calls"],
    )
}
