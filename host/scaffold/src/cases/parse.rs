//! Reading a case file.
//!
//! In: text. Out: [`Case`], or the line that cannot be read and what is wanted there. The format is described in
//! `cases.rs`.

use std::ops::Range;

use super::host::{Binding, RegisterAnswer, VerdictAnswer};
use super::{Case, Expectation, ExpectedTarget, HostAnswers, Kind};
use node::Hook;
use sip::NameAddr;
use strowger_sdk::testing::TestMessage;

/// Bytes of a case file.
pub(super) const MAX_FILE: usize = 256 << 10;

/// A case file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}")]
pub struct CaseError {
    /// Line, from 1.
    pub line: usize,
    /// What is wanted there.
    pub expected: String,
}

type Read<T> = Result<T, CaseError>;

fn wants<T>(line: usize, expected: impl Into<String>) -> Read<T> {
    Err(CaseError { line, expected: expected.into() })
}

/// A line and its number, from 1.
type Line<'a> = (usize, &'a str);

/// The parts of a file, each without the line of its name.
#[derive(Default)]
struct Sections<'a> {
    top: Vec<Line<'a>>,
    configuration: Vec<Line<'a>>,
    host: Vec<Line<'a>>,
    message: Vec<Line<'a>>,
    expect: Vec<Line<'a>>,
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// [`CaseError`]: the first line that cannot be read.
    pub fn parse(text: &str) -> Result<Case, CaseError> {
        if text.len() > MAX_FILE {
            return wants(1, format!("at most {MAX_FILE} bytes"));
        }
        let sections = Sections::split(text);
        let hook = hook(&sections.top)?;
        let host = host(&sections.host)?;
        let message = message(&sections.message, hook)?;
        let expectations = expectations(&sections.expect)?;
        if expectations.is_empty() {
            return wants(text.lines().count().max(1), "[expect] with at least one line");
        }
        let configuration = sections.configuration.iter().map(|(_, line)| format!("{line}\n")).collect();
        Ok(Case { configuration, hook, message, host, expectations })
    }
}

impl<'a> Sections<'a> {
    fn split(text: &'a str) -> Self {
        let mut sections = Sections::default();
        let mut current = &mut sections.top;
        for (number, line) in (1..).zip(text.lines()) {
            match line.trim_end() {
                "[configuration]" => current = &mut sections.configuration,
                "[host]" => current = &mut sections.host,
                "[message]" => current = &mut sections.message,
                "[expect]" => current = &mut sections.expect,
                _ => current.push((number, line)),
            }
        }
        sections
    }
}

/// `key: value` of each line that is neither empty nor a comment.
fn pairs<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = Read<(usize, &'a str, &'a str)>> {
    lines
        .iter()
        .map(|(number, line)| (*number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| match line.split_once(':') {
            Some((key, value)) => Ok((number, key.trim_end(), value.trim())),
            None => wants(number, "key: value"),
        })
}

fn hook(lines: &[Line<'_>]) -> Read<Hook> {
    let mut hook = Hook::Request;
    for pair in pairs(lines) {
        hook = match pair? {
            (_, "hook", "request") => Hook::Request,
            (_, "hook", "in-dialog") => Hook::InDialogRequest,
            (_, "hook", "reply") => Hook::Reply,
            (_, "hook", "failure") => Hook::Failure,
            (line, "hook", _) => return wants(line, "request, in-dialog, reply or failure"),
            (line, ..) => {
                return wants(line, "hook: or a section: [configuration], [host], [message], [expect]");
            }
        };
    }
    Ok(hook)
}

fn message(lines: &[Line<'_>], hook: Hook) -> Read<sip::Message> {
    let span =
        || -> Range<usize> { lines.first().map_or(1, |line| line.0)..lines.last().map_or(1, |line| line.0) };
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let message = match TestMessage::parse(&text) {
        Ok(message) => message.into_message(),
        Err(error) => return wants(span().start, format!("[message] with a SIP message: {error}")),
    };
    let wants_request = matches!(hook, Hook::Request | Hook::InDialogRequest);
    match (wants_request, message.is_request()) {
        (true, false) => wants(span().start, "a request for this hook"),
        (false, true) => wants(span().start, "a response for this hook"),
        _ => Ok(message),
    }
}

fn host(lines: &[Line<'_>]) -> Read<HostAnswers> {
    let mut host = HostAnswers::default();
    for pair in pairs(lines) {
        let (line, key, value) = pair?;
        match key {
            "source" => {
                let source = value.split_once(' ').and_then(|(transport, address)| {
                    Some((sip::Transport::from_token(transport.as_bytes())?, address.trim().parse().ok()?))
                });
                match source {
                    Some(source) => (host.transport, host.source) = source,
                    None => return wants(line, "source: TRANSPORT ADDRESS:PORT"),
                }
            }
            "time" => host.now_ms = number(line, value)?,
            "binding" => host.bindings.push(binding(line, value)?),
            "here" => host.registered_here.push(value.to_owned()),
            "credentials" => host.verdict = verdict(line, value)?,
            "register" => host.register = register(line, value)?,
            "contact" => host.contacts.push(value.to_owned()),
            "variable" => host.variables.push(assignment(line, value)?),
            "dialog-variable" => host.dialog_variables.push(assignment(line, value)?),
            "key" => host.rows.push(assignment(line, value)?),
            _ => {
                let known = "source, time, binding, here, credentials, register, contact, variable, dialog-variable or key";
                return wants(line, known);
            }
        }
    }
    Ok(host)
}

fn binding(line: usize, value: &str) -> Read<Binding> {
    const WANTED: &str = "binding: ADDRESS-OF-RECORD = <URI>;q=0.5;expires=60;path=\"<URI>\"";
    let (address_of_record, contact) = assignment(line, value)?;
    let Ok(contact) = NameAddr::parse(contact.as_bytes()) else { return wants(line, WANTED) };
    if contact.uri().is_err() {
        return wants(line, WANTED);
    }
    let path = match contact.params.iter().find(|param| param.is("path")) {
        Some(path) => vec![String::from_utf8_lossy(&path.unquoted()).into_owned()],
        None => Vec::new(),
    };
    Ok(Binding {
        address_of_record,
        uri: String::from_utf8_lossy(contact.uri_bytes).into_owned(),
        q: contact.q().unwrap_or(1000),
        expires: contact.expires().unwrap_or(3600),
        path,
    })
}

fn verdict(line: usize, value: &str) -> Read<VerdictAnswer> {
    match value.split_once(' ').unwrap_or((value, "")) {
        ("accepted", name) if !name.trim().is_empty() => Ok(VerdictAnswer::Accepted(name.trim().to_owned())),
        ("absent", "") => Ok(VerdictAnswer::Absent),
        ("stale", "") => Ok(VerdictAnswer::Stale),
        ("rejected", "") => Ok(VerdictAnswer::Rejected),
        _ => wants(line, "accepted NAME, absent, stale or rejected"),
    }
}

fn register(line: usize, value: &str) -> Read<RegisterAnswer> {
    match value.split_once(' ').unwrap_or((value, "")) {
        ("ok", "") => Ok(RegisterAnswer::Ok),
        ("outbound", "") => Ok(RegisterAnswer::Outbound),
        ("too-brief", seconds) => Ok(RegisterAnswer::TooBrief(number(line, seconds)?)),
        ("too-many", "") => Ok(RegisterAnswer::TooMany),
        ("malformed", "") => Ok(RegisterAnswer::Malformed),
        ("out-of-order", "") => Ok(RegisterAnswer::OutOfOrder),
        ("unavailable", "") => Ok(RegisterAnswer::Unavailable),
        _ => wants(line, "ok, outbound, too-brief SECONDS, too-many, malformed, out-of-order or unavailable"),
    }
}

fn expectations(lines: &[Line<'_>]) -> Read<Vec<(usize, Expectation)>> {
    let mut all: Vec<(usize, Expectation)> = Vec::new();
    for pair in pairs(lines) {
        let (line, key, value) = pair?;
        let text = || value.to_owned();
        let expectation = match key {
            "decision" => match Kind::from_word(value) {
                Some(kind) => Expectation::Decision(kind),
                None => return wants(line, Kind::ALL.map(|(_, word)| word).join(", ")),
            },
            "status" => Expectation::Status(number(line, value)?),
            "reason" => Expectation::Reason(text()),
            "target" => {
                add_target(&mut all, line, value)?;
                continue;
            }
            "route" => {
                add_route(&mut all, line, value)?;
                continue;
            }
            "targets" if value == "onward" => Expectation::Onward,
            "targets" if value == "empty" => Expectation::NoneLeft,
            "targets" => return wants(line, "onward or empty; one target: each"),
            "record-route" => Expectation::RecordRoute(flag(line, value)?),
            "ask-replies" => Expectation::AskReplies(flag(line, value)?),
            "ask-failure" => Expectation::AskFailure(flag(line, value)?),
            "stateless" => Expectation::Stateless(flag(line, value)?),
            "stale" => Expectation::Stale(flag(line, value)?),
            "timeout" => Expectation::TimeoutMs(number(line, value)?),
            "realm" => Expectation::Realm(text()),
            "algorithms" => Expectation::Algorithms(algorithms(line, value)?),
            "request-uri" => Expectation::RequestUri(text()),
            "header" => {
                add_header(&mut all, line, value)?;
                continue;
            }
            "no-header" => Expectation::Header(text(), Vec::new()),
            "body" => Expectation::Body(text()),
            "log" => Expectation::Log(text()),
            _ => {
                return wants(
                    line,
                    "one of decision, status, reason, target, header, … (case-files.md lists all)",
                );
            }
        };
        all.push((line, expectation));
    }
    Ok(all)
}

/// One more target in the list of all.
fn add_target(all: &mut Vec<(usize, Expectation)>, line: usize, value: &str) -> Read<()> {
    let (uri, q) = match value.split_once(' ') {
        None => (value, None),
        Some((uri, rest)) => {
            let q = rest.trim().strip_prefix("q=").and_then(|q| {
                let contact = format!("<sip:q>;q={q}");
                NameAddr::parse(contact.as_bytes()).ok().and_then(|contact| contact.q())
            });
            match q {
                Some(q) => (uri, Some(q)),
                None => return wants(line, "target: URI, with q=0.5 behind it or without"),
            }
        }
    };
    let target = ExpectedTarget { uri: uri.to_owned(), q, route: None };
    let targets = all.iter_mut().find_map(|(_, expectation)| match expectation {
        Expectation::Targets(targets) => Some(targets),
        _ => None,
    });
    match targets {
        Some(targets) => targets.push(target),
        None => all.push((line, Expectation::Targets(vec![target]))),
    }
    Ok(())
}

/// One more Route value of the last target.
fn add_route(all: &mut [(usize, Expectation)], line: usize, value: &str) -> Read<()> {
    let last = all.iter_mut().find_map(|(_, expectation)| match expectation {
        Expectation::Targets(targets) => targets.last_mut(),
        _ => None,
    });
    match last {
        Some(target) => target.route.get_or_insert_default().push(value.to_owned()),
        None => return wants(line, "a target: before its route:"),
    }
    Ok(())
}

/// One more value of a header field.
fn add_header(all: &mut Vec<(usize, Expectation)>, line: usize, value: &str) -> Read<()> {
    let Some((name, value)) = value.split_once(':') else { return wants(line, "header: NAME: VALUE") };
    let (name, value) = (name.trim(), value.trim().to_owned());
    let values = all.iter_mut().find_map(|(_, expectation)| match expectation {
        Expectation::Header(own, values) if own.eq_ignore_ascii_case(name) => Some(values),
        _ => None,
    });
    match values {
        Some(values) => values.push(value),
        None => all.push((line, Expectation::Header(name.to_owned(), vec![value]))),
    }
    Ok(())
}

fn algorithms(line: usize, value: &str) -> Read<Vec<auth::Algorithm>> {
    value
        .split(',')
        .map(|token| match auth::Algorithm::from_name(token.trim().as_bytes()) {
            Some(algorithm) => Ok(algorithm),
            None => wants(line, "MD5, SHA-256, SHA-512-256 with commas between them"),
        })
        .collect()
}

/// `name = value`
fn assignment(line: usize, value: &str) -> Read<(String, String)> {
    match value.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => wants(line, "NAME = VALUE"),
    }
}

fn number<T: std::str::FromStr>(line: usize, value: &str) -> Read<T> {
    value.trim().parse().or_else(|_| wants(line, "a whole number"))
}

fn flag(line: usize, value: &str) -> Read<bool> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => wants(line, "yes or no"),
    }
}
