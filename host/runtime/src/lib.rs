//! The only loops: shards, clock, wiring, drain.
//!
//! ```text
//!            ┌──────────── shard (one thread) ────────────┐
//!  UDP ─────▶│ receive ─▶ node ─▶ consult ─▶ node ─▶ send │─────▶ UDP
//!            │    ▲        │ ▲        │                    │
//!            │  inbox      │ └ located│stored              │
//!            └────▲────────┼──────────┼────────────────────┘
//!                 │        ▼          ▼
//!   TCP TLS WS ───┘   name resolution, store      (I/O threads, the store's thread)
//! ```
//!
//! In: a [`Config`]. Out: a [`Host`]. What is decided lies in `node` and in scripts, sockets in `transport`, files in
//! `storage`.

pub mod config;

mod activations;
mod audience;
mod audit;
mod clock;
mod configuring;
mod consult;
mod control;
mod decisions;
mod details;
mod diameter_metrics;
mod diameter_service;
mod error;
mod executor;
mod expiry;
mod flow_tokens;
mod guard;
mod guarding;
mod host;
mod ims;
mod inbox;
mod listening;
mod loaded;
mod loading;
mod locating;
mod message;
mod metrics;
mod nothing;
mod owner;
mod pace;
mod pinned;
mod recorder;
mod rehearsal;
mod remembered;
mod restoring;
mod script_timers;
mod secrets;
mod services;
mod shadow;
mod shard;
mod shelf;
mod splitting;
mod stored;
mod streams;
mod subscriber;
mod versions;
mod watch;

pub use activations::{Activation, MAX_ACTIVATIONS, Reached, Refused, Step};
pub use audit::{Deed, MAX_TOLD};
pub use config::Config;
pub use configuring::{
    Applied, ConfigureError, Described, Difference, MAX_SCRIPT_CONFIGURATION, ReloadError, Source,
};
pub use control::{Handle, PluginStatus, PushError, Status};
pub use details::PluginDetails;
pub use diameter_metrics::DiameterMetrics;
pub use diameter_service::diameter_config;
pub use error::StartError;
pub use host::{Host, check};
pub use loading::{Unfit, Upload};
pub use recorder::{RecordError, RecordingStatus, Wanted, WantedError};
pub use rehearsal::{Rehearsal, RehearsalDifference, RehearsalError, RehearsalFigures};
pub use shadow::{ShadowCost, ShadowDifference, ShadowExample, ShadowReport, ShadowVersion};
pub use splitting::{SplitStatus, SplitWish, WishError};
pub use versions::VersionError;
