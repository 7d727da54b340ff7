//! The questions of a hook, and what it is told.
//!
//! In: what the test wrote down. Out: the same, and a note of each question and deed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Row, TestHost};
use crate::client::{OwnRequest, SendRefusal};
use crate::host::{
    Binding, CredentialsKind, Entry, Host, Level, Limits, PutRefusal, RegisterRefusal, Registration, Source,
    Verdict,
};
use crate::ims::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationType, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};

/// Bytes of a variable (`wit/sip.wit`).
const MAX_VARIABLE: usize = 4 << 10;

/// Bytes that can be sealed (`wit/deps/host/host.wit`).
const MAX_SEALED: usize = 2_048;

impl Host for TestHost {
    fn log(&self, level: Level, line: &str) {
        self.log.borrow_mut().push((level, line.to_owned()));
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn transaction_id(&self) -> u64 {
        1
    }

    fn source(&self) -> Source {
        self.source.clone()
    }

    fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.borrow().get(name).cloned()
    }

    fn set_variable(&self, name: &str, value: Option<&[u8]>) {
        set(&self.variables, name, value);
    }

    fn dialog_variable(&self, name: &str) -> Option<Vec<u8>> {
        self.dialog_variables.borrow().get(name).cloned()
    }

    fn set_dialog_variable(&self, name: &str, value: Option<&[u8]>) {
        set(&self.dialog_variables, name, value);
    }

    fn own_routes(&self) -> Vec<String> {
        self.own_routes.clone()
    }

    fn request_view(&self) -> Vec<u8> {
        self.request.as_ref().map(|request| request.view(true)).unwrap_or_default()
    }

    fn flow_token(&self) -> String {
        format!("flow-{}-{}", self.source.port, self.source.connection)
    }

    fn provisional(&self, status: u16, reason: &str) {
        self.note(&["provisional", &status.to_string(), reason]);
    }

    /// The same octets in every run (xorshift).
    fn random(&self, length: u32) -> Vec<u8> {
        (0..length.min(256))
            .map(|_| {
                let mut x = self.seed.get();
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                self.seed.set(x);
                x.to_le_bytes()[0]
            })
            .collect()
    }

    fn start_timer(&self, token: &str, after_ms: u32) -> bool {
        self.note(&["start timer", token, &after_ms.to_string()]);
        self.timers.borrow_mut().insert(token.to_owned(), self.now.get() + u64::from(after_ms));
        true
    }

    fn cancel_timer(&self, token: &str) -> bool {
        self.note(&["cancel timer", token]);
        self.timers.borrow_mut().remove(token).is_some()
    }

    fn verify(&self, kind: CredentialsKind, realm: &str) -> Verdict {
        let kind = match kind {
            CredentialsKind::Www => "www",
            CredentialsKind::Proxy => "proxy",
        };
        self.note(&["verify", kind, realm]);
        self.verdict.clone()
    }

    fn register(&self, address_of_record: &str, limits: &Limits) -> Result<Registration, RegisterRefusal> {
        self.note(&["register", address_of_record]);
        self.limits.set(Some(*limits));
        self.registration.clone()
    }

    fn withdraw(&self) {
        self.note(&["withdraw"]);
    }

    fn is_registered(&self, address_of_record: &str) -> bool {
        self.registered.iter().any(|own| own == address_of_record)
    }

    fn is_registered_here(&self, address_of_record: &str) -> bool {
        self.registered_here.iter().any(|own| own == address_of_record)
    }

    fn lookup(&self, address_of_record: &str) -> Vec<Binding> {
        let mut bindings = self.bindings.get(address_of_record).cloned().unwrap_or_default();
        bindings.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        bindings
    }

    fn remove_bindings(&self, address_of_record: &str) -> u32 {
        self.note(&["remove bindings", address_of_record]);
        self.bindings.get(address_of_record).map_or(0, |bindings| bindings.len() as u32)
    }

    fn get(&self, key: &str) -> Option<Entry> {
        let table = self.table.borrow();
        let row = table.get(key).filter(|row| row.ends.is_none_or(|ends| ends > self.now.get()))?;
        Some(row.entry.clone())
    }

    fn put(
        &self,
        key: &str,
        value: &[u8],
        lifetime_ms: u64,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        self.note(&["put", key]);
        if key.len() > 256 || value.len() > 64 << 10 {
            return Err(PutRefusal::TooLarge);
        }
        let revision = self.get(key).map_or(0, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != revision) {
            return Err(PutRefusal::Conflict(revision));
        }
        let entry = Entry { value: value.to_vec(), revision: revision + 1 };
        let ends = (lifetime_ms > 0).then(|| self.now.get() + lifetime_ms);
        self.table.borrow_mut().insert(key.to_owned(), Row { entry, ends });
        Ok(revision + 1)
    }

    fn delete(&self, key: &str) -> bool {
        self.note(&["delete", key]);
        let was = self.get(key).is_some();
        self.table.borrow_mut().remove(key);
        was
    }

    fn settle(&self) {
        self.note(&["settle"]);
    }

    /// Hexadecimal digits behind an `s`: to be read in a test, and not a secret of anybody.
    #[track_caller]
    fn seal(&self, data: &[u8]) -> String {
        assert!(data.len() <= MAX_SEALED, "the host would trap: {} bytes to be sealed", data.len());
        data.iter().fold("s".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn unseal(&self, token: &str) -> Option<Vec<u8>> {
        let digits = token.strip_prefix('s').filter(|digits| digits.len().is_multiple_of(2))?;
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        (0..digits.len()).step_by(2).map(byte).collect()
    }

    fn send(&self, request: OwnRequest) -> Result<String, SendRefusal> {
        self.note(&["send", &request.method, &request.uri]);
        let mut sent = self.sent.borrow_mut();
        if sent.len() >= 32 {
            return Err(SendRefusal::TooMany);
        }
        let named = request.headers.iter().find(|header| header.id == sip::HeaderId::CALL_ID.0);
        let named = named.map(|header| header.value.clone());
        sent.push(request);
        Ok(named.unwrap_or_else(|| format!("own-{}", sent.len())))
    }

    fn subscriber(&self, public_identity: &str) -> Option<Subscriber> {
        self.subscribers.borrow().iter().find(|one| one.identity(public_identity).is_some()).cloned()
    }

    fn forget_subscriber(&self, public_identity: &str) -> bool {
        self.note(&["forget", public_identity]);
        self.let_go(public_identity)
    }

    fn next_criteria(
        &self,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        self.note(&["criteria", served_user, &format!("{session_case:?}")]);
        self.criteria.iter().find(|one| after.is_none_or(|after| one.position > after)).cloned()
    }

    fn register_criteria(&self, served_user: &str, registration_type: RegistrationType) -> Vec<Triggered> {
        self.note(&["REGISTER criteria", served_user, &format!("{registration_type:?}")]);
        self.criteria.clone()
    }

    fn subscribe(&self, public_identity: &str, contact: &str, _: u32) -> Result<u32, SubscribeRefusal> {
        self.note(&["subscribe", public_identity, contact]);
        self.subscribed
    }

    fn user_authorization(&self, of: &Authorization) -> Result<Location, CxFailure> {
        let kind = format!("{:?}", of.kind);
        self.note(&["UAR", &kind, &of.public_identity, &of.private_identity, &of.visited_network]);
        self.location.next()
    }

    fn location_info(
        &self,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationType>,
    ) -> Result<Location, CxFailure> {
        let side = if originating { "originating" } else { "terminating" };
        let kind = kind.map(|kind| format!("{kind:?}")).unwrap_or_default();
        self.note(&["LIR", side, public_identity, &kind]);
        self.location.next()
    }

    fn verify_private(&self, private_identity: &str, realm: &str) -> AuthenticationVerdict {
        self.note(&["verify", private_identity, realm]);
        self.private_verdict
    }

    fn challenge(
        &self,
        private_identity: &str,
        public_identity: &str,
        realm: &str,
        scheme: AuthenticationScheme,
    ) -> Result<u64, CxFailure> {
        self.note(&["MAR", &format!("{scheme:?}"), private_identity, public_identity, realm]);
        if self.is_ended_meanwhile {
            self.subscribers.borrow_mut().iter_mut().for_each(|subscriber| subscriber.registered = false);
        }
        self.challenged.next()
    }

    fn assign(
        &self,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
    ) -> Result<Option<Subscriber>, CxFailure> {
        self.note(&["SAR", &format!("{kind:?}"), public_identity, private_identity]);
        let answer = self.assigned.next();
        if let Ok(subscriber) = &answer {
            self.take(kind, public_identity, subscriber.as_ref());
        }
        answer
    }
}

#[track_caller]
fn set(variables: &RefCell<BTreeMap<String, Vec<u8>>>, name: &str, value: Option<&[u8]>) {
    let length = value.map_or(0, <[u8]>::len);
    assert!(length <= MAX_VARIABLE, "the host would trap: a variable of {length} bytes");
    let mut variables = variables.borrow_mut();
    match value {
        Some(value) => variables.insert(name.to_owned(), value.to_vec()),
        None => variables.remove(name),
    };
}
