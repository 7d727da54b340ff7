//! What can go wrong while a compiler is looked for or used, and who must act.

use std::path::PathBuf;

/// A sentence each; the operator or the plugin's author acts on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No way led to a compiler.
    #[error(
        "no compiler for wasm32-unknown-unknown:\n  {}\nDo one of these and try again:\n  \
         rustup target add wasm32-unknown-unknown      (needs a network)\n  \
         or let apt reach its archive                  (Debian, Ubuntu: the packages rustc and rust-src are unpacked \
         beside the build output, nothing is installed)\n  \
         or install the distribution's standard library for wasm32 where it has one (libstd-rust-dev-wasm32)",
        tried.join("\n  ")
    )]
    Nothing {
        /// A line for each way: its name and why it did not work.
        tried: Vec<String>,
    },
    /// A program could not be started at all.
    #[error("cannot start {program}: {source}")]
    Start {
        /// As it was called.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("{what} failed ({status}){}{output}", if output.is_empty() { "" } else { ": " })]
    Failed {
        /// What it was to do.
        what: String,
        /// Its exit status in words.
        status: String,
        /// The end of what it printed to standard error, if that was kept.
        output: String,
    },
    /// A program took longer than it may.
    #[error("{what} took longer than {seconds} s")]
    Late {
        /// What it was to do.
        what: String,
        /// The bound.
        seconds: u64,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// This machine has no Debian packages.
    #[error("this is no Debian or Ubuntu with apt-get, apt-cache and dpkg-deb ({missing} is missing)")]
    NoApt {
        /// The first program that is not there.
        missing: &'static str,
    },
    /// apt knows no compiler that is new enough.
    #[error("apt knows no rustc of version 1.{least} or later (known: {known})")]
    TooOld {
        /// Least minor version.
        least: u32,
        /// What it does know.
        known: String,
    },
    /// The packages do not hold what they should.
    #[error("the packages hold no {what}")]
    Incomplete {
        /// What was looked for.
        what: &'static str,
    },
    /// The host's toolchain lacks a linker for WebAssembly.
    #[error("the toolchain has no rust-lld under {}; rustup's toolchains have", sysroot.display())]
    NoLinker {
        /// The toolchain's folder.
        sysroot: PathBuf,
    },
    /// The build went well and made no WebAssembly.
    #[error(
        "{package} made no .wasm file: its Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` under [lib]"
    )]
    NoCdylib {
        /// Package, or the manifest's folder.
        package: String,
    },
}

/// Shorthand for `map_err` on file operations.
pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::File { path, source }
}
