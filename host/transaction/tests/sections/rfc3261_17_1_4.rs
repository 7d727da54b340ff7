//! RFC 3261 §17.1.4: transport errors of client transactions.

use crate::bench::udp;
use strowger_transaction::Response;

#[test]
fn an_invite_that_cannot_be_sent_fails_at_once() {
    let mut b = udp();
    b.send("INVITE");
    b.transport_fails().sees(&["0 INVITE", "0 failed", "0 ended"]);
    b.is_over();
}

#[test]
fn an_error_after_a_provisional_response_means_nothing() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(100), Response::Pass(id));
    b.transport_fails().sees(&["0 INVITE"]);
    assert_eq!(b.answered(200), Response::Pass(id));
    b.transport_fails().sees(&[]);
}

#[test]
fn an_ack_that_cannot_be_sent_fails() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(486), Response::Pass(id));
    b.transport_fails().sees(&["0 INVITE", "0 ACK", "0 failed", "0 ended"]);
    b.is_over();
}

#[test]
fn a_non_invite_fails_until_it_has_its_final_response() {
    let mut b = udp();
    b.send("OPTIONS");
    b.transport_fails().sees(&["0 OPTIONS", "0 failed", "0 ended"]);
    b.is_over();

    let id = b.send("OPTIONS");
    assert_eq!(b.answered(100), Response::Pass(id));
    b.transport_fails().sees(&["0 OPTIONS", "0 failed", "0 ended"]);
    b.is_over();

    let id = b.send("OPTIONS");
    assert_eq!(b.answered(200), Response::Pass(id));
    b.transport_fails().sees(&["0 OPTIONS"]);
    b.until(5_000).sees(&["5000 ended"]);
    b.is_over();
}

#[test]
fn an_error_of_a_transaction_that_is_gone_is_nobodys() {
    let mut b = udp();
    b.send("OPTIONS");
    b.transport_fails().transport_fails().sees(&["0 OPTIONS", "0 failed", "0 ended"]);
    b.is_over();
}
