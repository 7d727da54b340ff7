//! A message as it is read: start line, header index, body (RFC 3261 §7).
//!
//! In: raw bytes and spans, the host's own or out of a view. Out: borrowed pieces of them. Typed reads are in
//! `typed.rs`; nothing here judges.

use crate::header::via::Via;
use crate::start_line::Start;
use crate::top_via::TopVia;
use crate::values::Values;
use crate::{HeaderId, HeaderSpan, Method};

/// What a script and the host read. A few words, to be copied freely.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    raw: &'a [u8],
    spans: &'a [HeaderSpan],
    start: Start,
    top_via: Option<&'a TopVia>,
}

impl<'a> Head<'a> {
    /// The spans and offsets lie within `raw`, as the scanner and the view's reader make sure; the body may be
    /// left out of `raw`.
    pub(crate) fn new(raw: &'a [u8], spans: &'a [HeaderSpan], start: Start) -> Self {
        Head { raw, spans, start, top_via: None }
    }

    /// The same, its top Via known.
    #[inline]
    pub(crate) fn with_top_via(self, top_via: Option<&'a TopVia>) -> Self {
        Head { top_via, ..self }
    }

    /// The top Via, where it was read before.
    #[inline]
    pub(crate) fn known_top_via(&self) -> Option<Via<'a>> {
        self.top_via?.read(self.raw)
    }

    pub(crate) fn start(&self) -> Start {
        self.start
    }

    /// Whether it is a request; otherwise it is a response.
    #[must_use]
    #[inline]
    pub fn is_request(&self) -> bool {
        self.start.status == 0
    }

    /// The method; [`Method::Other`] for responses and for methods without a name here. A response's method is
    /// that of its CSeq.
    #[must_use]
    #[inline]
    pub fn method(&self) -> Method {
        self.start.method
    }

    /// The method as it came; empty for responses.
    #[must_use]
    pub fn method_token(&self) -> &'a [u8] {
        if self.is_request() { &self.raw[..(self.start.text_offset - 1) as usize] } else { &[] }
    }

    /// The Request-URI as it came, not checked; empty for responses.
    #[must_use]
    pub fn request_uri(&self) -> &'a [u8] {
        if self.is_request() { self.text() } else { &[] }
    }

    /// 100 to 699; 0 for requests.
    #[must_use]
    #[inline]
    pub fn status(&self) -> u16 {
        self.start.status
    }

    /// The reason phrase; empty for requests, and it may be empty in responses.
    #[must_use]
    pub fn reason(&self) -> &'a [u8] {
        if self.is_request() { &[] } else { self.text() }
    }

    fn text(&self) -> &'a [u8] {
        &self.raw[self.start.text_offset as usize..][..self.start.text_length as usize]
    }

    /// The start line without its CRLF.
    #[must_use]
    pub fn start_line(&self) -> &'a [u8] {
        let end = match self.spans.first() {
            Some(span) => span.name_offset,
            None => self.start.body_offset - 2,
        };
        &self.raw[..(end - 2) as usize]
    }

    /// The SIP-Version as it came, with white space behind it.
    #[must_use]
    pub fn version(&self) -> &'a [u8] {
        let line = self.start_line();
        if self.is_request() {
            &line[(self.start.text_offset + self.start.text_length + 1) as usize..]
        } else {
            line.split(|byte| *byte == b' ').next().unwrap_or_default()
        }
    }

    /// The header index, in the order of the message.
    #[must_use]
    #[inline]
    pub fn spans(&self) -> &'a [HeaderSpan] {
        self.spans
    }

    /// The name of the header field of this index, as it came; empty where there is none.
    #[must_use]
    #[inline]
    pub fn name_of(&self, index: usize) -> &'a [u8] {
        match self.spans.get(index) {
            Some(span) => &self.raw[span.name_offset as usize..][..usize::from(span.name_length)],
            None => &[],
        }
    }

    /// The value of the header field of this index, without white space at its ends; folding within is kept (see
    /// [`unfold`](crate::unfold)). Empty where there is no such header field.
    #[must_use]
    #[inline]
    pub fn value_of(&self, index: usize) -> &'a [u8] {
        match self.spans.get(index) {
            Some(span) => &self.raw[span.value_offset as usize..][..usize::from(span.value_length)],
            None => &[],
        }
    }

    /// The value of the first header field of this number.
    #[must_use]
    #[inline]
    pub fn header(&self, id: HeaderId) -> Option<&'a [u8]> {
        self.index_of(id).map(|index| self.value_of(index))
    }

    /// The value of the first header field of this name, in any case, long or compact.
    #[must_use]
    pub fn header_named(&self, name: &str) -> Option<&'a [u8]> {
        let id = HeaderId::from_name(name.as_bytes());
        (0..self.spans.len()).find(|index| self.is_named(*index, id, name)).map(|index| self.value_of(index))
    }

    /// Whether the header field of this index has this number or, where `id` is [`HeaderId::OTHER`], this name.
    #[must_use]
    pub fn is_named(&self, index: usize, id: HeaderId, name: &str) -> bool {
        self.spans.get(index).is_some_and(|span| span.id == id)
            && (id != HeaderId::OTHER || self.name_of(index).eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Index of the first header field of this number.
    #[must_use]
    #[inline]
    pub fn index_of(&self, id: HeaderId) -> Option<usize> {
        match self.start.first.of(id) {
            Some(first) => first,
            None => self.spans.iter().position(|span| span.id == id),
        }
    }

    /// How many header fields have this number; a list counts as one.
    #[must_use]
    pub fn count(&self, id: HeaderId) -> usize {
        self.spans.iter().filter(|span| span.id == id).count()
    }

    /// Each element of this header field's comma-separated list, over all header fields of this number.
    #[must_use]
    pub fn values(&self, id: HeaderId) -> Values<'a> {
        Values::new(*self, id)
    }

    /// The value of each header field of this number, commas and all.
    pub fn fields(&self, id: HeaderId) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let head = *self;
        (0..head.spans.len())
            .filter(move |index| head.spans[*index].id == id)
            .map(move |index| head.value_of(index))
    }

    /// The body; empty where a view left it out.
    #[must_use]
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.raw.get(self.start.body_offset as usize..).unwrap_or_default()
    }

    /// Bytes of the body, also where a view left it out.
    #[must_use]
    pub fn body_length(&self) -> usize {
        self.start.body_length as usize
    }

    /// Start line, header fields and the empty line after them, as they came.
    #[must_use]
    pub fn raw_head(&self) -> &'a [u8] {
        &self.raw[..self.start.body_offset as usize]
    }

    /// Where the line of the header field of this index begins; where the empty line does for the index behind
    /// the last.
    pub(crate) fn line_begin(&self, index: usize) -> usize {
        match self.spans.get(index) {
            Some(span) => span.name_offset as usize,
            None => self.start.body_offset as usize - 2,
        }
    }
}

/// Says nothing about people: kind, method or status, and sizes.
impl std::fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct(if self.is_request() { "Request" } else { "Response" });
        if self.is_request() {
            debug.field("method", &self.method());
        } else {
            debug.field("status", &self.status());
        }
        debug
            .field("header_fields", &self.spans.len())
            .field("head_bytes", &self.start.body_offset)
            .field("body_bytes", &self.start.body_length)
            .finish()
    }
}
