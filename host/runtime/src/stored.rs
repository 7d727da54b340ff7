//! From the store's thread to the shard: which changes are durable. In: tokens. Out: [`ToShard::Stored`].

use std::sync::Arc;

use storage::CommitSink;

use crate::inbox::Inbox;
use crate::message::ToShard;

/// One shard's ear at the store.
pub(crate) struct StoredSink {
    inbox: Arc<Inbox<ToShard>>,
}

impl StoredSink {
    pub(crate) fn new(inbox: Arc<Inbox<ToShard>>) -> Self {
        Self { inbox }
    }
}

impl CommitSink for StoredSink {
    fn committed(&self, tokens: &[u64], durable: bool) {
        self.inbox.extend([ToShard::Stored { tokens: tokens.to_vec(), durable }]);
    }
}
