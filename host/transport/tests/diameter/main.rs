//! Diameter over real sockets (RFC 6733 §2.1, §5.3 to §5.6, §13.1).

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

#[path = "../common/authority.rs"]
mod authority;
mod bounds;
mod election;
mod failover;
mod faults;
mod feeds;
mod freediameter;
mod load;
mod python;
mod raw;
mod service;
mod stop;
mod world;
