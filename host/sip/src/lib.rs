//! SIP messages as values: parse, index, edit, print (RFC 3261 §7, §18.3, §19, §20, §25).
//!
//! Bytes go in and become a [`Message`]: the raw bytes and one [`HeaderSpan`] per header field, two allocations in
//! all. It is read through [`Head`]; header fields are parsed to their types when asked for. Changes are collected in
//! a [`Draft`] and printed once, runs that nobody touched byte for byte. No clock, no socket, no entropy: the crate
//! also runs inside guests.
//!
//! ```
//! use strowger_sip::{Draft, HeaderId, Message};
//!
//! let bytes = b"OPTIONS sip:bob@biloxi.com SIP/2.0\r\n\
//!     v: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877\r\n\
//!     From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n\
//!     To: <sip:bob@biloxi.com>\r\n\
//!     Call-ID: a84b4c76e66710\r\n\
//!     CSeq: 63104 OPTIONS\r\n\
//!     Max-Forwards: 70\r\n\r\n";
//! let message = Message::parse_datagram(bytes)?;
//! let head = message.head();
//! strowger_sip::validate(&head)?;
//! assert_eq!(head.from()?.uri()?.aor(), "sip:alice@atlanta.com");
//!
//! let mut draft = Draft::forward(head);
//! draft.prepend(HeaderId::VIA, "SIP/2.0/UDP proxy.atlanta.com;branch=z9hG4bK776");
//! draft.put(HeaderId::MAX_FORWARDS, 69_u32);
//! let mut out = Vec::new();
//! draft.print(&mut out);
//! assert!(out.starts_with(b"OPTIONS sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP proxy"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bounds;
mod draft;
mod edit;
mod error;
mod excerpt;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod grammar;
mod head;
pub mod header;
mod header_id;
mod header_name;
mod host;
mod message;
mod method;
mod params;
mod piece;
mod received;
mod respond;
mod scan;
mod span;
mod start_line;
mod status;
mod top_via;
mod transport;
mod typed;
mod uri;
mod validate;
mod values;
pub mod view;

pub use draft::Draft;
pub use edit::{Edit, EditError, HeaderEdit};
pub use error::{HeaderError, ParseError};
pub use excerpt::Excerpt;
pub use frame::{Frame, frame};
pub use grammar::{elements, is_token, token_length, unfold, unquote};
pub use head::Head;
pub use header::authorization::Credentials;
pub use header::challenge::Challenge;
pub use header::contact::Contact;
pub use header::content_type::ContentType;
pub use header::cseq::CSeq;
pub use header::event::Event;
pub use header::name_addr::{NameAddr, q_thousandths};
pub use header::rack::RAck;
pub use header::reason::Reason;
pub use header::replaces::DialogReference;
pub use header::retry_after::RetryAfter;
pub use header::session_expires::{Refresher, SessionExpires};
pub use header::subscription_state::SubscriptionState;
pub use header::via::Via;
pub use header_id::HeaderId;
pub use host::Host;
pub use message::Message;
pub use method::Method;
pub use params::{Param, Params, ParamsIter};
pub use piece::Piece;
pub use received::via_edit;
pub use respond::{ResponseBuilder, respond};
pub use span::HeaderSpan;
pub use status::reason_phrase;
pub use transport::{Flow, Transport};
pub use uri::{Scheme, Uri, UriError, UriParams, UriParamsIter};
pub use validate::{Invalid, Why, validate};
pub use values::{Value, Values};
pub use view::{View, ViewError};
