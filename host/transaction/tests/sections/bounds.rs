//! Bounds, counts, ids, and that equal seeds behave alike.

use bytes::Bytes;
use sip::Transport;
use strowger_transaction::{
    ClientId, Counts, Limits, Received, Response, ServerId, Time, Timers, TransactionId, Transactions,
};

use crate::bench::{Bench, changed, from_peer, request, tcp, udp};

fn small() -> Bench {
    Bench::with(Transport::Udp, Limits { max_server: 2, max_client: 2 })
}

fn numbered(method: &str, number: usize) -> Vec<u8> {
    changed(&from_peer(method), "z9hG4bKpeer", &format!("z9hG4bKpeer{number}"))
}

#[test]
fn a_full_table_takes_no_request_but_serves_those_it_has() {
    let mut b = small();
    let first = b.takes(&numbered("INVITE", 1));
    b.takes(&numbered("OPTIONS", 2));
    assert_eq!(b.receives(&numbered("OPTIONS", 3)), Received::Full);
    assert_eq!(b.receives(&numbered("OPTIONS", 2)), Received::Retransmission);
    assert_eq!(b.receives(&numbered("ACK", 9)), Received::AckFor2xx);
    // A CANCEL of what is there finds room, another does not.
    let received = b.receives(&numbered("CANCEL", 1));
    assert!(matches!(received, Received::Cancel { target: Some(target), .. } if target == first));
    assert_eq!(b.receives(&numbered("CANCEL", 3)), Received::Full);
    b.table.forget_server(first);
    let Received::Cancel { id, .. } = received else { unreachable!() };
    b.table.forget_server(id);
    b.takes(&numbered("OPTIONS", 3));
}

#[test]
fn a_full_table_makes_no_client_transaction_but_cancels() {
    let mut b = small();
    let invite = b.send("INVITE");
    assert_eq!(b.answered(180), Response::Pass(invite));
    let unsent = b.table.new_client().unwrap();
    assert_eq!(b.table.new_client(), None);
    b.table.cancel(b.now, invite);
    b.sees(&["0 INVITE", "0 CANCEL"]);
    b.table.forget_client(unsent);
    assert_eq!(b.table.new_client(), None, "the CANCEL counts");
    b.answered(200);
    b.until(5_000);
    assert!(b.table.new_client().is_some());
}

#[test]
fn counts_by_kind() {
    let mut b = udp();
    let invite = numbered("INVITE", 1);
    let server = b.takes(&invite);
    b.takes(&numbered("BYE", 2));
    b.send("INVITE");
    b.send("BYE");
    b.send("BYE");
    let counts = Counts {
        server_invite: 1,
        server_non_invite: 1,
        client_invite: 1,
        client_non_invite: 2,
        lingering: 0,
    };
    assert_eq!(b.table.counts(), counts);
    assert_eq!((counts.server(), counts.client(), counts.active()), (2, 3, 5));
    b.respond(server, &invite, 200);
    b.answered(200);
    assert_eq!(b.table.counts().lingering, 1, "the answer is a response's, and matches nothing");
    assert_eq!(b.table.counts().active(), 4);
}

#[test]
fn what_is_forgotten_leaves_nothing_behind() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486).trace();
    b.table.forget_server(id);
    b.table.forget_server(id);
    let id = b.send("INVITE");
    b.table.cancel(b.now, id);
    b.trace();
    b.table.forget_client(id);
    b.table.forget_client(id);
    b.until(100_000).sees(&[]);
    b.is_over();
    // The same request again is new.
    b.takes(&invite);
}

#[test]
fn what_cannot_be_sent_by_a_transaction() {
    let mut b = tcp();
    let id = b.table.new_client().unwrap();
    for method in ["ACK", "CANCEL", ""] {
        let bytes = Bytes::from(request(method, "SIP/2.0/UDP us"));
        assert!(!b.table.send_request(b.now, id, bytes, b.flow, b.timers), "{method}");
    }
    assert!(!b.table.send_request(b.now, id, Bytes::new(), b.flow, b.timers));
    let bytes = Bytes::from(request("BYE", "SIP/2.0/UDP us"));
    assert!(b.table.send_request(b.now, id, bytes.clone(), b.flow, b.timers));
    assert_eq!(b.table.client_flow(id), Some(b.flow));
    assert!(!b.table.send_request(b.now, id, bytes.clone(), b.flow, b.timers), "twice");
    b.table.forget_client(id);
    assert!(!b.table.send_request(b.now, id, bytes, b.flow, b.timers), "gone");
    b.sees(&["0 BYE"]);
    b.is_over();
}

#[test]
fn ids_as_numbers_leave_a_bit_to_their_user() {
    let mut b = udp();
    let server = b.takes(&from_peer("BYE"));
    let client = b.send("BYE");
    assert_eq!(ServerId::from_u64(server.to_u64()), Some(server));
    assert_eq!(ClientId::from_u64(client.to_u64()), Some(client));
    assert_eq!((ServerId::from_u64(0), ClientId::from_u64(7)), (None, None));
    assert!(server.to_u64() < 1 << 63 && client.to_u64() < 1 << 63);
    b.table.transport_error(b.now, TransactionId::Client(ClientId::from_u64(1 << 62).unwrap()));
}

#[test]
fn equal_seeds_behave_alike_and_others_do_not() {
    let branch = |seed: u8, shard| {
        let mut table = Transactions::new([seed; 16], shard, Limits::default());
        let id = table.new_client().unwrap();
        table.branch(id, 5).to_string()
    };
    assert_eq!(branch(1, 0), branch(1, 0));
    assert_ne!(branch(1, 0), branch(2, 0));
    assert_ne!(branch(1, 0), branch(1, 1));
}

#[test]
fn ten_thousand_at_once() {
    let mut table = Transactions::new([3; 16], 0, Limits::default());
    let b = udp();
    let mut now = Time::ZERO;
    let mut ids = Vec::new();
    let requests: Vec<_> = (0..10_000).map(|n| numbered("BYE", n)).collect();
    for (n, bytes) in requests.iter().enumerate() {
        now = Time(n as u64 * 1_000);
        let message = sip::Message::parse_datagram(bytes).unwrap();
        let Received::New(id) = table.handle_request(now, &message, b.flow, Timers::RFC3261) else {
            panic!()
        };
        table.respond(now, id, 200, Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n"));
        ids.push(id);
    }
    for bytes in &requests {
        let message = sip::Message::parse_datagram(bytes).unwrap();
        assert_eq!(table.handle_request(now, &message, b.flow, Timers::RFC3261), Received::Retransmission);
    }
    let mut ended = Vec::new();
    while let Some(next) = table.poll_timeout() {
        table.handle_timeout(next);
        while let Some(output) = table.poll_output() {
            if let strowger_transaction::Output::ServerEnded(id) = output {
                ended.push(id);
            }
        }
    }
    assert_eq!(ended, ids, "in order of their time");
    assert!(table.is_quiescent());
}
