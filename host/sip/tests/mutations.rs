//! The fuzz targets without a fuzzer: mutated torture messages, from a fixed seed, in bounded time.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

#[path = "torture/mod.rs"]
mod corpus;

use strowger_sip::fuzzing::TARGETS;
use strowger_sip::{Message, view};

/// Mutants of each message for each target.
const MUTANTS: usize = 150;
const SEED: u64 = 0x5354_524f_5747_4552;

/// xorshift64*, enough to mutate with.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Bytes that mean something somewhere.
const TELLING: &[u8] = b"\r\n\0\t ;,:<>\"\\@?&=%[]()/*+-.0919zZ\x7f\xff";
const PIECES: [&[u8]; 10] = [
    b"\r\n",
    b"\r\n ",
    b"\r\n\r\n",
    b"sip:",
    b"z9hG4bK",
    b"Content-Length: ",
    b"Via: SIP/2.0/UDP ",
    b";rport",
    b"\"\\\"",
    b"%00",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let telling = TELLING[random.below(TELLING.len())];
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = telling,
            1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.insert(at, telling),
            4 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            5 => bytes.truncate(bytes.len() - random.below(bytes.len().min(40))),
            _ => {
                let end = (at + random.below(60)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                drop(bytes.splice(to..to, piece));
            }
        }
    }
}

#[test]
fn mutants_break_no_promise() {
    let mut random = Random(SEED);
    for row in corpus::rows() {
        for (name, target) in TARGETS {
            for _ in 0..MUTANTS {
                let mut bytes = seed(&row.bytes(), name, &mut random);
                mutate(&mut bytes, &mut random);
                let outcome = std::panic::catch_unwind(|| target(&bytes));
                assert!(
                    outcome.is_ok(),
                    "{name} with a mutant of {}: \"{}\"",
                    row.name,
                    bytes.escape_ascii()
                );
            }
        }
    }
}

/// What a target takes: a message, one of its values, or its view.
fn seed(message: &[u8], target: &str, random: &mut Random) -> Vec<u8> {
    let parsed = Message::parse_datagram(message);
    match (target, parsed) {
        ("uri", Ok(message)) if message.is_request() && random.below(3) == 0 => {
            message.request_uri().to_vec()
        }
        ("uri", Ok(message)) => {
            let addresses = message.head().addresses(strowger_sip::HeaderId::CONTACT);
            addresses
                .flatten()
                .next()
                .map_or(b"sip:a@b;c=d?e=f".to_vec(), |address| address.uri_bytes.to_vec())
        }
        ("header", Ok(message)) => message.head().value_of(random.below(message.spans().len())).to_vec(),
        ("view", Ok(message)) => {
            let mut out = Vec::new();
            view::write(message.head(), random.below(2) == 0, &mut out);
            out
        }
        ("stream", _) => [message, b"\r\n\r\n", message].concat(),
        _ => message.to_vec(),
    }
}
