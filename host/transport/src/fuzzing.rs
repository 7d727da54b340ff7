//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

use std::net::SocketAddr;

use bytes::BytesMut;
use sip::fuzzing::{Choices, Target};

use crate::streams::byte_stream::{Framed, Framer};
use crate::stun::{Arrival, MAX_STUN, classify, respond};

/// Every target.
pub const TARGETS: [Target; 2] = [("stream", stream), ("datagram", datagram)];

/// Bytes that an answer to a binding request may be longer than the request.
const LONGER: usize = 32;
/// What a stream is made of, besides any bytes.
const PIECES: [&[u8]; 9] = [
    b"\r\n",
    b"\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    b"SIP/2.0 200 OK\r\nl: 5\r\n\r\nhello",
    b"INVITE sip:a SIP/2.0\r\nX: a\r\n b\r\nContent-Length:\r\n 12\r\n\r\n",
    b"Content-Length: 3\r\n",
    b"MESSAGE sip:a SIP/2.0\r\n",
    b"\r\n\r\nxyz",
    b"SIP/2.0 180 Ringing\r\nContent-Length: 99999\r\n\r\n",
];

/// What a framer took from a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    messages: Vec<Vec<u8>>,
    /// Double CRLFs.
    pings: usize,
    refused: bool,
}

/// A stream in pieces of any length: the same messages come out of it as in one piece, and a bound is kept.
pub fn stream(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let most = *choices.one_of(&[65_536, 64, 200]);
    let mut stream = Vec::new();
    for _ in 0..choices.below(12) {
        if choices.once_in(4) {
            let length = choices.below(40);
            stream.extend_from_slice(choices.bytes(length));
        } else {
            stream.extend_from_slice(choices.one_of::<&[u8]>(&PIECES));
        }
    }
    let whole = take(&stream, |left| left, most);
    let pieces = take(&stream, |left| (1 + choices.below(32)).min(left), most);
    assert_eq!(pieces.messages, whole.messages, "in {}", stream.escape_ascii());
    assert_eq!(pieces.pings, whole.pings, "in {}", stream.escape_ascii());
    // A first line that is none is refused before the rest of its message is there.
    assert!(pieces.refused || !whole.refused, "in {}", stream.escape_ascii());
}

fn take(stream: &[u8], mut length: impl FnMut(usize) -> usize, most: usize) -> Taken {
    let (mut framer, mut buffer, mut taken) = (Framer::default(), BytesMut::new(), Taken::default());
    let (mut at, mut given) = (0, 0);
    while at < stream.len() && !taken.refused {
        let piece = length(stream.len() - at);
        buffer.extend_from_slice(&stream[at..at + piece]);
        at += piece;
        loop {
            let before = buffer.len();
            match framer.next(&mut buffer, most) {
                Ok(Some(framed)) => {
                    assert!(buffer.len() < before, "what was framed is taken");
                    given += before - buffer.len();
                    match framed {
                        Framed::Message(bytes) => {
                            assert!(!bytes.is_empty() && bytes.len() <= most, "a bound is kept");
                            assert_eq!(before - buffer.len(), bytes.len());
                            // What is no message may be refused as soon as its first line is there, or as a whole.
                            if sip::Message::parse_stream(&bytes).is_err() {
                                taken.refused = true;
                                break;
                            }
                            taken.messages.push(bytes);
                        }
                        Framed::Ping => taken.pings += 1,
                        Framed::Nothing => {}
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    taken.refused = true;
                    break;
                }
            }
        }
        assert!(taken.refused || buffer.len() <= most, "what waits keeps the bound");
        assert_eq!(given + buffer.len(), at, "no byte is lost");
    }
    taken
}

/// A datagram that may be no SIP: sorted by its beginning, and answered where it is a binding request.
pub fn datagram(bytes: &[u8]) {
    let arrival = classify(bytes);
    let answer = respond(bytes, SocketAddr::from(([192, 0, 2, 9], 5060)));
    let Some(answer) = answer else { return };
    assert!(arrival == Arrival::Stun && bytes.len() <= MAX_STUN, "only STUN is answered as STUN");
    assert!(answer.len() <= bytes.len() + LONGER, "an answer is no amplifier");
    assert_eq!(classify(&answer), Arrival::Stun);
    assert_eq!(answer[4..20], bytes[4..20], "it bears the request's cookie and transaction");
    assert_eq!(
        usize::from(u16::from_be_bytes([answer[2], answer[3]])),
        answer.len() - 20,
        "it says its length"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_stream_is_survived() {
        Mutants::new(5626).run(20_000, 200, stream);
    }

    #[test]
    fn any_datagram_is_survived() {
        let mut mutants = Mutants::new(5389);
        for _ in 0..20_000 {
            let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
            bytes.extend(mutants.bytes(12));
            let attributes = mutants.below(40) & !3;
            bytes[3] = attributes as u8;
            bytes.extend(mutants.bytes(attributes));
            if mutants.below(2) == 0 {
                mutants.mutate(&mut bytes);
            }
            datagram(&bytes);
        }
    }
}
