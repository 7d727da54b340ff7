//! Scripts as WebAssembly components: load, check, pool, call, limit and swap them.
//!
//! ```text
//!  file ▶ decode ▶ check ▶ cache | compile ▶ init ▶ Plugin ─┐ Active::activate
//!                                                           ▼
//!  shard ▶ Active::plugin ▶ Plugin::consult ▶ pool ▶ guest ▶ convert ▶ node::Decision + Effects
//!                                              │       │
//!                                              │       └▶ imports ▶ Services (clock, registrar, store …)
//!                                              └ a trap, a deadline or a dropped future throws the instance away
//! ```
//!
//! Words: a *script* is what an operator writes, a *plugin* is the loaded component ([`Plugin`]), a *guest* is one
//! running instance of it, the *host* is us. The contract is `wit/`; its `plugin` world is all that this crate can run.
//!
//! In: bytes of a component, a [`Role`] with its grants, an implementation of [`Services`]; then messages. Out:
//! decisions as values of `node`, and [`Effects`] that take place only if the decision is carried out. What a
//! decision means, what a registration is and where time comes from belong to others.

mod active;
mod answers;
mod ask;
mod bindings;
mod cache;
mod call;
mod canonical;
mod check;
mod compile;
mod context;
mod convert;
mod decode;
mod engine;
mod error;
mod file;
mod guest;
mod imports;
mod ims_imports;
mod ims_services;
mod limits;
mod load;
mod log_budget;
mod meter;
mod plugin;
mod pool;
mod role;
mod services;
mod signature;
mod split;
mod stats;
mod store_imports;
mod tape;
mod terms;
mod ticker;
mod times;
mod view_keys;

pub use active::{Active, Roles, SplitError, VersionStatus};
pub use answers::{ANSWER_TIMES, AnswerClass, AnswerGroup, Answers};
pub use ask::{Adoption, Ask, Event};
pub use call::{Consultation, Consulted, Fault, Outcome};
pub use canonical::Canonical;
pub use check::{Checked, Hooks};
pub use context::{ConsultContext, Effects, Send, ThirdParty, Variables, VariablesFull};
pub use engine::{Engine, EngineConfig, EngineError, EngineStatus};
pub use error::LoadError;
pub use file::read_file;
pub use ims_services::{
    ApplicationServer, Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization,
    AuthorizationKind, Capabilities, CxFailure, Identity as PublicIdentity, Location, LocationOutcome,
    Position, RegistrationType, SessionCase, SubscribeRefusal, Subscribed, Subscriber, Triggered,
};
pub use limits::Limits;
pub use load::{LoadStep, digest};
pub use plugin::{Identity, Manifest, Plugin};
pub use role::Role;
pub use services::{
    Asking, Binding, CredentialsKind, Entry, Level, Pending, PutRefusal, Refusal, Registration,
    RegistrationLimits, Services, Staged, Verdict,
};
pub use signature::{KeyError, Keys, MAX_KEYS, MAX_SIGNATURE, read_signature, signature_file};
pub use split::{ALL, End, MAX_CANDIDATES, NoShare, Place, Share};
pub use stats::{DecisionKind, HOOKS, Stats, StatsSnapshot, TrapKind};
pub use tape::{
    Answer, Ear, Exchange, MAX_EXCHANGES, Player, Question, Tape, TapedFlow, TapedSubscription, TapedTarget,
};
pub use terms::{Asked, MAX_IDENTITIES, MAX_IDENTITY, Only, Split, SplitKey, TermsError};
pub use times::Times;
pub use view_keys::overwrite as hide_keys;
