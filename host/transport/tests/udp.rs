//! RFC 3261 §18 over UDP with real sockets on loopback: batches, errors, keepalives.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use strowger_transport::stun::{Arrival, classify, respond};
use strowger_transport::udp::{RECV_BATCH, SEND_BATCH, UnreachableKind};
use strowger_transport::{RecvBatch, SendBatch, UdpError, UdpListener, UdpOptions, Unreachable};

fn bind() -> UdpListener {
    UdpListener::bind("127.0.0.1:0".parse().unwrap(), UdpOptions::default()).unwrap()
}

fn peer() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Waits until the socket is readable or has an error.
fn wait(listener: &UdpListener) {
    let mut fds = [PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)];
    let patience = Timespec { tv_sec: 10, tv_nsec: 0 };
    assert_eq!(poll(&mut fds, Some(&patience)).unwrap(), 1, "nothing arrived in time");
}

fn receive(listener: &mut UdpListener, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut batch = RecvBatch::new();
    let mut received = Vec::new();
    while received.len() < count {
        wait(listener);
        listener.recv_batch(&mut batch).unwrap();
        received.extend(batch.iter().map(|datagram| (datagram.source, datagram.bytes.to_vec())));
    }
    received
}

fn unreachable(listener: &mut UdpListener) -> Unreachable {
    let mut batch = RecvBatch::new();
    loop {
        if let Some(report) = listener.poll_unreachable() {
            return report;
        }
        wait(listener);
        assert_eq!(listener.recv_batch(&mut batch).unwrap(), 0);
    }
}

#[test]
fn datagrams_come_in_order_and_with_their_source() {
    let mut listener = bind();
    let alice = peer();
    for number in 0..100u32 {
        alice.send_to(number.to_string().as_bytes(), listener.local_address()).unwrap();
    }
    let received = receive(&mut listener, 100);
    for (number, (source, bytes)) in received.iter().enumerate() {
        assert_eq!(*source, alice.local_addr().unwrap());
        assert_eq!(*bytes, number.to_string().into_bytes());
    }
}

#[test]
fn one_read_takes_a_batch_and_the_rest_waits() {
    let mut listener = bind();
    let alice = peer();
    for _ in 0..RECV_BATCH + 3 {
        alice.send_to(b"x", listener.local_address()).unwrap();
    }
    wait(&listener);
    let mut batch = RecvBatch::new();
    assert_eq!(listener.recv_batch(&mut batch).unwrap(), RECV_BATCH);
    assert!(batch.is_full());
    assert_eq!(listener.recv_batch(&mut batch).unwrap(), 3);
    assert_eq!(batch.len(), 3);
    assert_eq!(listener.recv_batch(&mut batch).unwrap(), 0);
    assert!(batch.is_empty() && batch.get(0).is_none());
}

#[test]
fn the_largest_and_the_smallest_datagram_pass_whole() {
    let mut listener = bind();
    let alice = peer();
    let large: Vec<u8> = (0..65_507u32).map(|n| n as u8).collect();
    alice.send_to(&large, listener.local_address()).unwrap();
    alice.send_to(b"", listener.local_address()).unwrap();
    alice.send_to(b"after", listener.local_address()).unwrap();
    let received = receive(&mut listener, 3);
    assert!(received[0].1 == large);
    assert_eq!(received[1].1, b"");
    assert_eq!(received[2].1, b"after");
}

#[test]
fn a_batch_leaves_in_order_to_many() {
    let mut listener = bind();
    let peers: Vec<UdpSocket> = (0..4).map(|_| peer()).collect();
    let mut batch = SendBatch::new();
    let count = SEND_BATCH * 2 + 10;
    for number in 0..count {
        let remote = peers[number % 4].local_addr().unwrap();
        let text = number.to_string();
        if number % 2 == 0 {
            assert!(batch.push(remote, Bytes::from(text), number as u64));
        } else {
            assert!(batch.push_copy(remote, text.as_bytes(), number as u64));
        }
    }
    assert_eq!(batch.len(), count);
    assert_eq!(listener.flush(&mut batch), 0);
    assert!(batch.is_empty() && batch.poll_undelivered().is_none());
    let mut buffer = [0; 100];
    for number in 0..count {
        let (length, source) = peers[number % 4].recv_from(&mut buffer).unwrap();
        assert_eq!(source, listener.local_address());
        assert_eq!(buffer[..length], *number.to_string().as_bytes());
    }
}

#[test]
fn what_the_kernel_refuses_is_reported_and_the_rest_leaves() {
    let mut listener = bind();
    let bob = peer();
    let remote = bob.local_addr().unwrap();
    let mut batch = SendBatch::new();
    batch.push_copy(remote, b"before", 1);
    batch.push(remote, vec![0; 70_000].into(), 2);
    batch.push_copy("[2001:db8::1]:5060".parse().unwrap(), b"another family", 3);
    batch.push_copy(remote, b"after", 4);
    assert_eq!(listener.flush(&mut batch), 0);
    let failed: Vec<u64> = std::iter::from_fn(|| batch.poll_undelivered()).map(|one| one.token).collect();
    assert_eq!(failed, [2, 3]);
    let mut buffer = [0; 100];
    let (length, _) = bob.recv_from(&mut buffer).unwrap();
    assert_eq!(buffer[..length], *b"before");
    let (length, _) = bob.recv_from(&mut buffer).unwrap();
    assert_eq!(buffer[..length], *b"after");
}

#[test]
fn a_batch_is_bounded() {
    let mut batch = SendBatch::new();
    let remote = "127.0.0.1:9".parse().unwrap();
    for token in 0..strowger_transport::udp::MAX_PENDING as u64 {
        assert!(batch.push(remote, Bytes::from_static(b"x"), token));
    }
    assert!(!batch.push(remote, Bytes::from_static(b"x"), 77));
    assert_eq!(batch.poll_undelivered().unwrap().token, 77);
}

#[test]
fn an_icmp_error_tells_which_remote_and_which_datagram() {
    let mut listener = bind();
    let dead = peer().local_addr().unwrap();
    let mut batch = SendBatch::new();
    batch.push_copy(dead, b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK7\r\n\r\n", 1);
    assert_eq!(listener.flush(&mut batch), 0);
    let report = unreachable(&mut listener);
    assert_eq!((report.remote, report.kind), (dead, UnreachableKind::Port));
    assert!(report.datagram.windows(16).any(|part| part == b"branch=z9hG4bK7\r"));
    assert!(!format!("{report:?}").contains("INVITE"), "nothing of the message in logs");
}

#[test]
fn an_icmp_error_does_not_harm_datagrams_to_others() {
    let mut listener = bind();
    let dead = peer().local_addr().unwrap();
    let bob = peer();
    let mut batch = SendBatch::new();
    let mut reported = 0;
    let mut buffer = [0; 100];
    for number in 0..50u64 {
        batch.push_copy(dead, b"to nobody", 1000 + number);
        batch.push_copy(bob.local_addr().unwrap(), number.to_string().as_bytes(), number);
        assert_eq!(listener.flush(&mut batch), 0);
        assert!(batch.poll_undelivered().is_none());
        let (length, _) = bob.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], *number.to_string().as_bytes());
    }
    // a hearing socket goes on receiving, too
    bob.send_to(b"heard", listener.local_address()).unwrap();
    let mut receive = RecvBatch::new();
    while listener.recv_batch(&mut receive).unwrap() == 0 {
        wait(&listener);
    }
    assert_eq!(receive.get(0).unwrap().bytes, b"heard");
    while let Some(report) = listener.poll_unreachable() {
        assert_eq!(report.remote, dead);
        reported += 1;
    }
    assert!(reported > 0);
}

#[test]
fn ipv6_is_no_different() {
    let address = "[::1]:0".parse().unwrap();
    let mut listener = UdpListener::bind(address, UdpOptions::default()).unwrap();
    let alice = UdpSocket::bind("[::1]:0").unwrap();
    alice.send_to(b"six", listener.local_address()).unwrap();
    assert_eq!(receive(&mut listener, 1), [(alice.local_addr().unwrap(), b"six".to_vec())]);
    let dead = alice.local_addr().unwrap();
    drop(alice);
    let mut batch = SendBatch::new();
    batch.push_copy(dead, b"anyone?", 1);
    assert_eq!(listener.flush(&mut batch), 0);
    assert_eq!(unreachable(&mut listener).remote, dead);
}

#[test]
fn a_port_in_use_is_named() {
    let first = bind();
    let error = UdpListener::bind(first.local_address(), UdpOptions::default()).unwrap_err();
    let UdpError::Bind { address, source } = &error;
    assert_eq!(*address, first.local_address());
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()));
}

#[test]
fn reuse_port_lets_several_sockets_share_an_address() {
    let options = UdpOptions { reuse_port: true, ..UdpOptions::default() };
    let first = UdpListener::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let second = UdpListener::bind(first.local_address(), options).unwrap();
    assert_eq!(first.local_address(), second.local_address());
}

#[test]
fn another_handle_sends_from_the_same_address() {
    let listener = bind();
    let mut other = listener.try_clone().unwrap();
    let bob = peer();
    let mut batch = SendBatch::new();
    batch.push_copy(bob.local_addr().unwrap(), b"hello", 1);
    std::thread::spawn(move || assert_eq!(other.flush(&mut batch), 0)).join().unwrap();
    let (_, source) = bob.recv_from(&mut [0; 10]).unwrap();
    assert_eq!(source, listener.local_address());
}

#[test]
fn the_receive_buffer_is_as_large_as_the_kernel_allows() {
    assert!(bind().receive_buffer().unwrap() >= 128 * 1024);
}

#[test]
fn a_stun_request_is_answered_on_the_sip_port() {
    let mut listener = bind();
    let alice = peer();
    let mut request = vec![0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xA4, 0x42];
    request.extend_from_slice(b"transaction!");
    alice.send_to(&request, listener.local_address()).unwrap();
    let (source, bytes) = receive(&mut listener, 1).remove(0);
    assert_eq!(classify(&bytes), Arrival::Stun);
    let mut batch = SendBatch::new();
    batch.push(source, respond(&bytes, source).unwrap().into(), 0);
    assert_eq!(listener.flush(&mut batch), 0);
    let mut buffer = [0; 100];
    let (length, _) = alice.recv_from(&mut buffer).unwrap();
    assert_eq!(buffer[..2], [0x01, 0x01], "binding success response");
    assert_eq!(buffer[8..20], *b"transaction!");
    // XOR-MAPPED-ADDRESS: the port with the upper half of the cookie
    assert_eq!(length, 32);
    let port = u16::from_be_bytes([buffer[26], buffer[27]]) ^ 0x2112;
    assert_eq!(port, alice.local_addr().unwrap().port());
}
