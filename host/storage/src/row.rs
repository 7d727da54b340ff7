//! A binding as a row of the database: what survives a restart.
//!
//! In: a packed binding. Out: its row; and back. A row is a number and a text, for each value of a row costs as much
//! again. The text is for operators' eyes too, one line each for the row that it replaces (0: none), address-of-record,
//! end in ms since 1970, URI, parameters, q, Call-ID, CSeq, flow and `outbound`, then one for each Path value. Where
//! nothing takes the place of the replaced row, its number is all there is.
//!
//! Rows are only ever appended: a changed binding is a new row that names the one it replaces, and so is a removal.
//! Appending touches the last page of the table alone, so a group of changes costs a few pages and not one each. What was
//! replaced is deleted later, many at a time (`garbage.rs`).

use std::net::SocketAddr;

use sip::{Flow, Transport};

use crate::digits;
use crate::packed::BindingRef;
use crate::register::MAX_AOR;

/// Bytes that the numbers of a record may take, and what stands between them.
const NUMBERS: usize = 128;

/// A row to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Counts up over the life of the database.
    pub(crate) id: u64,
    pub(crate) record: String,
}

impl Row {
    /// Nothing takes the place of `replaced`.
    pub(crate) fn removal(id: u64, replaced: u64) -> Row {
        let mut record = String::new();
        digits::push(&mut record, replaced);
        Row { id, record }
    }

    /// `replaced`: the row of the binding before; 0: there was none.
    pub(crate) fn bound(aor: &str, replaced: u64, binding: &BindingRef<'_>) -> Row {
        Row { id: binding.row, record: record(aor, replaced, binding) }
    }
}

/// A binding as it was found, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) aor: &'a str,
    pub(crate) binding: BindingRef<'a>,
}

fn record(aor: &str, replaced: u64, binding: &BindingRef<'_>) -> String {
    let BindingRef { uri, parameters, call_id, path, .. } = *binding;
    let texts = aor.len() + uri.len() + parameters.len() + call_id.len() + path.len();
    let mut text = String::with_capacity(texts + NUMBERS);
    digits::push(&mut text, replaced);
    text.push('\n');
    text.push_str(aor);
    text.push('\n');
    digits::push(&mut text, binding.expires_at_ms);
    text.push('\n');
    text.push_str(uri);
    text.push('\n');
    text.push_str(parameters);
    text.push('\n');
    if let Some(q) = binding.q {
        digits::push(&mut text, q.into());
    }
    text.push('\n');
    text.push_str(call_id);
    text.push('\n');
    digits::push(&mut text, binding.cseq.into());
    text.push('\n');
    if let Some(Flow { transport, listener, connection, remote }) = binding.flow {
        text.push_str(transport.name());
        text.push(' ');
        digits::push(&mut text, listener.into());
        text.push(' ');
        digits::push(&mut text, connection);
        text.push(' ');
        digits::push_address(&mut text, &remote);
    }
    text.push_str(if binding.outbound { "\noutbound" } else { "\n" });
    if !path.is_empty() {
        text.push('\n');
        text.push_str(path);
    }
    text
}

/// Reads a record. A connection of an earlier run is gone, and its number may mean another one now: such a flow is
/// left out. `None`: not a record of a binding, or larger than any that a host wrote.
pub(crate) fn read(row: u64, record: &str) -> Option<Found<'_>> {
    let mut lines = record.splitn(11, '\n');
    let _replaced: u64 = lines.next()?.parse().ok()?;
    let aor = lines.next().filter(|aor| (1..=MAX_AOR).contains(&aor.len()))?;
    let expires_at_ms = lines.next()?.parse().ok()?;
    let uri = lines.next().filter(|uri| !uri.is_empty())?;
    let parameters = lines.next()?;
    let q = match lines.next()? {
        "" => None,
        digits => Some(digits.parse().ok().filter(|q| *q <= 1000)?),
    };
    let call_id = lines.next()?;
    let cseq = lines.next()?.parse().ok()?;
    let flow = match lines.next()? {
        "" => None,
        words => Some(read_flow(words)?),
    };
    let outbound = match lines.next()? {
        "" => false,
        "outbound" => true,
        _ => return None,
    };
    let path = lines.next().unwrap_or_default();
    let flow = flow.filter(|flow: &Flow| flow.connection == 0 && !flow.transport.is_reliable());
    let binding = BindingRef { row, expires_at_ms, q, cseq, outbound, flow, uri, parameters, call_id, path };
    binding.fits().then_some(Found { aor, binding })
}

fn read_flow(words: &str) -> Option<Flow> {
    let mut words = words.split(' ');
    let transport = Transport::from_token(words.next()?.as_bytes())?;
    let listener = words.next()?.parse().ok()?;
    let connection = words.next()?.parse().ok()?;
    let remote = words.next()?.parse().ok().filter(is_plain)?;
    words.next().is_none().then_some(Flow { transport, listener, connection, remote })
}

/// Without a zone, which no host writes: its number may mean another interface by now.
fn is_plain(remote: &SocketAddr) -> bool {
    matches!(remote, SocketAddr::V6(remote) if remote.scope_id() == 0) || remote.is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone<'a>() -> BindingRef<'a> {
        BindingRef {
            row: 5,
            expires_at_ms: 10,
            q: Some(500),
            cseq: 2,
            outbound: false,
            flow: Some(Flow {
                transport: Transport::Udp,
                listener: 1,
                connection: 0,
                remote: "[::1]:5060".parse().expect("an address"),
            }),
            uri: "sip:a@b",
            parameters: ";x=\"y z\"",
            call_id: "c@d",
            path: "<sip:p1;lr>\n<sip:p2;lr>",
        }
    }

    const AOR: &str = "sip:u@bench.test";

    fn there_and_back(binding: &BindingRef<'_>, expected: &BindingRef<'_>) {
        let Row { id, record } = Row::bound(AOR, 4, binding);
        assert_eq!(id, binding.row);
        assert_eq!(read(id, &record), Some(Found { aor: AOR, binding: *expected }), "{record}");
    }

    #[test]
    fn a_binding_survives() {
        there_and_back(&phone(), &phone());
        let bare = BindingRef { q: None, flow: None, path: "", parameters: "", outbound: true, ..phone() };
        there_and_back(&bare, &bare);
        assert_eq!(
            record(AOR, 4, &phone()),
            "4\nsip:u@bench.test\n10\nsip:a@b\n;x=\"y z\"\n500\nc@d\n2\nUDP 1 0 [::1]:5060\n\n<sip:p1;lr>\n<sip:p2;lr>"
        );
        assert_eq!(Row::removal(9, 4), Row { id: 9, record: "4".into() });
    }

    #[test]
    fn a_connection_does_not() {
        let mut tcp = phone();
        tcp.flow = tcp.flow.map(|flow| Flow { transport: Transport::Wss, connection: 9, ..flow });
        there_and_back(&tcp, &BindingRef { flow: None, ..phone() });
    }

    #[test]
    fn anything_else_is_no_record() {
        let good = record(AOR, 4, &phone());
        assert!(read(1, &good).is_some());
        let long = format!("\n{}\n", "a".repeat(MAX_AOR + 1));
        for (from, to) in [
            ("4\n", "-4\n"),
            ("4\n", "\n"),
            ("\nsip:u@bench.test\n", "\n\n"),
            ("\nsip:u@bench.test\n", &long),
            ("\n10\n", "\n281474976710656\n"),
            ("sip:a@b", ""),
            ("\n500\n", "\n1001\n"),
            ("\n2\n", "\n-2\n"),
            ("UDP", "SCTP"),
            ("[::1]", "host"),
            ("[::1]", "[::1%2]"),
            (":5060\n", ":5060 x\n"),
            ("5060\n\n", "5060\nx\n"),
        ] {
            assert_ne!(good.replacen(from, to, 1), good);
            assert!(read(1, &good.replacen(from, to, 1)).is_none(), "{from} {to}");
        }
        for none in ["4", "4\nsip:a@b", ""] {
            assert!(read(1, none).is_none(), "{none:?}");
        }
    }
}
