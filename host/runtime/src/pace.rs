//! How a shard waits between two rounds: by the clock while messages come thick, by the sockets otherwise.
//!
//! ```text
//!   fewer than PARK_BELOW expected within the longest rest ─▶ Park: the next message wakes the shard
//!   more ─▶ Rest: a nap, as long as GATHER of them take to come, never longer than the longest rest
//! ```
//! In: how many messages each round met, and when. Out: what to do until the next one. A wake-up by a socket costs as
//! much as a nap's end, so a nap pays as soon as it gathers more than one message; what it gathers goes through warm
//! caches, and out with one system call. The more messages come, the shorter the nap: the delay it adds falls where a
//! queue would begin to form.

use std::time::Duration;

use transaction::Time;

/// Messages that a nap is meant to gather.
const GATHER: f32 = 16.0;

/// With fewer than this many messages expected within the longest rest, the shard waits at its sockets.
const PARK_BELOW: f32 = 1.25;

/// µs over which the rate is averaged.
const MEMORY: f32 = 20_000.0;

/// What a shard does until its next round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Sleeps for so long, whatever comes.
    Rest(Duration),
    /// Sleeps until a socket, a timer or another thread wants it.
    Park,
}

/// One shard's pace.
#[derive(Debug)]
pub(crate) struct Pace {
    /// µs.
    longest: f32,
    /// Messages a µs.
    rate: f32,
    last: Time,
}

impl Pace {
    /// A pace whose rests are no longer than `longest`; zero: never rest.
    #[must_use]
    pub(crate) fn new(longest: Duration, now: Time) -> Self {
        Self { longest: longest.as_micros() as f32, rate: 0.0, last: now }
    }

    /// A round that began `now` met this many messages.
    pub(crate) fn met(&mut self, now: Time, messages: usize) {
        let passed = ((now - self.last).as_micros() as f32).max(1.0);
        self.last = now;
        self.rate += (messages as f32 / passed - self.rate) * (passed / MEMORY).min(1.0);
    }

    /// What to do now.
    #[must_use]
    pub(crate) fn until_next(&self) -> Until {
        if self.rate * self.longest < PARK_BELOW {
            return Until::Park;
        }
        Until::Rest(Duration::from_micros((GATHER / self.rate).min(self.longest) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(2);

    /// Messages that come evenly, met by a shard that does as it is told; the waits and the messages of each round.
    fn run(a_second: u64, rounds: usize) -> (Pace, Vec<(Until, usize)>) {
        let mut pace = Pace::new(LONGEST, Time::ZERO);
        let (mut now, mut seen, mut all) = (Time::ZERO, 0u64, Vec::new());
        for _ in 0..rounds {
            let until = pace.until_next();
            now = match until {
                Until::Rest(rest) => now + rest,
                // the next message wakes it
                Until::Park => Time(now.0.max(((seen + 1) * 1_000_000).div_ceil(a_second))),
            };
            let come = now.0 * a_second / 1_000_000;
            pace.met(now, (come - seen) as usize);
            all.push((until, (come - seen) as usize));
            seen = come;
        }
        (pace, all)
    }

    #[test]
    fn few_messages_are_waited_for_at_the_socket() {
        let (_, all) = run(400, 200);
        assert!(all.iter().all(|(until, messages)| *until == Until::Park && *messages == 1));
    }

    #[test]
    fn many_are_gathered_within_the_longest_rest() {
        let (_, all) = run(2_400, 500);
        let late = &all[300..];
        assert!(late.iter().all(|(until, _)| *until == Until::Rest(LONGEST)));
        let messages: usize = late.iter().map(|(_, messages)| messages).sum();
        assert!((4 * late.len()..5 * late.len()).contains(&messages), "{messages}");
    }

    #[test]
    fn the_more_come_the_shorter_the_rest() {
        let (pace, _) = run(100_000, 5_000);
        let Until::Rest(rest) = pace.until_next() else { panic!("a rest") };
        assert!((100..250).contains(&rest.as_micros()), "{rest:?}");
    }

    #[test]
    fn silence_ends_the_rests() {
        let (mut pace, all) = run(8_000, 500);
        let mut now = pace.last;
        let rests = std::iter::from_fn(|| match pace.until_next() {
            Until::Park => None,
            Until::Rest(rest) => {
                now += rest;
                pace.met(now, 0);
                Some(rest)
            }
        });
        let silent: Duration = rests.take(1000).sum();
        assert!(matches!(all.last(), Some((Until::Rest(_), _))));
        assert!(silent < Duration::from_millis(80), "{silent:?}");
    }

    #[test]
    fn no_rest_where_none_is_wanted() {
        let mut pace = Pace::new(Duration::ZERO, Time::ZERO);
        pace.met(Time(1), 1_000_000);
        assert_eq!(pace.until_next(), Until::Park);
    }
}
