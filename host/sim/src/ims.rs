//! A whole IMS in one thread without a clock: P-, I- and two S-CSCFs with their real plugins, an HSS behind real Diameter,
//! application servers, and phones with ISIMs.
//!
//! ```text
//!   phones (strowger-ue) ── P-CSCF ── I-CSCF ── S-CSCF ── S-CSCF        element.rs: node, plugin, consultations
//!                                        └── Cx ──┴── HSS               machine.rs, services.rs, served.rs; hss.rs
//!                                             ISC ─┴── application servers   server.rs
//! ```
//! In: seeds, out of which `story.rs` makes who is there, what they do and what goes wrong. Out: outcomes. `checks.rs` and
//! `world/ends.rs` say what must hold; `sabotage.rs` proves that each rule can be broken.

use std::sync::Arc;

use crate::seeds::{guarded, many};
use crate::world::Outcome;

mod b2bua;
mod checks;
mod element;
mod home;
mod hss;
mod machine;
mod phone;
mod plugins;
mod sabotage;
mod served;
mod server;
mod services;
mod story;
mod world;

pub use plugins::ImsPlugins;
pub use sabotage::ImsSabotage;
pub use world::{ImsExtras, ImsWorld};

/// Runs one seed.
#[must_use]
pub fn run_seed(seed: u64, plugins: &Arc<ImsPlugins>, extras: ImsExtras) -> Outcome {
    guarded(seed, || ImsWorld::new(seed, plugins, extras).map(ImsWorld::run))
}

/// Runs `count` seeds from `from` on, on `jobs` threads.
#[must_use]
pub fn run_seeds(from: u64, count: u64, jobs: usize, plugins: &Arc<ImsPlugins>) -> Vec<Outcome> {
    many(from, count, jobs, |seed| run_seed(seed, plugins, ImsExtras::default()))
}
