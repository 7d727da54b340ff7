//! The torture messages of RFC 4475 and RFC 5118: their texts, and what becomes of each.
//!
//! In: the texts as the RFCs print them (RFC 4475 §2): lines end with LF and stand for CRLF; `<allOneLine>` joins
//! lines; `<hex>` holds bytes; `<repeat count=n>` repeats. Out: bytes on the wire, and the outcome of parsing and
//! validating them. Shared by the tests and the example that prints the table.

mod table4475;
mod table5118;

use strowger_sip::{Message, validate};

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Parsed and valid.
    Accepted,
    /// Parsed; the request is answered with this status.
    Answered(u16),
    /// Parsed; the response is dropped.
    Dropped,
    /// Not parsed, so dropped.
    NotParsed,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Accepted => f.write_str("accepted"),
            Outcome::Answered(status) => write!(f, "invalid, {status}"),
            Outcome::Dropped => f.write_str("invalid response, dropped"),
            Outcome::NotParsed => f.write_str("parse error, dropped"),
        }
    }
}

/// One message of one of the RFCs.
#[allow(dead_code)] // Not every user prints all of it.
pub(crate) struct Row {
    pub(crate) rfc: u16,
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What the RFC wants done with it.
    pub(crate) rfc_expects: &'static str,
    pub(crate) expected: Outcome,
    /// Why that is expected here.
    pub(crate) reason: &'static str,
    text: &'static [u8],
    length: usize,
    hash: u64,
}

#[allow(clippy::too_many_arguments)]
const fn row(
    rfc: u16,
    section: &'static str,
    name: &'static str,
    title: &'static str,
    rfc_expects: &'static str,
    expected: Outcome,
    reason: &'static str,
    text: &'static [u8],
    length: usize,
    hash: u64,
) -> Row {
    Row { rfc, section, name, title, rfc_expects, expected, reason, text, length, hash }
}

/// Every message, in the order of the RFCs.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    table4475::ROWS.iter().chain(table5118::ROWS)
}

/// The bytes of the message of this name.
#[allow(dead_code)] // Not every user asks by name.
pub(crate) fn message(name: &str) -> Vec<u8> {
    rows().find(|row| row.name == name).unwrap_or_else(|| panic!("no message {name}")).bytes()
}

impl Row {
    /// The message on the wire, checked against its length and hash.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bytes = expand(self.text);
        assert_eq!((bytes.len(), fnv(&bytes)), (self.length, self.hash), "{} does not expand", self.name);
        bytes
    }

    /// What becomes of it as a datagram, and why.
    #[allow(dead_code)] // Not every user judges.
    pub(crate) fn seen(&self) -> (Outcome, String) {
        let message = match Message::parse_datagram(&self.bytes()) {
            Ok(message) => message,
            Err(error) => return (Outcome::NotParsed, error.to_string()),
        };
        match validate(&message.head()) {
            Ok(()) => (Outcome::Accepted, String::new()),
            Err(invalid) if message.is_request() => (Outcome::Answered(invalid.status), invalid.to_string()),
            Err(invalid) => (Outcome::Dropped, invalid.to_string()),
        }
    }
}

fn expand(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut is_one_line = false;
    for line in text.strip_suffix(b"\n").expect("a text ends with a line break").split(|byte| *byte == b'\n')
    {
        match line {
            b"<allOneLine>" => is_one_line = true,
            b"</allOneLine>" => {
                is_one_line = false;
                out.extend_from_slice(b"\r\n");
            }
            _ => {
                expand_line(line, &mut out);
                if !is_one_line {
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
    }
    out
}

fn expand_line(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some((first, behind)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"<hex>") {
            let (digits, behind) = until(tail, b"</hex>");
            out.extend(digits.as_chunks::<2>().0.iter().map(|digits| {
                u8::from_str_radix(str::from_utf8(digits).expect("hexadecimal digits"), 16)
                    .expect("hexadecimal digits")
            }));
            rest = behind;
        } else if let Some(tail) = rest.strip_prefix(b"<repeat count=") {
            let (count, tail) = until(tail, b">");
            let (piece, behind) = until(tail, b"</repeat>");
            out.extend(piece.repeat(str::from_utf8(count).expect("a count").parse().expect("a count")));
            rest = behind;
        } else {
            out.push(*first);
            rest = behind;
        }
    }
}

fn until<'a>(bytes: &'a [u8], end: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(end.len()).position(|window| window == end).expect("a tag ends");
    (&bytes[..at], &bytes[at + end.len()..])
}

/// FNV-1a of 64 bits: enough to notice a changed text.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
