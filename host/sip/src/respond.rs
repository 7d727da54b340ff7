//! A response to a request (RFC 3261 §8.2.6; §12.1.1 for Record-Route).
//!
//! In: the request, a status and what to add. Out: bytes, appended to the caller's vector. `received` and `rport`
//! are in the request's Via already (`received.rs`). Which status it is, is decided above.

use crate::draft::status_line;
use crate::grammar::{self, TOKEN};
use crate::piece::{self, Piece};
use crate::{Edit, Head, HeaderId, Method, reason_phrase};

/// What a response holds besides what is copied from the request.
#[derive(Debug)]
pub struct ResponseBuilder<'o> {
    out: &'o mut Vec<u8>,
    body: Vec<u8>,
}

impl ResponseBuilder<'_> {
    /// Adds a header field. Content-Length is the builder's own and ignored here.
    pub fn header<'v>(&mut self, id: HeaderId, value: impl Into<Piece<'v>>) {
        self.line(id, id.name(), &value.into());
    }

    /// Adds a header field by its name, which is ignored where it is no token.
    pub fn header_named<'v>(&mut self, name: &str, value: impl Into<Piece<'v>>) {
        self.line(HeaderId::from_name(name.as_bytes()), name, &value.into());
    }

    /// Sets the body; an earlier one is replaced, its Content-Type stays.
    pub fn body(&mut self, content_type: &str, content: &[u8]) {
        if self.body.is_empty() && !content.is_empty() {
            self.header(HeaderId::CONTENT_TYPE, content_type);
        }
        self.body.clear();
        self.body.extend_from_slice(content);
    }

    /// Applies a script's edit: header fields are added, the body set. Edits that need a message to change (replace,
    /// remove, set the Request-URI) do nothing.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Append(header) | Edit::Prepend(header) => {
                let id = header.resolved();
                let name = if id == HeaderId::OTHER { &header.name } else { id.name() };
                self.line(id, name, &(&*header.value).into());
            }
            Edit::SetBody { content_type, content } => self.body(content_type, content),
            Edit::Replace { .. } | Edit::Remove { .. } | Edit::RemoveAll(..) | Edit::SetRequestUri(_) => {}
        }
    }

    fn line(&mut self, id: HeaderId, name: &str, value: &Piece<'_>) {
        let is_name = id != HeaderId::OTHER || grammar::all(TOKEN, name.as_bytes());
        if id == HeaderId::CONTENT_LENGTH || !is_name {
            return;
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        value.write(self.out);
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Appends a response to `request` to `out`: status line; every Via, From, To, Call-ID and CSeq as they came (§8.2.6.2);
/// Timestamp in a 100 (§8.2.6.1); every Record-Route in a 101 to 299 that makes a dialog (§12.1.1); what `extra` adds;
/// Content-Length. `to_tag` is put on a To that has no tag. An empty `reason` is the standard phrase. A status out
/// of 100 to 699 is sent as 500.
pub fn respond(
    request: Head<'_>,
    status: u16,
    reason: &str,
    to_tag: Option<&str>,
    out: &mut Vec<u8>,
    extra: impl FnOnce(&mut ResponseBuilder<'_>),
) {
    let status = if (100..=699).contains(&status) { status } else { 500 };
    let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
    out.reserve(request.raw_head().len() + 128);
    status_line(status, &reason.into(), out);
    let to_tag = to_tag.filter(|_| request.to_tag().is_none());
    copy(request, status, to_tag, out);
    let mut builder = ResponseBuilder { out, body: Vec::new() };
    extra(&mut builder);
    let ResponseBuilder { out, body } = builder;
    out.extend_from_slice(b"Content-Length: ");
    // No message is longer than 32 bits count.
    piece::write_number(body.len() as u32, out);
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(&body);
}

/// Copies what belongs into every response, in runs and in the order of the request.
fn copy(request: Head<'_>, status: u16, to_tag: Option<&str>, out: &mut Vec<u8>) {
    let makes_dialog = (101..300).contains(&status)
        && matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer | Method::Notify);
    let raw = request.raw_head();
    let mut run = 0..0;
    for (index, span) in request.spans().iter().enumerate() {
        let is_copied = match span.id {
            HeaderId::VIA | HeaderId::FROM | HeaderId::TO | HeaderId::CALL_ID | HeaderId::CSEQ => true,
            HeaderId::RECORD_ROUTE => makes_dialog,
            HeaderId::TIMESTAMP => status == 100,
            _ => false,
        };
        if !is_copied {
            continue;
        }
        let begin = request.line_begin(index);
        if run.end != begin {
            out.extend_from_slice(&raw[run]);
            run = begin..begin;
        }
        run.end = request.line_begin(index + 1);
        if let (HeaderId::TO, Some(tag)) = (span.id, to_tag) {
            out.extend_from_slice(&raw[run.start..span.value_end()]);
            out.extend_from_slice(b";tag=");
            piece::write_value(tag.as_bytes(), out);
            run.start = span.value_end();
        }
    }
    out.extend_from_slice(&raw[run]);
}
