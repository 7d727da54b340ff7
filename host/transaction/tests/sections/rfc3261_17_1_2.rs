//! RFC 3261 §17.1.2: the non-INVITE client transaction.

use crate::bench::{answer, tcp, udp};
use strowger_transaction::Response;

#[test]
fn unanswered_over_udp_timer_e_doubles_up_to_t2_until_timer_f() {
    let mut b = udp();
    b.send("OPTIONS");
    b.until(60_000).sees(&[
        "0 OPTIONS",
        "500 OPTIONS",
        "1500 OPTIONS",
        "3500 OPTIONS",
        "7500 OPTIONS",
        "11500 OPTIONS",
        "15500 OPTIONS",
        "19500 OPTIONS",
        "23500 OPTIONS",
        "27500 OPTIONS",
        "31500 OPTIONS",
        "32000 timeout",
        "32000 ended",
    ]);
    b.is_over();
}

#[test]
fn unanswered_over_tcp_there_is_only_timer_f() {
    let mut b = tcp();
    b.send("BYE");
    b.until(60_000).sees(&["0 BYE", "32000 timeout", "32000 ended"]);
    b.is_over();
}

#[test]
fn after_a_provisional_response_timer_e_runs_at_t2_and_timer_f_goes_on() {
    let mut b = udp();
    let id = b.send("MESSAGE");
    b.until(600);
    assert_eq!(b.answered(100), Response::Pass(id));
    b.until(60_000).sees(&[
        "0 MESSAGE",
        "500 MESSAGE",
        // The interval that had begun runs out, then T2 each time.
        "1500 MESSAGE",
        "5500 MESSAGE",
        "9500 MESSAGE",
        "13500 MESSAGE",
        "17500 MESSAGE",
        "21500 MESSAGE",
        "25500 MESSAGE",
        "29500 MESSAGE",
        "32000 timeout",
        "32000 ended",
    ]);
    b.is_over();
}

#[test]
fn over_udp_timer_k_absorbs_final_responses_for_t4() {
    let mut b = udp();
    let id = b.send("BYE");
    b.until(700);
    let bye = b.last.clone().unwrap().0;
    assert_eq!(b.answered(200), Response::Pass(id));
    assert_eq!(b.table.counts().active(), 0);
    b.until(5_690);
    for status in [100, 200, 481] {
        assert_eq!(b.answered_with(&answer(&bye, status, "tag=peer")), Response::Absorbed);
    }
    b.sees(&["0 BYE", "500 BYE"]);
    b.until(5_700).sees(&["5700 ended"]);
    b.is_over();
    assert_eq!(b.answered_with(&answer(&bye, 200, "tag=peer")), Response::Stray);
}

#[test]
fn over_tcp_timer_k_is_zero() {
    let mut b = tcp();
    let id = b.send("REGISTER");
    assert_eq!(b.answered(100), Response::Pass(id));
    assert_eq!(b.answered(401), Response::Pass(id));
    b.sees(&["0 REGISTER", "0 ended"]);
    b.is_over();
}

#[test]
fn a_final_response_after_a_provisional_one() {
    let mut b = udp();
    let id = b.send("OPTIONS");
    assert_eq!(b.answered(100), Response::Pass(id));
    b.until(4_000);
    assert_eq!(b.answered(200), Response::Pass(id));
    b.until(60_000).sees(&["0 OPTIONS", "500 OPTIONS", "9000 ended"]);
    b.is_over();
}
