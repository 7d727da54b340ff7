//! One pass over a head: start line, and a span for each header field (RFC 3261 §7.3).
//!
//! In: the bytes of a message. Out: [`Scanned`], and spans in the caller's vector: nothing is copied and nothing
//! is allocated for a header field. NUL, bare CR and bare LF are refused here, in the same pass. The one NUL that
//! the grammar allows is a `quoted-pair` (§25.1). What a value means is read later, when asked for.

use crate::bounds::{MAX_HEAD, MAX_HEADERS, MAX_LEADING_CRLF};
use crate::grammar::{self, TOKEN};
use crate::header_name::{self, WINDOW};
use crate::start_line::{self, Start};
use crate::{HeaderId, HeaderSpan, ParseError};

/// A line without a value: no NUL is allowed in it.
const NO_VALUE: usize = usize::MAX;

/// Spans that need no allocation while scanning.
const INLINE_SPANS: usize = 48;

pub(crate) type Spans = smallvec::SmallVec<[HeaderSpan; INLINE_SPANS]>;

/// What Content-Length says, as far as framing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Absent,
    Octets(u32),
    /// Not a number, or two that differ.
    Unreadable,
}

/// A head's outline. Offsets of spans and of `start` count from `begin`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanned {
    /// First byte of the start line: CRLFs before it are no part of the message (§7.5).
    pub(crate) begin: usize,
    pub(crate) start: Start,
    pub(crate) length: Length,
    /// Where the Content-Length value lies, for errors; counts from the start of the input.
    pub(crate) length_offset: usize,
}

/// Scans one head; the body may follow. `spans` is empty before.
pub(crate) fn scan(input: &[u8], spans: &mut Spans) -> Result<Scanned, ParseError> {
    let begin = leading_crlf(input)?;
    scan_head(&input[begin..], spans)
        .map(|scanned| Scanned { begin, length_offset: scanned.length_offset + begin, ..scanned })
        .map_err(|error| error.shifted(begin))
}

/// Bytes of CRLF before the start line.
fn leading_crlf(input: &[u8]) -> Result<usize, ParseError> {
    let mut begin = 0;
    while input[begin..].starts_with(b"\r\n") {
        begin += 2;
        if begin > 2 * MAX_LEADING_CRLF {
            let limit = MAX_LEADING_CRLF;
            return Err(ParseError::TooLarge { offset: begin, what: "line breaks before a message", limit });
        }
    }
    if begin == input.len() { Err(ParseError::Empty) } else { Ok(begin) }
}

fn scan_head(bytes: &[u8], spans: &mut Spans) -> Result<Scanned, ParseError> {
    let within = &bytes[..bytes.len().min(MAX_HEAD)];
    let first_end = line_end(within, 0, NO_VALUE)?;
    let mut start = start_line::parse(&within[..first_end])?;
    let mut length = Length::Absent;
    let mut length_offset = 0;
    let mut at = first_end + 2;
    loop {
        match within.get(at..) {
            Some([b'\r', b'\n', ..]) => break,
            Some([_, _, ..]) => {}
            _ => return Err(unfinished(within)),
        }
        if spans.len() == MAX_HEADERS {
            return Err(ParseError::TooLarge { offset: at, what: "header fields", limit: MAX_HEADERS });
        }
        let (span, next) = header_line(within, at)?;
        if span.id == HeaderId::CONTENT_LENGTH {
            length_offset = span.value_offset as usize;
            length = merge(length, octets(&within[length_offset..span.value_end()]));
        }
        start.first.note(span.id, spans.len());
        spans.push(span);
        at = next;
    }
    start.body_offset = at as u32 + 2;
    Ok(Scanned { begin: 0, start, length, length_offset })
}

/// The header field whose line begins at `at`, and where the next line begins.
#[inline]
fn header_line(bytes: &[u8], at: usize) -> Result<(HeaderSpan, usize), ParseError> {
    let first_end = line_end(bytes, at, at)?;
    let (name_length, id, colon) = name(bytes, at, first_end)?;
    let mut flags = 0;
    let mut end = first_end;
    while let Some(b' ' | b'\t') = bytes.get(end + 2) {
        flags = HeaderSpan::FOLDED;
        end = line_end(bytes, end + 2, colon + 1)?;
    }
    let next = end + 2;
    let mut from = colon + 1;
    while from < end && grammar::is_white(bytes[from]) {
        from += 1;
    }
    while end > from && grammar::is_white(bytes[end - 1]) {
        end -= 1;
    }
    let span = HeaderSpan {
        id,
        flags,
        name_offset: at as u32,
        name_length: name_length as u16,
        value_length: (end - from) as u16,
        value_offset: from as u32,
    };
    Ok((span, next))
}

/// Length and number of the name that begins at `at`, and where its colon is.
#[inline]
fn name(bytes: &[u8], at: usize, line_end: usize) -> Result<(usize, HeaderId, usize), ParseError> {
    let mut last = [0; WINDOW];
    let window = match bytes[at..].first_chunk() {
        Some(window) => window,
        None => {
            last[..bytes.len() - at].copy_from_slice(&bytes[at..]);
            &last
        }
    };
    if let Some((length, id)) = header_name::at_line_start(window)
        && at + length < line_end
        && (id != HeaderId::OTHER || grammar::all(TOKEN, &bytes[at..at + length]))
    {
        return Ok((length, id, at + length));
    }
    name_of_any_shape(bytes, at, line_end)
}

/// The same for long names and white space before the colon (`HCOLON`).
#[cold]
fn name_of_any_shape(
    bytes: &[u8],
    at: usize,
    line_end: usize,
) -> Result<(usize, HeaderId, usize), ParseError> {
    let line = &bytes[at..line_end];
    let syntax = ParseError::Syntax { offset: at, expected: "a header field name and a colon" };
    let colon = memchr::memchr(b':', line).ok_or(syntax)?;
    let mut length = colon;
    while length > 0 && matches!(line[length - 1], b' ' | b'\t') {
        length -= 1;
    }
    if !grammar::all(TOKEN, &line[..length]) {
        return Err(syntax);
    }
    Ok((length, HeaderId::from_name(&line[..length]), at + colon))
}

/// Where the CRLF of the line that holds `from` begins. `value` is where the value that the line belongs to
/// begins, should a NUL have to be judged.
#[inline]
fn line_end(bytes: &[u8], from: usize, value: usize) -> Result<usize, ParseError> {
    let mut at = from;
    loop {
        let Some(hit) = control(bytes, at) else {
            return Err(unfinished(bytes));
        };
        at = hit;
        match bytes[at] {
            b'\r' => {
                return match bytes.get(at + 1) {
                    Some(b'\n') => Ok(at),
                    Some(_) => Err(ParseError::Syntax { offset: at, expected: "LF after CR" }),
                    None => Err(unfinished(bytes)),
                };
            }
            b'\n' => return Err(ParseError::Syntax { offset: at, expected: "CR before LF" }),
            0 if !bytes.get(value..at + 1).is_some_and(is_quoted_pair) => {
                return Err(ParseError::Syntax { offset: at, expected: "no NUL" });
            }
            _ => at += 1,
        }
    }
}

/// The highest of the bytes that end a line or are refused: NUL, LF and CR. Below it are only controls.
const HIGHEST: u8 = b'\r';

/// Where the first byte from `at` on is that is not above CR. Blocks without one are skipped at once: the loop over a
/// block has no early end, so the compiler turns it into a few vector instructions.
#[inline]
fn control(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        if block.iter().fold(false, |any, byte| any | (*byte <= HIGHEST)) {
            return first_control(block).map(|i| at + i);
        }
        at += 32;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| *byte <= HIGHEST).map(|i| at + i)
}

/// The same in one block, eight bytes at a time: a byte that is below 14 borrows from its highest bit, and the
/// lowest one that does is exact.
#[inline]
fn first_control(block: &[u8; 32]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    for (i, word) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let below = word.wrapping_sub(ONES * (HIGHEST as u64 + 1)) & !word & (ONES << 7);
        if below != 0 {
            return Some(i * 8 + (below.trailing_zeros() / 8) as usize);
        }
    }
    None
}

/// Whether the last of these bytes of a header line stands behind a backslash within a quoted string.
#[cold]
fn is_quoted_pair(line: &[u8]) -> bool {
    let mut quoted = false;
    let mut i = 0;
    while i + 1 < line.len() {
        match line[i] {
            b'"' => quoted = !quoted,
            b'\\' if quoted && i + 2 == line.len() => return true,
            b'\\' if quoted => i += 1,
            _ => {}
        }
        i += 1;
    }
    false
}

#[cold]
fn unfinished(bytes: &[u8]) -> ParseError {
    if bytes.len() >= MAX_HEAD {
        ParseError::TooLarge { offset: MAX_HEAD, what: "bytes of a head", limit: MAX_HEAD }
    } else {
        ParseError::Truncated { offset: bytes.len() }
    }
}

/// What a Content-Length value says. A number beyond 32 bits is more than any message has.
pub(crate) fn octets(value: &[u8]) -> Length {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Length::Unreadable;
    }
    Length::Octets(grammar::number(value).unwrap_or(u32::MAX))
}

/// Two Content-Length header fields: one that says the same twice still frames a message.
pub(crate) fn merge(earlier: Length, later: Length) -> Length {
    match (earlier, later) {
        (Length::Absent, length) => length,
        (length, other) if length == other => length,
        _ => Length::Unreadable,
    }
}

impl ParseError {
    /// The same error in an input that has `by` more bytes before.
    fn shifted(mut self, by: usize) -> Self {
        match &mut self {
            ParseError::Empty => {}
            ParseError::Syntax { offset, .. }
            | ParseError::Truncated { offset }
            | ParseError::TooLarge { offset, .. }
            | ParseError::ContentLength { offset } => *offset += by,
        }
        self
    }
}
