//! What became of the transactions that a version took: which final answer went back to who asked.
//!
//! In: one event per final answer. Out: [`Answers`], counted by what was asked, what was answered, and how long that took: of
//! a version that is new only quick answers can have come, and those are not like the others. Also where the
//! script has answered nothing itself: a request that it sends to the wrong place comes back as somebody's 404, 408, 480 or
//! 503.
//!
//! Which answers are a success follows the Session Establishment Effectiveness Ratio, RFC 6076 §4.7: what people decide
//! (486, 600, 603) is a call that was set up well enough; redirections and challenges (3xx, 401, 402, 407) are not counted.
//! Two codes are taken otherwise than there. 480, which is a success there, is none: it is what a registrar or an S-CSCF
//! answers for whom it does not find, and where two versions are compared both have their share of it. 487, which is none
//! there, is not counted: the caller has hung up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use sip::Method;

/// What was asked. Each is compared with its own kind only: a version that is new has had few requests inside dialogs yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AnswerGroup {
    /// A call.
    Invite,
    /// A registration.
    Register,
    /// Another request outside dialogs.
    Other,
    /// Any request inside a dialog.
    InDialog,
}

impl AnswerGroup {
    /// All, at their own number.
    pub const ALL: [AnswerGroup; 4] =
        [AnswerGroup::Invite, AnswerGroup::Register, AnswerGroup::Other, AnswerGroup::InDialog];

    /// Of a request.
    pub fn of(method: Method, in_dialog: bool) -> AnswerGroup {
        match method {
            _ if in_dialog => AnswerGroup::InDialog,
            Method::Invite => AnswerGroup::Invite,
            Method::Register => AnswerGroup::Register,
            _ => AnswerGroup::Other,
        }
    }

    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            AnswerGroup::Invite => "INVITE",
            AnswerGroup::Register => "REGISTER",
            AnswerGroup::Other => "other",
            AnswerGroup::InDialog => "in-dialog",
        }
    }
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AnswerClass {
    /// 2xx
    Success,
    /// 3xx
    Redirection,
    /// 401, 402, 407
    Challenge,
    /// 486 Busy Here
    Busy,
    /// 487 Request Terminated
    Cancelled,
    /// Other 4xx
    RequestFailure,
    /// 5xx
    ServerFailure,
    /// 600 Busy Everywhere, 603 Decline
    Declined,
    /// Other 6xx
    GlobalFailure,
}

impl AnswerClass {
    /// All, at their own number.
    pub const ALL: [AnswerClass; 9] = [
        AnswerClass::Success,
        AnswerClass::Redirection,
        AnswerClass::Challenge,
        AnswerClass::Busy,
        AnswerClass::Cancelled,
        AnswerClass::RequestFailure,
        AnswerClass::ServerFailure,
        AnswerClass::Declined,
        AnswerClass::GlobalFailure,
    ];

    /// Of a final status; none of another one.
    pub fn of(status: u16) -> Option<AnswerClass> {
        match status {
            200..=299 => Some(AnswerClass::Success),
            300..=399 => Some(AnswerClass::Redirection),
            401 | 402 | 407 => Some(AnswerClass::Challenge),
            486 => Some(AnswerClass::Busy),
            487 => Some(AnswerClass::Cancelled),
            400..=499 => Some(AnswerClass::RequestFailure),
            500..=599 => Some(AnswerClass::ServerFailure),
            600 | 603 => Some(AnswerClass::Declined),
            601..=699 => Some(AnswerClass::GlobalFailure),
            _ => None,
        }
    }

    /// The label in metrics. `4xx` and `6xx` are without those that have a name of their own.
    pub fn name(self) -> &'static str {
        match self {
            AnswerClass::Success => "2xx",
            AnswerClass::Redirection => "3xx",
            AnswerClass::Challenge => "401/407",
            AnswerClass::Busy => "486",
            AnswerClass::Cancelled => "487",
            AnswerClass::RequestFailure => "4xx",
            AnswerClass::ServerFailure => "5xx",
            AnswerClass::Declined => "600/603",
            AnswerClass::GlobalFailure => "6xx",
        }
    }

    /// Whether it is a success; none: it is not counted as either.
    pub fn is_success(self) -> Option<bool> {
        match self {
            AnswerClass::Success | AnswerClass::Busy | AnswerClass::Declined => Some(true),
            AnswerClass::Redirection | AnswerClass::Challenge | AnswerClass::Cancelled => None,
            AnswerClass::RequestFailure | AnswerClass::ServerFailure | AnswerClass::GlobalFailure => {
                Some(false)
            }
        }
    }
}

/// Times from request to answer that are told apart: each bound is that of the times below it. What took longer than the
/// last one is with those below it.
pub const ANSWER_TIMES: [Duration; 8] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
    Duration::from_secs(64),
    Duration::from_secs(256),
];

/// Between which of the bounds.
fn place(took: Duration) -> usize {
    ANSWER_TIMES.iter().position(|bound| took < *bound).unwrap_or(ANSWER_TIMES.len() - 1)
}

/// A number for each.
type Table<T> = [[[T; AnswerClass::ALL.len()]; AnswerGroup::ALL.len()]; ANSWER_TIMES.len()];

/// As they are counted.
#[derive(Debug, Default)]
pub(crate) struct AnswerCounts(Table<AtomicU64>);

impl AnswerCounts {
    pub(crate) fn add(&self, group: AnswerGroup, class: AnswerClass, took: Duration) {
        self.0[place(took)][group as usize][class as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn answers(&self) -> Answers {
        let read = |count: &AtomicU64| count.load(Relaxed);
        Answers(self.0.each_ref().map(|time| time.each_ref().map(|group| group.each_ref().map(read))))
    }
}

/// Final answers by what was asked, what was answered, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers(Table<u64>);

impl Answers {
    /// Notes one; what is no final status is left out.
    pub fn add(&mut self, group: AnswerGroup, status: u16, took: Duration) {
        if let Some(class) = AnswerClass::of(status) {
            self.0[place(took)][group as usize][class as usize] += 1;
        }
    }

    /// Those that took less than this, which is one of [`ANSWER_TIMES`] or is rounded down to one.
    pub fn within(&self, time: Duration) -> Answers {
        let mut within = *self;
        for (times, bound) in within.0.iter_mut().zip(ANSWER_TIMES) {
            if bound > time {
                *times = Default::default();
            }
        }
        within
    }

    /// How many there were.
    pub fn count(&self, group: AnswerGroup, class: AnswerClass) -> u64 {
        self.0.iter().map(|time| time[group as usize][class as usize]).sum()
    }

    /// How many of this class there were, whatever was asked.
    pub fn of_class(&self, class: AnswerClass) -> u64 {
        AnswerGroup::ALL.into_iter().map(|group| self.count(group, class)).sum()
    }

    /// All of a group.
    pub fn of_group(&self, group: AnswerGroup) -> u64 {
        AnswerClass::ALL.into_iter().map(|class| self.count(group, class)).sum()
    }

    /// Those of a group that are no success, and those that count as one or the other.
    pub fn unsuccessful(&self, group: AnswerGroup) -> (u64, u64) {
        let sum = |success: bool| -> u64 {
            let classes = AnswerClass::ALL.into_iter().filter(|class| class.is_success() == Some(success));
            classes.map(|class| self.count(group, class)).sum()
        };
        let unsuccessful = sum(false);
        (unsuccessful, unsuccessful + sum(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_at_their_own_number() {
        assert!(AnswerGroup::ALL.into_iter().enumerate().all(|(n, group)| group as usize == n));
        assert!(AnswerClass::ALL.into_iter().enumerate().all(|(n, class)| class as usize == n));
    }

    /// RFC 6076 §4.7, but for 480 and 487.
    #[test]
    fn what_people_decide_is_a_success_and_what_goes_wrong_is_none() {
        let success = |status| AnswerClass::of(status).and_then(AnswerClass::is_success);
        for status in [200, 202, 486, 600, 603] {
            assert_eq!(success(status), Some(true), "{status}");
        }
        for status in [400, 403, 404, 408, 480, 481, 488, 500, 503, 504, 604, 606] {
            assert_eq!(success(status), Some(false), "{status}");
        }
        for status in [100, 180, 199, 300, 302, 380, 401, 402, 407, 487, 700] {
            assert_eq!(success(status), None, "{status}");
        }
    }

    #[test]
    fn answers_are_counted_by_what_was_asked() {
        let counts = AnswerCounts::default();
        for (method, in_dialog, status) in [
            (Method::Invite, false, 200),
            (Method::Invite, false, 503),
            (Method::Invite, false, 487),
            (Method::Invite, true, 488),
            (Method::Register, false, 401),
            (Method::Message, false, 404),
            (Method::Bye, true, 200),
        ] {
            counts.add(AnswerGroup::of(method, in_dialog), AnswerClass::of(status).unwrap(), Duration::ZERO);
        }
        let answers = counts.answers();
        assert_eq!(answers.unsuccessful(AnswerGroup::Invite), (1, 2));
        assert_eq!(answers.unsuccessful(AnswerGroup::Register), (0, 0));
        assert_eq!(answers.unsuccessful(AnswerGroup::Other), (1, 1));
        assert_eq!(answers.unsuccessful(AnswerGroup::InDialog), (1, 2));
        assert_eq!((answers.of_group(AnswerGroup::Invite), answers.of_class(AnswerClass::Success)), (3, 2));
    }

    #[test]
    fn answers_are_told_apart_by_how_long_they_took() {
        let mut answers = Answers::default();
        for ms in [0, 999, 1_000, 15_999, 16_000, 100_000, 1_000_000] {
            answers.add(AnswerGroup::Invite, 200, Duration::from_millis(ms));
        }
        let within = |seconds| answers.within(Duration::from_secs(seconds)).of_group(AnswerGroup::Invite);
        assert_eq!([0, 1, 2, 15, 16, 32, 255, 256].map(within), [0, 2, 3, 3, 4, 5, 5, 7]);
        assert_eq!(answers.of_group(AnswerGroup::Invite), 7);
    }
}
