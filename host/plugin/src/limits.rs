//! Every bound on what a script may use or say, with its name.
//!
//! In: nothing. Out: [`Limits`] (what an operator may set) and the constants of the contract (what `wit/` promises).
//! What happens when a bound is reached is decided where it is reached.

use std::time::Duration;

/// What an operator may set for all plugins of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one guest, bytes. `memory.grow` beyond it fails inside the guest. Default 16 MiB.
    pub memory: usize,
    /// Time one hook may run, counted while the guest has the thread. Default 50 ms.
    pub deadline: Duration,
    /// The same for `init`. Default 1 s.
    pub init_deadline: Duration,
    /// Guests of one plugin that may exist at once; more is [`node::ConsultError::Busy`]. Default 256.
    pub guests: u32,
    /// Guests of one plugin that are kept warm between calls. Default 32.
    pub idle_guests: u32,
    /// Calls after which a guest is replaced by a fresh one. Default 10,000.
    pub calls_per_guest: u32,
    /// Bytes a guest may hand to the host in one call, all arguments and results together. Default 1 MiB.
    pub hostcall_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 16 << 20,
            deadline: Duration::from_millis(50),
            init_deadline: Duration::from_secs(1),
            guests: 256,
            idle_guests: 32,
            calls_per_guest: 10_000,
            hostcall_bytes: 1 << 20,
        }
    }
}

/// A plugin file, bytes.
pub(crate) const MAX_FILE: usize = 64 << 20;
/// Elements of one table of a guest.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Bytes of one log line; longer ones are cut.
pub(crate) const MAX_LOG_LINE: usize = 1_024;
/// Log lines of one call; further ones are counted only.
pub(crate) const MAX_LOG_LINES: u32 = 64;
/// Log lines of all calls of a version in one second; further ones are counted only.
pub(crate) const MAX_LOG_LINES_A_SECOND: u32 = 200;
/// Bytes of one request for random bytes.
pub(crate) const MAX_RANDOM: u32 = 256;
/// Variables of a transaction, and of a dialog.
pub(crate) const MAX_VARIABLES: usize = 32;
/// Name and value of a variable together, bytes.
pub(crate) const MAX_VARIABLE: usize = 4 << 10;
/// Bytes of a dialog variable's name, where a version that adopts the dialog sets it.
pub(crate) const MAX_VARIABLE_NAME: usize = 64;
/// Provisional answers of one call.
pub(crate) const MAX_PROVISIONALS: usize = 8;
/// Requests of its own that one call may send.
pub(crate) const MAX_SENDS: usize = 32;
/// Bytes that a script may seal at once.
pub(crate) const MAX_SEALED: usize = 2_048;
/// Bytes of a token that a script brings back.
pub(crate) const MAX_SEALED_TOKEN: usize = 3_072;
/// Shortest and longest delay of a script's timer, ms.
pub(crate) const TIMER_DELAYS: std::ops::RangeInclusive<u32> = 10..=86_400_000;
/// Bytes of a timer's token.
pub(crate) const MAX_TOKEN: usize = 256;
/// Bytes of an address-of-record that a script names.
pub(crate) const MAX_ADDRESS_OF_RECORD: usize = 1_024;
/// Bytes of a realm.
pub(crate) const MAX_REALM: usize = 256;
/// Bytes of a key of the key-value table.
pub(crate) const MAX_KEY: usize = 256;
/// Bytes of a value of the key-value table.
pub(crate) const MAX_VALUE: usize = 64 << 10;

/// Edits of one decision.
pub(crate) const MAX_EDITS: usize = 256;
/// Targets of one relay, its locations already looked up.
pub(crate) const MAX_TARGETS: usize = 64;
/// Route values of one target.
pub(crate) const MAX_ROUTES: usize = 16;
/// Bytes of a URI, or of a Route value.
pub(crate) const MAX_URI: usize = 4 << 10;
/// Bytes of one header field value.
pub(crate) const MAX_HEADER_VALUE: usize = 16 << 10;
/// Bytes of one header field name.
pub(crate) const MAX_HEADER_NAME: usize = 128;
/// Bytes of a reason phrase.
pub(crate) const MAX_REASON: usize = 256;
/// Bytes of a body.
pub(crate) const MAX_BODY: usize = 60 << 10;
/// Challenges of one answer.
pub(crate) const MAX_CHALLENGES: usize = 3;
/// Longest time-out of a relay: one day. Longer ones are cut to it.
pub(crate) const MAX_RELAY_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Bytes of a manifest's name and of its version.
pub(crate) const MAX_MANIFEST_NAME: usize = 64;
/// Methods of a manifest.
pub(crate) const MAX_METHODS: usize = 64;
