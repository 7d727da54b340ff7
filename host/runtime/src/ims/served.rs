//! The users that this S-CSCF serves: their profiles in memory and on disk, and who watches their registrations.
//!
//! In: answers of the HSS, changes of bindings, SUBSCRIBEs, time. Out: what scripts ask; NOTIFYs to a shard. The rules are
//! `cscf`'s.

use std::sync::Arc;

use cscf::cx::Assigned;
use cscf::reg_event::{self, Bound, Notify};
use cscf::subscribers::Put;
use cscf::{
    Assignment, CxFailure, Notifier, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber,
    Triggered,
};
use ims::reginfo::{Event, Registration, RegistrationState};
use storage::Binding;

use super::{Ims, SUBSCRIBERS, SUBSCRIPTIONS};
use crate::clock::wall_ms;
use crate::message::{OwnToken, ToShard};
use crate::secrets::fresh;

/// What a REGISTER will do to the bindings of a set, for those who watch.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The set.
    set: Box<str>,
    /// Its public identities that are shown: when those who watch are told, the set may have been let go.
    identities: Vec<String>,
    /// The bindings as they are before.
    before: Vec<Binding>,
    /// The identity that a REGISTER names.
    named: Option<String>,
}

/// How long a script may take to say goodbye to a set that the HSS took away, ms.
const GOODBYE_MS: u64 = 5_000;

/// A profile counts without the shared sets that it names and that are not there, and somebody has to put that right.
pub(super) fn tell_unknown(put: &Put) {
    if !put.unknown_shared_sets.is_empty() {
        let sets = &put.unknown_shared_sets;
        tracing::warn!(?sets, "a profile names shared filter criteria that cx.shared_ifc does not have");
    }
}

impl Ims {
    /// What a successful SAR leads to (TS 29.228 §6.1.2): the subscriber, and whether its document has changed.
    pub(super) fn assigned(
        &self,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
        assigned: Assigned,
    ) -> Result<(Option<Subscriber>, bool), CxFailure> {
        let mut subscribers = self.subscribers.write();
        let is_registered = match kind {
            Assignment::Registration | Assignment::ReRegistration => true,
            Assignment::NoAssignment | Assignment::UnregisteredUser => {
                subscribers.find(public_identity).is_some_and(|set| set.is_registered())
            }
            // Nothing is assigned and nothing ends (TS 24.229 §5.4.1.2.3).
            Assignment::AuthenticationFailure | Assignment::AuthenticationTimeout => {
                return Ok((subscribers.find(public_identity).map(|set| set.subscriber()), false));
            }
            _ => {
                let gone = subscribers.remove(public_identity);
                if let Some(gone) = &gone {
                    self.documents.remove(SUBSCRIBERS, gone.key());
                }
                return Ok((gone.map(|set| set.subscriber()), true));
            }
        };
        let Some(user_data) = &assigned.user_data else {
            // It has been told that we have it; or, as some do, it gives none for unregistered users.
            subscribers.set_registered(public_identity, is_registered);
            return Ok((subscribers.find(public_identity).map(|set| set.subscriber()), false));
        };
        let private = match (private_identity, &assigned.user_name) {
            ("", Some(named)) => named.as_str(),
            (named, _) => named,
        };
        let put = subscribers.put(user_data, private, &assigned.charging, is_registered)?;
        tell_unknown(&put);
        for gone in &put.replaced {
            self.documents.remove(SUBSCRIBERS, gone.key());
        }
        let key = put.set.key();
        self.leaving.lock().stays(key);
        self.documents.put(SUBSCRIBERS, key, &put.document);
        // Contacts are kept under the default identity, which is another one than before.
        for gone in put.replaced.iter().filter(|gone| gone.key() != key) {
            self.end_contacts(gone, Event::Deactivated, wall_ms());
        }
        Ok((Some(put.set.subscriber()), true))
    }

    /// The default identity of the set that an identity is of; `None`: it is not served.
    pub(crate) fn default_identity(&self, public_identity: &str) -> Option<String> {
        self.subscribers.read().find(public_identity).map(|set| set.key().to_owned())
    }

    /// Whose public identity this is.
    pub(crate) fn subscriber(&self, public_identity: &str) -> Option<Subscriber> {
        self.subscribers.read().find(public_identity).map(|set| set.subscriber())
    }

    /// Lets go of a set.
    pub(crate) fn forget(&self, public_identity: &str) -> bool {
        let gone = self.subscribers.write().remove(public_identity);
        if let Some(gone) = &gone {
            self.documents.remove(SUBSCRIBERS, gone.key());
        }
        gone.is_some()
    }

    /// The next filter criteria.
    pub(crate) fn next_criteria(
        &self,
        served_user: &str,
        request: &sip::Message,
        case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let set = Arc::clone(self.subscribers.read().find(served_user)?);
        set.next_criteria(served_user, request.head(), case, after)
    }

    /// All filter criteria of a registration.
    pub(crate) fn register_criteria(
        &self,
        served_user: &str,
        register: &sip::Message,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let set = self.subscribers.read().find(served_user).cloned();
        set.map(|set| set.register_criteria(served_user, register.head(), registration_type))
            .unwrap_or_default()
    }

    /// Looks at a SUBSCRIBE: seconds, To tag, and what [`Ims::subscribed`] takes.
    pub(crate) fn subscribe(
        &self,
        message: &sip::Message,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
        now_ms: u64,
    ) -> Result<(u32, Box<str>, reg_event::Staged), SubscribeRefusal> {
        let set = self.subscribers.read().find(public_identity).cloned().ok_or(SubscribeRefusal::Unknown)?;
        let notifier = self.notifier.lock();
        notifier.subscribe(message.head(), set.key(), contact, max_expires, now_ms, fresh())
    }

    /// Writes what must be on disk before the 200 to a SUBSCRIBE leaves. Whether there is anything to wait for.
    pub(crate) fn keep(&self, staged: &reg_event::Staged, now_ms: u64) -> bool {
        let document = self.notifier.lock().document_of(staged, now_ms);
        // Too long a name for the disk: it lasts until a restart.
        document.is_some_and(|(name, document)| self.documents.put(SUBSCRIPTIONS, &name, &document))
    }

    /// Takes a SUBSCRIBE whose 200 has left: its first NOTIFY.
    pub(crate) fn subscribed(&self, staged: reg_event::Staged, now_ms: u64) {
        let notify =
            self.notifying(|notifier| notifier.commit(staged, now_ms, |set| self.state(set, now_ms)));
        self.send(notify);
    }

    /// Does something with the notifier; what follows for the disk is written.
    fn notifying<T>(&self, act: impl FnOnce(&mut Notifier) -> T) -> T {
        let mut notifier = self.notifier.lock();
        let result = act(&mut notifier);
        for (name, document) in notifier.take_documents() {
            match document {
                // Too long a name for the disk: it lasts until a restart.
                Some(document) => drop(self.documents.put(SUBSCRIPTIONS, &name, &document)),
                None => self.documents.remove(SUBSCRIPTIONS, &name),
            }
        }
        result
    }

    /// The subscriptions that the disk holds go on.
    pub(super) fn load_subscriptions(&self, now_ms: u64) {
        let loaded = self.documents.take(SUBSCRIPTIONS);
        let over = self.notifying(|notifier| {
            let over = loaded.iter().filter(|(_, document)| !notifier.load(document, now_ms));
            over.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        });
        for name in over {
            self.documents.remove(SUBSCRIPTIONS, &name);
        }
    }

    /// A NOTIFY was answered.
    pub(crate) fn notified(&self, of: &reg_event::SubscriptionId, status: u16) {
        self.notifying(|notifier| notifier.answered(of, status));
    }

    /// What to remember of a set before its bindings change; absent where nobody will ask.
    /// `by`: the REGISTER that changes them.
    pub(crate) fn watch(&self, set: &str, by: Option<&sip::Message>, now_ms: u64) -> Option<Watched> {
        let is_served = self.subscribers.read().find(set).is_some();
        if !is_served {
            return None;
        }
        let is_watched = self.notifier.lock().is_watched(set);
        let (identities, before) = match is_watched {
            true => (self.identities(set), self.registrations.lookup(set, now_ms)),
            false => (Vec::new(), Vec::new()),
        };
        Some(Watched { set: set.into(), identities, before, named: by.and_then(named) })
    }

    /// The bindings have changed: those who watch are told what became of each (RFC 3680 §4.1).
    pub(crate) fn changed(&self, watched: &Watched, now_ms: u64) {
        let Watched { set, identities, before, named } = watched;
        let after = self.registrations.lookup(set, now_ms);
        {
            let mut subscribers = self.subscribers.write();
            subscribers.set_registered(set, !after.is_empty());
            if let Some(named) = named.as_ref().filter(|_| !after.is_empty()) {
                subscribers.set_registered_as(set, named);
            }
        }
        if !self.notifier.lock().is_watched(set) {
            return;
        }
        let same = |one: &Binding, other: &Binding| reg_event::is_same_contact(&one.uri, &other.uri);
        let mut changes: Vec<(&Binding, Event)> = Vec::new();
        for binding in &after {
            match before.iter().find(|one| same(one, binding)) {
                None => changes.push((binding, Event::Registered)),
                Some(one) if one.expires_at_ms > binding.expires_at_ms => {
                    changes.push((binding, Event::Shortened))
                }
                Some(one) if one.cseq != binding.cseq || one.call_id != binding.call_id => {
                    changes.push((binding, Event::Refreshed));
                }
                Some(_) => {}
            }
        }
        for binding in before.iter().filter(|one| !after.iter().any(|other| same(one, other))) {
            changes.push((binding, Event::Unregistered));
        }
        // Somebody may watch since.
        let now = if identities.is_empty() { self.identities(set) } else { Vec::new() };
        let identities = if identities.is_empty() { &now } else { identities };
        self.tell(set, identities, &changes, after.is_empty(), now_ms);
    }

    /// A binding has ended by itself.
    pub(crate) fn ended(&self, set: &str, contact: &str, now_ms: u64) {
        let is_over = !self.registrations.is_registered(set, now_ms);
        if is_over {
            self.subscribers.write().set_registered(set, false);
        }
        let gone = gone(contact);
        self.tell(set, &self.identities(set), &[(&gone, Event::Expired)], is_over, now_ms);
    }

    /// Those who watch a set are told, of each of these identities (TS 24.229 §5.4.2.1.2).
    pub(super) fn tell(
        &self,
        set: &str,
        identities: &[String],
        changes: &[(&Binding, Event)],
        is_over: bool,
        now_ms: u64,
    ) {
        if !changes.is_empty() {
            self.tell_all(set, identities, changes, is_over, now_ms);
        }
    }

    /// The same, also where nothing has become of any contact: a registration that is over is for all who watch it.
    pub(super) fn tell_all(
        &self,
        set: &str,
        identities: &[String],
        changes: &[(&Binding, Event)],
        is_over: bool,
        now_ms: u64,
    ) {
        let contacts: Vec<_> =
            changes.iter().map(|(binding, event)| (bound(binding, now_ms), *event)).collect();
        let state = if is_over { RegistrationState::Terminated } else { RegistrationState::Active };
        let names: Vec<&str> = identities.iter().map(String::as_str).collect();
        let explicit = self.registered_as(set);
        let registrations = reg_event::registrations(&names, &contacts, state, explicit.as_deref());
        let notifies = self.notifying(|notifier| notifier.changed(set, now_ms, &registrations, is_over));
        self.send(notifies);
    }

    /// Those who watch a set are told of identities that it has no longer, and of those that it has now (TS 24.229
    /// §5.4.2.1.2).
    pub(super) fn tell_identities(&self, set: &str, gone: &[String], new: &[String], now_ms: u64) {
        let bindings = self.registrations.lookup(set, now_ms);
        let of = |identities: &[String], event, state| {
            let contacts: Vec<_> = bindings.iter().map(|binding| (bound(binding, now_ms), event)).collect();
            let names: Vec<&str> = identities.iter().map(String::as_str).collect();
            reg_event::registrations(&names, &contacts, state, None)
        };
        let mut registrations = of(gone, Event::Deactivated, RegistrationState::Terminated);
        registrations.extend(of(new, Event::Created, RegistrationState::Active));
        if !registrations.is_empty() && !bindings.is_empty() {
            let notifies = self.notifying(|notifier| notifier.changed(set, now_ms, &registrations, false));
            self.send(notifies);
        }
    }

    /// Time has passed.
    pub(crate) fn expire(&self, now_ms: u64) {
        let notifies = self.notifying(|notifier| notifier.expire(now_ms, |set| self.state(set, now_ms)));
        self.send(notifies);
        let due = self.leaving.lock().take_due(now_ms);
        for set in due.iter().filter(|set| !self.registrations.is_registered(set, now_ms)) {
            self.forget(set);
        }
    }

    /// A set is let go once its script has said goodbye.
    pub(super) fn leaves(&self, set: &str, now_ms: u64) {
        self.leaving.lock().leaves(set, now_ms + GOODBYE_MS);
    }

    pub(super) fn identities(&self, set: &str) -> Vec<String> {
        let found = self.subscribers.read().find(set).cloned();
        match found {
            Some(found) => {
                found.identities().filter(|(_, barred)| !barred).map(|(uri, _)| uri.to_owned()).collect()
            }
            None => vec![set.to_owned()],
        }
    }

    /// The registrations of a set as they are.
    fn state(&self, set: &str, now_ms: u64) -> Vec<Registration> {
        let bindings = self.registrations.lookup(set, now_ms);
        let contacts: Vec<_> =
            bindings.iter().map(|binding| (bound(binding, now_ms), Event::Registered)).collect();
        let identities = self.identities(set);
        let names: Vec<&str> = identities.iter().map(String::as_str).collect();
        let state =
            if contacts.is_empty() { RegistrationState::Terminated } else { RegistrationState::Active };
        reg_event::registrations(&names, &contacts, state, self.registered_as(set).as_deref())
    }

    /// The identity of a set that is registered explicitly.
    fn registered_as(&self, set: &str) -> Option<String> {
        self.subscribers.read().find(set)?.registered_as().map(str::to_owned)
    }

    fn send(&self, notifies: impl IntoIterator<Item = Notify>) {
        let told = notifies
            .into_iter()
            .map(|Notify { of, request }| ToShard::Originate { request, token: OwnToken::Notify(of) });
        self.inbox.extend(told);
    }
}

/// The identity that a REGISTER is for (RFC 3261 §10.2: To).
fn named(register: &sip::Message) -> Option<String> {
    let to = sip::NameAddr::parse(register.header(sip::HeaderId::TO)?).ok()?;
    Some(to.uri().ok()?.aor())
}

fn bound(binding: &Binding, now_ms: u64) -> Bound<'_> {
    Bound {
        uri: &binding.uri,
        q: binding.q,
        expires: binding.seconds_left(now_ms),
        call_id: &binding.call_id,
        cseq: binding.cseq,
        parameters: &binding.parameters,
    }
}

/// A binding that is no more, of which only the contact is known.
fn gone(contact: &str) -> Binding {
    Binding {
        uri: contact.into(),
        q: 1000,
        expires_at_ms: 0,
        path: Vec::new(),
        parameters: "".into(),
        call_id: "".into(),
        cseq: 0,
        flow: None,
        outbound: false,
    }
}
