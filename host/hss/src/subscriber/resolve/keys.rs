//! Keys and passwords of one private identity (TS 33.102 §6.3, TS 35.206 §4.1, TS 33.203 Annex N).
//!
//! In: hexadecimal digits, a password. Out: [`Credentials`], or which key is wrong; never what stands in it.

use auth::{Algorithm, Hash};
use ims::aka::{Secret, opc};

use super::{Device, Entry};
use crate::credentials::{AkaKeys, Credentials, DigestKeys, amf_from_text};
use crate::error::EntryError;
use crate::subscriber::SecretText;

/// The AMF of IMS: its separation bit is set (TS 33.401 §6.1.2; TS 33.102 Annex H).
const DEFAULT_AMF: &str = "8000";

/// `None`: nothing is said of keys.
pub(super) fn credentials(
    device: &Device,
    impi: &str,
    path: &str,
    entry: Entry<'_>,
) -> Result<Option<Credentials>, EntryError> {
    let keys = Keys { device, impi, path, entry };
    let credentials = Credentials { aka: keys.aka()?, digest: keys.digest()? };
    Ok((credentials != Credentials::default()).then_some(credentials))
}

struct Keys<'a> {
    device: &'a Device,
    impi: &'a str,
    path: &'a str,
    entry: Entry<'a>,
}

impl Keys<'_> {
    fn wrong(&self, key: &str, reason: &str) -> EntryError {
        self.entry.wrong(format!("{}{key}", self.path), None, reason)
    }

    fn aka(&self) -> Result<Option<AkaKeys>, EntryError> {
        let Device { k, op, opc: given, amf, .. } = self.device;
        let Some(k) = k else {
            return match (op, given, amf) {
                (None, None, None) => Ok(None),
                _ => Err(self.wrong("k", "expected with op, opc or amf")),
            };
        };
        let k = self.hex("k", k)?;
        let opc = match (op, given) {
            (None, Some(given)) => self.hex("opc", given)?,
            (Some(op), None) => opc(&k, &self.hex("op", op)?),
            (Some(_), Some(_)) => return Err(self.wrong("op", "expected either op or opc")),
            (None, None) => return Err(self.wrong("opc", "expected opc or op with k")),
        };
        let amf = amf.as_deref().unwrap_or(DEFAULT_AMF);
        let wrong = || {
            let key = format!("{}amf", self.path);
            self.entry.wrong(key, Some(amf), "expected 4 hexadecimal digits")
        };
        Ok(Some(AkaKeys { k, opc, amf: amf_from_text(amf).ok_or_else(wrong)? }))
    }

    fn digest(&self) -> Result<Option<DigestKeys>, EntryError> {
        let Device { password, ha1, ha1_sha256, realm, .. } = self.device;
        if password.is_none() && ha1.is_none() && ha1_sha256.is_none() {
            return match realm {
                Some(_) => Err(self.wrong("realm", "expected only with password, ha1 or ha1_sha256")),
                None => Ok(None),
            };
        }
        let of_impi = self.impi.rsplit_once('@').map(|(_, realm)| realm);
        let missing = || self.wrong("realm", "expected, because the impi has none");
        let realm = realm.as_deref().or(of_impi).ok_or_else(missing)?.to_owned();
        self.entry.text("realm", &realm)?;
        let (md5, sha256) = match (password, ha1, ha1_sha256) {
            (Some(password), None, None) => {
                let hash = |algorithm| auth::ha1(self.impi, &realm, password.expose(), algorithm);
                (Some(hash(Algorithm::Md5)), Some(hash(Algorithm::Sha256)))
            }
            (Some(_), ..) => return Err(self.wrong("password", "expected either a password or its hashes")),
            (None, ha1, ha1_sha256) => (
                ha1.as_ref().map(|ha1| self.hash("ha1", ha1, Algorithm::Md5)).transpose()?,
                ha1_sha256.as_ref().map(|ha1| self.hash("ha1_sha256", ha1, Algorithm::Sha256)).transpose()?,
            ),
        };
        Ok(Some(DigestKeys { realm, md5, sha256 }))
    }

    fn hex(&self, key: &str, text: &SecretText) -> Result<Secret<16>, EntryError> {
        Secret::from_hex(text.expose()).ok_or_else(|| self.wrong(key, "expected 32 hexadecimal digits"))
    }

    fn hash(&self, key: &str, text: &SecretText, algorithm: Algorithm) -> Result<Hash, EntryError> {
        let digits = algorithm.length() * 2;
        let wrong = || self.wrong(key, &format!("expected {digits} hexadecimal digits"));
        Hash::from_hex(algorithm, text.expose().as_bytes()).ok_or_else(wrong)
    }
}
