//! Where a request came from, written into its top Via (RFC 3261 §18.2.1, RFC 3581 §4).
//!
//! In: a request and its source address. Out: the top Via with `received` and `rport`, or nothing where it is right
//! already. A `received` that the sender wrote itself is never believed.

use std::net::{IpAddr, SocketAddr};

use smallvec::SmallVec;

use crate::bounds::MAX_PARAMS;
use crate::header::via::Via;
use crate::scan::Spans;
use crate::top_via::TopVia;
use crate::{Head, HeaderId, HeaderSpan, grammar};

/// What changes in the top Via. Offsets count from the first byte of the message.
pub(crate) struct Patch {
    /// Index of the header field.
    index: usize,
    begin: usize,
    end: usize,
    /// Parameters that go, in their order: every `received`, and `rport` to be written anew.
    cuts: SmallVec<[Cut; 2]>,
    /// How many parameters there are before.
    params: usize,
    rport: Text,
    /// `;received=` and the address, or nothing.
    received: Text,
}

struct Cut {
    begin: usize,
    end: usize,
    is_rport: bool,
}

/// `;received=` and the longest address.
#[derive(Default)]
struct Text(SmallVec<[u8; 64]>);

impl Text {
    fn number(&mut self, number: u16) {
        let mut divisor = 10_000;
        while divisor > 1 && number < divisor {
            divisor /= 10;
        }
        while divisor > 0 {
            self.0.push(b'0' + (number / divisor % 10) as u8);
            divisor /= 10;
        }
    }

    fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                for (i, octet) in address.octets().into_iter().enumerate() {
                    if i > 0 {
                        self.0.push(b'.');
                    }
                    self.number(octet.into());
                }
            }
            IpAddr::V6(address) => self.0.extend_from_slice(address.to_string().as_bytes()),
        }
    }
}

/// The value of the header field that holds the top Via, `received` and `rport` filled in; `None` where nothing
/// changes, or the Via cannot be read.
#[must_use]
pub fn via_edit(head: Head<'_>, source: SocketAddr) -> Option<Vec<u8>> {
    let raw = head.raw_head();
    let (index, via) = read_top_via(raw, head.spans())?;
    let patch = patch(raw, head.spans()[index], index, &via, source)?;
    let end = head.spans()[patch.index].value_end();
    let mut out = Vec::with_capacity(end - patch.begin + patch.added() - patch.removed());
    patch.write(raw, &mut out);
    out.extend_from_slice(&raw[patch.end..end]);
    Some(out)
}

/// The top Via and the index of the header field that holds it.
pub(crate) fn read_top_via<'a>(raw: &'a [u8], spans: &[HeaderSpan]) -> Option<(usize, Via<'a>)> {
    let index = spans.iter().position(|span| span.id == HeaderId::VIA)?;
    Some((index, Via::parse(top_element(raw, spans[index])).ok()?))
}

fn top_element(raw: &[u8], span: HeaderSpan) -> &[u8] {
    let value = &raw[span.value_offset as usize..span.value_end()];
    grammar::trim(&value[..grammar::element_end(value, 0)])
}

/// The patch for the top Via, where one is needed and fits.
pub(crate) fn patch(
    raw: &[u8],
    span: HeaderSpan,
    index: usize,
    via: &Via<'_>,
    source: SocketAddr,
) -> Option<Patch> {
    if via.rport().is_none() && via.host.is_ip(source.ip()) && !via.params.has("received") {
        return None;
    }
    let begin = span.value_offset as usize;
    let source = SocketAddr::new(source.ip().to_canonical(), source.port());
    let end = begin + top_element(raw, span).len();
    let (rport, received) = (Text::default(), Text::default());
    let mut patch = Patch { index, begin, end, cuts: SmallVec::new(), params: 0, rport, received };
    let has_rport = patch.cut(via, end - via.params.as_bytes().len());
    if has_rport {
        patch.rport.0.extend_from_slice(b";rport=");
        patch.rport.number(source.port());
    }
    if has_rport || !via.host.is_ip(source.ip()) {
        patch.received.0.extend_from_slice(b";received=");
        patch.received.address(source.ip());
    }
    let fits = span.value_length as usize + patch.added() <= usize::from(u16::MAX);
    fits.then_some(patch)
}

impl Patch {
    /// Notes the parameters that go, white space before them included; whether `rport` is among them.
    fn cut(&mut self, via: &Via<'_>, params_at: usize) -> bool {
        let mut has_rport = false;
        let mut at = params_at;
        for piece in via.params.pieces() {
            self.params += 1;
            let end = params_at + piece.end;
            let is_rport = piece.param.is("rport");
            if is_rport || piece.param.is("received") {
                let begin = if is_rport { params_at + piece.begin } else { at };
                self.cuts.push(Cut { begin, end, is_rport: is_rport && !has_rport });
                has_rport |= is_rport;
            }
            at = end;
        }
        has_rport
    }

    /// Whether the new element has no more parameters than can be read.
    pub(crate) fn is_readable(&self) -> bool {
        let gone = self.cuts.iter().filter(|cut| !cut.is_rport).count();
        self.params - gone + usize::from(!self.received.0.is_empty()) <= MAX_PARAMS
    }

    fn added(&self) -> usize {
        self.rport.0.len() + self.received.0.len()
    }

    fn removed(&self) -> usize {
        self.cuts.iter().map(|cut| cut.end - cut.begin).sum()
    }

    /// Appends the new element.
    fn write(&self, raw: &[u8], out: &mut Vec<u8>) {
        let mut at = self.begin;
        for cut in &self.cuts {
            out.extend_from_slice(&raw[at..cut.begin]);
            if cut.is_rport {
                out.extend_from_slice(&self.rport.0);
            }
            at = cut.end;
        }
        out.extend_from_slice(&raw[at..self.end]);
        out.extend_from_slice(&self.received.0);
    }

    /// Moves the pieces of the top Via along.
    pub(crate) fn shift(&self, top_via: &mut TopVia, source_port: u16) {
        if let Some(branch) = &mut top_via.branch {
            let before = |cut: &&Cut| cut.end <= branch.offset as usize;
            let (mut added, mut removed) = (0, 0);
            for cut in self.cuts.iter().filter(before) {
                added += if cut.is_rport { self.rport.0.len() } else { 0 };
                removed += cut.end - cut.begin;
            }
            branch.offset = (branch.offset as usize + added - removed) as u32;
        }
        let length = usize::from(top_via.params.length) + self.added() - self.removed();
        // `patch` made sure that the value still fits.
        top_via.params.length = length as u16;
        if self.cuts.iter().any(|cut| cut.is_rport) {
            top_via.rport = Some(Some(source_port));
        }
    }

    /// The message with the new element in it, its spans moved along.
    pub(crate) fn copy(&self, message: &[u8], spans: &mut Spans) -> Box<[u8]> {
        let (added, removed) = (self.added(), self.removed());
        let mut raw = Vec::with_capacity(message.len() + added - removed);
        raw.extend_from_slice(&message[..self.begin]);
        self.write(message, &mut raw);
        raw.extend_from_slice(&message[self.end..]);
        // `patch` made sure that the value still fits; offsets are far below 32 bits.
        let span = &mut spans[self.index];
        span.value_length = (usize::from(span.value_length) + added - removed) as u16;
        for span in &mut spans[self.index + 1..] {
            span.name_offset = (span.name_offset as usize + added - removed) as u32;
            span.value_offset = (span.value_offset as usize + added - removed) as u32;
        }
        raw.into_boxed_slice()
    }
}
