//! What other threads tell a shard. Values only.

use node::{ContextId, Hop, LocateFailure, LocateId, Unsent, Wants};
use sip::{Excerpt, Flow, Message};
use transport::diameter::Feed;

/// Whose a request of this element's own is: who is told of its answer.
#[derive(Debug)]
pub(crate) enum OwnToken {
    /// The notifier's.
    Notify(cscf::reg_event::SubscriptionId),
    /// A script's, and the version that sent it.
    Script(Box<str>, std::sync::Arc<plugin::Plugin>),
    /// Nobody's.
    Nobody,
}

/// What is to become of dialogs that are pinned to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// Nothing: they are counted.
    Count,
    /// They go on with the active version.
    LetGo,
    /// So many are ended.
    End(usize),
}

/// Dialogs of one shard, or of all of them, that are pinned to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PinnedCalls {
    /// Those that keep it alive when it has been done.
    pub(crate) left: usize,
    /// Those that were ended.
    pub(crate) ended: usize,
}

/// One thing told to a shard.
#[derive(Debug)]
pub(crate) enum ToShard {
    /// A message that another shard or a stream connection received; its top Via is already marked.
    Received {
        /// Where from.
        flow: Flow,
        /// What.
        message: Message,
    },
    /// A stream connection brought bytes that are no SIP message.
    Unparsable {
        /// Where from.
        flow: Flow,
        /// What is left of it.
        excerpt: Option<Box<Excerpt>>,
    },
    /// The changes of these consultations are durable, or could not be made so.
    Stored {
        /// Tokens that the shard gave.
        tokens: Vec<u64>,
        /// Whether they are durable.
        durable: bool,
    },
    /// A target was located.
    Located {
        /// Which search.
        id: LocateId,
        /// Its hops.
        hops: Result<Vec<Hop>, LocateFailure>,
    },
    /// A message could not be sent.
    Undelivered {
        /// The node's token.
        token: u64,
        /// The message itself, where its connection is gone.
        unsent: Option<Unsent>,
    },
    /// A request that this shard awaits has come back at another one.
    Returned {
        /// Which.
        context: ContextId,
        /// By which it came back.
        token: Box<str>,
    },
    /// The network ends all sessions of a user.
    Release {
        /// Its default public identity.
        served_user: Box<str>,
    },
    /// A Diameter connection that the shard is to read.
    Feed(Feed),
    /// A script is to be told of something.
    Event(plugin::Event),
    /// Send a request of this element's own.
    Originate {
        /// Complete but for Via.
        request: Message,
        /// Whose it is.
        token: OwnToken,
    },
    /// Something about the dialogs that are pinned to a version.
    Pinned {
        /// Its number.
        number: u32,
        /// What is to become of them.
        what: Pinned,
        /// Who wants to know of them.
        told: std::sync::mpsc::Sender<PinnedCalls>,
    },
    /// Another plugin version is active.
    Wants(Wants),
    /// No new transactions from now on.
    Drain,
    /// Leave the loop.
    Stop,
}
