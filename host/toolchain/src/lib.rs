//! The compiler for `wasm32-unknown-unknown`: found or fetched, kept, and plugins built with it.
//!
//! Plugins compile to a core module for `wasm32-unknown-unknown`; the host turns it into a component when it loads
//! it. A machine with rustup's stable toolchain alone has no standard library for that target, so [`Wasm::find`]
//! looks in this order and says which it took:
//!
//! ```text
//!  1 installed   the toolchain's own target has its standard library        nothing to do
//!  2 kept        an earlier run unpacked a compiler (way 4), it still runs  nothing to do
//!  3 rustup      `rustup target add wasm32-unknown-unknown`                 bounded in time
//!  4 packages    rustc and rust-src of Debian or Ubuntu, `apt-get download` unpacked beside the build output,
//!                standard library built from source, the toolchain's rust-lld as linker; the system stays as it is
//! ```
//!
//! In: a folder to keep things in. Out: a [`Wasm`] that runs `cargo` for the target and hands back the paths of
//! what it built. What a plugin is, and how it is loaded, does not belong here. [`needs`] is a second, small thing
//! every test of the workspace may use: a program that is needed, or the test is skipped aloud.

mod build;
mod elsewhere;
mod error;
mod installed;
pub mod needs;
mod packages;
mod run;
mod rustup;

pub use build::{Profile, build_plugin, place};
pub use error::Error;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The only target plugins are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Environment variable that forces one way: `installed`, `rustup` or `packages`. For tests of the ways themselves.
pub const WAY_VARIABLE: &str = "STROWGER_WASM_WAY";

/// How the compiler was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The toolchain in use already has the target.
    Installed,
    /// `rustup target add` has just given it the target.
    Rustup,
    /// The distribution's packages, unpacked in the folder of [`Options::keep`].
    Packages,
}

impl Way {
    /// The word that [`WAY_VARIABLE`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Way::Installed => "installed",
            Way::Rustup => "rustup",
            Way::Packages => "packages",
        }
    }

    fn from_name(name: &str) -> Option<Way> {
        [Way::Installed, Way::Rustup, Way::Packages].into_iter().find(|way| way.name() == name)
    }
}

/// Where things are kept, and who is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the unpacked compiler (about 450 MB if it comes to that). Made when needed.
    pub keep: PathBuf,
    /// Cargo's target folder for plugins; `None` is `target/wasm` beside the manifest that is built.
    pub target_dir: Option<PathBuf>,
    /// Only this way, no other. `None` tries them in order.
    pub only: Option<Way>,
    /// Also tell which compiler was taken when nothing had to be fetched.
    pub verbose: bool,
    /// Where progress lines go, one line without its end at a time.
    pub progress: fn(&str),
}

impl Options {
    /// For a checkout of Strowger: compiler in `target/wasm-toolchain`, plugins' builds in `target/wasm`.
    pub fn in_workspace(root: &Path) -> Options {
        Options {
            keep: root.join("target/wasm-toolchain"),
            target_dir: Some(root.join("target/wasm")),
            only: way_from_environment(),
            verbose: false,
            progress: to_stderr,
        }
    }

    /// For somebody's plugin folder: what the checkout that this program was built in has kept, else the user's
    /// cache folder (`$XDG_CACHE_HOME/strowger` or `~/.cache/strowger`, at last a temporary folder).
    pub fn for_user() -> Options {
        Options {
            keep: elsewhere::folder_to_keep(),
            target_dir: None,
            only: way_from_environment(),
            verbose: false,
            progress: to_stderr,
        }
    }
}

/// [`Options::for_user`].
impl Default for Options {
    fn default() -> Options {
        Options::for_user()
    }
}

fn way_from_environment() -> Option<Way> {
    std::env::var(WAY_VARIABLE).ok().as_deref().and_then(Way::from_name)
}

fn to_stderr(line: &str) {
    eprintln!("{line}");
}

/// A compiler for [`TARGET`], ready to be used.
#[derive(Clone, Debug)]
pub struct Wasm {
    way: Way,
    rustc_version: String,
    /// `None`: the toolchain in use.
    unpacked: Option<packages::Unpacked>,
    target_dir: Option<PathBuf>,
}

impl Wasm {
    /// Finds a compiler, or fetches one. Several processes may ask at once: one fetches, the others wait.
    ///
    /// # Errors
    /// [`Error::Nothing`] lists what was tried and what to do by hand.
    pub fn find(options: &Options) -> Result<Wasm, Error> {
        let wasm = Wasm::search(options)?;
        if options.verbose || wasm.way == Way::Rustup {
            (options.progress)(&wasm.sentence());
        }
        Ok(wasm)
    }

    fn search(options: &Options) -> Result<Wasm, Error> {
        let allowed = |way| options.only.is_none_or(|only| only == way);
        let of_toolchain = |way| {
            installed::version().map(|rustc_version| Wasm {
                way,
                rustc_version,
                unpacked: None,
                target_dir: options.target_dir.clone(),
            })
        };
        let of_packages = |unpacked: packages::Unpacked| Wasm {
            way: Way::Packages,
            rustc_version: unpacked.rustc_version.clone(),
            unpacked: Some(unpacked),
            target_dir: options.target_dir.clone(),
        };
        let mut tried = Vec::new();

        if allowed(Way::Installed) {
            match installed::has_target() {
                Ok(true) => return of_toolchain(Way::Installed),
                Ok(false) => tried.push(format!("installed: the toolchain has no {TARGET}")),
                Err(why) => tried.push(format!("installed: {why}")),
            }
        }
        if allowed(Way::Packages)
            && let Some(unpacked) = packages::kept(&options.keep)
        {
            return Ok(of_packages(unpacked));
        }
        if allowed(Way::Rustup) {
            match rustup::add_target(options) {
                Ok(()) if installed::has_target().unwrap_or(false) => return of_toolchain(Way::Rustup),
                Ok(()) => {
                    tried.push("rustup: it added the target to another toolchain than rustc's".to_owned())
                }
                Err(why) => tried.push(format!("rustup: {why}")),
            }
        }
        if allowed(Way::Packages) {
            match packages::fetch(options) {
                Ok(unpacked) => return Ok(of_packages(unpacked)),
                Err(why) => tried.push(format!("packages: {why}")),
            }
        }
        Err(Error::Nothing { tried })
    }

    /// How it was come by.
    pub fn way(&self) -> Way {
        self.way
    }

    /// What `rustc --version` says of it.
    pub fn rustc_version(&self) -> &str {
        &self.rustc_version
    }

    /// One line for people: which compiler, and where it comes from.
    pub fn sentence(&self) -> String {
        let from = match self.way {
            Way::Installed => "the toolchain's own target".to_owned(),
            Way::Rustup => "the target that rustup has just added".to_owned(),
            Way::Packages => match &self.unpacked {
                Some(unpacked) => {
                    format!("the distribution's packages, unpacked in {}", unpacked.root.display())
                }
                None => "the distribution's packages".to_owned(),
            },
        };
        format!("wasm compiler: {} ({from})", self.rustc_version)
    }

    /// `cargo SUBCOMMAND` for the target with everything the compiler needs in its environment; the caller adds the
    /// manifest, the packages and the rest.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = run::cargo();
        cargo.arg(subcommand).args(["--target", TARGET, "--ignore-rust-version"]);
        // Flags meant for the machine's own target would break this one.
        for variable in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"]
        {
            cargo.env_remove(variable);
        }
        if let Some(unpacked) = &self.unpacked {
            cargo.arg("-Zbuild-std=std,panic_abort");
            unpacked.apply(&mut cargo);
        }
        cargo
    }
}
