//! `strowger plugin …`: from a new folder to a running system.
//!
//! In: arguments. Out: files, or what the host answered, printed for a person.

pub(crate) mod http;
mod run_cases;
mod scripted;
mod versions;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::AdminUrl;
use versions::{number, percent};

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
        /// A case file, or a folder of *.case and *.recorded files
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
        /// Take it for new transactions at once; otherwise it is checked, and kept to be given a share or promoted
        #[arg(long, conflicts_with = "share")]
        activate: bool,
        /// Give it a share of the subscribers at once: percent, 0.1 to 99.9
        #[arg(long, value_parser = percent)]
        share: Option<u16>,
        /// The .wasm file
        file: PathBuf,
    },
    /// Give a version a share of the subscribers; always the same ones, and those of a smaller share are among them
    Split {
        #[command(flatten)]
        version: Version,
        /// Percent of the subscribers, 0.1 to 99.9; 0 takes the share back
        #[arg(value_parser = percent)]
        share: u16,
    },
    /// Make a version the active one
    Promote(Version),
    /// Let the calls of an old version go on with the active one, instead of ending with it
    Adopt(Version),
    /// Take all shares back; where there are none, make the version active that was so before
    Rollback {
        #[command(flatten)]
        at: AdminUrl,
        /// The role
        #[arg(long)]
        role: String,
    },
    /// Say which version a subscriber's next transaction takes
    Which {
        #[command(flatten)]
        at: AdminUrl,
        /// A public identity: sip:alice@ims.test
        identity: String,
    },
    /// What was done with versions, and by whom; the newest last
    History {
        #[command(flatten)]
        at: AdminUrl,
        /// How many
        #[arg(long, default_value_t = 20)]
        last: u16,
    },
    /// Versions a running host has
    List {
        #[command(flatten)]
        at: AdminUrl,
    },
}

/// One version of a running host.
#[derive(Debug, clap::Args)]
pub(crate) struct Version {
    #[command(flatten)]
    at: AdminUrl,
    /// The role it is for
    #[arg(long)]
    role: String,
    /// The version's number, from `plugin list`
    #[arg(value_parser = number)]
    version: u32,
}

impl Version {
    fn change(&self, what: &str) -> Result<()> {
        versions::change(&self.at, &format!("/plugins/{}/{}/{what}", self.role, self.version))
    }
}

pub(crate) fn execute(command: PluginCommand) -> Result<()> {
    match command {
        PluginCommand::New { name, into } => new(&name, &into),
        PluginCommand::Build { folder, verbose } => build(&folder, verbose),
        PluginCommand::Test { plugin, cases, role } => run_cases::run(&plugin, &cases, &role),
        PluginCommand::Push { at, role, activate, share, file } => push(&at, &role, activate, share, &file),
        PluginCommand::List { at } => versions::list(&at),
        PluginCommand::Split { version, share } => version.change(&format!("split?share={share}")),
        PluginCommand::Promote(version) => version.change("promote"),
        PluginCommand::Adopt(version) => version.change("adopt"),
        PluginCommand::Rollback { at, role } => versions::change(&at, &format!("/plugins/{role}/rollback")),
        PluginCommand::Which { at, identity } => versions::which(&at, &identity),
        PluginCommand::History { at, last } => versions::history(&at, last),
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

fn push(at: &AdminUrl, role: &str, activate: bool, share: Option<u16>, file: &Path) -> Result<()> {
    let name = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(name)?.len();
    // The host would end the connection before it has been sent.
    if size > admin::MAX_PLUGIN_BYTES as u64 {
        bail!("{}: the file has {size} bytes, a plugin has at most {}", name(), admin::MAX_PLUGIN_BYTES);
    }
    let bytes = std::fs::read(file).with_context(name)?;
    let share = share.map(|share| format!("&share={share}")).unwrap_or_default();
    let answer = http::post(at, &format!("/plugins/{role}?activate={activate}{share}"), &bytes)?;
    println!("{}", versions::describe(&answer));
    Ok(())
}
