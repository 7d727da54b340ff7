//! The sending half of a UDP socket: datagrams queued by the shard and written with `sendmmsg`, or in runs.
//!
//! In: [`SendBatch::push`]. Out: datagrams, and [`Undelivered`] tokens for those the kernel refused. When the
//! kernel's buffer is full the batch is the pending queue, bounded by [`MAX_PENDING`].
//! Not here: ICMP errors, which arrive later (see `unreachable.rs`), what a run is (`segments.rs`).

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;

use bytes::Bytes;
use nix::libc;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use smallvec::SmallVec;

use super::{UdpListener, segments, unreachable};

/// Most datagrams that one `sendmmsg` takes.
pub const SEND_BATCH: usize = 64;

/// Most datagrams that wait in a batch.
pub const MAX_PENDING: usize = 8192;

/// Bytes of copied payloads that a batch keeps in its own memory; what exceeds it is allocated singly.
const ARENA: usize = 1 << 20;

/// How often a datagram is tried again because an error about another one was met in its place.
const MAX_RETRIES: usize = 8;

/// A datagram that did not leave.
#[derive(Debug)]
pub struct Undelivered {
    /// The token it was pushed with.
    pub token: u64,
    /// Where it was meant to go.
    pub remote: SocketAddr,
    /// What the kernel said, for example that it is larger than a datagram can be or that there is no route.
    pub error: io::Error,
}

/// Datagrams waiting to be sent.
#[derive(Default)]
pub struct SendBatch {
    queue: VecDeque<Outgoing>,
    arena: Vec<u8>,
    undelivered: VecDeque<Undelivered>,
    /// So many at the front were refused as a run.
    singly: usize,
}

struct Outgoing {
    remote: SocketAddr,
    token: u64,
    payload: Payload,
}

enum Payload {
    Shared(Bytes),
    Arena { start: usize, end: usize },
}

impl SendBatch {
    /// An empty batch.
    pub fn new() -> SendBatch {
        SendBatch::default()
    }

    /// Queues one datagram without copying it. `token` comes back in [`Undelivered`]. Gives `false`, and reports
    /// the datagram undelivered, when [`MAX_PENDING`] datagrams wait already.
    pub fn push(&mut self, remote: SocketAddr, bytes: Bytes, token: u64) -> bool {
        self.enqueue(remote, Payload::Shared(bytes), token)
    }

    /// Queues a copy of `bytes`, held in memory that the batch reuses. Otherwise like [`SendBatch::push`].
    pub fn push_copy(&mut self, remote: SocketAddr, bytes: &[u8], token: u64) -> bool {
        let start = self.arena.len();
        let payload = if start + bytes.len() <= ARENA {
            self.arena.extend_from_slice(bytes);
            Payload::Arena { start, end: self.arena.len() }
        } else {
            Payload::Shared(Bytes::copy_from_slice(bytes))
        };
        self.enqueue(remote, payload, token)
    }

    /// Number of datagrams that wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The next datagram that did not leave.
    pub fn poll_undelivered(&mut self) -> Option<Undelivered> {
        self.undelivered.pop_front()
    }

    /// A datagram that waits, by its place.
    pub(super) fn waiting(&self, at: usize) -> Option<(SocketAddr, &[u8])> {
        let Outgoing { remote, payload, .. } = self.queue.get(at)?;
        let bytes = match payload {
            Payload::Shared(bytes) => bytes,
            Payload::Arena { start, end } => &self.arena[*start..*end],
        };
        Some((*remote, bytes))
    }

    fn enqueue(&mut self, remote: SocketAddr, payload: Payload, token: u64) -> bool {
        if self.queue.len() >= MAX_PENDING {
            self.refuse(remote, token, io::ErrorKind::QuotaExceeded.into());
            return false;
        }
        self.queue.push_back(Outgoing { remote, token, payload });
        true
    }

    fn refuse(&mut self, remote: SocketAddr, token: u64, error: io::Error) {
        if self.undelivered.len() < MAX_PENDING {
            self.undelivered.push_back(Undelivered { token, remote, error });
        }
    }

    fn fail_first(&mut self, error: io::Error) {
        if let Some(first) = self.queue.pop_front() {
            self.singly = self.singly.saturating_sub(1);
            self.refuse(first.remote, first.token, error);
        }
    }

    fn sent(&mut self, count: usize) {
        self.queue.drain(..count.min(self.queue.len()));
        self.singly = self.singly.saturating_sub(count);
    }
}

impl std::fmt::Debug for SendBatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SendBatch")
            .field("len", &self.queue.len())
            .field("undelivered", &self.undelivered.len())
            .finish_non_exhaustive()
    }
}

/// See [`UdpListener::flush`].
pub(super) fn flush(listener: &mut UdpListener, batch: &mut SendBatch) -> usize {
    let mut retries = 0;
    while !batch.queue.is_empty() {
        let Attempt { count: attempted, is_run } = next(listener, batch);
        let written = match is_run {
            true => segments::write(&listener.socket, batch, attempted).map(|()| attempted),
            false => write(listener, batch, attempted),
        };
        match written {
            Ok(count) => {
                batch.sent(count);
                retries = 0;
                if count < attempted {
                    // the kernel met an error at the next one and forgot it if it was about an earlier datagram
                    listener.drain_error_queue();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_full(&error) => return batch.queue.len(),
            Err(error) if unreachable::is_asynchronous(&error) && retries < MAX_RETRIES => {
                // an error about an earlier datagram, in which case the queue holds it, or about this very one
                retries += 1;
                if listener.drain_error_queue() == 0 {
                    retries = 0;
                    refuse(listener, batch, attempted, is_run, error);
                }
            }
            Err(error) => {
                retries = 0;
                refuse(listener, batch, attempted, is_run, error);
            }
        }
    }
    batch.arena.clear();
    0
}

/// What is written next: the first so many datagrams, as a run or singly.
struct Attempt {
    count: usize,
    is_run: bool,
}

fn next(listener: &UdpListener, batch: &SendBatch) -> Attempt {
    let most = batch.queue.len().min(SEND_BATCH);
    if !listener.segmentation {
        return Attempt { count: most, is_run: false };
    }
    if batch.singly > 0 {
        return Attempt { count: most.min(batch.singly), is_run: false };
    }
    match segments::first_run(batch, most) {
        Some((0, count)) => Attempt { count, is_run: true },
        Some((before, _)) => Attempt { count: before, is_run: false },
        None => Attempt { count: most, is_run: false },
    }
}

/// The kernel took nothing: a run is tried singly, of others the first has failed.
fn refuse(listener: &mut UdpListener, batch: &mut SendBatch, count: usize, is_run: bool, error: io::Error) {
    if is_run {
        batch.singly = count;
        listener.segmentation &= !segments::is_unsupported(&error);
    } else {
        batch.fail_first(error);
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::ENOBUFS)
}

/// One `sendmmsg` of the first `count` datagrams.
fn write(listener: &UdpListener, batch: &SendBatch, count: usize) -> io::Result<usize> {
    let mut addresses: SmallVec<[SocketAddrAny; SEND_BATCH]> = SmallVec::new();
    let mut slices: SmallVec<[[IoSlice<'_>; 1]; SEND_BATCH]> = SmallVec::new();
    let mut controls: SmallVec<[SendAncillaryBuffer<'_, '_, '_>; SEND_BATCH]> = SmallVec::new();
    for (remote, bytes) in (0..count).filter_map(|at| batch.waiting(at)) {
        addresses.push(remote.into());
        slices.push([IoSlice::new(bytes)]);
        controls.push(SendAncillaryBuffer::default());
    }
    let mut headers: SmallVec<[MMsgHdr<'_>; SEND_BATCH]> = addresses
        .iter()
        .zip(&slices)
        .zip(&mut controls)
        .map(|((address, slice), control)| MMsgHdr::new_with_addr(address, slice, control))
        .collect();
    Ok(sendmmsg(&listener.socket, &mut headers, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
}
