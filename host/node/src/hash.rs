//! Keyed hashes: tags and tokens that nobody else can make. In: a key and pieces. Out: 64 bits.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// SipHash-1-3 of the pieces, each closed by its length so that their borders count.
pub(crate) fn keyed(key: &[u8; 16], pieces: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    for piece in pieces {
        hasher.write(piece);
        hasher.write_usize(piece.len());
    }
    hasher.finish()
}

/// 16 lower-case hexadecimal digits.
pub(crate) fn hex(hash: u64) -> [u8; 16] {
    std::array::from_fn(|n| b"0123456789abcdef"[(hash >> (60 - 4 * n)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_order() {
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }

    #[test]
    fn borders_count() {
        let key = [7; 16];
        assert_ne!(keyed(&key, &[b"ab", b"c"]), keyed(&key, &[b"a", b"bc"]));
    }
}
