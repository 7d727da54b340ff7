//! Micro benches that print ratios: what reading and writing one INVITE costs here, and with rsip; and what a call of a
//! script costs (`consult.rs`).
//!
//! In: nothing (`--quick` for fewer rounds). Out: a line an operation: nanoseconds, median of alternating rounds, and
//! the ratio to the first line's. Wall time of a busy machine is not to be trusted: compare lines of one run.

mod consult;

use std::hint::black_box;
use std::time::Instant;

use sip::{Draft, HeaderId, Message};

/// A call through a proxy, as a phone sends it.
const INVITE: &str = "INVITE sip:bob@example.org SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds\r\n\
    Max-Forwards: 70\r\n\
    From: \"Alice\" <sip:alice@example.org>;tag=1928301774\r\n\
    To: Bob <sip:bob@example.org>\r\n\
    Call-ID: a84b4c76e66710@192.0.2.10\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:alice@192.0.2.10:5060>\r\n\
    Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE\r\n\
    Supported: 100rel, timer\r\n\
    User-Agent: bench\r\n\
    Content-Length: 0\r\n\r\n";

/// One operation: its name, and how to do it once.
type Operation = (&'static str, fn());

const OPERATIONS: [Operation; 4] = [
    ("rsip: parse", rsip_parse),
    ("parse", parse),
    ("parse and read", read),
    ("parse, read, forward", forward),
];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, times) = if quick { (5, 2_000) } else { (41, 20_000) };
    let mut nanos: Vec<Vec<f64>> = vec![Vec::new(); OPERATIONS.len()];
    for _ in 0..rounds {
        for (taken, (_, operation)) in nanos.iter_mut().zip(OPERATIONS) {
            let start = Instant::now();
            (0..times).for_each(|_| operation());
            taken.push(start.elapsed().as_nanos() as f64 / f64::from(times));
        }
    }
    let medians: Vec<f64> = nanos.iter_mut().map(|taken| median(taken)).collect();
    for ((name, _), taken) in OPERATIONS.iter().zip(&medians) {
        println!("{name:<24} {taken:>8.0} ns   {:.2} of {}", taken / medians[0], OPERATIONS[0].0);
    }
    println!();
    if let Err(why) = consult::run(rounds, times / 10) {
        println!("calls of a script are not measured: {why}");
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rsip_parse() {
    black_box(rsip::SipMessage::try_from(black_box(INVITE.as_bytes())).is_ok());
}

fn parsed() -> Message {
    Message::parse_datagram(black_box(INVITE.as_bytes())).expect("the message is sound")
}

fn parse() {
    black_box(parsed());
}

fn read_typed(message: &Message) {
    let head = message.head();
    black_box((head.via().is_ok(), head.from().is_ok(), head.to().is_ok(), head.cseq().is_ok()));
    black_box((
        head.call_id().is_ok(),
        head.max_forwards().is_ok(),
        head.contacts().count(),
        head.uri().is_ok(),
    ));
}

fn read() {
    read_typed(&parsed());
}

fn forward() {
    let message = parsed();
    read_typed(&message);
    let mut draft = Draft::forward(message.head());
    draft.prepend(HeaderId::VIA, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1");
    draft.prepend(HeaderId::RECORD_ROUTE, "<sip:192.0.2.1:5060;lr>");
    let mut out = Vec::with_capacity(2048);
    draft.print(&mut out);
    black_box(out);
}
