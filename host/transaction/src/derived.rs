//! Requests that follow from an INVITE hop by hop: ACK for a response other than 2xx (RFC 3261 §17.1.1.3) and
//! CANCEL (§9.1).
//!
//! In: the INVITE as it was sent (its head is enough). Out: the bytes of the ACK or CANCEL, at their exact size.
//! The ACK for a 2xx belongs to the TU.

use bytes::Bytes;
use sip::{HeaderId, Message};

/// Max-Forwards of a request that begins here (§8.1.1.6).
const MAX_FORWARDS: &str = "70";

/// The ACK: Request-URI, Call-ID, From, top Via, CSeq number and Route of the INVITE, To of the response.
/// `None` if the INVITE cannot be read or has no such header fields.
pub(crate) fn ack(invite: &[u8], to: &[u8]) -> Option<Bytes> {
    build("ACK", invite, Some(to), &[])
}

/// The CANCEL: the same of the INVITE and its To; `reason` becomes a Reason header field value (RFC 3326), none
/// if it is empty. `None` as for [`ack`], or if `reason` would break the line.
pub(crate) fn cancel(invite: &[u8], reason: &[u8]) -> Option<Bytes> {
    if reason.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return None;
    }
    build("CANCEL", invite, None, reason)
}

fn build(method: &str, invite: &[u8], to: Option<&[u8]>, reason: &[u8]) -> Option<Bytes> {
    let invite = Message::parse_datagram(invite).ok()?;
    let head = invite.head();
    let number = head.cseq().ok()?.number;
    let to = to.or(head.header(HeaderId::TO))?;
    let mut out = Vec::with_capacity(head.raw_head().len() + to.len() + reason.len());
    for part in [method.as_bytes(), b" ", head.request_uri(), b" SIP/2.0\r\n"] {
        out.extend_from_slice(part);
    }
    field(&mut out, "Via", head.values(HeaderId::VIA).next()?.bytes);
    for route in head.fields(HeaderId::ROUTE) {
        field(&mut out, "Route", route);
    }
    field(&mut out, "Max-Forwards", MAX_FORWARDS.as_bytes());
    field(&mut out, "From", head.header(HeaderId::FROM)?);
    field(&mut out, "To", to);
    field(&mut out, "Call-ID", head.header(HeaderId::CALL_ID)?);
    field(&mut out, "CSeq", format!("{number} {method}").as_bytes());
    if !reason.is_empty() {
        field(&mut out, "Reason", reason);
    }
    field(&mut out, "Content-Length", b"0");
    out.extend_from_slice(b"\r\n");
    Some(Bytes::from(out.into_boxed_slice()))
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:bob@192.0.2.4 SIP/2.0\r\n\
        v: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKours;x=\"a,b\", SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKtheirs\r\n\
        Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKolder\r\n\
        Route: <sip:one;lr>,\r\n <sip:two;lr>\r\n\
        Max-Forwards: 3\r\n\
        f: \"Alice\" <sip:alice@example.com>;tag=1\r\n\
        To: Bob <sip:bob@example.com>\r\n\
        i: call@192.0.2.1\r\n\
        Route: <sip:three;lr>\r\n\
        CSeq: 314159 INVITE\r\n\
        Proxy-Require: foo\r\n\
        Require: 100rel\r\n\
        Contact: <sip:alice@192.0.2.1>\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: 150\r\n\r\n";

    #[test]
    fn ack_for_a_response_other_than_2xx() {
        let ack = ack(INVITE, b"Bob <sip:bob@example.com>;tag=99").unwrap();
        let expected = "ACK sip:bob@192.0.2.4 SIP/2.0\r\n\
            Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKours;x=\"a,b\"\r\n\
            Route: <sip:one;lr>,\r\n <sip:two;lr>\r\n\
            Route: <sip:three;lr>\r\n\
            Max-Forwards: 70\r\n\
            From: \"Alice\" <sip:alice@example.com>;tag=1\r\n\
            To: Bob <sip:bob@example.com>;tag=99\r\n\
            Call-ID: call@192.0.2.1\r\n\
            CSeq: 314159 ACK\r\n\
            Content-Length: 0\r\n\r\n";
        assert_eq!(std::str::from_utf8(&ack), Ok(expected));
    }

    #[test]
    fn cancel_has_the_to_of_the_invite_and_neither_require() {
        let cancel = cancel(INVITE, b"SIP;cause=200;text=\"Call completed elsewhere\"").unwrap();
        let expected = "CANCEL sip:bob@192.0.2.4 SIP/2.0\r\n\
            Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKours;x=\"a,b\"\r\n\
            Route: <sip:one;lr>,\r\n <sip:two;lr>\r\n\
            Route: <sip:three;lr>\r\n\
            Max-Forwards: 70\r\n\
            From: \"Alice\" <sip:alice@example.com>;tag=1\r\n\
            To: Bob <sip:bob@example.com>\r\n\
            Call-ID: call@192.0.2.1\r\n\
            CSeq: 314159 CANCEL\r\n\
            Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n\
            Content-Length: 0\r\n\r\n";
        assert_eq!(std::str::from_utf8(&cancel), Ok(expected));
    }

    #[test]
    fn what_nothing_follows_from() {
        assert_eq!(cancel(INVITE, b"SIP\r\nX: y"), None);
        assert_eq!(cancel(b"", b""), None);
        assert_eq!(ack(b"INVITE sip:bob@192.0.2.4 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n", b"x"), None);
    }
}
