//! The words between CSCFs' scripts and the machine: those of `cscf`, and what only this crate needs beside them.

use crate::services::Staged;

pub use cscf::words::*;

/// A SUBSCRIBE that is taken.
pub struct Subscribed {
    /// Seconds; 0: it is over.
    pub expires: u32,
    /// The To tag of its answer.
    pub to_tag: Box<str>,
    /// The change itself.
    pub staged: Staged,
}

impl std::fmt::Debug for Subscribed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscribed").field("expires", &self.expires).finish_non_exhaustive()
    }
}
