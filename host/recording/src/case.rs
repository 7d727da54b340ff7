//! A recorded call as a test case of a plugin: one JSON file that is kept beside it (`strowger plugin test`).
//!
//! In: a call with its script. Out: text, and from text the same again, with what is expected of any version: the decision,
//! line by line.

use plugin::{Canonical, Exchange};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::call::{Call, Script};

/// The format that this crate writes and reads.
const FORMAT: u32 = 1;

/// One call, and what is expected to come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Which format this is.
    format: u32,
    /// Where it comes from, for a reader.
    pub about: String,
    /// The role whose grants the plugin gets.
    pub role: String,
    /// What its `init` is given.
    pub configuration: String,
    /// Linear memory of a guest, bytes.
    pub memory: u64,
    /// Time that a hook had, ms.
    pub deadline_ms: u64,
    /// The time of the call, ms since 1970-01-01 UTC.
    pub at_ms: u64,
    /// What is asked.
    pub asked: Asked,
    /// What the machine says when it is asked.
    pub exchanges: Vec<Exchange>,
    /// What is to be decided.
    pub expected: Canonical,
}

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Not the JSON of a case.
    #[error("this is no recorded case: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("the case has format {0}, this program reads format {FORMAT}")]
    Format(u32),
}

impl Case {
    /// A case that expects this decision of a call.
    #[must_use]
    pub fn of(script: &Script, call: &Call, expected: Canonical) -> Case {
        Case {
            format: FORMAT,
            about: format!("{}, recorded with {} {}", call.asked.title(), script.name, script.version),
            role: script.role.clone(),
            configuration: script.configuration.clone(),
            memory: script.memory,
            deadline_ms: script.deadline_ms,
            at_ms: call.at_ms,
            asked: call.asked.clone(),
            exchanges: call.exchanges.clone(),
            expected,
        }
    }

    /// As a file.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// From a file.
    ///
    /// # Errors
    /// [`CaseError`].
    pub fn parse(text: &str) -> Result<Case, CaseError> {
        let case: Case = serde_json::from_str(text)?;
        match case.format {
            FORMAT => Ok(case),
            other => Err(CaseError::Format(other)),
        }
    }

    /// As a recorded call with its script.
    #[must_use]
    pub fn call(self) -> (Script, Call) {
        let script = Script {
            role: self.role,
            name: String::new(),
            version: String::new(),
            digest: String::new(),
            configuration: self.configuration,
            memory: self.memory,
            deadline_ms: self.deadline_ms,
        };
        let call = Call {
            script: 0,
            at_ms: self.at_ms,
            asked: self.asked,
            exchanges: self.exchanges,
            decision: self.expected,
            cpu_us: 0,
            faithful: true,
        };
        (script, call)
    }
}
