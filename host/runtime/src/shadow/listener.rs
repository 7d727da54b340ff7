//! The part of a shadow that is on the shards: which calls it gets, and the queue in which they wait.
//!
//! In: every call of a script while the shadow runs. Out: those of its share, to the worker; what finds no room in the queue
//! is counted. A call is in the share or not by its Call-ID alone, so that all hooks of a call are seen, or none.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use plugin::{Ask, Event, Identity, Place, Plugin};

use super::mask::Mask;
use super::report::{Counted, ShadowReport};
use crate::audience::{Audience, Heard, Listener};
use crate::clock::wall_ms;
use crate::secrets;

/// Hooks that wait for the worker.
const QUEUED: usize = 1024;

/// Bytes of their messages and tapes, all together.
const QUEUED_BYTES: usize = 4 << 20;

/// A hook that waits, and what it counts in the queue.
pub(super) struct Queued {
    pub(super) call: Arc<Heard>,
    bytes: usize,
}

/// A candidate in the shadow of the active version.
pub(crate) struct Shadow {
    pub(super) candidate: Identity,
    /// Kept by others.
    pub(super) version: Weak<Plugin>,
    pub(super) active: Identity,
    /// Tenths of a percent.
    pub(super) share: AtomicU16,
    since_ms: u64,
    /// Examples show who it was.
    pub(super) identities: bool,
    pub(super) mask: Mask,
    calls: SyncSender<Queued>,
    queued: AtomicUsize,
    queued_bytes: AtomicUsize,
    dropped: AtomicU64,
    pub(super) counted: Mutex<Counted>,
    /// How often the worker holds the candidate now.
    pub(super) holding: AtomicUsize,
    over: OnceLock<&'static str>,
}

impl Shadow {
    /// A shadow that nobody has told of calls yet, and where those come that wait.
    pub(super) fn new(
        active: &Plugin,
        candidate: &Arc<Plugin>,
        share: u16,
        identities: bool,
    ) -> (Shadow, Receiver<Queued>) {
        let (calls, receiver) = sync_channel(QUEUED);
        let shadow = Shadow {
            candidate: candidate.identity().clone(),
            version: Arc::downgrade(candidate),
            active: active.identity().clone(),
            share: share.into(),
            since_ms: wall_ms(),
            identities,
            mask: Mask::new((!identities).then(secrets::fresh)),
            calls,
            queued: AtomicUsize::new(0),
            queued_bytes: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            counted: Mutex::default(),
            holding: AtomicUsize::new(0),
            over: OnceLock::new(),
        };
        (shadow, receiver)
    }

    pub(super) fn is_running(&self) -> bool {
        self.over.get().is_none()
    }

    /// Ends it, for the first reason that there is.
    pub(super) fn end(self: &Arc<Self>, why: &'static str, audience: &Audience) {
        if self.over.set(why).is_ok() {
            audience.remove(&(Arc::clone(self) as Arc<dyn Listener>));
        }
    }

    /// A hook that it is not asked.
    pub(super) fn drop_one(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    /// One waits no longer.
    pub(super) fn taken(&self, queued: &Queued) {
        self.queued.fetch_sub(1, Relaxed);
        self.queued_bytes.fetch_sub(queued.bytes, Relaxed);
    }

    /// What the active version makes of other versions' calls is left out: what it kept in them itself, the candidate would
    /// be asked about, if it took calls over.
    fn is_meant(&self, version: &Plugin, ask: &Ask) -> bool {
        !matches!(ask, Ask::Adopt(_))
            && version.identity().number == self.active.number
            && Place::of(key(ask)).is_among(self.share.load(Relaxed))
    }

    /// All that has been seen.
    pub(super) fn report(&self) -> ShadowReport {
        let counted = self.counted.lock();
        let (same, different) = (counted.same, counted.different);
        let (asked_more, failed) = (counted.asked_more, counted.failed);
        ShadowReport {
            role: self.candidate.role.to_string(),
            candidate: (&self.candidate).into(),
            active: (&self.active).into(),
            share: self.share.load(Relaxed),
            state: if self.is_running() { "running" } else { "ended" },
            why: self.over.get().copied().unwrap_or_default(),
            since_ms: self.since_ms,
            compared: same + different + asked_more + failed,
            same,
            different,
            asked_more,
            failed,
            dropped: self.dropped.load(Relaxed),
            cost: counted.costs(),
            differences: counted.ordered(),
            other: counted.other,
        }
    }
}

impl Listener for Shadow {
    fn wants(&self, version: &Plugin, ask: &Ask) -> bool {
        if !self.is_meant(version, ask) {
            return false;
        }
        // What would be dropped anyhow is not recorded either.
        let has_room = self.queued.load(Relaxed) < QUEUED;
        if !has_room {
            self.drop_one();
        }
        has_room
    }

    fn heard(&self, call: &Arc<Heard>) {
        let bytes = call.bytes();
        self.queued.fetch_add(1, Relaxed);
        let before = self.queued_bytes.fetch_add(bytes, Relaxed);
        let queued = Queued { call: Arc::clone(call), bytes };
        let sent = match before + bytes > QUEUED_BYTES {
            true => Err(queued),
            false => self.calls.try_send(queued).map_err(returned),
        };
        if let Err(queued) = sent {
            self.taken(&queued);
            self.drop_one();
        }
    }
}

fn returned(error: std::sync::mpsc::TrySendError<Queued>) -> Queued {
    use std::sync::mpsc::TrySendError::{Disconnected, Full};
    match error {
        Full(queued) | Disconnected(queued) => queued,
    }
}

/// What all hooks of a call have in common.
fn key(ask: &Ask) -> &[u8] {
    match ask {
        Ask::Message { message, .. } | Ask::Answer { response: message, .. } => {
            message.header(sip::HeaderId::CALL_ID).unwrap_or_default()
        }
        Ask::Timer(token) => token.as_bytes(),
        Ask::Event(Event::DialogEnded { call_id, .. }) => call_id.as_bytes(),
        Ask::Event(Event::RegistrationEnded { address_of_record, .. }) => address_of_record.as_bytes(),
        Ask::Event(Event::Other { name, .. }) => name.as_bytes(),
        Ask::Adopt(adoption) => adoption.call_id.as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hooks_of_a_call_are_of_one_key() {
        let message = |line: &str| {
            let text = format!(
                "{line}\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\
                 Call-ID: c@d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
            );
            Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap())
        };
        let remote = ([192, 0, 2, 4], 5060).into();
        let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
        let asked =
            |hook, message| Ask::Message { hook, message, context: plugin::ConsultContext::new(1, flow) };
        let ended = Event::DialogEnded { call_id: "c@d".into(), why: "bye" };
        for ask in [
            asked(node::Hook::Request, message("INVITE sip:b@b SIP/2.0")),
            asked(node::Hook::Reply, message("SIP/2.0 200 OK")),
            Ask::Event(ended),
        ] {
            assert_eq!(key(&ask), b"c@d");
        }
    }
}
