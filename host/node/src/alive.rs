//! Which next hops have lately given a sign of life: a next hop that answers others is there, and whose answers to one
//! request are lost is waited for (TS 24.229 §5.3.1.3: what has failed is an S-CSCF that does not answer).
//!
//! ```text
//!   a branch that waits for any sign ─▶ watch ─▶ a response from there, to whatever ─▶ heard ─▶ the wait ends as by a 100
//! ```
//! In: where branches are sent, where responses come from. Out: when somebody was heard last.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use transaction::Time;

/// Next hops that are watched; when there are more, all are forgotten, and watched anew.
const MAX_WATCHED: usize = 256;

/// The next hops that requests wait for.
#[derive(Debug, Default)]
pub(crate) struct Alive(BTreeMap<SocketAddr, Time>);

impl Alive {
    /// A request goes there, and waits for a sign.
    pub(crate) fn watch(&mut self, remote: SocketAddr) {
        if self.0.len() >= MAX_WATCHED && !self.0.contains_key(&remote) {
            self.0.clear();
        }
        self.0.entry(remote).or_insert(Time::ZERO);
    }

    /// A response comes from there.
    pub(crate) fn heard(&mut self, now: Time, remote: SocketAddr) {
        if let Some(last) = self.0.get_mut(&remote) {
            *last = now;
        }
    }

    /// Whether something came from there after this time.
    pub(crate) fn has_spoken_since(&self, remote: SocketAddr, since: Time) -> bool {
        self.0.get(&remote).is_some_and(|last| *last > since)
    }

    /// Whether nobody is watched.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], n))
    }

    #[test]
    fn who_is_watched_is_heard() {
        let mut alive = Alive::default();
        alive.heard(Time::from_millis(5), at(1));
        assert!(alive.is_idle() && !alive.has_spoken_since(at(1), Time::ZERO), "nobody cares");
        alive.watch(at(1));
        assert!(!alive.has_spoken_since(at(1), Time::ZERO));
        alive.heard(Time::from_millis(7), at(1));
        alive.heard(Time::from_millis(7), at(2));
        alive.watch(at(1));
        assert!(alive.has_spoken_since(at(1), Time::from_millis(6)));
        assert!(!alive.has_spoken_since(at(1), Time::from_millis(7)));
        assert!(!alive.has_spoken_since(at(2), Time::ZERO));
    }

    #[test]
    fn more_than_are_watched_begin_anew() {
        let mut alive = Alive::default();
        for n in 0..=MAX_WATCHED as u16 {
            alive.watch(at(n));
            alive.heard(Time::from_millis(1), at(n));
        }
        assert!(!alive.has_spoken_since(at(0), Time::ZERO));
        assert!(alive.has_spoken_since(at(MAX_WATCHED as u16), Time::ZERO));
    }
}
