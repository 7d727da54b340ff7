//! Bytes that nobody is to see.
//!
//! In: a key. Out: the key to whoever asks for it by name; never to a log. Overwritten when dropped.

use std::fmt;

use zeroize::Zeroize;

/// A key or a response of `N` bytes. Its `Debug` does not show it; two of them compare in constant time.
#[derive(Clone)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Keeps these bytes. The caller's own copy is the caller's to forget.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Secret<N> {
        Secret(bytes)
    }

    /// From hexadecimal digits in any case; `None` where they are not exactly that.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Secret<N>> {
        let digits = digits.as_bytes();
        let mut secret = Secret([0; N]);
        if digits.len() != N * 2 {
            return None;
        }
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
        for (byte, pair) in secret.0.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(secret)
    }

    /// The bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes as lower-case hexadecimal digits, for `ck` and `ik` of TS 24.229 §7.2A.1. A copy that is not
    /// overwritten.
    #[must_use]
    pub fn expose_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        is_same(&self.0, &other.0)
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({N} bytes, redacted)")
    }
}

/// Equal bytes; the time depends on the length alone.
pub(super) fn is_same(one: &[u8], two: &[u8]) -> bool {
    let difference = one.iter().zip(two).fold(0_u8, |sum, (one, two)| sum | (one ^ two));
    // keeps the compiler from leaving the loop early
    one.len() == two.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::<2>::from_hex("aBcd").unwrap();
        assert_eq!((secret.expose(), secret.expose_hex().as_str()), (&[0xab, 0xcd], "abcd"));
        assert_eq!(format!("{secret:?}"), "Secret(2 bytes, redacted)");
        assert_eq!(secret, Secret::new([0xab, 0xcd]));
        assert_ne!(secret, Secret::new([0xab, 0xcc]));
        for wrong in ["", "abc", "abcde", "abcg", "+1+1", "ab cd"] {
            assert!(Secret::<2>::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
