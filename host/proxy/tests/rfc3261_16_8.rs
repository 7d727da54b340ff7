//! RFC 3261 §16.8, Timer C, as ladders.

mod ladder;

use ladder::Ladder;

/// "If the client transaction has received a provisional response, the proxy MUST generate a CANCEL request".
#[test]
fn a_phone_that_rings_for_ever_is_cancelled() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180).sees("timer-c 0, up 180 from 0");
    ladder.timer_c(0).sees("cancel 0");
    // it may ring on, but that holds nothing up any more
    ladder.provisional(0, 180).sees("up 180 from 0");
    // its 487 is nothing that the caller asked for
    ladder.last(0, 487).sees("answer 408 made here");
}

/// "If the client transaction has not received a provisional response, the proxy MUST behave as if the transaction
/// received a 408 (Request Timeout) response."
#[test]
fn a_silent_next_hop_is_a_408() {
    let mut ladder = Ladder::invite(&[1000, 500]);
    ladder.start();
    ladder.timer_c(0).sees("cancel 0, begin 1 (60)");
    // too late, but a 2xx is always passed on
    ladder.last(0, 200).sees("up 200 from 0, cancel 1");
}

#[test]
fn a_phone_that_answers_while_it_is_cancelled() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.timer_c(0).sees("cancel 0");
    ladder.last(0, 200).sees("up 200 from 0");
}

#[test]
fn a_refusal_that_crosses_the_cancel_is_kept() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.timer_c(0).sees("cancel 0");
    ladder.last(0, 486).sees("answer 486");
}

/// §9.1: a cancelled request without a final response is taken as cancelled.
#[test]
fn a_phone_that_ignores_the_cancel() {
    let mut ladder = Ladder::invite(&[1000, 500]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.timer_c(0).sees("cancel 0");
    ladder.timer_c(0).sees("begin 1 (60)");
    ladder.last(1, 480).sees("answer 480");
}

/// The time that a script gave to a target of another method.
#[test]
fn other_methods_cannot_be_cancelled() {
    let mut ladder = Ladder::non_invite(&[1000, 500]);
    ladder.start();
    ladder.timer_c(0).sees("begin 1 (60)");
    ladder.last(0, 200).sees("up 200 from 0");
}
