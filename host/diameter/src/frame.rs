//! Cutting a byte stream into messages: RFC 6733 §2.1 over TCP, by the length in the header (§3).
//!
//! ```text
//!   push(bytes) -> [buffer] -> next() -> a whole message, more is needed, or the stream cannot go on
//! ```
//! In: bytes in pieces of any length. Out: whole messages, not yet parsed. Sockets do not belong here. Between two
//! pushes the buffer holds less than one message of the bound; announced bytes are not reserved before they come.

use bytes::{Buf, Bytes, BytesMut};

use crate::bounds::{HEADER_LENGTH, MAX_LENGTH};

/// A stream whose next message cannot be found: the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length that does not cover the header.
    #[error("a message of {length} bytes")]
    TooShort {
        /// What the header says.
        length: usize,
    },
    /// More than we take.
    #[error("a message of {length} bytes, and at most {most} are taken")]
    TooLong {
        /// What the header says.
        length: usize,
        /// The bound.
        most: usize,
    },
}

/// What a stream is cut with.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    most: usize,
    failed: Option<FrameError>,
}

impl Framer {
    /// Takes messages of at most `most` bytes; a bound below a header or above 24 bits is moved there.
    pub fn new(most: usize) -> Framer {
        Framer { buffer: BytesMut::new(), most: most.clamp(HEADER_LENGTH, MAX_LENGTH), failed: None }
    }

    /// Takes bytes in. Call [`Framer::next`] until it has no more, before the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next whole message, header and all. `None`: more bytes are needed. An error stays.
    #[expect(clippy::should_implement_trait, reason = "an iterator would end at the first pause")]
    pub fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(&[_, l0, l1, l2]) = self.buffer.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        // The version is not looked at: the answer to another one (5011) needs its length just as well.
        let error = match length {
            ..HEADER_LENGTH => FrameError::TooShort { length },
            _ if length > self.most => FrameError::TooLong { length, most: self.most },
            _ if length > self.buffer.len() => return Ok(None),
            _ => return Ok(Some(self.buffer.split_to(length).freeze())),
        };
        self.failed = Some(error);
        self.buffer.advance(self.buffer.len());
        Err(error)
    }

    /// Bytes that wait for the rest of their message.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u8) -> Vec<u8> {
        let mut bytes = vec![0x55; length as usize];
        bytes[..4].copy_from_slice(&[1, 0, 0, length]);
        bytes
    }

    #[test]
    fn messages_in_pieces_of_any_length() {
        let stream = [message(20), message(48), message(20), message(52)].concat();
        for piece in 1..=stream.len() {
            let mut framer = Framer::new(64);
            let mut lengths = Vec::new();
            for bytes in stream.chunks(piece) {
                framer.push(bytes);
                while let Some(message) = framer.next().unwrap() {
                    lengths.push(message.len());
                }
                assert!(framer.waiting() < 64);
            }
            assert_eq!((lengths, framer.waiting()), (vec![20, 48, 20, 52], 0), "pieces of {piece}");
        }
    }

    #[test]
    fn a_stream_that_cannot_go_on_does_not() {
        let mut framer = Framer::new(64);
        framer.push(&[&message(20)[..], &message(68)[..]].concat());
        assert!(framer.next().unwrap().is_some());
        let error = FrameError::TooLong { length: 68, most: 64 };
        assert_eq!(framer.next(), Err(error));
        framer.push(&message(20));
        assert_eq!((framer.next(), framer.waiting()), (Err(error), 0));

        let mut framer = Framer::new(64);
        framer.push(&[1, 0, 0, 19]);
        assert_eq!(framer.next(), Err(FrameError::TooShort { length: 19 }), "four bytes are enough to know");
    }

    #[test]
    fn an_odd_length_and_another_version_are_cut_all_the_same() {
        let mut framer = Framer::new(64);
        let mut other = message(20);
        other[0] = 9;
        framer.push(&[&message(21)[..], &other[..]].concat());
        assert_eq!(framer.next().unwrap().unwrap().len(), 21);
        assert_eq!(framer.next().unwrap().unwrap()[0], 9);
    }
}
