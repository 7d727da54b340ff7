//! Reads a recording record by record, so that a long one needs no memory for all of it at once.
//!
//! In: whatever gives its bytes, from the first one on. Out: calls, one after the other, and the scripts so far; or the first
//! thing that is wrong. A last record that is cut off ends the calls as the end of the file does: a recording can be read
//! while it is written. How the bytes lie is `file.rs`'s.

use std::io::{self, Read};

use crate::call::{Call, Script};
use crate::file::{CLEAR, FRAME, HEADER, MAGIC, MAX_RECORD, Record, VERSION, checksum};

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
        at: u64,
    },
    /// A call of a script that is not there.
    #[error("the call at byte {at} is of a script that the recording does not have")]
    NoScript {
        /// Where the record begins.
        at: u64,
    },
    /// The system gives no more of it.
    #[error("the recording cannot be read beyond byte {at}: {kind}")]
    Input {
        /// Where the record begins.
        at: u64,
        /// What the system said.
        kind: io::ErrorKind,
    },
}

/// A recording that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    clear: bool,
    scripts: Vec<Script>,
    /// Where the next record begins.
    at: u64,
    torn: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// [`ReadError`]: it is none of ours.
    pub fn begin(input: R) -> Result<Reader<R>, ReadError> {
        let mut reader = Reader { input, clear: false, scripts: Vec::new(), at: 0, torn: false };
        let mut head = [0; HEADER];
        if reader.fill(&mut head)? < HEADER || !head.starts_with(MAGIC) {
            return Err(ReadError::Foreign);
        }
        let number = |at: usize| u16::from_le_bytes([head[MAGIC.len() + at], head[MAGIC.len() + at + 1]]);
        if number(0) != VERSION {
            return Err(ReadError::Version { found: number(0) });
        }
        reader.clear = number(2) & CLEAR != 0;
        reader.at = HEADER as u64;
        Ok(reader)
    }

    /// The next call; `None`: there are no more.
    ///
    /// # Errors
    /// [`ReadError`]: the first thing that is wrong. What comes behind it is not looked at.
    pub fn call(&mut self) -> Result<Option<Call>, ReadError> {
        while let Some((at, record)) = self.record()? {
            match postcard::from_bytes(&record).map_err(|_| ReadError::Damaged { at })? {
                Record::Script(script) => self.scripts.push(script),
                Record::Call(call) if (call.script as usize) < self.scripts.len() => return Ok(Some(*call)),
                Record::Call(_) => return Err(ReadError::NoScript { at }),
            }
        }
        Ok(None)
    }

    /// The next record with its place; `None`: there are no more.
    fn record(&mut self) -> Result<Option<(u64, Vec<u8>)>, ReadError> {
        let at = self.at;
        let mut frame = [0; FRAME];
        let begun = self.fill(&mut frame)?;
        if begun < FRAME {
            self.torn |= begun > 0;
            return Ok(None);
        }
        let number = |at: usize| u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        let length = number(0) as usize;
        if length > MAX_RECORD {
            return Err(ReadError::Damaged { at });
        }
        let mut record = vec![0; length];
        if self.fill(&mut record)? < length {
            self.torn = true;
            return Ok(None);
        }
        if checksum(&record) != number(4) {
            return Err(ReadError::Damaged { at });
        }
        self.at += (FRAME + length) as u64;
        Ok(Some((at, record)))
    }

    /// Reads into all of a buffer, or as far as there is something. How many bytes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Input { at: self.at, kind: error.kind() }),
            }
        }
        Ok(filled)
    }
}

impl<R> Reader<R> {
    /// Whether identities are as they were.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.clear
    }

    /// Scripts that were asked in what has been read.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// The same, where nothing more is read.
    #[must_use]
    pub fn into_scripts(self) -> Vec<Script> {
        self.scripts
    }

    /// Whether the last record was cut off, and is left out. Known when there are no more calls.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.torn
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::file::tests::{call, file};

    /// One byte at a time, and then an error.
    struct Slow(Cursor<Vec<u8>>, Option<io::ErrorKind>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            match (self.0.read(&mut buffer[..most])?, self.1) {
                (0, Some(kind)) => Err(kind.into()),
                (read, _) => Ok(read),
            }
        }
    }

    #[test]
    fn calls_come_one_by_one_however_slowly_the_bytes_do() {
        let bytes = file(&[call("a"), call("b")]);
        let mut reader = Reader::begin(Slow(Cursor::new(bytes), None)).unwrap();
        assert!(reader.scripts().is_empty(), "nothing has been read yet");
        assert_eq!(reader.call(), Ok(Some(call("a"))));
        assert_eq!(reader.scripts().len(), 1);
        assert_eq!(reader.call(), Ok(Some(call("b"))));
        assert_eq!((reader.call(), reader.is_torn()), (Ok(None), false));
    }

    #[test]
    fn what_the_system_does_not_give_is_told_with_its_place() {
        let bytes = file(&[call("a")]);
        let length = bytes.len() as u64;
        let mut reader = Reader::begin(Slow(Cursor::new(bytes), Some(io::ErrorKind::TimedOut))).unwrap();
        assert_eq!(reader.call(), Ok(Some(call("a"))));
        assert_eq!(reader.call(), Err(ReadError::Input { at: length, kind: io::ErrorKind::TimedOut }));
    }
}
