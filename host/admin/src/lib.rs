//! HTTP for people and machines: health, readiness, metrics, status, what went over the wire, and the plugins of each role;
//! and a page that shows them.
//!
//! In: a [`runtime::Handle`] and an address. Out: answers. What an answer says is the runtime's; here it is only
//! put into HTTP. Everything that changes something needs the bearer token, or, where none is configured, a
//! loopback address, from which no foreign web page asks.

mod access;
mod asked;
mod configuration;
mod console;
mod nodes;
mod recording;
mod routes;
mod serve;
mod shadow;
mod site;
mod versions;

pub use access::Access;
pub use nodes::{Nodes, Own};
pub use routes::{TraceQuery, failure, openmetrics, router, traced};
pub use serve::{AdminError, bind, serve};

/// Largest plugin file that may be pushed, in bytes.
pub const MAX_PLUGIN_BYTES: usize = 64 << 20;
