//! A seeded world with virtual time, loss, reordering and duplication, for whole nodes with real scripts.
//!
//! Two nodes (`strowger-node`, the code under test; the edge plugin decides at one of them), phones that are written
//! apart from it, and a network between them, in one thread without a clock. A seed is a whole story: who registers,
//! calls, cancels and hangs up, which datagrams are lost, when the plugin is swapped and which faults strike. Checkers
//! watch what must hold in all of them; a seed that breaks a rule breaks it again.
//!
//! ```text
//!   scenario.rs ─▶ world.rs ─┬▶ element.rs  nodes, asked through script.rs (plugins.rs, machine.rs, registrar.rs)
//!   random.rs, agenda.rs     ├▶ phone.rs    user agents
//!                            ├▶ network.rs  datagrams and connections
//!                            └▶ checks.rs   the rules; sabotage.rs proves that each can fail
//!   seeds.rs runs many, trace.rs shows one
//! ```
//!
//! In: seeds. Out: [`Outcome`]s. Sockets, threads and storage are not simulated: they have tests of their own.

mod agenda;
pub mod checks;
mod element;
pub mod ims;
mod machine;
pub mod network;
pub mod phone;
mod plugins;
mod random;
mod registrar;
mod sabotage;
pub mod scenario;
mod script;
mod seeds;
mod trace;
mod world;

pub use checks::{Rule, Violation};
pub use machine::Machine;
pub use plugins::{Plugins, edge_file};
pub use random::Random;
pub use sabotage::Sabotage;
pub use scenario::Scenario;
pub use seeds::{run_seed, run_seeds, sum};
pub use world::{Extras, Outcome, World};
