//! `strowger plugin …`: from a new folder to a running system.
//!
//! In: arguments. Out: files, or what the host answered, printed for a person.

mod diff;
pub(crate) mod http;
mod push;
mod run_cases;
mod scripted;
mod shadow;
mod terms;
pub(crate) mod versions;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::AdminUrl;
use crate::nodes::{Named, Nodes, named};
use terms::Terms;
use versions::percent;

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
    /// Look at a plugin as a host would before compiling it: its contract, its imports, its signature
    Check {
        /// Role whose grants it gets
        #[arg(long)]
        role: String,
        /// A minisign public key: one of them must have signed it, in FILE.minisig; may be given again
        #[arg(long, value_name = "KEY")]
        key: Vec<String>,
        /// The .wasm file
        file: PathBuf,
    },
    /// Send a plugin to a running host
    Push(push::Push),
    /// Give a version a share of the subscribers; always the same ones, and those of a smaller share are among them
    Split {
        #[command(flatten)]
        version: Version,
        /// Percent, 0.1 to 99.9, up to 100 with --identity, --method or --pcscf; 0 takes the share back
        #[arg(value_parser = percent)]
        share: u16,
        /// Without any, a candidate keeps those that it has; with some, they are all
        #[command(flatten)]
        terms: Terms,
    },
    /// Make a version the active one
    Promote(Version),
    /// Let the calls of an old version go on with the active one, instead of ending with it
    Adopt(Version),
    /// End the calls of an old version, by a BYE to both sides of each
    End(Version),
    /// Take all shares back; where there are none, make the version active that was so before
    Rollback {
        #[command(flatten)]
        nodes: Nodes,
        /// The role
        #[arg(long)]
        role: String,
    },
    /// Let a version decide copies of calls, and compare it with the active one; without a version: what it has seen
    Shadow {
        #[command(flatten)]
        nodes: Nodes,
        /// The role it is for
        #[arg(long)]
        role: String,
        /// The version's number, from `plugin list`, or the first digits of its digest
        #[arg(value_parser = named, conflicts_with = "off")]
        version: Option<Named>,
        /// Percent of the calls, 0.1 to 100
        #[arg(long, value_parser = shadow::percent, default_value = "10", requires = "version")]
        share: u16,
        /// End it
        #[arg(long)]
        off: bool,
    },
    /// Say which version a subscriber's next transaction takes
    Which {
        #[command(flatten)]
        nodes: Nodes,
        /// A public identity: sip:alice@ims.test
        identity: String,
    },
    /// What was done with versions, and by whom; the newest last
    History {
        #[command(flatten)]
        nodes: Nodes,
        /// How many
        #[arg(long, default_value_t = 20)]
        last: u16,
    },
    /// What differs between two versions: manifest, hooks, imports, size, digest
    Diff(diff::Diff),
    /// How the last plugins came in, step by step, or were refused; the newest first
    Activations {
        #[command(flatten)]
        nodes: Nodes,
    },
    /// Versions a running host has
    List {
        #[command(flatten)]
        nodes: Nodes,
    },
}

/// One version of a running host.
#[derive(Debug, clap::Args)]
pub(crate) struct Version {
    #[command(flatten)]
    nodes: Nodes,
    /// The role it is for
    #[arg(long)]
    role: String,
    /// The version's number, from `plugin list`, or the first digits of its digest
    #[arg(value_parser = named)]
    version: Named,
}

impl Version {
    fn change(&self, what: &str) -> Result<()> {
        let role = &self.role;
        let change =
            |at: &AdminUrl, number| versions::change(at, &format!("/plugins/{role}/{number}/{what}"));
        self.nodes.tell_of(role, &self.version, change)
    }
}

pub(crate) fn execute(command: PluginCommand) -> Result<()> {
    match command {
        PluginCommand::New { name, into } => new(&name, &into),
        PluginCommand::Build { folder, verbose } => build(&folder, verbose),
        PluginCommand::Test { plugin, cases, role } => run_cases::run(&plugin, &cases, &role),
        PluginCommand::Check { role, key, file } => check(&role, key, &file),
        PluginCommand::Push(push) => push.execute(),
        PluginCommand::Diff(diff) => diff.execute(),
        PluginCommand::Activations { nodes } => nodes.tell(versions::activations),
        PluginCommand::List { nodes } => nodes.tell(versions::list),
        PluginCommand::Split { version: Version { nodes, role, version }, share, terms } => {
            nodes.tell_of(&role, &version, |at, number| versions::split(at, &role, number, share, &terms))
        }
        PluginCommand::Promote(version) => version.change("promote"),
        PluginCommand::Adopt(version) => version.change("adopt"),
        PluginCommand::End(version) => version.change("end"),
        PluginCommand::Rollback { nodes, role } => {
            nodes.tell(|at| versions::change(at, &format!("/plugins/{role}/rollback")))
        }
        PluginCommand::Shadow { nodes, role, off: true, .. } => nodes.tell(|at| shadow::end(at, &role)),
        PluginCommand::Shadow { nodes, role, version: Some(version), share, .. } => {
            nodes.tell_of(&role, &version, |at, number| shadow::begin(at, &role, number, share))
        }
        PluginCommand::Shadow { nodes, role, .. } => nodes.tell(|at| shadow::report(at, &role)),
        PluginCommand::Which { nodes, identity } => nodes.tell(|at| versions::which(at, &identity)),
        PluginCommand::History { nodes, last } => nodes.tell(|at| versions::history(at, last)),
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

fn check(role: &str, keys: Vec<String>, file: &Path) -> Result<()> {
    let name = || file.display().to_string();
    let keys = ::plugin::Keys::try_from(keys)?;
    let bytes = ::plugin::read_file(file).with_context(name)?;
    let signature = ::plugin::read_signature(file).with_context(name)?;
    keys.check(&bytes, signature.as_deref()).with_context(name)?;
    let engine = ::plugin::Engine::new(::plugin::EngineConfig::default())?;
    let checked = engine.check(&bytes, &::plugin::Role::named(role)).with_context(name)?;
    let signed = if keys.is_empty() { "" } else { ", signed" };
    println!("{}: {}{signed}: all right", file.display(), checked.hooks.names().join(" "));
    Ok(())
}
