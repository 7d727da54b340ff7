//! RFC 3261 §17.2.3: matching requests to server transactions. What is compared with what is tested pair by pair
//! beside `matching.rs`; here it is seen from outside.

use crate::bench::{answer, changed, from_peer, request_in, udp};
use bytes::Bytes;
use strowger_transaction::Received;

const OLD: &str = "SIP/2.0/UDP old.example.com:5070";
const TO: &str = "<sip:bob@example.com>";
const TAGGED: &str = "<sip:bob@example.com>;tag=us";

#[test]
fn host_and_port_of_sent_by_tell_peers_with_one_branch_apart() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    b.takes(&invite);
    assert_eq!(
        b.receives(&changed(&invite, "peer.example.com", "PEER.example.com:5060")),
        Received::Retransmission
    );
    b.takes(&changed(&invite, "peer.example.com", "peer.example.com:5070"));
    b.takes(&changed(&invite, "peer.example.com", "peer.example.org"));
    b.takes(&changed(&invite, "INVITE", "OPTIONS"));
    assert_eq!(b.table.counts().server(), 4);
}

#[test]
fn the_ack_of_a_failure_matches_the_invite_by_branch_and_sent_by() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486);
    let ack = from_peer("ACK");
    assert_eq!(b.receives(&changed(&ack, "peer.example.com", "peer.example.com:5070")), Received::AckFor2xx);
    assert_eq!(b.receives(&changed(&ack, "peer.example.com", "Peer.Example.Com")), Received::Ack(id));
}

#[test]
fn an_element_of_rfc_2543_retransmits_and_acknowledges() {
    let mut b = udp();
    let invite = request_in("INVITE", OLD, TO, 1);
    let id = b.takes(&invite);
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.respond(id, &invite, 486).trace();
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.sees(&["0 486"]);
    // The ACK has the To tag of the response that is kept.
    for (to, cseq) in [(TO, 1), ("<sip:bob@example.com>;tag=else", 1), (TAGGED, 2)] {
        assert_eq!(b.receives(&request_in("ACK", OLD, to, cseq)), Received::AckFor2xx, "{to} {cseq}");
    }
    assert_eq!(b.receives(&request_in("ACK", OLD, TAGGED, 1)), Received::Ack(id));
    b.until(4_990).sees(&[]);
    b.until(5_000).sees(&["5000 ended"]);
    b.is_over();
}

#[test]
fn an_element_of_rfc_2543_invites_again_within_a_dialog() {
    let mut b = udp();
    let invite = request_in("INVITE", OLD, TAGGED, 2);
    let id = b.takes(&invite);
    b.respond(id, &invite, 488);
    assert_eq!(b.receives(&request_in("ACK", OLD, TAGGED, 2)), Received::Ack(id));
}

#[test]
fn the_ack_of_rfc_2543_for_a_2xx_goes_on() {
    let mut b = udp();
    let invite = request_in("INVITE", OLD, TO, 1);
    let id = b.takes(&invite);
    b.table.respond(b.now, id, 200, Bytes::from(answer(&invite, 200, "tag=us")));
    assert_eq!(b.receives(&request_in("ACK", OLD, TAGGED, 1)), Received::AckFor2xx);
}

#[test]
fn a_different_call_with_a_branch_that_is_none_is_another_transaction() {
    // RFC 4475 §3.2.1: a branch of the cookie alone.
    let mut b = udp();
    let bare = request_in("OPTIONS", "SIP/2.0/UDP a.example.com;branch=z9hG4bK", TO, 1);
    b.takes(&bare);
    assert_eq!(b.receives(&bare), Received::Retransmission);
    b.takes(&changed(&bare, "call@", "another@"));
}

#[test]
fn what_cannot_be_matched() {
    let mut b = udp();
    let options = from_peer("OPTIONS");
    assert_eq!(b.receives(&changed(&options, "SIP/2.0/UDP peer", "SIP/2.0 peer")), Received::Unmatchable);
    let old = request_in("OPTIONS", OLD, TO, 1);
    assert_eq!(b.receives(&changed(&old, "CSeq: 1", "CSeq: x")), Received::Unmatchable);
    assert_eq!(b.receives(&answer(&options, 200, "tag=x")), Received::Unmatchable);
    let ack = changed(&from_peer("ACK"), "SIP/2.0/UDP peer", "SIP/2.0 peer");
    assert_eq!(b.receives(&ack), Received::Unmatchable);
    b.is_over();
}
