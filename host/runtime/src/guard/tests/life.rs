//! Two versions that do as well as is said, for calls that go to the candidate by its share. SplitMix64: the same lives in
//! every run.

use std::collections::VecDeque;
use std::time::Duration;

use plugin::AnswerGroup;

use crate::guard::{Comparison, Figures, Guard, Margins, Seen};

/// Phones are answered after 2 seconds up to so many.
const LONGEST_RINGING: usize = 12;

/// How a version behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    /// Of its calls so many trap.
    pub(super) traps: f64,
    /// Of its requests so many are answered 500.
    pub(super) server_failures: f64,
    /// And so many 404.
    pub(super) not_found: f64,
    /// Each of its hook's calls takes so much longer.
    pub(super) slower: Duration,
}

/// One in whose network nothing is wrong but what always is: some numbers do not exist, some phones are off.
pub(super) const GOOD: Version =
    Version { traps: 0.0, server_failures: 0.001, not_found: 0.05, slower: Duration::ZERO };

/// A life of both.
#[derive(Debug)]
pub(super) struct Life {
    state: u64,
    pub(super) guard: Guard,
    pub(super) control: Seen,
    pub(super) candidate: Seen,
    /// Of the control and of the candidate.
    pub(super) versions: [Version; 2],
    /// So many of the calls go to the candidate: at first as many as its share says.
    pub(super) part: f64,
    /// Kinds of requests, and hooks.
    kinds: usize,
    /// What will be answered in so many seconds.
    ringing: VecDeque<Vec<Ringing>>,
}

/// A call that will be answered 200: the candidate's or not, and after how many seconds.
type Ringing = (bool, usize);

impl Life {
    /// The control has been active for some time, when the candidate gets its share.
    pub(super) fn new(seed: u64, share: u16, versions: [Version; 2], kinds: usize, margins: Margins) -> Life {
        let seen = |number, share| Seen { number, share, figures: Figures::default() };
        let mut life = Life {
            state: seed,
            guard: Guard::default(),
            control: seen(1, 1000 - share),
            candidate: seen(2, 0),
            versions,
            part: 0.0,
            kinds,
            ringing: VecDeque::from(vec![Vec::new(); 1 + LONGEST_RINGING]),
        };
        (0..30).for_each(|_| life.calls(50));
        life.candidate.share = share;
        life.part = f64::from(share) / 1000.0;
        assert_eq!(life.look(margins), None, "the split has just begun");
        life
    }

    pub(super) fn luck(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A second's requests: each one call of a hook, and an answer.
    pub(super) fn calls(&mut self, number: u32) {
        for (to_candidate, seconds) in self.ringing.pop_front().into_iter().flatten() {
            let figures = &mut self.version(to_candidate).figures;
            figures.answers.add(AnswerGroup::Invite, 200, Duration::from_secs(seconds as u64));
        }
        self.ringing.push_back(Vec::new());
        for _ in 0..number {
            let to_candidate = self.luck() < self.part;
            let Version { traps, server_failures, not_found, slower } =
                self.versions[usize::from(to_candidate)];
            let (trap, answer, time) = (self.luck(), self.luck(), self.luck());
            let traps = trap < traps;
            let status = match answer {
                _ if traps => 500,
                answer if answer < server_failures => 500,
                answer if answer < server_failures + not_found => 404,
                _ => 200,
            };
            // Most wait for nobody; one in ten for a database, 1 to 11 ms, a few of them for long.
            let waits = match time {
                time if time < 0.9 => 100.0,
                time if time < 0.999 => 1_000.0 + (time - 0.9) * 1e5,
                _ => 2e5,
            };
            let kind = (self.luck() * self.kinds as f64) as usize % self.kinds;
            let rings = 2 + (self.luck() * (LONGEST_RINGING - 1) as f64) as usize;
            let is_answered_later = status == 200 && AnswerGroup::ALL[kind] == AnswerGroup::Invite;
            if is_answered_later {
                self.ringing[rings - 1].push((to_candidate, rings));
            }
            let figures = &mut self.version(to_candidate).figures;
            figures.failures.calls += 1;
            figures.failures.bad += u64::from(traps);
            if !is_answered_later {
                figures.answers.add(AnswerGroup::ALL[kind], status, Duration::from_millis(5));
            }
            figures.times[kind].add(Duration::from_micros(waits as u64) + slower);
        }
    }

    fn version(&mut self, candidate: bool) -> &mut Seen {
        if candidate { &mut self.candidate } else { &mut self.control }
    }

    /// The pooled test of two proportions, of calls that trap, for one look; 3.09 is its bound for 0.001.
    pub(super) fn z(&self) -> f64 {
        let (own, others) = (self.candidate.figures.failures, self.control.figures.failures);
        let (m, n) = (own.calls as f64, others.calls as f64);
        let pooled = (own.bad + others.bad) as f64 / (m + n);
        (own.proportion() - others.proportion()) / (pooled * (1.0 - pooled) * (1.0 / m + 1.0 / n)).sqrt()
    }

    /// By what it is found worse.
    pub(super) fn look(&mut self, margins: Margins) -> Option<Comparison> {
        let candidates = std::slice::from_ref(&self.candidate);
        self.guard.look(&self.control, candidates, margins).into_iter().next().map(|worse| worse.comparison)
    }

    /// Seconds until the candidate is out, at so many calls a second.
    pub(super) fn seconds_until_out(
        &mut self,
        calls: u32,
        margins: Margins,
        most: u32,
    ) -> Option<(u32, Comparison)> {
        (1..=most).find_map(|second| {
            self.calls(calls);
            self.look(margins).map(|comparison| (second, comparison))
        })
    }
}
