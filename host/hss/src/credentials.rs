//! What a private identity authenticates with: keys of AKA (TS 33.102), hashes of SIP Digest (TS 33.203 Annex N).
//!
//! In: what `subscriber/resolve/keys.rs` made of a subscriber's keys, or the text in which they are stored. Out:
//! [`Credentials`], and that text. None of it shows itself, and all of it is overwritten when it is dropped; what the
//! driver of a database copies is not.

use auth::{Algorithm, Hash};
use ims::aka::{Amf, Key, OperatorKey, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::subscriber::SecretText;

/// The credentials of one private identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// For AKA.
    pub(crate) aka: Option<AkaKeys>,
    /// For SIP Digest.
    pub(crate) digest: Option<DigestKeys>,
}

/// K, OPc, AMF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AkaKeys {
    pub(crate) k: Key,
    pub(crate) opc: OperatorKey,
    pub(crate) amf: Amf,
}

/// HA1 by at least one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DigestKeys {
    pub(crate) realm: String,
    pub(crate) md5: Option<Hash>,
    pub(crate) sha256: Option<Hash>,
}

/// As it is stored: JSON of hexadecimal digits.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opc: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    realm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ha1: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ha1_sha256: Option<SecretText>,
}

impl Credentials {
    /// The text that is stored.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let hex = |hash: &Hash| SecretText::new(hash.hex().as_str());
        let stored = Stored {
            k: self.aka.as_ref().map(|aka| SecretText::new(aka.k.expose_hex())),
            opc: self.aka.as_ref().map(|aka| SecretText::new(aka.opc.expose_hex())),
            amf: self.aka.as_ref().map(|aka| amf_text(aka.amf)),
            realm: self.digest.as_ref().map(|digest| digest.realm.clone()),
            ha1: self.digest.as_ref().and_then(|digest| digest.md5.as_ref().map(hex)),
            ha1_sha256: self.digest.as_ref().and_then(|digest| digest.sha256.as_ref().map(hex)),
        };
        // Texts in a struct: there is nothing in it that JSON could not hold.
        Zeroizing::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// From that text; `None` where it is none of ours.
    pub(crate) fn from_text(text: &str) -> Option<Credentials> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        let aka = match (&stored.k, &stored.opc, &stored.amf) {
            (Some(k), Some(opc), Some(amf)) => Some(AkaKeys {
                k: Secret::from_hex(k.expose())?,
                opc: Secret::from_hex(opc.expose())?,
                amf: amf_from_text(amf)?,
            }),
            (None, None, None) => None,
            _ => return None,
        };
        let hash = |text: &Option<SecretText>, algorithm| match text {
            Some(text) => Hash::from_hex(algorithm, text.expose().as_bytes()).map(Some),
            None => Some(None),
        };
        let md5 = hash(&stored.ha1, Algorithm::Md5)?;
        let sha256 = hash(&stored.ha1_sha256, Algorithm::Sha256)?;
        let digest = match stored.realm {
            Some(realm) if md5.is_some() || sha256.is_some() => Some(DigestKeys { realm, md5, sha256 }),
            Some(_) => return None,
            None => None,
        };
        Some(Credentials { aka, digest })
    }
}

/// Four hexadecimal digits.
pub(crate) fn amf_text(amf: Amf) -> String {
    format!("{:04x}", u16::from_be_bytes(amf))
}

/// From four hexadecimal digits.
pub(crate) fn amf_from_text(text: &str) -> Option<Amf> {
    let is_hex = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { u16::from_str_radix(text, 16).ok().map(u16::to_be_bytes) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_and_not_shown() {
        let all = Credentials {
            aka: Some(AkaKeys { k: Secret::new([1; 16]), opc: Secret::new([2; 16]), amf: [0x80, 0] }),
            digest: Some(DigestKeys {
                realm: "ims.test".to_owned(),
                md5: Hash::from_bytes(Algorithm::Md5, &[3; 16]),
                sha256: Hash::from_bytes(Algorithm::Sha256, &[4; 32]),
            }),
        };
        for credentials in [
            Credentials::default(),
            Credentials { digest: None, ..all.clone() },
            Credentials { aka: None, ..all.clone() },
            all.clone(),
        ] {
            assert_eq!(Credentials::from_text(&credentials.to_text()), Some(credentials));
        }
        let shown = format!("{all:?}");
        assert!(!shown.contains("0101") && !shown.contains("0303") && !shown.contains("[1, 1"), "{shown}");
    }

    #[test]
    fn half_a_key_is_none() {
        for text in ["", "{}x", r#"{"k":"01"}"#, r#"{"realm":"a"}"#, r#"{"realm":"a","ha1":"zz"}"#] {
            assert_eq!(Credentials::from_text(text), None, "{text}");
        }
    }
}
