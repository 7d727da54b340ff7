//! What a host must know of its versions to go on after a restart as it was: `versions.json` of the data folder, and the
//! plugin files themselves by digest, `plugins/DIGEST.wasm`.
//!
//! ```text
//!   a version is loaded ─▶ its file is kept ─▶ every change ─▶ versions.json ─▶ the files of versions that are gone go
//! ```
//! In: versions as they are now, files. Out: the same after a restart, or why not. The file is written as a whole under
//! another name, flushed and renamed, so that a power cut leaves the old one or the new one. Which version is active, and
//! what becomes of what was read, does not belong here.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use plugin::Split;
use serde::{Deserialize, Serialize};

use crate::loading::PluginFile;

const FILE: &str = "versions.json";
/// Where plugin files are, and compiled ones where the configuration names no other place.
const PLUGINS: &str = "plugins";
const SUFFIX: &str = "wasm";
const UNFINISHED: &str = "tmp";
const REFUSED: &str = "json.refused";

/// Of [`Remembered::format`]. Fields may be added without another one: who does not know them leaves them out.
const FORMAT: u32 = 1;

/// Bytes of the file at most; so many versions are never alive.
const MAX_FILE: u64 = 32 << 20;

/// Digits of a digest.
const DIGITS: usize = 64;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) format: u32,
    /// The role that these versions are for.
    pub(crate) role: String,
    /// What was last taken from `plugin.file`, and how it was configured: a digest of both.
    pub(crate) file: String,
    /// The highest number that a version has had.
    pub(crate) last_number: u32,
    /// Where a rollback leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<u32>,
    /// Candidates in their order, kept ones the oldest first.
    pub(crate) versions: Vec<RememberedVersion>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RememberedVersion {
    pub(crate) number: u32,
    /// As its manifest says; for people.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) digest: String,
    /// What it was configured with; none: what the configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configuration: Option<String>,
    pub(crate) state: Place,
    /// Of a candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) split: Option<Split>,
    /// Since when it gets no new calls, ms since 1970; none: it gets them, or never has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) left_ms: Option<u64>,
    /// Its calls go on with the active version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) adopted: bool,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// New transactions go to it.
    Active,
    /// It has a share of them.
    Candidate,
    /// Nothing goes to it, but it can be taken at once.
    Kept,
    /// It has only the calls that it took.
    Draining,
}

impl Remembered {
    /// Of nothing yet.
    pub(crate) fn new(role: &str) -> Remembered {
        Remembered { format: FORMAT, role: role.into(), ..Remembered::default() }
    }
}

/// Why what was remembered does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RememberedError {
    /// It cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what this host writes.
    #[error("{file}: {source}")]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// Of a newer host.
    #[error("{file}: its format is {format}, this host knows {FORMAT}")]
    Format {
        /// The file.
        file: PathBuf,
        /// What it says.
        format: u32,
    },
    /// The data folder was that of another role.
    #[error("{file}: it is of the role {role}")]
    Role {
        /// The file.
        file: PathBuf,
        /// What it says.
        role: String,
    },
    /// A file's name is made of it.
    #[error("{file}: version #{number} has a digest that is none")]
    Digest {
        /// The file.
        file: PathBuf,
        /// Which version.
        number: u32,
    },
}

/// A data folder, as far as versions are concerned.
#[derive(Debug)]
pub(crate) struct Folder {
    data: PathBuf,
    /// What is in the file; one writes at a time.
    saved: Mutex<Option<Remembered>>,
}

impl Folder {
    /// This data folder. What a crash left half-written is deleted.
    pub(crate) fn of(data: &Path) -> Folder {
        let folder = Folder { data: data.into(), saved: Mutex::new(None) };
        for path in files(&folder.data.join(PLUGINS), UNFINISHED) {
            let _ = fs::remove_file(path);
        }
        folder
    }

    /// What was remembered; `None`: nothing yet.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub(crate) fn read(&self, role: &str) -> Result<Option<Remembered>, RememberedError> {
        let file = self.data.join(FILE);
        let mut bytes = Vec::new();
        match File::open(&file).and_then(|opened| opened.take(MAX_FILE).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RememberedError::Read { file, source }),
        }
        let read: Remembered = match serde_json::from_slice(&bytes) {
            Ok(read) => read,
            Err(source) => return Err(RememberedError::Broken { file, source }),
        };
        if read.format != FORMAT {
            return Err(RememberedError::Format { file, format: read.format });
        }
        if read.role != role {
            return Err(RememberedError::Role { file, role: read.role });
        }
        let is_digest =
            |digest: &str| digest.len() == DIGITS && digest.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(wrong) = read.versions.iter().find(|version| !is_digest(&version.digest)) {
            return Err(RememberedError::Digest { file, number: wrong.number });
        }
        *self.saved.lock() = Some(read.clone());
        Ok(Some(read))
    }

    /// Sets a file that does not serve aside, for people: the next change writes another one.
    pub(crate) fn set_aside(&self) {
        let file = self.data.join(FILE);
        if let Err(error) = fs::rename(&file, file.with_extension(REFUSED)) {
            tracing::warn!(file = %file.display(), %error, "a file that does not serve cannot be set aside");
        }
    }

    /// Remembers how things are now, if that is not in the file already, and tidies up then. `now` is asked when nobody else
    /// writes, so that the newest is the last.
    pub(crate) fn save(&self, now: impl FnOnce() -> Remembered, is_alive: impl Fn(&str) -> bool) {
        let mut saved = self.saved.lock();
        let now = now();
        if saved.as_ref() == Some(&now) {
            return;
        }
        let written = serde_json::to_vec_pretty(&now)
            .map_err(io::Error::other)
            .and_then(|bytes| write_whole(&self.data, FILE, &bytes));
        if let Err(error) = written {
            // The next change, or the next look, tries again.
            tracing::error!(folder = %self.data.display(), %error, "what a restart is to restore of versions is not written");
            return;
        }
        *saved = Some(now);
        self.tidy(is_alive);
    }

    /// Deletes the plugin files of versions that `is_alive` does not know, by digest.
    pub(crate) fn tidy(&self, is_alive: impl Fn(&str) -> bool) {
        let is_gone =
            |path: &PathBuf| path.file_stem().is_some_and(|digest| !is_alive(&digest.to_string_lossy()));
        for path in files(&self.data.join(PLUGINS), SUFFIX).into_iter().filter(is_gone) {
            let _ = fs::remove_file(plugin::signature_file(&path));
            let _ = fs::remove_file(path);
        }
    }

    /// Keeps a plugin file by its digest, and its signature. A failure is logged: that version is not there after a restart.
    pub(crate) fn keep_plugin(&self, digest: &str, bytes: &[u8], signature: Option<&[u8]>) {
        let plugins = self.data.join(PLUGINS);
        let name = format!("{digest}.{SUFFIX}");
        let is_there = fs::metadata(plugins.join(&name)).is_ok_and(|file| file.len() == bytes.len() as u64);
        if is_there && signature.is_none() {
            return;
        }
        let mut builder = DirBuilder::new();
        // Compiled plugins may come to lie here, which only this user may write.
        let made = builder.recursive(true).mode(0o700).create(&plugins);
        let sign = |signature| {
            let name = plugin::signature_file(Path::new(&name));
            write_whole(&plugins, &name.to_string_lossy(), signature)
        };
        let written = made
            .and_then(|()| signature.map_or(Ok(()), sign))
            .and_then(|()| if is_there { Ok(()) } else { write_whole(&plugins, &name, bytes) });
        if let Err(error) = written {
            tracing::error!(folder = %plugins.display(), %error, "a plugin file is not kept: a restart will not have this version");
        }
    }

    /// The plugin file of this digest, with its signature. Whether it is that one still is seen by its digest.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn plugin(&self, digest: &str) -> io::Result<PluginFile> {
        PluginFile::read(&self.data.join(PLUGINS).join(format!("{digest}.{SUFFIX}")))
    }
}

/// Writes a file that is there as a whole or not at all, whatever happens meanwhile.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.{UNFINISHED}"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(&unfinished, folder.join(name)));
    if renamed.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    renamed.and_then(|()| File::open(folder)?.sync_all())
}

/// Files of a folder whose names end so.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|of| of == suffix)).collect()
}

#[cfg(test)]
mod tests;
