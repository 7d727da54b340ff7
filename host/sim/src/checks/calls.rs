//! A call that both ends have is in the dialogs of every node that is in its route set (RFC 3261 §12, §16.6 item 4).
//!
//! In: when each end has a call and lets it go, how many dialogs each node counts. Out: a node with fewer dialogs than
//! calls. Looked at when a call comes up, and when it is let go, before the node hears of that.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::phone::{DialogName, Told};
use crate::scenario::element_address;

#[derive(Default)]
struct Call {
    caller: bool,
    callee: bool,
    is_over: bool,
    routes: Vec<SocketAddr>,
}

#[derive(Default)]
pub(super) struct Calls {
    all: BTreeMap<DialogName, Call>,
    /// Call-IDs that each node has seen.
    seen: BTreeSet<(usize, String)>,
    /// Of those, the ones that it had seen before it restarted: their dialogs are gone.
    forgotten: BTreeSet<(usize, String)>,
}

impl Calls {
    /// A request comes to a node.
    pub(super) fn received(&mut self, node: usize, call_id: &[u8]) {
        let name = (node, String::from_utf8_lossy(call_id).into_owned());
        self.seen.insert(name);
    }

    /// A node has forgotten everything.
    pub(super) fn restarted(&mut self, node: usize) {
        self.forgotten.extend(self.seen.iter().filter(|(of, _)| *of == node).cloned());
    }

    pub(super) fn told(&mut self, told: &Told, dialogs: &[u64]) -> Vec<String> {
        match told {
            Told::Up { end, routes } => {
                let call = self.all.entry(end.name.clone()).or_default();
                call.caller |= end.caller;
                call.callee |= !end.caller;
                // The caller hears its route set from the response, where all proxies are in it.
                if end.caller {
                    call.routes.clone_from(routes);
                }
                if call.caller && call.callee { self.compare(dialogs) } else { Vec::new() }
            }
            Told::Over(name) => {
                let missing = self.compare(dialogs);
                self.all.entry(name.clone()).or_default().is_over = true;
                missing
            }
            Told::Answered { .. }
            | Told::Unanswered { .. }
            | Told::Unacknowledged { .. }
            | Told::Stray(_) => Vec::new(),
        }
    }

    fn compare(&self, dialogs: &[u64]) -> Vec<String> {
        let missing = dialogs.iter().enumerate().filter_map(|(node, dialogs)| {
            let ip = element_address(node, sip::Transport::Udp).ip();
            let passes = |call: &Call| call.routes.iter().any(|route| route.ip() == ip);
            let is_forgotten = |name: &DialogName| self.forgotten.contains(&(node, name.call_id.clone()));
            let calls: Vec<&str> = self
                .all
                .iter()
                .filter(|(_, call)| call.caller && call.callee && !call.is_over && passes(call))
                .filter(|(name, _)| !is_forgotten(name))
                .map(|(name, _)| name.call_id.as_str())
                .collect();
            (calls.len() as u64 > *dialogs)
                .then(|| format!("node {node} has {dialogs} dialogs and carries {}", calls.join(", ")))
        });
        missing.collect()
    }
}
