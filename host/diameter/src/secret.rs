//! Keys: bytes that are not logged and do not stay in memory.
//!
//! In: bytes. Out: the bytes, to who asks for them by name. Dropping overwrites them. What was received or is being
//! sent lies in the message's buffer as well, which is not overwritten: that is the shell's, and the kernel has its
//! own copy.

use std::fmt;

use zeroize::Zeroize;

/// Bytes of a key, a response, or a hash that is as good as a password.
#[derive(Clone, Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A copy of these bytes.
    pub fn new(bytes: &[u8]) -> Secret {
        Secret(bytes.to_vec())
    }

    /// The bytes. Do not log them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    /// In a time that tells their length and no more.
    fn eq(&self, other: &Self) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |all, (a, b)| all | (a ^ b));
        self.0.len() == other.0.len() && std::hint::black_box(difference) == 0
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_shown() {
        let key = Secret::new(b"sixteen byte key");
        assert_eq!(format!("{key:?} {:#?}", Some(&key)), "Secret Some(\n    Secret,\n)");
    }

    #[test]
    fn it_is_compared() {
        assert_eq!(Secret::new(b"one"), Secret::new(b"one"));
        assert_ne!(Secret::new(b"one"), Secret::new(b"two"));
        assert_ne!(Secret::new(b"one"), Secret::new(b"one "));
        assert_ne!(Secret::new(b""), Secret::new(b"\0"));
    }

    #[test]
    fn overwriting_overwrites_its_whole_length() {
        let mut key = Secret::new(&[0xaa; 16]);
        // What `drop` does; after it there is nothing left to look at.
        key.0.zeroize();
        assert_eq!(key, Secret::default());
    }
}
