//! Who made a plugin: a minisign signature (Ed25519 over the file's BLAKE2b hash) by one of the keys that count.
//!
//! In: public keys as `minisign -G` writes them, a file's bytes, the bytes of its signature file. Out: whether it is signed
//! by one of them, or why not ([`LoadError`]). Without keys everything is well: nobody asked for a signature. Signatures of
//! the file itself, as minisign made them before 0.10 or with `-l`, are refused.

use std::io;
use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};
use serde::Deserialize;

use crate::error::LoadError;
use crate::file::read_bounded;

/// Keys that may count at once: one of an office, those of its successors.
pub const MAX_KEYS: usize = 16;

/// Bytes of a signature file: two lines of base64 and two of comment.
pub const MAX_SIGNATURE: usize = 4096;

/// Public keys. None: no signature is needed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Keys(Vec<PublicKey>);

/// Why keys are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the line of a public key.
    #[error("{0:?} is no minisign public key: it is the second line of a .pub file, and begins with RW")]
    NoKey(String),
    /// Too many.
    #[error("{0} keys are more than may count at once ({MAX_KEYS})")]
    TooMany(usize),
}

impl TryFrom<Vec<String>> for Keys {
    type Error = KeyError;

    fn try_from(lines: Vec<String>) -> Result<Keys, KeyError> {
        if lines.len() > MAX_KEYS {
            return Err(KeyError::TooMany(lines.len()));
        }
        let read = |line: String| PublicKey::from_base64(line.trim()).map_err(|_| KeyError::NoKey(line));
        Ok(Keys(lines.into_iter().map(read).collect::<Result<_, _>>()?))
    }
}

impl Keys {
    /// Whether no signature is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a plugin is signed by one of the keys. `signature`: what is in its signature file.
    ///
    /// # Errors
    /// [`LoadError::NotSigned`], [`LoadError::Signature`].
    pub fn check(&self, plugin: &[u8], signature: Option<&[u8]>) -> Result<(), LoadError> {
        if self.is_empty() {
            return Ok(());
        }
        let signature = signature.ok_or(LoadError::NotSigned)?;
        let unreadable = || LoadError::Signature { reason: "it is no minisign signature" };
        let text = std::str::from_utf8(signature).map_err(|_| unreadable())?;
        let signature = Signature::decode(text).map_err(|_| unreadable())?;
        match self.0.iter().any(|key| key.verify(plugin, &signature, false).is_ok()) {
            true => Ok(()),
            false => Err(LoadError::Signature {
                reason: "it is not of this file by one of the keys in plugin.keys",
            }),
        }
    }
}

/// Where the signature of a plugin file is: beside it, with `.minisig` behind its name.
#[must_use]
pub fn signature_file(plugin: &Path) -> PathBuf {
    let mut name = plugin.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

/// Reads the signature beside a plugin file; `None`: there is none.
///
/// # Errors
/// It cannot be read, is not a file, or has more bytes than a signature may have.
pub fn read_signature(plugin: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_bounded(&signature_file(plugin), MAX_SIGNATURE, "a signature") {
        Ok(signature) => Ok(Some(signature)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minisign::KeyPair;

    fn pair() -> (KeyPair, String) {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let public = pair.pk.to_base64();
        (pair, public)
    }

    fn signed(pair: &KeyPair, plugin: &[u8]) -> Vec<u8> {
        minisign::sign(Some(&pair.pk), &pair.sk, plugin, None, None).unwrap().into_string().into_bytes()
    }

    fn keys(lines: &[&String]) -> Keys {
        Keys::try_from(lines.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn one_of_the_keys_must_have_signed_this_file() {
        let ((mine, my_key), (other, other_key), (foreign, _)) = (pair(), pair(), pair());
        let keys = keys(&[&my_key, &other_key]);
        for pair in [&mine, &other] {
            assert!(keys.check(b"plugin", Some(&signed(pair, b"plugin"))).is_ok());
        }
        let refused =
            |plugin: &[u8], signature: Option<&[u8]>| keys.check(plugin, signature).unwrap_err().to_string();
        let foreign = refused(b"plugin", Some(&signed(&foreign, b"plugin")));
        assert!(foreign.contains("not of this file by one of the keys"), "{foreign}");
        assert_eq!(refused(b"plugiN", Some(&signed(&mine, b"plugin"))), foreign);
        assert!(refused(b"plugin", None).contains("not signed"));
        for nonsense in [&b""[..], b"\xff\xfe", b"untrusted comment: x\nRUQ=\n"] {
            assert!(refused(b"plugin", Some(nonsense)).contains("no minisign signature"));
        }
    }

    /// The comment is signed, too: it often says which version this is.
    #[test]
    fn a_changed_comment_is_no_signature() {
        let (pair, key) = pair();
        let signature =
            minisign::sign(Some(&pair.pk), &pair.sk, &b"plugin"[..], Some("version 2"), None).unwrap();
        let changed = signature.into_string().replace("version 2", "version 3");
        assert!(keys(&[&key]).check(b"plugin", Some(changed.as_bytes())).is_err());
    }

    #[test]
    fn without_keys_nothing_is_asked() {
        assert!(Keys::default().check(b"plugin", None).is_ok());
        assert!(Keys::default().check(b"plugin", Some(b"nonsense")).is_ok());
    }

    #[test]
    fn what_is_no_key_is_named() {
        let wrong = Keys::try_from(vec!["RWnonsense".to_owned()]).unwrap_err();
        assert_eq!(wrong, KeyError::NoKey("RWnonsense".into()));
        let many = vec![pair().1; MAX_KEYS + 1];
        assert_eq!(Keys::try_from(many).unwrap_err(), KeyError::TooMany(MAX_KEYS + 1));
    }

    #[test]
    fn a_signature_lies_beside_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("edge.wasm");
        assert_eq!(signature_file(&plugin), folder.path().join("edge.wasm.minisig"));
        assert_eq!(read_signature(&plugin).unwrap(), None);
        std::fs::write(signature_file(&plugin), b"text").unwrap();
        assert_eq!(read_signature(&plugin).unwrap().as_deref(), Some(&b"text"[..]));
        std::fs::write(signature_file(&plugin), vec![b'x'; MAX_SIGNATURE + 1]).unwrap();
        assert!(
            read_signature(&plugin).unwrap_err().to_string().contains("4096 bytes that a signature may have")
        );
    }
}
