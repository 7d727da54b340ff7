//! Sets that the HSS took away (TS 24.229 §5.4.1.5): their script says goodbye to application servers and lets go of them;
//! where it does not, they are let go all the same after a while.
//!
//! In: which sets leave, which are served anew, the time. Out: those whose time is over. At most one entry for each set that
//! is served, so the bound is that of `subscribers.rs`.

use std::collections::BTreeMap;

/// The sets that leave, with when they are let go at the latest, ms.
#[derive(Debug, Default)]
pub struct Leaving(BTreeMap<Box<str>, u64>);

impl Leaving {
    /// A set leaves.
    pub fn leaves(&mut self, set: &str, at_ms: u64) {
        self.0.insert(set.into(), at_ms);
    }

    /// A set is served anew: its profile is another one than that to which goodbye is said (TS 29.228 §6.1.2). Let go of
    /// without a SAR, it would stay assigned at the HSS.
    pub fn stays(&mut self, set: &str) {
        self.0.remove(set);
    }

    /// Whether none leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out those whose time is over.
    pub fn take_due(&mut self, now_ms: u64) -> Vec<Box<str>> {
        let due: Vec<Box<str>> =
            self.0.iter().filter(|(_, at)| **at <= now_ms).map(|(set, _)| set.clone()).collect();
        for set in &due {
            self.0.remove(set);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_let_go_when_its_time_is_over() {
        let mut leaving = Leaving::default();
        leaving.leaves("sip:a@ims.test", 5_000);
        leaving.leaves("sip:b@ims.test", 6_000);
        assert!(leaving.take_due(4_999).is_empty());
        assert_eq!(leaving.take_due(5_000), ["sip:a@ims.test".into()]);
        assert!(!leaving.is_empty());
        assert_eq!(leaving.take_due(7_000), ["sip:b@ims.test".into()]);
        assert!(leaving.is_empty());
    }

    /// Somebody calls right after the HSS has ended a registration: the profile that is fetched for that is kept.
    #[test]
    fn a_set_that_is_served_anew_is_not_let_go_for_an_old_goodbye() {
        let mut leaving = Leaving::default();
        leaving.leaves("sip:a@ims.test", 5_000);
        leaving.stays("sip:a@ims.test");
        assert!(leaving.take_due(5_000).is_empty());
    }
}
