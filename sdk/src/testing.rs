//! Tests of a script by plain `cargo test`: no wasm, no network, no clock.
//!
//! In: a plugin, a scripted [`TestHost`], a message as text ([`sip!`](crate::sip!)). Out: an [`Answer`] with
//! assertions that read like a trace. Not in components. Tests against the real component are `strowger plugin test`.
//!
//! ```
//! use strowger_sdk::prelude::*;
//! use strowger_sdk::testing::{TestHost, ask};
//!
//! struct Closed;
//! impl Plugin for Closed {
//!     fn init(_: &str) -> Result<Self, String> {
//!         Ok(Closed)
//!     }
//!     fn on_request(&self, _: &mut Request<'_>, _: &impl Host) -> Outcome {
//!         reply(603).into()
//!     }
//! }
//!
//! let message = strowger_sdk::sip!("INVITE sip:bob@example.org SIP/2.0");
//! ask(&Closed, &TestHost::new(), &message).replies(603);
//! ```

mod answer;
mod contract;
mod host;
mod in_order;
mod message;

pub use answer::{Answer, adopt, ask, ask_about_failure, ask_about_reply, ask_outside_dialogs, tell_answer};
pub use host::TestHost;
pub use message::TestMessage;
