//! The phone as a machine. In: wishes, messages, the time. Out: messages and events, each with its time.
//!
//! | file | what |
//! |---|---|
//! | `ue.rs` | the machine as it is driven; `wish.rs`: what its user can want; `serve.rs`: requests that come |
//! | `settings.rs`, `event.rs` | who it is; what it tells |
//! | `line.rs` | what all procedures share: transactions, outputs, alarms, what registration brought |
//! | `registration.rs`, `authorization.rs` | TS 24.229 §5.1.1.2 to §5.1.1.7, Digest-AKA and digest |
//! | `reg_event.rs` | TS 24.229 §5.1.1.3: the subscription to its own registration |
//! | `calls.rs`, `call/` | TS 24.229 §5.1.3, §5.1.4: calls |
//! | `session.rs`, `sdp/` | RFC 3264 offers and answers, RFC 3312 preconditions |
//! | `dialog.rs`, `request.rs` | RFC 3261 §12 as an endpoint sees it; requests as values |
//! | `page.rs` | RFC 3428: MESSAGE |
//! | `media/` | RTP packets, what is counted of them, a tone |
//! | `alarms.rs`, `luck.rs` | what is due when; what cannot be foreseen |

mod alarms;
mod authorization;
mod call;
mod calls;
mod dialog;
mod event;
mod line;
mod luck;
mod media;
mod page;
mod reg_event;
mod registration;
mod request;
mod sdp;
mod serve;
mod session;
mod settings;
mod ue;
mod wish;

pub use calls::CallId;
pub use event::{By, DeregisteredBy, Event, RegistrationFailure, Spoken, Why};
pub use line::Output;
pub use media::{rtp, tone};
pub use page::{MessageId, Page};
pub use sdp::Direction;
pub use session::Media;
pub use settings::{CallFeatures, Credentials, Settings, SettingsError};
pub use ue::Ue;
pub use wish::WishError;
