//! The view: a message with its index as one list of bytes, as a script gets it (layout 1; `docs/view.md`).
//!
//! In: a [`Head`]. Out: bytes, and back to a [`View`]. All integers are little endian; offsets count from the first
//! raw byte.
//!
//! | at | what |
//! |---|---|
//! | 0 | u8 layout, 1 |
//! | 1 | u8 kind: 0 request, 1 response |
//! | 2 | u8 method ([`Method`] as a number), 0 in responses |
//! | 3 | u8 reserved, 0 |
//! | 4 | u16 status, 0 in requests |
//! | 6 | u16 number `n` of header fields |
//! | 8 | u32 offset, u32 length of the Request-URI, or of the reason phrase |
//! | 16 | u32 offset, u32 length of the body; it is there only where it was asked for |
//! | 24 | n × { u16 id, u16 flags, u32 name offset, u16 name length, u16 value length, u32 value offset } |
//! | 24 + 16 n | raw: start line, header fields, empty line, body if asked for |

use crate::bounds::{MAX_HEADERS, MAX_MESSAGE};
use crate::start_line::{First, Start};
use crate::{Head, HeaderId, HeaderSpan, Message, Method};

/// The layout this module writes and reads.
pub const LAYOUT: u8 = 1;
/// Bytes before the spans.
pub const HEADER_LENGTH: usize = 24;
/// Bytes of one span.
pub const SPAN_LENGTH: usize = 16;

/// The bytes are no view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// Another layout than [`LAYOUT`].
    #[error("view layout {0} is not known here")]
    Layout(u8),
    /// Shorter than its own index says, or an offset lies outside of it.
    #[error("the view's index does not fit its bytes")]
    Broken,
}

/// Appends the view of a message to `out`.
pub fn write(head: Head<'_>, with_body: bool, out: &mut Vec<u8>) {
    let start = head.start();
    let body: &[u8] = if with_body { head.body() } else { &[] };
    out.reserve(length(head, with_body));
    out.extend_from_slice(&[LAYOUT, u8::from(!head.is_request()), start.method as u8, 0]);
    out.extend_from_slice(&start.status.to_le_bytes());
    // A message has no more than MAX_HEADERS header fields.
    out.extend_from_slice(&(head.spans().len() as u16).to_le_bytes());
    for number in [start.text_offset, start.text_length, start.body_offset, start.body_length] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for span in head.spans() {
        let mut bytes = [0; SPAN_LENGTH];
        bytes[0..2].copy_from_slice(&span.id.0.to_le_bytes());
        bytes[2..4].copy_from_slice(&span.flags.to_le_bytes());
        bytes[4..8].copy_from_slice(&span.name_offset.to_le_bytes());
        bytes[8..10].copy_from_slice(&span.name_length.to_le_bytes());
        bytes[10..12].copy_from_slice(&span.value_length.to_le_bytes());
        bytes[12..16].copy_from_slice(&span.value_offset.to_le_bytes());
        out.extend_from_slice(&bytes);
    }
    out.extend_from_slice(head.raw_head());
    out.extend_from_slice(body);
}

/// Bytes of the view of a message.
#[must_use]
pub fn length(head: Head<'_>, with_body: bool) -> usize {
    let body = if with_body { head.body().len() } else { 0 };
    HEADER_LENGTH + head.spans().len() * SPAN_LENGTH + head.raw_head().len() + body
}

/// A view that was read: the raw part borrowed, the index decoded and checked.
#[derive(Clone)]
pub struct View<'a> {
    raw: &'a [u8],
    spans: Box<[HeaderSpan]>,
    start: Start,
}

impl<'a> View<'a> {
    /// Reads a view.
    ///
    /// # Errors
    /// Another layout, or offsets that lie outside of the bytes or within each other.
    pub fn parse(bytes: &'a [u8]) -> Result<View<'a>, ViewError> {
        let layout = *bytes.first().ok_or(ViewError::Broken)?;
        if layout != LAYOUT {
            return Err(ViewError::Layout(layout));
        }
        let (header, rest) = bytes.split_first_chunk::<HEADER_LENGTH>().ok_or(ViewError::Broken)?;
        let count = usize::from(u16_at(header, 6));
        if count > MAX_HEADERS || rest.len() < count * SPAN_LENGTH || bytes.len() > u32::MAX as usize {
            return Err(ViewError::Broken);
        }
        let (index, raw) = rest.split_at(count * SPAN_LENGTH);
        let spans: Box<[HeaderSpan]> = index.as_chunks::<SPAN_LENGTH>().0.iter().map(span).collect();
        let mut first = First::none();
        for (index, span) in spans.iter().enumerate() {
            first.note(span.id, index);
        }
        let start = Start {
            method: Method::from_number(header[2]),
            status: u16_at(header, 4),
            text_offset: u32_at(header, 8),
            text_length: u32_at(header, 12),
            body_offset: u32_at(header, 16),
            body_length: u32_at(header, 20),
            first,
        };
        let view = View { raw, spans, start };
        if view.is_sound(header[1]) { Ok(view) } else { Err(ViewError::Broken) }
    }

    /// What the message says. Its body is empty where the view has none.
    #[must_use]
    pub fn head(&self) -> Head<'_> {
        Head::new(self.raw, &self.spans, self.start)
    }

    /// The same message with bytes of its own.
    #[must_use]
    pub fn to_message(&self) -> Message {
        Message::from_parts(self.raw.into(), self.spans.clone(), self.start)
    }

    /// Whether every read of the head stays within the raw bytes.
    fn is_sound(&self, kind: u8) -> bool {
        let start = &self.start;
        let head = start.body_offset as usize;
        let body_ok = self.raw.len() == head || self.raw.len() == head + start.body_length as usize;
        if !body_ok || self.raw.len() > 2 * MAX_MESSAGE || head < 4 {
            return false;
        }
        let first_line = self.spans.first().map_or(head - 2, |span| span.name_offset as usize);
        let text_end = u64::from(start.text_offset) + u64::from(start.text_length);
        let line_ok = match (kind, start.status) {
            (0, 0) => start.text_offset > 0 && text_end + 3 <= first_line as u64,
            (1, 100..=699) => text_end + 2 <= first_line as u64,
            _ => false,
        };
        let mut at = first_line;
        line_ok
            && self.spans.iter().all(|span| {
                let name = span.name_offset as usize;
                let value = span.value_offset as usize;
                let in_order = name >= at && value >= name + usize::from(span.name_length);
                at = value + usize::from(span.value_length);
                in_order && at + 2 <= head
            })
    }
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.head(), f)
    }
}

fn span(bytes: &[u8; SPAN_LENGTH]) -> HeaderSpan {
    HeaderSpan {
        id: HeaderId(u16_at(bytes, 0)),
        flags: u16_at(bytes, 2),
        name_offset: u32_at(bytes, 4),
        name_length: u16_at(bytes, 8),
        value_length: u16_at(bytes, 10),
        value_offset: u32_at(bytes, 12),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
