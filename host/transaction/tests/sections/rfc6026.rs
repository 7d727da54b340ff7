//! RFC 6026: 2xx responses to INVITE, states Accepted of both INVITE machines, Timers L and M.

use crate::bench::{answer, changed, from_peer, tcp, udp};
use strowger_transaction::{Received, Response};

/// §7.2: the client.
#[test]
fn every_2xx_of_every_fork_is_passed_until_timer_m() {
    for mut b in [udp(), tcp()] {
        let id = b.send("INVITE");
        assert_eq!(b.answered(180), Response::Pass(id));
        let invite = b.last.clone().unwrap().0;
        let (one, two) = (answer(&invite, 200, "tag=one"), answer(&invite, 200, "tag=two"));
        b.until(1_000);
        assert_eq!(b.answered_with(&one), Response::Pass(id));
        assert_eq!(b.table.counts().active(), 0);
        b.until(1_500);
        assert_eq!(b.answered_with(&one), Response::Pass(id));
        b.until(32_990);
        assert_eq!(b.answered_with(&two), Response::Pass(id));
        // The ACK is the TU's; others are absorbed.
        assert_eq!(b.answered_with(&answer(&invite, 486, "tag=three")), Response::Absorbed);
        assert_eq!(b.answered_with(&answer(&invite, 180, "tag=three")), Response::Absorbed);
        b.sees(&["0 INVITE"]);
        b.until(40_000).sees(&["33000 ended"]);
        b.is_over();
        // §7.3: what comes then is a stray, and dropped.
        assert_eq!(b.answered_with(&two), Response::Stray);
    }
}

#[test]
fn a_2xx_without_a_provisional_response() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.until(700);
    assert_eq!(b.answered(200), Response::Pass(id));
    b.until(60_000).sees(&["0 INVITE", "500 INVITE", "32700 ended"]);
    b.is_over();
}

/// §7.1: the server.
#[test]
fn after_a_2xx_an_invite_again_is_absorbed_and_the_tu_may_send_more_until_timer_l() {
    for mut b in [udp(), tcp()] {
        let invite = from_peer("INVITE");
        let id = b.takes(&invite);
        b.respond(id, &invite, 200);
        assert_eq!(b.table.counts().active(), 0);
        b.until(500);
        assert_eq!(b.receives(&invite), Received::Retransmission);
        b.sees(&["0 200"]);
        // The 2xx again, and that of another fork.
        b.until(1_000).respond(id, &invite, 200).respond(id, &invite, 202);
        b.until(31_990).respond(id, &invite, 200);
        // Nothing else.
        b.respond(id, &invite, 486).respond(id, &invite, 180);
        b.sees(&["1000 200", "1000 202", "31990 200"]);
        b.until(40_000).sees(&["32000 ended"]);
        b.is_over();
        b.respond(id, &invite, 200).sees(&[]);
    }
}

/// §7.1: an ACK for a 2xx has a branch of its own, yet some use the INVITE's.
#[test]
fn no_ack_for_a_2xx_is_absorbed() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 200);
    let ack = from_peer("ACK");
    assert_eq!(b.receives(&ack), Received::AckFor2xx);
    assert_eq!(b.receives(&ack), Received::AckFor2xx);
    assert_eq!(b.receives(&changed(&ack, "z9hG4bKpeer", "z9hG4bKnew")), Received::AckFor2xx);
    // And it makes no transaction.
    assert_eq!(b.table.counts().server(), 1);
}
