//! RFC 3261 §17.2.1: the INVITE server transaction. Accepted and Timer L are in `rfc6026.rs`.

use crate::bench::{changed, from_peer, tcp, udp};
use strowger_transaction::Received;

#[test]
fn while_proceeding_an_invite_again_gets_the_last_provisional_response() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    // Nothing to repeat yet: the TU has 200 ms for its 100.
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.sees(&[]);
    b.respond(id, &invite, 100).sees(&["0 100"]);
    b.until(500);
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.sees(&["500 100"]);
    b.respond(id, &invite, 180).respond(id, &invite, 183).sees(&["500 180", "500 183"]);
    b.until(1_500);
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.sees(&["1500 183"]);
    // No timer ends this.
    b.until(1_000_000).sees(&[]);
    assert_eq!(b.table.counts().active(), 1);
}

#[test]
fn a_failure_over_udp_is_repeated_by_timer_g_until_timer_h() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486);
    assert_eq!(b.table.counts().active(), 0);
    b.until(60_000).sees(&[
        "0 486",
        "500 486",
        "1500 486",
        "3500 486",
        "7500 486",
        "11500 486",
        "15500 486",
        "19500 486",
        "23500 486",
        "27500 486",
        "31500 486",
        "32000 timeout",
        "32000 ended",
    ]);
    b.is_over();
}

#[test]
fn the_ack_stops_timer_g_and_timer_i_absorbs_more_acks_for_t4() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let ack = from_peer("ACK");
    let id = b.takes(&invite);
    b.respond(id, &invite, 404);
    b.until(600);
    // The peer asks once more before it hears.
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.sees(&["0 404", "500 404", "600 404"]);
    b.until(700);
    assert_eq!(b.receives(&ack), Received::Ack(id));
    b.until(3_000);
    assert_eq!(b.receives(&ack), Received::Ack(id));
    assert_eq!(b.receives(&invite), Received::Retransmission);
    b.respond(id, &invite, 200);
    b.until(5_690).sees(&[]);
    b.until(5_700).sees(&["5700 ended"]);
    b.is_over();
    // After that the ACK is nobody's, and is treated as one for a 2xx.
    assert_eq!(b.receives(&ack), Received::AckFor2xx);
}

#[test]
fn a_failure_over_tcp_is_sent_once_and_timer_h_waits_for_the_ack() {
    let mut b = tcp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486).until(60_000).sees(&["0 486", "32000 timeout", "32000 ended"]);
    b.is_over();

    let id = b.takes(&invite);
    b.respond(id, &invite, 486).until(61_000);
    assert_eq!(b.receives(&from_peer("ACK")), Received::Ack(id));
    b.sees(&["60000 486", "61000 ended"]);
    b.is_over();
}

#[test]
fn only_the_first_final_response_counts() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486).respond(id, &invite, 500).respond(id, &invite, 200).respond(id, &invite, 180);
    b.until(500).sees(&["0 486", "500 486"]);
}

#[test]
fn an_ack_while_proceeding_changes_nothing() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    assert_eq!(b.receives(&from_peer("ACK")), Received::Ack(id));
    b.respond(id, &invite, 180).sees(&["0 180"]);
}

#[test]
fn an_ack_of_another_branch_is_for_a_2xx() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486).trace();
    let other = changed(&from_peer("ACK"), "z9hG4bKpeer", "z9hG4bKother");
    assert_eq!(b.receives(&other), Received::AckFor2xx);
    b.until(500).sees(&["500 486"]);
}
