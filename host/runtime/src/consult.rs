//! A shard's consultations of scripts: asked, waited for, made durable, answered.
//!
//! In: what the node wants to know. Out: [`node::Input::Decided`]. A decision that rests on staged changes (a
//! registration) is held back until these are durable; changes of one round go to the store together. Requests of a
//! script's own follow its decision; their answers are told to the version that sent them.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use cscf::reg_event;
use ims::service_profile::ApplicationServer;
use node::{
    Answered, Consult, ConsultError, ConsultId, Consulted, Decided, Follow, Hook, Input, Originate, Pin,
};
use plugin::{Active, ConsultContext, Effects, Outcome, Plugin, Staged, ThirdParty, Variables};
use sip::Message;
use slab::Slab;
use storage::{CommitQueue, StagedChange};

use crate::clock::wall_ms;
use crate::executor::{Bell, Executor};
use crate::ims::{Ims, Watched};
use crate::inbox::Inbox;
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
    Told(usize),
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
    /// Requests of our own that wait for an answer.
    own: Slab<OwnToken>,
    after: Vec<After>,
    ims: Option<Arc<Ims>>,
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
        inbox: Arc<Inbox<ToShard>>,
        queue: CommitQueue,
        ims: Option<Arc<Ims>>,
    ) -> Self {
        Self {
            active,
            executor: Executor::new(Box::new(inbox)),
            versions: Slab::new(),
            decided: VecDeque::new(),
            storing: Slab::new(),
            queue,
            own: Slab::new(),
            after: Vec::new(),
            ims,
        }
    }

    /// Asks; the answer comes at once if the script waits for nothing and changes nothing.
    pub(crate) fn ask(&mut self, asked: Consult) -> Option<Input> {
        let Consult { id, hook, message, request, own_routes, source, pin, variables, dialog_variables } =
            asked;
        let pinned = pin.and_then(|pin| pin.downcast::<Plugin>().ok());
        let version = match pinned.or_else(|| self.choose(&request, own_routes.as_deref())) {
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
        let consultation = version.consult(hook, message, context);
        let place = self.versions.insert(version);
        let consulted = self.executor.start(Key::Consult(id, hook, place), consultation)?;
        self.ended(id, hook, place, consulted)
    }

    /// The version that a transaction of this request takes: its subscriber's.
    fn choose(&self, request: &Message, own_routes: Option<&[Box<str>]>) -> Option<Arc<Plugin>> {
        self.active.choose(|| {
            let is_callers_edge = !matches!(self.active.role().name(), "icscf" | "scscf");
            let whose = subscriber::of(&request.head(), own_routes.unwrap_or_default(), is_callers_edge)?;
            Some(subscriber::place(&whose, self.ims.as_deref()))
        })
    }

    /// The next answer that was waited for.
    pub(crate) fn poll(&mut self) -> Option<Input> {
        if self.decided.is_empty() {
            let mut ended = Vec::new();
            self.executor.poll_woken(|key, consulted| ended.push((key, consulted)));
            for (key, consulted) in ended {
                match key {
                    Key::Consult(id, hook, place) => {
                        let input = self.ended(id, hook, place, consulted);
                        self.decided.extend(input);
                    }
                    Key::Told(place) => self.told(place, consulted),
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
            let told = version.timer_fired(token.into());
            self.tell(version, told);
        }
    }

    /// Tells the active script of something.
    pub(crate) fn event(&mut self, event: plugin::Event) {
        let version = match &event {
            plugin::Event::RegistrationEnded { address_of_record, .. } => {
                self.active.choose(|| Some(subscriber::place(address_of_record, self.ims.as_deref())))
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
            let told = version.happened(event);
            self.tell(version, told);
        }
    }

    fn tell(&mut self, version: Arc<Plugin>, told: plugin::Consultation) {
        let place = self.versions.insert(version);
        if let Some(consulted) = self.executor.start(Key::Told(place), told) {
            self.told(place, consulted);
        }
    }

    /// A hook that decides nothing has ended: what it staged and sent counts all the same.
    fn told(&mut self, place: usize, consulted: plugin::Consulted) {
        let version = self.versions.remove(place);
        let mut effects = consulted.effects;
        let follow = self.follow(&mut effects, &version);
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
                let told = version.answered(token.into(), response);
                self.tell(version, told);
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
        let version = self.versions.remove(place);
        let mut effects = consulted.effects;
        let follow = self.follow(&mut effects, &version);
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
        version.stats().answered(answered.method, answered.in_dialog, answered.status);
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
mod tests {
    use super::*;
    use plugin::Role;
    use storage::{Limits, Options, Store};

    const AOR: &str = "sip:bob@biloxi.com";

    struct Nobody;

    impl storage::CommitSink for Nobody {
        fn committed(&self, _: &[u64], _: bool) {}
    }

    fn consultations(store: &Store) -> Consultations {
        let inbox = Arc::new(Inbox::new().unwrap());
        let queue = store.registrations().queue(Arc::new(Nobody));
        Consultations::new(Arc::new(Active::new(Role::new("test"))), inbox, queue, None)
    }

    /// A REGISTER that takes back what was never bound.
    fn register() -> Message {
        let text = "REGISTER sip:biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\n\
                    From: <sip:bob@biloxi.com>;tag=1\r\nTo: <sip:bob@biloxi.com>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\
                    Contact: <sip:bob@192.0.2.4>;expires=0\r\nContent-Length: 0\r\n\r\n";
        Message::parse_datagram(text.as_bytes()).unwrap()
    }

    /// A profile is on disk before the 200 leaves, whatever becomes of the bindings.
    #[test]
    fn a_barrier_is_waited_for_beside_a_change_that_stores_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &Options::default()).unwrap();
        let mut consultations = consultations(&store);
        let limits = Limits { min_expires: 60, max_expires: 7200, default_expires: 3600, max_bindings: 3 };
        let remote = ([192, 0, 2, 4], 5060).into();
        let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
        let staged = store.registrations().register(register().head(), AOR, &limits, flow, wall_ms());
        let change = Change::Bindings(staged.unwrap().1.unwrap(), None);
        let staged: Vec<Staged> = vec![Box::new(Change::Barrier), Box::new(change)];
        assert!(consultations.store(None, Hook::Request, staged).is_none());
        let waiting: Vec<usize> = consultations.storing.iter().map(|(_, storing)| storing.left).collect();
        assert_eq!(waiting, [2]);
        assert!(consultations.stored(0, true).is_none());
        assert_eq!(consultations.storing.len(), 1, "half of it is there");
        assert!(consultations.stored(0, true).is_none());
        assert!(consultations.storing.is_empty());
    }

    /// Else a disk that is full for some time would leave no room for requests of one's own.
    #[test]
    fn what_is_not_sent_after_all_takes_no_place() {
        let store = Store::in_memory(&Options::default());
        let mut consultations = consultations(&store);
        let follow = |token| Follow {
            originate: Originate { request: register(), target: None, timeout: None, token },
            third_party: None,
        };
        let all: Vec<Follow> =
            (0..3).filter_map(|_| consultations.own(OwnToken::Nobody)).map(follow).collect();
        assert_eq!((all.len(), consultations.own.len()), (3, 3));
        consultations.give_up(all);
        assert!(consultations.own.is_empty());
    }
}
