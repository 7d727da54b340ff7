//! Every bound of this crate, by name. Reaching one is ordinary: a subscriber is refused with a reason, a request is
//! answered with an error, and nothing grows.
//!
//! The standards set none of these unless a line says so.

use std::time::Duration;

/// Bytes of a private or public identity, of the name of a profile, and of the URI of a server: what a key of every
/// database can hold.
pub const MAX_IDENTITY: usize = 255;
/// Bytes of any other text: a display name, the name of a charging function.
pub const MAX_TEXT: usize = 1_024;
/// Bytes of Service-Info, which an application server gets as it is.
pub const MAX_SERVICE_INFO: usize = 16_384;

/// Private identities of one subscription.
pub const MAX_PRIVATE_IDENTITIES: usize = 32;
/// Implicit registration sets of one subscription.
pub const MAX_SETS: usize = 64;
/// Public identities of one subscription.
pub const MAX_PUBLIC_IDENTITIES: usize = 256;
/// Entries of a list of networks, capabilities, names of servers, services or shared sets.
pub const MAX_LIST: usize = 64;

/// Filter criteria of one profile.
pub const MAX_CRITERIA: usize = 64;
/// Conditions of one filter criterion.
pub const MAX_CONDITIONS: usize = 64;

/// Bytes of one document of subscribers.
pub const MAX_DOCUMENT: usize = 64 << 20;
/// Subscribers and profiles of one document.
pub const MAX_ENTRIES: usize = 100_000;
/// Subscribers of one page of a listing.
pub const MAX_PAGE: usize = 1_000;

/// Authentication vectors of one answer (TS 33.102 §6.3.2 leaves the number to the network).
pub const MAX_VECTORS: u32 = 5;
/// Public identities of one Server-Assignment-Request.
pub const MAX_REQUESTED_IDENTITIES: usize = MAX_PUBLIC_IDENTITIES;
/// Wildcarded identities with a fitting beginning that are held against one identity.
pub const MAX_WILDCARDS: i64 = 64;
/// Bytes that an S-CSCF may lay down for one private identity and implicit registration set (TS 23.380 §4).
pub const MAX_RESTORATION: usize = 16_384;

/// How often a change is tried again when somebody else changed the subscription in between.
pub const MAX_TRIES: usize = 32;
/// How often a statement is sent again when the database says that it was in the way of another one.
pub const MAX_RETRIES: usize = 8;
/// Locks that the subscriptions share among them, so that requests of one process about one subscription queue.
pub const LOCKS: usize = 64;

/// Connections to the database, unless the settings say otherwise.
pub const CONNECTIONS: u32 = 8;
/// How long a request waits for a connection, unless the settings say otherwise. A Diameter client gives up after some
/// ten seconds.
pub const PATIENCE: Duration = Duration::from_secs(5);
