//! Sessions that the network ends (TS 24.229 §5.4.5.1): those that a script let pass on behalf of a user.
//!
//! ```text
//!   confirmed (§5.4.5.1.2) ─▶ BYE to the callee, BYE to the caller ─▶ the dialog is over here; nobody waits for the answers
//!   not answered (§5.4.5.1.1) ─▶ CANCEL of its branches ─▶ 487 to who has called
//! ```
//! Or those that a version of a script took, where its operator ends them.
//!
//! In: a user, as relays have named it; a version. Out: requests of this element's own, and cancelled branches.

use dialog::Bye;
use sip::{Message, Method};
use transaction::Time;

use crate::context::{Active, Context};
use crate::io::{ContextId, Originate};
use crate::node::Node;

impl Node {
    pub(crate) fn handle_release(&mut self, now: Time, served_user: &str) {
        let byes = self.dialogs.release(served_user);
        self.send_byes(now, byes);
        let is_meant = |active: &Active| {
            active.relays.iter().any(|relay| relay.served_user.as_deref() == Some(served_user))
        };
        let being_set_up: Vec<ContextId> = self
            .contexts
            .iter()
            .filter(|(_, context)| context.method == Method::Invite && !context.in_dialog)
            .filter(|(_, context)| context.active.as_deref().is_some_and(is_meant))
            .map(|(id, _)| id)
            .collect();
        for id in being_set_up {
            self.cancel_request(now, id, b"");
        }
    }

    /// Ends calls that a version of a script took, so many at most, and how many that were. Calls that have no BYE, since
    /// nothing was remembered for it ([`Node::set_ends_calls`]), stay.
    pub fn end_version(&mut self, now: Time, version: u32, most: usize) -> usize {
        let byes = self.dialogs.release_version(version, most);
        let confirmed = byes.len() / 2;
        self.send_byes(now, byes);
        let is_meant =
            |context: &Context| context.version == version && context.active.is_some() && !context.answered;
        let being_set_up: Vec<ContextId> = self
            .contexts
            .iter()
            .filter(|(_, context)| {
                context.method == Method::Invite && !context.in_dialog && is_meant(context)
            })
            .map(|(id, _)| id)
            .take(most - confirmed)
            .collect();
        for &id in &being_set_up {
            self.cancel_request(now, id, b"");
        }
        self.settle(now);
        confirmed + being_set_up.len()
    }

    fn send_byes(&mut self, now: Time, byes: Vec<Bye>) {
        for bye in byes {
            // What was read out of messages can be written into one.
            if let Some(request) = message(&bye) {
                let token = Originate::NOBODY;
                self.handle_originate(now, Originate { request, target: None, timeout: None, token });
            }
        }
        self.tell_ended();
    }
}

/// On whose behalf a request passes; `None`: the script has not said so.
pub(crate) fn served_user(active: &Active) -> Option<&str> {
    active.relays.last()?.served_user.as_deref()
}

fn message(bye: &Bye) -> Option<Message> {
    let mut bytes = Vec::with_capacity(512);
    let mut line = |name: &str, value: &[u8]| {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    };
    line("BYE ", &[&bye.request_uri[..], b" SIP/2.0"].concat());
    bye.route.iter().for_each(|route| line("Route: ", route));
    line("Max-Forwards: ", b"70");
    line("From: ", &bye.from);
    line("To: ", &bye.to);
    line("Call-ID: ", &bye.call_id);
    line("CSeq: ", format!("{} BYE", bye.cseq).as_bytes());
    line("Content-Length: ", b"0");
    line("", b"");
    Message::parse_stream(&bytes).ok()
}
