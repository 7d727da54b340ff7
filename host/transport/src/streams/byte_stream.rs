//! SIP over a stream of bytes: TCP and TLS (RFC 3261 §18.3, RFC 5626 §4.4.1).
//!
//! ```text
//!            ┌─ reader ─▶ frame ─▶ Session::receive
//!  task ─────┤              └▶ CRLF CRLF ─▶ outbox
//!            └─ writer ◀─ outbox
//!  peer closes its side: the reader ends, the writer goes on until all is answered, at most for `half_closed`
//!  what cannot be framed: the reader ends, the writer goes on in the same way, for what came before and for a last 400
//! ```
//! In: two halves of an established stream. Out: framed messages; ends with the connection. Reader and writer run
//! in one task, so that a peer that does not read cannot keep us from reading.
//! Not here: what makes the stream (`listen`, `connect`).

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use sip::Frame;
use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::CloseReason;
use super::outbox::{Next, Outgoing};
use super::session::{FAREWELL, Session, WRITE_BATCH};

/// Bytes that a read takes at a time, and that an idle connection's buffer keeps.
const READ_SIZE: usize = 4096;

/// Serves the connection until it ends.
pub(super) async fn serve<R, W>(reader: R, mut writer: W, session: Session)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut batch = VecDeque::new();
    let why = {
        let reading = read_messages(reader, &session);
        let writing = write_messages(&mut writer, &session, &mut batch);
        tokio::pin!(reading, writing);
        let first = tokio::select! {
            why = &mut reading => Ended::Reading(why),
            why = &mut writing => Ended::Writing(why),
        };
        match first {
            Ended::Reading(why) => {
                session.closed_for_reading(why);
                match why {
                    // who waits for an answer may have closed its side only
                    CloseReason::Peer if session.half_close() => {
                        let _ = timeout(session.context.limits.half_closed, writing).await;
                    }
                    CloseReason::Malformed(_) | CloseReason::TooLarge => {
                        // what came before may be good, and its answer under way
                        let patience = if session.half_close() {
                            session.context.limits.half_closed
                        } else {
                            session.connection().outbox.finish();
                            FAREWELL
                        };
                        let _ = timeout(patience, writing).await;
                    }
                    _ => {}
                }
                why
            }
            Ended::Writing(why) => {
                session.closed_for_reading(why);
                why
            }
        }
    };
    let _ = timeout(FAREWELL, writer.shutdown()).await;
    session.end(why, batch);
}

enum Ended {
    Reading(CloseReason),
    Writing(CloseReason),
}

/// Reads until the connection ends, and says why.
async fn read_messages(mut reader: impl AsyncRead + Unpin, session: &Session) -> CloseReason {
    let limits = session.context.limits;
    let mut buffer = BytesMut::with_capacity(READ_SIZE);
    let mut framer = Framer::default();
    // from when on the peer owes the rest of something
    let mut owed = session.accepted.then(Instant::now);
    let alarm = tokio::time::sleep_until(session.idle_deadline().into());
    tokio::pin!(alarm);
    loop {
        let deadline = owed.map_or_else(|| session.idle_deadline(), |since| since + limits.message);
        // armed late on purpose: activity moves the deadline without touching the timer
        if deadline < alarm.deadline().into_std() {
            alarm.as_mut().reset(deadline.into());
        }
        if buffer.capacity() - buffer.len() < READ_SIZE / 4 {
            buffer.reserve(READ_SIZE);
        }
        tokio::select! {
            biased;
            read = reader.read_buf(&mut buffer) => match read {
                Ok(0) if buffer.is_empty() => return CloseReason::Peer,
                Ok(0) => return CloseReason::Io(io::ErrorKind::UnexpectedEof),
                Ok(_) => session.connection().touch(),
                Err(error) => return CloseReason::Io(error.kind()),
            },
            () = &mut alarm => {
                // what was written meanwhile counts as activity too
                let deadline = owed.map_or_else(|| session.idle_deadline(), |since| since + limits.message);
                if deadline <= Instant::now() {
                    return if owed.is_some() { CloseReason::SlowMessage } else { CloseReason::Idle };
                }
                alarm.as_mut().reset(deadline.into());
                continue;
            }
        }
        match take_all(&mut framer, &mut buffer, session) {
            Ok(true) => owed = None,
            Ok(false) => {}
            Err(why) => {
                if let Some(error) = refusal(why, limits.max_message) {
                    session.refuse(&buffer, error);
                }
                return why;
            }
        }
        if !buffer.is_empty() {
            owed = owed.or_else(|| Some(Instant::now()));
        } else if buffer.capacity() > READ_SIZE * 2 {
            buffer = BytesMut::with_capacity(READ_SIZE);
        }
    }
}

/// Hands over every message that is complete; tells whether a message or keepalive was.
fn take_all(framer: &mut Framer, buffer: &mut BytesMut, session: &Session) -> Result<bool, CloseReason> {
    let mut complete = false;
    while let Some(framed) = framer.next(buffer, session.context.limits.max_message)? {
        match framed {
            Framed::Message(bytes) => session.receive(bytes),
            Framed::Ping => session.answer_keepalive(),
            Framed::Nothing => continue,
        }
        complete = true;
    }
    Ok(complete)
}

/// What a peer is told whose bytes cannot be framed.
fn refusal(why: CloseReason, max_message: usize) -> Option<sip::ParseError> {
    match why {
        CloseReason::Malformed(error) => Some(error),
        CloseReason::TooLarge => {
            Some(sip::ParseError::TooLarge { offset: 0, what: "bytes of a message", limit: max_message })
        }
        _ => None,
    }
}

/// What the framer took from the buffer.
pub(crate) enum Framed {
    Message(Vec<u8>),
    /// A double CRLF, which is to be answered.
    Ping,
    /// A single CRLF: the answer to a ping of ours, or half of one of theirs.
    Nothing,
}

/// Cuts messages from a buffer, remembering what spares looking at the same bytes again.
#[derive(Default)]
pub(crate) struct Framer {
    /// Bytes without which nothing more can be found.
    needed: usize,
    /// Whether a lone CRLF was the last that was taken.
    half_ping: bool,
}

impl Framer {
    pub(crate) fn next(
        &mut self,
        buffer: &mut BytesMut,
        max_message: usize,
    ) -> Result<Option<Framed>, CloseReason> {
        if buffer.is_empty() || buffer.len() < self.needed {
            return Ok(None);
        }
        self.needed = 0;
        match sip::frame(buffer).map_err(CloseReason::Malformed)? {
            Frame::Message { length } if length > max_message => Err(CloseReason::TooLarge),
            Frame::Message { length } => {
                self.half_ping = false;
                Ok(Some(Framed::Message(buffer.split_to(length).to_vec())))
            }
            Frame::Keepalive { consumed, ping } => {
                buffer.advance(consumed.min(buffer.len()));
                // the two halves of a ping may come in two segments; a half stays one when a whole ping comes behind it
                let whole = ping || self.half_ping;
                self.half_ping ^= !ping;
                Ok(Some(if whole { Framed::Ping } else { Framed::Nothing }))
            }
            Frame::Partial { need_at_least } => {
                if need_at_least > max_message || buffer.len() > max_message {
                    return Err(CloseReason::TooLarge);
                }
                self.needed = need_at_least;
                Ok(None)
            }
        }
    }
}

/// Writes until the outbox is finished or the peer is gone, and says why. What was taken and not written stays in
/// `batch`.
async fn write_messages(
    writer: &mut (impl AsyncWrite + Unpin),
    session: &Session,
    batch: &mut VecDeque<Outgoing>,
) -> CloseReason {
    let outbox = &session.connection().outbox;
    loop {
        if outbox.next(batch, WRITE_BATCH).await == Next::Finish {
            return CloseReason::Local;
        }
        match timeout(session.context.limits.write, write_batch(writer, session, batch)).await {
            Ok(Ok(())) if session.is_over() => return CloseReason::Peer,
            Ok(Ok(())) => {}
            Ok(Err(error)) => return CloseReason::Io(error.kind()),
            Err(_) => return CloseReason::SlowPeer,
        }
    }
}

/// Writes all of `batch`, several messages to a system call; what is written leaves it.
async fn write_batch(
    writer: &mut (impl AsyncWrite + Unpin),
    session: &Session,
    batch: &mut VecDeque<Outgoing>,
) -> io::Result<()> {
    let mut written_of_first = 0;
    while !batch.is_empty() {
        let mut count = {
            let slices: SmallVec<[IoSlice<'_>; WRITE_BATCH]> = batch
                .iter()
                .enumerate()
                .map(|(index, one)| IoSlice::new(&one.bytes[if index == 0 { written_of_first } else { 0 }..]))
                .collect();
            writer.write_vectored(&slices).await?
        };
        if count == 0 && batch.iter().any(|one| !one.bytes.is_empty()) {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while let Some(first) = batch.front() {
            let left = first.bytes.len() - written_of_first;
            if count < left {
                written_of_first += count;
                break;
            }
            count -= left;
            written_of_first = 0;
            if let Some(first) = batch.pop_front() {
                session.wrote(&first);
            }
        }
    }
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pings(segments: &[&[u8]]) -> usize {
        let (mut framer, mut buffer) = (Framer::default(), BytesMut::new());
        let mut pings = 0;
        for segment in segments {
            buffer.extend_from_slice(segment);
            while let Ok(Some(framed)) = framer.next(&mut buffer, 1000) {
                pings += usize::from(matches!(framed, Framed::Ping));
            }
        }
        pings
    }

    #[test]
    fn pings_are_counted_however_they_are_cut() {
        assert_eq!(pings(&[b"\r\n\r\n\r\n\r\n"]), 2);
        for cut in 1..8 {
            let (one, two) = b"\r\n\r\n\r\n\r\n".split_at(cut);
            assert_eq!(pings(&[one, two]), 2, "after {cut} bytes");
        }
        assert_eq!(pings(&[b"\r\n", b"\r\n\r\n", b"\r\n"]), 2);
        assert_eq!(pings(&[b"\r\n"]), 0);
    }
}
