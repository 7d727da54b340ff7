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
    /// Dialogs that are pinned to this version go on with the active one.
    LetGo(u32),
    /// Another plugin version is active.
    Wants(Wants),
    /// Transactions that begin have these timers, and this Timer C.
    Timers(transaction::Timers, std::time::Duration),
    /// No new transactions from now on.
    Drain,
    /// Leave the loop.
    Stop,
}
