//! One final response per request upstream (RFC 3261 §17.2, §16.7 items 5 and 6; RFC 6026 for the 2xx of INVITE).
//!
//! In: responses that a node sends. Out: what contradicts an earlier one. Repeated bytes are the same answer. An answer
//! that no transaction remembers (§8.2.7) binds nobody: the same request again may be answered anew.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Seen, Upstream};

struct Given {
    status: u16,
    bytes: u64,
    is_stateless: bool,
}

#[derive(Default)]
pub(super) struct OneFinal(BTreeMap<Upstream, Given>);

impl OneFinal {
    /// A node has forgotten everything: what it said binds it no more.
    pub(super) fn restarted(&mut self, node: usize) {
        let of_node = self.0.iter_mut().filter(|(upstream, _)| upstream.node == node);
        of_node.for_each(|(_, given)| given.is_stateless = true);
    }

    pub(super) fn sent(&mut self, seen: &Seen<'_>, is_stateless: bool) -> Option<String> {
        let status = seen.message.status();
        if status < 200 {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        seen.message.bytes().hash(&mut hasher);
        let given = Given { status, bytes: hasher.finish(), is_stateless };
        let upstream = seen.upstream(0)?;
        let is_invite = upstream.method == b"INVITE";
        let before = self.0.get(&upstream).filter(|before| !before.is_stateless);
        let Some(before) = before else {
            self.0.insert(upstream, given);
            return None;
        };
        let both_succeed = is_invite && before.status / 100 == 2 && status / 100 == 2;
        let is_same = before.status == status && before.bytes == given.bytes;
        (!both_succeed && !is_same).then(|| format!("{} after {}", seen.what("sent"), before.status))
    }
}
