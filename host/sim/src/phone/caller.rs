//! Calls that a phone places: RFC 3261 §13.2, cancelled (§9.1), answered once or more (§13.2.2.4).
//!
//! In: a call of the scenario, responses to its INVITE. Out: CANCEL, an ACK for every 2xx, BYE for those that are one
//! too many.

use sip::{HeaderId, Message};

use super::client::Job;
use super::dialog::Dialog;
use super::{Alarm, DialogName, End, Phone, Told, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    No,
    /// As soon as a provisional response comes.
    Wanted,
    Sent,
}

/// A call that was placed.
pub(super) struct Placed {
    plan: usize,
    /// Of the INVITE that is under way.
    branch: String,
    has_provisional: bool,
    cancel: Cancel,
    is_answered: bool,
    /// The answer that counts.
    kept: Option<End>,
}

impl Phone {
    /// Places a call of the scenario.
    pub fn call(&mut self, plan: usize) {
        let call = self.scenario.calls[plan].clone();
        let mut request = self.request("INVITE", self.uri_of(call.callee));
        request.max_forwards = call.max_forwards;
        request.headers.push(("X-Call", plan.to_string()));
        request.headers.push(("Content-Type", "application/sdp".into()));
        request.body = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n".to_vec();
        let call_id = request.call_id.clone();
        if let Some(after) = call.cancel_after {
            self.wake_after(after, Alarm::Cancel(call_id.clone()));
        }
        let branch = self.start(request, self.outbound, Job::Invite);
        let placed = Placed {
            plan,
            branch,
            has_provisional: false,
            cancel: Cancel::No,
            is_answered: false,
            kept: None,
        };
        self.placed.insert(call_id, placed);
    }

    /// The INVITE goes again, with credentials.
    pub(super) fn invite_again(&mut self, call_id: &str, branch: &str) {
        if let Some(placed) = self.placed.get_mut(call_id) {
            placed.branch = branch.into();
            placed.has_provisional = false;
        }
    }

    pub(super) fn cancel(&mut self, call_id: &str) {
        let Some(placed) = self.placed.get_mut(call_id) else { return };
        if placed.is_answered || placed.cancel == Cancel::Sent {
            return;
        }
        if !placed.has_provisional {
            placed.cancel = Cancel::Wanted;
            return;
        }
        placed.cancel = Cancel::Sent;
        let branch = placed.branch.clone();
        let Some(client) = self.sent(&branch, "INVITE") else { return };
        let (request, flow) = (client.request.of_same_hop("CANCEL", &client.request.to), client.flow);
        self.start_with(request, flow, Job::Cancel, 0, branch);
    }

    /// A response to the INVITE.
    pub(super) fn invite_answered(&mut self, key: &str, response: &Message, first: bool) {
        let Some(client) = self.sent_as(key) else { return };
        let call_id = client.request.call_id.clone();
        let Some(placed) = self.placed.get_mut(&call_id) else { return };
        let status = response.status();
        if status < 200 {
            placed.has_provisional = true;
            if placed.cancel == Cancel::Wanted {
                self.cancel(&call_id);
            }
            return;
        }
        if first {
            placed.is_answered = true;
        }
        if status < 300 {
            self.call_answered(key, response);
        }
    }

    /// A 2xx: again, from another phone, or the one that was waited for.
    fn call_answered(&mut self, key: &str, response: &Message) {
        let Some(client) = self.sent_as(key) else { return };
        let name = DialogName {
            call_id: client.request.call_id.clone(),
            callee_tag: text(response.head().to_tag().unwrap_or_default()),
        };
        let end = End { name, caller: true };
        if self.dialogs.contains_key(&end) {
            return self.acknowledge_again(&end, client.request.cseq);
        }
        let credentials = client.request.header("Proxy-Authorization").map(str::to_owned);
        let (from, invite_cseq) = (client.request.from.clone(), client.request.cseq);
        let routes =
            response.values(HeaderId::RECORD_ROUTE).map(|value| text(value.bytes)).collect::<Vec<_>>();
        let dialog = Dialog::new(
            from,
            text(response.header(HeaderId::TO).unwrap_or_default()),
            routes.into_iter().rev().collect(),
            response,
            invite_cseq,
        );
        let hosts = dialog.hosts();
        self.dialogs.insert(end.clone(), dialog);
        self.acknowledge(&end, invite_cseq, credentials);
        self.tell(Told::Up { end: end.clone(), routes: hosts });

        let Some(placed) = self.placed.get_mut(&end.name.call_id) else { return };
        let call = &self.scenario.calls[placed.plan];
        let superfluous = match (&placed.kept, placed.cancel, call.keeps_last) {
            (_, Cancel::Sent | Cancel::Wanted, _) => Some(end.clone()),
            (None, Cancel::No, _) => None,
            (Some(_), Cancel::No, false) => Some(end.clone()),
            (Some(kept), Cancel::No, true) => Some(kept.clone()),
        };
        if superfluous.as_ref() != Some(&end) {
            placed.kept = Some(end.clone());
            let (talk, caller_hangs_up, reinvite) = (call.talk, call.caller_hangs_up, call.reinvite);
            if caller_hangs_up {
                self.wake_after(talk, Alarm::HangUp(end.clone()));
            }
            if reinvite == Some(true) {
                self.wake_after(talk / 2, Alarm::Reinvite(end));
            }
        }
        if let Some(superfluous) = superfluous {
            self.hang_up(&superfluous);
        }
    }
}
