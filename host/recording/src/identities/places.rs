//! Where identities and addresses stand in a text: SIP and tel URIs with their display names, `username=`, devices, cells.
//!
//! In: any text: a header field value, a line of a decision, a value of a script's. Out: ranges. What is not one of these is
//! not found; a text that only looks like one is found too, which costs nothing but a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// An identity, and the host behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) identity: Range<usize>,
    /// Empty: there is none.
    pub(super) host: Range<usize>,
}

/// What comes before an identity that is no URI, and what ends it.
const MARKS: [(&[u8], &[u8]); 5] = [
    (b"username=\"", b"@\""),
    (b"urn:uuid:", b"\">;,"),
    (b"urn:gsma:imei:", b"\">;,"),
    (b"-3gpp=", b"\";,"),
    (b"wlan-node-id=", b"\";,"),
];

/// All identities in a text. `whole`: the text is a value by itself, and may be `user@domain`, or a user.
pub(super) fn places(text: &[u8], whole: bool) -> Vec<Place> {
    let mut found = Vec::new();
    for colon in positions(text, b':') {
        let Some(scheme) = scheme(text, colon) else { continue };
        found.extend(display(text, colon - scheme.len()));
        match scheme {
            b"tel" => found.push(tel(text, colon + 1)),
            _ => found.extend(sip(text, colon + 1)),
        }
    }
    for (mark, ends) in MARKS {
        for begin in all(text, mark) {
            let skip = usize::from(text.get(begin) == Some(&b'"'));
            let begin = begin + skip;
            let end = until(text, begin, ends);
            if begin < end {
                let host = match text.get(end) {
                    Some(b'@') => end + 1..until(text, end + 1, b"\""),
                    _ => end..end,
                };
                found.push(Place { identity: begin..end, host });
            }
        }
    }
    if whole && found.is_empty() {
        found.extend(bare(text));
    }
    found
}

/// The scheme of a URI that a colon ends.
fn scheme(text: &[u8], colon: usize) -> Option<&'static [u8]> {
    let before = &text[..colon];
    let ends = |name: &&&[u8]| {
        let Some(at) = before.len().checked_sub(name.len()) else { return false };
        before[at..].eq_ignore_ascii_case(name)
            && at.checked_sub(1).is_none_or(|at| !before[at].is_ascii_alphanumeric())
    };
    let schemes: [&'static [u8]; 3] = [b"sip", b"sips", b"tel"];
    schemes.iter().find(ends).copied()
}

fn tel(text: &[u8], begin: usize) -> Place {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.()*#".contains(byte);
    let length = text[begin..].iter().take_while(|byte| is_part(byte)).count();
    Place { identity: begin..begin + length, host: begin + length..begin + length }
}

/// `None`: it has neither.
fn sip(text: &[u8], begin: usize) -> Option<Place> {
    let end = until(text, begin, b"<> \t\r\n\"'\\");
    let at = text[begin..end].iter().position(|byte| *byte == b'@').map(|at| begin + at);
    let host = at.map_or(begin, |at| at + 1);
    let host = host..until(text, host, b"<>;?, \t\r\n\"'\\").min(end);
    let user = match at {
        Some(at) => begin..until(text, begin, b";@").min(at),
        None => begin..begin,
    };
    (!host.is_empty()).then_some(Place { identity: user, host })
}

/// The display name before a URI in angle brackets (RFC 3261 §25.1).
fn display(text: &[u8], uri: usize) -> Option<Place> {
    let before = text[..uri].strip_suffix(b"<")?.trim_ascii_end();
    let range = match before.strip_suffix(b"\"") {
        Some(quoted) => {
            let begin = (0..quoted.len()).rev().find(|&at| {
                quoted[at] == b'"' && at.checked_sub(1).is_none_or(|before| quoted[before] != b'\\')
            })?;
            begin + 1..quoted.len()
        }
        None => {
            let begin =
                before.iter().rposition(|byte| b",:;=<>\"\r\n\t".contains(byte)).map_or(0, |at| at + 1);
            begin..before.len()
        }
    };
    (!range.is_empty()).then_some(Place { host: range.end..range.end, identity: range })
}

fn bare(text: &[u8]) -> Option<Place> {
    let is_part = |byte: &u8| byte.is_ascii_graphic() || *byte >= 0x80;
    if text.is_empty() || !text.iter().all(is_part) {
        return None;
    }
    let mut ats = positions(text, b'@');
    let at = ats.next()?;
    ats.next().is_none().then_some(Place { identity: 0..at, host: at + 1..text.len() })
}

/// Runs of letters and digits, `%` escapes (RFC 3986 §2.1) left out.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
        while at < text.len() && !is_part(text[at]) {
            let is_escape = text[at] == b'%'
                && text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
            at += if is_escape { 3 } else { 1 };
        }
        let begin = at;
        while at < text.len() && is_part(text[at]) {
            at += 1;
        }
        (begin < at).then_some(begin..at)
    })
}

/// Addresses of both families.
pub(super) fn addresses(text: &[u8]) -> impl Iterator<Item = (Range<usize>, IpAddr)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let begin = at;
            let length = text[begin..].iter().take_while(|byte| is_of_address(**byte)).count();
            at += length.max(1);
            let before = begin.checked_sub(1).map(|at| text[at]);
            let is_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric())
                || text.get(begin + length).is_some_and(u8::is_ascii_alphanumeric);
            if length > 0
                && !is_word
                && let Some(found) = address(&text[begin..begin + length])
            {
                return Some((begin..begin + found.0, found.1));
            }
        }
        None
    })
}

fn is_of_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b'.' || byte == b':'
}

/// The address at the beginning, and how long it is: a port or a full stop may be behind it.
fn address(text: &[u8]) -> Option<(usize, IpAddr)> {
    let text = std::str::from_utf8(text).ok()?;
    let short = text.split(':').next().unwrap_or_default().trim_end_matches('.');
    if let Ok(address) = short.parse::<Ipv4Addr>() {
        return Some((short.len(), address.into()));
    }
    // An IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2) is that IPv4 address.
    if let Some(mapped) = text.get(7..).filter(|_| text[..7].eq_ignore_ascii_case("::ffff:")) {
        return address(mapped.as_bytes())
            .filter(|(_, address)| address.is_ipv4())
            .map(|(length, found)| (7 + length, found));
    }
    let long = text.trim_end_matches('.');
    let address = long.parse::<Ipv6Addr>().ok()?;
    Some((long.len(), address.into()))
}

fn until(text: &[u8], begin: usize, ends: &[u8]) -> usize {
    let rest = text.get(begin..).unwrap_or_default();
    begin + rest.iter().position(|byte| ends.contains(byte)).unwrap_or(rest.len())
}

fn positions(text: &[u8], wanted: u8) -> impl Iterator<Item = usize> {
    text.iter().enumerate().filter(move |(_, byte)| **byte == wanted).map(|(at, _)| at)
}

/// Where each occurrence ends, whatever its case.
fn all(text: &[u8], mark: &[u8]) -> Vec<usize> {
    let windows = text.windows(mark.len()).enumerate();
    windows.filter(|(_, window)| window.eq_ignore_ascii_case(mark)).map(|(at, _)| at + mark.len()).collect()
}
