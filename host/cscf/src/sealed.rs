//! Strings that only this host can make: what a script gives away and wants back unchanged, such as the original dialog
//! identifier in the Route to an application server (TS 24.229 §5.4.3.4: it must not be guessed).
//!
//! ```text
//!   data │ 16 bytes of HMAC-SHA-256 over purpose and data        as base64url, which is fit for a URI's user part
//! ```
//! In: a key, a purpose, data. Out: the string, and the data of one that was made here for that purpose. It is not secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the proof.
const PROOF: usize = 16;

/// Makes and opens them.
#[derive(Clone)]
pub struct Sealer(Hmac<Sha256>);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With a key that nobody else has.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Sealer {
        // HMAC takes keys of any length (RFC 2104 §2).
        Sealer(Hmac::new_from_slice(key).expect("a key of any length"))
    }

    fn proof(&self, purpose: &str, data: &[u8]) -> [u8; PROOF] {
        let mut mac = self.0.clone();
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(data);
        let mut proof = [0; PROOF];
        proof.copy_from_slice(&mac.finalize().into_bytes()[..PROOF]);
        proof
    }

    /// Letters, digits, `-` and `_`.
    #[must_use]
    pub fn seal(&self, purpose: &str, data: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(data.len() + PROOF);
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&self.proof(purpose, data));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is in it; `None`: it was not made by this key for this purpose.
    #[must_use]
    pub fn unseal(&self, purpose: &str, token: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let at = bytes.len().checked_sub(PROOF)?;
        let is_ours = auth::same(&self.proof(purpose, &bytes[..at]), &bytes[at..]);
        is_ours.then(|| {
            bytes.truncate(at);
            bytes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_nothing_else_does() {
        let sealer = Sealer::new(&[7; 32]);
        for data in [&b""[..], b"sip:alice@ims.test", &[0xff; 300]] {
            let token = sealer.seal("scscf", data);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
            assert_eq!(sealer.unseal("scscf", &token).as_deref(), Some(data));
            assert_eq!(sealer.unseal("pcscf", &token), None, "another purpose");
            assert_eq!(Sealer::new(&[8; 32]).unseal("scscf", &token), None, "another key");
            for at in 0..token.len() {
                let mut forged = token.clone().into_bytes();
                forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
                let forged = String::from_utf8(forged).expect("letters");
                // The last letter may hold bits that mean nothing; then it is no base64url.
                assert_eq!(sealer.unseal("scscf", &forged), None, "letter {at}");
            }
        }
        for wrong in ["", "AA", "not a token", "\u{fc}"] {
            assert_eq!(sealer.unseal("scscf", wrong), None);
        }
    }
}
