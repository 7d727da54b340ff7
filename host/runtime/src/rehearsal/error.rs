//! Why a plugin is refused by its rehearsal, each a sentence for the operator.

use std::path::PathBuf;

use plugin::{EngineError, LoadError};
use recording::{CaseError, ReadError};

use super::report::Rehearsal;

/// Why a plugin is refused by its rehearsal. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A file or a folder cannot be read.
    #[error("plugin.rehearsal.files: {file}: {source}")]
    Read {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A recording is none, or damaged.
    #[error("plugin.rehearsal.files: {file}: {source}")]
    Recording {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A recorded case is none.
    #[error("plugin.rehearsal.files: {file}: {source}")]
    CaseFile {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        source: CaseError,
    },
    /// A case file by hand.
    #[error(
        "plugin.rehearsal.files: {file}: case files are for `strowger plugin test`; a rehearsal takes recordings and *.recorded"
    )]
    OtherCase {
        /// Which.
        file: PathBuf,
    },
    /// A file is longer than is read.
    #[error(
        "plugin.rehearsal.files: {file}: with {bytes} bytes it is beyond what a rehearsal reads ({most})"
    )]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// Bytes of it and, of a recording, of those before it.
        bytes: u64,
        /// The bound.
        most: u64,
    },
    /// More files than are looked at.
    #[error("plugin.rehearsal.files: {most} files are the most that a rehearsal takes")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// There is no call for this role.
    #[error("plugin.rehearsal.files: there is no recorded call of the role {role}{left_out}")]
    Nothing {
        /// The role.
        role: String,
        /// What there is.
        left_out: String,
    },
    /// The engine with fuel does not start.
    #[error("its rehearsal: {0}")]
    Engine(#[from] EngineError),
    /// The plugin does not start with fuel.
    #[error("in its rehearsal: {0}")]
    Start(#[from] LoadError),
    /// The plugin does not start with the configuration of a recorded case.
    #[error("in its rehearsal, with the configuration of {file}: {source}")]
    CaseStart {
        /// The case.
        file: PathBuf,
        /// Why not.
        source: LoadError,
    },
    /// A recorded message cannot be read.
    #[error("in its rehearsal: a message of {call} cannot be read: {source}")]
    Unreadable {
        /// The call, in words.
        call: String,
        /// What is wrong with the message.
        source: sip::ParseError,
    },
    /// A recorded case does not hold.
    #[error("in its rehearsal {file} does not hold: {what}{step}")]
    Case {
        /// Which.
        file: PathBuf,
        /// What is decided otherwise.
        what: String,
        /// Where the call first parts from the recorded one, in words, or nothing.
        step: String,
    },
    /// A recorded call gives no decision.
    #[error("in its rehearsal, {call}: {failed}{as_before}{step}")]
    Failed {
        /// The call, in words.
        call: String,
        /// What became of it.
        failed: String,
        /// Whether it had failed in the same way.
        as_before: &'static str,
        /// Where it first parts from the recorded one, in words, or nothing.
        step: String,
    },
    /// Recorded calls are decided otherwise, and that is not wanted.
    #[error("in its rehearsal, where plugin.rehearsal.differences is \"refuse\": {0}")]
    Different(Box<Rehearsal>),
    /// The time was over.
    #[error("its rehearsal was not over after {seconds} s (plugin.rehearsal.seconds): {left} were left")]
    Time {
        /// The time.
        seconds: u64,
        /// What was not made again.
        left: String,
    },
    /// The host ends.
    #[error("its rehearsal has ended with the host")]
    Stopping,
    /// The system gives no thread.
    #[error("there is no thread for its rehearsal: {0}")]
    Thread(#[source] std::io::Error),
    /// The host's own mistake.
    #[error("its rehearsal was broken off")]
    BrokenOff,
}
