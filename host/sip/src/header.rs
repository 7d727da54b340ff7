//! Header fields by their types (RFC 3261 §20), one to a file.
//!
//! In: one value, without white space at its ends, folding kept. Out: borrowed pieces, or where and what was
//! expected. Finding values in a message is `head.rs` and `values.rs`.

pub mod authorization;
pub mod challenge;
pub mod contact;
pub mod content_length;
pub mod content_type;
pub mod cseq;
pub mod date;
pub mod event;
pub mod expires;
pub mod max_forwards;
pub mod name_addr;
pub mod option_tags;
pub mod rack;
pub mod reason;
pub mod replaces;
pub mod retry_after;
pub mod session_expires;
pub mod subscription_state;
pub mod via;
