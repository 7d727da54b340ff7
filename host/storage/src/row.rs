//! A binding as a row of the database: what survives a restart.
//!
//! In: a packed binding. Out: its row; and back. The text in `record` is for operators' eyes too: one line each for
//! URI, parameters, q, Call-ID, CSeq, flow and `outbound`, then one line per Path value.
//!
//! Rows are only ever appended: a changed binding is a new row that names the one it `replaces`, a removed one is a row
//! without a record. Appending touches the last page of the table alone, so a group of changes costs a few pages and
//! not one each. What was replaced is deleted later, many at a time (`garbage.rs`).

use std::net::SocketAddr;

use sip::{Flow, Transport};

use crate::digits;
use crate::packed::BindingRef;

/// A row to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Counts up over the life of the database.
    pub(crate) id: u64,
    /// The row that this one makes void; 0: none.
    pub(crate) replaces: u64,
    /// Empty in a removal.
    pub(crate) aor: Box<str>,
    pub(crate) expires_at_ms: u64,
    /// `None`: nothing takes the place of the replaced one.
    pub(crate) record: Option<String>,
}

impl Row {
    pub(crate) fn removal(id: u64, replaces: u64) -> Row {
        Row { id, replaces, aor: Box::default(), expires_at_ms: 0, record: None }
    }

    pub(crate) fn bound(aor: &str, replaces: u64, binding: &BindingRef<'_>) -> Row {
        Row {
            id: binding.row,
            replaces,
            aor: aor.into(),
            expires_at_ms: binding.expires_at_ms,
            record: Some(record(binding)),
        }
    }
}

fn record(binding: &BindingRef<'_>) -> String {
    let BindingRef { uri, parameters, call_id, path, .. } = *binding;
    let mut text = String::with_capacity(uri.len() + parameters.len() + call_id.len() + path.len() + 64);
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
/// left out. `None`: not a record, or larger than any that a host wrote.
pub(crate) fn read(row: u64, expires_at_ms: u64, record: &str) -> Option<BindingRef<'_>> {
    let mut lines = record.splitn(8, '\n');
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
    binding.fits().then_some(binding)
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

    fn there_and_back(binding: &BindingRef<'_>, expected: &BindingRef<'_>) {
        let row = Row::bound("sip:a@b", 4, binding);
        assert_eq!((row.id, row.replaces, row.expires_at_ms), (binding.row, 4, binding.expires_at_ms));
        let text = row.record.expect("a binding has a record");
        assert_eq!(read(row.id, row.expires_at_ms, &text).as_ref(), Some(expected), "{text}");
    }

    #[test]
    fn a_binding_survives() {
        there_and_back(&phone(), &phone());
        let bare = BindingRef { q: None, flow: None, path: "", parameters: "", outbound: true, ..phone() };
        there_and_back(&bare, &bare);
        assert_eq!(
            record(&phone()),
            "sip:a@b\n;x=\"y z\"\n500\nc@d\n2\nUDP 1 0 [::1]:5060\n\n<sip:p1;lr>\n<sip:p2;lr>"
        );
    }

    #[test]
    fn a_connection_does_not() {
        let mut tcp = phone();
        tcp.flow = tcp.flow.map(|flow| Flow { transport: Transport::Wss, connection: 9, ..flow });
        there_and_back(&tcp, &BindingRef { flow: None, ..phone() });
    }

    #[test]
    fn anything_else_is_no_record() {
        let good = record(&phone());
        assert!(read(1, 1, &good).is_some());
        for (from, to) in [
            ("sip:a@b", ""),
            ("\n500\n", "\n1001\n"),
            ("\n2\n", "\n-2\n"),
            ("UDP", "SCTP"),
            ("[::1]", "host"),
            ("[::1]", "[::1%2]"),
            (":5060\n", ":5060 x\n"),
            ("5060\n\n", "5060\nx\n"),
        ] {
            assert_ne!(good.replace(from, to), good);
            assert!(read(1, 1, &good.replace(from, to)).is_none(), "{from} {to}");
        }
        assert!(read(1, 1, "sip:a@b").is_none());
        assert!(read(1, 1, "").is_none());
    }
}
