//! Dialogs that the network ends itself (TS 24.229 §5.4.5.1.2). In: on whose behalf a dialog passes; later, of whom all are
//! to end. Out: the BYEs that are to be sent, and a table without these dialogs. What is kept for it is `release.rs`'s.

use sip::{Head, Method, Uri};

use super::{DialogId, Dialogs, Slot};
use crate::dialog::Why;
use crate::release::{Bye, Releasable};

/// Passes of one dialog by this element that can be on somebody's behalf each: those of caller and callee, and of two who
/// divert it. More are not remembered.
const MAX_PASSES: usize = 4;

impl Dialogs {
    /// The session of an INVITE without To tag passes on behalf of this user: the network may have to end it. `request` as
    /// it was received, `response` its 2xx as it came, after [`Dialogs::handle_response`] has seen it; `is_own` knows
    /// our entries in Record-Route. False: there is no such confirmed dialog, or what a BYE needs is not in the messages.
    pub fn serve(
        &mut self,
        served: &str,
        request: &Head<'_>,
        response: &Head<'_>,
        is_own: impl Fn(&Uri<'_>) -> bool,
    ) -> bool {
        let Some(id) = self.find(response) else { return false };
        if self.records[id.slot as usize].state != Slot::Confirmed {
            return false;
        }
        let Some(one) = Releasable::of(served, request, response, is_own) else { return false };
        let passes = self.releasable.entry(id.slot).or_default();
        let has_room = passes.len() < MAX_PASSES;
        if has_room {
            passes.push(one);
        }
        has_room
    }

    /// A request inside a dialog counts from its side, in an early dialog too: a BYE in its sender's place goes behind it
    /// (RFC 3261 §12.2.2). ACK and CANCEL have their INVITE's number.
    pub(super) fn note_number(&mut self, id: DialogId, request: &Head<'_>) {
        if matches!(request.method(), Method::Ack | Method::Cancel) {
            return;
        }
        let (Ok(call_id), Some(from_tag), Ok(cseq)) = (request.call_id(), request.from_tag(), request.cseq())
        else {
            return;
        };
        let sender = self.keys.invite(call_id, from_tag);
        let record = &mut self.records[id.slot as usize];
        let highest = &mut record.highest[usize::from(sender != record.invite)];
        *highest = (*highest).max(cseq.number);
    }

    /// Ends all sessions of a user: the BYEs to both sides of each.
    pub fn release(&mut self, served: &str) -> Vec<Bye> {
        let is_meant = |passes: &Vec<Releasable>| passes.iter().any(|one| one.is_of(served));
        let meant: Vec<u32> =
            self.releasable.iter().filter(|(_, passes)| is_meant(passes)).map(|(slot, _)| *slot).collect();
        self.release_all(&meant, |one| one.is_of(served))
    }

    /// How many dialogs keep a version alive: those that are pinned to it, but none where it was let go.
    #[must_use]
    pub fn held(&self, version: u32) -> usize {
        self.versions.held(version)
    }

    /// Ends sessions that are pinned to this version, so many at most: the BYEs to both sides of each. Sessions that were
    /// never given to [`Dialogs::serve`] stay.
    pub fn release_version(&mut self, version: u32, most: usize) -> Vec<Bye> {
        let is_meant = |slot: &u32| self.is_pinned(*slot, version);
        let meant: Vec<u32> = self.releasable.keys().copied().filter(is_meant).take(most).collect();
        self.release_all(&meant, |_| true)
    }

    fn release_all(&mut self, slots: &[u32], is_meant: impl Fn(&Releasable) -> bool) -> Vec<Bye> {
        let mut byes = Vec::with_capacity(2 * slots.len());
        for &slot in slots {
            let passes = self.releasable.remove(&slot).unwrap_or_default();
            // One pass is enough: what is behind it on the way, another pass of ours among it, is on the BYE's way too.
            if let Some(one) = passes.into_iter().find(&is_meant) {
                let record = &self.records[slot as usize];
                byes.extend(one.byes(&record.call_id, record.highest));
            }
            self.end(slot, Why::Released);
        }
        byes
    }
}
