//! Where a request came from, written into its top Via (RFC 3261 §18.2.1, RFC 3581 §4).
//!
//! In: a request and its source address. Out: the top Via with `received` and `rport`, or nothing where it is right
//! already. A `received` that the sender wrote itself is never believed.

use std::fmt::Write;
use std::net::SocketAddr;

use smallvec::SmallVec;

use crate::header::via::Via;
use crate::scan::Spans;
use crate::{Head, HeaderId, HeaderSpan, grammar};

/// The top Via's new text, and the place of the old one.
pub(crate) struct Patch {
    /// Index of the header field.
    index: usize,
    /// First byte of the old element in the message.
    begin: usize,
    /// Where it ends.
    end: usize,
    text: Text,
}

/// Text that needs no allocation in all but odd cases.
struct Text(SmallVec<[u8; 192]>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The value of the header field that holds the top Via, `received` and `rport` filled in; `None` where nothing
/// changes, or the Via cannot be read.
#[must_use]
pub fn via_edit(head: Head<'_>, source: SocketAddr) -> Option<Vec<u8>> {
    let raw = head.raw_head();
    let patch = top_via(raw, head.spans(), source)?;
    let span = head.spans()[patch.index];
    let value = &raw[span.value_offset as usize..span.value_end()];
    let behind = &raw[patch.end..span.value_end()];
    let mut out = Vec::with_capacity(value.len() + patch.text.0.len());
    out.extend_from_slice(&patch.text.0);
    out.extend_from_slice(behind);
    Some(out)
}

/// The patch for the first Via, where one is needed and fits.
pub(crate) fn top_via(raw: &[u8], spans: &[HeaderSpan], source: SocketAddr) -> Option<Patch> {
    let index = spans.iter().position(|span| span.id == HeaderId::VIA)?;
    let span = spans[index];
    let begin = span.value_offset as usize;
    let value = &raw[begin..span.value_end()];
    let element = grammar::trim(&value[..grammar::element_end(value, 0)]);
    let via = Via::parse(element).ok()?;
    let source = SocketAddr::new(source.ip().to_canonical(), source.port());
    let is_rport = via.params.has("rport");
    let needs_received = is_rport || !via.host.is_ip(source.ip());
    if !needs_received && !via.params.has("received") {
        return None;
    }
    let text = stamped(element, &via, source, needs_received);
    let grown = value.len() + text.0.len() - element.len();
    if grown > usize::from(u16::MAX) {
        return None;
    }
    Some(Patch { index, begin, end: begin + element.len(), text })
}

fn stamped(element: &[u8], via: &Via<'_>, source: SocketAddr, received: bool) -> Text {
    let params = via.params.as_bytes();
    let mut text = Text(SmallVec::from_slice(&element[..element.len() - params.len()]));
    let mut copied = 0;
    for piece in via.params.pieces() {
        let gap = &params[copied..piece.begin];
        if piece.param.is("rport") {
            text.0.extend_from_slice(gap);
            // Writing to a text cannot fail.
            let _ = write!(text, ";rport={}", source.port());
        } else if !piece.param.is("received") {
            text.0.extend_from_slice(&params[copied..piece.end]);
        }
        copied = piece.end;
    }
    text.0.extend_from_slice(&params[copied..]);
    if received {
        let _ = write!(text, ";received={}", source.ip());
    }
    text
}

impl Patch {
    /// The message with the new text in it, its spans moved along.
    pub(crate) fn copy(&self, message: &[u8], spans: &mut Spans) -> Box<[u8]> {
        let old = self.end - self.begin;
        let mut raw = Vec::with_capacity(message.len() + self.text.0.len() - old);
        raw.extend_from_slice(&message[..self.begin]);
        raw.extend_from_slice(&self.text.0);
        raw.extend_from_slice(&message[self.end..]);
        // `top_via` made sure that the value still fits.
        let span = &mut spans[self.index];
        span.value_length = (usize::from(span.value_length) + self.text.0.len() - old) as u16;
        for span in &mut spans[self.index + 1..] {
            span.name_offset = (span.name_offset as usize + self.text.0.len() - old) as u32;
            span.value_offset = (span.value_offset as usize + self.text.0.len() - old) as u32;
        }
        raw.into_boxed_slice()
    }
}
