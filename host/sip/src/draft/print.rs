//! How a draft is printed (RFC 3261 §7): runs that nobody touched as they came, changes between them.
//!
//! In: a [`Draft`]. Out: bytes, appended to the caller's vector.

use super::change::{Kind, Name};
use super::{Draft, StartLine};
use crate::HeaderId;
use crate::piece::{self, Piece};

impl<'a> Draft<'a> {
    /// Appends the message to `out`.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.reserve(self.estimate());
        let mut copied = self.print_start(out);
        for change in &self.changes {
            let begin = self.line_begin(change.position as usize);
            if copied < begin {
                out.extend_from_slice(&self.raw()[copied..begin]);
                copied = begin;
            }
            match &change.kind {
                Kind::Prepend(name, value) | Kind::Append(name, value) => line(name, value, out),
                Kind::Replace(value) => {
                    let base = self.base.map(|head| head.name_of(change.position as usize));
                    line(&Name::Text(base.unwrap_or_default().into()), value, out);
                    copied = self.line_begin(change.position as usize + 1);
                }
                Kind::Remove => copied = self.line_begin(change.position as usize + 1),
            }
        }
        out.extend_from_slice(&self.raw()[copied..self.line_begin(usize::MAX)]);
        if self.adds_length {
            // No message is longer than 32 bits count.
            line(&Name::Known(HeaderId::CONTENT_LENGTH), &Piece::Number(self.body_length() as u32), out);
        }
        out.extend_from_slice(b"\r\n");
        match &self.body {
            Some(Piece::Borrowed(body)) => out.extend_from_slice(body),
            Some(Piece::Owned(body)) => out.extend_from_slice(body),
            Some(number) => number.write(out),
            None => out.extend_from_slice(self.base.map_or(&[], |head| head.body())),
        }
    }

    /// Prints the start line, and says up to where the base has been copied.
    fn print_start(&self, out: &mut Vec<u8>) -> usize {
        match &self.start {
            StartLine::Base => return 0,
            StartLine::RequestUri(uri) => {
                out.extend_from_slice(self.base.map_or(&[], |head| head.method_token()));
                request_line_rest(uri, out);
            }
            StartLine::Request { method, uri } => {
                method.write(out);
                request_line_rest(uri, out);
            }
            StartLine::Response { status, reason } => status_line(*status, reason, out),
        }
        self.line_begin(0)
    }

    fn raw(&self) -> &'a [u8] {
        self.base.map_or(&[], |head| head.raw_head())
    }

    fn line_begin(&self, index: usize) -> usize {
        self.base.map_or(0, |head| head.line_begin(index))
    }

    fn body_length(&self) -> usize {
        match &self.body {
            Some(body) => body_bytes(body),
            None => self.base.map_or(0, |head| head.body().len()),
        }
    }

    /// Enough bytes for the whole message in all but odd cases.
    fn estimate(&self) -> usize {
        const NAME_AND_PUNCTUATION: usize = 24;
        let added = self.changes.iter().map(|change| match &change.kind {
            Kind::Prepend(_, value) | Kind::Append(_, value) | Kind::Replace(value) => {
                value.length() + NAME_AND_PUNCTUATION
            }
            Kind::Remove => 0,
        });
        self.raw().len() + added.sum::<usize>() + self.body_length() + 128
    }
}

/// Bytes that a body takes when it is printed.
pub(super) fn body_bytes(body: &Piece<'_>) -> usize {
    match body {
        Piece::Number(number) => number.checked_ilog10().unwrap_or(0) as usize + 1,
        bytes => bytes.length(),
    }
}

/// One header field line.
fn line(name: &Name<'_>, value: &Piece<'_>, out: &mut Vec<u8>) {
    name.write(out);
    out.extend_from_slice(b": ");
    value.write(out);
    out.extend_from_slice(b"\r\n");
}

fn request_line_rest(uri: &Piece<'_>, out: &mut Vec<u8>) {
    out.push(b' ');
    uri.write(out);
    out.extend_from_slice(b" SIP/2.0\r\n");
}

/// The status line, for a status of three digits.
pub(crate) fn status_line(status: u16, reason: &Piece<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"SIP/2.0 ");
    piece::write_number(status.into(), out);
    out.push(b' ');
    reason.write(out);
    out.extend_from_slice(b"\r\n");
}
