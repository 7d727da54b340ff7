//! What a dialog is called, where it can be, and what is said about it: RFC 3261 §12.
//!
//! Plain values, in and out of the table in `dialogs.rs`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::variables::Variables;
use crate::versions::Holder;

/// How long other early dialogs of an INVITE are kept after its first 2xx: 64 × T1 (§13.2.2.4).
pub const LATE_2XX: Duration = Duration::from_secs(32);

/// What [`Limits::default`] gives an early dialog after its last response: longer than Timer C.
pub const DEFAULT_EARLY: Duration = Duration::from_secs(240);

/// What [`Limits::default`] gives a dialog without session timer after its last message.
pub const DEFAULT_SILENCE: Duration = Duration::from_secs(24 * 3600);

/// Bounds of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most dialogs at a time, early ones included.
    pub dialogs: usize,
    /// How long an early dialog is kept after its last message.
    pub early: Duration,
    /// How long a confirmed dialog without session timer is kept after its last message.
    pub silence: Duration,
}

impl Default for Limits {
    /// 100,000 dialogs, [`DEFAULT_EARLY`], [`DEFAULT_SILENCE`].
    fn default() -> Self {
        Self { dialogs: 100_000, early: DEFAULT_EARLY, silence: DEFAULT_SILENCE }
    }
}

/// Names a dialog of one table; never names another one after it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DialogId {
    pub(crate) slot: u32,
    pub(crate) generation: NonZeroU32,
}

impl DialogId {
    /// The id as a number, never 0.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.slot as u64
    }

    /// The id that [`DialogId::to_u64`] gave; `None` for a number that it never gives.
    #[must_use]
    pub fn from_u64(bits: u64) -> Option<Self> {
        Some(Self { slot: bits as u32, generation: NonZeroU32::new((bits >> 32) as u32)? })
    }
}

/// Where a dialog is (§12). One that is over is no longer in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// A provisional response made it.
    Early,
    /// A 2xx made or confirmed it.
    Confirmed,
}

/// Why a dialog is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// A BYE was answered with 2xx, or with 408 or 481, or not at all (§15.1.1).
    Bye,
    /// Its INVITE failed (§12.3).
    Rejected,
    /// Its session timer ran out (RFC 4028 §8.3), or nothing was heard of it for too long.
    Timeout,
    /// The network has ended it (TS 24.229 §5.4.5.1).
    Released,
}

/// A dialog that is over.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which one it was.
    pub id: DialogId,
    /// Its Call-ID.
    pub call_id: Box<[u8]>,
    /// Where it was.
    pub state: State,
    /// The plugin version it was pinned to.
    pub version: u32,
    /// What keeps that version alive, where anything does.
    pub holder: Option<Holder>,
    /// What scripts kept in it.
    pub variables: Option<Box<Variables>>,
    /// Why it is over.
    pub why: Why,
}

impl std::fmt::Debug for Ended {
    /// Without the Call-ID, which may name a host.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, state, version, why, .. } = self;
        write!(f, "Ended {{ {id:?}, {state:?}, version {version}, {why:?} }}")
    }
}

/// What a response did to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it belongs to no dialog, and makes none.
    None,
    /// It made this dialog, early or confirmed. Give it its variables now.
    Created(DialogId),
    /// It confirmed this early dialog.
    Confirmed(DialogId),
    /// It belongs to this dialog and changed no more than its deadline.
    Known(DialogId),
    /// This dialog, or these early dialogs, are over: see [`Dialogs::poll_output`](crate::Dialogs::poll_output).
    Over,
    /// It would have made a dialog, but [`Limits::dialogs`] are there; this one goes untracked.
    Full,
}

/// How many there are, and have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Early dialogs now.
    pub early: usize,
    /// Confirmed dialogs now.
    pub confirmed: usize,
    /// Dialogs made since the start.
    pub created: u64,
    /// Dialogs that were not tracked since the start, for want of room.
    pub refused: u64,
}
