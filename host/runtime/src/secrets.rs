//! Secrets of a host that must outlive a restart, so that dialogs and nonces made before it still hold.
//!
//! In: the data folder. Out: [`Secrets`], read from a file that only its owner may read, or made and written there.
//! Without a data folder they are new with each start.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::StartError;

/// The file's name.
const FILE: &str = "secrets";

/// Keys of one host, or of several that share them.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// Of the tokens in Record-Route.
    pub(crate) route: [u8; 16],
    /// Of nonces.
    pub(crate) nonces: [u8; 32],
    /// Of loop detection.
    pub(crate) loops: [u8; 16],
    /// Of what scripts seal, and of flow tokens.
    pub(crate) tokens: [u8; 32],
}

const LENGTH: usize = 96;

/// The file's length before there were tokens.
const LENGTH_BEFORE_TOKENS: usize = 64;

impl Secrets {
    pub(crate) fn of(data: Option<&Path>) -> Result<Secrets, StartError> {
        let Some(data) = data else { return Ok(Self::from_bytes(&fresh())) };
        let file = data.join(FILE);
        let failed = |source| StartError::Secrets { file: file.clone(), source };
        match File::open(&file) {
            Ok(mut opened) => {
                let mut bytes = [0; LENGTH];
                opened.read_exact(&mut bytes[..LENGTH_BEFORE_TOKENS]).map_err(failed)?;
                let (_, tokens) = bytes.split_at_mut(LENGTH_BEFORE_TOKENS);
                match opened.read_exact(tokens) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                        // Written by an older host.
                        tokens.copy_from_slice(&fresh::<{ LENGTH - LENGTH_BEFORE_TOKENS }>());
                        let mut options = OpenOptions::new();
                        let mut longer = options.write(true).open(&file).map_err(failed)?;
                        longer.write_all(&bytes).and_then(|()| longer.sync_all()).map_err(failed)?;
                    }
                    Err(error) => return Err(failed(error)),
                }
                Ok(Self::from_bytes(&bytes))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let bytes = fresh();
                let mut options = OpenOptions::new();
                let mut made =
                    options.write(true).create_new(true).mode(0o600).open(&file).map_err(failed)?;
                made.write_all(&bytes).and_then(|()| made.sync_all()).map_err(failed)?;
                Ok(Self::from_bytes(&bytes))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn from_bytes(bytes: &[u8; LENGTH]) -> Secrets {
        let (mut route, mut nonces, mut loops, mut tokens) = ([0; 16], [0; 32], [0; 16], [0; 32]);
        route.copy_from_slice(&bytes[..16]);
        nonces.copy_from_slice(&bytes[16..48]);
        loops.copy_from_slice(&bytes[48..64]);
        tokens.copy_from_slice(&bytes[64..]);
        Secrets { route, nonces, loops, tokens }
    }
}

/// Unpredictable bytes from the system.
pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without entropy nothing that follows is safe; the system gives it or the machine is broken.
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = Secrets::of(Some(folder.path())).unwrap();
        let second = Secrets::of(Some(folder.path())).unwrap();
        assert_eq!((first.route, first.nonces, first.loops), (second.route, second.nonces, second.loops));
        assert_ne!(first.route, Secrets::of(None).unwrap().route);
    }

    #[test]
    fn a_file_that_is_too_short_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), [0; LENGTH_BEFORE_TOKENS - 1]).unwrap();
        assert!(Secrets::of(Some(folder.path())).is_err());
    }

    #[test]
    fn a_file_of_an_older_host_gets_what_it_lacks_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), [7; LENGTH_BEFORE_TOKENS]).unwrap();
        let first = Secrets::of(Some(folder.path())).unwrap();
        let second = Secrets::of(Some(folder.path())).unwrap();
        assert_eq!((first.route, first.tokens), ([7; 16], second.tokens));
        assert_ne!(first.tokens, [0; 32]);
    }
}
