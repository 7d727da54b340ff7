//! What the HSS asks of an S-CSCF: Registration-Termination and Push-Profile (TS 29.228 §6.1.3, §6.2.1; TS 24.229 §5.4.1.5).
//!
//! ```text
//!   RTR ─▶ which sets ─▶ sessions end, where it is for good ─▶ bindings gone ─▶ NOTIFY, terminated ─▶ RTA ─▶ the script's on-event, for application servers
//!   PPR ─▶ profile exchanged ─▶ NOTIFY, where identities come and go ─▶ PPA
//! ```
//! In: requests on the Diameter service's thread. Out: an answer to each, whatever the script does. An identity that is
//! not served here is answered USER_UNKNOWN: silence would have the HSS ask again and again.

use std::sync::{Arc, OnceLock, Weak};

use cscf::cx::charging;
use cscf::subscribers::Set;
use diameter::cx::{
    AnswerHead, PushProfileAnswer, PushProfileRequest, ReasonCode, RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
};
use diameter::{Command, CommandCode, CxResult, Failure, FailureKind, Outcome};
use ims::reginfo::Event;
use transport::diameter::{Incoming, Requests};

use super::served::tell_unknown;
use super::{Ims, SUBSCRIBERS};
use crate::clock::wall_ms;
use crate::message::ToShard;

/// Attributes of the event `deregistered` (`docs/attributes.md`).
const PUBLIC_IDENTITY: u16 = 1;
const REASON: u16 = 2;

/// Takes requests for an [`Ims`] that comes to be after the service that brings them.
#[derive(Default)]
pub(crate) struct Pushed(OnceLock<Weak<Ims>>);

impl Pushed {
    /// From now on they are this one's.
    pub(crate) fn are_for(&self, ims: &Arc<Ims>) {
        let _ = self.0.set(Arc::downgrade(ims));
    }
}

impl Requests for Pushed {
    fn request(&self, incoming: Incoming) {
        // Before the start and after the end there is nobody; the service answers UNABLE_TO_COMPLY.
        let Some(ims) = self.0.get().and_then(Weak::upgrade) else { return };
        match incoming.message().header().command {
            CommandCode::REGISTRATION_TERMINATION => ims.registration_termination(incoming),
            CommandCode::PUSH_PROFILE => ims.push_profile(incoming),
            _ => incoming.refuse(&Failure::of_message(FailureKind::CommandUnsupported)),
        }
    }
}

impl Ims {
    fn registration_termination(&self, incoming: Incoming) {
        let parsed = RegistrationTerminationRequest::parse(incoming.message(), &self.diameter.reading());
        let request = match parsed {
            Ok(request) => request,
            Err(failure) => return incoming.refuse(&failure),
        };
        let now_ms = wall_ms();
        let sets = self.meant(&request);
        let outcome = if sets.is_empty() { CxResult::ERROR_USER_UNKNOWN.into() } else { Outcome::SUCCESS };
        let reason = request.deregistration_reason.reason_code;
        for set in &sets {
            self.terminate(set, reason, now_ms);
        }
        tracing::info!(sets = sets.len(), ?reason, "the HSS ends registrations");
        let answer = RegistrationTerminationAnswer {
            head: AnswerHead::to(&request.head, self.diameter.origin().clone(), outcome),
            associated_identities: None,
            identities_with_emergency_registration: Vec::new(),
            other: Vec::new(),
        };
        match answer.print() {
            Ok(answer) => incoming.answer(answer),
            Err(_) => drop(incoming),
        }
    }

    /// The sets of the public identities that are named, else of all private identities (TS 29.228 §6.1.3.1).
    fn meant(&self, request: &RegistrationTerminationRequest) -> Vec<Arc<Set>> {
        let subscribers = self.subscribers.read();
        let mut sets: Vec<Arc<Set>> = Vec::new();
        let mut add = |set: Arc<Set>| {
            if !sets.iter().any(|own| Arc::ptr_eq(own, &set)) {
                sets.push(set);
            }
        };
        if request.public_identities.is_empty() {
            let associated = request.associated_identities.iter().flat_map(|all| &all.user_names);
            for private in [&request.user_name].into_iter().chain(associated) {
                subscribers.of_private(private).into_iter().for_each(&mut add);
            }
        } else {
            let named = request.public_identities.iter().filter_map(|identity| subscribers.find(identity));
            named.cloned().for_each(&mut add);
        }
        sets
    }

    /// Nothing of the set is registered any more.
    fn terminate(&self, set: &Set, reason: ReasonCode, now_ms: u64) {
        let key = set.key();
        let event = match reason {
            // §5.4.1.5: the phone is to register anew, elsewhere.
            ReasonCode::NewServerAssigned | ReasonCode::ServerChange => Event::Deactivated,
            _ => Event::Rejected,
        };
        // Before the registration (§5.4.1.5). Who is only to register anew, with another S-CSCF or this one, goes on talking.
        if reason == ReasonCode::PermanentTermination {
            for inbox in self.inboxes.iter() {
                inbox.extend([ToShard::Release { served_user: key.into() }]);
            }
        }
        self.end_contacts(set, event, now_ms);
        self.subscribers.write().set_registered(key, false);
        self.leaves(key, now_ms);
        let attrs = vec![
            (PUBLIC_IDENTITY, key.as_bytes().to_vec()),
            (REASON, (reason as i32).to_le_bytes().to_vec()),
        ];
        self.inbox.extend([ToShard::Event(plugin::Event::Other { name: "deregistered".into(), attrs })]);
    }

    /// The contacts of a set are gone, and those who watch are told why.
    pub(super) fn end_contacts(&self, set: &Set, event: Event, now_ms: u64) {
        let key = set.key();
        let bindings = self.registrations.lookup(key, now_ms);
        if let (_, Some(removal)) = self.registrations.remove(key, now_ms) {
            let done = |result: Result<(), storage::StoreError>| {
                if let Err(error) = result {
                    tracing::error!(%error, "a removal by the HSS is not on disk");
                }
            };
            self.registrations.commit(removal, Box::new(done));
        }
        let changes: Vec<_> = bindings.iter().map(|binding| (binding, event)).collect();
        // Whoever watches a set that has no contact hears of its end too (RFC 6665 §4.2.2; TS 24.229 §5.4.2.1.2).
        self.tell_all(key, &shown(set), &changes, true, now_ms);
    }

    fn push_profile(&self, incoming: Incoming) {
        let request = match PushProfileRequest::parse(incoming.message(), &self.diameter.reading()) {
            Ok(request) => request,
            Err(failure) => return incoming.refuse(&failure),
        };
        let outcome = self.exchange(&request);
        let answer = PushProfileAnswer {
            head: AnswerHead::to(&request.head, self.diameter.origin().clone(), outcome),
            other: Vec::new(),
        };
        match answer.print() {
            Ok(answer) => incoming.answer(answer),
            Err(_) => drop(incoming),
        }
    }

    /// Takes a profile in the place of the one there is.
    fn exchange(&self, request: &PushProfileRequest) -> Outcome {
        let mut subscribers = self.subscribers.write();
        let sets = subscribers.of_private(&request.user_name);
        if sets.is_empty() {
            return CxResult::ERROR_USER_UNKNOWN.into();
        }
        let charging = request.charging_information.as_ref().map(charging);
        let Some(user_data) = &request.user_data else {
            // Charging alone (§6.2.1.1) counts for all that this user has.
            if let Some(charging) = &charging {
                sets.iter().for_each(|set| subscribers.set_charging(set.key(), charging));
            }
            return Outcome::SUCCESS;
        };
        match subscribers.exchange(user_data, &request.user_name, charging.as_deref()) {
            Ok(put) => {
                tell_unknown(&put);
                for gone in &put.replaced {
                    self.documents.remove(SUBSCRIBERS, gone.key());
                }
                let key = put.set.key();
                self.documents.put(SUBSCRIBERS, key, &put.document);
                let now_ms = wall_ms();
                subscribers.set_registered(key, self.registrations.is_registered(key, now_ms));
                drop(subscribers);
                if let Some(before) = sets.iter().find(|before| before.key() == key) {
                    let (before, now) = (shown(before), shown(&put.set));
                    let without = |all: &[String], others: &[String]| -> Vec<String> {
                        all.iter().filter(|one| !others.contains(one)).cloned().collect()
                    };
                    self.tell_identities(key, &without(&before, &now), &without(&now, &before), now_ms);
                }
                // Contacts are kept under the default identity. Where that is another one, the phones register anew at once
                // (§5.4.1.5, §5.1.1.7), and are found again.
                for gone in put.replaced.iter().filter(|gone| gone.key() != key) {
                    self.end_contacts(gone, Event::Deactivated, now_ms);
                }
                Outcome::SUCCESS
            }
            Err(_) => CxResult::ERROR_NOT_SUPPORTED_USER_DATA.into(),
        }
    }
}

/// The identities of a set that those who watch it are shown.
fn shown(set: &Set) -> Vec<String> {
    set.identities().filter(|(_, barred)| !barred).map(|(uri, _)| uri.to_owned()).collect()
}
