//! What a connection brings, read by a thread that looks at sockets anyway, so that an answer wakes one thread and not two.
//!
//! ```text
//!  connection's task ─▶ Feeds::opened(Feed) ─▶ somebody else: read, whenever the descriptor is readable
//!        │ waits                                      │ the peer closes, the socket breaks
//!        ◀─────────────────── End::Over ──────────────┤
//!        ◀─────────────────── End::GivenBack ─────────┘ the feed is dropped: the task reads on by itself
//! ```
//! In: a TCP connection without TLS. Out: what the node makes of its bytes. Writing is the outbox's as ever.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Shared;
use super::connection::{Connection, Ended};
use super::wire::Wire;

/// Reads in one go; what is left is there at the next.
const MAX_READS: usize = 4;

/// Who reads what connections bring.
pub trait Feeds: Send + Sync + 'static {
    /// A connection is there. Whoever keeps the feed reads it whenever its descriptor is readable; to drop it is to leave
    /// the reading to the service. Called on the connection's task: to be handed over.
    fn opened(&self, feed: Feed);
}

/// What a look at a feed met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Nothing came.
    Nothing,
    /// Bytes, which the node has taken.
    Bytes,
    /// The end: nothing will come any more, and the feed is to be dropped.
    End,
}

/// One connection's bytes, to be read.
pub struct Feed {
    connection: Arc<Connection>,
    shared: Arc<Shared>,
    end: Arc<End>,
}

/// What became of a feed, for the connection's task.
#[derive(Default)]
pub(super) struct End {
    over: Mutex<Option<Over>>,
    wake: Notify,
}

/// Why nobody reads any more.
pub(super) enum Over {
    GivenBack,
    Ended(Ended),
}

impl End {
    fn set(&self, over: Over) {
        self.over.lock().get_or_insert(over);
        self.wake.notify_one();
    }

    /// Until nobody reads any more.
    pub(super) async fn over(&self) -> Over {
        loop {
            if let Some(over) = self.over.lock().take() {
                return over;
            }
            self.wake.notified().await;
        }
    }
}

impl Feed {
    /// The feed of a connection that is not watched, and where its end is told.
    pub(super) fn new(connection: Arc<Connection>, shared: Arc<Shared>) -> (Feed, Arc<End>) {
        let end = Arc::new(End::default());
        (Feed { connection, shared, end: Arc::clone(&end) }, end)
    }

    /// Takes what is there; never waits. `buffer`: room for some messages; its content is of no use afterwards.
    pub fn read(&self, buffer: &mut [u8]) -> Met {
        let Some(Wire::Unwatched(socket)) = self.connection.outbox.wire() else { return Met::End };
        let mut met = Met::Nothing;
        for _ in 0..MAX_READS {
            match (&*socket).read(buffer) {
                Ok(0) => return self.ended(Ended::Peer),
                Ok(count) => {
                    self.connection.received(&self.shared, buffer.get(..count).unwrap_or_default());
                    met = Met::Bytes;
                    if count < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.ended(Ended::Broken(error.kind())),
            }
        }
        met
    }

    fn ended(&self, why: Ended) -> Met {
        self.end.set(Over::Ended(why));
        Met::End
    }
}

impl AsFd for Feed {
    /// What to watch for readability.
    ///
    /// # Panics
    /// Never: only a connection with a socket has a feed.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.outbox.wire().expect("a feed's connection has a socket").as_fd()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end.set(Over::GivenBack);
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Feed").field("connection", &self.connection.id).finish_non_exhaustive()
    }
}
