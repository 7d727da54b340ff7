//! Both directions of a Diameter connection: streams, of which whole messages are traced.
//!
//! In: bytes as they are read and written. Out: messages in the [`Trace`].

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use diameter::Framer;
use parking_lot::Mutex;

use crate::Trace;

/// Longest message that is looked at; a longer one ends the tracing of its direction.
const MAX_MESSAGE: usize = 256 * 1024;

/// A connection that is listened to.
#[derive(Debug)]
pub struct Tap {
    trace: Arc<Trace>,
    remote: OnceLock<SocketAddr>,
    sent: Mutex<Framer>,
    received: Mutex<Framer>,
}

impl Tap {
    /// Listens to a new connection.
    #[must_use]
    pub fn new(trace: Arc<Trace>) -> Tap {
        let framer = || Mutex::new(Framer::new(MAX_MESSAGE));
        Tap { trace, remote: OnceLock::new(), sent: framer(), received: framer() }
    }

    /// Whom it is with.
    pub fn is_with(&self, remote: SocketAddr) {
        let _ = self.remote.set(remote);
    }

    /// Bytes that are about to be written.
    pub fn sent(&self, bytes: &[u8]) {
        self.cut(&self.sent, true, bytes);
    }

    /// Bytes that were read.
    pub fn received(&self, bytes: &[u8]) {
        self.cut(&self.received, false, bytes);
    }

    fn cut(&self, framer: &Mutex<Framer>, sent: bool, bytes: &[u8]) {
        let mut framer = framer.lock();
        framer.push(bytes);
        while let Ok(Some(message)) = framer.next() {
            self.trace.diameter(sent, self.remote.get().copied(), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diameter::{ApplicationId, Builder, CommandCode, Flags};

    #[test]
    fn messages_are_whole_however_they_are_cut() {
        let trace = Arc::new(Trace::new(10));
        let tap = Tap::new(Arc::clone(&trace));
        let request = Builder::new(Flags::REQUEST, CommandCode::DEVICE_WATCHDOG, ApplicationId::BASE);
        let bytes = request.finish().unwrap().bytes().clone();
        tap.received(&bytes[..7]);
        assert_eq!(trace.after(0, None).messages.len(), 0);
        tap.received(&[&bytes[7..], &bytes[..]].concat());
        let labels: Vec<String> = trace.after(0, None).messages.into_iter().map(|one| one.label).collect();
        assert_eq!(labels, ["DWR", "DWR"]);
    }
}
