//! How long a dialog is good for: until its session timer ends (RFC 4028 §8.2), or until nothing was heard of it for too
//! long.
//!
//! In: messages of a dialog. Out: its deadline, by which `expiry.rs` ends it (§8.3: a proxy forgets it, and sends nothing).

use std::time::Duration;

use sip::Head;
use transaction::Time;

use super::{Dialogs, Slot};
use crate::dialog::{DialogId, LATE_2XX};
use crate::key::InviteKey;
use crate::session_timer::{LEAST_INTERVAL, Session};

impl Dialogs {
    /// A 2xx to an INVITE or UPDATE leaves with another Session-Expires than it came with (§8.2: this proxy has put it in
    /// for a server that knows nothing of timers): what leaves counts.
    pub fn handle_settled(&mut self, now: Time, response: &Head<'_>) {
        let Some(id) = self.find(response) else { return };
        if self.records[id.slot as usize].state == Slot::Confirmed {
            self.refresh(now, id.slot, response);
        }
    }

    /// A message of the dialog passed: it is good for some time longer, unless its session timer rules.
    pub(super) fn touch(&mut self, now: Time, id: DialogId) {
        let record = &self.records[id.slot as usize];
        let longer = match record.state {
            Slot::Early => self.limits.early,
            Slot::Confirmed if record.session_interval == 0 => self.limits.silence,
            Slot::Confirmed | Slot::Free => return,
        };
        self.expiry.set(now, id.slot, now + longer);
    }

    /// A 2xx to a session refresh request: it alone says whether there is a timer from now on (RFC 4028 §8.2).
    pub(super) fn refresh(&mut self, now: Time, slot: u32, response: &Head<'_>) {
        let interval = Session::of(response).map_or(0, |session| session.interval.max(LEAST_INTERVAL));
        self.records[slot as usize].session_interval = interval;
        let longer = match interval {
            0 => self.limits.silence,
            seconds => Duration::from_secs(u64::from(seconds)),
        };
        self.expiry.set(now, slot, now + longer);
    }

    /// A 2xx came: the other early dialogs of its INVITE may follow for [`LATE_2XX`] only.
    pub(super) fn shorten_siblings(&mut self, now: Time, invite: InviteKey) {
        for sibling in self.early.of(invite) {
            self.expiry.set(now, *sibling, now + LATE_2XX);
        }
    }
}
