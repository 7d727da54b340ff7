//! What scripts ask of the machine, answered from memory: users, bindings, keys, timers, clock and luck.
//!
//! In: a script's question (`plugin::Services`). Out: plain values. Nothing here waits; what must become durable is
//! staged, and committed with the decision (`consult.rs`).

use std::sync::Arc;
use std::time::Duration;

use auth::{Check, Kind, Nonces, Policy, ReplayTable};
use cscf::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, Sealer, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};
use parking_lot::Mutex;
use plugin::{
    Asking, Binding, CredentialsKind, Entry, Level, Pending, PutRefusal, Refusal, Registration,
    RegistrationLimits, Services, Staged, Subscribed, Verdict,
};
use storage::{KeyValue, Registrations, Users};

use crate::clock::wall_ms;
use crate::consult::Change;
use crate::flow_tokens::FlowTokens;
use crate::ims::Ims;
use crate::script_timers::ScriptTimers;

/// The machine as scripts of one role see it.
pub(crate) struct HostServices {
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) users: Arc<Users>,
    pub(crate) keys: Arc<KeyValue>,
    pub(crate) nonces: Arc<Nonces>,
    pub(crate) replays: Mutex<ReplayTable>,
    pub(crate) policy: Policy,
    pub(crate) timers: Arc<ScriptTimers>,
    pub(crate) sealer: Sealer,
    pub(crate) flows: FlowTokens,
    /// Of a CSCF that asks an HSS.
    pub(crate) ims: Option<Arc<Ims>>,
}

impl HostServices {
    /// The removal or change of bindings, and for whom their set is watched.
    /// `by`: the REGISTER that does it.
    fn staged(
        &self,
        set: &str,
        by: Option<&sip::Message>,
        change: storage::StagedChange,
        now_ms: u64,
    ) -> Staged {
        let watched = self.ims.as_ref().and_then(|ims| ims.watch(set, by, now_ms));
        Box::new(Change::Bindings(change, watched))
    }
}

impl Services for HostServices {
    fn now_ms(&self) -> u64 {
        wall_ms()
    }

    fn random(&self, out: &mut [u8]) {
        // Without entropy nothing that follows is safe; the system gives it or the machine is broken.
        getrandom::fill(out).expect("the operating system gives random bytes");
    }

    fn log(&self, asking: &Asking<'_>, level: Level, line: &str) {
        let (role, plugin, number) = (&*asking.identity.role, &*asking.identity.name, asking.identity.number);
        let call_id = asking.message.and_then(|message| message.head().call_id().ok());
        let call_id = call_id.map(String::from_utf8_lossy).unwrap_or_default();
        match level {
            Level::Debug => tracing::debug!(role, plugin, number, %call_id, "{line}"),
            Level::Info => tracing::info!(role, plugin, number, %call_id, "{line}"),
            Level::Warning => tracing::warn!(role, plugin, number, %call_id, "{line}"),
            Level::Error => tracing::error!(role, plugin, number, %call_id, "{line}"),
        }
    }

    fn verify(&self, asking: &Asking<'_>, kind: CredentialsKind, realm: &str) -> Verdict {
        let Some(message) = asking.message else { return Verdict::Absent };
        let check = Check {
            kind: match kind {
                CredentialsKind::Www => Kind::Www,
                CredentialsKind::Proxy => Kind::Proxy,
            },
            realm,
            policy: self.policy,
            now_ms: asking.now_ms,
            nonces: &self.nonces,
        };
        let verdict = auth::verify(
            message.head(),
            &check,
            |user| self.users.get(user, realm),
            |nonce, count| self.replays.lock().note(nonce, count, asking.now_ms),
        );
        match verdict {
            auth::Verdict::Accepted(user) => Verdict::Accepted(user.into()),
            auth::Verdict::Absent => Verdict::Absent,
            auth::Verdict::Stale => Verdict::Stale,
            auth::Verdict::Rejected(why) => {
                tracing::debug!(?why, "credentials rejected");
                Verdict::Rejected
            }
        }
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
        let limits = storage::Limits {
            min_expires: limits.min_expires,
            max_expires: limits.max_expires,
            default_expires: limits.default_expires,
            max_bindings: limits.max_bindings,
        };
        let computed =
            self.registrations.register(message.head(), address_of_record, &limits, flow, asking.now_ms);
        let (registration, staged) = computed.map_err(|refusal| match refusal {
            storage::Refusal::TooBrief(seconds) => Refusal::TooBrief(seconds),
            storage::Refusal::TooMany => Refusal::TooMany,
            storage::Refusal::Malformed => Refusal::Malformed,
            storage::Refusal::OutOfOrder => Refusal::OutOfOrder,
            storage::Refusal::Unavailable => Refusal::Unavailable,
        })?;
        let registration = Registration { contacts: registration.contacts, outbound: registration.outbound };
        Ok((
            registration,
            staged.map(|staged| self.staged(address_of_record, Some(message), staged, asking.now_ms)),
        ))
    }

    fn is_registered(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        self.registrations.is_registered(address_of_record, asking.now_ms)
    }

    fn is_registered_here(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        asking.flow.is_some_and(|flow| {
            self.registrations.is_registered_here(address_of_record, &flow, asking.now_ms)
        })
    }

    fn lookup(&self, asking: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        let bindings = self.registrations.lookup(address_of_record, asking.now_ms);
        bindings
            .into_iter()
            .map(|binding| Binding {
                expires: binding.seconds_left(asking.now_ms),
                uri: binding.uri.into(),
                q: binding.q,
                path: binding.path.into_iter().map(Into::into).collect(),
                parameters: binding.parameters.into(),
            })
            .collect()
    }

    fn remove(&self, asking: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        let (number, staged) = self.registrations.remove(address_of_record, asking.now_ms);
        (number, staged.map(|staged| self.staged(address_of_record, None, staged, asking.now_ms)))
    }

    fn targets(&self, asking: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        into.extend(self.registrations.targets(address_of_record, asking.now_ms));
    }

    fn get(&self, asking: &Asking<'_>, key: &str) -> Option<Entry> {
        let entry = self.keys.get(&asking.identity.role, key, asking.now_ms)?;
        Some(Entry { value: entry.value.to_vec(), revision: entry.revision })
    }

    fn put(
        &self,
        asking: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        lifetime: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let lifetime_ms =
            lifetime.map_or(0, |lifetime| u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        let role = &asking.identity.role;
        self.keys.put(role, key, &value, lifetime_ms, expected, asking.now_ms).map_err(
            |refusal| match refusal {
                storage::PutRefusal::Conflict(revision) => PutRefusal::Conflict(revision),
                storage::PutRefusal::TooLarge => PutRefusal::TooLarge,
            },
        )
    }

    fn delete(&self, asking: &Asking<'_>, key: &str) -> bool {
        self.keys.delete(&asking.identity.role, key, asking.now_ms)
    }

    fn start_timer(&self, _asking: &Asking<'_>, token: &str, after: Duration) -> bool {
        self.timers.start(token, after)
    }

    fn cancel_timer(&self, _asking: &Asking<'_>, token: &str) -> bool {
        self.timers.cancel(token)
    }

    fn settle(&self, _asking: &Asking<'_>) -> Option<Staged> {
        Some(Box::new(Change::Barrier))
    }

    fn seal(&self, asking: &Asking<'_>, data: &[u8]) -> String {
        self.sealer.seal(&asking.identity.role, data)
    }

    fn unseal(&self, asking: &Asking<'_>, token: &str) -> Option<Vec<u8>> {
        self.sealer.unseal(&asking.identity.role, token)
    }

    fn flow_token(&self, flow: sip::Flow) -> String {
        self.flows.token(flow)
    }

    fn flow_of(&self, token: &str) -> Option<sip::Flow> {
        self.flows.flow(token)
    }

    fn user_authorization(&self, _: &Asking<'_>, of: Authorization) -> Pending<Result<Location, CxFailure>> {
        match &self.ims {
            Some(ims) => ims.user_authorization(&of),
            None => nobody(),
        }
    }

    fn location_info(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        match &self.ims {
            Some(ims) => ims.location_info(&public_identity, originating, kind),
            None => nobody(),
        }
    }

    fn verify_private(
        &self,
        asking: &Asking<'_>,
        private_identity: &str,
        realm: &str,
    ) -> AuthenticationVerdict {
        match (&self.ims, asking.message) {
            (Some(ims), Some(message)) => ims.verify(message, private_identity, realm, asking.now_ms),
            _ => AuthenticationVerdict::Absent,
        }
    }

    fn challenge(
        &self,
        _: &Asking<'_>,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        match &self.ims {
            Some(ims) => ims.challenge(private_identity, &public_identity, realm, scheme),
            None => nobody(),
        }
    }

    fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        self.ims.as_ref()?.challenge_value(number)
    }

    fn assign(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        match &self.ims {
            Some(ims) => ims.assign(public_identity, private_identity, kind),
            None => nobody(),
        }
    }

    fn subscriber(&self, _: &Asking<'_>, public_identity: &str) -> Option<Subscriber> {
        self.ims.as_ref()?.subscriber(public_identity)
    }

    fn forget_subscriber(&self, _: &Asking<'_>, public_identity: &str) -> bool {
        self.ims.as_ref().is_some_and(|ims| ims.forget(public_identity))
    }

    fn next_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        self.ims.as_ref()?.next_criteria(served_user, asking.request?, session_case, after)
    }

    fn register_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let Some(ims) = &self.ims else { return Vec::new() };
        let in_hand = asking.request.filter(|request| request.method() == sip::Method::Register);
        match in_hand {
            Some(register) => ims.register_criteria(served_user, register, registration_type),
            None => match cscf::subscribers::plain_register(served_user) {
                Some(register) => ims.register_criteria(served_user, &register, registration_type),
                None => Vec::new(),
            },
        }
    }

    fn subscribe(
        &self,
        asking: &Asking<'_>,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        let (Some(ims), Some(message)) = (&self.ims, asking.message) else {
            return Err(SubscribeRefusal::Unknown);
        };
        let (expires, to_tag, staged) =
            ims.subscribe(message, public_identity, contact, max_expires, asking.now_ms)?;
        Ok(Subscribed { expires, to_tag, staged: Box::new(Change::Subscription(staged)) })
    }
}

/// There is no HSS to be asked.
fn nobody<T: Send + 'static>() -> Pending<Result<T, CxFailure>> {
    Box::pin(std::future::ready(Err(CxFailure::Unreachable)))
}
