//! ICMP errors about datagrams that we sent, read from the socket's error queue (`IP_RECVERR`, ip(7)).
//!
//! In: a socket with something in its error queue. Out: which remote, what kind, and the beginning of the datagram
//! that caused it as far as the ICMP message quoted it: enough for the start line and usually the top Via, whose
//! branch names the transaction. Who checks that branch need not trust a forged ICMP message.
//! Not here: errors that a send call itself returns (see `send.rs`).

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use socket2::Socket;

use super::receive::socket_address;

/// Most reports kept until [`super::UdpListener::poll_unreachable`] takes them; later ones are dropped, and the
/// transactions concerned run into their timers.
pub const MAX_UNREACHABLE: usize = 1024;

/// Bytes of the offending datagram that are kept.
const QUOTE: usize = 1500;

/// What the network said about a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreachableKind {
    /// Nobody listens on the port.
    Port,
    /// The host does not answer, or the time to live ran out on the way.
    Host,
    /// There is no route to its network.
    Network,
    /// The datagram is larger than the path takes.
    TooLarge {
        /// The path's MTU in bytes as the network reported it.
        mtu: u32,
    },
    /// Anything else: administratively prohibited, protocol unreachable.
    Other {
        /// The error number of the operating system.
        errno: i32,
    },
}

/// One report.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// Where the datagram was sent to.
    pub remote: SocketAddr,
    /// What is wrong there.
    pub kind: UnreachableKind,
    /// The beginning of the datagram, possibly cut, possibly empty.
    pub datagram: Box<[u8]>,
}

impl std::fmt::Debug for Unreachable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Unreachable")
            .field("kind", &self.kind)
            .field("quoted", &self.datagram.len())
            .finish_non_exhaustive()
    }
}

/// Whether `error` can be an ICMP error about an earlier datagram, surfacing in an unrelated call.
pub(super) fn is_asynchronous(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
                | libc::EPROTO
                | libc::EACCES
                | libc::EMSGSIZE
                | libc::ENONET
        )
    )
}

/// Moves everything from the socket's error queue to `reports`; gives the number of entries read.
pub(super) fn drain(socket: &Socket, reports: &mut VecDeque<Unreachable>) -> usize {
    let mut read = 0;
    // one round is bounded; what is left keeps the error condition up and comes with the next
    while read < MAX_UNREACHABLE {
        match read_one(socket) {
            Ok(report) => {
                read += 1;
                if let Some(report) = report
                    && reports.len() < MAX_UNREACHABLE
                {
                    reports.push_back(report);
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    read
}

fn read_one(socket: &Socket) -> Result<Option<Unreachable>, Errno> {
    let mut quote = [0u8; QUOTE];
    let mut slices = [IoSliceMut::new(&mut quote)];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let quoted = message.bytes.min(QUOTE);
    let remote = message.address.as_ref().and_then(socket_address);
    let kind = message.cmsgs().ok().and_then(|mut all| {
        all.find_map(|one| match one {
            ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                Some(kind_of(&error))
            }
            _ => None,
        })
    });
    Ok(match (remote, kind) {
        (Some(remote), Some(kind)) => Some(Unreachable { remote, kind, datagram: quote[..quoted].into() }),
        _ => None,
    })
}

fn kind_of(error: &libc::sock_extended_err) -> UnreachableKind {
    match error.ee_errno as i32 {
        libc::ECONNREFUSED => UnreachableKind::Port,
        libc::EHOSTUNREACH | libc::EHOSTDOWN => UnreachableKind::Host,
        libc::ENETUNREACH => UnreachableKind::Network,
        libc::EMSGSIZE => UnreachableKind::TooLarge { mtu: error.ee_info },
        errno => UnreachableKind::Other { errno },
    }
}
