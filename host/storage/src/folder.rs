//! The data folder and its lock: one process a folder.
//!
//! In: a path. Out: a [`Folder`] that is ours until it is dropped or the process ends, in whatever way. The lock is the
//! kernel's (`flock`), so a killed process leaves none behind.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

const LOCK: &str = "lock";
const DATABASE: &str = "strowger.sqlite";

/// What is read of a lock file at most.
const MAX_HOLDER: u64 = 64;

/// A data folder that is ours.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: File,
}

/// A child process that is just being started has the file open too, until it has its own program: closing alone would
/// leave the folder locked for so long.
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl Folder {
    /// Makes the folder if it is not there, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Folder, OpenError> {
        let failed = |source| OpenError::Folder { folder: path.into(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = (&mut lock).take(MAX_HOLDER).read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "unknown process".into(),
                    known => known.into(),
                };
                return Err(OpenError::InUse { folder: path.into(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {}", std::process::id()))
            .map_err(failed)?;
        Ok(Folder { path: path.into(), lock })
    }

    /// Whether it is this one, by whatever path.
    pub(crate) fn is(&self, path: &Path) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        self.path == path || real(path).is_some_and(|path| real(&self.path) == Some(path))
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_when_it_is_let_go_whoever_has_the_file_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = Folder::take(folder.path()).expect("nobody has it");
        let inherited = held.lock.try_clone().expect("as a child process has it");
        drop(held);
        Folder::take(folder.path()).expect("it was let go");
        drop(inherited);
    }

    #[test]
    fn one_holder_at_a_time_and_it_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b");
        let held = Folder::take(&path).expect("nobody has it");
        let error = Folder::take(&path).expect_err("it is taken");
        let sentence = error.to_string();
        assert!(sentence.contains("another instance uses it"), "{sentence}");
        assert!(sentence.contains(&format!("process {}", std::process::id())), "{sentence}");
        drop(held);
        Folder::take(&path).expect("it is free again");
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "x").expect("written");
        let error = Folder::take(&path).expect_err("no folder");
        assert!(matches!(error, OpenError::Folder { .. }));
        assert!(error.to_string().contains("file"));
    }
}
