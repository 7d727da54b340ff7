//! The store as its users see it: the standards by their sections, restarts, failures, scripts' tables.

mod documents;
mod failure;
mod key_value;
mod registrar;
mod restart;
mod rfc3261_10_3;
mod rfc5626_6;
mod time;
