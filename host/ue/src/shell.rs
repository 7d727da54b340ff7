//! The phone on tokio: sockets, RTP, scripts.
//!
//! | file | what |
//! |---|---|
//! | `phone.rs` | [`UePhone`]: the core, its sockets, and the one loop that drives them |
//! | `connections.rs` | TCP, opened and accepted |
//! | `audio.rs` | RTP of one call: a tone is sent, what comes is counted |
//! | `script.rs`, `script/words.rs` | the language of scripts |
//! | `run.rs` | a script, step by step |
//! | `report.rs` | what came of it, as a ladder |

mod audio;
mod connections;
mod phone;
mod report;
mod run;
mod script;

pub use audio::MediaReport;
pub use phone::{PhoneError, UePhone};
pub use report::{Report, ladder_line};
pub use run::{RunError, Unmet, run_script};
pub use script::{Awaited, Instruction, Script, ScriptError, Step};
