//! The four transaction machines of RFC 3261 §17 with RFC 6026, and the table that runs them.
//!
//! In: requests and responses from the network, requests and responses of the transaction user (TU), the
//! time. Out: bytes to transmit and news for the TU. No socket, no clock, no entropy: time is the argument
//! [`Time`], luck is the seed of [`Transactions::new`].
//!
//! How it is driven. After every call that takes something in (`handle_*`, [`Transactions::respond`],
//! [`Transactions::send_request`], [`Transactions::cancel`], [`Transactions::transport_error`]) take out
//! [`Transactions::poll_output`] until it is `None`; call [`Transactions::handle_timeout`] when the time of
//! [`Transactions::poll_timeout`] has come. Calling it too early or too often does no harm.
//!
//! The listing, top down:
//!
//! | file | what |
//! |---|---|
//! | `transactions.rs` | the table; `server_side.rs`, `client_side.rs`: its two halves |
//! | `server_invite.rs`, `server_non_invite.rs`, `client_invite.rs`, `client_non_invite.rs` | the machines, pure `step` functions |
//! | `actions.rs` | what a step asks for |
//! | `timers.rs` | T1, T2, T4 and the timers A to M that follow from them |
//! | `matching.rs` | §17.2.3: which transaction a request belongs to |
//! | `branch.rs` | §17.1.3: our branch, which names the client transaction that made it |
//! | `derived.rs` | §17.1.1.3 and §9.1: ACK and CANCEL made from the request |
//! | `deadlines.rs`, `wheel.rs`, `wheels.rs` | when a transaction is due, and the timer wheels that know which one is next |
//! | `slots.rs`, `id.rs`, `time.rs` | where transactions lie, what they are called, what time is |
//!
//! What does not belong here: dialogs, forking, Timer C, choosing a next hop, deciding to send 100 Trying
//! (the TU's calls), sockets.

pub mod client_invite;
pub mod client_non_invite;
pub mod server_invite;
pub mod server_non_invite;

mod actions;
mod branch;
mod client_side;
mod deadlines;
mod derived;
#[doc(hidden)]
pub mod fuzzing;
mod id;
mod matching;
mod output;
mod server_side;
mod slots;
mod time;
mod timers;
mod transactions;
mod wheel;
mod wheels;

pub use actions::{Actions, Step};
pub use branch::{BRANCH_LENGTH, Branch, MAGIC_COOKIE, loop_hash_of_branch, shard_of_branch};
pub use id::{ClientId, ServerId, TransactionId};
pub use output::{Cancelled, Output, Received, Response};
pub use time::Time;
pub use timers::{TimerName, Timers};
pub use transactions::{Counts, Limits, Transactions};
pub use wheel::{Entry, TICK, Wheel};
