//! The formats of AVP data: RFC 6733 §4.2 and §4.3.
//!
//! In: data. Out: whether it has the format. The formats with a structure of their own have a file each: `address.rs`,
//! `identity.rs`, `time.rs`, `uri.rs`. How Rust values become data and back is in `value.rs`.

mod address;
mod identity;
mod time;
mod uri;

pub use address::Address;
pub use identity::DiameterIdentity;
pub use time::NtpTime;
pub use uri::{AaaProtocol, DiameterUri, UriTransport};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Any bytes.
    OctetString,
    /// Text.
    Utf8String,
    /// Four bytes, signed.
    Integer32,
    /// Eight bytes, signed.
    Integer64,
    /// Four bytes.
    Unsigned32,
    /// Eight bytes.
    Unsigned64,
    /// Four bytes of IEEE 754.
    Float32,
    /// Eight bytes of IEEE 754.
    Float64,
    /// AVPs.
    Grouped,
    /// An address family and an address.
    Address,
    /// Seconds since 1900, or since 2036.
    Time,
    /// A domain name.
    DiameterIdentity,
    /// aaa:// or aaas://.
    DiameterUri,
    /// Four bytes, signed, of a list of values.
    Enumerated,
    /// A packet filter in ASCII.
    IpFilterRule,
}

/// Data that a format does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FormatError {
    /// Too short or too long: DIAMETER_INVALID_AVP_LENGTH.
    #[error("a length that the format does not have")]
    Length,
    /// The right length and no value: DIAMETER_INVALID_AVP_VALUE.
    #[error("a value that the format does not have")]
    Value,
}

impl Format {
    /// The shortest data it can have: that of an example (§7.5).
    pub const fn min_length(self) -> usize {
        match self {
            Format::OctetString | Format::Utf8String | Format::Grouped | Format::IpFilterRule => 0,
            // A name or a URI without a byte is none, but zeros would be no better one.
            Format::DiameterIdentity | Format::DiameterUri => 0,
            Format::Integer32 | Format::Unsigned32 | Format::Float32 | Format::Enumerated | Format::Time => 4,
            Format::Address => 6,
            Format::Integer64 | Format::Unsigned64 | Format::Float64 => 8,
        }
    }

    /// Whether data has the format. Of a group only its length is looked at; `tree.rs` looks inside.
    pub fn check(self, data: &[u8]) -> Result<(), FormatError> {
        let exactly = |length| if data.len() == length { Ok(()) } else { Err(FormatError::Length) };
        match self {
            Format::OctetString | Format::Grouped => Ok(()),
            Format::Utf8String => std::str::from_utf8(data).map(|_| ()).map_err(|_| FormatError::Value),
            Format::IpFilterRule => {
                if data.is_ascii() {
                    Ok(())
                } else {
                    Err(FormatError::Value)
                }
            }
            Format::Integer32 | Format::Unsigned32 | Format::Float32 | Format::Enumerated | Format::Time => {
                exactly(4)
            }
            Format::Integer64 | Format::Unsigned64 | Format::Float64 => exactly(8),
            Format::Address => Address::parse(data).map(|_| ()),
            Format::DiameterIdentity => DiameterIdentity::parse(data).map(|_| ()),
            Format::DiameterUri => DiameterUri::parse(data).map(|_| ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_length() {
        for (format, length) in [
            (Format::Integer32, 4),
            (Format::Unsigned32, 4),
            (Format::Enumerated, 4),
            (Format::Float32, 4),
            (Format::Time, 4),
            (Format::Integer64, 8),
            (Format::Unsigned64, 8),
            (Format::Float64, 8),
        ] {
            assert_eq!(format.min_length(), length);
            for other in 0..=12 {
                let expected = if other == length { Ok(()) } else { Err(FormatError::Length) };
                assert_eq!(format.check(&[0; 12][..other]), expected, "{format:?} of {other} bytes");
            }
        }
    }

    #[test]
    fn text_is_utf8_and_bytes_are_anything() {
        assert_eq!(Format::Utf8String.check("Zoë".as_bytes()), Ok(()));
        assert_eq!(Format::Utf8String.check(&[0xc3, 0x28]), Err(FormatError::Value));
        assert_eq!(Format::OctetString.check(&[0xc3, 0x28]), Ok(()));
        assert_eq!(Format::IpFilterRule.check(b"permit out 17 from any to assigned"), Ok(()));
        assert_eq!(Format::IpFilterRule.check(&[0x80]), Err(FormatError::Value));
    }
}
