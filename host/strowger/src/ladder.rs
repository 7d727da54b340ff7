//! Draws a ladder: who said what to whom and what its script decided, a line for each, a column for each who.
//!
//! In: what nodes traced. Out: text. A message that one node sent and another received is one line; who is no traced node
//! (a phone, somebody else's server) has a column by its address, or by the name that it was given.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use trace::{Decision, Traced};

/// Columns besides those of nodes; what more there are share the last one.
const MAX_OTHERS: usize = 6;
/// From one column to the next.
const STEP: usize = 19;
/// From this width on an address is cut.
const MAX_NAME: usize = STEP - 2;

/// Left to right; others come before them.
const ORDER: [&str; 5] = ["pcscf", "icscf", "scscf", "hss", "edge"];

/// What one node traced.
pub(crate) struct OfNode {
    /// Its role.
    pub(crate) name: String,
    pub(crate) messages: Vec<Traced>,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
struct Rung {
    at_us: u64,
    /// Of the node that traced it.
    number: u64,
    from: String,
    to: String,
    label: String,
    transport: String,
    /// Of a script; from and to are the same then.
    is_decision: bool,
}

/// The ladder of all nodes together. `names`: what addresses are called.
pub(crate) fn draw(nodes: &[OfNode], names: &HashMap<SocketAddr, String>) -> String {
    let rungs = rungs(nodes, names);
    let columns = columns(nodes, &rungs);
    let mut out = String::new();
    let _ = writeln!(out, "{:12}{}", "", header(&columns));
    let start = rungs.first().map_or(0, |rung| rung.at_us);
    for rung in &rungs {
        let seconds = (rung.at_us - start) as f64 / 1e6;
        let _ = writeln!(out, "{seconds:9.4} s {}", line(rung, &columns));
    }
    out
}

/// Whether a message is there to keep a connection, and says nothing.
fn is_upkeep(one: &Traced) -> bool {
    one.transport == "Diameter" && ["DW", "CE", "DP"].iter().any(|start| one.label.starts_with(start))
}

fn rungs(nodes: &[OfNode], names: &HashMap<SocketAddr, String>) -> Vec<Rung> {
    // The n-th time that a message was sent is the n-th time that it was received.
    let mut received: HashMap<u64, std::collections::VecDeque<(&str, &Traced)>> = HashMap::new();
    let each =
        || nodes.iter().flat_map(|node| node.messages.iter().map(move |one| (node.name.as_str(), one)));
    let is_message = |one: &Traced| one.decision.is_none() && !is_upkeep(one);
    for (name, one) in each().filter(|(_, one)| !one.sent && is_message(one)) {
        received.entry(one.key).or_default().push_back((name, one));
    }
    let called = |remote: Option<SocketAddr>| match remote {
        Some(address) => names.get(&address).cloned().unwrap_or_else(|| address.to_string()),
        None => "?".to_owned(),
    };
    let rung = |one: &Traced, from: String, to: String| Rung {
        at_us: one.at_us,
        number: one.number,
        from,
        to,
        label: one.label.clone(),
        transport: one.transport.clone(),
        is_decision: false,
    };
    let mut rungs = Vec::new();
    for (name, one) in each().filter(|(_, one)| one.sent && is_message(one)) {
        let by = received.get_mut(&one.key).and_then(std::collections::VecDeque::pop_front);
        let to = by.map_or_else(|| called(one.remote), |(receiver, _)| receiver.to_owned());
        rungs.push(rung(one, name.to_owned(), to));
    }
    for (name, one) in received.into_values().flatten() {
        rungs.push(rung(one, called(one.remote), name.to_owned()));
    }
    for (name, one) in each() {
        if let Some(decision) = &one.decision {
            let label = decided(&one.label, decision);
            let at = rung(one, name.to_owned(), name.to_owned());
            rungs.push(Rung { label, is_decision: true, ..at });
        }
    }
    // What one node did in a microsecond stays in its order.
    rungs.sort_by_key(|rung| (rung.at_us, rung.number));
    rungs
}

/// `relay 2 targets (#7 1.0.0, 45 µs) why`.
fn decided(label: &str, decision: &Decision) -> String {
    let Decision { number, version, cpu_us, reason, .. } = decision;
    let mut text = format!("{label} (#{number} {version}, {cpu_us} µs)");
    if !reason.is_empty() {
        let _ = write!(text, " {reason}");
    }
    text
}

fn columns(nodes: &[OfNode], rungs: &[Rung]) -> Vec<String> {
    let is_node = |name: &str| nodes.iter().any(|node| node.name == name);
    let mut columns: Vec<String> = Vec::new();
    for name in rungs.iter().flat_map(|rung| [&rung.from, &rung.to]) {
        if !is_node(name) && !columns.contains(name) && columns.len() < MAX_OTHERS {
            columns.push(name.clone());
        }
    }
    let mut inner: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    inner.sort_by_key(|name| ORDER.iter().position(|one| one == name).unwrap_or(ORDER.len()));
    inner.dedup();
    columns.extend(inner.into_iter().map(str::to_owned));
    columns
}

fn place(columns: &[String], name: &str) -> usize {
    let last_other = MAX_OTHERS - 1;
    columns
        .iter()
        .position(|column| column == name)
        .unwrap_or(last_other.min(columns.len().saturating_sub(1)))
}

fn header(columns: &[String]) -> String {
    let mut out = String::new();
    for name in columns {
        let name: String = name.chars().take(MAX_NAME).collect();
        let _ = write!(out, "{name:<STEP$}");
    }
    out.trim_end().to_owned()
}

fn line(rung: &Rung, columns: &[String]) -> String {
    let (from, to) = (place(columns, &rung.from), place(columns, &rung.to));
    let label = &rung.label;
    let mut cells: Vec<char> = vec![' '; columns.len() * STEP + 30.max(label.chars().count() + 4)];
    for column in 0..columns.len() {
        cells[column * STEP] = '│';
    }
    // A stream's rung is double: SIP over TCP, TLS, WebSocket.
    let stroke = if matches!(rung.transport.as_str(), "UDP" | "Diameter") { "─" } else { "═" };
    let mut put = |at: usize, text: &str| {
        for (cell, char) in cells.iter_mut().skip(at).zip(text.chars()) {
            *cell = char;
        }
    };
    if rung.is_decision {
        put(from * STEP, &format!("◆ {label} "));
    } else if from == to {
        put(from * STEP + 1, &format!("↻ {label}"));
    } else {
        let (left, right) = (from.min(to) * STEP, from.max(to) * STEP);
        put(left + 1, &stroke.repeat(right - left - 1));
        if to > from {
            put(right - 1, "▶");
        } else {
            put(left + 1, "◀");
        }
        let room = right - left - 3;
        let shown: String = label.chars().take(room.saturating_sub(2)).collect();
        let shown = format!(" {shown} ");
        put(left + 2 + (room - shown.chars().count().min(room)) / 2, &shown);
    }
    cells.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(at_us: u64, sent: bool, remote: &str, label: &str, key: u64) -> Traced {
        Traced {
            number: 0,
            at_us,
            sent,
            transport: "UDP".into(),
            remote: Some(remote.parse().unwrap()),
            label: label.into(),
            call: String::new(),
            key,
            decision: None,
        }
    }

    #[test]
    fn what_one_sent_and_another_received_is_one_line() {
        let pcscf = OfNode {
            name: "pcscf".into(),
            messages: vec![
                traced(10, false, "127.0.0.1:5071", "REGISTER", 1),
                traced(20, true, "127.0.0.1:4060", "REGISTER", 2),
            ],
        };
        let icscf = OfNode {
            name: "icscf".into(),
            messages: vec![traced(21, false, "127.0.0.1:5060", "REGISTER", 2)],
        };
        let names = HashMap::from([("127.0.0.1:5071".parse().unwrap(), "alice".to_owned())]);
        let drawn = draw(&[icscf, pcscf], &names);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), 3, "{drawn}");
        assert!(lines[0].trim_start().starts_with("alice              pcscf              icscf"), "{drawn}");
        assert!(lines[1].contains("│──── REGISTER ───▶│"), "{drawn}");
        assert!(lines[2].ends_with("│──── REGISTER ───▶│"), "{drawn}");
    }

    #[test]
    fn a_message_sent_twice_and_received_once_has_two_lines() {
        let sent = |at| traced(at, true, "127.0.0.1:4060", "INVITE", 7);
        let pcscf = OfNode { name: "pcscf".into(), messages: vec![sent(1), sent(2)] };
        let icscf =
            OfNode { name: "icscf".into(), messages: vec![traced(3, false, "127.0.0.1:5060", "INVITE", 7)] };
        let rungs = rungs(&[pcscf, icscf], &HashMap::new());
        let to: Vec<&str> = rungs.iter().map(|rung| rung.to.as_str()).collect();
        assert_eq!(to, ["icscf", "127.0.0.1:4060"]);
    }

    #[test]
    fn a_decision_is_a_line_at_its_node_between_the_messages() {
        let decision = Decision {
            hook: "on-request".into(),
            about: "INVITE".into(),
            plugin: "edge".into(),
            version: "1.0.0".into(),
            number: 7,
            cpu_us: 45,
            wall_us: 46,
            reason: "two phones".into(),
            failed: false,
        };
        let decided = Traced {
            decision: Some(decision.into()),
            remote: None,
            ..traced(2, false, "127.0.0.1:1", "relay 2 targets", 0)
        };
        let messages = vec![
            traced(1, false, "127.0.0.1:5071", "INVITE", 1),
            decided,
            traced(3, true, "127.0.0.1:5072", "INVITE", 2),
        ];
        let drawn = draw(&[OfNode { name: "edge".into(), messages }], &HashMap::new());
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), 4, "{drawn}");
        assert!(lines[2].ends_with("◆ relay 2 targets (#7 1.0.0, 45 µs) two phones"), "{drawn}");
    }

    #[test]
    fn too_many_phones_share_a_column() {
        let messages = (1..50).map(|n| traced(n, false, &format!("127.0.0.1:{n}"), "OPTIONS", n)).collect();
        let drawn = draw(&[OfNode { name: "pcscf".into(), messages }], &HashMap::new());
        assert_eq!(drawn.lines().count(), 50);
    }
}
