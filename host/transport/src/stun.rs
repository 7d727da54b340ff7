//! What keeps a datagram flow alive: STUN binding requests (RFC 5389, as RFC 5626 §4.4.2 uses them) and the
//! empty datagrams that user agents send to hold a NAT binding open.
//!
//! In: a received datagram and its source. Out: [`Arrival`], which tells SIP from the rest, and the answer to a
//! binding request. Not here: STUN authentication, which RFC 5626 does not use; CRLF on streams (`streams`).

use std::net::SocketAddr;

use stun_types::attribute::{
    AttributeStaticType, AttributeType, ErrorCode, Fingerprint, MessageIntegrity, Nonce, Realm, Username,
    XorMappedAddress,
};
use stun_types::message::{BINDING, Message, MessageClass, MessageWriteVec};
use stun_types::prelude::*;

/// Largest STUN message that is looked at; a binding request needs 20 to about 100 bytes.
pub const MAX_STUN: usize = 548;

/// The magic cookie in bytes 4 to 7 of every RFC 5389 message.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// What a datagram is, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Worth parsing as SIP.
    Sip,
    /// STUN: see [`respond`].
    Stun,
    /// Empty, or nothing but line breaks, blanks or NULs: a keepalive that wants no answer. RFC 5626 §3.5.1
    /// defines an answer to CRLF CRLF on streams only.
    Keepalive,
}

/// Sorts one datagram by looking at its beginning.
#[inline]
pub fn classify(bytes: &[u8]) -> Arrival {
    match bytes.first() {
        Some(first) if *first > b' ' => Arrival::Sip,
        _ => classify_unusual(bytes),
    }
}

#[cold]
fn classify_unusual(bytes: &[u8]) -> Arrival {
    if bytes.first().is_some_and(|first| first & 0xC0 == 0) && bytes.get(4..8) == Some(&COOKIE) {
        return Arrival::Stun;
    }
    if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0)) {
        return Arrival::Keepalive;
    }
    Arrival::Sip
}

/// The answer to a STUN binding request: the address it came from, or 420 if it carries an attribute that must be
/// understood and is not. `None` for anything else: indications, responses, other methods, malformed messages.
/// An answer is at most about 20 bytes longer than the request.
pub fn respond(bytes: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    if bytes.len() > MAX_STUN || classify(bytes) != Arrival::Stun {
        return None;
    }
    let request = Message::from_bytes(bytes).ok()?;
    if !request.has_class(MessageClass::Request) || !request.has_method(BINDING) {
        return None;
    }
    let unknown: Vec<AttributeType> = request
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|kind| kind.comprehension_required() && !UNDERSTOOD.contains(kind))
        .collect();
    let mut answer = if unknown.is_empty() {
        let mut answer = Message::builder_success(&request, MessageWriteVec::new());
        let mapped = XorMappedAddress::new(source, request.transaction_id());
        answer.add_attribute(&mapped).ok()?;
        answer
    } else {
        Message::unknown_attributes(&request, &unknown, MessageWriteVec::new())
    };
    if request.has_attribute(Fingerprint::TYPE) {
        answer.add_fingerprint().ok()?;
    }
    Some(answer.finish())
}

/// Comprehension-required attributes that a request may carry: those of credentials are skipped, as a server
/// without authentication does (RFC 5389 §10).
const UNDERSTOOD: [AttributeType; 6] = [
    Username::TYPE,
    MessageIntegrity::TYPE,
    ErrorCode::TYPE,
    Realm::TYPE,
    Nonce::TYPE,
    XorMappedAddress::TYPE,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> SocketAddr {
        "192.0.2.7:49152".parse().unwrap()
    }

    fn mapped(answer: &[u8]) -> SocketAddr {
        let answer = Message::from_bytes(answer).unwrap();
        assert!(answer.has_class(MessageClass::Success));
        answer.attribute::<XorMappedAddress>().unwrap().addr(answer.transaction_id())
    }

    #[test]
    fn a_binding_request_learns_its_address() {
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        assert_eq!(classify(&request), Arrival::Stun);
        assert_eq!(mapped(&respond(&request, source()).unwrap()), source());
        let v6: SocketAddr = "[2001:db8::7]:5060".parse().unwrap();
        let answer = respond(&request, v6).unwrap();
        assert_eq!(mapped(&answer), v6);
        assert_eq!(answer[8..20], request[8..20], "the transaction id comes back");
    }

    #[test]
    fn a_fingerprint_is_answered_with_one() {
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
        request.add_fingerprint().unwrap();
        let answer = respond(&request.finish(), source()).unwrap();
        assert!(Message::from_bytes(&answer).unwrap().has_attribute(Fingerprint::TYPE));
    }

    #[test]
    fn an_unknown_required_attribute_is_420() {
        // CHANGE-REQUEST of RFC 5780
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        request[3] = 8;
        request.extend_from_slice(&[0x00, 0x03, 0x00, 0x04, 0, 0, 0, 0]);
        let answer = respond(&request, source()).unwrap();
        let answer = Message::from_bytes(&answer).unwrap();
        assert!(answer.has_class(MessageClass::Error));
        assert_eq!(answer.attribute::<ErrorCode>().unwrap().code(), 420);
    }

    #[test]
    fn only_binding_requests_are_answered() {
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        let parsed = Message::from_bytes(&request).unwrap();
        let response = Message::builder_success(&parsed, MessageWriteVec::new()).finish();
        assert_eq!(respond(&response, source()), None);
        let indication = Message::builder_indication(BINDING, MessageWriteVec::new()).finish();
        assert_eq!(respond(&indication, source()), None);
        assert_eq!(respond(&request[..19], source()), None);
        assert_eq!(respond(&[request.clone(), vec![0; MAX_STUN]].concat(), source()), None);
        assert_eq!(respond(b"OPTIONS sip:a SIP/2.0\r\n\r\n", source()), None);
    }

    #[test]
    fn the_rest_is_told_apart() {
        assert_eq!(classify(b"OPTIONS sip:a SIP/2.0\r\n"), Arrival::Sip);
        assert_eq!(classify(b"\r\n\r\nOPTIONS sip:a SIP/2.0\r\n"), Arrival::Sip, "RFC 3261 section 7.5");
        for keepalive in [&b""[..], b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0", b" \t\n"] {
            assert_eq!(classify(keepalive), Arrival::Keepalive);
        }
        // RFC 3489 without the cookie: not STUN as RFC 5389 knows it, and no SIP parser will take it either
        assert_eq!(classify(&[0, 1, 0, 0, 9, 9, 9, 9, 0, 0]), Arrival::Sip);
    }
}
