//! A plugin file from disk, with a bound.
//!
//! In: a path. Out: its bytes, or why not. What is no file is not opened: a pipe would wait for ever.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::limits::MAX_FILE;

/// Reads a plugin file.
///
/// # Errors
/// It cannot be read, is not a file, or has more bytes than a plugin may have.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_bounded(path, MAX_FILE, "a plugin")
}

/// Reads what may have so many bytes.
pub(crate) fn read_bounded(path: &Path, most: usize, what: &str) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    // Not by its length alone: it may be growing.
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let reason = format!("it has more than the {most} bytes that {what} may have");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_plugins_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"abc");
        assert_eq!(read_file(folder.path()).unwrap_err().to_string(), "it is not a file");
        File::create(&path).unwrap().set_len(MAX_FILE as u64 + 1).unwrap();
        let error = read_file(&path).unwrap_err().to_string();
        assert_eq!(error, "it has more than the 67108864 bytes that a plugin may have");
        assert!(read_file(&folder.path().join("none")).is_err());
    }
}
