//! What a transaction keeps, and for how long: buffers are freed as soon as nothing can need them.

use std::sync::Arc;

use bytes::Bytes;
use strowger_transaction::Response;

use crate::bench::{Bench, answer, from_peer, request, tcp, udp};

/// A buffer that can be asked how many still hold it, itself included.
struct Watched(Arc<()>);

struct Owner(Vec<u8>, #[expect(dead_code, reason = "held, not read")] Arc<()>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Watched {
    fn new(bytes: Vec<u8>) -> (Bytes, Watched) {
        let count = Arc::new(());
        (Bytes::from_owner(Owner(bytes, count.clone())), Watched(count))
    }

    fn is_kept(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

fn send(b: &mut Bench, method: &str) -> (strowger_transaction::ClientId, Watched) {
    let id = b.table.new_client().unwrap();
    let branch = b.table.branch(id, 0);
    let (bytes, watched) = Watched::new(request(method, &format!("SIP/2.0/UDP us;branch={branch}")));
    assert!(b.table.send_request(b.now, id, bytes, b.flow, b.timers));
    b.trace();
    (id, watched)
}

/// The peer answers; the bench's own copy of what it saw is let go.
fn answered(b: &mut Bench, status: u16) -> Response {
    let bytes = answer(&b.last.take().unwrap().0, status, "tag=peer");
    let response = b.answered_with(&bytes);
    b.trace();
    response
}

#[test]
fn an_invite_keeps_its_body_only_until_a_provisional_response() {
    let mut b = udp();
    let (id, watched) = send(&mut b, "INVITE");
    let invite = b.last.take().unwrap().0;
    let ringing = answer(&invite, 180, "tag=peer");
    let busy = answer(&invite, 486, "tag=peer");
    drop(invite);
    assert!(watched.is_kept());
    assert_eq!(b.answered_with(&ringing), Response::Pass(id));
    assert!(!watched.is_kept());
    // Its head is enough for the ACK.
    b.answered_with(&busy);
    b.sees(&["0 ACK"]);
    assert!(b.last_text().contains("\r\nRoute: <sip:edge.example.com;lr>\r\n"));
}

#[test]
fn an_invite_over_a_reliable_transport_never_keeps_its_body() {
    let mut b = tcp();
    let (id, watched) = send(&mut b, "INVITE");
    let ringing = answer(&b.last.take().unwrap().0, 180, "tag=peer");
    assert!(!watched.is_kept());
    assert_eq!(b.answered_with(&ringing), Response::Pass(id));
    b.table.cancel(b.now, id);
    b.sees(&["0 CANCEL"]);
}

#[test]
fn an_accepted_invite_keeps_nothing() {
    let mut b = udp();
    let (_, watched) = send(&mut b, "INVITE");
    answered(&mut b, 200);
    assert!(!watched.is_kept());
}

#[test]
fn another_request_is_kept_until_its_final_response_and_over_tcp_not_at_all() {
    let mut b = udp();
    let (_, watched) = send(&mut b, "MESSAGE");
    let message = b.last.take().unwrap().0;
    let (trying, ok) = (answer(&message, 100, ""), answer(&message, 200, "tag=peer"));
    drop(message);
    b.answered_with(&trying);
    assert!(watched.is_kept());
    b.answered_with(&ok);
    assert!(!watched.is_kept());

    let mut b = tcp();
    let (_, watched) = send(&mut b, "MESSAGE");
    b.last = None;
    assert!(!watched.is_kept());
}

#[test]
fn a_server_transaction_keeps_its_last_response_only_and_none_after_a_2xx_to_invite() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    let respond = |b: &mut Bench, status| {
        let (bytes, watched) = Watched::new(answer(&invite, status, "tag=us"));
        b.table.respond(b.now, id, status, bytes);
        b.trace();
        b.last = None;
        watched
    };
    let trying = respond(&mut b, 100);
    assert!(trying.is_kept());
    let ringing = respond(&mut b, 180);
    assert!(!trying.is_kept() && ringing.is_kept());
    let ok = respond(&mut b, 200);
    assert!(!ringing.is_kept() && !ok.is_kept());
    assert!(!respond(&mut b, 200).is_kept());
}

#[test]
fn a_failure_is_kept_until_its_ack() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    let (bytes, watched) = Watched::new(answer(&invite, 486, "tag=us"));
    b.table.respond(b.now, id, 486, bytes);
    b.trace();
    b.last = None;
    assert!(watched.is_kept());
    b.receives(&from_peer("ACK"));
    assert!(!watched.is_kept());
}

#[test]
fn over_a_reliable_transport_no_response_is_kept() {
    let mut b = tcp();
    for (method, statuses) in [("INVITE", [100, 180, 486]), ("BYE", [100, 101, 200])] {
        let request = from_peer(method);
        let id = b.takes(&request);
        for status in statuses {
            let (bytes, watched) = Watched::new(answer(&request, status, "tag=us"));
            b.table.respond(b.now, id, status, bytes);
            b.trace();
            b.last = None;
            assert!(!watched.is_kept(), "{method} {status}");
        }
    }
}
