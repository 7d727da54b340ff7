//! Runs of datagrams to one remote, handed to the kernel in one piece that it cuts again (`UDP_SEGMENT`, Linux 4.18).
//!
//! In: what waits in a batch. Out: where its first run is, and one `sendmsg` of a run at its front. A run's datagrams are of
//! one size, only the last may be shorter. On the wire nothing changes: the way through the kernel is taken once for all
//! of them. A capture on this machine may see the piece as it was before it was cut, so this is only done when asked for.
//! Not here: what happens to a run that the kernel refuses (`send.rs`).

use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt};
use smallvec::SmallVec;
use socket2::Socket;

use super::send::{SEND_BATCH, SendBatch};

/// Largest datagram of a run, bytes: what the smallest MTU of IPv6 (1280, RFC 8200 §5) leaves beside the headers.
pub(super) const MAX_SEGMENT: usize = 1232;

/// Most bytes of a run: with its headers it is one IP packet until it is cut.
const MAX_RUN: usize = 65_000;

/// Whether this kernel knows of it.
pub(super) fn is_known(socket: &Socket) -> bool {
    setsockopt(socket, sockopt::UdpGsoSegment, &0).is_ok()
}

/// The first run among the first `most` datagrams that wait: where it begins, and how many it has, 2 or more.
pub(super) fn first_run(batch: &SendBatch, most: usize) -> Option<(usize, usize)> {
    (0..most).map(|first| (first, run(batch, first))).find(|(_, count)| *count > 1)
}

/// Datagrams from `first` on that can be one run; below 2: there is none.
fn run(batch: &SendBatch, first: usize) -> usize {
    let Some((remote, size)) = batch.waiting(first).map(|(remote, bytes)| (remote, bytes.len())) else {
        return 0;
    };
    if size == 0 || size > MAX_SEGMENT {
        return 1;
    }
    let most = SEND_BATCH.min(MAX_RUN / size);
    let mut count = 1;
    while count < most {
        match batch.waiting(first + count) {
            Some((other, bytes)) if other == remote && bytes.len() == size => count += 1,
            Some((other, bytes)) if other == remote && (1..size).contains(&bytes.len()) => return count + 1,
            _ => break,
        }
    }
    count
}

/// Sends the first `count` datagrams, a run, all or none.
pub(super) fn write(socket: &Socket, batch: &SendBatch, count: usize) -> io::Result<()> {
    let Some((remote, first)) = batch.waiting(0) else { return Ok(()) };
    let size = u16::try_from(first.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let slices: SmallVec<[IoSlice<'_>; SEND_BATCH]> =
        (0..count).filter_map(|at| batch.waiting(at)).map(|(_, bytes)| IoSlice::new(bytes)).collect();
    let control = [ControlMessage::UdpGsoSegments(&size)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    sendmsg(socket.as_raw_fd(), &slices, &control, flags, Some(&SockaddrStorage::from(remote)))?;
    Ok(())
}

/// Whether the device that leads there cannot do it at all.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EIO | Errno::EOPNOTSUPP))
}
