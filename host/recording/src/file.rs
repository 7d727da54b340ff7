//! The file: a head, then records, each with its length and a checksum.
//!
//! ```text
//!  STROWREC | version u16 | flags u16 | { length u32 | checksum u32 | record }…        numbers little-endian
//! ```
//! A record is a script or a call, in postcard's encoding. In: scripts and calls. Out: bytes that can be appended, and from
//! the bytes of a file a [`Recording`], or the first thing that is wrong. A last record that is cut off, as by a machine
//! that died, is left out and told of ([`Recording::torn`]).

use std::hash::Hasher;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::call::{Call, Script};

/// What every recording begins with.
const MAGIC: &[u8; 8] = b"STROWREC";
/// The format that this crate writes and reads.
pub const VERSION: u16 = 1;
/// Bytes before the first record.
pub const HEADER: usize = 12;
/// Bytes before each record.
const FRAME: usize = 8;
/// Largest record, bytes.
pub const MAX_RECORD: usize = 4 << 20;
/// Identities are as they were.
const CLEAR: u16 = 1;

#[derive(Serialize, Deserialize)]
enum Record {
    Script(Script),
    Call(Box<Call>),
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It begins with something else.
    #[error("this is no recording of calls")]
    Foreign,
    /// Another format.
    #[error("the recording has format {found}, this program reads format {VERSION}")]
    Version {
        /// The file's.
        found: u16,
    },
    /// The bytes are not those that were written.
    #[error("the recording is damaged at byte {at}")]
    Damaged {
        /// Where the record begins.
        at: usize,
    },
    /// A call of a script that is not there.
    #[error("the call at byte {at} is of a script that the recording does not have")]
    NoScript {
        /// Where the record begins.
        at: usize,
    },
}

/// Writes a recording.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording; `clear`: identities are as they were.
    ///
    /// # Errors
    /// What the writer says.
    pub fn begin(mut out: W, clear: bool) -> io::Result<Writer<W>> {
        let mut head = Vec::with_capacity(HEADER);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&if clear { CLEAR } else { 0 }.to_le_bytes());
        out.write_all(&head)?;
        Ok(Writer { out, written: HEADER as u64 })
    }

    /// A script, before its calls.
    ///
    /// # Errors
    /// What the writer says.
    pub fn script(&mut self, script: &Script) -> io::Result<()> {
        self.record(&Record::Script(script.clone())).map(drop)
    }

    /// A call. False: it is larger than [`MAX_RECORD`], and left out.
    ///
    /// # Errors
    /// What the writer says.
    pub fn call(&mut self, call: Call) -> io::Result<bool> {
        self.record(&Record::Call(Box::new(call)))
    }

    /// Bytes so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    fn record(&mut self, record: &Record) -> io::Result<bool> {
        // One write, so that a process that dies leaves whole records but for the last.
        let mut bytes = vec![0; FRAME];
        bytes.extend(postcard::to_allocvec(record).map_err(io::Error::other)?);
        let length = bytes.len() - FRAME;
        if length > MAX_RECORD {
            return Ok(false);
        }
        bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let sum = checksum(&bytes[FRAME..]);
        bytes[4..FRAME].copy_from_slice(&sum.to_le_bytes());
        self.out.write_all(&bytes)?;
        self.written += bytes.len() as u64;
        Ok(true)
    }
}

fn checksum(record: &[u8]) -> u32 {
    let mut hasher = SipHasher13::new();
    hasher.write(record);
    hasher.finish() as u32
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Identities are as they were.
    pub clear: bool,
    /// Scripts that were asked.
    pub scripts: Vec<Script>,
    /// Calls, in the order in which they ended.
    pub calls: Vec<Call>,
    /// The last record was cut off, and is not here.
    pub torn: bool,
}

impl Recording {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`ReadError`]: the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Recording, ReadError> {
        let Some((head, mut rest)) = bytes.split_at_checked(HEADER) else { return Err(ReadError::Foreign) };
        let Some(numbers) = head.strip_prefix(MAGIC) else { return Err(ReadError::Foreign) };
        let number = |at: usize| u16::from_le_bytes([numbers[at], numbers[at + 1]]);
        if number(0) != VERSION {
            return Err(ReadError::Version { found: number(0) });
        }
        let mut recording =
            Recording { clear: number(2) & CLEAR != 0, scripts: Vec::new(), calls: Vec::new(), torn: false };
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let Some((length, sum, behind)) = frame(rest) else {
                recording.torn = true;
                break;
            };
            if length > MAX_RECORD {
                return Err(ReadError::Damaged { at });
            }
            let Some((record, behind)) = behind.split_at_checked(length) else {
                recording.torn = true;
                break;
            };
            if checksum(record) != sum {
                return Err(ReadError::Damaged { at });
            }
            match postcard::from_bytes(record).map_err(|_| ReadError::Damaged { at })? {
                Record::Script(script) => recording.scripts.push(script),
                Record::Call(call) if (call.script as usize) < recording.scripts.len() => {
                    recording.calls.push(*call);
                }
                Record::Call(_) => return Err(ReadError::NoScript { at }),
            }
            rest = behind;
        }
        Ok(recording)
    }
}

/// Length and checksum of a record, and what is behind them.
fn frame(bytes: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*length) as usize, u32::from_le_bytes(*sum), rest))
}

#[cfg(test)]
#[path = "file/tests.rs"]
mod tests;
