//! The router as its neighbours see it: the built binary with the edge example, asked over sockets, HTTP and its command
//! line. Nothing of the router's own reading and writing of messages is used here: the tests are the other side.
//!
//! Each module is named after the section of the standard that it asks about.

#[path = "../browser/mod.rs"]
mod browser;
#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "of the tests under load; these take a part"
)]
#[path = "../under_load/plugins.rs"]
mod plugins;
#[path = "../ports/mod.rs"]
mod ports;
mod support;

mod activations;
mod admin;
mod adopted;
mod command_line;
mod configuration;
mod console;
mod nodes;
mod recorded;
mod rehearsed;
mod restarts;
mod rfc3261_10;
mod rfc3261_11;
mod rfc3261_12;
mod rfc3261_16_3;
mod rfc3261_16_4;
mod rfc3261_16_6;
mod rfc3261_16_7;
mod rfc3261_17;
mod rfc3261_18;
mod rfc3261_22;
mod rfc3261_9;
mod rfc3263;
mod rfc3325;
mod rfc3327;
mod rfc5393;
mod rfc5626;
mod shadow;
mod signals;
mod signatures;
mod splits;
mod versions;
