//! The file: a head, then records, each with its length and a checksum.
//!
//! ```text
//!  STROWREC | version u16 | flags u16 | { length u32 | checksum u32 | record }…        numbers little-endian
//! ```
//! A record is a script or a call, in postcard's encoding. In: scripts and calls. Out: bytes that can be appended, and from
//! the bytes of a file a [`Recording`], or the first thing that is wrong (`reader.rs`). A last record that is cut off, as by
//! a machine that died, is left out and told of ([`Recording::torn`]).

use std::hash::Hasher;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::call::{Call, Script};
use crate::reader::{ReadError, Reader};

/// What every recording begins with.
pub(crate) const MAGIC: &[u8; 8] = b"STROWREC";
/// The format that this crate writes and reads.
pub const VERSION: u16 = 1;
/// Bytes before the first record.
pub const HEADER: usize = 12;
/// Bytes before each record.
pub(crate) const FRAME: usize = 8;
/// Largest record, bytes.
pub const MAX_RECORD: usize = 4 << 20;
/// Identities are as they were.
pub(crate) const CLEAR: u16 = 1;

#[derive(Serialize, Deserialize)]
pub(crate) enum Record {
    Script(Script),
    Call(Box<Call>),
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

pub(crate) fn checksum(record: &[u8]) -> u32 {
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
        let mut reader = Reader::begin(bytes)?;
        let mut calls = Vec::new();
        while let Some(call) = reader.call()? {
            calls.push(call);
        }
        let (clear, torn) = (reader.is_clear(), reader.is_torn());
        Ok(Recording { clear, scripts: reader.into_scripts(), calls, torn })
    }
}

#[cfg(test)]
#[path = "file/tests.rs"]
pub(crate) mod tests;
