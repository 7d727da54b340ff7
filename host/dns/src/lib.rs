//! DNS of an IMS domain: where its CSCFs and its HSS are (RFC 3263, RFC 6733 §5.2), and what its numbers are called
//! (RFC 6116).
//!
//! | file | what | standard |
//! |---|---|---|
//! | `zone.rs`, `zone/` | who is where, as a plain value, checked | |
//! | `records.rs` | that as records | RFC 2782, RFC 3403, RFC 3263 §4.1, RFC 6408, RFC 6116 |
//! | `zone_file.rs` | those as text, for BIND and for ourselves | RFC 1035 §5 |
//! | `server.rs` | a server that answers with them, and with nothing else | RFC 1034 §4.3 |
//!
//! In: an [`ImsZone`]. Out: zone files, or a running [`DnsServer`]. The server reads the same text that BIND would, so
//! that both answer alike. It never recurses: what is not in its zones is REFUSED. Looking names up does not belong
//! here: that is `strowger-transport`'s `locate`.

mod records;
mod server;
mod zone;
mod zone_file;

pub use server::{DnsError, DnsServer};
pub use zone::{
    DEFAULT_TTL, E164_ARPA, Element, ImsZone, MAX_ELEMENTS, MAX_NUMBERS, MAX_PER_ELEMENT, MAX_TTL, Number,
    Protocol, Role, Service, ZoneError,
};
