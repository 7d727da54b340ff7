//! Which shard a message belongs to: requests by their Call-ID, responses by the branch that we made.
//!
//! In: a message. Out: the inbox of another shard, or none where it is this one's own.

use std::hash::Hasher;
use std::sync::Arc;

use sip::{HeaderId, Message};
use siphasher::sip::SipHasher13;

use crate::inbox::Inbox;
use crate::message::ToShard;

/// All shards' inboxes, seen from one of them, or from a stream connection.
#[derive(Clone)]
pub(crate) struct Owner {
    inboxes: Arc<[Arc<Inbox<ToShard>>]>,
    here: Option<usize>,
    key: [u8; 16],
}

impl Owner {
    /// Seen from the shard `here`; `None`: from no shard. The same `key` for all.
    #[must_use]
    pub(crate) fn new(inboxes: Arc<[Arc<Inbox<ToShard>>]>, here: Option<usize>, key: [u8; 16]) -> Self {
        Self { inboxes, here, key }
    }

    /// The inbox of the shard this message belongs to, where it is another.
    pub(crate) fn other(&self, message: &Message) -> Option<&Inbox<ToShard>> {
        if self.inboxes.len() == 1 && self.here == Some(0) {
            return None;
        }
        let shard = self.shard_of(message);
        (Some(shard) != self.here).then(|| &*self.inboxes[shard])
    }

    /// A shard's inbox.
    pub(crate) fn inbox(&self, shard: usize) -> &Arc<Inbox<ToShard>> {
        &self.inboxes[shard]
    }

    fn shard_of(&self, message: &Message) -> usize {
        let ours = || transaction::shard_of_branch(message.head().via().ok()?.branch()?);
        if !message.is_request()
            && let Some(shard) = ours()
            && usize::from(shard) < self.inboxes.len()
        {
            return usize::from(shard);
        }
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(message.header(HeaderId::CALL_ID).unwrap_or_default());
        (hasher.finish() % self.inboxes.len() as u64) as usize
    }
}
