//! A user equipment of IMS for demos, tests and laboratories: registers, calls, sends messages, and says what it heard.
//!
//! ```text
//!   script ──▶ shell: UePhone ── datagrams, connections, RTP ──▶ the network
//!                 │        ▲
//!        wishes, messages, time   outputs, events, when to come again
//!                 ▼        │
//!              core: Ue    registration · registration events · calls · messages     pure
//! ```
//! In: what its user wants ([`Ue::register`], [`Ue::call`], …), messages, the time. Out: messages to send and
//! [`Event`]s. What it does is what TS 24.229 §5.1 asks of a UE, with RFC 3261 beneath; the sections are named in the
//! files. It is no part of any network element: nothing but tests and the command line knows it.
//!
//! | folder | what |
//! |---|---|
//! | `core/` | the phone as a machine: no socket, no clock, no entropy; driven like `strowger-transaction` |
//! | `shell/` | sockets, RTP and scripts on tokio |
//!
//! Not here: security associations (TS 33.203 §7) and TLS towards the P-CSCF, codecs beyond PCMU, video.

pub mod bounds;
mod core;
mod shell;

pub use crate::core::{
    By, CallFeatures, CallId, Credentials, DeregisteredBy, Direction, Event, Media, MessageId, Output, Page,
    RegistrationFailure, Settings, SettingsError, Spoken, Ue, Why, WishError, rtp, tone,
};
pub use crate::shell::{
    Awaited, Instruction, MediaReport, PhoneError, Report, RunError, Script, ScriptError, Step, UePhone,
    Unmet, ladder_line, run_script,
};
