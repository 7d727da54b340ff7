//! A call that passes a record-routing proxy: requests and responses as it sees them.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

use std::time::Duration;

use sip::Message;
use strowger_dialog::{Change, DialogId, Dialogs, Ended, Limits};
use transaction::Time;

/// Alice calls bob; `call` tells calls apart.
pub(crate) fn request(
    method: &str,
    call: &str,
    from_tag: &str,
    to_tag: Option<&str>,
    lines: &[&str],
) -> Message {
    let to_tag = to_tag.map_or(String::new(), |tag| format!(";tag={tag}"));
    message(&format!("{method} sip:bob@192.0.2.4 SIP/2.0"), method, call, from_tag, &to_tag, lines)
}

/// A response to that request, with this To tag.
pub(crate) fn response(
    status: u16,
    method: &str,
    call: &str,
    from_tag: &str,
    to_tag: &str,
    lines: &[&str],
) -> Message {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    message(&format!("SIP/2.0 {status} Some"), method, call, from_tag, &to_tag, lines)
}

fn message(start: &str, method: &str, call: &str, from_tag: &str, to_tag: &str, lines: &[&str]) -> Message {
    let mut text = format!(
        "{start}\r\nVia: SIP/2.0/UDP u1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:alice@a.example>;tag={from_tag}\r\n\
         To: <sip:bob@b.example>{to_tag}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n"
    );
    for line in lines {
        text += &format!("{line}\r\n");
    }
    text += "\r\n";
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// The proxy's table, at a time that the test moves.
pub(crate) struct Path {
    pub(crate) dialogs: Dialogs,
    pub(crate) now: Time,
}

impl Path {
    pub(crate) fn new(dialogs: usize) -> Self {
        let limits = Limits { dialogs, early: Duration::from_secs(240), silence: Duration::from_secs(3600) };
        Self { dialogs: Dialogs::new([9; 16], limits), now: Time::ZERO }
    }

    /// The INVITE of `call` is answered with this status and To tag.
    pub(crate) fn invite_answered(&mut self, call: &str, status: u16, to_tag: &str) -> Change {
        self.invite_answered_with(call, status, to_tag, &[])
    }

    pub(crate) fn invite_answered_with(
        &mut self,
        call: &str,
        status: u16,
        to_tag: &str,
        lines: &[&str],
    ) -> Change {
        let invite = request("INVITE", call, "alice", None, &[]);
        let answer = response(status, "INVITE", call, "alice", to_tag, lines);
        self.dialogs.handle_response(self.now, &invite.head(), &answer.head(), 1)
    }

    /// A request from `from` to `to` within the dialog is answered.
    pub(crate) fn in_dialog(
        &mut self,
        method: &str,
        call: &str,
        tags: (&str, &str),
        status: u16,
        lines: &[&str],
    ) -> Change {
        let message = request(method, call, tags.0, Some(tags.1), &[]);
        self.dialogs.handle_request(self.now, &message.head());
        let answer = response(status, method, call, tags.0, tags.1, lines);
        self.dialogs.handle_response(self.now, &message.head(), &answer.head(), 1)
    }

    /// Which dialog a request belongs to.
    pub(crate) fn find(&self, call: &str, from_tag: &str, to_tag: &str) -> Option<DialogId> {
        self.dialogs.find(&request("INFO", call, from_tag, Some(to_tag), &[]).head())
    }

    /// Time passes; the table is called as it asks to be.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.dialogs.poll_timeout().filter(|at| *at <= end) {
            self.dialogs.handle_timeout(at);
        }
        self.dialogs.handle_timeout(end);
        self.now = end;
    }

    /// All dialogs that are over, since this was asked last.
    pub(crate) fn over(&mut self) -> Vec<Ended> {
        std::iter::from_fn(|| self.dialogs.poll_output()).collect()
    }
}

/// The dialog that a change made or confirmed.
#[track_caller]
pub(crate) fn made(change: Change) -> DialogId {
    match change {
        Change::Created(id) | Change::Confirmed(id) | Change::Known(id) => id,
        other => panic!("{other:?} names no dialog"),
    }
}
