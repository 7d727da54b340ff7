//! A home subscriber server for laboratories, demonstrations, tests and small networks: who the subscribers are, with
//! which keys, who serves them, and the HSS's side of Cx (TS 29.228, TS 29.229).
//!
//! In: requests of CSCFs as Diameter messages, subscribers and profiles as an operator writes them. Out: answers, and
//! requests for S-CSCFs, to be sent by whoever drives the Diameter node. Subscribers are in SQLite, MySQL (or MariaDB)
//! or PostgreSQL; several servers may share one of the latter two.
//!
//! | file | what | clause |
//! |---|---|---|
//! | `subscriber.rs`, `profile.rs`, `document.rs` | what an operator writes | TS 23.003 §13, TS 29.228 Annex B |
//! | `subscription.rs`, `credentials.rs` | the same with everything said | |
//! | `state.rs`, `record.rs` | what has become of it | TS 29.228 §6.1 |
//! | `user_authorization.rs` | UAR: may it register, and where? | §6.1.1 |
//! | `server_assignment.rs` | SAR: an S-CSCF serves it, or no longer | §6.1.2 |
//! | `registration_termination.rs` | RTR: serve it no longer | §6.1.3 |
//! | `location_info.rs` | LIR: which S-CSCF serves it? | §6.1.4 |
//! | `push_profile.rs`, `user_data.rs` | PPR: its profile is another one | §6.2, §6.6 |
//! | `multimedia_auth.rs` | MAR: what does it authenticate with? | §6.3 |
//! | `database.rs`, `store.rs` | rows | |
//! | `hss.rs` | the commands and the operator's calls, put together | |
//!
//! The commands are pure: requests and records in, answers and the next state out. What does not belong here: sockets
//! and peers (`strowger-diameter` and the shell), Sh and SWx, billing.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use strowger_hss::{Hss, Settings};
//!
//! let origin = diameter::base::Origin {
//!     host: "hss.ims.example".parse()?,
//!     realm: "ims.example".parse()?,
//!     state_id: None,
//! };
//! let hss = Hss::open("sqlite::memory:", Settings::new(origin)).await?;
//! hss.import("[[subscriber]]\nimpi = 'alice@ims.example'\npassword = 'secret'").await?;
//! # Ok(())
//! # }
//! ```

mod answering;
pub mod bounds;
mod credentials;
mod database;
mod document;
mod error;
mod hss;
mod location_info;
mod multimedia_auth;
mod profile;
mod push_profile;
mod record;
mod registration_termination;
mod restoration;
mod server_assignment;
mod settings;
mod state;
mod store;
mod subscriber;
mod subscription;
mod user_authorization;
mod user_data;

pub use database::Dialect;
pub use document::Document;
pub use error::{DocumentError, EntryError, ManageError, OpenError, StoreError};
pub use hss::{AnswerError, Answered, Hss, Imported, Listed, Registered, Secrets, Shown, ShownSet};
pub use profile::{Criterion, Handling, OneOrMore, Part, Profile};
pub use push_profile::{Push, Pushed};
pub use registration_termination::{Terminated, Termination, Whom};
pub use settings::Settings;
pub use subscriber::{
    Capabilities, Charging, Device, Identity, IdentityKind, ImplicitSet, SecretText, SqnText, Subscriber,
};
