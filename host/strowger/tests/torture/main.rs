//! RFC 4475 and RFC 5118 at the front door: every message, byte for byte, to the built router with the edge example, over
//! UDP and over TCP; what comes of each, what was expected and why. `docs/torture.md` is the table of it.
//!
//! In: the messages with what the parser makes of them (`host/sip/tests/torture`), and the outcomes expected of a
//! registrar and proxy ([`outcomes`]). Out: what is seen, compared with both the outcomes and the document. With
//! `STROWGER_TORTURE=write`, as `cargo xtask torture` runs it, the document is written instead.

extern crate sip as strowger_sip;

#[path = "../../../sip/tests/torture/mod.rs"]
mod corpus;
mod document;
mod judge;
mod outcomes;
mod phone;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../blackbox/support/mod.rs"]
mod support;
mod tcp;
mod udp;
mod world;

use std::collections::HashSet;
use std::thread;

use corpus::Row;
use judge::Seen;
use world::World;

/// All rows, in the order of the RFCs, each message followed by a good request of somebody else's that must be answered.
#[test]
fn every_message_comes_out_as_expected_and_the_document_says_so() {
    if let Err(error) = ports::own_address_has(5060) {
        return toolchain::needs::skip(&format!("SIP's port is somebody's at all addresses: {error}"));
    }
    let rows: Vec<&Row> = corpus::rows().collect();
    let (udp, tcp) = thread::scope(|scope| {
        let udp = scope.spawn(|| seen(&rows, udp::send));
        let tcp = scope.spawn(|| seen(&rows, tcp::send));
        (udp.join().expect("the run over UDP"), tcp.join().expect("the run over TCP"))
    });
    let mut wrong = Vec::new();
    let mut lines = Vec::new();
    for (((row, outcome), udp), tcp) in rows.iter().zip(outcomes::OUTCOMES).zip(udp).zip(tcp) {
        for (way, expected, seen) in [("UDP", outcome.udp, &udp), ("TCP", outcome.tcp, &tcp)] {
            if expected != seen {
                wrong.push(format!("{} over {way}: expected {expected:?}, seen {seen:?}", row.name));
            }
        }
        lines.push(document::Line { row, outcome, udp, tcp });
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    document::write_or_compare(&lines);
}

#[test]
fn every_message_has_an_outcome_and_a_reason() {
    let expected: Vec<_> = outcomes::OUTCOMES.iter().map(|outcome| outcome.name).collect();
    assert_eq!(corpus::rows().map(|row| row.name).collect::<Vec<_>>(), expected);
    for outcome in outcomes::OUTCOMES {
        assert!(!outcome.why.is_empty(), "{} is not explained", outcome.name);
    }
}

/// What comes of each row, sent this way.
fn seen(rows: &[&Row], send: impl Fn(&mut World, &[u8]) -> Seen) -> Vec<String> {
    let mut seen = vec![String::new(); rows.len()];
    for round in rounds(rows) {
        let mut world = World::start();
        for index in round {
            seen[index] = send(&mut world, &rows[index].bytes()).text();
        }
        world.end();
    }
    seen
}

/// Some messages are of one transaction to whoever gets both (RFC 3261 §17.2.3): the second would be a retransmission.
/// Such go to another router. Indices of rows.
fn rounds(rows: &[&Row]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<(HashSet<_>, Vec<usize>)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let transaction = transaction(row).unwrap_or_else(|| row.name.into());
        let free = rounds.iter().position(|(used, _)| !used.contains(&transaction));
        let round = free.unwrap_or_else(|| {
            rounds.push(Default::default());
            rounds.len() - 1
        });
        rounds[round].0.insert(transaction);
        rounds[round].1.push(index);
    }
    rounds.into_iter().map(|(_, indices)| indices).collect()
}

/// Method, branch and host of the sent-by; none where there is no branch, or the message cannot be read.
fn transaction(row: &Row) -> Option<String> {
    let message = strowger_sip::Message::parse_datagram(&row.bytes()).ok()?;
    let head = message.head();
    let via = head.via().ok()?;
    let branch = String::from_utf8_lossy(via.unique_branch()?).into_owned();
    let method = String::from_utf8_lossy(head.method_token()).into_owned();
    Some(format!("{method} {branch} {}", via.host))
}
