//! Runs of datagrams that the kernel cuts (`UDP_SEGMENT`), with real sockets on loopback.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use strowger_transport::udp::SEND_BATCH;
use strowger_transport::{SendBatch, UdpListener, UdpOptions};

fn bind(segmentation: bool) -> UdpListener {
    let options = UdpOptions { segmentation, ..UdpOptions::default() };
    UdpListener::bind("127.0.0.1:0".parse().unwrap(), options).unwrap()
}

fn peer() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// One that is given what came in one piece in one piece.
fn peer_of_pieces() -> UdpSocket {
    let socket = peer();
    setsockopt(&socket, sockopt::UdpGroSegment, &true).unwrap();
    socket
}

fn received(peer: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 70_000];
    let length = peer.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

fn address(peer: &UdpSocket) -> SocketAddr {
    peer.local_addr().unwrap()
}

/// A datagram that is like no other.
fn datagram(number: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![b'.'; length];
    let digits = number.to_string();
    let shown = digits.len().min(length);
    bytes[..shown].copy_from_slice(&digits.as_bytes()[..shown]);
    bytes
}

#[test]
fn a_run_leaves_in_one_piece() {
    for (segmentation, pieces) in [(true, vec![470]), (false, vec![100, 100, 100, 100, 70])] {
        let (mut listener, bob) = (bind(segmentation), peer_of_pieces());
        let mut batch = SendBatch::new();
        for length in [100, 100, 100, 100, 70] {
            batch.push_copy(address(&bob), &vec![b'x'; length], 0);
        }
        assert_eq!(listener.flush(&mut batch), 0);
        assert!(batch.is_empty());
        for piece in pieces {
            assert_eq!(received(&bob).len(), piece, "segmentation {segmentation}");
        }
    }
}

#[test]
fn every_datagram_arrives_whole_and_in_order() {
    // runs, singles, rising and falling sizes, empty ones, ones too large for a run, more than a batch takes at once
    let mut sizes = vec![600, 600, 600, 300, 300, 900, 899, 0, 0, 5, 1232, 1232, 1233, 1233, 20_000, 1, 1];
    sizes.extend([400; SEND_BATCH + 40]);
    sizes.extend((1..40).map(|n| 40 - n));
    let mut listener = bind(true);
    let peers: Vec<UdpSocket> = (0..3).map(|_| peer()).collect();
    let to = |number: usize| match number % 11 {
        0..=6 => 0,
        7..=9 => 1,
        _ => 2,
    };
    let mut batch = SendBatch::new();
    for (number, &size) in sizes.iter().enumerate() {
        let bytes = datagram(number, size);
        if number % 2 == 0 {
            batch.push(address(&peers[to(number)]), bytes.into(), number as u64);
        } else {
            batch.push_copy(address(&peers[to(number)]), &bytes, number as u64);
        }
    }
    assert_eq!(listener.flush(&mut batch), 0);
    assert!(batch.poll_undelivered().is_none());
    for (number, &size) in sizes.iter().enumerate() {
        assert_eq!(received(&peers[to(number)]), datagram(number, size), "{number}");
    }
}

#[test]
fn a_run_that_the_kernel_refuses_is_tried_singly() {
    let (mut listener, bob) = (bind(true), peer_of_pieces());
    let mut batch = SendBatch::new();
    let wrong_family = "[2001:db8::1]:5060".parse().unwrap();
    for (token, remote) in [(1, wrong_family), (2, wrong_family), (3, address(&bob)), (4, address(&bob))] {
        batch.push_copy(remote, b"hello", token);
    }
    assert_eq!(listener.flush(&mut batch), 0);
    let failed: Vec<u64> = std::iter::from_fn(|| batch.poll_undelivered()).map(|one| one.token).collect();
    assert_eq!(failed, [1, 2]);
    // and the next run is one again
    assert_eq!(received(&bob), b"hellohello");
}

#[test]
fn an_icmp_error_about_others_takes_nothing_from_a_run() {
    let (mut listener, bob) = (bind(true), peer());
    let dead = address(&peer());
    let mut batch = SendBatch::new();
    for number in 0..50 {
        for _ in 0..2 {
            batch.push_copy(dead, b"to nobody", 1);
        }
        for part in 0..3 {
            batch.push_copy(address(&bob), &datagram(3 * number + part, 20), 2);
        }
        assert_eq!(listener.flush(&mut batch), 0);
        assert!(batch.poll_undelivered().is_none());
    }
    for number in 0..150 {
        assert_eq!(received(&bob), datagram(number, 20));
    }
    let reports: Vec<_> = std::iter::from_fn(|| listener.poll_unreachable()).collect();
    assert!(!reports.is_empty() && reports.iter().all(|report| report.remote == dead));
}

#[test]
fn ipv6_is_no_different() {
    let options = UdpOptions { segmentation: true, ..UdpOptions::default() };
    let mut listener = UdpListener::bind("[::1]:0".parse().unwrap(), options).unwrap();
    let bob = UdpSocket::bind("[::1]:0").unwrap();
    setsockopt(&bob, sockopt::UdpGroSegment, &true).unwrap();
    let mut batch = SendBatch::new();
    for _ in 0..2 {
        batch.push_copy(address(&bob), b"six", 0);
    }
    assert_eq!(listener.flush(&mut batch), 0);
    assert_eq!(received(&bob), b"sixsix");
}
