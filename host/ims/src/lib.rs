//! What IMS decides, as values: identities, service profiles, filter criteria, authentication, and the header fields of
//! 3GPP.
//!
//! ```text
//!   identity             IMPI, IMPU, IMSI, wildcards, emergency numbers      TS 23.003
//!   service_profile      the user data of Cx, read and written               TS 29.228 Annex B, E
//!   filter_criteria      which application server comes next                 TS 29.228 Annex C
//!   third_party_register what an application server is told                  TS 24.229 §5.4.1.7
//!   reginfo              who is registered where, as a document              RFC 3680, RFC 5628
//!   aka                  vectors, their check, Digest-AKA                    TS 33.102, TS 35.206, RFC 3310
//!   security_agreement   how UE and P-CSCF agree on associations             RFC 3329, TS 33.203
//!   feature_tags         what equipment can do and callers want              RFC 3840, RFC 3841
//!   header fields        one to a file                                       RFC 3323, 3325, 3608, 5502, 7315, 8498
//! ```
//! In: bytes, keys, messages. Out: values, texts, decisions. No clock, no socket, no entropy: the crate also runs
//! inside guests. Features `aka` and `regex` bring the dependencies of these two; without them there are none but
//! `sip` and a reader of XML.
//!
//! Header fields are read from the values of a message, [`sip::Head::fields`], and written by their `Display`:
//!
//! ```
//! use strowger_ims::charging_vector::ChargingVector;
//!
//! let mut vector = ChargingVector::parse(b"icid-value=1234bc9876e;orig-ioi=home1.net")?;
//! vector.term_ioi = Some("home2.net".to_owned());
//! assert_eq!(vector.to_string(), "icid-value=1234bc9876e;orig-ioi=home1.net;term-ioi=home2.net");
//! # Ok::<(), sip::HeaderError>(())
//! ```

pub mod access_network_info;
mod address;
#[cfg(feature = "aka")]
pub mod aka;
pub mod asserted_identity;
pub mod associated_uri;
pub mod bounds;
pub mod charging_function_addresses;
pub mod charging_vector;
#[cfg(feature = "regex")]
mod ere;
pub mod feature_tags;
#[cfg(feature = "regex")]
pub mod filter_criteria;
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
mod multipart;
mod parameter;
pub mod privacy;
mod q;
pub mod reginfo;
pub mod security_agreement;
pub mod served_user;
pub mod service_profile;
pub mod service_route;
mod session_description;
pub mod third_party_register;
pub mod visited_network_id;
mod xml;

pub use address::Address;
#[cfg(feature = "regex")]
pub use ere::{Ere, EreError};
pub use parameter::Parameter;
pub use session_description::session_description;
pub use xml::XmlError;
