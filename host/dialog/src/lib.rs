//! Dialogs as a record-routing element sees them: RFC 3261 §12, with the session timers of RFC 4028.
//!
//! In: the requests of a dialog and the responses as they go upstream, the time. Out: which dialog a message
//! belongs to, and [`Ended`] for each one that is over. No socket, no clock, no entropy: time is an argument, luck
//! is the seed of [`Dialogs::new`].
//!
//! How it is driven: [`Dialogs::handle_request`] for each request that has a To tag, [`Dialogs::handle_response`]
//! for each response on its way upstream, [`Dialogs::handle_answer`] for each final response made here;
//! [`Dialogs::handle_timeout`] when the time of [`Dialogs::poll_timeout`] has come; after each of them
//! [`Dialogs::poll_output`] until it is `None`.
//!
//! | file | what |
//! |---|---|
//! | `dialogs.rs` | the table and its machine; `dialog.rs`: what goes in and out |
//! | `early.rs` | the early dialogs of each INVITE (§12.3) |
//! | `key.rs` | how a dialog is found from either end (§12) |
//! | `session_timer.rs` | RFC 4028 §8: what a proxy may ask, must refuse, has to remember |
//! | `release.rs` | TS 24.229 §5.4.5.1: what it takes to end a session from the middle |
//! | `variables.rs` | what scripts keep in a dialog |
//! | `versions.rs` | how many dialogs hold which plugin version, and what keeps it alive |
//! | `expiry.rs` | when a dialog is over though nobody said so |
//!
//! What does not belong here: transactions, the route set (it is in the messages) and a user agent's dialog state
//! (sequence numbers, targets), but for sessions that the network may have to end; wall-clock time.

mod dialog;
mod dialogs;
mod early;
mod expiry;
mod key;
mod release;
pub mod session_timer;
mod variables;
mod versions;

pub use dialog::{
    Change, Counts, DEFAULT_EARLY, DEFAULT_SILENCE, DialogId, Ended, LATE_2XX, Limits, State, Why,
};
pub use dialogs::Dialogs;
pub use release::Bye;
pub use variables::{MAX_NAME, MAX_VALUE, MAX_VARIABLES, VariableError, Variables};
pub use versions::Holder;
