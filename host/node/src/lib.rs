//! One SIP node: what comes in, what the script decides, what goes out (RFC 3261 §16 over §17).
//!
//! ```text
//!   Received ─▶ receive.rs ─▶ request.rs ──(Consult)──▶ script
//!                  │             │  ▲                     │
//!                  │        ack.rs  └──── decide.rs ◀─(Decided)
//!                  │       cancel.rs        │   └──▶ answer.rs ──▶ Transmit
//!                  │                        ▼
//!                  │                    forward.rs ──(Locate)──▶ DNS
//!                  ▼                        │   ◀─(Located)──┘
//!             response.rs ─▶ answer.rs      └──▶ Transmit
//!
//!   request.rs ──(Adopt)──▶ the version that takes a call over ──(Adopted)──▶ adopt.rs ──(Consult)──▶ script
//!
//!   Originate ─▶ originate.rs ─▶ forward.rs …… response.rs ──▶ Concluded
//!   Release ───▶ release.rs ───▶ originate.rs, cancel.rs
//! ```
//!
//! The drive: [`Node::handle_input`] or [`Node::handle_timeout`], then [`Node::poll_output`] until there is none, then
//! wait for the next input or until [`Node::poll_timeout`]. Nothing here knows a socket, a clock or a thread.

mod ack;
mod adopt;
mod alive;
mod answer;
mod cancel;
mod config;
mod context;
pub mod counters;
mod decide;
mod decision;
mod errors;
mod flow_token;
mod forward;
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod io;
mod mark;
mod node;
mod originate;
mod receive;
mod release;
mod request;
mod response;
mod returns;
mod timers;

pub use adopt::{Adopt, AdoptId, Adopted};
pub use config::{Listening, NodeConfig, Wants};
pub use counters::{Counters, Discard};
pub use decision::{
    Challenge, ConsultError, Decision, Edit, HeaderEdit, Hook, Relay, Reply, ReplyDecision, Target, Until,
};
pub use io::{
    Answered, Consult, ConsultId, Consulted, ContextId, Decided, Ended, Follow, Hop, Input, LocateFailure,
    LocateId, Originate, Output, Pin, Unsent,
};
pub use mark::Mark;
pub use node::Node;
pub use returns::Returns;
