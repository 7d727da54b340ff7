//! A CSCF of the simulated IMS: the node, the real plugin, its machine, and the consultations between them (the place of
//! the runtime's `consult.rs`).
//!
//! ```text
//!   node ─ Consult ─▶ plugin ─▶ ended ─▶ staged changes made ─▶ Word: decided after the disk, requests of one's own
//!                       │  ▲
//!                       └──┘ the HSS is asked: the guest sleeps until the world says that something has come
//! ```
//! In: questions, answers, timers, events. Out: [`Word`]s, in the order in which they were said. A guest that yields is
//! polled again at once: virtual time stands still meanwhile.

use std::future::Future;
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use anyhow::Result;
use cscf::reg_event;
use ims::service_profile::ApplicationServer;
use node::{Consult, ConsultId, Decided, Follow, Hook, Node, NodeConfig, Originate};
use plugin::{Effects, Plugin, Staged};
use sip::Message;

use super::machine::Machine;
use super::served::Watched;
use super::services::Change;
use crate::checks::Left;
use crate::random::Random;
use crate::script::{Consulting, consult, decided, wants};

/// What is told when a decision has been carried out.
pub(crate) enum After {
    Changed(Watched),
    Subscribed(reg_event::Staged),
}

/// What a script has said.
pub(crate) struct Word {
    /// For the node; none: it was only told of something.
    pub(crate) decided: Option<Box<Decided>>,
    /// What follows once it is on disk.
    pub(crate) after: Vec<After>,
    /// It waits for the disk.
    pub(crate) is_staged: bool,
    /// Requests of the script's own, where there is no decision that they follow.
    pub(crate) own: Vec<Originate>,
}

/// Whose a request of this element's own is.
enum Own {
    Nobody,
    Notify(reg_event::SubscriptionId),
    Script(Box<str>, Arc<Plugin>),
}

enum Key {
    Consult(ConsultId, Hook),
    Told,
}

struct UnderWay {
    key: Key,
    version: Arc<Plugin>,
    consultation: plugin::Consultation,
}

/// A CSCF.
pub(crate) struct Element {
    pub(crate) node: Node,
    pub(crate) config: NodeConfig,
    pub(crate) machine: Machine,
    plugin: Arc<Plugin>,
    under_way: Vec<UnderWay>,
    own: std::collections::BTreeMap<u64, Own>,
    next_own: u64,
    pub(crate) random: Random,
    /// It has ended and not begun anew.
    pub(crate) is_down: bool,
    /// Counts its starts.
    pub(crate) run: u32,
}

/// Notes that somebody is to be polled again.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Element {
    pub(crate) fn new(config: NodeConfig, machine: Machine, plugin: Arc<Plugin>, random: Random) -> Element {
        let mut node = Node::new(config.clone());
        node.set_wants(wants(&plugin));
        Element {
            node,
            config,
            machine,
            plugin,
            under_way: Vec::new(),
            own: std::collections::BTreeMap::new(),
            next_own: 0,
            random,
            is_down: false,
            run: 0,
        }
    }

    /// A new process in the place of the old one.
    pub(crate) fn restart(
        &mut self,
        machine: Machine,
        load: impl FnOnce(&Machine) -> Result<Arc<Plugin>>,
    ) -> Result<()> {
        self.config.seed = self.random.bytes();
        self.config.returns = Arc::default();
        self.node = Node::new(self.config.clone());
        self.plugin = load(&machine)?;
        self.machine = machine;
        self.node.set_wants(wants(&self.plugin));
        self.under_way.clear();
        self.own.clear();
        self.is_down = false;
        self.run += 1;
        Ok(())
    }

    /// The node asks the script.
    pub(crate) fn ask(&mut self, question: Consult) {
        match consult(question, Some(Arc::clone(&self.plugin))) {
            Ok(Consulting { id, hook, version, consultation }) => {
                self.under_way.push(UnderWay { key: Key::Consult(id, hook), version, consultation });
            }
            Err(_) => unreachable!("an element has a plugin"),
        }
    }

    /// A script's timer is over.
    pub(crate) fn timer(&mut self, token: String) {
        let consultation = self.plugin.timer_fired(token);
        self.tell(Arc::clone(&self.plugin), consultation);
    }

    /// The script is told of something.
    pub(crate) fn event(&mut self, event: plugin::Event) {
        let consultation = self.plugin.happened(event);
        self.tell(Arc::clone(&self.plugin), consultation);
    }

    /// A request of this element's own was answered.
    pub(crate) fn concluded(&mut self, token: u64, response: Arc<Message>) {
        match self.own.remove(&token) {
            Some(Own::Notify(of)) => self.machine.with(|inner| inner.notified(&of, response.status())),
            Some(Own::Script(token, version)) => {
                let consultation = version.answered(token.into(), response);
                self.tell(version, consultation);
            }
            Some(Own::Nobody) | None => {}
        }
    }

    fn tell(&mut self, version: Arc<Plugin>, consultation: plugin::Consultation) {
        self.under_way.push(UnderWay { key: Key::Told, version, consultation });
    }

    /// A NOTIFY to be sent.
    pub(crate) fn notify(&mut self, notify: reg_event::Notify) -> Originate {
        let token = self.own(Own::Notify(notify.of));
        Originate { request: notify.request, target: None, timeout: None, token }
    }

    fn own(&mut self, own: Own) -> u64 {
        self.next_own += 1;
        self.own.insert(self.next_own, own);
        self.next_own
    }

    /// Lets every guest go on as far as it can.
    pub(crate) fn poll(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut polling = Context::from_waker(&waker);
        for mut one in std::mem::take(&mut self.under_way) {
            let done = loop {
                flag.0.store(false, Ordering::Relaxed);
                match Pinned::new(&mut one.consultation).poll(&mut polling) {
                    Poll::Ready(done) => break Some(done),
                    Poll::Pending if flag.0.load(Ordering::Relaxed) => {}
                    Poll::Pending => break None,
                }
            };
            match done {
                Some(done) => words.push(self.ended(one.key, one.version, done)),
                None => self.under_way.push(one),
            }
        }
        words
    }

    /// What becomes of a consultation's end: changes are made at once, and told of when they are on disk.
    fn ended(&mut self, key: Key, version: Arc<Plugin>, done: plugin::Consulted) -> Word {
        let mut effects = done.effects;
        let follow = self.follow(&mut effects, &version);
        let (after, is_staged) = self.commit(std::mem::take(&mut effects.staged));
        let Key::Consult(id, hook) = key else {
            let own = follow.into_iter().map(|one| one.originate).collect();
            return Word { decided: None, after, is_staged, own };
        };
        let decided = Decided { follow, ..decided(id, hook, version, done.result, effects) };
        Word { decided: Some(Box::new(decided)), after, is_staged, own: Vec::new() }
    }

    fn follow(&mut self, effects: &mut Effects, version: &Arc<Plugin>) -> Vec<Follow> {
        let sends = std::mem::take(&mut effects.sends);
        let follow = sends.into_iter().map(|send| {
            let own = match &*send.token {
                "" => Own::Nobody,
                _ => Own::Script(send.token, Arc::clone(version)),
            };
            let token = self.own(own);
            let originate = Originate { request: send.request, target: None, timeout: send.timeout, token };
            let third_party = send.third_party.map(|criteria| ApplicationServer {
                server_name: String::new(),
                default_handling: None,
                service_info: criteria.service_info.map(Into::into),
                include_register_request: criteria.include_request,
                include_register_response: criteria.include_response,
            });
            Follow { originate, third_party }
        });
        follow.collect()
    }

    fn commit(&self, staged: Vec<Staged>) -> (Vec<After>, bool) {
        let mut after = Vec::new();
        let is_staged = !staged.is_empty();
        for staged in staged {
            match staged.downcast::<Change>().map(|change| *change) {
                Ok(Change::Bindings(change, watched)) => {
                    self.machine.with(|inner| inner.store.registrar.commit(change));
                    after.extend(watched.map(After::Changed));
                }
                Ok(Change::Subscription(staged)) => after.push(After::Subscribed(staged)),
                Ok(Change::Barrier) => {}
                Err(_) => unreachable!("only this harness stages changes here"),
            }
        }
        (after, is_staged)
    }

    /// What was waited for is on disk.
    pub(crate) fn carried_out(&self, after: Vec<After>) {
        for after in after {
            self.machine.with(|inner| match after {
                After::Changed(watched) => inner.changed(&watched),
                After::Subscribed(staged) => inner.subscribed(staged),
            });
        }
    }

    /// What it still has. `is_last`: dialogs have had the time to end by themselves.
    pub(crate) fn left(&self, node: usize, is_last: bool) -> Left {
        Left::of(&self.node, node, is_last, 0)
    }

    /// What is left beside the node, in words.
    pub(crate) fn kept(&self, is_last: bool) -> Vec<String> {
        let mut kept = vec![("consultations under way", self.under_way.len())];
        if is_last {
            let counts = self.machine.with(|inner| inner.counts());
            kept.extend(counts);
            kept.push(("requests of its own", self.own.len()));
        }
        kept.retain(|(_, count)| *count > 0);
        kept.into_iter().map(|(what, count)| format!("{count} {what}")).collect()
    }
}
