//! Every socket of Strowger: UDP, TCP, TLS, WebSocket, Diameter; flows; RFC 3263 location.
//!
//! | module | what | standard |
//! |---|---|---|
//! | [`udp`] | batched datagrams for a shard's own thread, ICMP errors | RFC 3261 §18 |
//! | [`stun`] | binding responses and the other keepalives of a datagram socket | RFC 5389, RFC 5626 §4.4.2 |
//! | [`streams`] | TCP, TLS, WS and WSS: listeners, connections, reuse, bounds | RFC 3261 §18, RFC 5626, RFC 7118 |
//! | [`diameter`](mod@diameter) | peers over TCP and TLS, around the node of `strowger-diameter` | RFC 6733 §2.1, §13.1 |
//! | [`tls`] | certificates from PEM files, exchanged when the files change | RFC 3261 §26.2, RFC 5922 |
//! | [`locate`] | from a URI or a Via to the hops to try, in order | RFC 3263 |
//! | [`large`] | when a request is too large for UDP | RFC 3261 §18.1.1 |
//!
//! But for Diameter, bytes come in and leave as whole SIP messages; of a message nothing is read but its framing and what tells a
//! request from a final response.

mod counter;
pub mod diameter;
#[doc(hidden)]
pub mod fuzzing;
pub mod large;
pub mod locate;
pub mod streams;
pub mod stun;
pub mod tls;
pub mod udp;

pub use crate::diameter::{
    DiameterConfig, DiameterError, DiameterFailure, DiameterLimits, DiameterListener, DiameterService,
    PeerAddress, PeerTransport,
};
pub use large::{fits_udp, hop_for_size};
pub use locate::{Hop, LocateError, LocateRequest, Locator, LocatorConfig, ResponseTarget};
pub use streams::{
    CloseReason, Counts, SendError, Sink, StreamLimits, StreamListener, Streams, StreamsConfig, StreamsError,
};
pub use tls::{ClientTls, ServerTls, TlsError};
pub use udp::{Datagram, RecvBatch, SendBatch, UdpError, UdpListener, UdpOptions, Undelivered, Unreachable};
