//! The body of the node's fuzz target, as a plain function: any test can run it, without a fuzzer.
//!
//! In: any bytes, taken for a sequence of inputs: phones that call, repeat themselves, cancel and answer; a script's
//! decisions; what a locator finds; messages that could not be delivered; time. Out: nothing, or a panic that names the
//! promise that was broken. Not part of the crate's interface.
//!
//! ```text
//!   bytes ─▶ Choices ─▶ phones.rs, words.rs ─▶ Input ─▶ Node ─▶ Output ─▶ ledger.rs: one final response each
//!                                                        └─▶ promises.rs: what holds after every input
//! ```

mod adoptions;
mod ledger;
mod phones;
mod promises;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::fuzzing::{Choices, Target};
use sip::{Excerpt, Flow, HeaderId, Message, Method, Transport};
use transaction::Time;

use crate::adopt::{Adopt, AdoptId};
use crate::config::Wants;
use crate::counters::METHODS;
use crate::decision::{ConsultError, Hook};
use crate::io::{
    Consult, ConsultId, Consulted, Decided, Input, LocateFailure, LocateId, Output, Pin, Unsent,
};
use crate::node::Node;
use ledger::{Key, Ledger};

/// Every target.
pub const TARGETS: [Target; 1] = [("node", node)];

/// Inputs of one run; what bytes are left then is not used.
const INPUTS: usize = 200;
/// Things of one kind that the world remembers, to come back to.
const MEMORY: usize = 24;
/// Outputs that one message, decision or answer may set off: two for each branch there can be, and some.
const OUTPUTS: usize = 2 * proxy::MAX_BRANCHES + 16;
/// Wake-ups that a node may need until nothing is left.
const WAKE_UPS: usize = 100_000;
/// How long after the last input a transaction or context may live: hops and groups are tried one after the other.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// A node in a world of any behaviour.
pub fn node(bytes: &[u8]) {
    let mut run = Run::new(Choices::new(bytes));
    for _ in 0..INPUTS {
        if run.choices.is_empty() {
            break;
        }
        run.step();
    }
    run.end();
}

/// A message that left.
struct Sent {
    token: u64,
    flow: Flow,
    bytes: Bytes,
}

struct Run<'a> {
    choices: Choices<'a>,
    node: Node,
    now: Time,
    ledger: Ledger,
    garbles_responses: bool,
    /// Counts requests, so that each has a branch of its own.
    made: usize,
    /// Requests that went to the node, as they went.
    requests: Vec<(Flow, Vec<u8>)>,
    /// Requests that left the node.
    relayed: Vec<(Flow, Message)>,
    /// Responses that left the node.
    answers: Vec<(Flow, Message)>,
    sent: Vec<Sent>,
    /// Questions without an answer.
    consults: Vec<(ConsultId, Hook, Arc<Message>)>,
    locates: Vec<LocateId>,
    adopts: Vec<AdoptId>,
    /// Questions that were answered: answers may come twice.
    answered: Vec<(ConsultId, Hook, Arc<Message>)>,
    located: Vec<LocateId>,
    pin: Arc<()>,
    /// What happened, for a test to tell where it fails.
    ladder: Vec<String>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ladder.iter().for_each(|line| println!("{line}"));
        }
    }
}

impl<'a> Run<'a> {
    fn new(mut choices: Choices<'a>) -> Run<'a> {
        let mut node = phones::node(&mut choices);
        if choices.once_in(2) {
            node.set_wants(Wants { methods: u32::MAX, in_dialog: true });
        }
        Run {
            garbles_responses: choices.once_in(4),
            choices,
            node,
            now: Time::from_millis(1000),
            ledger: Ledger::default(),
            made: 0,
            requests: Vec::new(),
            relayed: Vec::new(),
            answers: Vec::new(),
            sent: Vec::new(),
            consults: Vec::new(),
            locates: Vec::new(),
            adopts: Vec::new(),
            answered: Vec::new(),
            located: Vec::new(),
            pin: Arc::new(()),
            ladder: Vec::new(),
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if cfg!(test) {
            let line = format!("{:>10.3} {}", Duration::from_micros(self.now.0).as_secs_f64(), line());
            self.ladder.push(line);
        }
    }

    fn step(&mut self) {
        match self.choices.below(19) {
            0..=2 => self.call(),
            3 => self.repeat(),
            4 => self.cancel(),
            5 => self.acknowledge(),
            6..=8 => self.respond(),
            9 => self.go_on(),
            10..=12 => self.decide(),
            13 => match self.choices.once_in(2) {
                true => self.adopt(),
                false => self.locate(),
            },
            14 => self.undeliver(),
            15 | 16 => self.pass_time(),
            17 => self.let_go(),
            _ => self.rarely(),
        }
    }

    /// A phone sends a new request.
    fn call(&mut self) {
        self.made += 1;
        let (flow, text) = phones::request(&mut self.choices, self.made);
        self.deliver_kept(flow, text);
    }

    /// A phone sends a request again, perhaps by another way.
    fn repeat(&mut self) {
        let Some((flow, text)) = pick(&mut self.choices, &self.requests).cloned() else { return };
        self.deliver(flow, &text, false);
    }

    fn cancel(&mut self) {
        let Some((flow, text)) = pick(&mut self.choices, &self.requests) else { return };
        let (flow, text) = (*flow, phones::cancel(text));
        self.deliver_kept(flow, text);
    }

    /// A phone acknowledges a final response.
    fn acknowledge(&mut self) {
        self.made += 1;
        let Some((flow, answer)) = pick(&mut self.choices, &self.answers) else { return };
        let (flow, text) = (*flow, phones::ack(answer, self.made));
        self.deliver_kept(flow, text);
    }

    /// A phone that was called responds; now and then to what another one was asked.
    fn respond(&mut self) {
        let Some((flow, request)) = pick(&mut self.choices, &self.relayed) else { return };
        let (flow, text) = (*flow, phones::response(&mut self.choices, request));
        self.deliver(flow, &text, false);
    }

    /// A request inside a dialog, from either side.
    fn go_on(&mut self) {
        self.made += 1;
        let Some((flow, answer)) = pick(&mut self.choices, &self.answers) else { return };
        let (flow, text) = phones::in_dialog(&mut self.choices, *flow, answer, self.made);
        self.deliver_kept(flow, text);
    }

    /// The script decides.
    fn decide(&mut self) {
        let late = self.choices.once_in(16);
        let list = if late { &mut self.answered } else { &mut self.consults };
        if list.is_empty() {
            return;
        }
        let (id, hook, message) = list.swap_remove(self.choices.below(list.len()));
        let consulted = words::consulted(&mut self.choices, hook, &message);
        let mut decided = Decided::bare(id, consulted);
        decided.pin = self.choices.once_in(2).then(|| Arc::clone(&self.pin) as Pin);
        decided.variables = self.choices.once_in(4).then(|| Arc::clone(&self.pin) as Pin);
        words::around(&mut self.choices, &mut decided);
        self.note_word(&decided, &message);
        if !late {
            remember(&mut self.answered, (id, hook, message));
        }
        self.input(Input::Decided(Box::new(decided)));
    }

    /// What was sent on may go unanswered (RFC 4320 §4.2); what the script answers may not.
    fn note_word(&mut self, decided: &Decided, message: &Message) {
        if words::may_be_silent(&decided.consulted)
            && let Some(key) = Key::of(message)
        {
            self.ledger.may_be_silent(&key);
        }
    }

    fn locate(&mut self) {
        let late = self.choices.once_in(16);
        let list = if late { &mut self.located } else { &mut self.locates };
        if list.is_empty() {
            return;
        }
        let id = list.swap_remove(self.choices.below(list.len()));
        if !late {
            remember(&mut self.located, id);
        }
        let hops = words::hops(&mut self.choices);
        self.input(Input::Located { id, hops });
    }

    fn undeliver(&mut self) {
        let Some(Sent { token, flow, bytes }) = pick(&mut self.choices, &self.sent) else { return };
        let (token, flow, bytes) = (*token, *flow, bytes.clone());
        // A non-INVITE transaction ends with that. A response may go another way, also where its transaction has ended.
        let mut is_response = false;
        if let Ok(message) = Message::parse_datagram(&bytes)
            && !message.is_request()
        {
            is_response = true;
            if let Some(key) = Key::of(&message) {
                self.ledger.may_be_silent(&key);
            }
        }
        let unsent = (flow.connection != 0 && !self.choices.once_in(4)).then_some(Unsent { flow, bytes });
        self.note(|| format!("cannot go to {}: {token}", flow.remote));
        self.node.handle_input(self.now, Input::Undelivered { token, unsent });
        self.take_outputs(OUTPUTS, is_response);
    }

    fn pass_time(&mut self) {
        let millis = *self.choices.one_of(&[1, 10, 100, 500, 1000, 4000, 32_000, 200_000]);
        let until = self.now + Duration::from_millis(millis);
        // A shard that was kept busy comes late.
        if self.choices.once_in(4) {
            self.now = until;
            return self.wake();
        }
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.wake();
        }
        self.now = until;
    }

    fn rarely(&mut self) {
        match self.choices.below(8) {
            0 => self.node.drain(),
            1 => self.node.set_wants(Wants {
                methods: u32::from(self.choices.short()),
                in_dialog: self.choices.once_in(2),
            }),
            2 => self.node.set_wants(Wants { in_dialog: true, ..Wants::default() }),
            3 => self.wake(),
            4 => self.input(Input::Undelivered { token: self.choices.clone().long(), unsent: None }),
            5 => self.input(Input::Unparsable { flow: phones::FLOWS[0], excerpt: None }),
            _ => self.garble(),
        }
    }

    /// Something that a phone sent, or could have answered, damaged on the way.
    fn garble(&mut self) {
        let requests = !self.garbles_responses || self.choices.once_in(2);
        let (flow, mut text) = match pick(&mut self.choices, &self.requests) {
            Some((flow, text)) if requests => (*flow, text.clone()),
            None if requests => return,
            _ => match pick(&mut self.choices, &self.relayed) {
                Some((flow, request)) => (*flow, phones::response(&mut self.choices, request)),
                None => return,
            },
        };
        let at = usize::from(self.choices.short()) % text.len().max(1);
        let end = (at + self.choices.below(8)).min(text.len());
        let length = self.choices.below(6);
        text.splice(at..end, self.choices.bytes(length).iter().copied());
        self.deliver(flow, &text, true);
    }

    fn deliver_kept(&mut self, flow: Flow, text: Vec<u8>) {
        self.deliver(flow, &text, false);
        remember(&mut self.requests, (flow, text));
    }

    /// A message reaches the node.
    fn deliver(&mut self, flow: Flow, text: &[u8], garbled: bool) {
        let message = match Message::parse_datagram_from(text, flow.remote) {
            Ok(message) => message,
            Err(error) => {
                assert!(garbled, "what the phones say can be read: {error}: {}", text.escape_ascii());
                self.ledger.garbled(None, true);
                let excerpt = Excerpt::of(text, error, flow.remote).map(Box::new);
                self.node.handle_input(self.now, Input::Unparsable { flow, excerpt });
                return self.take_outputs(OUTPUTS, true);
            }
        };
        self.note(|| format!("{} ─▶ {}", flow.remote, summary(&message)));
        let key = Key::of(&message).filter(|_| message.is_request() && message.method() != Method::Ack);
        if garbled {
            self.ledger.garbled(Key::of(&message), message.is_request());
        }
        let is_request = message.is_request();
        let before = (self.requests_counted(), self.node.counters().retransmissions.get());
        self.node.handle_input(self.now, Input::Received { flow, message });
        let is_new = self.requests_counted() > before.0;
        let is_known = self.node.counters().retransmissions.get() > before.1;
        let asked = self.consults.len();
        if let Some(key) = key.clone().filter(|_| is_new) {
            self.ledger.begin(key);
        }
        self.take_outputs(OUTPUTS, is_request && !is_new && !is_known);
        // Without a question it went where the standard says.
        if let Some(key) = key.filter(|_| self.consults.len() == asked) {
            self.ledger.may_be_silent(&key);
        }
    }

    fn requests_counted(&self) -> u64 {
        (0..METHODS.len()).map(|method| self.node.counters().requests(method)).sum()
    }

    fn input(&mut self, input: Input) {
        self.note(|| format!("{input:?}").chars().take(200).collect());
        self.node.handle_input(self.now, input);
        self.take_outputs(OUTPUTS, false);
    }

    fn wake(&mut self) {
        let counts = self.node.transactions.counts();
        let contexts = self.node.contexts.len();
        self.note(|| "it wakes".into());
        self.node.handle_timeout(self.now);
        let next = self.node.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "what is due is done: {next:?} at {:?}", self.now);
        self.take_outputs(16 + 8 * (counts.server() + counts.client()) as usize + OUTPUTS * contexts, false);
    }

    /// Looks at what leaves. `stateless`: the input was a request that made no transaction, so that a response to it is
    /// no transaction's.
    fn take_outputs(&mut self, most: usize, stateless: bool) {
        let mut outputs = 0;
        while let Some(output) = self.node.poll_output() {
            outputs += 1;
            assert!(outputs <= most, "one input sets off more than {most} outputs");
            match output {
                Output::Transmit { flow, bytes, token, .. } => {
                    self.transmitted(flow, bytes, token, stateless)
                }
                Output::Consult(Consult { id, hook, message, .. }) => {
                    self.note(|| format!("    {hook:?}? {id:?} {}", summary(&message)));
                    self.consults.push((id, hook, message));
                }
                Output::Locate { id, .. } => {
                    self.note(|| format!("    where? {id:?}"));
                    self.locates.push(id);
                }
                Output::Adopt(Adopt { id, .. }) => {
                    self.note(|| format!("    whose? {id:?}"));
                    self.adopts.push(id);
                }
                Output::Returned { .. } => unreachable!("there is one shard"),
                Output::Event(_) | Output::Concluded { .. } | Output::Answered(_) => {}
            }
        }
        promises::hold(&self.node);
    }

    fn transmitted(&mut self, flow: Flow, bytes: Bytes, token: u64, stateless: bool) {
        let parsed = match flow.transport {
            Transport::Udp => Message::parse_datagram(&bytes),
            _ => Message::parse_stream(&bytes),
        };
        let message = match parsed {
            Ok(message) => message,
            Err(error) => panic!("what a node sends can be read: {error}: {}", bytes.escape_ascii()),
        };
        self.note(|| format!("    {} ◀─ {} ({token})", flow.remote, summary(&message)));
        if message.is_request() {
            let valid = sip::validate(&message.head());
            assert!(valid.is_ok(), "what a node forwards is valid: {valid:?}: {}", bytes.escape_ascii());
            remember(&mut self.relayed, (flow, message));
        } else {
            if !stateless {
                self.ledger.answered(&message, &bytes);
            }
            remember(&mut self.answers, (flow, message));
        }
        remember(&mut self.sent, Sent { token, flow, bytes });
    }

    /// Every script ends and every search ends; nobody else says anything any more.
    fn end(&mut self) {
        let last = self.now;
        for _ in 0..WAKE_UPS {
            self.answer_all();
            let Some(due) = self.node.poll_timeout() else { break };
            if self.node.is_quiescent() {
                break;
            }
            assert!(due <= last + LONGEST, "something waits for longer than {LONGEST:?}");
            self.now = self.now.max(due);
            self.wake();
        }
        promises::quiescent(&self.node);
        self.ledger.conclude();
        self.answered.clear();
        self.relayed.clear();
        // What is left are timers of nobody, and dialogs, which end as well.
        for _ in 0..WAKE_UPS {
            let Some(due) = self.node.poll_timeout() else { break };
            self.now = self.now.max(due);
            self.wake();
        }
        promises::nothing_is_left(&self.node);
        assert_eq!(Arc::strong_count(&self.pin), 1, "a version leaves when nobody holds it, no call either");
    }

    fn answer_all(&mut self) {
        while !self.consults.is_empty() || !self.locates.is_empty() || !self.adopts.is_empty() {
            self.nobody_adopts();
            for (id, hook, message) in std::mem::take(&mut self.consults) {
                let consulted = match hook {
                    Hook::Reply => Consulted::Reply(Err(ConsultError::Deadline)),
                    _ => Consulted::Request(Err(ConsultError::Deadline)),
                };
                let decided = Decided::bare(id, consulted);
                self.note_word(&decided, &message);
                self.input(Input::Decided(Box::new(decided)));
            }
            for id in std::mem::take(&mut self.locates) {
                self.input(Input::Located { id, hops: Err(LocateFailure::Timeout) });
            }
        }
    }
}

/// Its start line, its branch and its CSeq.
fn summary(message: &Message) -> String {
    let head = message.head();
    let branch = head.via().ok().and_then(|via| via.branch()).unwrap_or_default();
    let cseq = message.header(HeaderId::CSEQ).unwrap_or_default();
    [head.start_line(), branch, cseq].map(|part| String::from_utf8_lossy(part)).join(" │ ")
}

/// Keeps the newest.
fn remember<T>(list: &mut Vec<T>, one: T) {
    if list.len() == MEMORY {
        list.remove(0);
    }
    list.push(one);
}

/// One of the newest, the very newest most often.
fn pick<'b, T>(choices: &mut Choices<'_>, list: &'b [T]) -> Option<&'b T> {
    let back = choices.below(4 * MEMORY).saturating_sub(3 * MEMORY);
    list.iter().rev().cycle().nth(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_world_is_survived() {
        Mutants::new(3261).run(800, 1500, node);
    }
}
