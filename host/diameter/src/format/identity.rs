//! DiameterIdentity: RFC 6733 §4.3.1: the domain name of a node or a realm.
//!
//! In: ASCII. Out: a name that is compared without case, as DNS compares it, and printed as it came.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::FormatError;
use crate::bounds::MAX_IDENTITY;

/// A name. Cheap to clone.
#[derive(Clone)]
pub struct DiameterIdentity(Arc<str>);

impl DiameterIdentity {
    /// Reads one: one to [`MAX_IDENTITY`] visible ASCII characters.
    ///
    /// Names that are no domain names are in use (underscores, numbers, hosts without a dot), so no more is asked.
    pub fn parse(data: &[u8]) -> Result<DiameterIdentity, FormatError> {
        if data.is_empty() || data.len() > MAX_IDENTITY {
            return Err(FormatError::Length);
        }
        match std::str::from_utf8(data) {
            Ok(text) if data.iter().all(u8::is_ascii_graphic) => Ok(DiameterIdentity(text.into())),
            _ => Err(FormatError::Value),
        }
    }

    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether data is this name.
    pub fn is(&self, data: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(data)
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for DiameterIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.0.as_bytes())
    }
}

impl Eq for DiameterIdentity {}

impl PartialOrd for DiameterIdentity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DiameterIdentity {
    /// The order of the election (§5.6.4): "octets that fall in the ASCII range 'a' through 'z' MUST compare equally to
    /// their uppercase counterparts". A name that begins with the other one comes after it.
    fn cmp(&self, other: &Self) -> Ordering {
        // Folded to lower case or to upper case: only where '_' lies between letters does it make a difference, and
        // both sides must fold alike. freeDiameter and Open5GS fold to lower case.
        self.folded().cmp(other.folded())
    }
}

impl Hash for DiameterIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Debug for DiameterIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DiameterIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for DiameterIdentity {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<DiameterIdentity, FormatError> {
        DiameterIdentity::parse(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DiameterIdentity {
        text.parse().unwrap()
    }

    #[test]
    fn case_does_not_count_and_is_kept() {
        assert_eq!(id("HSS.Example.test"), id("hss.example.TEST"));
        assert_eq!(id("HSS.Example.test").as_str(), "HSS.Example.test");
        assert!(id("a.b").is(b"A.B") && !id("a.b").is(b"a.b."));
    }

    #[test]
    fn the_order_is_that_of_the_election() {
        assert!(id("b") > id("A"));
        assert!(id("a") < id("B"));
        assert!(id("hss10") > id("hss1"));
        assert_eq!(id("Hss1").cmp(&id("hSS1")), Ordering::Equal);
    }

    #[test]
    fn what_is_no_name() {
        for bad in ["", "a b", "a\n", "\u{e9}"] {
            assert!(bad.parse::<DiameterIdentity>().is_err(), "{bad:?}");
        }
        assert!(DiameterIdentity::parse(&[b'a'; 255]).is_ok());
        assert_eq!(DiameterIdentity::parse(&[b'a'; 256]), Err(FormatError::Length));
    }
}
