//! RFC 5393 §5, Max-Breadth, as ladders and as header fields.

#![allow(clippy::unwrap_used)]

mod ladder;

use ladder::Ladder;
use sip::Message;
use strowger_proxy as proxy;
use strowger_proxy::{DEFAULT_MAX_BREADTH, Kind, MaxBreadthError};

fn incoming(header: &str) -> Result<u16, MaxBreadthError> {
    let request = format!("INVITE sip:bob@example.com SIP/2.0\r\n{header}\r\n");
    proxy::max_breadth::incoming(&Message::parse_datagram(request.as_bytes()).unwrap().head())
}

#[test]
fn what_a_request_brings() {
    assert_eq!(incoming(""), Ok(DEFAULT_MAX_BREADTH));
    assert_eq!(incoming("Max-Breadth: 5\r\n"), Ok(5));
    assert_eq!(incoming("max-breadth: 99999\r\n"), Ok(u16::MAX));
    assert_eq!(incoming("Max-Breadth: 0\r\n"), Err(MaxBreadthError::Exceeded));
    assert_eq!(incoming("Max-Breadth: -1\r\n"), Err(MaxBreadthError::Malformed));
    assert_eq!(incoming("Max-Breadth:\r\n"), Err(MaxBreadthError::Malformed));
    assert_eq!(MaxBreadthError::Exceeded.status(), 440);
    assert_eq!(MaxBreadthError::Malformed.status(), 400);
}

/// §5.3.3.1: the breadth of the branches under way never sums up to more than what came.
#[test]
fn breadth_is_split_over_parallel_branches() {
    let mut ladder = Ladder::new(Kind::Invite, &[1000, 1000, 1000], 7);
    ladder.start().sees("begin 0 (3), begin 1 (2), begin 2 (2)");
}

/// Serial branches reuse what earlier ones have given back.
#[test]
fn breadth_is_reused_by_serial_branches() {
    let mut ladder = Ladder::new(Kind::Invite, &[1000, 500], 1);
    ladder.start().sees("begin 0 (1)");
    ladder.last(0, 404).sees("begin 1 (1)");
    ladder.last(1, 404).sees("answer 404");
}

/// Too many targets for the breadth are tried one after the other instead of being refused.
#[test]
fn a_group_wider_than_the_breadth_is_tried_in_parts() {
    let mut ladder = Ladder::new(Kind::Invite, &[1000, 1000, 1000], 2);
    ladder.start().sees("begin 0 (1), begin 1 (1)");
    ladder.last(0, 404).sees("");
    ladder.last(1, 486).sees("begin 2 (2)");
    ladder.last(2, 200).sees("up 200 from 2");
}
