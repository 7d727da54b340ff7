//! Users that an S-CSCF serves: what SAA, RTR and REGISTER do to profiles, bindings and those who watch (TS 24.229 §5.4.1,
//! §5.4.2.1.2; RFC 3680). A second reading of the runtime's `ims/served.rs` and `ims/pushed.rs`, over the same machines.
//!
//! In: answers and requests of the HSS, changes of bindings, the time. Out: changes of [`Inner`], NOTIFYs and events in its
//! outbox.

use cscf::cx::Assigned;
use cscf::reg_event::{self, Bound, Notify};
use cscf::{Assignment, CxFailure, Subscriber};
use diameter::cx::{ReasonCode, RegistrationTerminationRequest};
use diameter::{Command, Message, Reading};
use ims::reginfo::{Event, Registration, RegistrationState};

use super::machine::{Inner, Outbox, SUBSCRIBERS, SUBSCRIPTIONS};
use super::sabotage::ImsSabotage;
use crate::registrar;

/// Attributes of the event `deregistered` (docs/attributes.md).
const PUBLIC_IDENTITY: u16 = 1;
const REASON: u16 = 2;
/// How long a script may take to say goodbye to a set that the HSS took away, ms.
const GOODBYE_MS: u64 = 5_000;

/// What a change of bindings means for those who watch.
#[derive(Debug)]
pub(super) struct Watched {
    set: String,
    identities: Vec<String>,
    before: Vec<registrar::Bound>,
    /// The identity that a REGISTER names.
    named: Option<String>,
}

impl Inner {
    /// What the store holds is served again. A profile without a binding was for services to somebody who is not registered.
    pub(super) fn load(&mut self) {
        let documents = std::mem::take(&mut self.store.documents);
        for ((kind, name), document) in documents {
            let is_kept = match kind {
                SUBSCRIBERS if self.store.registrar.bindings(&name, 0).is_empty() => false,
                SUBSCRIBERS => {
                    let is_registered = self.store.registrar.is_registered(&name, self.now_ms);
                    self.subscribers.load(&document, is_registered)
                }
                _ => self.notifier.load(&document, self.now_ms),
            };
            if is_kept {
                self.store.documents.insert((kind, name), document);
            }
        }
        self.note_subscriptions();
    }

    /// What a successful SAR leads to (TS 29.228 §6.1.2).
    pub(super) fn assigned(
        &mut self,
        public: &str,
        private: &str,
        kind: Assignment,
        assigned: &Assigned,
    ) -> Result<Option<Subscriber>, CxFailure> {
        let is_registered = match kind {
            Assignment::Registration | Assignment::ReRegistration => true,
            Assignment::NoAssignment | Assignment::UnregisteredUser => {
                self.subscribers.find(public).is_some_and(|set| set.is_registered())
            }
            Assignment::AuthenticationFailure | Assignment::AuthenticationTimeout => {
                return Ok(self.subscribers.find(public).map(|set| set.subscriber()));
            }
            _ => return Ok(self.let_go(public)),
        };
        let Some(user_data) = &assigned.user_data else {
            self.subscribers.set_registered(public, is_registered);
            return Ok(self.subscribers.find(public).map(|set| set.subscriber()));
        };
        let private = match (private, &assigned.user_name) {
            ("", Some(named)) => named,
            (named, _) => named,
        };
        let put = self.subscribers.put(user_data, private, &assigned.charging, is_registered)?;
        for gone in &put.replaced {
            self.store.documents.remove(&(SUBSCRIBERS, gone.key().into()));
        }
        self.leaving.stays(put.set.key());
        self.store.documents.insert((SUBSCRIBERS, put.set.key().into()), put.document);
        Ok(Some(put.set.subscriber()))
    }

    /// Lets go of a set.
    pub(super) fn let_go(&mut self, public: &str) -> Option<Subscriber> {
        let gone = self.subscribers.remove(public)?;
        self.store.documents.remove(&(SUBSCRIBERS, gone.key().into()));
        Some(gone.subscriber())
    }

    /// RTR (TS 29.228 §6.1.3): whether anybody was meant.
    pub(crate) fn registration_termination(&mut self, request: &Message) -> bool {
        let dictionary = std::sync::Arc::clone(&self.dictionary);
        let Ok(request) = RegistrationTerminationRequest::parse(request, &Reading::new(&dictionary)) else {
            return false;
        };
        let sets = self.subscribers.of_private(&request.user_name);
        for set in &sets {
            let (key, now_ms) = (set.key().to_owned(), self.now_ms);
            let reason = request.deregistration_reason.reason_code;
            let event = match reason {
                ReasonCode::NewServerAssigned | ReasonCode::ServerChange => Event::Deactivated,
                _ => Event::Rejected,
            };
            if reason == ReasonCode::PermanentTermination {
                self.outbox.push_back(Outbox::Release(key.as_str().into()));
            }
            let bindings = self.store.registrar.bindings(&key, now_ms);
            if let (_, Some(change)) = self.store.registrar.remove(&key, now_ms) {
                self.store.registrar.commit(change);
            }
            let changes: Vec<_> = bindings.iter().map(|bound| (bound, event)).collect();
            self.tell(&key, &self.identities(&key), &changes, true);
            self.subscribers.set_registered(&key, false);
            self.leaving.leaves(&key, now_ms + GOODBYE_MS);
            let attrs =
                vec![(PUBLIC_IDENTITY, key.into_bytes()), (REASON, (reason as i32).to_le_bytes().to_vec())];
            let event = plugin::Event::Other { name: "deregistered".into(), attrs };
            self.outbox.push_back(Outbox::Event(event));
        }
        !sets.is_empty()
    }

    /// What to remember of a set before its bindings change; `None`: nobody will ask.
    pub(super) fn watch(&self, set: &str, by: Option<&sip::Message>) -> Option<Watched> {
        self.subscribers.find(set)?;
        let named = by.and_then(|register| {
            let to = sip::NameAddr::parse(register.header(sip::HeaderId::TO)?).ok()?;
            Some(to.uri().ok()?.aor())
        });
        let before = self.store.registrar.bindings(set, self.now_ms);
        Some(Watched { set: set.into(), identities: self.identities(set), before, named })
    }

    /// The bindings have changed.
    pub(super) fn changed(&mut self, watched: &Watched) {
        let Watched { set, identities, before, named } = watched;
        let after = self.store.registrar.bindings(set, self.now_ms);
        self.subscribers.set_registered(set, !after.is_empty());
        if let Some(named) = named.as_ref().filter(|_| !after.is_empty()) {
            self.subscribers.set_registered_as(set, named);
        }
        let same = |one: &registrar::Bound, other: &registrar::Bound| {
            reg_event::is_same_contact(&one.uri, &other.uri)
        };
        let mut changes = Vec::new();
        for bound in &after {
            match before.iter().find(|one| same(one, bound)) {
                None => changes.push((bound, Event::Registered)),
                Some(one) if one.expires_at_ms > bound.expires_at_ms => {
                    changes.push((bound, Event::Shortened))
                }
                Some(_) => changes.push((bound, Event::Refreshed)),
            }
        }
        for bound in before.iter().filter(|one| !after.iter().any(|other| same(one, other))) {
            changes.push((bound, Event::Unregistered));
        }
        if !changes.is_empty() {
            self.tell(set, identities, &changes, after.is_empty());
        }
    }

    /// Time has passed.
    pub(super) fn expire(&mut self) {
        let now_ms = self.now_ms;
        self.store.keys.retain(|_, key| key.ends_ms.is_none_or(|ends| ends > now_ms));
        let ended = match self.sabotage {
            Some(ImsSabotage::BindingsKept) => Vec::new(),
            _ => self.store.registrar.expire(now_ms),
        };
        for (set, gone) in ended {
            let is_over = !self.store.registrar.is_registered(&set, now_ms);
            if is_over {
                self.subscribers.set_registered(&set, false);
            }
            let changes: Vec<_> = gone.iter().map(|bound| (bound, Event::Expired)).collect();
            self.tell(&set, &self.identities(&set), &changes, is_over);
            for bound in gone {
                self.outbox.push_back(Outbox::Event(plugin::Event::RegistrationEnded {
                    address_of_record: set.clone(),
                    contact: bound.uri,
                    why: "expired",
                }));
            }
        }
        let mut notifier = std::mem::take(&mut self.notifier);
        let notifies = notifier.expire(now_ms, |set| self.state(set));
        self.notifier = notifier;
        self.send(notifies);
        for set in self.leaving.take_due(now_ms) {
            if !self.store.registrar.is_registered(&set, now_ms) {
                self.let_go(&set);
            }
        }
    }

    /// Takes a SUBSCRIBE whose 200 leaves.
    pub(super) fn subscribed(&mut self, staged: reg_event::Staged) {
        let mut notifier = std::mem::take(&mut self.notifier);
        let notify = notifier.commit(staged, self.now_ms, |set| self.state(set));
        self.notifier = notifier;
        self.send(notify);
    }

    /// A NOTIFY was answered.
    pub(crate) fn notified(&mut self, of: &reg_event::SubscriptionId, status: u16) {
        self.notifier.answered(of, status);
        self.note_subscriptions();
    }

    fn tell(
        &mut self,
        set: &str,
        identities: &[String],
        changes: &[(&registrar::Bound, Event)],
        is_over: bool,
    ) {
        let contacts: Vec<_> = changes.iter().map(|(one, event)| (bound(one, self.now_ms), *event)).collect();
        let state = if is_over { RegistrationState::Terminated } else { RegistrationState::Active };
        let names: Vec<&str> = identities.iter().map(String::as_str).collect();
        let explicit = self.registered_as(set);
        let registrations = reg_event::registrations(&names, &contacts, state, explicit.as_deref());
        let notifies = self.notifier.changed(set, self.now_ms, &registrations, is_over);
        self.send(notifies);
    }

    fn send(&mut self, notifies: impl IntoIterator<Item = Notify>) {
        self.outbox.extend(notifies.into_iter().map(Outbox::Notify));
        self.note_subscriptions();
    }

    /// What the notifier wants stored is stored.
    fn note_subscriptions(&mut self) {
        for (name, document) in self.notifier.take_documents() {
            match document {
                Some(document) => drop(self.store.documents.insert((SUBSCRIPTIONS, name), document)),
                None => drop(self.store.documents.remove(&(SUBSCRIPTIONS, name))),
            }
        }
    }

    fn identities(&self, set: &str) -> Vec<String> {
        match self.subscribers.find(set) {
            Some(found) => {
                found.identities().filter(|(_, barred)| !barred).map(|(uri, _)| uri.to_owned()).collect()
            }
            None => vec![set.to_owned()],
        }
    }

    fn registered_as(&self, set: &str) -> Option<String> {
        self.subscribers.find(set)?.registered_as().map(str::to_owned)
    }

    /// The registrations of a set as they are.
    fn state(&self, set: &str) -> Vec<Registration> {
        let bindings = self.store.registrar.bindings(set, self.now_ms);
        let contacts: Vec<_> =
            bindings.iter().map(|one| (bound(one, self.now_ms), Event::Registered)).collect();
        let identities = self.identities(set);
        let names: Vec<&str> = identities.iter().map(String::as_str).collect();
        let state =
            if contacts.is_empty() { RegistrationState::Terminated } else { RegistrationState::Active };
        reg_event::registrations(&names, &contacts, state, self.registered_as(set).as_deref())
    }
}

fn bound(one: &registrar::Bound, now_ms: u64) -> Bound<'_> {
    Bound {
        uri: &one.uri,
        q: one.q.unwrap_or(1000),
        expires: one.seconds_left(now_ms),
        call_id: &one.call_id,
        cseq: one.cseq,
        parameters: "",
    }
}
