//! Values of a header field that may repeat and hold comma-separated lists (RFC 3261 §7.3.1).
//!
//! In: a [`Head`] and a header field. Out: [`Values`]: each list element in order, wherever it stands, with its
//! place, so that an edit can take out one of several. Commas within quoted strings and angle brackets are no
//! separators. Header fields whose grammar has commas of another kind (Date, Authorization …) are read whole, with
//! `Head::fields`.

use crate::grammar;
use crate::{Head, HeaderId};

/// One element of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The element without white space at its ends. Folding within is kept.
    pub bytes: &'a [u8],
    /// Index of the header field it stands in.
    pub span_index: u32,
    /// Whether it is the first element of that header field.
    pub is_first_of_span: bool,
    /// Whether it is the last element of that header field.
    pub is_last_of_span: bool,
    /// What follows in that header field behind the comma: its value once the elements up to this are taken out.
    pub rest: &'a [u8],
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({} bytes in header field {})", self.bytes.len(), self.span_index)
    }
}

/// Iterator over the elements; see [`Head::values`]. Empty elements (`a,,b`) are skipped.
#[derive(Clone)]
pub struct Values<'a> {
    head: Head<'a>,
    id: HeaderId,
    /// The span to look at next.
    next_span: usize,
    /// Rest of the current span's value; `None` before the first and after the last element of it.
    rest: Option<&'a [u8]>,
    is_first: bool,
}

impl<'a> Values<'a> {
    pub(crate) fn new(head: Head<'a>, id: HeaderId) -> Self {
        Values { head, id, next_span: 0, rest: None, is_first: true }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        loop {
            let rest = match self.rest {
                Some(rest) => rest,
                None => {
                    let spans = self.head.spans().get(self.next_span..)?;
                    let skipped = spans.iter().position(|span| span.id == self.id)?;
                    self.next_span += skipped + 1;
                    self.is_first = true;
                    self.head.value_of(self.next_span - 1)
                }
            };
            let end = grammar::element_end(rest, 0);
            let bytes = grammar::trim(&rest[..end]);
            let behind = rest.get(end + 1..).map(trim_list);
            self.rest = behind.filter(|rest| !rest.is_empty());
            if bytes.is_empty() {
                continue;
            }
            let is_first_of_span = std::mem::take(&mut self.is_first);
            return Some(Value {
                bytes,
                span_index: (self.next_span - 1) as u32,
                is_first_of_span,
                is_last_of_span: self.rest.is_none(),
                rest: self.rest.unwrap_or_default(),
            });
        }
    }
}

/// Without white space and stray commas at the front, white space at the end.
fn trim_list(mut bytes: &[u8]) -> &[u8] {
    bytes = grammar::trim(bytes);
    while let [b',', rest @ ..] = bytes {
        bytes = grammar::trim(rest);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use crate::{HeaderId, Message};

    const MESSAGE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\n\
        Route: <sip:one;lr>, \"x, y\" <sip:two;a=,b> ;p\r\n\
        Via: SIP/2.0/UDP a\r\n\
        Route:\r\n\
        route: ,, <sip:three>,\r\n\r\n";

    #[test]
    fn elements_come_in_order_with_their_place() {
        let message = Message::parse_datagram(MESSAGE).unwrap();
        let routes: Vec<_> = message.values(HeaderId::ROUTE).collect();
        let bytes: Vec<_> = routes.iter().map(|value| value.bytes).collect();
        assert_eq!(bytes, [&b"<sip:one;lr>"[..], b"\"x, y\" <sip:two;a=,b> ;p", b"<sip:three>"]);
        assert_eq!(routes.iter().map(|value| value.span_index).collect::<Vec<_>>(), [0, 0, 3]);
        assert!(routes[0].is_first_of_span && !routes[0].is_last_of_span);
        assert_eq!(routes[0].rest, b"\"x, y\" <sip:two;a=,b> ;p");
        assert!(!routes[1].is_first_of_span && routes[1].is_last_of_span && routes[1].rest.is_empty());
        assert!(routes[2].is_first_of_span && routes[2].is_last_of_span);
        assert_eq!(message.values(HeaderId::CONTACT).count(), 0);
    }
}
