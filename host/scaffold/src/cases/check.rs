//! Comparing what a script said with what a case expects.
//!
//! In: a [`Case`] and [`Said`]. Out: every expectation that does not hold, with its line, as sentences. What a file does
//! not mention is not looked at.

use std::fmt;

use super::{Case, Expectation, ExpectedTarget, Kind};
use node::{Challenge, ConsultError, Decision, Edit, Hook, Relay, Reply, ReplyDecision};
use sip::{Draft, HeaderId, Message};

/// What a script said and did.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// A request or failure hook's decision.
    Decision(&'a Decision),
    /// A reply hook's decision.
    Reply(&'a ReplyDecision),
    /// There is no decision.
    Failed(ConsultError),
}

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Its line in the case file, from 1.
    pub line: usize,
    /// What was expected, as written there.
    pub expected: String,
    /// What there is instead.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}, found {}", self.line, self.expected, self.found)
    }
}

impl Case {
    /// Every expectation that does not hold. `log`: the lines that the script logged.
    #[must_use]
    pub fn check(&self, said: Said<'_>, log: &[String]) -> Vec<Mismatch> {
        let seen = Seen { said, log, case: self };
        let mismatch = |(line, expectation): &(usize, Expectation)| {
            let (expected, found) = seen.differs(expectation)?;
            Some(Mismatch { line: *line, expected, found })
        };
        self.expectations.iter().filter_map(mismatch).collect()
    }
}

/// All there is to look at.
struct Seen<'a> {
    said: Said<'a>,
    log: &'a [String],
    case: &'a Case,
}

/// `None`: it holds; else what was expected and what was found.
type Difference = Option<(String, String)>;

impl<'a> Seen<'a> {
    fn differs(&self, expectation: &Expectation) -> Difference {
        match expectation {
            Expectation::Decision(kind) => same("decision", &kind.word(), Some(&self.kind_word())),
            Expectation::Status(status) => same("status", status, self.status().as_ref()),
            Expectation::Reason(reason) => {
                same("reason", &reason.as_str(), self.reply().map(|r| &*r.reason).as_ref())
            }
            Expectation::Targets(targets) => self.targets_differ(targets),
            Expectation::Onward => {
                let found = self.relay().map(|relay| if relay.targets_named { "targets" } else { "onward" });
                same("targets", &"onward", found.as_ref())
            }
            Expectation::NoneLeft => {
                let found = self.relay().map(|relay| match (relay.targets_named, relay.targets.len()) {
                    (true, 0) => "empty".to_owned(),
                    (true, many) => format!("{many} of them"),
                    (false, _) => "onward".to_owned(),
                });
                same("targets", &"empty".to_owned(), found.as_ref())
            }
            Expectation::RecordRoute(want) => {
                self.relay_flag("record-route", *want, |relay| relay.record_route)
            }
            Expectation::AskReplies(want) => self.relay_flag("ask-replies", *want, |relay| relay.ask_replies),
            Expectation::AskFailure(want) => self.relay_flag("ask-failure", *want, |relay| relay.ask_failure),
            Expectation::Stateless(want) => {
                flag("stateless", *want, self.reply().map(|reply| reply.stateless))
            }
            Expectation::Stale(want) => {
                flag("stale", *want, self.challenge().map(|challenge| challenge.stale))
            }
            Expectation::TimeoutMs(want) => {
                let found =
                    self.relay().map(|relay| relay.timeout.map_or(0, |timeout| timeout.as_millis() as u64));
                same("timeout", want, found.as_ref())
            }
            Expectation::Realm(realm) => {
                same("realm", &realm.as_str(), self.challenge().map(|challenge| &*challenge.realm).as_ref())
            }
            Expectation::Algorithms(algorithms) => {
                let found = self.challenge().map(|challenge| words(&challenge.algorithms));
                same("algorithms", &words(algorithms), found.as_ref())
            }
            Expectation::RequestUri(uri) => {
                let found =
                    self.leaves().map(|message| String::from_utf8_lossy(message.request_uri()).into_owned());
                same("request-uri", uri, found.as_ref())
            }
            Expectation::Header(name, values) => {
                let found = self.header(name).map(|found| found.join(" | "));
                let none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
                same(&format!("header {name}"), &none(values.join(" | ")), found.map(none).as_ref())
            }
            Expectation::Body(body) => same("body", body, self.body().as_ref()),
            Expectation::Log(part) => {
                let is_there = self.log.iter().any(|line| line.contains(part.as_str()));
                let found = if self.log.is_empty() { "no line".to_owned() } else { self.log.join(" | ") };
                (!is_there).then(|| (format!("log: {part}"), found))
            }
        }
    }

    fn kind(&self) -> Option<Kind> {
        Some(match self.said {
            Said::Decision(Decision::Relay(_)) => Kind::Relay,
            Said::Decision(Decision::Reply(_)) => Kind::Reply,
            Said::Decision(Decision::Challenge(_)) => Kind::Challenge,
            Said::Decision(Decision::Next(_)) => Kind::Next,
            Said::Decision(Decision::Drop) | Said::Reply(ReplyDecision::Drop) => Kind::Drop,
            Said::Reply(ReplyDecision::Pass(_)) => Kind::Pass,
            Said::Reply(ReplyDecision::Replace(_)) => Kind::Replace,
            Said::Failed(ConsultError::Fault) => Kind::Fault,
            Said::Failed(ConsultError::Trap) => Kind::Trap,
            Said::Failed(ConsultError::Deadline) => Kind::Deadline,
            Said::Failed(ConsultError::Invalid) => Kind::Invalid,
            Said::Failed(_) => return None,
        })
    }

    fn kind_word(&self) -> &'static str {
        self.kind().map_or("no decision", Kind::word)
    }

    fn relay(&self) -> Option<&'a Relay> {
        match self.said {
            Said::Decision(Decision::Relay(relay)) => Some(relay),
            _ => None,
        }
    }

    fn reply(&self) -> Option<&'a Reply> {
        match self.said {
            Said::Decision(Decision::Reply(reply)) | Said::Reply(ReplyDecision::Replace(reply)) => {
                Some(reply)
            }
            _ => None,
        }
    }

    fn challenge(&self) -> Option<&'a Challenge> {
        match self.said {
            Said::Decision(Decision::Challenge(challenge)) => Some(challenge),
            _ => None,
        }
    }

    fn status(&self) -> Option<u16> {
        match self.challenge() {
            Some(challenge) => Some(if challenge.proxy { 407 } else { 401 }),
            None => self.reply().map(|reply| reply.status),
        }
    }

    fn targets_differ(&self, expected: &[ExpectedTarget]) -> Difference {
        let describe = |uri: &str, q: Option<u16>, route: Option<String>| {
            let q = q.map(|q| format!(" q={}", f64::from(q) / 1000.0)).unwrap_or_default();
            let route = match route.as_deref() {
                None => String::new(),
                Some("") => " without a route".to_owned(),
                Some(route) => format!(" by {route}"),
            };
            format!("{uri}{q}{route}")
        };
        let wanted: Vec<String> = expected
            .iter()
            .map(|target| describe(&target.uri, target.q, target.route.as_ref().map(|route| route.join(" "))))
            .collect();
        // A target is described as far as the file asks for it.
        let found = self.relay().map(|relay| {
            let full = |(i, target): (usize, &node::Target)| {
                let (q, route) = match expected.get(i) {
                    Some(wanted) => (wanted.q.is_some(), wanted.route.is_some()),
                    None => (false, false),
                };
                describe(&target.uri, q.then_some(target.q), route.then(|| target.route.join(" ")))
            };
            let all: Vec<String> = relay.targets.iter().enumerate().map(full).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        });
        same("target", &wanted.join(", "), found.as_ref())
    }

    fn relay_flag(&self, key: &str, want: bool, read: impl Fn(&Relay) -> bool) -> Difference {
        flag(key, want, self.relay().map(read))
    }

    /// The edits of the message in hand, where it is what leaves.
    fn edits_in_hand(&self) -> Option<&'a [Edit]> {
        match self.said {
            Said::Decision(Decision::Next(edits)) | Said::Reply(ReplyDecision::Pass(edits)) => Some(edits),
            Said::Decision(Decision::Relay(relay)) if self.case.hook != Hook::Failure => Some(&relay.edits),
            _ => None,
        }
    }

    /// The message in hand after the edits, printed and read again, where it is what leaves.
    fn leaves(&self) -> Option<Message> {
        let mut draft = Draft::forward(self.case.message.head());
        self.edits_in_hand()?.iter().for_each(|edit| draft.apply(edit));
        let mut bytes = Vec::new();
        draft.print(&mut bytes);
        Message::parse_datagram(&bytes).ok()
    }

    /// What a decision writes into a message that is not in hand: an answer, or the request of a failure.
    fn added(&self) -> Option<&'a [Edit]> {
        match self.said {
            Said::Decision(Decision::Relay(relay)) => Some(&relay.edits),
            Said::Decision(Decision::Challenge(challenge)) => Some(&challenge.edits),
            _ => self.reply().map(|reply| reply.edits.as_slice()),
        }
    }

    /// All values of a header field in what leaves, as far as it is known.
    fn header(&self, name: &str) -> Option<Vec<String>> {
        let text = |value: &[u8]| String::from_utf8_lossy(&sip::unfold(value)).into_owned();
        let id = HeaderId::from_name(name.as_bytes());
        if let Some(message) = self.leaves() {
            let head = message.head();
            let named = (0..head.spans().len()).filter(|index| head.is_named(*index, id, name));
            return Some(named.map(|index| text(head.value_of(index))).collect());
        }
        let mut values = Vec::new();
        for edit in self.added()? {
            match edit {
                Edit::Append(header) if is_named(header, id, name) => values.push(text(&header.value)),
                Edit::Prepend(header) if is_named(header, id, name) => values.insert(0, text(&header.value)),
                _ => {}
            }
        }
        Some(values)
    }

    fn body(&self) -> Option<String> {
        let text = |body: &[u8]| String::from_utf8_lossy(body).trim_end().to_owned();
        if let Some(message) = self.leaves() {
            return Some(text(message.body()));
        }
        let body = self.added()?.iter().rev().find_map(|edit| match edit {
            Edit::SetBody { content, .. } => Some(text(content)),
            _ => None,
        });
        Some(body.unwrap_or_default())
    }
}

fn is_named(header: &node::HeaderEdit, id: HeaderId, name: &str) -> bool {
    header.resolved() == id && (id != HeaderId::OTHER || header.name.eq_ignore_ascii_case(name))
}

fn same<T: PartialEq + fmt::Display>(key: &str, expected: &T, found: Option<&T>) -> Difference {
    match found {
        Some(found) if found == expected => None,
        Some(found) => Some((format!("{key}: {expected}"), found.to_string())),
        None => Some((format!("{key}: {expected}"), "a decision that has none".to_owned())),
    }
}

fn flag(key: &str, expected: bool, found: Option<bool>) -> Difference {
    let word = |flag: bool| if flag { "yes" } else { "no" };
    same(key, &word(expected), found.map(word).as_ref())
}

fn words(algorithms: &[auth::Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}
