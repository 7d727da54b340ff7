//! A registrar as RFC 3261 §10.3 says it, without regard to anything else: lists.

use std::collections::BTreeMap;

use super::Expected;
use crate::binding::Binding;
use crate::contacts::{Limits, Refusal};

/// One Contact of a REGISTER.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) uri: &'static str,
    pub(super) expires: Option<u32>,
    pub(super) q: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    uri: &'static str,
    expires_at_ms: u64,
    q: u16,
    call_id: &'static str,
    cseq: u32,
}

#[derive(Debug, Default)]
pub(super) struct Model(BTreeMap<&'static str, Vec<Bound>>);

impl Model {
    /// How many Contacts the answer has.
    #[allow(clippy::too_many_arguments)] // It is what a REGISTER says.
    pub(super) fn register(
        &mut self,
        aor: &'static str,
        call_id: &'static str,
        cseq: u32,
        wishes: &[Wish],
        star: bool,
        now_ms: u64,
        limits: &Limits,
        most: usize,
    ) -> Expected {
        let count: usize = self.0.values().map(Vec::len).sum();
        let there = self.0.get(aor).cloned().unwrap_or_default();
        let before: Vec<Bound> = there.into_iter().filter(|bound| bound.expires_at_ms > now_ms).collect();
        let mut after = before.clone();
        let late = |uri: &str| {
            let bound = before.iter().find(|bound| bound.uri == uri);
            bound.is_some_and(|bound| bound.call_id == call_id && cseq <= bound.cseq)
        };
        if star {
            if !wishes.is_empty() {
                return Err(Refusal::Malformed);
            }
            if before.iter().any(|bound| late(bound.uri)) {
                return Err(Refusal::OutOfOrder);
            }
            self.0.remove(aor);
            return Ok(0);
        }
        // What this very request bound is no obstacle to it (item 7).
        let mut touched: Vec<&str> = Vec::new();
        for &Wish { uri, expires, q } in wishes {
            let is_late = late(uri) && !touched.contains(&uri);
            if expires == Some(0) {
                if is_late && after.iter().any(|bound| bound.uri == uri) {
                    return Err(Refusal::OutOfOrder);
                }
                after.retain(|bound| bound.uri != uri);
                touched.push(uri);
                continue;
            }
            if expires.is_some_and(|wished| wished < limits.min_expires && wished < 3600) {
                return Err(Refusal::TooBrief(limits.min_expires));
            }
            let seconds = expires.unwrap_or(limits.default_expires).min(limits.max_expires);
            let bound = Bound {
                uri,
                expires_at_ms: now_ms + u64::from(seconds) * 1000,
                q: q.unwrap_or(1000),
                call_id,
                cseq,
            };
            match after.iter_mut().find(|bound| bound.uri == uri) {
                Some(_) if is_late => return Err(Refusal::OutOfOrder),
                Some(there) => *there = bound,
                None => after.push(bound),
            }
            touched.push(uri);
        }
        if after.len() > limits.max_bindings as usize {
            return Err(Refusal::TooMany);
        }
        let more = after.iter().filter(|bound| before.iter().all(|before| before.uri != bound.uri)).count();
        if more > 0 && count + more > most {
            return Err(Refusal::Unavailable);
        }
        let contacts = after.len();
        if !wishes.is_empty() {
            self.0.insert(aor, after);
        }
        Ok(contacts)
    }

    /// How many there were.
    pub(super) fn remove(&mut self, aor: &str, now_ms: u64) -> usize {
        let there =
            self.0.get(aor).map_or(0, |bound| bound.iter().filter(|b| b.expires_at_ms > now_ms).count());
        if there > 0 {
            self.0.remove(aor);
        }
        there
    }

    /// How many ended.
    pub(super) fn expire(&mut self, now_ms: u64) -> usize {
        let mut gone = 0;
        for bound in self.0.values_mut() {
            let before = bound.len();
            // Seconds are looked at whole.
            bound.retain(|bound| bound.expires_at_ms > now_ms);
            gone += before - bound.len();
        }
        gone
    }

    /// Whether these are the bindings now.
    pub(super) fn is(&self, aor: &str, now_ms: u64, bindings: &[Binding]) -> bool {
        let mut there: Vec<_> = bindings.iter().map(|b| (&*b.uri, b.expires_at_ms, b.q, b.cseq)).collect();
        let bound = self.0.get(aor).into_iter().flatten().filter(|bound| bound.expires_at_ms > now_ms);
        let mut expected: Vec<_> = bound.map(|b| (b.uri, b.expires_at_ms, b.q, b.cseq)).collect();
        there.sort_unstable();
        expected.sort_unstable();
        there == expected
    }
}
