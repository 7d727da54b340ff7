//! RFC 3261 §17.2.2: the non-INVITE server transaction.

use crate::bench::{from_peer, tcp, udp};
use strowger_transaction::Received;

#[test]
fn while_trying_a_request_again_is_absorbed() {
    let mut b = udp();
    let request = from_peer("MESSAGE");
    b.takes(&request);
    assert_eq!(b.receives(&request), Received::Retransmission);
    b.until(100_000).sees(&[]);
    assert_eq!(b.table.counts().active(), 1);
}

#[test]
fn while_proceeding_a_request_again_gets_the_last_provisional_response() {
    let mut b = udp();
    let request = from_peer("SUBSCRIBE");
    let id = b.takes(&request);
    b.respond(id, &request, 100).respond(id, &request, 182).sees(&["0 100", "0 182"]);
    assert_eq!(b.receives(&request), Received::Retransmission);
    b.sees(&["0 182"]);
}

#[test]
fn over_udp_the_final_response_is_repeated_on_request_until_timer_j() {
    let mut b = udp();
    let request = from_peer("BYE");
    let id = b.takes(&request);
    b.until(100).respond(id, &request, 200);
    assert_eq!(b.table.counts().active(), 0);
    for at in [500, 1_500, 32_090] {
        b.until(at);
        assert_eq!(b.receives(&request), Received::Retransmission);
    }
    // Other responses are discarded.
    b.respond(id, &request, 500).respond(id, &request, 100);
    b.until(40_000).sees(&["100 200", "500 200", "1500 200", "32090 200", "32100 ended"]);
    b.is_over();
    // After that it is a new request.
    b.takes(&request);
}

#[test]
fn over_tcp_timer_j_is_zero() {
    let mut b = tcp();
    let request = from_peer("OPTIONS");
    let id = b.takes(&request);
    b.respond(id, &request, 100).respond(id, &request, 200).sees(&["0 100", "0 200", "0 ended"]);
    b.is_over();
    b.respond(id, &request, 200).sees(&[]);
}
