//! What a message must be before anything is done with it (RFC 3261 §8.1.1, §8.2.2, §16.3 item 1; RFC 4475).
//!
//! In: a [`Head`] that parsed. Out: nothing, or [`Invalid`]: the status to answer a request with. An invalid response
//! is dropped (§18.1.2), an ACK never answered. Only what every element needs is looked at: the start line, what makes
//! a transaction, the framing, and that no header field stands twice that may stand once. Schemes, options and
//! Max-Forwards of 0 are the proxy's.

use crate::start_line::is_sip;
use crate::{Head, HeaderError, HeaderId, NameAddr, UriError};

/// Header fields that may stand once, and are no list (§7.3.1, the tables of §20 and later RFCs). Two of them
/// contradict each other (RFC 4475 §3.3.8). A bit for each, by number.
const SINGLE: u128 = bit(HeaderId::FROM)
    | bit(HeaderId::TO)
    | bit(HeaderId::CALL_ID)
    | bit(HeaderId::CSEQ)
    | bit(HeaderId::MAX_FORWARDS)
    | bit(HeaderId::CONTENT_LENGTH)
    | bit(HeaderId::CONTENT_TYPE)
    | bit(HeaderId::EXPIRES)
    | bit(HeaderId::MIN_EXPIRES)
    | bit(HeaderId::EVENT)
    | bit(HeaderId::MAX_BREADTH)
    | bit(HeaderId::SESSION_EXPIRES)
    | bit(HeaderId::REFER_TO)
    | bit(HeaderId::RACK);

/// The bit of a header field; none for numbers that do not fit.
const fn bit(id: HeaderId) -> u128 {
    if id.0 < u128::BITS as u16 { 1 << id.0 } else { 0 }
}

/// A message that no element can handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Invalid {
    /// The answer to a request: 400 or 505.
    pub status: u16,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// Not SIP/2.0 (§7.1, §21.5.6).
    #[error("not SIP/2.0")]
    Version,
    /// White space where the start line allows none (RFC 4475 §3.1.2.9, §3.1.2.10).
    #[error("white space in the start line")]
    StartLine,
    /// The Request-URI is no URI.
    #[error("the Request-{0}")]
    RequestUri(UriError),
    /// The Request-URI has header components (§19.1.1 table 1; RFC 4475 §3.1.2.11).
    #[error("the Request-URI has headers")]
    RequestUriHeaders,
    /// A header field is missing or malformed.
    #[error("{0}")]
    Header(HeaderError),
    /// The URI of this header field is none.
    #[error("{} holds no {uri}", header.name())]
    Uri {
        /// The header field.
        header: HeaderId,
        /// What is wrong with it.
        uri: UriError,
    },
    /// This header field stands more than once.
    #[error("more than one {}", .0.name())]
    Repeated(HeaderId),
    /// CSeq's method is not the request's (§8.1.1.5).
    #[error("the method of CSeq is another")]
    Method,
    /// The body is shorter than Content-Length says (§18.3).
    #[error("the body ends before its Content-Length")]
    BodyLength,
}

impl Invalid {
    const fn bad_request(why: Why) -> Self {
        Invalid { status: 400, why }
    }
}

impl From<HeaderError> for Invalid {
    fn from(error: HeaderError) -> Self {
        Invalid::bad_request(Why::Header(error))
    }
}

/// Whether the message is one that an element may go on with.
///
/// # Errors
/// The first thing that is wrong, in the order of the list of [`Why`].
pub fn validate(head: &Head<'_>) -> Result<(), Invalid> {
    version(head)?;
    if head.is_request() {
        request_uri(head)?;
    }
    single(head)?;
    transaction(head)?;
    limits(head)?;
    contacts(head)?;
    body(head)
}

fn version(head: &Head<'_>) -> Result<(), Invalid> {
    let version = head.version();
    if version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    let trimmed = version.trim_ascii_end();
    if trimmed.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(Invalid::bad_request(Why::StartLine));
    }
    let is_other = is_sip(trimmed)
        && trimmed.len() > 4
        && trimmed[4..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let status = if is_other { 505 } else { 400 };
    Err(Invalid { status, why: Why::Version })
}

fn request_uri(head: &Head<'_>) -> Result<(), Invalid> {
    let bytes = head.request_uri();
    if bytes.trim_ascii() != bytes {
        return Err(Invalid::bad_request(Why::StartLine));
    }
    let uri = head.uri().map_err(|error| Invalid::bad_request(Why::RequestUri(error)))?;
    if uri.headers().is_some() {
        return Err(Invalid::bad_request(Why::RequestUriHeaders));
    }
    Ok(())
}

/// One look at the index for all of them.
fn single(head: &Head<'_>) -> Result<(), Invalid> {
    let mut seen = 0;
    for span in head.spans() {
        let bit = bit(span.id) & SINGLE;
        if seen & bit != 0 {
            return Err(Invalid::bad_request(Why::Repeated(span.id)));
        }
        seen |= bit;
    }
    Ok(())
}

/// What a transaction and its answer are made of.
fn transaction(head: &Head<'_>) -> Result<(), Invalid> {
    let via = head.via()?;
    if via.version != b"2.0" {
        return Err(HeaderError::syntax(4, "version 2.0").of(HeaderId::VIA).into());
    }
    let uri = |header, address: &NameAddr<'_>| {
        address.uri().map_err(|uri| Invalid::bad_request(Why::Uri { header, uri })).map(drop)
    };
    let (from, to) = (head.from()?, head.to()?);
    uri(HeaderId::FROM, &from)?;
    // in a REGISTER they are the same
    if to.uri_bytes != from.uri_bytes {
        uri(HeaderId::TO, &to)?;
    }
    head.call_id()?;
    let cseq = head.cseq()?;
    if head.is_request() && cseq.token != head.method_token() {
        return Err(Invalid::bad_request(Why::Method));
    }
    Ok(())
}

fn limits(head: &Head<'_>) -> Result<(), Invalid> {
    head.max_forwards()?;
    head.max_breadth()?;
    Ok(())
}

/// Every Contact must be readable, whoever asks for it; other header fields are judged by those who use them.
fn contacts(head: &Head<'_>) -> Result<(), Invalid> {
    for contact in head.contacts() {
        contact?;
    }
    Ok(())
}

fn body(head: &Head<'_>) -> Result<(), Invalid> {
    match head.content_length()? {
        Some(length) if length as usize != head.body_length() => Err(Invalid::bad_request(Why::BodyLength)),
        _ => Ok(()),
    }
}
