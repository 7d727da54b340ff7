//! A TCP socket without TLS, as those see it who write on it.
//!
//! In: bytes, and waits for room. Out: the kernel's answer. A socket whose bytes are read elsewhere (`feed.rs`) is not in
//! the I/O threads' watch, or each arrival would wake one of them for nothing.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

/// How often a full socket that nobody watches is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(1);

/// Where bytes are written.
#[derive(Debug)]
pub(super) enum Wire {
    /// The connection's task reads.
    Watched(OwnedWriteHalf),
    /// Somebody else does.
    Unwatched(std::net::TcpStream),
}

impl Wire {
    /// Takes a socket out of the I/O threads' watch.
    pub(super) fn unwatched(stream: TcpStream) -> io::Result<Wire> {
        stream.into_std().map(Wire::Unwatched)
    }

    /// What the socket takes of it now.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Watched(writer) => writer.try_write(bytes),
            Wire::Unwatched(stream) => (&*stream).write(bytes),
        }
    }

    /// Until there may be room.
    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Wire::Watched(writer) => writer.writable().await,
            Wire::Unwatched(_) => {
                tokio::time::sleep(TRY_AGAIN).await;
                Ok(())
            }
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Wire::Watched(writer) => writer.as_ref().as_fd(),
            Wire::Unwatched(stream) => stream.as_fd(),
        }
    }
}
