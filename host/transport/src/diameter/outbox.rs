//! What waits to be written on one connection, and whose turn it is to write it.
//!
//! ```text
//!            push: the pusher writes                     hold: the connection's task is at work on what it has read,
//!   Free ──────────────────────────▶ Writing             and writes what came up meanwhile when it is done (release)
//!    ▲        nothing is left           │
//!    └──────────────────────────────────┤ the socket takes no more, or one round was not enough
//!    ▲        the task has written      ▼
//!    └────────────────────────────── Parked              push in a burst: the task is woken;
//!                                                        TLS is always parked: its task alone can write
//! ```
//! In: whole messages from any thread. Out: bytes on the socket, in order. A message that comes alone is written by the
//! thread that has it, with no other one woken; the more come at once, the more of them share a write. Measured with
//! `examples/diameter_rate.rs`: everything by the task costs a waking more for each lone request, everything by the
//! pushers a system call more for each of a burst, and this neither. Bounded in bytes. Not here: reading, and what it
//! means that a connection ends.

use std::io;
use std::sync::OnceLock;

use parking_lot::Mutex;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::wire::Wire;

/// Times that a thread writes in a row, before it leaves what others added meanwhile to the connection's task.
const ROUNDS: usize = 2;

/// Messages that are written by those who push them before something is read again. More at once are a burst, and the
/// task that is woken for it writes many with one call; fewer are not worth the waking.
const MAX_EAGER: u32 = 2;

/// Bytes of a buffer that are kept for the next messages; a burst's are given back.
const KEPT_CAPACITY: usize = 64 * 1024;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Free,
    Writing,
    Parked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// What is queued is still written.
    Finishing,
    /// Nothing is.
    Aborted,
    /// The socket broke.
    Broken(io::ErrorKind),
}

#[derive(Debug)]
struct State {
    queue: Vec<u8>,
    /// The buffer that is not in use.
    spare: Vec<u8>,
    /// Bytes that who writes has taken.
    in_hand: usize,
    turn: Turn,
    is_held: bool,
    /// Writes of pushers since something was last read.
    eager: u32,
    phase: Phase,
}

/// The bytes of one connection.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// Where TCP has no TLS in it.
    wire: OnceLock<Wire>,
    /// For the connection's task.
    wake: Notify,
    most: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Somebody else writes it.
    Left,
    /// Who pushed it has to call [`Outbox::write`].
    Write,
    /// The connection takes nothing any more.
    Closed,
    /// There is no room: the peer takes less than it is sent.
    Full,
}

/// Why the connection's task has nothing more to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All is written that was to be.
    All,
    /// What is left is not wanted.
    Aborted,
    /// The socket broke.
    Broken(io::ErrorKind),
}

impl Outbox {
    /// Takes at most `most` bytes that are not written, and one message however long.
    pub(super) fn new(most: usize) -> Outbox {
        let state = State {
            queue: Vec::new(),
            spare: Vec::new(),
            in_hand: 0,
            turn: Turn::Parked,
            is_held: false,
            eager: 0,
            phase: Phase::Open,
        };
        Outbox { state: Mutex::new(state), wire: OnceLock::new(), wake: Notify::new(), most }
    }

    /// From now on whoever pushes may write.
    pub(super) fn open(&self, wire: Wire) {
        if self.wire.set(wire).is_ok() {
            self.state.lock().turn = Turn::Free;
        }
    }

    /// The socket, where it is open to all.
    pub(super) fn wire(&self) -> Option<&Wire> {
        self.wire.get()
    }

    /// Queues one message.
    pub(super) fn push(&self, bytes: &[u8]) -> Pushed {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return Pushed::Closed;
        }
        let waiting = state.queue.len() + state.in_hand;
        if waiting > 0 && waiting + bytes.len() > self.most {
            return Pushed::Full;
        }
        let was_empty = state.queue.is_empty();
        state.queue.extend_from_slice(bytes);
        match state.turn {
            _ if state.is_held => Pushed::Left,
            Turn::Free if state.eager < MAX_EAGER || self.is_unwatched() => {
                state.turn = Turn::Writing;
                state.eager += 1;
                Pushed::Write
            }
            Turn::Free => {
                state.turn = Turn::Parked;
                self.wake.notify_one();
                Pushed::Left
            }
            Turn::Writing => Pushed::Left,
            Turn::Parked => {
                if was_empty {
                    self.wake.notify_one();
                }
                Pushed::Left
            }
        }
    }

    /// Whether the connection's task has nothing to do with its bytes, unless the socket is full. Its reader comes by when
    /// it will: that nothing is read for a while is no sign of a burst.
    fn is_unwatched(&self) -> bool {
        matches!(self.wire.get(), Some(Wire::Unwatched(_)))
    }

    /// Writes what there is, without waiting. For who was told to.
    pub(super) fn write(&self) {
        let mut taken = Vec::new();
        for round in 0..=ROUNDS {
            {
                let mut state = self.state.lock();
                state.in_hand = 0;
                if taken.capacity() <= KEPT_CAPACITY && taken.capacity() > state.spare.capacity() {
                    state.spare = taken;
                    state.spare.clear();
                }
                if state.queue.is_empty() || state.phase == Phase::Aborted {
                    state.turn = Turn::Free;
                    if state.phase != Phase::Open {
                        self.wake.notify_one();
                    }
                    return;
                }
                if round == ROUNDS {
                    break;
                }
                let spare = std::mem::take(&mut state.spare);
                taken = std::mem::replace(&mut state.queue, spare);
                state.in_hand = taken.len();
            }
            match self.write_now(&taken) {
                Ok(written) if written == taken.len() => {}
                Ok(written) => {
                    // the socket is full: the rest goes first, once it has room
                    let mut state = self.state.lock();
                    taken.drain(..written);
                    taken.extend_from_slice(&state.queue);
                    (state.queue, state.in_hand) = (taken, 0);
                    break;
                }
                Err(error) => {
                    let mut state = self.state.lock();
                    state.phase = Phase::Broken(error.kind());
                    (state.queue, state.in_hand) = (Vec::new(), 0);
                    break;
                }
            }
        }
        self.state.lock().turn = Turn::Parked;
        self.wake.notify_one();
    }

    /// As much as the socket takes.
    fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(wire) = self.wire.get() else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match wire.try_write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Until [`Outbox::release`], what is pushed is only added.
    pub(super) fn hold(&self) {
        self.state.lock().is_held = true;
    }

    /// Writes what was added meanwhile.
    pub(super) fn release(&self) {
        let mut state = self.state.lock();
        (state.is_held, state.eager) = (false, 0);
        if state.queue.is_empty() {
            return;
        }
        match state.turn {
            Turn::Free => {
                state.turn = Turn::Writing;
                drop(state);
                self.write();
            }
            Turn::Writing => {}
            Turn::Parked => self.wake.notify_one(),
        }
    }

    /// Takes no more; what is queued is still written.
    pub(super) fn finish(&self) {
        self.end(Phase::Finishing);
    }

    /// Takes no more and writes no more.
    pub(super) fn abort(&self) {
        self.end(Phase::Aborted);
    }

    fn end(&self, phase: Phase) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Open | Phase::Finishing) {
            state.phase = phase;
        }
        if phase == Phase::Aborted {
            state.queue = Vec::new();
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Ends when nothing is taken any more. For the one task, while there is no connection.
    pub(super) async fn closed(&self) {
        while self.state.lock().phase == Phase::Open {
            self.wake.notified().await;
        }
    }

    /// Whether the end has come.
    fn ended(state: &State) -> Option<Written> {
        match state.phase {
            Phase::Open => None,
            Phase::Finishing => (state.queue.is_empty() && state.in_hand == 0).then_some(Written::All),
            Phase::Aborted => Some(Written::Aborted),
            Phase::Broken(kind) => Some(Written::Broken(kind)),
        }
    }

    /// Writes what others could not, until the end. For the one task of a connection without TLS.
    pub(super) async fn write_out(&self) -> Written {
        loop {
            let turn = {
                let state = self.state.lock();
                if let Some(ended) = Outbox::ended(&state) {
                    return ended;
                }
                state.turn
            };
            match self.wire.get() {
                Some(wire) if turn == Turn::Parked => {
                    tokio::select! {
                        ready = wire.writable() => if let Err(error) = ready {
                            return Written::Broken(error.kind());
                        },
                        () = self.aborted() => return Written::Aborted,
                    }
                    // nobody else leaves this turn
                    self.state.lock().turn = Turn::Writing;
                    self.write();
                }
                _ => self.wake.notified().await,
            }
        }
    }

    /// Writes everything, until the end. For the one task of a connection with TLS.
    pub(super) async fn write_to(&self, writer: &mut (impl AsyncWrite + Unpin)) -> Written {
        let mut taken = Vec::new();
        loop {
            {
                let mut state = self.state.lock();
                state.in_hand = 0;
                if let Some(ended) = Outbox::ended(&state) {
                    return ended;
                }
                if taken.capacity() > KEPT_CAPACITY {
                    taken = Vec::new();
                }
                taken.clear();
                std::mem::swap(&mut taken, &mut state.queue);
                state.in_hand = taken.len();
            }
            if taken.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let written = async {
                writer.write_all(&taken).await?;
                writer.flush().await
            };
            tokio::select! {
                written = written => if let Err(error) = written {
                    return Written::Broken(error.kind());
                },
                () = self.aborted() => return Written::Aborted,
            }
        }
    }

    /// Ends when [`Outbox::abort`] was called.
    async fn aborted(&self) {
        while self.state.lock().phase != Phase::Aborted {
            self.wake.notified().await;
        }
    }

    /// Bytes that wait.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        let state = self.state.lock();
        state.queue.len() + state.in_hand
    }
}

#[cfg(test)]
mod tests;
