//! What outlives a call and a restart: registrations, scripts' key-value tables; and the subscribers.
//!
//! ```text
//!   register ─▶ contacts ─▶ table (packed) ─▶ queue ─▶ writer ─▶ database      pure: register, contacts, packed, row,
//!      REGISTER   §10.3        memory          a group's   thread   SQLite, a server  garbage, expiry
//!                                              window
//! ```
//! Reads meet memory alone. A change is made in memory at once and told durable after one commit that many changes share;
//! a 200 OK to REGISTER leaves after that. Not here: sockets, scripts, when to ask.

mod binding;
mod commit;
mod contacts;
mod core;
mod database;
mod digits;
mod documents;
mod error;
mod expiry;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod garbage;
mod key_value;
mod packed;
mod place;
mod queue;
mod register;
mod registrations;
mod row;
mod store;
mod table;
mod users;
mod writer;

pub use binding::Binding;
pub use commit::{CommitQueue, CommitSink, Done, StagedChange};
pub use contacts::{Limits, MAX_BINDINGS, Refusal, Registration};
pub use documents::{Documents, MAX_DOCUMENT, MAX_DOCUMENT_KEY};
pub use error::{OpenError, StoreError};
pub use key_value::{Entry, KeyValue, MAX_KEY, MAX_KEYS, MAX_SPACE, MAX_VALUE, PutRefusal};
pub use place::{Dialect, MAX_NODE, Place, PlaceError, Server};
pub use queue::MAX_QUEUED;
pub use register::{MAX_AOR, MAX_BINDING, MAX_CONTACTS};
pub use registrations::{Ended, Registrations};
pub use store::{Options, Store};
pub use users::{Users, UsersError, Wrong};
pub use writer::Counters;
