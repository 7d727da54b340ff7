//! Who listens to calls of scripts: recordings, and candidates in the shadow of live traffic.
//!
//! In: every call that a shard makes. Out, where somebody wants to hear it: [`Heard`], what was asked, every exchange
//! with the machine, and what came of it. Nobody listens: one pointer is read. Who listens must not wait: what it does
//! with a call it does elsewhere, and it drops what it has no room for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use plugin::{Ask, Canonical, Consulted, Ear, Plugin, Tape};
use smallvec::SmallVec;

use crate::clock::wall_ms;

/// One call of a script, with all that is needed to make it again.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Who was asked.
    pub(crate) version: Arc<Plugin>,
    /// What.
    pub(crate) ask: Ask,
    /// What it asked the machine, and was told.
    pub(crate) tape: Arc<Tape>,
    /// What came of it, without what the machine staged.
    pub(crate) consulted: Consulted,
    /// From the question to the answer.
    pub(crate) lasted: Duration,
}

impl Heard {
    /// The message that it is about.
    pub(crate) fn message(&self) -> Option<&sip::Message> {
        self.ask.message()
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let request = match &self.ask {
            Ask::Message { context, .. } => context.request.as_deref(),
            Ask::Answer { .. } | Ask::Timer(_) | Ask::Event(_) | Ask::Adopt(_) => None,
        };
        let messages = self.message().into_iter().chain(request);
        size_of::<Heard>() + self.tape.bytes() + messages.map(|message| message.bytes().len()).sum::<usize>()
    }

    /// The decision and the deeds, to be compared.
    pub(crate) fn canonical(&self) -> Canonical {
        let asked: Vec<_> =
            self.tape.look(|all| all.iter().map(|exchange| exchange.question.clone()).collect());
        Canonical::of(&self.consulted, self.message(), &asked)
    }
}

/// Somebody who listens to calls. Both are called on the thread that carries calls.
pub(crate) trait Listener: Send + Sync {
    /// Whether this call is of interest; what is not wanted by anybody is not recorded.
    fn wants(&self, version: &Plugin, ask: &Ask) -> bool;

    /// A call that this one wanted has ended.
    fn heard(&self, call: &Arc<Heard>);
}

type All = Vec<Arc<dyn Listener>>;

/// Those who want one call; seldom more than one.
type Wanting = SmallVec<[Arc<dyn Listener>; 1]>;

/// All who listen.
#[derive(Default)]
pub(crate) struct Audience {
    all: ArcSwapOption<All>,
    changing: Mutex<()>,
}

impl std::fmt::Debug for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audience").finish_non_exhaustive()
    }
}

impl Audience {
    /// One more listens from now on.
    pub(crate) fn add(&self, listener: Arc<dyn Listener>) {
        self.change(|all| all.push(listener));
    }

    /// This one listens no longer; calls under way may still come to it.
    pub(crate) fn remove(&self, listener: &Arc<dyn Listener>) {
        self.change(|all| all.retain(|one| !Arc::ptr_eq(one, listener)));
    }

    fn change(&self, change: impl FnOnce(&mut All)) {
        let _one_at_a_time = self.changing.lock();
        let mut all = self.all.load_full().map_or_else(Vec::new, |all| All::clone(&all));
        change(&mut all);
        self.all.store((!all.is_empty()).then(|| Arc::new(all)));
    }

    /// A call begins: how it is made, and what is kept of it until it ends.
    pub(crate) fn begin(&self, version: &Arc<Plugin>, ask: &Ask) -> (Ear, Option<Box<Begun>>) {
        let all = self.all.load();
        let Some(all) = all.as_ref() else { return (Ear::Nobody, None) };
        let listeners: Wanting = all.iter().filter(|one| one.wants(version, ask)).cloned().collect();
        if listeners.is_empty() {
            return (Ear::Nobody, None);
        }
        let tape = Tape::new(wall_ms());
        let (ask, began) = (ask.clone(), Instant::now());
        let begun = Begun { ask, tape: Arc::clone(&tape), listeners, began };
        (Ear::Record(tape), Some(Box::new(begun)))
    }
}

/// A call that somebody listens to.
pub(crate) struct Begun {
    ask: Ask,
    tape: Arc<Tape>,
    listeners: Wanting,
    began: Instant,
}

impl Begun {
    /// It has ended.
    pub(crate) fn end(self, version: &Arc<Plugin>, consulted: &Consulted) {
        let Begun { ask, tape, listeners, began } = self;
        let (version, consulted) = (Arc::clone(version), consulted.told());
        let heard = Heard { version, ask, tape, consulted, lasted: began.elapsed() };
        let heard = Arc::new(heard);
        listeners.iter().for_each(|one| one.heard(&heard));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Listener for Counting {
        fn wants(&self, _: &Plugin, _: &Ask) -> bool {
            true
        }

        fn heard(&self, _: &Arc<Heard>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_left_is_not_there_and_nobody_is_none() {
        let audience = Audience::default();
        let one: Arc<dyn Listener> = Arc::new(Counting::default());
        let other: Arc<dyn Listener> = Arc::new(Counting::default());
        audience.add(Arc::clone(&one));
        audience.add(Arc::clone(&other));
        audience.remove(&one);
        let left = audience.all.load_full().unwrap();
        assert!(left.len() == 1 && Arc::ptr_eq(&left[0], &other));
        audience.remove(&other);
        assert!(audience.all.load_full().is_none());
    }
}
