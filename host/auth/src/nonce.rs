//! Nonces that need no table: time, random number and a MAC over both and the realm (RFC 7616 §3.3, §5.4).
//!
//! ```text
//!   base64url( time in ms: 6 bytes | random: 8 | HMAC-SHA-256(secret, time | random | realm) cut to 16 )
//! ```
//! In: the wall clock in ms, a random number, the realm. Out: a nonce, or what one is worth. Not here: how often a
//! nonce was used (`replay.rs`). Elements that share the secret accept each other's nonces.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hash::same;

const TIME_BYTES: usize = 6;
const RANDOM_BYTES: usize = 8;
const MAC_BYTES: usize = 16;
const RAW_BYTES: usize = TIME_BYTES + RANDOM_BYTES + MAC_BYTES;

/// A nonce's length in characters.
pub const NONCE_LENGTH: usize = RAW_BYTES / 3 * 4;

/// How far ahead of our clock another element that shares the secret may be.
const MAX_SKEW_MS: u64 = 10_000;

/// A nonce that we made, small enough to be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NonceId {
    /// When it was made, wall clock in ms.
    pub made_ms: u64,
    /// 64 bits of its MAC: not to be foreseen, so good as a hash key as it is.
    pub key: u64,
}

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceCheck {
    /// Ours, for this realm, within its lifetime.
    Fresh(NonceId),
    /// Ours, for this realm, too old.
    Stale,
    /// Not ours, or for another realm.
    Foreign,
}

/// Makes and checks nonces. Shared by any number of threads: it never changes.
#[derive(Clone)]
pub struct Nonces {
    mac: Hmac<Sha256>,
    lifetime_ms: u64,
}

impl Nonces {
    /// The lifetime that operators get unless they say otherwise.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

    /// `secret`: 32 unpredictable bytes. Where it outlives a restart, so do the nonces.
    pub fn new(secret: [u8; 32], lifetime: Duration) -> Nonces {
        let mac = <Hmac<Sha256> as KeyInit>::new(&pad(&secret).into());
        Nonces { mac, lifetime_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX) }
    }

    /// How long a nonce is taken, in ms.
    pub const fn lifetime_ms(&self) -> u64 {
        self.lifetime_ms
    }

    /// A nonce of [`NONCE_LENGTH`] characters that need no quoting. `random`: never the same twice in a millisecond.
    pub fn make(&self, now_ms: u64, realm: &str, random: u64) -> String {
        let mut raw = [0; RAW_BYTES];
        raw[..TIME_BYTES].copy_from_slice(&now_ms.to_be_bytes()[8 - TIME_BYTES..]);
        raw[TIME_BYTES..TIME_BYTES + RANDOM_BYTES].copy_from_slice(&random.to_be_bytes());
        let mac = self.mac(&raw[..TIME_BYTES + RANDOM_BYTES], realm);
        raw[TIME_BYTES + RANDOM_BYTES..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(raw)
    }

    /// What this nonce is worth now in this realm.
    pub fn check(&self, now_ms: u64, nonce: &[u8], realm: &str) -> NonceCheck {
        let mut raw = [0; RAW_BYTES];
        if nonce.len() != NONCE_LENGTH || URL_SAFE_NO_PAD.decode_slice(nonce, &mut raw) != Ok(RAW_BYTES) {
            return NonceCheck::Foreign;
        }
        let (head, mac) = raw.split_at(TIME_BYTES + RANDOM_BYTES);
        if !same(mac, &self.mac(head, realm)) {
            return NonceCheck::Foreign;
        }
        let made_ms = big_endian(&head[..TIME_BYTES]);
        if made_ms > now_ms.saturating_add(MAX_SKEW_MS) {
            // made by an element whose clock is wrong; a new challenge cures it
            return NonceCheck::Stale;
        }
        if now_ms.saturating_sub(made_ms) > self.lifetime_ms {
            return NonceCheck::Stale;
        }
        NonceCheck::Fresh(NonceId { made_ms, key: big_endian(&mac[..8]) })
    }

    fn mac(&self, head: &[u8], realm: &str) -> [u8; MAC_BYTES] {
        let mut mac = self.mac.clone();
        mac.update(head);
        mac.update(realm.as_bytes());
        let full = mac.finalize().into_bytes();
        let mut cut = [0; MAC_BYTES];
        cut.copy_from_slice(&full[..MAC_BYTES]);
        cut
    }
}

/// The key as HMAC pads it (RFC 2104 §2), so that construction cannot fail.
fn pad(secret: &[u8; 32]) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(secret);
    key
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_000_000_000;

    fn nonces() -> Nonces {
        Nonces::new([7; 32], Duration::from_secs(300))
    }

    #[test]
    fn ours_is_fresh_until_its_lifetime_ends() {
        let nonce = nonces().make(NOW, "example.org", 42);
        assert_eq!(nonce.len(), NONCE_LENGTH);
        assert!(nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let check = |at| nonces().check(at, nonce.as_bytes(), "example.org");
        assert!(matches!(check(NOW), NonceCheck::Fresh(NonceId { made_ms: NOW, .. })));
        assert!(matches!(check(NOW + 300_000), NonceCheck::Fresh(_)));
        assert_eq!(check(NOW + 300_001), NonceCheck::Stale);
        // a clock that was set back a little
        assert!(matches!(check(NOW - MAX_SKEW_MS), NonceCheck::Fresh(_)));
        assert_eq!(check(NOW - MAX_SKEW_MS - 1), NonceCheck::Stale);
    }

    #[test]
    fn another_realm_secret_or_any_other_character_is_foreign() {
        let nonce = nonces().make(NOW, "example.org", 42);
        assert_eq!(nonces().check(NOW, nonce.as_bytes(), "example.com"), NonceCheck::Foreign);
        let other = Nonces::new([8; 32], Duration::from_secs(300));
        assert_eq!(other.check(NOW, nonce.as_bytes(), "example.org"), NonceCheck::Foreign);
        for index in 0..NONCE_LENGTH {
            let mut bytes = nonce.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(nonces().check(NOW, &bytes, "example.org"), NonceCheck::Foreign, "character {index}");
        }
        assert_eq!(nonces().check(NOW, b"", "example.org"), NonceCheck::Foreign);
        assert_eq!(nonces().check(NOW, &[b'A'; NONCE_LENGTH], "example.org"), NonceCheck::Foreign);
        assert_eq!(nonces().check(NOW, &[0xff; NONCE_LENGTH], "example.org"), NonceCheck::Foreign);
    }

    #[test]
    fn no_two_are_the_same() {
        let mut all: Vec<String> =
            (0..1000).map(|random| nonces().make(NOW, "example.org", random)).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 1000);
    }

    /// RFC 4231 test case 1 proves that the padded key is HMAC's own padding.
    #[test]
    fn the_padded_key_is_the_key() {
        let mut secret = [0; 32];
        secret[..20].fill(0x0b);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&pad(&secret).into());
        mac.update(b"Hi There");
        assert_eq!(mac.finalize().into_bytes()[..4], [0xb0, 0x34, 0x4c, 0x61]);
    }
}
