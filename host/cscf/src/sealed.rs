//! Strings that only this host can make: what a script gives away and wants back unchanged, such as the original dialog
//! identifier in the Route to an application server (TS 24.229 §5.4.3.4: it must not be guessed).
//!
//! ```text
//!   proof = 16 bytes of HMAC-SHA-256 over purpose and data
//!   proof │ data, with the HMAC-SHA-256 over proof and counter laid over it   as base64url, fit for a URI's user part
//! ```
//! In: a key, a purpose, data. Out: the string, and the data of one that was made here for that purpose. Nobody else can
//! read it either: it may hold what the network does not show (TS 24.229 §5.10.4). The proof is the initial vector too, as
//! in RFC 5297; what is the same twice is so in its string, and nothing else is told.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the proof.
const PROOF: usize = 16;

/// Bytes that one HMAC covers.
const BLOCK: usize = 32;

/// Makes and opens them.
#[derive(Clone)]
pub struct Sealer {
    proof: Hmac<Sha256>,
    cover: Hmac<Sha256>,
}

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
        let of = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        let mut cover = of(key);
        cover.update(b"cover");
        Sealer { proof: of(key), cover: of(&cover.finalize().into_bytes()) }
    }

    /// Lays the key stream of a proof over data, or takes it off again.
    fn cover(&self, proof: &[u8], data: &mut [u8]) {
        for (counter, block) in (0_u64..).zip(data.chunks_mut(BLOCK)) {
            let mut mac = self.cover.clone();
            mac.update(proof);
            mac.update(&counter.to_be_bytes());
            let stream = mac.finalize().into_bytes();
            block.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn proof(&self, purpose: &str, data: &[u8]) -> [u8; PROOF] {
        let mut mac = self.proof.clone();
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
        let proof = self.proof(purpose, data);
        let mut bytes = Vec::with_capacity(PROOF + data.len());
        bytes.extend_from_slice(&proof);
        bytes.extend_from_slice(data);
        self.cover(&proof, &mut bytes[PROOF..]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is in it; `None`: it was not made by this key for this purpose.
    #[must_use]
    pub fn unseal(&self, purpose: &str, token: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (proof, data) = bytes.split_at_mut_checked(PROOF)?;
        self.cover(proof, data);
        let is_ours = auth::same(&self.proof(purpose, data), proof);
        is_ours.then(|| data.to_vec())
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
            let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64url");
            assert!(
                data.len() < 8 || !bytes.windows(8).any(|part| data.starts_with(part)),
                "it is not shown"
            );
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
