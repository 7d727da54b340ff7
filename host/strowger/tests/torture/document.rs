//! `docs/torture.md`: the table of all messages.
//!
//! In: a line for each message. Out: the document, written where `STROWGER_TORTURE` says so; else it must be what is there.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::corpus::Row;
use crate::outcomes::Outcome;

/// Set to `write` by `cargo xtask torture`.
const VARIABLE: &str = "STROWGER_TORTURE";

/// One message.
pub(crate) struct Line<'a> {
    pub(crate) row: &'a Row,
    pub(crate) outcome: &'a Outcome,
    /// Seen over UDP.
    pub(crate) udp: String,
    /// Seen over TCP.
    pub(crate) tcp: String,
}

const HEAD: &str = "\
# Torture messages

Every message of RFC 4475 and RFC 5118, byte for byte, against the parser and against the built router with the plugin of
`examples/edge`, over UDP and over TCP. `cargo xtask torture` writes this table; a test fails where a message comes out
otherwise than expected, or where this is not what is seen (`host/strowger/tests/torture`).

The router is responsible for `example.com`, `example.net`, `example.org`, `east.example.com`, `ift.client.example.net`,
and for the addresses `[2001:db8::10]`, port 5070 of it, and `[2001:db8::192.0.2.1]`, which stand for `example.com`. Who
sends a message is registered from where it sends (by its connection over TCP), who is called is registered at a phone
that answers 200, and the other hosts that are named are there. The answers go where the topmost Via wants them: to the
port of its sent-by at the address that the message came from; over TCP by the connection, or by a new one to that port
where the connection is gone.

What comes of a message (§ without a number of an RFC is RFC 3261's):

- *400 Bad Request* and the like: the final answer of the router. It bears the Vias, From, Call-ID and CSeq of the
  message as they came.
- *forwarded to* somebody: the copy is byte for byte what came but for start line, topmost Via, Max-Forwards and Route
  (RFC 3261 §16.6). *200 comes back*: the phone's answer went back to the sender.
- *dropped as* the reason under which the router counts it (`strowger_sip_discards_total`): no answer came.
- *connection closed*, or *waits for the rest*; otherwise the next request on the same connection was answered.

Each message is followed by a good request of another client, which was answered every time. None made a script fail,
and none was answered 500.
";

/// Compares the document with what was seen, or writes it.
pub(crate) fn write_or_compare(lines: &[Line<'_>]) {
    let document = document(lines);
    if std::env::var(VARIABLE).is_ok_and(|value| value == "write") {
        std::fs::write(path(), document).expect("written");
        return;
    }
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    let differs = document.lines().zip(written.lines()).find(|(seen, written)| seen != written);
    assert!(
        document == written,
        "docs/torture.md is old: run `cargo xtask torture`. The first line that differs: {differs:#?}"
    );
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/torture.md")
}

fn document(lines: &[Line<'_>]) -> String {
    let mut document = HEAD.to_owned();
    for rfc in [4475, 5118] {
        let _ = write!(
            document,
            "\n## RFC {rfc}\n\n\
             | § | message | the RFC expects | parser | why | UDP: expected | UDP: seen | TCP: expected | TCP: seen | why |\n\
             |---|---|---|---|---|---|---|---|---|---|\n"
        );
        for line in lines.iter().filter(|line| line.row.rfc == rfc) {
            let Line { row, outcome, udp, tcp } = line;
            let (parsed, _) = row.seen();
            let message = format!("`{}`: {}", row.name, row.title);
            let cells = [
                row.section,
                &message,
                row.rfc_expects,
                &parsed.to_string(),
                row.reason,
                outcome.udp,
                against(outcome.udp, udp),
                outcome.tcp,
                against(outcome.tcp, tcp),
                outcome.why,
            ];
            let cells: Vec<_> = cells.iter().map(|cell| escaped(cell)).collect();
            let _ = writeln!(document, "| {} |", cells.join(" | "));
        }
    }
    document
}

/// What was seen, said shortly where it is what was expected.
fn against<'s>(expected: &str, seen: &'s str) -> &'s str {
    if expected == seen { "as expected" } else { seen }
}

/// As it is to be read in a cell of Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut is_code = false;
    for character in text.chars() {
        is_code ^= character == '`';
        match character {
            '|' => escaped.push_str("\\|"),
            '<' | '*' | '_' | '[' | ']' | '&' if !is_code => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}
