//! What the host of a CSCF keeps and asks, as values (TS 24.229 §5.3, §5.4; TS 29.228).
//!
//! | file | what | clause |
//! |---|---|---|
//! | `words.rs` | the words between scripts, host and HSS | |
//! | `cx.rs` | requests to the HSS, and its answers read | TS 29.228 §6.1, §6.3 |
//! | `challenges.rs` | authentication vectors that wait for their response | TS 24.229 §5.4.1.2, RFC 3310 |
//! | `subscribers.rs` | implicit registration sets, their profiles and filter criteria | TS 29.228 Annex B, TS 24.229 §5.4 |
//! | `leaving.rs` | sets that the HSS took away | TS 24.229 §5.4.1.5 |
//! | `reg_event.rs` | who watches which registration, and what they are told | RFC 3680, RFC 6665 |
//! | `sealed.rs` | strings that only this host can make | TS 24.229 §5.4.3.4 |
//!
//! In: messages of SIP and Diameter, the time, luck as an argument. Out: messages and values. No clock, no socket, no
//! lock: the runtime puts each machine behind one. What is allowed to whom is decided by scripts.

pub mod challenges;
pub mod cx;
#[doc(hidden)]
pub mod fuzzing;
pub mod leaving;
pub mod reg_event;
pub mod sealed;
pub mod subscribers;
pub mod words;

pub use challenges::Challenges;
pub use cx::Cx;
pub use leaving::Leaving;
pub use reg_event::Notifier;
pub use sealed::Sealer;
pub use subscribers::Subscribers;
pub use words::*;
