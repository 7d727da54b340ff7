//! RFC 3261 §16.7, response processing, as ladders: what a forking proxy sends up and down, in order.

mod ladder;

use ladder::Ladder;

/// Item 5: provisional responses other than 100 and every 2xx go up at once, nothing else does.
#[test]
fn one_target_answers() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start().sees("begin 0 (60)");
    ladder.provisional(0, 100).sees("");
    ladder.provisional(0, 180).sees("timer-c 0, up 180 from 0");
    ladder.provisional(0, 183).sees("timer-c 0, up 183 from 0");
    ladder.last(0, 200).sees("up 200 from 0");
    ladder.is_finished(true);
}

#[test]
fn one_target_refuses() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start().sees("begin 0 (60)");
    ladder.last(0, 486).sees("answer 486");
    ladder.is_finished(true);
}

/// Items 5 and 10: the first 2xx cancels the rest; a 2xx that crosses the CANCEL goes up too.
#[test]
fn two_phones_ring_and_both_answer() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start().sees("begin 0 (30), begin 1 (30)");
    ladder.provisional(0, 180).sees("timer-c 0, up 180 from 0");
    ladder.provisional(1, 180).sees("timer-c 1, up 180 from 1");
    ladder.last(1, 200).sees("up 200 from 1, cancel 0");
    ladder.is_finished(false);
    ladder.last(0, 200).sees("up 200 from 0");
    ladder.is_finished(true);
    // the callee repeats its 2xx until it sees the ACK: the transaction passes it, and so do we
    ladder.last(1, 200).sees("up 200 from 1");
}

#[test]
fn the_cancelled_phone_says_487_to_us_alone() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start();
    ladder.provisional(0, 180);
    ladder.last(1, 200).sees("up 200 from 1, cancel 0");
    ladder.provisional(0, 180).sees("");
    ladder.last(0, 487).sees("");
    ladder.is_finished(true);
}

/// Item 5: a 6xx is not forwarded at once, for a 2xx may still come, but all else is cancelled and nothing begins.
#[test]
fn a_decline_ends_the_search() {
    let mut ladder = Ladder::invite(&[1000, 1000, 500]);
    ladder.start().sees("begin 0 (30), begin 1 (30)");
    ladder.provisional(1, 180);
    ladder.last(0, 603).sees("cancel 1");
    ladder.last(1, 487).sees("answer 603");
}

#[test]
fn a_2xx_that_crosses_a_decline_wins() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start();
    ladder.last(0, 600).sees("cancel 1");
    ladder.last(1, 200).sees("up 200 from 1");
    ladder.is_finished(true);
}

/// Item 6, the RFC's own example: "if a proxy forwarded a request to 4 locations, and received 503, 407, 501, and
/// 404 responses, it may choose to forward the 407 (Proxy Authentication Required) response".
#[test]
fn four_locations_503_407_501_404() {
    let mut ladder = Ladder::invite(&[1000; 4]);
    ladder.start().sees("begin 0 (15), begin 1 (15), begin 2 (15), begin 3 (15)");
    ladder.last(0, 503).sees("");
    ladder.last(1, 407).sees("");
    ladder.last(2, 501).sees("");
    ladder.last(3, 404).sees("answer 407");
}

/// Item 6: "If the only response that was received is a 503, the proxy SHOULD generate a 500 response".
#[test]
fn a_503_becomes_500() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.last(0, 503).sees("answer 500 made here");
}

/// §16.9: a transport error is a 503.
#[test]
fn a_dead_next_hop() {
    let mut ladder = Ladder::invite(&[1000, 500]);
    ladder.start().sees("begin 0 (60)");
    ladder.unreachable(0).sees("begin 1 (60)");
    ladder.unreachable(1).sees("answer 500 made here");
}

/// Item 6: "If there are no final responses in the context, the proxy MUST send a 408".
#[test]
fn nobody_answers() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start();
    ladder.timed_out(0).sees("");
    ladder.timed_out(1).sees("answer 408 made here");
}

/// §16.5: an empty target set is a 480.
#[test]
fn nobody_to_ask() {
    let mut ladder = Ladder::invite(&[]);
    ladder.start().sees("answer 480 made here");
}

/// Item 7: challenges of all 401 and 407 responses are collected into the one that is forwarded.
#[test]
fn challenges_are_collected() {
    let mut ladder = Ladder::invite(&[1000; 4]);
    ladder.start();
    ladder.last(0, 401).sees("");
    ladder.last(1, 404).sees("");
    ladder.last(2, 407).sees("");
    ladder.last(3, 401).sees("answer 401 with challenges of 407 401");
}

#[test]
fn challenges_are_forgotten_when_another_response_is_better() {
    let mut ladder = Ladder::invite(&[1000; 3]);
    ladder.start();
    ladder.last(0, 401);
    ladder.last(1, 407);
    ladder.last(2, 302).sees("answer 302");
}

#[test]
fn a_challenge_that_comes_second_is_still_collected() {
    let mut ladder = Ladder::invite(&[1000; 3]);
    ladder.start();
    ladder.last(0, 486);
    ladder.last(1, 407);
    ladder.last(2, 401).sees("answer 407 with challenges of 401");
}

/// §16.5, §16.6: groups of equal q in parallel, the greatest first.
#[test]
fn groups_come_one_after_the_other() {
    let mut ladder = Ladder::invite(&[500, 1000, 700, 1000]);
    ladder.start().sees("begin 1 (30), begin 3 (30)");
    ladder.last(1, 486).sees("");
    ladder.last(3, 480).sees("begin 2 (60)");
    ladder.timed_out(2).sees("begin 0 (60)");
    ladder.last(0, 404).sees("answer 486");
}

#[test]
fn a_2xx_of_the_first_group_leaves_the_second_alone() {
    let mut ladder = Ladder::invite(&[1000, 500]);
    ladder.start();
    ladder.last(0, 200).sees("up 200 from 0");
    ladder.start().sees("");
    ladder.is_finished(true);
}

/// A request that is not an INVITE has one 2xx, no CANCEL and no Timer C.
#[test]
fn a_message_to_two_phones() {
    let mut ladder = Ladder::non_invite(&[1000, 1000]);
    ladder.start().sees("begin 0 (30), begin 1 (30)");
    ladder.provisional(0, 100).sees("");
    ladder.last(0, 202).sees("up 202 from 0");
    ladder.last(1, 200).sees("");
    ladder.is_finished(true);
}

/// RFC 4320 §4.2: a 408 to a request that is not an INVITE is not sent.
#[test]
fn a_message_that_nobody_answers() {
    let mut ladder = Ladder::non_invite(&[1000]);
    ladder.start();
    ladder.timed_out(0).sees("answer 408 made here, withheld");
}

/// The script is asked before the best response goes up, and names another target (a busy call is forwarded).
#[test]
fn a_script_goes_on_after_failure() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.last(0, 486).sees("answer 486");
    ladder.resume(&[1000]);
    ladder.start().sees("begin 1 (60)");
    ladder.provisional(1, 180).sees("timer-c 1, up 180 from 1");
    ladder.last(1, 408).sees("answer 486");
}

#[test]
fn what_was_best_before_can_be_best_again_with_its_challenges() {
    let mut ladder = Ladder::invite(&[1000, 1000]);
    ladder.start();
    ladder.last(0, 407);
    ladder.last(1, 401).sees("answer 407 with challenges of 401");
    ladder.resume(&[1000]);
    ladder.start();
    ladder.last(2, 401).sees("answer 407 with challenges of 401 401");
}

#[test]
fn nothing_begins_after_a_decline_or_a_cancel() {
    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.last(0, 603).sees("answer 603");
    ladder.resume(&[1000]);
    ladder.start().sees("answer 603");

    let mut ladder = Ladder::invite(&[1000]);
    ladder.start();
    ladder.last(0, 486).sees("answer 486");
    ladder.cancel().sees("");
    ladder.resume(&[1000]);
    ladder.start().sees("answer 486");
}
