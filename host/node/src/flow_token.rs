//! The user part of our Record-Route: proof that we made it for this Call-ID, the version of the script that took the call,
//! and the flow of its side (RFC 5626 §5.2).
//!
//! ```text
//!   hash of Call-ID and all that follows, 16 digits │ mark, 8 │ connection, 16 │ port, 4 │ IPv4 address, 8, or IPv6 address, 32
//!                                                   │         └── only where requests to that side must take this very flow
//!                                                   └── only where the version is asked inside dialogs
//! ```
//! In: a Call-ID, a version's mark and a side's flow; later, what a Route brings back. Out: the token; later, whether it is
//! ours, the mark, and the flow, whose transport and listener the URI itself names. Nobody else can make one, nor use one in
//! another call: else anybody could send anything anywhere through us, or choose which version decides about him.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sip::{Flow, Transport};
use smallvec::SmallVec;

use crate::hash;
use crate::mark::Mark;

/// A token: lower-case hexadecimal digits.
pub(crate) type Token = SmallVec<[u8; 52]>;

/// Digits of the hash.
const PROOF: usize = 16;

/// Bytes of a flow: those of an IPv4 and of an IPv6 remote.
const FLOW_V4: usize = 14;
const FLOW_V6: usize = 26;

/// Bytes behind the hash at most.
const MOST: usize = Mark::BYTES + FLOW_V6;

/// The token of a side; `mark` where the version is asked inside dialogs, `flow` where requests must go back by it.
pub(crate) fn token(key: &[u8; 16], call_id: &[u8], mark: Option<Mark>, flow: Option<Flow>) -> Token {
    let mut bytes = SmallVec::<[u8; MOST]>::new();
    if let Some(Mark(mark)) = mark {
        bytes.extend_from_slice(&mark);
    }
    if let Some(flow) = flow {
        bytes.extend_from_slice(&flow.connection.to_be_bytes());
        bytes.extend_from_slice(&flow.remote.port().to_be_bytes());
        match flow.remote.ip() {
            IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
        }
    }
    let mut token = Token::from_slice(&proof(key, call_id, &bytes));
    for byte in bytes {
        token.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    token
}

fn proof(key: &[u8; 16], call_id: &[u8], bytes: &[u8]) -> [u8; PROOF] {
    hash::hex(if bytes.is_empty() {
        hash::keyed(key, &[call_id])
    } else {
        hash::keyed(key, &[call_id, bytes])
    })
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// The version that took the call.
    pub(crate) mark: Option<Mark>,
    /// Where its side is.
    pub(crate) side: Side,
}

/// Where a side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// It is reached by URIs.
    Anywhere,
    /// It is reached by this connection, or datagrams to this remote.
    At(u64, SocketAddr),
}

impl Side {
    /// The flow by a listener.
    pub(crate) fn flow(self, listener: u16, transport: Transport) -> Option<Flow> {
        match self {
            Side::At(connection, remote) => Some(Flow { transport, listener, connection, remote }),
            Side::Anywhere => None,
        }
    }
}

/// Reads a token back; `None` where it is not ours, or of another Call-ID.
pub(crate) fn read(key: &[u8; 16], call_id: &[u8], token: &[u8]) -> Option<Said> {
    let (said, digits) = token.split_at_checked(PROOF)?;
    if digits.len() % 2 != 0 || digits.len() > 2 * MOST {
        return None;
    }
    let mut bytes = SmallVec::<[u8; MOST]>::new();
    for pair in digits.chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    if proof(key, call_id, &bytes) != said {
        return None;
    }
    // No two forms have the same length.
    let (mark, flow) = match bytes.len() {
        0 | FLOW_V4 | FLOW_V6 => (None, &bytes[..]),
        _ => bytes.split_first_chunk().map(|(mark, flow)| (Some(Mark(*mark)), flow))?,
    };
    Some(Said { mark, side: side(flow)? })
}

fn side(flow: &[u8]) -> Option<Side> {
    if flow.is_empty() {
        return Some(Side::Anywhere);
    }
    let (connection, rest) = flow.split_first_chunk::<8>()?;
    let (port, ip) = rest.split_first_chunk::<2>()?;
    let ip = match <[u8; 4]>::try_from(ip) {
        Ok(ip) => IpAddr::V4(Ipv4Addr::from(ip)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
    };
    Some(Side::At(u64::from_be_bytes(*connection), SocketAddr::new(ip, u16::from_be_bytes(*port))))
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [5; 16];

    fn flow(remote: &str, connection: u64) -> Flow {
        Flow { transport: Transport::Tls, listener: 3, connection, remote: remote.parse().unwrap() }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let flows = [
            None,
            Some(flow("192.0.2.9:65535", u64::MAX)),
            Some(flow("[2001:db8::9]:1", 1)),
            Some(flow("192.0.2.9:5060", 0)),
        ];
        for flow in flows {
            for mark in [None, Mark::of("00000000"), Mark::of("fedcba98")] {
                let token = token(&KEY, b"call-1", mark, flow);
                assert!(token.iter().all(u8::is_ascii_alphanumeric));
                let said = read(&KEY, b"call-1", &token).unwrap();
                assert_eq!((said.mark, said.side.flow(3, Transport::Tls)), (mark, flow));
            }
        }
        assert_eq!(token(&KEY, b"call-1", None, None).len(), PROOF);
    }

    #[test]
    fn nothing_else_is_ours() {
        let good = token(&KEY, b"call-1", Mark::of("fedcba98"), Some(flow("192.0.2.9:5060", 7)));
        assert_eq!(read(&KEY, b"call-2", &good), None, "another call");
        assert_eq!(read(&[6; 16], b"call-1", &good), None, "another element");
        for at in 0..good.len() {
            let mut forged = good.clone();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(read(&KEY, b"call-1", &forged), None, "digit {at}");
            assert_eq!(read(&KEY, b"call-1", &good[..at]), None, "{at} digits");
        }
        let capitals = good.to_ascii_uppercase();
        assert!(capitals == *good || read(&KEY, b"call-1", &capitals).is_none());
        assert_eq!(read(&KEY, b"call-1", b"\xff\xff"), None);
        assert_eq!(read(&KEY, b"call-1", &[&good[..], b"00"].concat()), None, "longer");
    }
}
