//! A response context in the middle, with callers and phones that are numbers: what goes in, what is seen.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

use strowger_proxy as proxy;
use strowger_proxy::{Action, BranchIndex, Event, Kind, ResponseContext};

/// A response stands for itself by its status and branch.
type Response = (BranchIndex, u16);

pub(crate) struct Ladder {
    kind: Kind,
    context: ResponseContext<u64, Response>,
    seen: String,
    answer: Option<proxy::Best<Response>>,
}

impl Ladder {
    pub(crate) fn invite(targets: &[u16]) -> Self {
        Self::new(Kind::Invite, targets, 60)
    }

    pub(crate) fn non_invite(targets: &[u16]) -> Self {
        Self::new(Kind::NonInvite, targets, 60)
    }

    pub(crate) fn new(kind: Kind, targets: &[u16], max_breadth: u16) -> Self {
        let mut context = ResponseContext::new(kind, max_breadth);
        for q in targets {
            context.add_target(*q).unwrap();
        }
        Self { kind, context, seen: String::new(), answer: None }
    }

    pub(crate) fn start(&mut self) -> &mut Self {
        self.handle(Event::Start)
    }

    pub(crate) fn provisional(&mut self, branch: BranchIndex, status: u16) -> &mut Self {
        self.handle(Event::Provisional { branch, status, response: (branch, status) })
    }

    /// A final response.
    pub(crate) fn last(&mut self, branch: BranchIndex, status: u16) -> &mut Self {
        self.handle(Event::Final { branch, status, response: Some((branch, status)) })
    }

    pub(crate) fn timed_out(&mut self, branch: BranchIndex) -> &mut Self {
        self.handle(Event::TimedOut(branch))
    }

    pub(crate) fn unreachable(&mut self, branch: BranchIndex) -> &mut Self {
        self.handle(Event::Unreachable(branch))
    }

    pub(crate) fn timer_c(&mut self, branch: BranchIndex) -> &mut Self {
        self.handle(Event::TimerC(branch))
    }

    pub(crate) fn cancel(&mut self) -> &mut Self {
        self.handle(Event::Cancel)
    }

    pub(crate) fn resume(&mut self, targets: &[u16]) {
        self.context.resume(self.answer.take().expect("an answer to take back"));
        for q in targets {
            self.context.add_target(*q).unwrap();
        }
    }

    #[track_caller]
    pub(crate) fn sees(&mut self, expected: &str) {
        assert_eq!(std::mem::take(&mut self.seen), expected);
    }

    #[track_caller]
    pub(crate) fn is_finished(&self, expected: bool) {
        assert_eq!(self.context.is_finished(), expected);
    }

    fn handle(&mut self, event: Event<Response>) -> &mut Self {
        let actions = self.context.handle(event);
        let words: Vec<String> = actions.iter().map(|action| self.in_words(action)).collect();
        self.seen = words.join(", ");
        for action in actions {
            match action {
                Action::Begin { branch, .. } => {
                    let key = u64::from(branch) + 100;
                    self.context.started(branch, key);
                    assert_eq!(self.context.branch_of(key), Some(branch));
                }
                Action::Answer(best) => self.answer = Some(best),
                _ => {}
            }
        }
        self
    }

    fn in_words(&self, action: &Action<Response>) -> String {
        match action {
            Action::Begin { branch, max_breadth } => format!("begin {branch} ({max_breadth})"),
            Action::Forward { branch, status, response } => {
                assert_eq!(*response, (*branch, *status));
                format!("up {status} from {branch}")
            }
            Action::ResetTimerC(branch) => format!("timer-c {branch}"),
            Action::Cancel(branch) => format!("cancel {branch}"),
            Action::Answer(best) => {
                let mut words = format!("answer {}", best.status);
                if best.forwarded().is_none() {
                    words += " made here";
                }
                if best.is_withheld(self.kind) {
                    words += ", withheld";
                }
                if !best.challenges.is_empty() {
                    words += " with challenges of";
                    for (_, status) in &best.challenges {
                        words += &format!(" {status}");
                    }
                }
                words
            }
        }
    }
}
