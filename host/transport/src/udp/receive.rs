//! The receiving half of a UDP socket: one `recvmmsg` into buffers that live as long as the batch.
//!
//! Every slot takes the largest datagram that UDP can carry, so nothing is cut. The memory is reserved once; the
//! pages beyond a slot's first are touched only by datagrams that need them.
//! In: a readable socket. Out: [`Datagram`]s borrowed from the batch. Not here: the error queue.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use socket2::Socket;

/// Most datagrams that one `recvmmsg` takes.
pub const RECV_BATCH: usize = 32;

/// Bytes a slot offers: more than the 65,507 an IPv4 datagram and the 65,527 an IPv6 datagram can hold.
const SLOT: usize = 65_536;

/// Distance of two slots. Not a power of two, so that the beginnings of all slots do not share one cache set.
const STRIDE: usize = SLOT + 17 * 64;

/// One datagram of a [`RecvBatch`].
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// Its payload, possibly empty.
    pub bytes: &'a [u8],
}

/// Preallocated headers and buffers for [`super::UdpListener::recv_batch`]. Belongs to the thread that made it:
/// the headers hold pointers for the kernel, so it cannot be sent to another thread.
pub struct RecvBatch {
    headers: MultiHeaders<SockaddrStorage>,
    buffer: Box<[u8]>,
    received: Vec<(SocketAddr, usize)>,
}

impl RecvBatch {
    /// Reserves the buffers (about 2 MiB of address space, of which little is ever touched).
    pub fn new() -> RecvBatch {
        RecvBatch {
            headers: MultiHeaders::preallocate(RECV_BATCH, None),
            buffer: vec![0; RECV_BATCH * STRIDE].into_boxed_slice(),
            received: Vec::with_capacity(RECV_BATCH),
        }
    }

    /// Number of datagrams of the last read, at most [`RECV_BATCH`].
    pub fn len(&self) -> usize {
        self.received.len()
    }

    /// Whether the last read gave nothing.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Whether the last read filled every slot, so that more datagrams may wait.
    pub fn is_full(&self) -> bool {
        self.received.len() == RECV_BATCH
    }

    /// The datagram with this number (0 is the oldest) of the last read.
    pub fn get(&self, index: usize) -> Option<Datagram<'_>> {
        let &(source, length) = self.received.get(index)?;
        let start = index * STRIDE;
        Some(Datagram { source, bytes: &self.buffer[start..start + length] })
    }

    /// The datagrams of the last read in the order they arrived.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// One `recvmmsg`. Errors are the kernel's, `WouldBlock` among them.
    pub(super) fn fill(&mut self, socket: &Socket) -> io::Result<usize> {
        self.received.clear();
        let mut slots = self.buffer.chunks_exact_mut(STRIDE);
        let mut slices: [[IoSliceMut<'_>; 1]; RECV_BATCH] = std::array::from_fn(|_| {
            let slot = slots.next().unwrap_or_default();
            let room = slot.len().min(SLOT);
            [IoSliceMut::new(&mut slot[..room])]
        });
        let messages =
            recvmmsg(socket.as_raw_fd(), &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
        for message in messages {
            let source = message.address.as_ref().and_then(socket_address);
            // a bound datagram socket always names the sender; keep the slot numbers right if it should not
            let source = source.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
            self.received.push((source, message.bytes));
        }
        Ok(self.received.len())
    }
}

impl Default for RecvBatch {
    fn default() -> Self {
        RecvBatch::new()
    }
}

impl std::fmt::Debug for RecvBatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RecvBatch").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The internet address in what the kernel wrote.
pub(super) fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4((*v4).into()));
    }
    storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into()))
}
