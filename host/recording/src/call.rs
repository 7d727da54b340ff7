//! One recorded call of a script, and the script that it was a call of.

use plugin::{Canonical, Exchange};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;

/// A version of a script with all that its `init` needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// The role it was loaded for.
    pub role: String,
    /// The manifest's name.
    pub name: String,
    /// The manifest's version.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// What its `init` was given.
    pub configuration: String,
    /// Linear memory of a guest, bytes.
    pub memory: u64,
    /// Time that a hook had, ms.
    pub deadline_ms: u64,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which of the recording's scripts was asked, from 0.
    pub script: u32,
    /// When, ms since 1970-01-01 UTC.
    pub at_ms: u64,
    /// What.
    pub asked: Asked,
    /// What it asked the machine and was told, in order.
    pub exchanges: Vec<Exchange>,
    /// What it decided.
    pub decision: Canonical,
    /// How long it had the thread, µs.
    pub cpu_us: u64,
    /// Made again from this recording when it was written, it decided the same as for the world. Else the script looked at
    /// what was taken out, or at something that is in no recording; the decision is then that of the recording.
    pub faithful: bool,
}

/// What a listing says about a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its number in the recording, from 1.
    pub number: usize,
    /// What was asked.
    pub title: String,
    /// The Call-ID, if there is one.
    pub call_id: Option<String>,
}

impl Call {
    /// What a listing says about it.
    #[must_use]
    pub fn summary(&self, number: usize) -> Summary {
        Summary { number, title: self.asked.title(), call_id: self.asked.call_id() }
    }
}
