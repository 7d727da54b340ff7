//! RFC 3261 §16.10, CANCEL processing, as ladders.

mod ladder;

use ladder::Ladder;

#[test]
fn the_caller_hangs_up_while_two_phones_ring() {
    let mut ladder = Ladder::invite(&[1000, 1000, 500]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.cancel().sees("cancel 0, cancel 1");
    ladder.last(0, 487).sees("");
    ladder.last(1, 487).sees("answer 487");
}

#[test]
fn a_second_cancel_does_nothing() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.cancel().sees("cancel 0");
    ladder.cancel().sees("");
}

#[test]
fn the_callee_answers_at_the_same_time() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.cancel().sees("cancel 0");
    ladder.last(0, 200).sees("up 200 from 0");
    ladder.cancel().sees("");
}

/// What refused before says less than that the call was cancelled.
#[test]
fn a_487_is_what_the_caller_waits_for() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start();
    ladder.last(0, 486).sees("");
    ladder.cancel().sees("cancel 1");
    ladder.last(1, 487).sees("answer 487");
}

/// The script has not decided yet: there is no branch, and there will be none.
#[test]
fn before_the_request_has_gone_anywhere() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.cancel().sees("answer 487 made here");
    ladder.start().sees("");

    let mut ladder = Ladder::invite(&[]);
    ladder.cancel().sees("answer 487 made here");
}

/// A branch whose next hop is still being located is dropped by its owner.
#[test]
fn a_branch_that_was_not_sent_yet() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.cancel().sees("cancel 0");
    ladder.unreachable(0).sees("answer 487 made here");
}

#[test]
fn a_cancelled_branch_that_says_nothing_counts_as_cancelled() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.cancel().sees("cancel 0");
    ladder.timed_out(0).sees("answer 487 made here");
}

/// First Timer C, then the caller: now a 487 is what was asked for.
#[test]
fn a_cancel_after_timer_c() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.timer_c(0).sees("cancel 0");
    ladder.cancel().sees("");
    ladder.last(0, 487).sees("answer 487");
}

/// §9.2: CANCEL has no effect on other requests.
#[test]
fn a_message_cannot_be_cancelled() {
    let mut ladder = Ladder::non_invite(&[1000]);
    ladder.start();
    ladder.cancel().sees("");
    ladder.last(0, 200).sees("up 200 from 0");
}
