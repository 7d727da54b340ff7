//! What scripts of a CSCF ask of the machine ([`plugin::Services`]), answered from [`Inner`]; questions to the HSS are
//! futures that the world wakes.
//!
//! In: a script's question. Out: plain values, and [`Change`]s that are made with the decision.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use cscf::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered, cx,
    reg_event,
};
use diameter::{Message, Reading};
use plugin::{
    Asking, Binding, CredentialsKind, Entry, Level, Pending, PutRefusal, Refusal, Registration,
    RegistrationLimits, Services, Staged, Subscribed, Verdict,
};

use super::machine::{Answer, Inner, Key, Machine, Outbox};
use super::sabotage::ImsSabotage;
use super::served::Watched;
use crate::registrar;

/// What a script's call staged.
pub(super) enum Change {
    /// Bindings, and for whom their set is watched.
    Bindings(registrar::Change, Option<Watched>),
    /// A subscription to registrations.
    Subscription(reg_event::Staged),
    /// Nothing, but that everything before it is on disk.
    Barrier,
}

/// An answer of the HSS that is not here yet.
struct Waiting {
    machine: Machine,
    number: u64,
}

impl Future for Waiting {
    type Output = Result<Message, CxFailure>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.machine.with(|inner| match inner.questions.remove(&self.number) {
            Some(Answer::Here(answer)) => Poll::Ready(answer),
            Some(Answer::Awaited) => {
                inner.questions.insert(self.number, Answer::Awaited);
                Poll::Pending
            }
            None => Poll::Ready(Err(CxFailure::Unreachable)),
        })
    }
}

/// Who does not wait any more gives the question up.
impl Drop for Waiting {
    fn drop(&mut self) {
        self.machine.with(|inner| inner.questions.remove(&self.number));
    }
}

impl Machine {
    /// Sends a question, and reads the answer when it is there.
    fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(&mut Inner, String) -> Result<Message, CxFailure>,
        read: impl FnOnce(&mut Inner, &Message, &Reading<'_>) -> Result<T, CxFailure> + Send + 'static,
    ) -> Pending<Result<T, CxFailure>> {
        let asked = self.with(|inner| {
            inner.asked += 1;
            let number = inner.asked;
            let session = format!("{};{};{number}", inner.cx.origin.host.as_str(), inner.now_ms);
            let request = request(inner, session)?;
            inner.questions.insert(number, Answer::Awaited);
            inner.outbox.push_back(Outbox::Ask { number, request });
            Ok(number)
        });
        let waiting = match asked {
            Ok(number) => Waiting { machine: self.clone(), number },
            Err(refused) => return Box::pin(std::future::ready(Err(refused))),
        };
        let machine = self.clone();
        Box::pin(async move {
            let answer = waiting.await?;
            machine.with(|inner| {
                let dictionary = std::sync::Arc::clone(&inner.dictionary);
                read(inner, &answer, &Reading::new(&dictionary))
            })
        })
    }

    fn staged(&self, set: &str, by: Option<&sip::Message>, change: registrar::Change) -> Staged {
        Box::new(Change::Bindings(change, self.with(|inner| inner.watch(set, by))))
    }
}

impl Services for Machine {
    fn now_ms(&self) -> u64 {
        self.with(|inner| inner.now_ms)
    }

    fn random(&self, out: &mut [u8]) {
        self.with(|inner| inner.random.fill(out));
    }

    fn log(&self, _: &Asking<'_>, _: Level, _: &str) {}

    fn verify(&self, _: &Asking<'_>, _: CredentialsKind, _: &str) -> Verdict {
        Verdict::Absent
    }

    fn register(
        &self,
        asking: &Asking<'_>,
        address_of_record: &str,
        limits: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        let (Some(message), Some(flow)) = (asking.message, asking.flow) else {
            return Err(Refusal::Malformed);
        };
        let (registration, change) = self.with(|inner| {
            inner.store.registrar.register(message.head(), address_of_record, limits, flow, asking.now_ms)
        })?;
        Ok((registration, change.map(|change| self.staged(address_of_record, Some(message), change))))
    }

    fn is_registered(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        self.with(|inner| inner.store.registrar.is_registered(address_of_record, asking.now_ms))
    }

    fn is_registered_here(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        let is_here = |inner: &mut Inner, flow| {
            inner.store.registrar.is_registered_here(address_of_record, flow, asking.now_ms)
        };
        asking.flow.is_some_and(|flow| self.with(|inner| is_here(inner, flow)))
    }

    fn lookup(&self, asking: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        self.with(|inner| inner.store.registrar.lookup(address_of_record, asking.now_ms))
    }

    fn remove(&self, asking: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        let (count, change) =
            self.with(|inner| inner.store.registrar.remove(address_of_record, asking.now_ms));
        (count, change.map(|change| self.staged(address_of_record, None, change)))
    }

    fn targets(&self, asking: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        self.with(|inner| inner.store.registrar.targets(address_of_record, asking.now_ms, into));
    }

    fn get(&self, asking: &Asking<'_>, key: &str) -> Option<Entry> {
        self.with(|inner| {
            let found = inner.store.keys.get(key)?;
            let is_there = found.ends_ms.is_none_or(|ends| ends > asking.now_ms);
            is_there.then(|| Entry { value: found.value.clone(), revision: found.revision })
        })
    }

    fn put(
        &self,
        asking: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        lifetime: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let revision = self.get(asking, key).map_or(0, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != revision) {
            return Err(PutRefusal::Conflict(revision));
        }
        let ends_ms = lifetime.map(|lifetime| asking.now_ms + lifetime.as_millis() as u64);
        let entry = Key { value, revision: revision + 1, ends_ms };
        self.with(|inner| inner.store.keys.insert(key.into(), entry));
        Ok(revision + 1)
    }

    fn delete(&self, _: &Asking<'_>, key: &str) -> bool {
        self.with(|inner| inner.store.keys.remove(key).is_some())
    }

    fn start_timer(&self, asking: &Asking<'_>, token: &str, after: Duration) -> bool {
        let at = asking.now_ms + after.as_millis() as u64;
        self.with(|inner| inner.timers.insert(token.into(), at));
        true
    }

    fn cancel_timer(&self, _: &Asking<'_>, token: &str) -> bool {
        self.with(|inner| inner.timers.remove(token).is_some())
    }

    fn settle(&self, _: &Asking<'_>) -> Option<Staged> {
        Some(Box::new(Change::Barrier))
    }

    fn seal(&self, asking: &Asking<'_>, data: &[u8]) -> String {
        self.with(|inner| inner.sealer.seal(&asking.identity.role, data))
    }

    fn unseal(&self, asking: &Asking<'_>, token: &str) -> Option<Vec<u8>> {
        self.with(|inner| inner.sealer.unseal(&asking.identity.role, token))
    }

    fn flow_token(&self, flow: sip::Flow) -> String {
        self.with(|inner| {
            let known = inner.flows.iter().position(|own| *own == flow);
            let place = known.unwrap_or_else(|| {
                inner.flows.push(flow);
                inner.flows.len() - 1
            });
            format!("flow{place}")
        })
    }

    fn flow_of(&self, token: &str) -> Option<sip::Flow> {
        let place: usize = token.strip_prefix("flow")?.parse().ok()?;
        self.with(|inner| inner.flows.get(place).copied())
    }

    fn user_authorization(&self, _: &Asking<'_>, of: Authorization) -> Pending<Result<Location, CxFailure>> {
        self.ask(
            |inner, session| inner.cx.user_authorization(session, &of),
            |_, answer, reading| cx::read_user_authorization(answer, reading),
        )
    }

    fn location_info(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        self.ask(
            |inner, session| inner.cx.location_info(session, &public_identity, originating, kind),
            |_, answer, reading| cx::read_location_info(answer, reading),
        )
    }

    fn verify_private(
        &self,
        asking: &Asking<'_>,
        private_identity: &str,
        realm: &str,
    ) -> AuthenticationVerdict {
        let Some(message) = asking.message else { return AuthenticationVerdict::Absent };
        self.with(|inner| {
            let verdict = inner.challenges.verify(message.head(), private_identity, realm, asking.now_ms);
            if inner.sabotage != Some(ImsSabotage::VectorsKept) {
                return verdict;
            }
            let proof = message.header(sip::HeaderId::AUTHORIZATION).unwrap_or_default().to_vec();
            match verdict {
                AuthenticationVerdict::Accepted => inner.accepted.push(proof),
                _ if inner.accepted.contains(&proof) => return AuthenticationVerdict::Accepted,
                _ => {}
            }
            verdict
        })
    }

    fn challenge(
        &self,
        _: &Asking<'_>,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        let private = private_identity.clone();
        self.ask(
            move |inner, session| {
                let resynchronisation = inner.challenges.take_resynchronisation(&private);
                let (cx, resynchronisation) = (&inner.cx, resynchronisation.as_ref());
                cx.multimedia_auth(session, &private, &public_identity, scheme, resynchronisation)
            },
            move |inner, answer, reading| {
                let item = cx::read_multimedia_auth(answer, reading)?;
                let luck = inner.random.bytes();
                inner.challenges.keep(&item, &private_identity, &realm, inner.now_ms, luck)
            },
        )
    }

    fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        self.with(|inner| inner.challenges.take_value(number))
    }

    fn assign(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        if let Some(answer) = self.with(|inner| inner.assign_alone(&public_identity, &private_identity, kind))
        {
            let barrier: Option<Staged> = Some(Box::new(Change::Barrier));
            return Box::pin(std::future::ready(answer.map(|subscriber| (subscriber, barrier))));
        }
        let (public, private) = (public_identity.clone(), private_identity.clone());
        self.ask(
            move |inner, session| {
                let has_profile = inner.subscribers.find(&public).is_some();
                inner.cx.server_assignment(session, &public, &private, kind, has_profile)
            },
            move |inner, answer, reading| {
                let assigned = cx::read_server_assignment(answer, reading)?;
                let subscriber = inner.assigned(&public_identity, &private_identity, kind, &assigned)?;
                Ok((subscriber, Some(Box::new(Change::Barrier) as Staged)))
            },
        )
    }

    fn subscriber(&self, _: &Asking<'_>, public_identity: &str) -> Option<Subscriber> {
        self.with(|inner| inner.subscribers.find(public_identity).map(|set| set.subscriber()))
    }

    fn forget_subscriber(&self, _: &Asking<'_>, public_identity: &str) -> bool {
        self.with(|inner| inner.let_go(public_identity).is_some())
    }

    fn next_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let request = asking.request?;
        self.with(|inner| {
            // The sabotage: a chain that always begins anew, once.
            let after = match inner.sabotage {
                Some(ImsSabotage::ChainTwice) if after.is_some() && inner.random.chance(500) => None,
                _ => after,
            };
            let set = std::sync::Arc::clone(inner.subscribers.find(served_user)?);
            set.next_criteria(served_user, request.head(), session_case, after)
        })
    }

    fn register_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let in_hand = asking.request.filter(|request| request.method() == sip::Method::Register).cloned();
        let Some(register) = in_hand.or_else(|| cscf::subscribers::plain_register(served_user)) else {
            return Vec::new();
        };
        self.with(|inner| {
            let set = inner.subscribers.find(served_user).cloned();
            set.map(|set| set.register_criteria(served_user, register.head(), registration_type))
                .unwrap_or_default()
        })
    }

    fn subscribe(
        &self,
        asking: &Asking<'_>,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        let message = asking.message.ok_or(SubscribeRefusal::Unknown)?;
        self.with(|inner| {
            let set = inner.subscribers.find(public_identity).cloned().ok_or(SubscribeRefusal::Unknown)?;
            let luck = inner.random.bytes();
            let (expires, to_tag, staged) = inner.notifier.subscribe(
                message.head(),
                set.key(),
                contact,
                max_expires,
                asking.now_ms,
                luck,
            )?;
            Ok(Subscribed { expires, to_tag, staged: Box::new(Change::Subscription(staged)) })
        })
    }
}

impl Inner {
    /// The sabotage of an S-CSCF that does not ask the HSS: it makes the profile up.
    fn assign_alone(
        &mut self,
        public: &str,
        private: &str,
        kind: Assignment,
    ) -> Option<Result<Option<Subscriber>, CxFailure>> {
        let is_registration = matches!(kind, Assignment::Registration | Assignment::ReRegistration);
        if self.sabotage != Some(ImsSabotage::SarSkipped) || !is_registration {
            return None;
        }
        let (_, user_data) = self.profiles.iter().find(|(of, _)| of == private)?;
        let assigned =
            cx::Assigned { user_data: Some(user_data.clone()), charging: String::new(), user_name: None };
        Some(self.assigned(public, private, kind, &assigned))
    }
}
