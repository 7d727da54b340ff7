//! What a shadow has seen so far: how many calls were decided the same, and of those that were not, in which ways and which
//! ones.
//!
//! In: one finding a call. Out: [`ShadowReport`]. Bounded: [`MAX_KINDS`] kinds of difference with [`MAX_EXAMPLES`] calls
//! each, the first ones; what finds no room is counted.

use std::time::Duration;

use plugin::{Ask, Identity};
use serde::Serialize;

/// Kinds of difference that are told apart.
pub(super) const MAX_KINDS: usize = 32;

/// Example calls of each.
pub(super) const MAX_EXAMPLES: usize = 3;

/// Lines of an example.
const MAX_LINES: usize = 16;

/// Bytes of such a line.
const MAX_LINE: usize = 400;

/// Bytes of a Call-ID in an example.
const MAX_CALL_ID: usize = 128;

/// A version in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShadowVersion {
    /// Counts the loads of this host, from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
}

impl From<&Identity> for ShadowVersion {
    fn from(identity: &Identity) -> Self {
        let Identity { number, name, version, .. } = identity;
        ShadowVersion { number: *number, name: name.to_string(), version: version.to_string() }
    }
}

/// What came of a candidate in the shadow of the active version.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowReport {
    /// The role.
    pub role: String,
    /// Who is tried.
    pub candidate: ShadowVersion,
    /// Whose calls it is tried with.
    pub active: ShadowVersion,
    /// Tenths of a percent of the calls.
    pub share: u16,
    /// `running` or `ended`.
    pub state: &'static str,
    /// Why it ended; else empty.
    pub why: &'static str,
    /// Milliseconds since 1970, by this host's clock.
    pub since_ms: u64,
    /// Hooks that the candidate was asked, too: the sum of the next four.
    pub compared: u64,
    /// Decided the same.
    pub same: u64,
    /// Decided otherwise.
    pub different: u64,
    /// Asked the host what the active version had not asked: the answer was a guess, and so is what it decided.
    pub asked_more: u64,
    /// Gave no decision where the active version gave one, or another failure: a trap, a fault, the deadline, a decision
    /// against the contract.
    pub failed: u64,
    /// Hooks that it was not asked, because it was behind: the shadow is the first to go.
    pub dropped: u64,
    /// What the two cost.
    pub cost: ShadowCost,
    /// In which ways they differ, the most frequent one first.
    pub differences: Vec<ShadowDifference>,
    /// Differences of further kinds.
    pub other: u64,
}

/// Processor time of the two versions, of calls that both made in the shadow, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShadowCost {
    /// Hooks that both were asked.
    pub calls: u64,
    /// What the candidate needed, in microseconds.
    pub candidate_us: f64,
    /// What the active version needed.
    pub active_us: f64,
    /// The one to the other; none where nothing was measured.
    pub ratio: Option<f64>,
    /// Of these hooks, those that the active version itself decided otherwise than in the call: such a script does not
    /// decide by what it is told alone, and its differences say little.
    pub active_differs: u64,
}

/// One kind of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShadowDifference {
    /// In a few words: `relay → reply 404`, `header User-Agent changed`.
    pub kind: String,
    /// Hooks that differ so.
    pub calls: u64,
    /// The first one, in milliseconds since 1970.
    pub first_ms: u64,
    /// The last one.
    pub last_ms: u64,
    /// The first ones.
    pub examples: Vec<ShadowExample>,
}

/// One call in which the two differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShadowExample {
    /// Its Call-ID; empty: it is about no message.
    pub call_id: String,
    /// `on-request`, `on-reply` …
    pub hook: &'static str,
    /// The method, of a response its CSeq's; empty: it is about no message.
    pub method: String,
    /// Of a response.
    pub status: Option<u16>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What only the active version decided (`-`), what only the candidate did (`+`), what only it asked (`?`).
    pub lines: Vec<String>,
}

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    Same,
    Different,
    AskedMore,
    Failed,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) same: u64,
    pub(super) different: u64,
    pub(super) asked_more: u64,
    pub(super) failed: u64,
    pub(super) other: u64,
    pub(super) differences: Vec<ShadowDifference>,
    timed: u64,
    candidate: Duration,
    active: Duration,
    active_differs: u64,
}

impl Counted {
    /// A call was made in the shadow.
    pub(super) fn count(&mut self, finding: Finding) {
        match finding {
            Finding::Same => self.same += 1,
            Finding::Different => self.different += 1,
            Finding::AskedMore => self.asked_more += 1,
            Finding::Failed => self.failed += 1,
        }
    }

    /// It differs so. The example is made where there is room for it.
    pub(super) fn difference(&mut self, kind: String, at_ms: u64, example: impl FnOnce() -> ShadowExample) {
        let found = self.differences.iter().position(|known| known.kind == kind);
        let place = match found {
            Some(place) => place,
            None if self.differences.len() < MAX_KINDS => {
                let (first_ms, last_ms) = (at_ms, at_ms);
                let examples = Vec::new();
                self.differences.push(ShadowDifference { kind, calls: 0, first_ms, last_ms, examples });
                self.differences.len() - 1
            }
            None => {
                self.other += 1;
                return;
            }
        };
        let difference = &mut self.differences[place];
        difference.calls += 1;
        difference.last_ms = at_ms;
        if difference.examples.len() < MAX_EXAMPLES {
            difference.examples.push(example());
        }
    }

    /// Both were asked the same here, and needed so much.
    pub(super) fn cost(&mut self, candidate: Duration, active: Duration, active_differs: bool) {
        self.timed += 1;
        self.candidate += candidate;
        self.active += active;
        self.active_differs += u64::from(active_differs);
    }

    pub(super) fn costs(&self) -> ShadowCost {
        let us = |time: Duration| time.as_nanos() as f64 / 1000.0;
        let measured = self.timed > 0 && !self.active.is_zero();
        ShadowCost {
            calls: self.timed,
            candidate_us: us(self.candidate),
            active_us: us(self.active),
            ratio: measured.then(|| self.candidate.as_secs_f64() / self.active.as_secs_f64()),
            active_differs: self.active_differs,
        }
    }

    /// The most frequent ones first; of equals the older one.
    pub(super) fn ordered(&self) -> Vec<ShadowDifference> {
        let mut all = self.differences.clone();
        all.sort_by_key(|difference| std::cmp::Reverse(difference.calls));
        all
    }
}

/// An example: which call this was, with these lines.
pub(super) fn example(ask: &Ask, at_ms: u64, lines: impl Iterator<Item = String>) -> ShadowExample {
    let hook = ask.hook_name();
    let text = |bytes: &[u8], most| cut(String::from_utf8_lossy(bytes).into_owned(), most);
    let head = ask.message().map(sip::Message::head);
    let call_id = match &head {
        Some(head) => text(head.call_id().unwrap_or_default(), MAX_CALL_ID),
        None => cut(ask.call().unwrap_or_default().to_owned(), MAX_CALL_ID),
    };
    let method = head.as_ref().map_or_else(String::new, |head| match head.is_request() {
        true => text(head.method_token(), MAX_LINE),
        false => head.cseq().map_or_else(|_| String::new(), |cseq| text(cseq.token, MAX_LINE)),
    });
    let mut lines: Vec<String> = lines.take(MAX_LINES + 1).map(|line| cut(line, MAX_LINE)).collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push("…".into());
    }
    let status = head.filter(|head| !head.is_request()).map(|head| head.status());
    ShadowExample { call_id, hook, method, status, at_ms, lines }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody(at_ms: u64, lines: usize) -> ShadowExample {
        example(&Ask::Timer("t".into()), at_ms, (0..lines).map(|_| "- ä".repeat(200)))
    }

    #[test]
    fn kinds_and_examples_are_bounded_and_the_rest_is_counted() {
        let mut counted = Counted::default();
        for n in 0..10 * MAX_KINDS {
            counted.difference(format!("kind {n}"), n as u64, || nobody(n as u64, 100));
        }
        assert_eq!((counted.differences.len(), counted.other), (MAX_KINDS, 9 * MAX_KINDS as u64));
        for n in 0..10 {
            counted.difference("kind 3".into(), 1000 + n, || nobody(1000 + n, 100));
        }
        let most = &counted.ordered()[0];
        assert_eq!((&*most.kind, most.calls, most.first_ms, most.last_ms), ("kind 3", 11, 3, 1009));
        assert_eq!(most.examples.len(), MAX_EXAMPLES);
        let example = &most.examples[0];
        assert_eq!((example.lines.len(), example.at_ms), (MAX_LINES + 1, 3));
        assert!(example.lines.iter().all(|line| line.len() <= MAX_LINE + '…'.len_utf8()));
    }

    #[test]
    fn an_example_names_its_call() {
        let text = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\nFrom: <sip:a@b>;tag=1\r\n\
                    To: <sip:b@b>;tag=2\r\nCall-ID: c@d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        let message = std::sync::Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap());
        let remote = ([192, 0, 2, 4], 5060).into();
        let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
        let context = plugin::ConsultContext::new(1, flow);
        let ask = Ask::Message { hook: node::Hook::Reply, message, context };
        let example = example(&ask, 5, ["- pass".to_owned()].into_iter());
        assert_eq!((&*example.call_id, example.hook, &*example.method), ("c@d", "on-reply", "INVITE"));
        assert_eq!((example.status, example.lines), (Some(486), vec!["- pass".to_owned()]));
    }

    #[test]
    fn a_ratio_is_told_where_something_was_measured() {
        let mut counted = Counted::default();
        assert_eq!(counted.costs().ratio, None);
        counted.cost(Duration::from_micros(13), Duration::from_micros(10), true);
        let costs = counted.costs();
        assert_eq!((costs.calls, costs.candidate_us, costs.active_us), (1, 13.0, 10.0));
        assert_eq!((costs.active_differs, costs.ratio.map(|ratio| (ratio * 10.0).round())), (1, Some(13.0)));
    }
}
