//! An owned message: the bytes as they came, and an index of their header fields (RFC 3261 §7).
//!
//! In: one datagram, or one framed piece of a stream. Out: [`Message`]: two allocations, and one for the top Via of what
//! came from the network. It is `Send` and `Sync` and read through [`Head`]. Printing is `draft.rs`; what a message must hold is `validate.rs`.

use std::net::SocketAddr;

use crate::bounds::MAX_MESSAGE;
use crate::received;
use crate::scan::{self, Length, Scanned, Spans};
use crate::start_line::Start;
use crate::top_via::TopVia;
use crate::{Head, HeaderId, HeaderSpan, Method, ParseError, Value};

/// A parsed message that owns its bytes.
#[derive(Clone)]
pub struct Message {
    raw: Box<[u8]>,
    spans: Box<[HeaderSpan]>,
    start: Start,
    /// Known where the message came from the network.
    top_via: Option<Box<TopVia>>,
}

/// The same bytes, read the same way.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw && self.spans == other.spans && self.start == other.start
    }
}

impl Eq for Message {}

impl Message {
    /// Parses one datagram. Bytes beyond Content-Length are cut off (§18.3); without Content-Length the body
    /// reaches to the end. A body that is shorter than Content-Length, and a Content-Length that cannot be read,
    /// are found by [`validate`](crate::validate()), so that a request can be answered with 400.
    ///
    /// # Errors
    /// The bytes cannot be indexed as a message, or are beyond a bound of [`bounds`](crate::bounds).
    pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
        let mut spans = Spans::new();
        let (start, message) = datagram(bytes, &mut spans)?;
        Ok(Message::from_parts(message.into(), spans.as_slice().into(), start))
    }

    /// Parses one datagram as [`Message::parse_datagram`] and writes into the top Via of a request where it came
    /// from: `received` where the sent-by host is not the source address or `rport` is there (§18.2.1; RFC 3581
    /// §4), and the value of `rport`. A `received` that the sender wrote is replaced. A top Via that cannot be read
    /// is left as it is.
    ///
    /// # Errors
    /// As [`Message::parse_datagram`].
    pub fn parse_datagram_from(bytes: &[u8], source: SocketAddr) -> Result<Message, ParseError> {
        let mut spans = Spans::new();
        let (start, message) = datagram(bytes, &mut spans)?;
        Ok(stamped(message, spans, start, source))
    }

    /// Parses exactly one message that [`frame`](crate::frame()) found on a stream. Without Content-Length there is
    /// no body (§18.3).
    ///
    /// # Errors
    /// The bytes cannot be indexed as a message, are beyond a bound, or Content-Length does not end at their end.
    pub fn parse_stream(bytes: &[u8]) -> Result<Message, ParseError> {
        let mut spans = Spans::new();
        let (start, message) = framed(bytes, &mut spans)?;
        Ok(Message::from_parts(message.into(), spans.as_slice().into(), start))
    }

    /// Parses one framed message as [`Message::parse_stream`] and writes its source into the top Via of a request
    /// as [`Message::parse_datagram_from`] does.
    ///
    /// # Errors
    /// As [`Message::parse_stream`].
    pub fn parse_stream_from(bytes: &[u8], source: SocketAddr) -> Result<Message, ParseError> {
        let mut spans = Spans::new();
        let (start, message) = framed(bytes, &mut spans)?;
        Ok(stamped(message, spans, start, source))
    }

    /// A message out of parts that agree with each other.
    pub(crate) fn from_parts(raw: Box<[u8]>, spans: Box<[HeaderSpan]>, start: Start) -> Message {
        Message { raw, spans, start, top_via: None }
    }

    /// What the message says.
    #[must_use]
    #[inline]
    pub fn head(&self) -> Head<'_> {
        Head::new(&self.raw, &self.spans, self.start).with_top_via(self.top_via.as_deref())
    }

    /// The whole message as it came (but for the top Via, where it was stamped).
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.raw
    }

    /// See [`Head::is_request`].
    #[must_use]
    #[inline]
    pub fn is_request(&self) -> bool {
        self.start.status == 0
    }

    /// See [`Head::method`].
    #[must_use]
    #[inline]
    pub fn method(&self) -> Method {
        self.start.method
    }

    /// See [`Head::method_token`].
    #[must_use]
    pub fn method_token(&self) -> &[u8] {
        self.head().method_token()
    }

    /// See [`Head::status`].
    #[must_use]
    #[inline]
    pub fn status(&self) -> u16 {
        self.start.status
    }

    /// See [`Head::request_uri`].
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        self.head().request_uri()
    }

    /// See [`Head::spans`].
    #[must_use]
    pub fn spans(&self) -> &[HeaderSpan] {
        &self.spans
    }

    /// See [`Head::header`].
    #[must_use]
    pub fn header(&self, id: HeaderId) -> Option<&[u8]> {
        self.head().header(id)
    }

    /// See [`Head::values`].
    pub fn values(&self, id: HeaderId) -> impl Iterator<Item = Value<'_>> {
        self.head().values(id)
    }

    /// See [`Head::body`].
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.head().body()
    }
}

/// Shards hand messages to each other.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Message>();
};

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.head(), f)
    }
}

/// Scans a datagram: its start line with the body's place, and the bytes that are the message.
fn datagram<'a>(bytes: &'a [u8], spans: &mut Spans) -> Result<(Start, &'a [u8]), ParseError> {
    within_bounds(bytes)?;
    let Scanned { begin, mut start, length, .. } = scan::scan(bytes, spans)?;
    let message = &bytes[begin..];
    let body = message.len() - start.body_offset as usize;
    let body = match length {
        Length::Octets(octets) => body.min(octets as usize),
        Length::Absent | Length::Unreadable => body,
    };
    start.body_length = body as u32;
    Ok((start, &message[..start.body_offset as usize + body]))
}

/// Scans a framed message likewise.
fn framed<'a>(bytes: &'a [u8], spans: &mut Spans) -> Result<(Start, &'a [u8]), ParseError> {
    within_bounds(bytes)?;
    let Scanned { begin, mut start, length, length_offset } = scan::scan(bytes, spans)?;
    let message = &bytes[begin..];
    let body = message.len() - start.body_offset as usize;
    let octets = match length {
        Length::Octets(octets) => octets as usize,
        Length::Absent => 0,
        Length::Unreadable => return Err(ParseError::ContentLength { offset: length_offset }),
    };
    if octets != body {
        return Err(ParseError::ContentLength { offset: length_offset });
    }
    start.body_length = body as u32;
    Ok((start, message))
}

fn within_bounds(bytes: &[u8]) -> Result<(), ParseError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(ParseError::TooLarge {
            offset: MAX_MESSAGE,
            what: "bytes of a message",
            limit: MAX_MESSAGE,
        });
    }
    Ok(())
}

/// The message, its top Via patched while it is copied.
fn stamped(message: &[u8], mut spans: Spans, mut start: Start, source: SocketAddr) -> Message {
    let via = received::read_top_via(message, &spans);
    let mut top_via = via.as_ref().and_then(|(_, via)| TopVia::of(message, via)).map(Box::new);
    let patch = via
        .filter(|_| start.status == 0)
        .and_then(|(index, via)| received::patch(message, spans[index], index, &via, source));
    let raw = match patch {
        None => message.into(),
        Some(patch) => {
            let raw = patch.copy(message, &mut spans);
            start.body_offset = (start.body_offset as usize + raw.len() - message.len()) as u32;
            top_via = top_via.filter(|_| patch.is_readable());
            top_via.iter_mut().for_each(|top_via| patch.shift(top_via, source.port()));
            raw
        }
    };
    Message { raw, spans: spans.as_slice().into(), start, top_via }
}
