//! A machine whose answers a case file gives. In: a script's questions. Out: the case's answers; log lines are kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plugin::{
    Asking, Binding, CredentialsKind, Entry, Level, PutRefusal, Refusal, Registration, RegistrationLimits,
    Services, Staged, Verdict,
};
use scaffold::cases::{HostAnswers, RegisterAnswer, VerdictAnswer};

pub(super) struct Scripted {
    answers: HostAnswers,
    rows: Mutex<HashMap<String, Entry>>,
    timers: Mutex<Vec<String>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(super) fn new(answers: HostAnswers, log: Arc<Mutex<Vec<String>>>) -> Scripted {
        let row = |(key, value): &(String, String)| {
            (key.clone(), Entry { value: value.clone().into_bytes(), revision: 1 })
        };
        let rows = answers.rows.iter().map(row).collect();
        Scripted { answers, rows: Mutex::new(rows), timers: Mutex::default(), log }
    }
}

impl Services for Scripted {
    fn now_ms(&self) -> u64 {
        self.answers.now_ms
    }

    fn random(&self, out: &mut [u8]) {
        // The same for each run of a case.
        out.iter_mut().enumerate().for_each(|(place, byte)| *byte = place as u8);
    }

    fn log(&self, _: &Asking<'_>, _: Level, line: &str) {
        self.log.lock().push(line.into());
    }

    fn verify(&self, _: &Asking<'_>, _: CredentialsKind, _: &str) -> Verdict {
        match &self.answers.verdict {
            VerdictAnswer::Accepted(user) => Verdict::Accepted(user.clone()),
            VerdictAnswer::Absent => Verdict::Absent,
            VerdictAnswer::Stale => Verdict::Stale,
            VerdictAnswer::Rejected => Verdict::Rejected,
        }
    }

    fn register(
        &self,
        _: &Asking<'_>,
        _: &str,
        _: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        let outbound = match self.answers.register {
            RegisterAnswer::Ok => false,
            RegisterAnswer::Outbound => true,
            RegisterAnswer::TooBrief(seconds) => return Err(Refusal::TooBrief(seconds)),
            RegisterAnswer::TooMany => return Err(Refusal::TooMany),
            RegisterAnswer::Malformed => return Err(Refusal::Malformed),
            RegisterAnswer::OutOfOrder => return Err(Refusal::OutOfOrder),
            RegisterAnswer::Unavailable => return Err(Refusal::Unavailable),
        };
        Ok((Registration { contacts: self.answers.contacts.clone(), outbound }, None))
    }

    fn is_registered(&self, _: &Asking<'_>, address_of_record: &str) -> bool {
        self.answers.is_registered(address_of_record)
    }

    fn is_registered_here(&self, _: &Asking<'_>, address_of_record: &str) -> bool {
        self.answers.is_registered_here(address_of_record)
    }

    fn lookup(&self, _: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        let bindings = self.answers.bindings_of(address_of_record).into_iter();
        bindings
            .map(|binding| Binding {
                uri: binding.uri.clone(),
                q: binding.q,
                expires: binding.expires,
                path: binding.path.clone(),
                parameters: String::new(),
            })
            .collect()
    }

    fn remove(&self, _: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        (self.answers.bindings_of(address_of_record).len() as u32, None)
    }

    fn targets(&self, _: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        into.extend(self.answers.targets_of(address_of_record));
    }

    fn get(&self, _: &Asking<'_>, key: &str) -> Option<Entry> {
        self.rows.lock().get(key).cloned()
    }

    fn put(
        &self,
        _: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        _: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let mut rows = self.rows.lock();
        let present = rows.get(key).map_or(0, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != present) {
            return Err(PutRefusal::Conflict(present));
        }
        rows.insert(key.into(), Entry { value, revision: present + 1 });
        Ok(present + 1)
    }

    fn delete(&self, _: &Asking<'_>, key: &str) -> bool {
        self.rows.lock().remove(key).is_some()
    }

    fn start_timer(&self, _: &Asking<'_>, token: &str, _: Duration) -> bool {
        self.timers.lock().push(token.into());
        true
    }

    fn cancel_timer(&self, _: &Asking<'_>, token: &str) -> bool {
        let mut timers = self.timers.lock();
        let before = timers.len();
        timers.retain(|running| running != token);
        timers.len() < before
    }
}
