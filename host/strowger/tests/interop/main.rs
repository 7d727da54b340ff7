//! Real phones against the real router: each registers, calls, and leaves, over each transport that it has; and calls
//! between phones on different transports. What was seen is written down in `docs/interop.md`.
//!
//! | file | what |
//! |---|---|
//! | `sipp.rs` | SIPp: UDP, TCP |
//! | `baresip.rs` | baresip: UDP, TCP, TLS 1.2, TLS 1.3 |
//! | `linphone.rs` | linphonec: UDP, TCP, TLS 1.2 |
//! | `web_socket.rs` | JsSIP and SIP.js in Node: WebSocket, secure WebSocket |
//! | `across.rs` | calls between them across transports |
//! | `router.rs`, `program.rs`, `phones/` | the router under test, a program that is talked to, the phones' reins |
//!
//! A test starts its own router on free ports of loopback and its own phones, each with a folder of its own as home.

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

mod across;
mod baresip;
mod linphone;
mod phones;
#[path = "../ports/mod.rs"]
mod ports;
mod program;
mod router;
mod sipp;
mod web_socket;

use std::time::Duration;

/// What any step of a phone or the router may take. They answer in milliseconds; a busy machine may not.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the two of a call talk.
const A_MOMENT: Duration = Duration::from_millis(300);
