//! What Digest-AKA puts on the wire (RFC 3310 §3, RFC 4169 §3, TS 24.229 §5.1.1.5 and §5.4.1.2).
//!
//! ```text
//!   nonce    = base64( RAND ‖ AUTN ‖ server data )
//!   password = RES                                                           AKAv1-MD5; bytes, not text
//!            = base64( HMAC-MD5( RES ‖ IK ‖ CK, "http-digest-akav2-password" ))   AKAv2-MD5
//!   auts     = base64( AUTS ), with a response that is computed with an empty password
//! ```
//! In: a vector, or a nonce. Out: the nonce, or the challenge in it; the password. HA1 and the response are computed from
//! the password as for any digest, by `strowger-auth`; beside `auts` it is empty (RFC 3310 §3.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::{Autn, Auts, Rand, Res, Secret, SessionKey};

/// Bytes of a nonce that are the server's own.
const MAX_SERVER_DATA: usize = 256;
const RAND_AND_AUTN: usize = 32;

/// How RES becomes a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AkaVersion {
    /// `AKAv1-MD5` (RFC 3310).
    V1,
    /// `AKAv2-MD5` (RFC 4169).
    V2,
}

impl AkaVersion {
    /// The value of the `algorithm` parameter.
    #[must_use]
    pub const fn algorithm(self) -> &'static str {
        match self {
            AkaVersion::V1 => "AKAv1-MD5",
            AkaVersion::V2 => "AKAv2-MD5",
        }
    }

    /// From the value of an `algorithm` parameter, in any case.
    #[must_use]
    pub fn from_algorithm(algorithm: &[u8]) -> Option<AkaVersion> {
        let all = [AkaVersion::V1, AkaVersion::V2];
        all.into_iter().find(|version| version.algorithm().as_bytes().eq_ignore_ascii_case(algorithm))
    }
}

/// The challenge in a nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The challenge proper.
    pub rand: Rand,
    /// The network's proof.
    pub autn: Autn,
    /// What the server wrote behind them, for itself.
    pub server_data: Vec<u8>,
}

/// A text is no base64 of the length that AKA wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AKA: expected base64 of {expected}")]
pub struct ChallengeError {
    /// What should be in it.
    pub expected: &'static str,
}

impl Challenge {
    /// Reads a nonce without its quotes. Padding may be missing; some elements leave it out.
    ///
    /// # Errors
    /// It is not base64, or of fewer bytes than RAND and AUTN have, or more than a nonce of ours ever has.
    pub fn from_nonce(nonce: &[u8]) -> Result<Challenge, ChallengeError> {
        let wrong = ChallengeError { expected: "RAND, AUTN and up to 256 bytes" };
        let bytes = decode(nonce, RAND_AND_AUTN + MAX_SERVER_DATA).ok_or(wrong)?;
        let (rand, rest) = bytes.split_first_chunk::<16>().ok_or(wrong)?;
        let (autn, server_data) = rest.split_first_chunk::<16>().ok_or(wrong)?;
        Ok(Challenge { rand: *rand, autn: *autn, server_data: server_data.to_vec() })
    }

    /// The nonce: letters, digits, `+`, `/` and `=`, so it needs quotes but no escapes. Server data beyond 256 bytes is
    /// cut off.
    #[must_use]
    pub fn to_nonce(&self) -> String {
        let data = self.server_data.get(..MAX_SERVER_DATA).unwrap_or(&self.server_data);
        STANDARD.encode([&self.rand[..], &self.autn, data].concat())
    }
}

/// Reads an `auts` parameter without its quotes (RFC 3310 §3.4).
///
/// # Errors
/// It is not base64 of 14 bytes.
pub fn auts_from_base64(text: &[u8]) -> Result<Auts, ChallengeError> {
    let bytes = decode(text, 14).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(ChallengeError { expected: "14 bytes" })
}

/// The value of an `auts` parameter.
#[must_use]
pub fn auts_to_base64(auts: &Auts) -> String {
    STANDARD.encode(auts)
}

/// The password of AKAv1 (RFC 3310 §3.3): RES as it is.
#[must_use]
pub fn akav1_password(res: &Res) -> &[u8] {
    res.expose()
}

/// The password of AKAv2 (RFC 4169 §3).
#[must_use]
pub fn akav2_password(res: &Res, ck: &SessionKey, ik: &SessionKey) -> String {
    let mut key = zeroize::Zeroizing::new([0_u8; 40]);
    key[..8].copy_from_slice(res.expose());
    key[8..24].copy_from_slice(ik.expose());
    key[24..].copy_from_slice(ck.expose());
    STANDARD.encode(prf(&key[..], b"http-digest-akav2-password"))
}

/// The cipher key that AKAv2 gives to others (RFC 4169 §3).
#[must_use]
pub fn akav2_cipher_key(ck: &SessionKey) -> SessionKey {
    Secret::new(prf(ck.expose(), b"http-digest-akav2-cipherkey"))
}

/// The integrity key that AKAv2 gives to others (RFC 4169 §3).
#[must_use]
pub fn akav2_integrity_key(ik: &SessionKey) -> SessionKey {
    Secret::new(prf(ik.expose(), b"http-digest-akav2-integritykey"))
}

/// The pseudo-random function of AKAv2-MD5.
fn prf(key: &[u8], text: &[u8]) -> [u8; 16] {
    // Keys of every caller are shorter than a block, which HMAC pads with zeros (RFC 2104 §2).
    let mut block = zeroize::Zeroizing::new([0_u8; 64]);
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    let mut mac = <Hmac<Md5> as KeyInit>::new((&*block).into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Base64 with or without padding, of at most so many bytes.
fn decode(text: &[u8], most: usize) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if digits.len() > most.div_ceil(3) * 4 {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(digits).ok()?;
    (bytes.len() <= most).then_some(bytes)
}
