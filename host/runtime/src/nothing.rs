//! A machine that has nothing: for checking a plugin without a host. In: questions. Out: the emptiest answer to each.

use std::time::Duration;

use plugin::{
    Asking, Binding, CredentialsKind, Entry, Level, PutRefusal, Refusal, Registration, RegistrationLimits,
    Services, Staged, Verdict,
};

use crate::clock::wall_ms;

/// No users, no bindings, no keys, no timers.
pub(crate) struct NoServices;

impl Services for NoServices {
    fn now_ms(&self) -> u64 {
        wall_ms()
    }

    fn random(&self, out: &mut [u8]) {
        out.fill(0);
    }

    fn log(&self, _: &Asking<'_>, _: Level, line: &str) {
        tracing::info!("{line}");
    }

    fn verify(&self, _: &Asking<'_>, _: CredentialsKind, _: &str) -> Verdict {
        Verdict::Absent
    }

    fn register(
        &self,
        _: &Asking<'_>,
        _: &str,
        _: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        Err(Refusal::Unavailable)
    }

    fn is_registered(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }

    fn is_registered_here(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }

    fn lookup(&self, _: &Asking<'_>, _: &str) -> Vec<Binding> {
        Vec::new()
    }

    fn remove(&self, _: &Asking<'_>, _: &str) -> (u32, Option<Staged>) {
        (0, None)
    }

    fn targets(&self, _: &Asking<'_>, _: &str, _: &mut Vec<node::Target>) {}

    fn get(&self, _: &Asking<'_>, _: &str) -> Option<Entry> {
        None
    }

    fn put(
        &self,
        _: &Asking<'_>,
        _: &str,
        _: Vec<u8>,
        _: Option<Duration>,
        _: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        Err(PutRefusal::TooLarge)
    }

    fn delete(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }

    fn start_timer(&self, _: &Asking<'_>, _: &str, _: Duration) -> bool {
        false
    }

    fn cancel_timer(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
}
