//! The private identities with which a set is registered (TS 23.228 §4.3.3.4): several devices may share its public ones.
//!
//! ```text
//!   i sip:alice@ims.test    ▶ alice@ims.test, alice.tablet@ims.test: a line each
//! ```
//! In: who registers; that nothing is registered any more. Out: one SAR for each of them at the end, for the HSS counts
//! them one by one (TS 29.228 §6.1.2.1). When that is, is `registration.rs`'s and `deregistration.rs`'s.

use strowger_sdk::ims::{Assignment, CxFailure};
use strowger_sdk::prelude::*;
use strowger_sdk::text;

/// Private identities of one set; whoever comes after them is not remembered.
const MAX_DEVICES: usize = 16;

/// Bytes of a key of the table.
const MAX_KEY: usize = 250;

/// How long a row lasts, ms: longer than any registration, and renewed with each.
const ROW_MS: u64 = 2_000_000_000;

/// One of them registers.
pub(crate) fn note(set: &str, private: &str, host: &impl Host) {
    let row = row(set);
    let mut devices = devices(&row, host);
    if !devices.iter().any(|own| own == private) && devices.len() < MAX_DEVICES {
        devices.push(private.to_owned());
    }
    let _ = host.put(&row, devices.join("\n").as_bytes(), ROW_MS, None);
}

/// The last contact is gone: the HSS is told for all of them, for this one first, whose answer counts.
pub(crate) fn end(
    set: &str,
    public: &str,
    private: &str,
    kind: Assignment,
    host: &impl Host,
) -> Result<(), CxFailure> {
    let row = row(set);
    let others = devices(&row, host);
    host.delete(&row);
    let ended = host.assign(public, private, kind).map(drop);
    for other in others.iter().filter(|other| *other != private) {
        let _ = host.assign(public, other, kind);
    }
    ended
}

/// The HSS itself has ended it.
pub(crate) fn forget(set: &str, host: &impl Host) {
    host.delete(&row(set));
}

fn devices(row: &str, host: &impl Host) -> Vec<String> {
    let value = host.get(row).map(|entry| entry.value).unwrap_or_default();
    text(&value).lines().map(str::to_owned).collect()
}

fn row(set: &str) -> String {
    let mut row = ["i ", set].concat();
    row.truncate(row.floor_char_boundary(MAX_KEY));
    row
}
