//! Requests of others that came before: RFC 6733 §3 (End-to-End Identifier), §5.5.4, Appendix C.
//!
//! "The combination of the Origin-Host AVP and this field is used to detect duplicates. Duplicate requests SHOULD cause
//! the same answer to be transmitted."
//!
//! In: what names a request. Out: what became of it, if it came within the window. Bounded in number and in bytes; the
//! oldest go first.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher;
use std::time::{Duration, Instant};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::base::Addressing;
use crate::header::Header;
use crate::message::Message;
use crate::node::IncomingId;

/// A request's name, hashed with the node's seed, so that nobody can make two that collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

/// What became of a request.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// The host has it.
    InHand(IncomingId),
    /// It was answered so.
    Answered(Message),
}

/// What is remembered.
#[derive(Debug)]
pub(super) struct Duplicates {
    seed: (u64, u64),
    known: BTreeMap<Key, (Instant, Known)>,
    order: VecDeque<(Instant, Key)>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    window: Duration,
}

impl Duplicates {
    pub(super) fn new(seed: (u64, u64), most: usize, most_bytes: usize, window: Duration) -> Duplicates {
        let (known, order) = (BTreeMap::new(), VecDeque::new());
        Duplicates { seed, known, order, bytes: 0, most, most_bytes, window }
    }

    /// Origin-Host and End-to-End Identifier, and more: senders that count badly must not get each other's answers.
    pub(super) fn key(&self, header: &Header, addressing: &Addressing<'_>) -> Key {
        let mut hasher = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        hasher.write_u32(header.end_to_end);
        hasher.write_u32(header.command.0);
        hasher.write_u32(header.application.0);
        let origin_host = addressing.origin_host.unwrap_or_default();
        hasher.write_usize(origin_host.len());
        origin_host.iter().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
        hasher.write(addressing.session_id.unwrap_or_default());
        Key(hasher.finish128().as_u128())
    }

    /// What is known of a request.
    pub(super) fn find(&mut self, now: Instant, key: Key) -> Option<Known> {
        self.forget(now);
        self.known.get(&key).map(|(_, known)| known.clone())
    }

    /// Remembers a request that the host has now.
    pub(super) fn take_in(&mut self, now: Instant, key: Key, id: IncomingId) {
        self.known.insert(key, (now, Known::InHand(id)));
        self.order.push_back((now, key));
        self.forget(now);
    }

    /// Remembers its answer.
    pub(super) fn answered(&mut self, now: Instant, key: Key, answer: &Message) {
        if let Some((_, known @ Known::InHand(_))) = self.known.get_mut(&key) {
            self.bytes += answer.bytes().len();
            *known = Known::Answered(answer.clone());
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while let Some((since, key)) = self.order.front().copied() {
            let is_young = now.saturating_duration_since(since) < self.window;
            if is_young && self.known.len() <= self.most && self.bytes <= self.most_bytes {
                break;
            }
            self.order.pop_front();
            // The same request may have been taken in anew since.
            if self.known.get(&key).is_some_and(|(taken, _)| *taken == since)
                && let Some((_, Known::Answered(answer))) = self.known.remove(&key)
            {
                self.bytes -= answer.bytes().len();
            }
        }
    }

    #[cfg(test)]
    fn sizes(&self) -> (usize, usize, usize) {
        (self.known.len(), self.order.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::header::{ApplicationId, CommandCode, Flags};

    fn answer(length: usize) -> Message {
        let mut builder = Builder::new(Flags::empty(), CommandCode(305), ApplicationId::CX);
        builder.put_bytes(crate::dictionary::base::CLASS, &vec![0; length]);
        builder.finish().unwrap()
    }

    fn duplicates(most: usize, most_bytes: usize) -> Duplicates {
        Duplicates::new((1, 2), most, most_bytes, Duration::from_secs(240))
    }

    #[test]
    fn a_name_is_all_of_it() {
        let duplicates = duplicates(9, 9);
        let header = *answer(0).header();
        let of = |end_to_end, host: &'static [u8], session: &'static [u8]| {
            let addressing =
                Addressing { origin_host: Some(host), session_id: Some(session), ..Addressing::default() };
            duplicates.key(&Header { end_to_end, ..header }, &addressing)
        };
        assert_eq!(of(1, b"hss.test", b"s"), of(1, b"HSS.test", b"s"), "names have no case");
        assert_ne!(of(1, b"hss.test", b"s"), of(2, b"hss.test", b"s"));
        assert_ne!(of(1, b"hss.test", b"s"), of(1, b"hss2.test", b"s"));
        assert_ne!(of(1, b"hss.test", b"s"), of(1, b"hss.test", b"S"));
        assert_ne!(of(1, b"hss.tes", b"ts"), of(1, b"hss.test", b"s"));
    }

    #[test]
    fn the_window_ends() {
        let mut duplicates = duplicates(9, 9000);
        let start = Instant::now();
        duplicates.take_in(start, Key(1), IncomingId(1));
        assert!(matches!(duplicates.find(start, Key(1)), Some(Known::InHand(IncomingId(1)))));
        duplicates.answered(start, Key(1), &answer(8));
        let late = start + Duration::from_secs(239);
        assert!(matches!(duplicates.find(late, Key(1)), Some(Known::Answered(_))));
        assert!(duplicates.find(start + Duration::from_secs(240), Key(1)).is_none());
        assert_eq!(duplicates.sizes(), (0, 0, 0));
    }

    #[test]
    fn both_bounds_hold_and_the_oldest_goes_first() {
        let now = Instant::now();
        let mut few = duplicates(3, 9000);
        for number in 0..10 {
            few.take_in(now, Key(number), IncomingId(number as u64));
            assert!(few.sizes().0 <= 3);
        }
        assert!(few.find(now, Key(6)).is_none() && few.find(now, Key(7)).is_some());

        let mut small = duplicates(100, 1000);
        for number in 0..10 {
            small.take_in(now, Key(number), IncomingId(number as u64));
            small.answered(now, Key(number), &answer(272));
            assert!(small.sizes().2 <= 1000);
        }
        assert_eq!(small.sizes(), (3, 3, 900));
        small.answered(now, Key(99), &answer(2));
        assert_eq!(small.sizes().2, 900, "what is not known is not remembered");
    }
}
