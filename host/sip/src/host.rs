//! Hosts of URIs and Via header fields (RFC 3261 §25.1 `host`, RFC 5118 §4).
//!
//! In: the bytes of a host, an IPv6 address in brackets. Out: [`Host`]. Finding a host's address is
//! `strowger-transport`'s.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bounds::MAX_HOST;
use crate::grammar::{self, HOST};

/// A host: a name, or an address.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A domain name as it came; ASCII letters, digits, `-`, `.` and `_`. Empty where a URI's scheme has no host.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, in brackets on the wire.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads a whole host; an IPv6 address stands in brackets. `None` where it is none.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Host<'a>> {
        match read(bytes, 0) {
            Some((host, end)) if end == bytes.len() => Some(host),
            _ => None,
        }
    }

    /// The address, where the host is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(*address)),
            Host::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Whether it is this address. An IPv4 address mapped into IPv6 is that IPv4 address (RFC 5118 §4.10).
    #[must_use]
    pub fn is_ip(&self, address: IpAddr) -> bool {
        self.ip().is_some_and(|ip| ip.to_canonical() == address.to_canonical())
    }
}

/// Names compare without regard to case, addresses by value (RFC 3261 §19.1.4; RFC 5118 §4.1).
impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            (Host::V4(one), Host::V4(two)) => one == two,
            (Host::V6(one), Host::V6(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

/// As on the wire, IPv6 in brackets.
impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => address.fmt(f),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// The host that begins at `at`, and where it ends.
#[inline]
pub(crate) fn read(bytes: &[u8], at: usize) -> Option<(Host<'_>, usize)> {
    if bytes.get(at) == Some(&b'[') {
        let end = at + memchr::memchr(b']', &bytes[at..])?;
        let text = ascii(&bytes[at + 1..end])?;
        let address = text.parse().ok().or_else(|| without_extra_colon(text))?;
        return Some((Host::V6(address), end + 1));
    }
    let end = grammar::run(HOST, bytes, at);
    let name = bytes.get(at..end).filter(|name| !name.is_empty() && name.len() <= MAX_HOST)?;
    match ipv4(name) {
        Some(address) => Some((Host::V4(address), end)),
        None => Some((Host::Name(ascii(name)?), end)),
    }
}

/// Four numbers of one to three digits, without leading zeros.
#[inline]
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (i, octet) in octets.iter_mut().enumerate() {
        let mut number = 0_u16;
        let mut digits = 0;
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            number = number * 10 + u16::from(digit - b'0');
            digits += 1;
            rest = behind;
            if number > 255 || (digits > 1 && number < 10) {
                return None;
            }
        }
        *octet = number as u8;
        match rest {
            _ if digits == 0 => return None,
            [] if i == 3 => {}
            [b'.', behind @ ..] if i < 3 => rest = behind,
            _ => return None,
        }
    }
    Some(octets.into())
}

/// `2001:db8:::192.0.2.1`: RFC 3261's own grammar allows three colons before an IPv4 address, and RFC 5118 §4.10 wants
/// them tolerated there and nowhere else.
#[cold]
fn without_extra_colon(text: &str) -> Option<Ipv6Addr> {
    const LONGEST: usize = "0000:0000:0000:0000:0000:0000:::255.255.255.255".len();
    let (before, address) = text.split_once(":::").filter(|_| text.len() <= LONGEST)?;
    let address: Ipv4Addr = address.parse().ok()?;
    format!("{before}::{address}").parse().ok()
}

/// An address of a `received` or `maddr` parameter: brackets around IPv6 are optional (RFC 5118 §4.5).
pub(crate) fn parse_address(bytes: &[u8]) -> Option<IpAddr> {
    let inner = match bytes {
        [b'[', inner @ .., b']'] => return ascii(inner)?.parse().ok().map(IpAddr::V6),
        _ => bytes,
    };
    ascii(inner)?.parse().ok()
}

pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        assert_eq!(Host::parse(b"Example.COM"), Some(Host::Name("example.com")));
        assert_eq!(Host::parse(b"192.0.2.1"), Some(Host::V4(Ipv4Addr::new(192, 0, 2, 1))));
        assert_eq!(Host::parse(b"[2001:db8::9:1]").unwrap().to_string(), "[2001:db8::9:1]");
        assert!(Host::parse(b"[::ffff:192.0.2.10]").unwrap().is_ip(Ipv4Addr::new(192, 0, 2, 10).into()));
        assert_eq!(Host::parse(b"[2001:DB8::1]"), Host::parse(b"[2001:db8:0:0::1]"));
        assert_ne!(Host::parse(b"a"), Host::parse(b"192.0.2.1"));
    }

    #[test]
    fn what_is_no_host() {
        let wrong: [&[u8]; 11] = [
            b"",
            b"[]",
            b"[2001:db8:::1]",
            b"[::::192.0.2.1]",
            b"[1:::2:::192.0.2.1]",
            b"[2001:db8:::192.0.2]",
            b"[::1",
            b"a b",
            b"\xc3\xa9.fr",
            b"a:1",
            b"[192.0.2.1]",
        ];
        for bytes in wrong {
            assert_eq!(Host::parse(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(Host::parse(&[b'a'; MAX_HOST + 1]), None);
    }

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        let texts = [
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.04",
            "1..3.4",
            "00.0.0.0",
            "1.2.3.",
            ".1.2.3",
            "1000.1.1.1",
            "1.2.3.a",
            "a",
            "10.20.30.40",
        ];
        for text in texts {
            assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn an_extra_colon_before_an_ipv4_address() {
        assert_eq!(Host::parse(b"[2001:db8:::192.0.2.1]"), Host::parse(b"[2001:db8::192.0.2.1]"));
        assert_eq!(Host::parse(b"[:::192.0.2.1]"), Host::parse(b"[::192.0.2.1]"));
    }

    #[test]
    fn received_addresses_with_and_without_brackets() {
        let address = "2001:db8::9:255".parse::<IpAddr>().unwrap();
        assert_eq!(parse_address(b"2001:db8::9:255"), Some(address));
        assert_eq!(parse_address(b"[2001:db8::9:255]"), Some(address));
        assert_eq!(parse_address(b"192.0.2.1"), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(parse_address(b"example.com"), None);
    }
}
