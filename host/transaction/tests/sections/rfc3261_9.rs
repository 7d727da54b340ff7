//! RFC 3261 §9: CANCEL, both sides.

use crate::bench::{answer, changed, from_peer, request_in, tcp, udp};
use sip::{HeaderId, Message};
use strowger_transaction::{Cancelled, Received, Response};

/// §9.1, once a provisional response has come.
#[test]
fn a_cancel_goes_where_the_invite_went_and_is_a_transaction_of_its_own() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(180), Response::Pass(id));
    let invite = b.last.clone().unwrap().0;
    b.until(2_000);
    assert_eq!(b.table.cancel(b.now, id), Cancelled::Sent);
    assert_eq!(b.table.cancel(b.now, id), Cancelled::NotNeeded);
    b.until(3_400).sees(&["0 INVITE", "2000 CANCEL", "2500 CANCEL"]);
    // Its 200 is nobody's but ours; the 487 is the TU's, and is acknowledged.
    assert_eq!(b.answered(200), Response::Absorbed);
    b.until(3_500);
    assert_eq!(b.answered_with(&answer(&invite, 487, "tag=peer")), Response::Pass(id));
    b.until(60_000).sees(&["3500 ACK", "35500 ended"]);
    b.is_over();
}

#[test]
fn the_cancel_has_what_names_the_invite() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.answered(180);
    let invite = Message::parse_datagram(&b.last.clone().unwrap().0).unwrap();
    b.table.cancel_because(b.now, id, b"SIP;cause=200");
    b.trace();
    let cancel = Message::parse_datagram(&b.last.clone().unwrap().0).unwrap();
    let (invite, cancel) = (invite.head(), cancel.head());
    assert_eq!(cancel.method_token(), b"CANCEL");
    assert_eq!(cancel.request_uri(), invite.request_uri());
    for id in [HeaderId::VIA, HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::ROUTE] {
        assert_eq!(cancel.header(id), invite.header(id));
    }
    assert_eq!(cancel.count(HeaderId::VIA), 1);
    assert_eq!((cancel.cseq().unwrap().number, cancel.cseq().unwrap().token), (1, &b"CANCEL"[..]));
    assert_eq!(cancel.header(HeaderId::REASON), Some(&b"SIP;cause=200"[..]));
    assert!(cancel.body().is_empty());
}

#[test]
fn before_a_provisional_response_the_cancel_is_held() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.table.cancel(b.now, id), Cancelled::Held);
    assert_eq!(b.table.cancel(b.now, id), Cancelled::NotNeeded);
    b.until(600).sees(&["0 INVITE", "500 INVITE"]);
    assert_eq!(b.answered(100), Response::Pass(id));
    b.sees(&["600 CANCEL"]);
    // No second one for the next provisional response.
    let ringing = changed(&answer(&b.last.clone().unwrap().0, 180, "tag=peer"), "1 CANCEL", "1 INVITE");
    assert_eq!(b.answered_with(&ringing), Response::Pass(id));
    b.sees(&[]);
}

#[test]
fn a_final_response_makes_a_held_cancel_needless() {
    for status in [200, 486] {
        let mut b = udp();
        let id = b.send("INVITE");
        assert_eq!(b.table.cancel(b.now, id), Cancelled::Held);
        assert_eq!(b.answered(status), Response::Pass(id));
        let trace = b.until(60_000).trace().join(", ");
        assert!(!trace.contains("CANCEL"), "{trace}");
        b.is_over();
    }
    let mut b = tcp();
    let id = b.send("INVITE");
    assert_eq!(b.table.cancel(b.now, id), Cancelled::Held);
    assert_eq!(b.answered(486), Response::Pass(id));
    b.sees(&["0 INVITE", "0 ACK", "0 ended"]);
    b.is_over();
}

#[test]
fn an_invite_that_times_out_takes_its_held_cancel_along() {
    let mut b = tcp();
    let id = b.send("INVITE");
    assert_eq!(b.table.cancel(b.now, id), Cancelled::Held);
    b.until(60_000).sees(&["0 INVITE", "32000 timeout", "32000 ended"]);
    b.is_over();
}

#[test]
fn without_a_final_response_the_invite_times_out_64_t1_after_the_cancel() {
    let mut b = tcp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(180), Response::Pass(id));
    b.until(100_000);
    assert_eq!(b.table.cancel(b.now, id), Cancelled::Sent);
    b.trace();
    assert_eq!(b.answered(200), Response::Absorbed);
    // The CANCEL is over and done with, yet one is enough.
    assert_eq!(b.table.cancel(b.now, id), Cancelled::NotNeeded);
    b.until(131_990).sees(&[]);
    b.until(132_000).sees(&["132000 timeout", "132000 ended"]);
    b.is_over();
}

#[test]
fn a_cancel_that_fails_or_times_out_is_nobodys_news() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.answered(180);
    b.table.cancel(b.now, id);
    b.transport_fails().sees(&["0 INVITE", "0 CANCEL"]);
    assert_eq!(b.table.counts().client(), 1);

    let mut b = tcp();
    let id = b.send("INVITE");
    b.answered(180);
    let invite = b.last.clone().unwrap().0;
    b.table.cancel(b.now, id);
    b.trace();
    assert_eq!(b.answered_with(&answer(&invite, 487, "tag=peer")), Response::Pass(id));
    // The INVITE is over, its CANCEL still waits for an answer, in vain.
    b.sees(&["0 ACK", "0 ended"]);
    assert_eq!(b.table.counts().client(), 1);
    b.until(60_000).sees(&[]);
    b.is_over();
}

#[test]
fn an_answer_to_a_cancel_is_absorbed_after_its_invite_is_over() {
    let mut b = tcp();
    let id = b.send("INVITE");
    b.answered(180);
    let invite = b.last.clone().unwrap().0;
    b.table.cancel(b.now, id);
    b.trace();
    let cancel = b.last.clone().unwrap().0;
    b.answered_with(&answer(&invite, 487, "tag=peer"));
    assert_eq!(b.answered_with(&answer(&cancel, 200, "tag=peer")), Response::Absorbed);
    b.trace();
    b.is_over();
}

#[test]
fn what_cannot_be_cancelled() {
    let mut b = udp();
    let options = b.send("OPTIONS");
    assert_eq!(b.table.cancel(b.now, options), Cancelled::NotNeeded);
    let invite = b.send("INVITE");
    b.answered(200);
    assert_eq!(b.table.cancel(b.now, invite), Cancelled::NotNeeded);
    let invite = b.send("INVITE");
    b.answered(486);
    assert_eq!(b.table.cancel(b.now, invite), Cancelled::NotNeeded);
    let unsent = b.table.new_client().unwrap();
    assert_eq!(b.table.cancel(b.now, unsent), Cancelled::NotNeeded);
    b.table.forget_client(unsent);
    assert_eq!(b.table.cancel(b.now, unsent), Cancelled::NotNeeded);
}

/// §9.2: the server side.
#[test]
fn a_cancel_names_the_transaction_that_it_cancels() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let target = b.takes(&invite);
    let cancel = from_peer("CANCEL");
    let Received::Cancel { id, target: Some(found) } = b.receives(&cancel) else { panic!() };
    assert_eq!(found, target);
    assert!(b.table.is_invite(found) && !b.table.is_invite(id));
    // It is a transaction of its own: answered, and answered again when it comes again.
    assert_eq!(b.receives(&cancel), Received::Retransmission);
    b.respond(id, &cancel, 200).respond(target, &invite, 487);
    assert_eq!(b.receives(&cancel), Received::Retransmission);
    b.sees(&["0 200", "0 487", "0 200"]);
}

#[test]
fn a_cancel_of_nothing_and_of_another_method() {
    let mut b = udp();
    let cancel = from_peer("CANCEL");
    let received = b.receives(&cancel);
    assert!(matches!(received, Received::Cancel { target: None, .. }), "{received:?}");

    let mut b = udp();
    let message = b.takes(&from_peer("MESSAGE"));
    let received = b.receives(&cancel);
    assert!(matches!(received, Received::Cancel { target: Some(target), .. } if target == message));
    assert!(!b.table.is_invite(message));

    let other = changed(&cancel, "peer.example.com", "peer.example.com:5070");
    let received = b.receives(&other);
    assert!(matches!(received, Received::Cancel { target: None, .. }), "{received:?}");
}

#[test]
fn an_element_of_rfc_2543_cancels() {
    let mut b = udp();
    let via = "SIP/2.0/UDP old.example.com";
    let target = b.takes(&request_in("INVITE", via, "<sip:bob@example.com>", 1));
    let received = b.receives(&request_in("CANCEL", via, "<sip:bob@example.com>", 1));
    assert!(matches!(received, Received::Cancel { target: Some(found), .. } if found == target));
    let received = b.receives(&request_in("CANCEL", via, "<sip:bob@example.com>", 2));
    assert!(matches!(received, Received::Cancel { target: None, .. }));
}
