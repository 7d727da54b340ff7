//! RFC 3261 §17.1.1: the INVITE client transaction. Accepted and Timer M are in `rfc6026.rs`.

use crate::bench::{answer, changed, tcp, udp};
use sip::Message;
use strowger_transaction::Response;

#[test]
fn unanswered_over_udp_the_invite_goes_out_seven_times_then_times_out() {
    let mut b = udp();
    b.send("INVITE");
    b.until(60_000).sees(&[
        "0 INVITE",
        "500 INVITE",
        "1500 INVITE",
        "3500 INVITE",
        "7500 INVITE",
        "15500 INVITE",
        "31500 INVITE",
        "32000 timeout",
        "32000 ended",
    ]);
    b.is_over();
}

#[test]
fn unanswered_over_tcp_the_invite_goes_out_once() {
    let mut b = tcp();
    b.send("INVITE");
    b.until(60_000).sees(&["0 INVITE", "32000 timeout", "32000 ended"]);
    b.is_over();
}

#[test]
fn a_provisional_response_stops_retransmission_and_timer_b() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.until(600);
    assert_eq!(b.answered(100), Response::Pass(id));
    b.until(100_000).sees(&["0 INVITE", "500 INVITE"]);
    // The TU hears each one.
    assert_eq!(b.answered(180), Response::Pass(id));
    assert_eq!(b.answered(180), Response::Pass(id));
    b.until(500_000).sees(&[]);
    assert_eq!(b.table.counts().active(), 1);
}

#[test]
fn a_final_response_over_udp_is_acknowledged_each_time_it_comes() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(100), Response::Pass(id));
    let invite = b.last.clone().unwrap().0;
    let busy = answer(&invite, 486, "tag=peer");
    b.until(2_000);
    assert_eq!(b.answered_with(&busy), Response::Pass(id));
    b.sees(&["0 INVITE", "2000 ACK"]);
    let ack = b.last_text();
    assert_eq!(b.table.counts().active(), 0);
    for at in [2_500, 3_500, 5_500] {
        b.until(at);
        assert_eq!(b.answered_with(&busy), Response::Absorbed);
        b.sees(&[&format!("{at} ACK")]);
        assert_eq!(b.last_text(), ack);
    }
    // Late provisional and 2xx responses are not the TU's any more.
    assert_eq!(b.answered_with(&answer(&invite, 180, "tag=peer")), Response::Absorbed);
    assert_eq!(b.answered_with(&answer(&invite, 200, "tag=other")), Response::Absorbed);
    // Timer D: 32 s after it was entered.
    b.until(33_990).sees(&[]);
    b.until(34_000).sees(&["34000 ended"]);
    b.is_over();
    assert_eq!(b.answered_with(&busy), Response::Stray);
    b.sees(&[]);
}

#[test]
fn a_final_response_without_a_provisional_one_stops_retransmission() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.until(600);
    assert_eq!(b.answered(404), Response::Pass(id));
    b.until(60_000).sees(&["0 INVITE", "500 INVITE", "600 ACK", "32600 ended"]);
    b.is_over();
}

#[test]
fn over_tcp_timer_d_is_zero() {
    let mut b = tcp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(503), Response::Pass(id));
    b.sees(&["0 INVITE", "0 ACK", "0 ended"]);
    b.is_over();
}

/// §17.1.1.3.
#[test]
fn the_ack_is_built_from_the_invite_and_the_response() {
    let mut b = udp();
    let id = b.send("INVITE");
    assert_eq!(b.answered(183), Response::Pass(id));
    let invite = Message::parse_datagram(&b.last.clone().unwrap().0).unwrap();
    b.answered(488);
    let ack = Message::parse_datagram(&b.last.clone().unwrap().0).unwrap();
    let (invite, ack) = (invite.head(), ack.head());
    assert_eq!(ack.method_token(), b"ACK");
    assert_eq!(ack.request_uri(), invite.request_uri());
    for id in [sip::HeaderId::FROM, sip::HeaderId::CALL_ID, sip::HeaderId::ROUTE] {
        assert_eq!(ack.header(id), invite.header(id));
    }
    // A single Via: the top one of the INVITE.
    assert_eq!(ack.header(sip::HeaderId::VIA), invite.header(sip::HeaderId::VIA));
    assert_eq!(ack.count(sip::HeaderId::VIA), 1);
    // To of the response, with its tag.
    assert_eq!(ack.to_tag(), Some(&b"peer"[..]));
    let cseq = ack.cseq().unwrap();
    assert_eq!((cseq.number, cseq.token), (1, &b"ACK"[..]));
    assert!(ack.body().is_empty());
}

#[test]
fn the_ack_of_a_later_fork_is_not_built_anew() {
    // §17.1.1.2: a retransmitted final response makes the same ACK be passed down.
    let mut b = udp();
    b.send("INVITE");
    b.answered(486);
    let ack = b.last.clone().unwrap().0;
    let busy = changed(&answer(&ack, 486, ""), "1 ACK", "1 INVITE");
    assert_eq!(b.answered_with(&changed(&busy, "tag=peer", "tag=two")), Response::Absorbed);
    assert_eq!(b.last.unwrap().0, ack);
}
