//! Digest authentication of SIP: RFC 3261 §22 with RFC 7616 and RFC 8760.
//!
//! In: a request's header fields, the protection space, hashed secrets, the time and random numbers as arguments.
//! Out: a [`Verdict`], a challenge or an answer to one.
//! Not here: who the users are (`strowger-storage`), when to challenge (a script), the clock and the entropy (the
//! shell). Nothing in this crate looks at a password again once it is a hash.
//!
//! ```text
//!   algorithm   names and strengths          hash      H(), KD(), HA1, response       challenge  WWW-/Proxy-Authenticate
//!   nonce       stateless, MACed, aging       replay    nonce -> highest nc, bounded   verify     Authorization -> Verdict
//!   answer      the client's side
//! ```

mod algorithm;
mod answer;
mod challenge;
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod nonce;
mod replay;
mod verify;

pub use algorithm::Algorithm;
pub use answer::{Account, Answer, AnswerError, answer};
pub use challenge::{MAX_REALM, challenge_value};
pub use hash::{Exchange, Ha1s, Hash, Hex, Qop, QopValues, ha1, response, same};
pub use nonce::{NONCE_LENGTH, NonceCheck, NonceId, Nonces};
pub use replay::{Replay, ReplayTable};
pub use verify::{Check, Kind, Policy, Rejection, UriCheck, Verdict, verify};
