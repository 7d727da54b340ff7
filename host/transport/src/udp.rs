//! A UDP listening socket, read and written in batches by the shard that owns it (RFC 3261 §18).
//!
//! In: one `recvmmsg` fills a [`RecvBatch`]. Out: one `sendmmsg` empties up to [`SEND_BATCH`] datagrams of a
//! [`SendBatch`], or one `sendmsg` a run of them (`segments.rs`). Both never block and allocate nothing per datagram. ICMP errors are read from the socket's
//! error queue and come out of [`UdpListener::poll_unreachable`], so that a branch towards a dead remote fails
//! at once instead of waiting for Timer B or F.
//!
//! Not here: what the bytes mean ([`crate::stun::classify`] tells SIP from keepalives), when to read (the owner
//! polls the descriptor, see `AsFd`), retransmission.

mod receive;
mod segments;
mod send;
mod unreachable;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

pub use receive::{Datagram, RECV_BATCH, RecvBatch};
pub use send::{MAX_PENDING, SEND_BATCH, SendBatch, Undelivered};
pub use unreachable::{MAX_UNREACHABLE, Unreachable, UnreachableKind};

/// How a UDP socket is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpOptions {
    /// Wanted receive buffer of the kernel in bytes; more than `net.core.rmem_max` takes `CAP_NET_ADMIN`, without
    /// which the kernel cuts it silently.
    pub receive_buffer: usize,
    /// Wanted send buffer of the kernel in bytes, bounded likewise by `net.core.wmem_max`.
    pub send_buffer: usize,
    /// `SO_REUSEPORT`: several sockets of this user on one address, among which the kernel spreads remotes. It
    /// also lets a second instance bind the same port unnoticed, so the default is off.
    pub reuse_port: bool,
    /// Hand datagrams of one size to one remote to the kernel in one piece, where it knows how (`UDP_SEGMENT`, Linux
    /// 4.18). The wire shows no difference; a capture on this machine may. Default off.
    pub segmentation: bool,
}

impl Default for UdpOptions {
    fn default() -> Self {
        UdpOptions { receive_buffer: 4 << 20, send_buffer: 4 << 20, reuse_port: false, segmentation: false }
    }
}

/// Why a UDP socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum UdpError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on udp {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
}

/// One bound, non-blocking UDP socket.
#[derive(Debug)]
pub struct UdpListener {
    socket: Socket,
    address: SocketAddr,
    unreachable: VecDeque<Unreachable>,
    segmentation: bool,
}

impl UdpListener {
    /// Binds `address` (port 0 takes a free one, see [`UdpListener::local_address`]). An IPv6 socket takes IPv6
    /// only, so that `[::]` and `0.0.0.0` can be bound side by side and no mapped address ever appears.
    ///
    /// # Errors
    /// [`UdpError::Bind`] with the address when the kernel refuses.
    pub fn bind(address: SocketAddr, options: UdpOptions) -> Result<UdpListener, UdpError> {
        open(address, options).map_err(|source| UdpError::Bind { address, source })
    }

    /// The address in fact bound, with the port filled in.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// A second handle on the same socket, for another thread that sends from the same address.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn try_clone(&self) -> io::Result<UdpListener> {
        Ok(UdpListener {
            socket: self.socket.try_clone()?,
            address: self.address,
            unreachable: VecDeque::new(),
            segmentation: self.segmentation,
        })
    }

    /// Size in bytes of the receive buffer that the kernel granted.
    ///
    /// # Errors
    /// None in practice; the kernel's answer is passed on.
    pub fn receive_buffer(&self) -> io::Result<usize> {
        self.socket.recv_buffer_size()
    }

    /// One `recvmmsg` into `batch`, whose previous contents are gone; gives the number of datagrams, 0 when none
    /// waits. Pending ICMP errors are moved to [`UdpListener::poll_unreachable`] on the way. A full batch means
    /// that more may wait.
    ///
    /// # Errors
    /// Only what makes the socket unusable (it was shut down, memory is exhausted).
    pub fn recv_batch(&mut self, batch: &mut RecvBatch) -> io::Result<usize> {
        let mut asked_again = false;
        loop {
            match batch.fill(&self.socket) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // a pending ICMP error surfaces once in place of the datagrams
                Err(error) if unreachable::is_asynchronous(&error) => {
                    self.drain_error_queue();
                    if asked_again {
                        return Ok(0);
                    }
                    asked_again = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends what `batch` holds, [`SEND_BATCH`] datagrams to a `sendmmsg`; gives the number still pending, which
    /// is above 0 only when the kernel's send buffer is full: poll for writability and flush again. Datagrams the
    /// kernel refused are reported by [`SendBatch::poll_undelivered`].
    pub fn flush(&mut self, batch: &mut SendBatch) -> usize {
        send::flush(self, batch)
    }

    /// The next remote that was reported unreachable, oldest first.
    pub fn poll_unreachable(&mut self) -> Option<Unreachable> {
        self.unreachable.pop_front()
    }

    /// Reads the socket's error queue until it is empty; gives the number of entries read. [`recv_batch`] and
    /// [`flush`] do this by themselves when they meet an error; call it when a poll reports an error condition
    /// (`POLLERR`), which stays up as long as the queue holds something.
    ///
    /// [`recv_batch`]: UdpListener::recv_batch
    /// [`flush`]: UdpListener::flush
    pub fn drain_error_queue(&mut self) -> usize {
        unreachable::drain(&self.socket, &mut self.unreachable)
    }
}

impl AsFd for UdpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn open(address: SocketAddr, options: UdpOptions) -> io::Result<UdpListener> {
    let socket =
        Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    }
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    // beyond the limit only with CAP_NET_ADMIN; else as much as the limit gives
    if setsockopt(&socket, sockopt::RcvBufForce, &options.receive_buffer).is_err() {
        socket.set_recv_buffer_size(options.receive_buffer)?;
    }
    if setsockopt(&socket, sockopt::SndBufForce, &options.send_buffer).is_err() {
        socket.set_send_buffer_size(options.send_buffer)?;
    }
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidInput)?;
    let segmentation = options.segmentation && segments::is_known(&socket);
    Ok(UdpListener { socket, address, unreachable: VecDeque::new(), segmentation })
}
