//! The server and its zone files, asked as others ask: by our own locator (RFC 3263), by hand, and side by side with
//! BIND.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

mod bind;
mod rfc1034_4_3;
mod rfc3263;
mod world;
