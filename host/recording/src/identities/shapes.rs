//! Another word, number or address of the same shape, from a key.
//!
//! In: what is to be replaced. Out: what stands in its place, not taken by anything else in this recording as far as the
//! shape has room.

use std::collections::HashSet;
use std::hash::Hasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use siphasher::sip::SipHasher13;

/// Tries to find one that is free; a shape with few members may have none.
const TRIES: u64 = 64;
/// Digits of a number that stay, where at least as many others are behind them.
const KEPT_DIGITS: usize = 5;

#[derive(Debug)]
pub(super) struct Shapes {
    key: [u8; 16],
    taken: HashSet<Vec<u8>>,
    taken_addresses: HashSet<IpAddr>,
}

impl Shapes {
    pub(super) fn new(key: [u8; 16]) -> Shapes {
        Shapes { key, taken: HashSet::new(), taken_addresses: HashSet::new() }
    }

    /// Letters for letters of the same case, digits for digits.
    pub(super) fn word(&mut self, word: &[u8]) -> Vec<u8> {
        let kept = |byte: u8, luck: u8| match byte {
            b'a'..=b'z' => b'a' + luck % 26,
            b'A'..=b'Z' => b'A' + luck % 26,
            b'0'..=b'9' => b'0' + luck % 10,
            other => other,
        };
        let word = &ascii(word);
        self.free(word, |luck| word.iter().zip(luck).map(|(&byte, luck)| kept(byte, luck)).collect())
    }

    /// Digits; the first ones stay.
    pub(super) fn number(&mut self, digits: &[u8]) -> Vec<u8> {
        let kept = KEPT_DIGITS.min(digits.len() / 2);
        self.free(digits, |luck| {
            let others = luck.take(digits.len() - kept).map(|luck| b'0' + luck % 10);
            digits[..kept].iter().copied().chain(others).collect()
        })
    }

    fn free(&mut self, of: &[u8], make: impl Fn(Luck) -> Vec<u8>) -> Vec<u8> {
        let tries = (0..TRIES).map(|n| make(self.luck(of, n)));
        let mut last = Vec::new();
        for other in tries {
            last = other;
            if last != of && !self.taken.contains(&last) {
                break;
            }
        }
        self.taken.insert(last.clone());
        last
    }

    /// Of the same family, with the same number of digits in each part, and the same first part.
    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        let name = address.to_string();
        let mut last = address;
        for n in 0..TRIES {
            let luck = self.luck(name.as_bytes(), n);
            last = match address {
                IpAddr::V4(address) => v4(address, luck).into(),
                IpAddr::V6(address) => v6(address, luck).into(),
            };
            if last != address && !self.taken_addresses.contains(&last) {
                break;
            }
        }
        self.taken_addresses.insert(last);
        last
    }

    fn luck(&self, of: &[u8], attempt: u64) -> Luck {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(of);
        hasher.write_u64(attempt);
        Luck { key: self.key, seed: hasher.finish(), count: 0 }
    }
}

/// A stream of bytes that looks like none.
struct Luck {
    key: [u8; 16],
    seed: u64,
    count: u64,
}

impl Iterator for Luck {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(self.seed);
        hasher.write_u64(self.count);
        self.count += 1;
        Some(hasher.finish() as u8)
    }
}

/// Characters beyond ASCII become question marks, a byte each.
fn ascii(word: &[u8]) -> Vec<u8> {
    word.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect()
}

/// Private networks (RFC 1918) stay such.
fn v4(address: Ipv4Addr, mut luck: Luck) -> Ipv4Addr {
    let octets = address.octets();
    let kept = if matches!(octets, [192, 168, ..] | [172, 16..=31, ..]) { 2 } else { 1 };
    let mut other = octets;
    for octet in &mut other[kept..] {
        let luck = luck.next().unwrap_or_default();
        *octet = match *octet {
            0..=9 => luck % 10,
            10..=99 => 10 + luck % 90,
            100.. => 100 + luck % 155,
        };
    }
    other.into()
}

/// Every group has as many digits as before.
fn v6(address: Ipv6Addr, mut luck: Luck) -> Ipv6Addr {
    let mut groups = address.segments();
    for group in &mut groups[1..] {
        let low = match *group {
            0 => continue,
            0x1..=0xf => 0x1,
            0x10..=0xff => 0x10,
            0x100..=0xfff => 0x100,
            0x1000.. => 0x1000,
        };
        let most = u32::from(low) * 15;
        let luck = u32::from(u16::from_le_bytes([0; 2].map(|_: u8| luck.next().unwrap_or_default())));
        *group = low + u16::try_from(luck % most).unwrap_or_default();
    }
    groups.into()
}

/// Writes an address as the one before it was written: as many bytes.
pub(super) fn write_address(before: &[u8], address: IpAddr, into: &mut [u8]) {
    let text = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => like(before, address),
    };
    if text.len() == into.len() {
        into.copy_from_slice(text.as_bytes());
    }
}

/// Group by group, with zeros and capital letters where they were.
fn like(before: &[u8], address: Ipv6Addr) -> String {
    let text = String::from_utf8_lossy(before);
    let written = text.split(':').filter(|group| !group.is_empty()).count();
    let front = text.split("::").next().unwrap_or_default();
    let front = front.split(':').filter(|group| !group.is_empty()).count();
    let segments = address.segments();
    let chosen = segments[..front].iter().chain(&segments[8 - (written - front).min(8)..]);
    let mut chosen = chosen.take(written);
    let mut out = String::new();
    for (number, group) in text.split(':').enumerate() {
        if number > 0 {
            out.push(':');
        }
        if !group.is_empty() {
            let value = chosen.next().copied().unwrap_or_default();
            out += &match group.bytes().any(|byte| byte.is_ascii_uppercase()) {
                true => format!("{value:0width$X}", width = group.len()),
                false => format!("{value:0width$x}", width = group.len()),
            };
        }
    }
    out
}
