//! `strowger plugin new`: a folder with a plugin that builds and tests at once.
//!
//! In: a name and a folder that does not exist yet or is empty. Out: the files of `template/` with the name put in,
//! the SDK in `.strowger/`, and a lock file. No network is asked here; cargo does that when it builds.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::embedded;

/// Characters that a plugin's name may have.
pub const MAX_NAME: usize = 64;

/// Why there is no new plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// Not a name for a plugin, a folder and a crate.
    #[error(
        "{name:?}: a plugin's name is a lower-case letter and then lower-case letters, digits and hyphens, {MAX_NAME} at most"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// A name that Rust or cargo keeps for itself.
    #[error("{name:?}: cargo keeps this name for itself")]
    Reserved {
        /// What was given.
        name: String,
    },
    /// There is something already.
    #[error("{}: is there already, and not empty", folder.display())]
    NotEmpty {
        /// Where it should go.
        folder: PathBuf,
    },
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Path below the new folder, and text. `{{name}}` is the plugin's name, `{{crate}}` the same as Rust spells it.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("README.md", include_str!("../template/README.md")),
    (".gitignore", include_str!("../template/gitignore")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    ("tests/desk.rs", include_str!("../template/tests/desk.rs")),
    ("cases/call-to-the-desk.case", include_str!("../template/cases/call-to-the-desk.case")),
    ("cases/messages-are-no-calls.case", include_str!("../template/cases/messages-are-no-calls.case")),
    ("cases/other-calls.case", include_str!("../template/cases/other-calls.case")),
    ("strowger.toml", include_str!("../template/strowger.toml")),
    (".strowger/README.md", include_str!("../template/strowger.md")),
    (".strowger/case-files.md", include_str!("../../../docs/case-files.md")),
];

/// Words of Rust that pass as names but cannot be a crate's.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "strowger-ims",
    "strowger-sdk",
    "strowger-sip",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Writes a new plugin of this name into this folder. The files written, for people: without those of `.strowger/`.
///
/// # Errors
/// [`ScaffoldError`]. Where the file system refuses in the middle, what was written stays.
pub fn new_plugin(name: &str, folder: &Path) -> Result<Vec<PathBuf>, ScaffoldError> {
    check_name(name)?;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(ScaffoldError::NotEmpty { folder: folder.to_owned() });
    }
    let mut written = Vec::new();
    for (path, text) in TEMPLATE {
        let text = text
            .replace("{{name}}", name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{edition}}", embedded::EDITION);
        let path = folder.join(path);
        write(&path, &text)?;
        written.push(path);
    }
    for (path, text) in embedded::FILES {
        write(&folder.join(".strowger").join(path), text)?;
    }
    let lock = folder.join("Cargo.lock");
    write(&lock, embedded::LOCK)?;
    written.push(lock);
    Ok(written)
}

fn check_name(name: &str) -> Result<(), ScaffoldError> {
    let is_name = name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_name {
        return Err(ScaffoldError::Name { name: name.to_owned() });
    }
    if RESERVED.contains(&name) {
        return Err(ScaffoldError::Reserved { name: name.to_owned() });
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let refused = |path: &Path, source| ScaffoldError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| refused(folder, error))?;
    }
    fs::write(path, text).map_err(|error| refused(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_plugin_is_complete_and_carries_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let plugin = folder.path().join("my-desk");
        let written = new_plugin("my-desk", &plugin).expect("written");
        assert!(written.iter().all(|path| path.is_file()));
        let read = |path: &str| fs::read_to_string(plugin.join(path)).expect(path);
        assert!(read("Cargo.toml").contains("name = \"my-desk\""));
        assert!(read("tests/desk.rs").contains("use my_desk::"));
        for path in [".strowger/sdk/Cargo.toml", ".strowger/host/sip/src/lib.rs", ".strowger/wit/sip.wit"] {
            assert!(plugin.join(path).is_file(), "{path}");
        }
        for (path, text) in TEMPLATE {
            assert!(!read(path).contains("{{"), "{path}");
            assert!(!text.is_empty());
        }
    }

    #[test]
    fn embedded_manifests_stand_alone_and_name_no_place_of_this_machine() {
        for (path, text) in embedded::FILES {
            assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{path}");
            if path.ends_with("Cargo.toml") {
                assert!(!text.contains("workspace"), "{path}:\n{text}");
                assert!(!text.contains("dev-dependencies"), "{path}");
            }
        }
        let sdk = embedded::FILES.iter().find(|(path, _)| *path == "sdk/Cargo.toml").expect("the SDK").1;
        assert!(sdk.contains("path = \"../host/sip\""), "{sdk}");
        assert!(embedded::LOCK.contains("name = \"wit-bindgen\""));
        assert!(!embedded::LOCK.contains("name = \"wasmtime\""), "only what plugins need");
    }

    #[test]
    fn a_wrong_name_is_told_what_a_right_one_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let plugin = folder.path().join("x");
        for name in ["", "Hello", "1st", "-a", "a_b", "a b", "ä", &"a".repeat(65)] {
            assert!(matches!(new_plugin(name, &plugin), Err(ScaffoldError::Name { .. })), "{name:?}");
        }
        assert!(matches!(new_plugin("match", &plugin), Err(ScaffoldError::Reserved { .. })));
        assert!(!plugin.exists(), "nothing was written");
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("notes.txt"), "mine").expect("written");
        assert!(matches!(new_plugin("hello", folder.path()), Err(ScaffoldError::NotEmpty { .. })));
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).expect("made");
        assert!(new_plugin("hello", &empty).is_ok());
    }
}
