//! Way 1: the toolchain in use already has a standard library for the target.
//!
//! Asks `rustc` itself, so that it holds for rustup's toolchains and for a distribution's alike.

use crate::{Error, TARGET, run};
use std::path::{Path, PathBuf};

/// Whether the toolchain in use can build for [`TARGET`].
pub(crate) fn has_target() -> Result<bool, Error> {
    let asked = run::output(
        "asking rustc for its library folder",
        run::rustc().args(["--print", "target-libdir", "--target", TARGET]),
    )?;
    Ok(holds_standard_library(Path::new(asked.trim())))
}

/// `rustc --version` of the toolchain in use.
pub(crate) fn version() -> Result<String, Error> {
    Ok(run::output("asking rustc for its version", run::rustc().arg("--version"))?.trim().to_owned())
}

/// The linker for WebAssembly that rustup's toolchains carry for their own machine. Asked of the `rustc` that is in
/// use, not of the one from the packages, which has none.
pub(crate) fn linker() -> Result<PathBuf, Error> {
    let sysroot = run::output("asking rustc for its folder", run::rustc().args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    let described = run::output("asking rustc for its machine", run::rustc().arg("-vV"))?;
    let machine = described.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let programs = sysroot.join("lib/rustlib").join(machine).join("bin");
    ["rust-lld", "gcc-ld/wasm-ld"]
        .iter()
        .map(|name| programs.join(name))
        .find(|path| path.is_file())
        .ok_or(Error::NoLinker { sysroot })
}

fn holds_standard_library(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_library_is_no_target() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!holds_standard_library(&folder.path().join("absent")));
        assert!(!holds_standard_library(folder.path()));
        std::fs::write(folder.path().join("libcore-12.rlib"), b"").expect("written");
        assert!(!holds_standard_library(folder.path()));
        std::fs::write(folder.path().join("libstd-12.rlib"), b"").expect("written");
        assert!(holds_standard_library(folder.path()));
    }
}
