//! The machine as scripts of a CSCF see it: bindings, keys, timers, challenges, profiles and subscriptions in memory, the
//! virtual clock, luck out of the seed (the place of the runtime's `services.rs` and `ims/`).
//!
//! ```text
//!   script ─▶ services.rs ─▶ here ─▶ outbox: questions to the HSS, requests of one's own, events ─▶ element.rs
//!   HSS ─▶ cx.rs: answers wake who waits; RTR ─▶ served.rs ─▶ outbox
//! ```
//! In: what scripts ask, what the HSS says, the time. Out: [`Outbox`]. What a restart keeps is [`Store`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cscf::{Challenges, Cx, CxFailure, Leaving, Notifier, Sealer, Subscribers, reg_event};
use diameter::{Dictionary, Message};
use parking_lot::Mutex;

use super::home;
use super::sabotage::ImsSabotage;
use crate::random::Random;
use crate::registrar::Registrar;

/// How long the HSS may take (the runtime's default), ms.
pub(crate) const CX_TIMEOUT_MS: u64 = 5_000;

/// How often it looks at what has ended, ms.
const LOOK_MS: u64 = 1_000;

/// A key of the scripts' table.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) value: Vec<u8>,
    pub(super) revision: u64,
    /// ms; none: for ever.
    pub(super) ends_ms: Option<u64>,
}

/// What a data folder holds.
#[derive(Default)]
pub(crate) struct Store {
    pub(super) registrar: Registrar,
    pub(super) keys: BTreeMap<String, Key>,
    /// Subscribers and subscriptions.
    pub(super) documents: BTreeMap<(&'static str, String), Vec<u8>>,
}

/// What an element wants done.
pub(crate) enum Outbox {
    /// A question to the HSS.
    Ask { number: u64, request: Message },
    /// A NOTIFY.
    Notify(reg_event::Notify),
    /// Something that the script is told of.
    Event(plugin::Event),
    /// All sessions of a user end.
    Release(Box<str>),
}

/// A question to the HSS that a guest waits for.
pub(super) enum Answer {
    Awaited,
    Here(Result<Message, CxFailure>),
}

/// Documents of subscribers, and of subscriptions to registrations.
pub(super) const SUBSCRIBERS: &str = "subscribers";
pub(super) const SUBSCRIPTIONS: &str = "subscriptions";

impl Inner {
    /// How much there is of everything.
    pub(crate) fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("subscribers", self.subscribers.len()),
            ("subscriptions", self.notifier.len()),
            ("sets with bindings", usize::from(!self.store.registrar.is_empty())),
            ("keys of the script's", self.store.keys.len()),
            ("documents", self.store.documents.len()),
            ("timers of the script's", self.timers.len()),
            ("questions to the HSS", self.questions.len()),
        ]
    }
}

impl Inner {
    /// Whether an address-of-record has a binding here, and is served.
    pub(crate) fn is_bound(&self, key: &str) -> bool {
        self.store.registrar.is_registered(key, self.now_ms)
            && self.subscribers.find(key).is_some_and(|set| set.is_registered())
    }

    /// The sabotage: a binding is gone.
    pub(crate) fn lose_binding(&mut self, key: &str) {
        if let (_, Some(change)) = self.store.registrar.remove(key, self.now_ms) {
            self.store.registrar.commit(change);
        }
    }
}

/// What is behind the lock: one thread looks at a world, so nobody ever waits for it.
pub(crate) struct Inner {
    pub(super) now_ms: u64,
    /// When it last looked at what has ended.
    pub(super) looked_ms: u64,
    pub(super) random: Random,
    pub(super) store: Store,
    pub(super) timers: BTreeMap<String, u64>,
    pub(super) sealer: Sealer,
    pub(super) flows: Vec<sip::Flow>,
    pub(super) cx: Cx,
    pub(super) challenges: Challenges,
    pub(super) subscribers: Subscribers,
    pub(super) notifier: Notifier,
    /// Sets that the HSS took away.
    pub(super) leaving: Leaving,
    pub(super) questions: BTreeMap<u64, Answer>,
    pub(super) asked: u64,
    pub(super) outbox: VecDeque<Outbox>,
    pub(super) dictionary: Arc<Dictionary>,
    pub(super) sabotage: Option<ImsSabotage>,
    /// What the sabotage of a registrar remembers: credentials that were accepted.
    pub(super) accepted: Vec<Vec<u8>>,
    /// What the sabotage without SAR gives out.
    pub(super) profiles: Vec<(String, Vec<u8>)>,
}

/// One element's.
#[derive(Clone)]
pub(crate) struct Machine(Arc<Mutex<Inner>>);

/// What a machine is made of.
pub(crate) struct Parts {
    pub(crate) element: usize,
    pub(crate) random: Random,
    pub(crate) now_ms: u64,
    pub(crate) store: Store,
    pub(crate) sealer: Sealer,
    pub(crate) sabotage: Option<ImsSabotage>,
    pub(crate) profiles: Vec<(String, Vec<u8>)>,
}

impl Machine {
    /// A machine that has just started, with what its store holds.
    pub(crate) fn new(parts: Parts) -> Machine {
        let Parts { element, random, now_ms, store, sealer, sabotage, profiles } = parts;
        let origin = super::hss::origin(&home::name(element));
        let cx = Cx {
            destination_realm: origin.realm.clone(),
            origin,
            destination_host: None,
            server_name: home::uri(element),
            shares_ifc: false,
        };
        let mut inner = Inner {
            now_ms,
            looked_ms: now_ms,
            random,
            store,
            timers: BTreeMap::new(),
            sealer,
            flows: Vec::new(),
            cx,
            challenges: Challenges::default(),
            subscribers: Subscribers::default(),
            notifier: Notifier::default(),
            leaving: Leaving::default(),
            questions: BTreeMap::new(),
            asked: 0,
            outbox: VecDeque::new(),
            dictionary: Arc::new(Dictionary::new()),
            sabotage,
            accepted: Vec::new(),
            profiles,
        };
        inner.load();
        Machine(Arc::new(Mutex::new(inner)))
    }

    /// Looks into it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.0.lock())
    }

    /// What is to be done next.
    pub(crate) fn poll_outbox(&self) -> Option<Outbox> {
        self.0.lock().outbox.pop_front()
    }

    /// What a restart keeps.
    pub(crate) fn take_store(&self) -> Store {
        std::mem::take(&mut self.0.lock().store)
    }

    /// The HSS has answered, or it is known that it will not.
    pub(crate) fn answered(&self, number: u64, answer: Result<Message, CxFailure>) -> bool {
        match self.0.lock().questions.get_mut(&number) {
            Some(question @ Answer::Awaited) => {
                *question = Answer::Here(answer);
                true
            }
            _ => false,
        }
    }

    /// Whether a question waits.
    pub(crate) fn is_awaited(&self, number: u64) -> bool {
        matches!(self.0.lock().questions.get(&number), Some(Answer::Awaited))
    }

    /// When something here is due next, ms: a script's timer, or the look each second at what has ended.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        let inner = self.0.lock();
        let timer = inner.timers.values().min().copied();
        let soon = inner.looked_ms + LOOK_MS;
        let ends =
            !inner.store.registrar.is_empty() || !inner.leaving.is_empty() || !inner.notifier.is_empty();
        let key = inner.store.keys.values().filter_map(|key| key.ends_ms).min();
        let look = if ends { Some(soon) } else { key.map(|ends| ends.max(soon)) };
        timer.into_iter().chain(look).min()
    }

    /// Time has passed: what has ended is told.
    pub(crate) fn look(&self) {
        let mut inner = self.0.lock();
        if inner.now_ms >= inner.looked_ms + LOOK_MS {
            inner.looked_ms = inner.now_ms;
            inner.expire();
        }
    }

    /// A script's timer that is due.
    pub(crate) fn pop_timer(&self) -> Option<String> {
        let mut inner = self.0.lock();
        let now_ms = inner.now_ms;
        let due = inner.timers.iter().filter(|(_, at)| **at <= now_ms).min_by_key(|(_, at)| **at);
        let token = due.map(|(token, _)| token.clone())?;
        inner.timers.remove(&token);
        Some(token)
    }
}
