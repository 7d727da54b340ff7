//! The unpacked packages as a compiler: where its parts lie, and the environment that makes cargo use them.

use crate::error::file;
use crate::{Error, installed, run};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How deep below the root the parts are looked for: `usr/lib/rust-1.95/lib/x86_64-linux-gnu/librustc_driver.so`.
const DEPTH: usize = 6;

/// What the marker file remembers. Paths are relative to `root`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unpacked {
    #[serde(skip)]
    pub(crate) root: PathBuf,
    /// `rustc --version`.
    pub(crate) rustc_version: String,
    rustc: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Unpacked {
    /// Finds the compiler, its libraries and its source under `root`, and puts the source where the compiler expects
    /// it. Does not start anything but `rustc --print sysroot`.
    pub(crate) fn examine(root: &Path) -> Result<Unpacked, Error> {
        let mut files = Vec::new();
        list(root, Path::new(""), DEPTH, &mut files);
        files.sort();
        let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();

        let mut compilers: Vec<_> =
            files.iter().filter(|path| is_compiler(path) && is_program(&root.join(path))).cloned().collect();
        // `usr/lib/rust-1.95/bin/rustc` is the program that `usr/bin/rustc-1.95` points to.
        compilers.sort_by_key(|path| (name_of(path) != "rustc", path.components().count()));
        let rustc = compilers.into_iter().next().ok_or(Error::Incomplete { what: "rustc" })?;

        let mut libraries: Vec<PathBuf> = files
            .iter()
            .filter(|path| name_of(path).contains(".so") && name_of(path).starts_with("lib"))
            .filter_map(|path| path.parent().map(Path::to_owned))
            .filter(|folder| !folder.components().any(|part| part.as_os_str() == "rustlib"))
            .collect();
        libraries.dedup();
        if !files.iter().any(|path| name_of(path).starts_with("librustc_driver")) {
            return Err(Error::Incomplete { what: "librustc_driver" });
        }
        let unpacked = Unpacked { root: root.to_owned(), rustc_version: String::new(), rustc, libraries };
        unpacked.place_source()?;
        Ok(unpacked)
    }

    /// `rustc --version`, which also proves that every library is there.
    pub(crate) fn version(&self) -> Result<String, Error> {
        let mut rustc = Command::new(self.rustc());
        rustc.arg("--version").env("LD_LIBRARY_PATH", self.library_path());
        Ok(run::output("starting the unpacked rustc", &mut rustc)?.trim().to_owned())
    }

    /// Makes cargo use this compiler for [`crate::TARGET`], its standard library built from source.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo
            .env("RUSTC", self.rustc())
            .env("LD_LIBRARY_PATH", self.library_path())
            // A stable compiler that may build its own standard library.
            .env("RUSTC_BOOTSTRAP", "1");
        // Without a linker of the toolchain the unpacked compiler's own default is tried, which may be installed.
        if let Ok(linker) = installed::linker() {
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }

    fn rustc(&self) -> PathBuf {
        self.root.join(&self.rustc)
    }

    fn library_path(&self) -> OsString {
        let ours = self.libraries.iter().map(|folder| self.root.join(folder));
        let before = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let before: Vec<_> =
            std::env::split_paths(&before).filter(|path| !path.as_os_str().is_empty()).collect();
        // Only a path with a colon in it cannot be joined; then the old value is of no use either.
        std::env::join_paths(ours.chain(before)).unwrap_or_default()
    }

    /// `-Zbuild-std` reads `<sysroot>/lib/rustlib/src/rust/library`; distributions keep the source in `usr/src` and
    /// link to it, some with an absolute path that points outside of the unpacked tree.
    fn place_source(&self) -> Result<(), Error> {
        let mut rustc = Command::new(self.rustc());
        rustc.args(["--print", "sysroot"]).env("LD_LIBRARY_PATH", self.library_path());
        let sysroot = run::output("starting the unpacked rustc", &mut rustc)?;
        let expected = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        if expected.join("library/Cargo.lock").is_file() {
            return Ok(());
        }
        let sources = self.root.join("usr/src");
        let source = std::fs::read_dir(&sources)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .find(|folder| folder.join("library/Cargo.lock").is_file())
            .ok_or(Error::Incomplete { what: "source of the standard library with its Cargo.lock" })?;
        if let Some(folder) = expected.parent() {
            std::fs::create_dir_all(folder).map_err(file(folder))?;
        }
        if expected.symlink_metadata().is_ok() {
            std::fs::remove_file(&expected).map_err(file(&expected))?;
        }
        // Relative, since the tree is still to be renamed.
        let up = expected
            .parent()
            .and_then(|folder| folder.strip_prefix(&self.root).ok())
            .map_or(0, |path| path.components().count());
        let inside = source.strip_prefix(&self.root).unwrap_or(&source);
        let link: PathBuf = std::iter::repeat_n(Path::new(".."), up).chain([inside]).collect();
        std::os::unix::fs::symlink(&link, &expected).map_err(file(&expected))
    }
}

/// Of 800 MB unpacked, half is the compiler's own source and documentation. Failing to remove them costs only space.
pub(crate) fn remove_what_no_build_reads(root: &Path) {
    let _ = std::fs::remove_dir_all(root.join("usr/share"));
    for source in std::fs::read_dir(root.join("usr/src")).into_iter().flatten().flatten() {
        for part in ["compiler", "src", "tests", "debian"] {
            let _ = std::fs::remove_dir_all(source.path().join(part));
        }
    }
}

fn is_compiler(path: &Path) -> bool {
    let in_bin = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "bin");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    in_bin
        && (name == "rustc"
            || name.strip_prefix("rustc-1.").is_some_and(|minor| minor.parse::<u32>().is_ok()))
}

/// A file that is really in the tree: an absolute link may lead out of it.
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Every file, and every link to one, as a path relative to `root`; links to folders are not followed.
fn list(root: &Path, folder: &Path, depth: usize, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 && entry.file_name() != "src" => {
                list(root, &path, depth - 1, out)
            }
            Ok(kind) if !kind.is_dir() => out.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn put(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
    }

    /// A tree like the one that Ubuntu's numbered packages unpack to, with a shell script for a compiler.
    fn tree(root: &Path) {
        let sysroot = root.join("usr/lib/rust-1.95");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *sysroot*) echo {};; *) echo \"rustc 1.95.0 (test)\";; esac\n",
            sysroot.display()
        );
        put(root, "usr/lib/rust-1.95/bin/rustc", &script);
        put(root, "usr/lib/rust-1.95/lib/librustc_driver-1.so", "");
        put(root, "usr/lib/x86_64-linux-gnu/libLLVM.so.22", "");
        put(root, "usr/src/rustc-1.95.0/library/Cargo.lock", "");
        put(root, "usr/src/rustc-1.95.0/compiler/x.rs", "");
    }

    #[test]
    fn the_parts_are_found_and_the_source_put_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("work");
        tree(&root);
        // A link that leads out of the tree, as packages have them.
        let expected = root.join("usr/lib/rust-1.95/lib/rustlib/src/rust");
        std::fs::create_dir_all(expected.parent().expect("a folder")).expect("made");
        std::os::unix::fs::symlink("/usr/src/strowger-absent", &expected).expect("linked");

        remove_what_no_build_reads(&root);
        let unpacked = Unpacked::examine(&root).expect("examined");
        assert_eq!(unpacked.rustc, Path::new("usr/lib/rust-1.95/bin/rustc"));
        assert_eq!(
            unpacked.libraries,
            [Path::new("usr/lib/rust-1.95/lib"), Path::new("usr/lib/x86_64-linux-gnu")]
        );
        assert!(!root.join("usr/src/rustc-1.95.0/compiler").exists());
        let moved = folder.path().join("kept");
        std::fs::rename(&root, &moved).expect("moved");
        assert!(moved.join("usr/lib/rust-1.95/lib/rustlib/src/rust/library/Cargo.lock").is_file());
    }

    #[test]
    fn a_tree_without_a_compiler_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = |what| matches!(Unpacked::examine(folder.path()), Err(Error::Incomplete { what: w }) if w == what);
        assert!(missing("rustc"));
        put(folder.path(), "usr/bin/rustc", "#!/bin/sh\n");
        assert!(missing("librustc_driver"));
    }

    #[test]
    fn cargo_is_told_of_the_compiler_and_its_libraries() {
        let folder = tempfile::tempdir().expect("a folder");
        tree(folder.path());
        let unpacked = Unpacked::examine(folder.path()).expect("examined");
        let mut cargo = Command::new("cargo");
        unpacked.apply(&mut cargo);
        let value = |key: &str| {
            let found = cargo.get_envs().find(|(name, _)| *name == key).and_then(|(_, value)| value);
            found.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
        };
        assert!(value("RUSTC").ends_with("usr/lib/rust-1.95/bin/rustc"));
        assert!(value("LD_LIBRARY_PATH").contains("usr/lib/x86_64-linux-gnu"));
        assert_eq!(value("RUSTC_BOOTSTRAP"), "1");
    }
}
