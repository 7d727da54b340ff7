//! How a dialog is found: RFC 3261 §12, Call-ID and the two tags, the same from either end.
//!
//! In: a message's Call-ID and tags. Out: keyed hashes. The 128 bits of [`DialogKey`] stand for the identifiers
//! themselves: two dialogs collide with a probability of 2^-128, and nobody without the key can look for such two.

use std::hash::Hasher;

use siphasher::sip::SipHasher13 as SipHasher13Of64;
use siphasher::sip128::{Hasher128, SipHasher13};

/// Call-ID and both tags of a dialog, hashed; independent of which tag is From's and which is To's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DialogKey {
    pub(crate) high: u64,
    pub(crate) low: u64,
}

/// Call-ID and From tag of an INVITE without To tag, hashed: what the dialogs made by one INVITE have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InviteKey(pub(crate) u64);

/// The two hash functions, with a secret key.
pub(crate) struct Keys {
    dialogs: SipHasher13,
    invites: SipHasher13Of64,
}

impl Keys {
    pub(crate) fn new(seed: &[u8; 16]) -> Self {
        Self { dialogs: SipHasher13::new_with_key(seed), invites: SipHasher13Of64::new_with_key(seed) }
    }

    pub(crate) fn dialog(&self, call_id: &[u8], one_tag: &[u8], other_tag: &[u8]) -> DialogKey {
        let (first, second) = if one_tag <= other_tag { (one_tag, other_tag) } else { (other_tag, one_tag) };
        let mut hasher = self.dialogs;
        // With their lengths, so that no two triples read the same.
        hasher.write_u64((call_id.len() as u64) << 32 | first.len() as u64);
        hasher.write(call_id);
        hasher.write(first);
        hasher.write(second);
        let hash = hasher.finish128();
        DialogKey { high: hash.h1, low: hash.h2 }
    }

    pub(crate) fn invite(&self, call_id: &[u8], from_tag: &[u8]) -> InviteKey {
        let mut hasher = self.invites;
        hasher.write_u64(call_id.len() as u64);
        hasher.write(call_id);
        hasher.write(from_tag);
        InviteKey(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_from_either_end() {
        let keys = Keys::new(&[7; 16]);
        assert_eq!(keys.dialog(b"call", b"caller", b"callee"), keys.dialog(b"call", b"callee", b"caller"));
    }

    #[test]
    fn every_part_counts_and_so_does_where_it_ends() {
        let keys = Keys::new(&[7; 16]);
        let key = keys.dialog(b"call", b"a", b"b");
        assert_ne!(key, keys.dialog(b"calla", b"", b"b"));
        assert_ne!(key, keys.dialog(b"call", b"ab", b""));
        assert_ne!(key, keys.dialog(b"call", b"a", b"c"));
        assert_ne!(key, keys.dialog(b"Call", b"a", b"b"));
        assert_ne!(key, Keys::new(&[8; 16]).dialog(b"call", b"a", b"b"));
        assert_ne!(keys.invite(b"call", b"a"), keys.invite(b"calla", b""));
    }
}
