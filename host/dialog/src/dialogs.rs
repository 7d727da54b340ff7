//! The table of dialogs and the machine of each: RFC 3261 §12 as an element on the path sees it.
//!
//! In: requests and responses that pass, in the order in which they leave. Out: the dialog they belong to, what
//! changed, and [`Ended`]. A dialog the table has no room for is not tracked; its calls go on all the same.
//!
//! ```text
//!            1xx with To tag              2xx                     BYE answered 2xx, 408, 481
//!  INVITE ───────────────────▶ Early ──────────▶ Confirmed ──────────────────────────────────▶ over
//!     │                          │                   ▲  └── session expired, or silent for too long ──▶ over
//!     └──────────── 2xx ─────────┼───────────────────┘        confirmed ── released by the network ──▶ over
//!                                └── INVITE answered 3xx to 6xx, or silent for too long ──▶ over
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;

use hashbrown::HashTable;
use sip::{Head, Method};
use transaction::Time;

use crate::dialog::{Change, Counts, DialogId, Ended, Limits, State, Why};
use crate::early::EarlyDialogs;
use crate::expiry::Expiry;
use crate::key::{DialogKey, InviteKey, Keys};
use crate::release::Releasable;
use crate::variables::{VariableError, Variables};
use crate::versions::{Holder, Versions};
use passes::Pass;

/// One dialog. There may be 100,000 of them: every byte counts.
struct Record {
    key: DialogKey,
    call_id: Box<[u8]>,
    variables: Option<Box<Variables>>,
    /// The INVITE that made it, and with that who the caller is.
    invite: InviteKey,
    /// The highest CSeq number of the requests of caller and callee; 0: it has sent none.
    highest: [u32; 2],
    version: u32,
    /// Seconds; 0: no session timer.
    session_interval: u32,
    generation: NonZeroU32,
    state: Slot,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Free,
    Early,
    Confirmed,
}

/// The dialogs of one shard. See the crate for how it is driven.
pub struct Dialogs {
    keys: Keys,
    limits: Limits,
    records: Vec<Record>,
    free: Vec<u32>,
    /// Slots by key.
    index: HashTable<u32>,
    /// Early dialogs by INVITE.
    early: EarlyDialogs,
    expiry: Expiry,
    /// By slot: on whose behalf the network may end it, once for each pass by this element.
    releasable: BTreeMap<u32, Vec<Releasable>>,
    /// By slot: further passes of a dialog by this element that are other versions' business.
    passes: BTreeMap<u32, Vec<Pass>>,
    /// By slot: versions that had a dialog before it was adopted.
    left: BTreeMap<u32, Vec<u32>>,
    versions: Versions,
    ended: VecDeque<Ended>,
    due: Vec<u32>,
    counts: Counts,
}

impl std::fmt::Debug for Dialogs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialogs").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl Dialogs {
    /// An empty table. `seed` keys its hashes: take it from the entropy of the system.
    #[must_use]
    pub fn new(seed: [u8; 16], limits: Limits) -> Self {
        Self {
            keys: Keys::new(&seed),
            limits,
            records: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            early: EarlyDialogs::default(),
            expiry: Expiry::new(),
            releasable: BTreeMap::new(),
            passes: BTreeMap::new(),
            left: BTreeMap::new(),
            versions: Versions::default(),
            ended: VecDeque::new(),
            due: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// The dialog of a message with two tags, from either end (§12); `None`: it is not tracked.
    #[must_use]
    pub fn find(&self, head: &Head<'_>) -> Option<DialogId> {
        // Most requests that are asked about open a dialog or have none: they end here.
        let to = head.to_tag()?;
        let (call_id, from) = (head.call_id().ok()?, head.from_tag()?);
        self.id_of(self.keys.dialog(call_id, from, to))
    }

    /// A request inside a dialog passes: which one it is. That it passes keeps a dialog without session timer.
    pub fn handle_request(&mut self, now: Time, request: &Head<'_>) -> Option<DialogId> {
        let id = self.find(request)?;
        self.touch(now, id);
        self.note_number(id, request);
        Some(id)
    }

    /// A response goes upstream. `request` is the request it answers, as it was received; `version` is the plugin
    /// version to which a dialog made by it is pinned.
    ///
    /// To be called only where we are on the path of later requests: the INVITE was record-routed. Each response that
    /// is forwarded is to be seen, a 2xx of each branch too; a final response other than 2xx
    /// only if it is the one that goes upstream. An INVITE's 2xx with Session-Expires starts the session timer anew,
    /// an UPDATE's as well (RFC 4028 §8.2).
    pub fn handle_response(
        &mut self,
        now: Time,
        request: &Head<'_>,
        response: &Head<'_>,
        version: u32,
    ) -> Change {
        let (method, status) = (request.method(), response.status());
        if status <= 100 {
            return Change::None;
        }
        let in_dialog = request.to_tag();
        if in_dialog.is_none() && method != Method::Invite {
            return Change::None;
        }
        let (Ok(call_id), Some(from_tag)) = (request.call_id(), request.from_tag()) else {
            return Change::None;
        };
        if in_dialog.is_none() && status >= 300 {
            return self.reject(self.keys.invite(call_id, from_tag));
        }
        // A 2xx without a To tag comes from an element of RFC 2543: the empty tag stands for it (§12.1.2).
        let to_tag = match in_dialog.or_else(|| response.to_tag()) {
            Some(tag) => tag,
            None if status >= 200 => b"",
            None => return Change::None,
        };
        let key = self.keys.dialog(call_id, from_tag, to_tag);
        match self.id_of(key) {
            Some(id) => {
                let is_refresh = matches!(method, Method::Invite | Method::Update);
                if in_dialog.is_some() && is_refresh && (200..300).contains(&status) {
                    let all = self.releasable.get_mut(&id.slot).into_iter().flatten();
                    all.for_each(|one| one.handle_refreshed(request, response));
                }
                self.handle_response_in(now, id, method, response)
            }
            None if in_dialog.is_some() => Change::None,
            None => {
                let invite = self.keys.invite(call_id, from_tag);
                self.create(now, Birth { key, invite, call_id, version }, response)
            }
        }
    }

    /// A further 2xx to an INVITE outside a dialog goes upstream, from another phone than the first (§13.2.2.4), when
    /// the request itself is not at hand any more: Call-ID and From of the response are the request's (§8.2.6.2). Not
    /// to be called for a 2xx that came before: it would bring back a dialog that is over.
    pub fn handle_further_success(&mut self, now: Time, response: &Head<'_>, version: u32) -> Change {
        let (Ok(call_id), Some(from_tag)) = (response.call_id(), response.from_tag()) else {
            return Change::None;
        };
        let key = self.keys.dialog(call_id, from_tag, response.to_tag().unwrap_or_default());
        match self.id_of(key) {
            Some(id) => self.handle_response_in(now, id, Method::Invite, response),
            None => {
                let invite = self.keys.invite(call_id, from_tag);
                self.create(now, Birth { key, invite, call_id, version }, response)
            }
        }
    }

    /// [`Dialogs::handle_response`] for a response whose dialog is known, from [`Dialogs::handle_request`] or an earlier response of its
    /// INVITE: nothing is looked up. `method` is the request's.
    pub fn handle_response_in(
        &mut self,
        now: Time,
        id: DialogId,
        method: Method,
        response: &Head<'_>,
    ) -> Change {
        let Some(record) = self.record(id) else { return Change::None };
        let (slot_state, status) = (record.state, response.status());
        if method == Method::Bye && ends_dialog(status) {
            self.end(id.slot, Why::Bye);
            return Change::Over;
        }
        let success = (200..300).contains(&status);
        if success && method == Method::Invite && slot_state == Slot::Early {
            self.confirm(now, id.slot);
            self.refresh(now, id.slot, response);
            return Change::Confirmed(id);
        }
        if success && matches!(method, Method::Invite | Method::Update) && slot_state == Slot::Confirmed {
            self.refresh(now, id.slot, response);
        } else {
            self.touch(now, id);
        }
        Change::Known(id)
    }

    /// A final response made here goes upstream: a request timed out or was refused. For an INVITE its early
    /// dialogs are over; for a BYE that got no answer, its dialog (§15.1.1).
    pub fn handle_answer(&mut self, request: &Head<'_>, status: u16) -> Change {
        let opens = request.method() == Method::Invite && status >= 300;
        let ends = request.method() == Method::Bye && ends_dialog(status);
        if !opens && !ends {
            return Change::None;
        }
        let (Ok(call_id), Some(from_tag)) = (request.call_id(), request.from_tag()) else {
            return Change::None;
        };
        match request.to_tag() {
            None if opens => self.reject(self.keys.invite(call_id, from_tag)),
            Some(to_tag) if ends => match self.id_of(self.keys.dialog(call_id, from_tag, to_tag)) {
                Some(id) => {
                    self.end(id.slot, Why::Bye);
                    Change::Over
                }
                None => Change::None,
            },
            _ => Change::None,
        }
    }

    /// End what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        let mut due = std::mem::take(&mut self.due);
        self.expiry.advance(now, &mut due);
        for slot in due.drain(..) {
            self.end(slot, Why::Timeout);
        }
        self.due = due;
    }

    /// When to call [`Dialogs::handle_timeout`]; at most once a second. `None`: not before a dialog is made.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.expiry.next()
    }

    /// The next dialog that is over; take them all after each call that takes something in.
    pub fn poll_output(&mut self) -> Option<Ended> {
        self.ended.pop_front()
    }

    /// End a dialog from outside (an operator, a policy). False: it was over already.
    pub fn remove(&mut self, id: DialogId, why: Why) -> bool {
        let there = self.record(id).is_some();
        if there {
            self.end(id.slot, why);
        }
        there
    }

    /// Where a dialog is; `None`: it is over.
    #[must_use]
    pub fn state(&self, id: DialogId) -> Option<State> {
        self.record(id)
            .map(|record| if record.state == Slot::Early { State::Early } else { State::Confirmed })
    }

    /// The plugin version a dialog is pinned to.
    #[must_use]
    pub fn version(&self, id: DialogId) -> Option<u32> {
        self.record(id).map(|record| record.version)
    }

    /// What keeps a version with dialogs alive; `None`: it was let go, nothing ever held it, or none is pinned to it.
    #[must_use]
    pub fn holder(&self, version: u32) -> Option<&Holder> {
        self.versions.holder(version)
    }

    /// Keeps a version alive for as long as dialogs are pinned to it; nothing happens where none is.
    pub fn hold(&mut self, version: u32, holder: impl FnOnce() -> Holder) {
        self.versions.hold(version, holder);
    }

    /// How many dialogs are pinned to a version: at 0 nobody holds it any more.
    #[must_use]
    pub fn pinned(&self, version: u32) -> usize {
        self.versions.count(version)
    }

    /// The session interval of a dialog in seconds; `None`: it has no session timer, or is over.
    #[must_use]
    pub fn session_interval(&self, id: DialogId) -> Option<u32> {
        self.record(id).map(|record| record.session_interval).filter(|interval| *interval != 0)
    }

    /// A variable of a dialog.
    #[must_use]
    pub fn variable(&self, id: DialogId, name: &str) -> Option<&[u8]> {
        self.record(id)?.variables.as_ref()?.value(name)
    }

    /// All variables of a dialog; `None`: it has none, or is over.
    #[must_use]
    pub fn variables(&self, id: DialogId) -> Option<&Variables> {
        self.record(id)?.variables.as_deref()
    }

    /// Set or remove a variable of a dialog.
    ///
    /// # Errors
    /// When a bound would be broken, or the dialog is over.
    pub fn set_variable(
        &mut self,
        id: DialogId,
        name: &str,
        value: Option<&[u8]>,
    ) -> Result<(), VariableError> {
        let record = self.record_mut(id).ok_or(VariableError::NoDialog)?;
        if record.variables.is_none() && value.is_none() {
            return Ok(());
        }
        let variables = record.variables.get_or_insert_default();
        let result = variables.set(name, value);
        if variables.is_empty() {
            record.variables = None;
        }
        result
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Dialogs in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.early + self.counts.confirmed
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn id_of(&self, key: DialogKey) -> Option<DialogId> {
        let slot = *self.index.find(key.low, |slot| self.records[*slot as usize].key == key)?;
        Some(DialogId { slot, generation: self.records[slot as usize].generation })
    }

    fn record(&self, id: DialogId) -> Option<&Record> {
        let record = self.records.get(id.slot as usize)?;
        (record.generation == id.generation && record.state != Slot::Free).then_some(record)
    }

    fn record_mut(&mut self, id: DialogId) -> Option<&mut Record> {
        let record = self.records.get_mut(id.slot as usize)?;
        (record.generation == id.generation && record.state != Slot::Free).then_some(record)
    }

    fn create(&mut self, now: Time, birth: Birth<'_>, response: &Head<'_>) -> Change {
        if self.len() >= self.limits.dialogs {
            self.counts.refused += 1;
            return Change::Full;
        }
        let Birth { key, invite, call_id, version } = birth;
        let confirmed = response.status() >= 200;
        let record = Record {
            key,
            call_id: call_id.into(),
            variables: None,
            invite,
            highest: [response.cseq().map_or(0, |cseq| cseq.number), 0],
            version,
            session_interval: 0,
            generation: NonZeroU32::MIN,
            state: if confirmed { Slot::Confirmed } else { Slot::Early },
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                let place = &mut self.records[slot as usize];
                let generation = place.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
                *place = Record { generation, ..record };
                slot
            }
            None => {
                self.records.push(record);
                (self.records.len() - 1) as u32
            }
        };
        let records = &self.records;
        self.index.insert_unique(key.low, slot, |slot| records[*slot as usize].key.low);
        self.versions.pin(version);
        self.counts.created += 1;
        if confirmed {
            self.counts.confirmed += 1;
            self.shorten_siblings(now, invite);
            self.refresh(now, slot, response);
        } else {
            self.counts.early += 1;
            self.early.insert(invite, slot);
            self.expiry.set(now, slot, now + self.limits.early);
        }
        let id = DialogId { slot, generation: self.records[slot as usize].generation };
        Change::Created(id)
    }

    /// An early dialog got its 2xx.
    fn confirm(&mut self, now: Time, slot: u32) {
        let record = &mut self.records[slot as usize];
        record.state = Slot::Confirmed;
        let invite = record.invite;
        self.early.remove(invite, slot);
        self.shorten_siblings(now, invite);
        self.counts.early -= 1;
        self.counts.confirmed += 1;
    }

    /// An INVITE failed: its early dialogs are over.
    fn reject(&mut self, invite: InviteKey) -> Change {
        let siblings = self.early.take(invite);
        if siblings.is_empty() {
            return Change::None;
        }
        for slot in siblings {
            self.end(slot, Why::Rejected);
        }
        Change::Over
    }

    fn end(&mut self, slot: u32, why: Why) {
        let state = match self.records[slot as usize].state {
            Slot::Free => return,
            Slot::Early => {
                self.counts.early -= 1;
                self.early.remove(self.records[slot as usize].invite, slot);
                State::Early
            }
            Slot::Confirmed => {
                self.counts.confirmed -= 1;
                State::Confirmed
            }
        };
        self.expiry.clear(slot);
        self.releasable.remove(&slot);
        self.left.remove(&slot);
        for pass in self.passes.remove(&slot).unwrap_or_default() {
            self.versions.release(pass.version);
        }
        let record = &mut self.records[slot as usize];
        record.state = Slot::Free;
        let (key, version) = (record.key, record.version);
        let (call_id, variables) = (std::mem::take(&mut record.call_id), record.variables.take());
        let id = DialogId { slot, generation: record.generation };
        if let Ok(entry) = self.index.find_entry(key.low, |known| *known == slot) {
            entry.remove();
        }
        let holder = self.versions.release(version);
        self.free.push(slot);
        self.ended.push_back(Ended { id, call_id, state, version, holder, variables, why });
    }
}

/// What a response makes a dialog of.
struct Birth<'a> {
    key: DialogKey,
    invite: InviteKey,
    call_id: &'a [u8],
    version: u32,
}

/// Whether this answer to a BYE ends the dialog (§15.1.1): a challenge or a refusal does not.
fn ends_dialog(status: u16) -> bool {
    matches!(status, 200..=299 | 408 | 481)
}

/// There may be 100,000 of them.
const _: () = assert!(size_of::<Record>() <= 72);

mod adopted;
mod deadlines;
mod passes;
mod released;
#[cfg(test)]
mod tests;
