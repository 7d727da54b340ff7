//! Ports for routers under test. In: nothing. Out: a port that neither UDP nor TCP has, and that no client is given by
//! chance before the router has it: the kernel takes a client's port from a range above these.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;

/// Beneath the range of Linux (`net.ipv4.ip_local_port_range`).
const RANGE: Range<u16> = 10_000..32_000;
/// Ports that are looked at.
const TRIES: u32 = 200;

/// Two numbers for the middle of a loopback address of one's own, `127.x.y.z`: there every port is free, unless somebody
/// holds it at all addresses.
#[allow(dead_code, reason = "not every test needs one")]
pub(crate) fn random_pair() -> [u8; 2] {
    let random = |n: u32| (RandomState::new().hash_one(n) % 254) as u8 + 1;
    [random(1), random(2)]
}

/// Whether this port is free at such an address.
#[allow(dead_code, reason = "not every test needs one")]
pub(crate) fn own_address_has(port: u16) -> std::io::Result<()> {
    let [x, y] = random_pair();
    let address = SocketAddr::from(([127, x, y, 1], port));
    UdpSocket::bind(address).and(TcpListener::bind(address)).map(drop)
}

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
