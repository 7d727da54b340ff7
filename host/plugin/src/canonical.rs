//! A decision as lines of text that do not depend on what decides nothing: the order of edits to different header
//! fields, of variables, and where memory lies. Two versions decide the same if, and only if, these lines are the same.
//!
//! In: what came of a call ([`Consulted`]), its message, and what it did to the machine ([`Question::is_deed`]). Out: a
//! [`Canonical`]. CK and IK are not in it.
//!
//! ```text
//! relay, record-route, ask-replies
//!   append P-Asserted-Identity: <sip:alice@ims.test>
//!   replace Route (2): <sip:orig@scscf.ims.test;lr>
//!   target sip:bob@192.0.2.4 q=1000 route=<sip:pcscf.ims.test;lr>
//! dialog variable session: 01
//! deed StartTimer { token: "t", after_ms: 500 }
//! ```

use std::fmt::Write;

use node::{Decision, Edit, HeaderEdit, Relay, Reply, ReplyDecision, Target};
use sip::HeaderId;

use crate::call::{Consulted, Outcome};
use crate::context::{Effects, Send, Variables};
use crate::tape::Question;
use crate::view_keys;

/// A decision with its effects, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Canonical(Vec<String>);

impl Canonical {
    /// The form of what came of a call about this message (none: a timer or an event).
    #[must_use]
    pub fn of(consulted: &Consulted, message: Option<&sip::Message>, asked: &[Question]) -> Canonical {
        let mut lines = Vec::new();
        match (&consulted.result, &consulted.fault) {
            (_, Some(fault)) => lines.push(format!("fault {} {}", fault.code, fault.reason)),
            (Err(error), None) => lines.push(format!("failed: {error}")),
            (Ok(Outcome::Decision(decision)), None) => request(decision, message, &mut lines),
            (Ok(Outcome::Reply(decision)), None) => response(decision, message, &mut lines),
            (Ok(Outcome::Done), None) => lines.push("done".into()),
        }
        effects(&consulted.effects, &mut lines);
        let deeds = asked.iter().filter(|question| question.is_deed());
        lines.extend(deeds.map(|deed| format!("deed {deed:?}")));
        Canonical(lines)
    }

    /// Its lines; the first one says what kind of decision it is.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// The first line: the decision in short.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// What is in only one of the two: lines of this one with `-`, of the other with `+`, as they come.
    #[must_use]
    pub fn differences(&self, other: &Canonical) -> Vec<String> {
        let missing = |here: &Canonical, there: &Canonical, sign: char| {
            let mut left: Vec<&String> = there.0.iter().collect();
            let mut lines = Vec::new();
            for line in &here.0 {
                match left.iter().position(|other| *other == line) {
                    Some(place) => drop(left.remove(place)),
                    None => lines.push(format!("{sign} {}", line.trim_start())),
                }
            }
            lines
        };
        let mut lines = missing(self, other, '-');
        lines.extend(missing(other, self, '+'));
        if lines.is_empty() && self != other {
            lines.push("the same lines in another order".into());
        }
        lines
    }
}

impl std::fmt::Display for Canonical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Bytes as one line of text.
fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for part in bytes.utf8_chunks() {
        part.valid().chars().for_each(|char| match char.is_control() {
            true => out.extend(char.escape_default()),
            false => out.push(char),
        });
        part.invalid().iter().for_each(|byte| {
            let _ = write!(out, "\\x{byte:02x}");
        });
    }
    out
}

fn request(decision: &Decision, message: Option<&sip::Message>, lines: &mut Vec<String>) {
    match decision {
        Decision::Relay(relay) => self::relay(relay, message, lines),
        Decision::Reply(reply) => self::reply("reply", reply, lines),
        Decision::Challenge(challenge) => {
            let mut line =
                format!("challenge {} {:?}", if challenge.proxy { 407 } else { 401 }, challenge.realm);
            for algorithm in &challenge.algorithms {
                let _ = write!(line, " {algorithm:?}");
            }
            line.push_str(if challenge.stale { " stale" } else { "" });
            lines.push(line);
            edits(&challenge.edits, None, lines);
        }
        Decision::Next(all) => {
            lines.push("next".into());
            edits(all, message, lines);
        }
        Decision::Drop => lines.push("drop".into()),
    }
}

fn response(decision: &ReplyDecision, message: Option<&sip::Message>, lines: &mut Vec<String>) {
    match decision {
        ReplyDecision::Pass(all) => {
            lines.push("pass".into());
            edits(all, message, lines);
        }
        ReplyDecision::Replace(reply) => self::reply("replace", reply, lines),
        ReplyDecision::Drop => lines.push("drop".into()),
    }
}

fn relay(relay: &Relay, message: Option<&sip::Message>, lines: &mut Vec<String>) {
    let mut line = String::from("relay");
    let options = [
        (relay.record_route, "record-route"),
        (relay.ask_replies, "ask-replies"),
        (relay.ask_further, "ask-further"),
        (relay.ask_failure, "ask-failure"),
        (relay.ask_failure_unless_heard, "unless-heard"),
        (relay.targets_named && relay.targets.is_empty(), "nobody"),
    ];
    for (_, name) in options.iter().filter(|(is_set, _)| *is_set) {
        let _ = write!(line, ", {name}");
    }
    if let Some(timeout) = relay.timeout {
        let _ = write!(line, ", {} ms until {:?}", timeout.as_millis(), relay.until);
    }
    lines.push(line);
    let words =
        [("returns by", &relay.returns_by), ("vias", &relay.vias), ("served user", &relay.served_user)];
    for (name, value) in words {
        lines.extend(value.as_ref().map(|value| format!("  {name} {}", text(value.as_bytes()))));
    }
    lines.extend(relay.timers.map(|timers| format!("  timers {timers:?}")));
    lines.extend(relay.server_timers.map(|timers| format!("  server timers {timers:?}")));
    edits(&relay.edits, message, lines);
    lines.extend(relay.targets.iter().map(target));
}

fn target(target: &Target) -> String {
    let mut line = format!("  target {} q={}", text(target.uri.as_bytes()), target.q);
    for route in &target.route {
        let _ = write!(line, " route={}", text(route.as_bytes()));
    }
    if let Some(hop) = &target.next_hop {
        let _ = write!(line, " next-hop={}", text(hop.as_bytes()));
    }
    if let Some(flow) = target.flow {
        let only = if target.flow_only { " only" } else { "" };
        let _ = write!(line, " flow={} {} {}{only}", flow.transport.name(), flow.remote, flow.connection);
    }
    if let Some(timers) = target.timers {
        let _ = write!(line, " {timers:?}");
    }
    line
}

fn reply(what: &str, reply: &Reply, lines: &mut Vec<String>) {
    let stateless = if reply.stateless { ", stateless" } else { "" };
    let reason = text(reply.reason.as_bytes());
    lines.push(format!("{what} {} {reason}", reply.status).trim_end().to_owned() + stateless);
    lines.extend(reply.server_timers.map(|timers| format!("  server timers {timers:?}")));
    edits(&reply.edits, None, lines);
}

/// Edits of one header field keep their order; of different ones there is none.
fn edits(all: &[Edit], message: Option<&sip::Message>, lines: &mut Vec<String>) {
    let mut named: Vec<(String, String)> = all.iter().map(|edit| self::edit(edit, message)).collect();
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    lines.extend(named.into_iter().map(|(_, line)| line));
}

/// The header field that an edit is about, and its line.
fn edit(edit: &Edit, message: Option<&sip::Message>) -> (String, String) {
    let seen = |index: u32| {
        let head = message.map(sip::Message::head);
        let place = index as usize;
        let name = head
            .filter(|head| place < head.spans().len())
            .map(|head| named(head.spans()[place].id, head.name_of(place)));
        name.unwrap_or_else(|| "field".into())
    };
    match edit {
        Edit::Append(header) => of_header("append", header),
        Edit::Prepend(header) => of_header("prepend", header),
        Edit::Replace { index, value } => {
            let name = seen(*index);
            let line = format!("  replace {name} ({index}): {}", without_keys(&name, value));
            (name, line)
        }
        Edit::Remove { index } => {
            let name = seen(*index);
            let line = format!("  remove {name} ({index})");
            (name, line)
        }
        Edit::RemoveAll(id, name) => {
            let name = named(*id, name.as_bytes());
            let line = format!("  remove all {name}");
            (name, line)
        }
        Edit::SetRequestUri(uri) => ("".into(), format!("  request-uri {}", text(uri.as_bytes()))),
        Edit::SetBody { content_type, content } => {
            let body = format!("  body {}: {}", text(content_type.as_bytes()), text(content));
            ("~".into(), body)
        }
    }
}

fn of_header(what: &str, header: &HeaderEdit) -> (String, String) {
    let name = named(header.id, header.name.as_bytes());
    let line = format!("  {what} {name}: {}", without_keys(&name, &header.value));
    (name, line)
}

/// The canonical name of a header field.
fn named(id: HeaderId, name: &[u8]) -> String {
    match id {
        HeaderId::OTHER => text(name),
        id => id.name().to_owned(),
    }
}

fn without_keys(name: &str, value: &[u8]) -> String {
    let mut value = value.to_vec();
    if name == HeaderId::WWW_AUTHENTICATE.name() {
        view_keys::overwrite(&mut value);
    }
    text(&value)
}

fn effects(effects: &Effects, lines: &mut Vec<String>) {
    for (status, reason) in &effects.provisionals {
        lines.push(format!("provisional {status} {}", text(reason.as_bytes())).trim_end().to_owned());
    }
    lines.extend(effects.to_tag.as_ref().map(|tag| format!("to-tag {}", text(tag.as_bytes()))));
    variables("variable", effects.variables.as_deref(), lines);
    variables("dialog variable", effects.dialog_variables.as_deref(), lines);
    effects.sends.iter().for_each(|send| self::send(send, lines));
}

fn variables(what: &str, all: Option<&Variables>, lines: &mut Vec<String>) {
    let Some(all) = all else { return };
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_unstable();
    lines.push(format!("{what}s: {}", sorted.len()));
    lines.extend(
        sorted.iter().map(|(name, value)| format!("{what} {}: {}", text(name.as_bytes()), text(value))),
    );
}

fn send(send: &Send, lines: &mut Vec<String>) {
    let head = send.request.head();
    let timeout = send.timeout.map_or_else(String::new, |timeout| format!(", {} ms", timeout.as_millis()));
    lines.push(format!("send {} told as {:?}{timeout}", text(head.start_line()), send.token));
    for (place, span) in head.spans().iter().enumerate() {
        let name = named(span.id, head.name_of(place));
        lines.push(format!("  {name}: {}", text(head.value_of(place))));
    }
    if !head.body().is_empty() {
        lines.push(format!("  body: {}", text(head.body())));
    }
    lines.extend(send.third_party.as_ref().map(|third_party| format!("  {third_party:?}")));
}

#[cfg(test)]
mod tests;
