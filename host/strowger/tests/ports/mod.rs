//! Ports for routers under test. In: nothing. Out: a port that neither UDP nor TCP has, and that no client is given by
//! chance before the router has it: the kernel takes a client's port from a range above these.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;

/// Beneath the range of Linux (`net.ipv4.ip_local_port_range`).
const RANGE: Range<u16> = 10_000..32_000;
/// Ports that are looked at.
const TRIES: u32 = 200;

/// A free port of loopback, held for UDP and TCP as long as what comes with it is.
pub(crate) fn free_port() -> (SocketAddr, (UdpSocket, TcpListener)) {
    let random = |n: u32| RandomState::new().hash_one(n) % u64::from(RANGE.end - RANGE.start);
    (0..TRIES)
        .map(|n| SocketAddr::from((Ipv4Addr::LOCALHOST, RANGE.start + random(n) as u16)))
        .find_map(|address| {
            Some((address, (UdpSocket::bind(address).ok()?, TcpListener::bind(address).ok()?)))
        })
        .expect("a free port")
}
