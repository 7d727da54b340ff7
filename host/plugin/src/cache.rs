//! Compiled artefacts on disk.
//!
//! In: a component. Out: its compiled artefact, if this very engine of this very host has compiled it before.
//! wasmtime accepts an artefact that was changed, and runs it as machine code: an artefact is code. So the folder is
//! ours alone (mode 0700, owned by this user), each file carries a checksum over all of it, is written whole under
//! another name and renamed, and what does not fit is deleted and compiled again.
//!
//! ```text
//!  name     <sha256(component)>-<hash of engine and host version>.cwasm
//!  content  MAGIC (8) · sha256 of the artefact (32) · artefact
//! ```

use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::engine::EngineError;

const MAGIC: &[u8; 8] = b"STRWGRc1";
const SUFFIX: &str = "cwasm";
const UNFINISHED: &str = "tmp";
/// Artefacts kept; the one written longest ago goes first.
const MAX_ARTEFACTS: usize = 64;
/// Only the owner may look into the folder.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder of compiled artefacts.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    engine: wasmtime::Engine,
    /// Part of every file's name: engine configuration, processor and host version.
    compatibility: String,
    temporary: AtomicU64,
}

impl Cache {
    /// Makes the folder if it is not there, and makes sure that it is ours alone.
    pub(crate) fn open(folder: PathBuf, engine: &wasmtime::Engine) -> Result<Cache, EngineError> {
        let unusable = |reason: String| EngineError::Cache { path: folder.clone(), reason };
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&folder)
            .map_err(|error| unusable(error.to_string()))?;
        let metadata = fs::symlink_metadata(&folder).map_err(|error| unusable(error.to_string()))?;
        if !metadata.is_dir() {
            return Err(unusable("it is not a folder".into()));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(unusable("it belongs to another user, who could put code into it".into()));
        }
        if metadata.mode() & 0o777 != FOLDER_MODE {
            fs::set_permissions(&folder, fs::Permissions::from_mode(FOLDER_MODE))
                .map_err(|error| unusable(error.to_string()))?;
        }
        remove_unfinished(&folder);
        let mut compatibility = StableHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        compatibility.write(env!("CARGO_PKG_VERSION").as_bytes());
        let compatibility = hex(&compatibility.0.finalize()[..8]);
        Ok(Cache { folder, engine: engine.clone(), compatibility, temporary: AtomicU64::new(0) })
    }

    /// The compiled component, if it is here and whole. What is here and not whole is deleted.
    pub(crate) fn get(&self, component: &[u8]) -> Option<Component> {
        let path = self.path(component);
        let file = fs::read(&path).ok()?;
        let compiled = artefact(&file).and_then(|artefact| self.deserialize(artefact));
        if compiled.is_none() {
            tracing::warn!(path = %path.display(), "a compiled plugin is damaged or foreign; it is compiled again");
            let _ = fs::remove_file(&path);
        }
        compiled
    }

    /// Keeps the compiled component. Failing is not fatal: it is compiled again next time.
    pub(crate) fn put(&self, component: &[u8], compiled: &Component) {
        let path = self.path(component);
        let stored =
            compiled.serialize().map_err(io::Error::other).and_then(|bytes| self.write(&path, &bytes));
        if let Err(error) = stored {
            tracing::warn!(path = %path.display(), %error, "a compiled plugin could not be kept");
        }
        self.trim();
    }

    fn path(&self, component: &[u8]) -> PathBuf {
        let name = hex(&Sha256::digest(component));
        self.folder.join(format!("{name}-{}.{SUFFIX}", self.compatibility))
    }

    #[allow(unsafe_code, reason = "loading machine code is what this file is for; see SAFETY")]
    fn deserialize(&self, artefact: &[u8]) -> Option<Component> {
        // SAFETY: `deserialize` must only see what `serialize` made, for it runs it as machine code. These bytes come
        // from a file in a folder that only this user can write (checked in `open`), and their SHA-256 is the one that
        // was written with them by `write`, so they are what was serialized here, whole and unchanged. Artefacts of
        // other engine configurations or wasmtime versions are refused by `deserialize` itself.
        unsafe { Component::deserialize(&self.engine, artefact) }.ok()
    }

    fn write(&self, path: &Path, artefact: &[u8]) -> io::Result<()> {
        let serial = self.temporary.fetch_add(1, Relaxed);
        let temporary = self.folder.join(format!("{}-{serial}.{UNFINISHED}", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(MAGIC)?;
                file.write_all(&Sha256::digest(artefact))?;
                file.write_all(artefact)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Deletes what was written longest ago, down to the bound.
    fn trim(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .filter(|(_, path)| path.extension().is_some_and(|suffix| suffix == SUFFIX))
            .collect();
        if files.len() > MAX_ARTEFACTS {
            files.sort();
            for (_, path) in &files[..files.len() - MAX_ARTEFACTS] {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Deletes what a crash left half-written.
fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|suffix| suffix == UNFINISHED) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The artefact in a file, if its checksum is right.
fn artefact(file: &[u8]) -> Option<&[u8]> {
    let (checksum, artefact) = file.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    (Sha256::digest(artefact).as_slice() == checksum).then_some(artefact)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A hasher whose result does not change with the standard library's version.
struct StableHasher(Sha256);

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |value, &byte| value << 8 | u64::from(byte))
    }
}
