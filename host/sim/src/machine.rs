//! The machine as scripts of the simulated world see it: users, bindings and nonces in memory, the virtual clock, luck
//! out of the seed.
//!
//! In: a script's questions ([`plugin::Services`]), the time that the world sets. Out: plain values. One world has one
//! machine; nothing outlives it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth::{Check, Ha1s, Kind, Nonces, Policy, ReplayTable};
use parking_lot::Mutex;
use plugin::{
    Asking, Binding, CredentialsKind, Entry, Level, PutRefusal, Refusal, Registration, RegistrationLimits,
    Services, Staged, Verdict,
};

use crate::random::Random;
use crate::registrar::{Change, Registrar};

/// How long nonces are good: short, so that some go stale within a run.
pub(crate) const NONCE_LIFETIME: Duration = Duration::from_secs(30);
/// Nonces that are remembered.
const MAX_REPLAYS: usize = 10_000;
/// Keys of the key-value table.
const MAX_KEYS: usize = 10_000;

/// The machine.
pub struct Machine {
    now_ms: AtomicU64,
    random: Mutex<Random>,
    users: BTreeMap<String, String>,
    registrar: Mutex<Registrar>,
    nonces: Arc<Nonces>,
    replays: Mutex<ReplayTable>,
    keys: Mutex<BTreeMap<String, (Vec<u8>, u64)>>,
}

impl Machine {
    /// A machine with these users and their passwords.
    #[must_use]
    pub fn new(mut random: Random, users: BTreeMap<String, String>) -> Self {
        Self {
            now_ms: AtomicU64::new(0),
            users,
            registrar: Mutex::default(),
            nonces: Arc::new(Nonces::new(random.bytes(), NONCE_LIFETIME)),
            replays: Mutex::new(ReplayTable::new(NONCE_LIFETIME.as_millis() as u64, MAX_REPLAYS)),
            keys: Mutex::default(),
            random: Mutex::new(random),
        }
    }

    /// What makes and checks nonces, for the node.
    #[must_use]
    pub fn nonces(&self) -> &Arc<Nonces> {
        &self.nonces
    }

    /// Sets the wall clock, ms since 1970-01-01 UTC.
    pub fn set_now_ms(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Binds a contact for ever, as if it had registered by this flow.
    pub fn bind(&self, address_of_record: &str, uri: &str, flow: sip::Flow) {
        self.registrar.lock().bind(address_of_record, uri, flow, u64::MAX);
    }

    /// Carries out what a script's call staged. False: it was not this machine's.
    pub fn commit(&self, staged: Staged) -> bool {
        let change = staged.downcast::<Change>();
        change.map(|change| self.registrar.lock().commit(*change)).is_ok()
    }
}

impl Services for Machine {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn random(&self, out: &mut [u8]) {
        self.random.lock().fill(out);
    }

    fn log(&self, _: &Asking<'_>, _: Level, _: &str) {}

    fn verify(&self, asking: &Asking<'_>, kind: CredentialsKind, realm: &str) -> Verdict {
        let Some(message) = asking.message else { return Verdict::Absent };
        let check = Check {
            kind: match kind {
                CredentialsKind::Www => Kind::Www,
                CredentialsKind::Proxy => Kind::Proxy,
            },
            realm,
            policy: Policy::default(),
            now_ms: asking.now_ms,
            nonces: &self.nonces,
        };
        let user = |name: &str| self.users.get(name).map(|password| Ha1s::of(name, realm, password));
        let note = |nonce, count| self.replays.lock().note(nonce, count, asking.now_ms);
        match auth::verify(message.head(), &check, user, note) {
            auth::Verdict::Accepted(user) => Verdict::Accepted(user.into()),
            auth::Verdict::Absent => Verdict::Absent,
            auth::Verdict::Stale => Verdict::Stale,
            auth::Verdict::Rejected(_) => Verdict::Rejected,
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
        let registrar = self.registrar.lock();
        let (registration, change) =
            registrar.register(message.head(), address_of_record, limits, flow, asking.now_ms)?;
        Ok((registration, change.map(|change| Box::new(change) as Staged)))
    }

    fn is_registered(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        self.registrar.lock().is_registered(address_of_record, asking.now_ms)
    }

    fn is_registered_here(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        asking.flow.is_some_and(|flow| {
            self.registrar.lock().is_registered_here(address_of_record, flow, asking.now_ms)
        })
    }

    fn lookup(&self, asking: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        self.registrar.lock().lookup(address_of_record, asking.now_ms)
    }

    fn remove(&self, asking: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        let (count, change) = self.registrar.lock().remove(address_of_record, asking.now_ms);
        (count, change.map(|change| Box::new(change) as Staged))
    }

    fn targets(&self, asking: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        self.registrar.lock().targets(address_of_record, asking.now_ms, into);
    }

    fn get(&self, _: &Asking<'_>, key: &str) -> Option<Entry> {
        let keys = self.keys.lock();
        keys.get(key).map(|(value, revision)| Entry { value: value.clone(), revision: *revision })
    }

    fn put(
        &self,
        _: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        _: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let mut keys = self.keys.lock();
        let revision = keys.get(key).map_or(0, |(_, revision)| *revision);
        if expected.is_some_and(|expected| expected != revision) {
            return Err(PutRefusal::Conflict(revision));
        }
        if revision == 0 && keys.len() >= MAX_KEYS {
            return Err(PutRefusal::TooLarge);
        }
        keys.insert(key.into(), (value, revision + 1));
        Ok(revision + 1)
    }

    fn delete(&self, _: &Asking<'_>, key: &str) -> bool {
        self.keys.lock().remove(key).is_some()
    }

    fn start_timer(&self, _: &Asking<'_>, _: &str, _: Duration) -> bool {
        false
    }

    fn cancel_timer(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
}
