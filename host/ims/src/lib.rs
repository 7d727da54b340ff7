//! What IMS decides, as values: identities, service profiles, filter criteria, authentication, and the header fields of
//! 3GPP.
//!
//! ```text
//!   identity           IMPI, IMPU, IMSI, wildcards, emergency numbers       TS 23.003
//!   service_profile    the user data of Cx, read and written                TS 29.228 Annex B, E
//!   filter_criteria    which application server comes next                  TS 29.228 Annex C
//!   reginfo            who is registered where, as a document               RFC 3680, RFC 5628
//!   aka                vectors, their check, Digest-AKA                     TS 33.102, TS 35.206, RFC 3310
//!   header fields      one to a file                                        RFC 7315, TS 24.229 §7.2A
//! ```
//! In: bytes, keys, messages. Out: values, texts, decisions. No clock, no socket, no entropy: the crate also runs inside
//! guests. Features `aka` and `regex` bring the dependencies of these two; without them there are none but `sip`.

#[cfg(feature = "aka")]
pub mod aka;
pub mod bounds;
#[cfg(feature = "regex")]
mod ere;
#[cfg(feature = "regex")]
pub mod filter_criteria;
pub mod identity;
mod multipart;
pub mod service_profile;
mod xml;

#[cfg(feature = "regex")]
pub use ere::{Ere, EreError};
pub use xml::XmlError;
