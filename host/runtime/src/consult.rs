//! A shard's consultations of scripts: asked, waited for, made durable, answered.
//!
//! In: what the node wants to know. Out: [`node::Input::Decided`]. A decision that rests on staged changes (a
//! registration) is held back until these are durable; changes of one round go to the store together.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use node::{ConsultError, ConsultId, Consulted, Decided, Hook, Input, Pin};
use plugin::{Active, ConsultContext, Outcome, Plugin, Variables};
use sip::{Flow, Message};
use slab::Slab;
use storage::{CommitQueue, StagedChange};

use crate::executor::{Bell, Executor};
use crate::inbox::Inbox;
use crate::message::ToShard;
use crate::shard::refused;

/// Consultations of one shard that may be under way; more are refused with 503.
pub(crate) const MAX_UNDER_WAY: usize = 8192;

/// What is asked.
pub(crate) struct Asked {
    /// Comes back with the answer.
    pub(crate) id: ConsultId,
    /// Which hook.
    pub(crate) hook: Hook,
    /// About this message.
    pub(crate) message: Arc<Message>,
    /// Where the request came from.
    pub(crate) source: Flow,
    /// The version that must be asked.
    pub(crate) pin: Option<Pin>,
    /// The transaction's variables.
    pub(crate) variables: Option<Pin>,
    /// The dialog's variables.
    pub(crate) dialog_variables: Option<Box<dialog::Variables>>,
}

#[derive(Clone, Copy)]
enum Key {
    Consult(ConsultId, Hook, usize),
    Told,
}

/// Consultations of one shard.
pub(crate) struct Consultations {
    active: Arc<Active>,
    executor: Executor<Key, plugin::Consultation>,
    /// The version each running consultation asks; the decision pins it.
    versions: Slab<Arc<Plugin>>,
    decided: VecDeque<Input>,
    /// Decisions whose changes are not durable yet, by token.
    storing: Slab<Storing>,
    queue: CommitQueue,
}

struct Storing {
    decided: Decided,
    hook: Hook,
    /// Changes that are still to become durable, and whether one could not.
    left: usize,
    failed: bool,
}

impl Bell for Arc<Inbox<ToShard>> {
    fn ring(&self) {
        Inbox::ring(self);
    }
}

impl Consultations {
    /// Consultations of the active plugin; wake-ups go to `inbox`, changes to `queue`.
    #[must_use]
    pub(crate) fn new(active: Arc<Active>, inbox: Arc<Inbox<ToShard>>, queue: CommitQueue) -> Self {
        Self {
            active,
            executor: Executor::new(Box::new(inbox)),
            versions: Slab::new(),
            decided: VecDeque::new(),
            storing: Slab::new(),
            queue,
        }
    }

    /// Asks; the answer comes at once if the script waits for nothing and changes nothing.
    pub(crate) fn ask(&mut self, asked: Asked) -> Option<Input> {
        let Asked { id, hook, message, source, pin, variables, dialog_variables } = asked;
        let version = match pin.and_then(|pin| pin.downcast::<Plugin>().ok()).or_else(|| self.active.plugin())
        {
            Some(version) => version,
            None => return Some(answer(id, refused(hook, ConsultError::NoPlugin))),
        };
        if self.executor.len() >= MAX_UNDER_WAY || self.storing.len() >= MAX_UNDER_WAY {
            return Some(answer(id, refused(hook, ConsultError::Busy)));
        }
        let context = ConsultContext {
            variables: variables.and_then(of_plugin),
            dialog_variables: dialog_variables.map(|all| Arc::new(of_dialog(&all))),
            ..ConsultContext::new(id.transaction(), source)
        };
        let consultation = version.consult(hook, message, context);
        let place = self.versions.insert(version);
        let consulted = self.executor.start(Key::Consult(id, hook, place), consultation)?;
        self.ended(id, hook, place, consulted)
    }

    /// The next answer that was waited for.
    pub(crate) fn poll(&mut self) -> Option<Input> {
        if self.decided.is_empty() {
            let mut ended = Vec::new();
            self.executor.poll_woken(|key, consulted| ended.push((key, consulted)));
            for (key, consulted) in ended {
                if let Key::Consult(id, hook, place) = key
                    && let Some(input) = self.ended(id, hook, place, consulted)
                {
                    self.decided.push_back(input);
                }
            }
        }
        self.decided.pop_front()
    }

    /// A change is durable, or could not be made so; the decision that waited for it, if it was the last.
    pub(crate) fn stored(&mut self, token: u64, durable: bool) -> Option<Input> {
        let place = usize::try_from(token).ok()?;
        let waiting = self.storing.get_mut(place)?;
        waiting.failed |= !durable;
        waiting.left -= 1;
        if waiting.left > 0 {
            return None;
        }
        let Storing { mut decided, hook, failed, .. } = self.storing.remove(place);
        if failed {
            decided.consulted = refused(hook, ConsultError::Store);
        }
        Some(Input::Decided(Box::new(decided)))
    }

    /// A script's timer fired.
    pub(crate) fn timer(&mut self, token: &str) {
        if let Some(version) = self.room_to_tell() {
            let told = version.timer_fired(token.into());
            let _ = self.executor.start(Key::Told, told);
        }
    }

    /// Tells the active script of something. Nothing comes back.
    pub(crate) fn event(&mut self, event: plugin::Event) {
        if let Some(version) = self.room_to_tell() {
            let told = version.happened(event);
            let _ = self.executor.start(Key::Told, told);
        }
    }

    fn room_to_tell(&self) -> Option<Arc<Plugin>> {
        self.active.plugin().filter(|_| self.executor.len() < MAX_UNDER_WAY)
    }

    /// Hands the changes of this round to the store.
    pub(crate) fn flush(&mut self) {
        self.queue.flush();
    }

    fn ended(
        &mut self,
        id: ConsultId,
        hook: Hook,
        place: usize,
        consulted: plugin::Consulted,
    ) -> Option<Input> {
        let version = self.versions.remove(place);
        let effects = consulted.effects;
        let consulted = match consulted.result {
            Ok(Outcome::Decision(decision)) => Consulted::Request(Ok(decision)),
            Ok(Outcome::Reply(decision)) => Consulted::Reply(Ok(decision)),
            Ok(Outcome::Done) => refused(hook, ConsultError::Invalid),
            Err(error) => refused(hook, error),
        };
        let number = version.identity().number;
        let decided = Decided {
            id,
            consulted,
            pin: Some(version),
            variables: effects.variables.map(|all| all as Pin),
            dialog_variables: effects.dialog_variables.map(|all| Box::new(for_dialog(&all))),
            version: number,
            provisionals: effects.provisionals,
        };
        if effects.staged.is_empty() {
            return Some(Input::Decided(Box::new(decided)));
        }
        let left = effects.staged.len();
        let token = self.storing.insert(Storing { decided, hook, left, failed: false }) as u64;
        for staged in effects.staged {
            match staged.downcast::<StagedChange>() {
                Ok(change) => self.queue.commit(*change, token),
                Err(_) => unreachable!("only this crate's services stage changes"),
            }
        }
        None
    }
}

fn answer(id: ConsultId, consulted: Consulted) -> Input {
    Input::Decided(Box::new(Decided::bare(id, consulted)))
}

/// What was put into a pin comes out of it.
fn of_plugin(pin: Arc<dyn Any + Send + Sync>) -> Option<Arc<Variables>> {
    pin.downcast().ok()
}

/// A dialog's variables as a script sees them. The bounds of both are the same.
fn of_dialog(all: &dialog::Variables) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in all.iter() {
        let _ = variables.set(name, Some(Bytes::copy_from_slice(value)));
    }
    variables
}

/// And back.
fn for_dialog(all: &Variables) -> dialog::Variables {
    let mut variables = dialog::Variables::default();
    for (name, value) in all.iter() {
        let _ = variables.set(name, Some(value));
    }
    variables
}

/// A node's event as a script's.
pub(crate) fn event(ended: node::Ended) -> plugin::Event {
    plugin::Event::DialogEnded { call_id: ended.call_id.into(), why: ended.why }
}
