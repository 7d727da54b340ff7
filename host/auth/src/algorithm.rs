//! The digest algorithms of RFC 7616 §3.2 and RFC 8760 §2: names and strengths.
//!
//! In: the `algorithm` parameter. Out: an [`Algorithm`]. Not here: computing them (`hash.rs`). The `-sess` variants
//! are not supported: they bind HA1 to one nonce and gain nothing where every nonce is short-lived.

use std::fmt;

/// A digest algorithm that this element can check. Ordered by strength, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5: what every phone knows (RFC 2617).
    Md5,
    /// SHA-512/256 (RFC 8760 §2.1 orders it after SHA-256 in preference: fewer phones know it).
    Sha512_256,
    /// SHA-256, the one that RFC 8760 §2.1 makes mandatory.
    Sha256,
}

impl Algorithm {
    /// All of them, weakest first.
    pub const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha512_256, Algorithm::Sha256];

    /// The token as IANA registered it.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha512_256 => "SHA-512-256",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// The algorithm of a parameter's value, case-insensitively (RFC 7616 §3.3). `None`: unknown or a `-sess` one.
    pub fn from_name(token: &[u8]) -> Option<Algorithm> {
        Self::ALL.into_iter().find(|a| a.name().as_bytes().eq_ignore_ascii_case(token))
    }

    /// Length of a hash in bytes: 16 or 32.
    pub const fn length(self) -> usize {
        match self {
            Algorithm::Md5 => 16,
            Algorithm::Sha256 | Algorithm::Sha512_256 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_sessions_are_not() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name().as_bytes()), Some(algorithm));
            assert_eq!(Algorithm::from_name(algorithm.name().to_lowercase().as_bytes()), Some(algorithm));
            let session = format!("{algorithm}-sess");
            assert_eq!(Algorithm::from_name(session.as_bytes()), None);
        }
        assert_eq!(Algorithm::from_name(b""), None);
        assert_eq!(Algorithm::from_name(b"SHA256"), None);
        assert!(Algorithm::Md5 < Algorithm::Sha256);
    }
}
