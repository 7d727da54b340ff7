//! A shard's consultations of scripts: asked, waited for, made durable, answered.
//!
//! In: what the node wants to know. Out: [`node::Input::Decided`]. A decision that rests on staged changes (a
//! registration) is held back until these are durable; changes of one round go to the store together. Requests of a
//! script's own follow its decision; their answers are told to the version that sent them. Calls that one version takes over
//! from another are `consult/adopting.rs`'s.

pub(crate) mod adopting;

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use cscf::reg_event;
use ims::service_profile::ApplicationServer;
use node::{
    AdoptId, Answered, Consult, ConsultError, ConsultId, Consulted, Decided, Follow, Hook, Input, Mark,
    Originate, Pin,
};
use plugin::{Active, Ask, ConsultContext, Effects, Outcome, Plugin, Staged, ThirdParty, Variables};
use sip::{Flow, Message};
use slab::Slab;
use storage::{CommitQueue, Registrations, StagedChange};

use crate::audience::{Audience, Begun};
use crate::clock::wall_ms;
use crate::executor::{Bell, Executor};
use crate::ims::{Ims, Watched};
use crate::inbox::Inbox;
use crate::loaded::{Loaded, Marked};
use crate::message::{OwnToken, ToShard};
use crate::shard::refused;
use crate::subscriber;

/// Consultations of one shard that may be under way; more are refused with 503.
pub(crate) const MAX_UNDER_WAY: usize = 8192;

/// Requests of this element's own that wait for an answer, of one shard; more are not sent.
const MAX_OWN: usize = 65_536;

/// A change that this crate's services staged.
#[derive(Debug)]
pub(crate) enum Change {
    /// Bindings, and for whom their set is watched.
    Bindings(StagedChange, Option<Watched>),
    /// A subscription to registrations.
    Subscription(reg_event::Staged),
    /// Nothing, but that everything before it is on disk.
    Barrier,
}

/// What is told when a decision has been carried out.
enum After {
    Changed(Watched),
    Subscribed(reg_event::Staged),
}

#[derive(Clone, Copy)]
enum Key {
    Consult(ConsultId, Hook, usize),
    Adopt(AdoptId, usize),
    Told(usize),
}

/// Consultations of one shard.
pub(crate) struct Consultations {
    active: Arc<Active>,
    loaded: Arc<Loaded>,
    executor: Executor<Key, plugin::Consultation>,
    /// The version each running consultation asks, which its decision pins, and who listens.
    asked: Slab<Asked>,
    audience: Arc<Audience>,
    decided: VecDeque<Input>,
    /// Decisions whose changes are not durable yet, by token.
    storing: Slab<Storing>,
    queue: CommitQueue,
    /// Requests of our own that wait for an answer.
    own: Slab<OwnToken>,
    after: Vec<After>,
    ims: Option<Arc<Ims>>,
    registrations: Arc<Registrations>,
    /// A request that no header field says whose it is, is the caller's.
    is_callers_edge: bool,
}

/// A call of a script that is under way.
struct Asked {
    version: Arc<Plugin>,
    listened: Option<Box<Begun>>,
}

struct Storing {
    /// None: of a hook that decides nothing.
    decided: Option<Decided>,
    after: Vec<After>,
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
    pub(crate) fn new(
        active: Arc<Active>,
        loaded: Arc<Loaded>,
        inbox: Arc<Inbox<ToShard>>,
        queue: CommitQueue,
        ims: Option<Arc<Ims>>,
        registrations: Arc<Registrations>,
        audience: Arc<Audience>,
    ) -> Self {
        Self {
            is_callers_edge: subscriber::is_callers_edge(active.role().name()),
            active,
            loaded,
            executor: Executor::new(Box::new(inbox)),
            asked: Slab::new(),
            audience,
            decided: VecDeque::new(),
            storing: Slab::new(),
            queue,
            own: Slab::new(),
            after: Vec::new(),
            ims,
            registrations,
        }
    }

    /// Asks; the answer comes at once if the script waits for nothing and changes nothing.
    pub(crate) fn ask(&mut self, asked: Consult) -> Option<Input> {
        let Consult {
            id,
            hook,
            message,
            request,
            own_routes,
            source,
            pin,
            mark,
            variables,
            dialog_variables,
        } = asked;
        let pinned = pin.and_then(|pin| pin.downcast::<Plugin>().ok());
        let pinned = pinned.or_else(|| self.marked(mark?));
        let version = match pinned.or_else(|| self.choose(&request, own_routes.as_deref(), source)) {
            Some(version) => version,
            None => return Some(answer(id, refused(hook, ConsultError::NoPlugin))),
        };
        if self.executor.len() >= MAX_UNDER_WAY || self.storing.len() >= MAX_UNDER_WAY {
            return Some(answer(id, refused(hook, ConsultError::Busy)));
        }
        let context = ConsultContext {
            variables: variables.and_then(of_plugin),
            dialog_variables: dialog_variables.map(|all| Arc::new(of_dialog(&all))),
            request: Some(request),
            own_routes,
            ..ConsultContext::new(id.transaction(), source)
        };
        let (place, consultation) = self.call(version, Ask::Message { hook, message, context });
        let consulted = self.executor.start(Key::Consult(id, hook, place), consultation)?;
        self.ended(id, hook, place, consulted)
    }

    fn call(&mut self, version: Arc<Plugin>, ask: Ask) -> (usize, plugin::Consultation) {
        let (ear, listened) = self.audience.begin(&version, &ask);
        let consultation = version.call(ask, ear);
        (self.asked.insert(Asked { version, listened }), consultation)
    }

    /// A call has ended: who was asked.
    fn asked(&mut self, place: usize, consulted: &plugin::Consulted) -> Arc<Plugin> {
        let Asked { version, listened } = self.asked.remove(place);
        if let Some(listened) = listened {
            listened.end(&version, consulted);
        }
        version
    }

    /// The version that took a call which this shard does not know, by what our own Route says; the active one where that
    /// is gone, or has left its calls to it.
    fn marked(&self, mark: Mark) -> Option<Arc<Plugin>> {
        match self.loaded.marked(mark) {
            Marked::Version(version) => return Some(version),
            Marked::Adopted => {}
            Marked::Gone => self.loaded.lost(wall_ms()),
        }
        self.active.plugin()
    }

    /// The version that a transaction of this request takes: its candidate's, where one's terms fit.
    fn choose(
        &self,
        request: &Message,
        own_routes: Option<&[Box<str>]>,
        source: Flow,
    ) -> Option<Arc<Plugin>> {
        self.active.choose(&subscriber::Request::new(
            request,
            own_routes.unwrap_or_default(),
            self.is_callers_edge,
            source.remote.ip(),
            self.ims.as_deref(),
            &self.registrations,
        ))
    }

    /// The next answer that was waited for.
    pub(crate) fn poll(&mut self) -> Option<Input> {
        if self.decided.is_empty() {
            let mut ended = Vec::new();
            self.executor.poll_woken(|key, consulted| ended.push((key, consulted)));
            for (key, consulted) in ended {
                let input = match key {
                    Key::Consult(id, hook, place) => self.ended(id, hook, place, consulted),
                    Key::Adopt(id, place) => Some(self.adopted(id, place, consulted)),
                    Key::Told(place) => {
                        self.told(place, consulted);
                        None
                    }
                };
                self.decided.extend(input);
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
        let Storing { decided, hook, failed, after, .. } = self.storing.remove(place);
        if !failed {
            self.after.extend(after);
        }
        let mut decided = decided?;
        if failed {
            decided.consulted = refused(hook, ConsultError::Store);
            self.give_up(std::mem::take(&mut decided.follow));
        }
        Some(Input::Decided(Box::new(decided)))
    }

    /// A script's timer fired.
    pub(crate) fn timer(&mut self, token: &str) {
        if let Some(version) = self.room_to_tell() {
            self.tell(version, Ask::Timer(token.into()));
        }
    }

    /// Tells the active script of something.
    pub(crate) fn event(&mut self, event: plugin::Event) {
        let version = match &event {
            plugin::Event::RegistrationEnded { address_of_record, .. } => {
                self.active.choose(&subscriber::Subscriber::of(address_of_record, self.ims.as_deref()))
            }
            _ => None,
        };
        self.happened(event, version);
    }

    /// Tells that a dialog is over; it is the business of the version that had it.
    pub(crate) fn dialog_ended(&mut self, ended: node::Ended) {
        let node::Ended { call_id, why, pin } = ended;
        let version = pin.and_then(|pin| pin.version().downcast::<Plugin>().ok());
        self.happened(plugin::Event::DialogEnded { call_id: call_id.into(), why }, version);
    }

    fn happened(&mut self, event: plugin::Event, pinned: Option<Arc<Plugin>>) {
        if let Some(active) = self.room_to_tell() {
            let version = pinned.unwrap_or(active);
            self.tell(version, Ask::Event(event));
        }
    }

    fn tell(&mut self, version: Arc<Plugin>, what: Ask) {
        let (place, told) = self.call(version, what);
        if let Some(consulted) = self.executor.start(Key::Told(place), told) {
            self.told(place, consulted);
        }
    }

    /// A hook that decides nothing has ended: what it staged and sent counts all the same.
    fn told(&mut self, place: usize, consulted: plugin::Consulted) {
        let version = self.asked(place, &consulted);
        self.carry_out(consulted.effects, &version);
    }

    fn carry_out(&mut self, mut effects: Effects, version: &Arc<Plugin>) {
        let follow = self.follow(&mut effects, version);
        self.decided.extend(follow.into_iter().map(|one| Input::Originate(Box::new(one.originate))));
        if !effects.staged.is_empty() {
            self.store(None, Hook::Request, effects.staged);
        }
    }

    /// A request of this element's own; not sent where too many wait.
    pub(crate) fn originate(&mut self, request: Message, token: OwnToken) -> Option<Input> {
        let token = self.own(token)?;
        Some(Input::Originate(Box::new(Originate { request, target: None, timeout: None, token })))
    }

    fn own(&mut self, token: OwnToken) -> Option<u64> {
        (self.own.len() < MAX_OWN).then(|| self.own.insert(token) as u64)
    }

    /// A request of this element's own has its final response.
    pub(crate) fn concluded(&mut self, token: u64, response: Arc<Message>) {
        let Some(token) = usize::try_from(token).ok().and_then(|place| self.own.try_remove(place)) else {
            return;
        };
        match token {
            OwnToken::Notify(of) => {
                if let Some(ims) = &self.ims {
                    ims.notified(&of, response.status());
                }
            }
            OwnToken::Script(token, version) if self.executor.len() < MAX_UNDER_WAY => {
                self.tell(version, Ask::Answer { token: token.into(), response });
            }
            OwnToken::Script(..) | OwnToken::Nobody => {}
        }
    }

    /// What a hook sent, in the node's words.
    fn follow(&mut self, effects: &mut Effects, version: &Arc<Plugin>) -> Vec<Follow> {
        let sends = std::mem::take(&mut effects.sends);
        let mut follow = Vec::with_capacity(sends.len());
        for send in sends {
            let whose = match &*send.token {
                "" => OwnToken::Nobody,
                _ => OwnToken::Script(send.token, Arc::clone(version)),
            };
            let Some(token) = self.own(whose) else { break };
            let originate = Originate { request: send.request, target: None, timeout: send.timeout, token };
            follow.push(Follow { originate, third_party: send.third_party.map(criteria) });
        }
        follow
    }

    /// These are not sent after all: nobody waits for their answers.
    fn give_up(&mut self, follow: Vec<Follow>) {
        for one in follow {
            if let Ok(place) = usize::try_from(one.originate.token) {
                self.own.try_remove(place);
            }
        }
    }

    fn room_to_tell(&self) -> Option<Arc<Plugin>> {
        self.active.plugin().filter(|_| self.executor.len() < MAX_UNDER_WAY)
    }

    /// Hands the changes of this round to the store, and tells of those that are carried out.
    pub(crate) fn flush(&mut self) {
        self.queue.flush();
        if self.after.is_empty() {
            return;
        }
        let now_ms = wall_ms();
        let Some(ims) = &self.ims else { return self.after.clear() };
        for after in self.after.drain(..) {
            match after {
                After::Changed(watched) => ims.changed(&watched, now_ms),
                After::Subscribed(staged) => ims.subscribed(staged, now_ms),
            }
        }
    }

    fn ended(
        &mut self,
        id: ConsultId,
        hook: Hook,
        place: usize,
        consulted: plugin::Consulted,
    ) -> Option<Input> {
        let version = self.asked(place, &consulted);
        let mut effects = consulted.effects;
        let follow = self.follow(&mut effects, &version);
        let consulted = match consulted.result {
            Ok(Outcome::Decision(decision)) => Consulted::Request(Ok(decision)),
            Ok(Outcome::Reply(decision)) => Consulted::Reply(Ok(decision)),
            Ok(Outcome::Done) => refused(hook, ConsultError::Invalid),
            Err(error) => refused(hook, error),
        };
        let number = version.identity().number;
        let is_asked_inside = version.manifest().wants_in_dialog;
        let decided = Decided {
            id,
            consulted,
            mark: is_asked_inside.then(|| Mark::of(&version.identity().digest)).flatten(),
            pin: Some(version),
            variables: effects.variables.map(|all| all as Pin),
            dialog_variables: effects.dialog_variables.map(|all| Box::new(for_dialog(&all))),
            version: number,
            provisionals: effects.provisionals,
            to_tag: effects.to_tag,
            follow,
        };
        if effects.staged.is_empty() {
            return Some(Input::Decided(Box::new(decided)));
        }
        self.store(Some(decided), hook, effects.staged)
    }

    /// Commits what was staged; what waits for nothing comes back at once.
    fn store(&mut self, decided: Option<Decided>, hook: Hook, staged: Vec<Staged>) -> Option<Input> {
        let (mut changes, mut after, mut barrier) = (Vec::new(), Vec::new(), false);
        for staged in staged {
            match staged.downcast::<Change>().map(|change| *change) {
                Ok(Change::Bindings(change, watched)) => {
                    changes.push(change);
                    after.extend(watched.map(After::Changed));
                }
                Ok(Change::Subscription(staged)) => {
                    barrier |= self.ims.as_ref().is_some_and(|ims| ims.keep(&staged, wall_ms()));
                    after.push(After::Subscribed(staged));
                }
                Ok(Change::Barrier) => barrier = true,
                Err(_) => unreachable!("only this crate's services stage changes"),
            }
        }
        // Not even a change of bindings stands for it: there may be nothing in that to store.
        let left = changes.len() + usize::from(barrier);
        if left == 0 {
            self.after.extend(after);
            return decided.map(|decided| Input::Decided(Box::new(decided)));
        }
        let token = self.storing.insert(Storing { decided, after, hook, left, failed: false }) as u64;
        for change in changes {
            self.queue.commit(change, token);
        }
        if barrier {
            self.queue.barrier(token);
        }
        None
    }
}

/// What came of a request, for the figures of the version that took it.
pub(crate) fn answered(answered: &Answered) {
    if let Some(version) = answered.pin.downcast_ref::<Plugin>() {
        let Answered { method, in_dialog, status, took, .. } = *answered;
        version.stats().answered(method, in_dialog, status, took);
    }
}

/// Criteria as the node's answer to a REGISTER needs them.
fn criteria(third_party: ThirdParty) -> ApplicationServer {
    ApplicationServer {
        server_name: String::new(),
        default_handling: None,
        service_info: third_party.service_info.map(Into::into),
        include_register_request: third_party.include_request,
        include_register_response: third_party.include_response,
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

#[cfg(test)]
mod tests;
