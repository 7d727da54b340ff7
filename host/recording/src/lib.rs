//! Recordings of calls of scripts: what was asked of a script, what it asked the machine and was told, what it decided.
//!
//! ```text
//!  a call that was listened to ─▶ scribe ─▶ file ─▶ read ─▶ replay ─▶ the same, or where it parts
//!                                   │                 └────▶ test case (JSON beside a plugin)
//!                                   └ identities: consistent others in their place
//! ```
//! In: a call with its tape (`plugin`), bytes of a file. Out: bytes of a file, calls made again. Who is recorded, threads
//! and folders belong to `runtime`; what is printed to the binary. CK and IK are in no recording.

mod asked;
mod call;
mod case;
mod file;
#[doc(hidden)]
pub mod fuzzing;
mod identities;
mod reader;
mod redact;
mod replay;
mod scribe;

pub use asked::{Asked, Octets, Stored};
pub use call::{Call, Script, Summary};
pub use case::{Case, CaseError};
pub use file::{HEADER, MAX_RECORD, Recording, VERSION, Writer};
pub use identities::Identities;
pub use reader::{ReadError, Reader};
pub use replay::{Failed, Replayed, Step, engine, engine_within, plays, replay};
pub use scribe::{Heard, Scribe, Withheld};
