//! A set as it lies on the disk.
//!
//! ```text
//!   1 NUMBER OF PRIVATE IDENTITIES \n │ each of them \n │ charging addresses \n │ user data, as the HSS wrote it
//! ```
//! In: a set and its user data. Out: bytes, and back. That somebody is registered is not in it: bindings tell.

use super::{MAX_PRIVATE, Set};

/// The document of a set.
pub(super) fn write(set: &Set, user_data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(user_data.len() + 128);
    out.extend_from_slice(format!("1 {}\n", set.private_identities.len()).as_bytes());
    for line in set.private_identities().chain([&*set.charging]) {
        out.extend(line.bytes().filter(|byte| *byte != b'\n'));
        out.push(b'\n');
    }
    out.extend_from_slice(user_data);
    out
}

/// Private identities, charging addresses, user data; `None`: it is no document of this version.
pub(super) fn read(document: &[u8]) -> Option<(Vec<String>, String, &[u8])> {
    let mut rest = document;
    let mut line = || {
        let at = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..at]).ok()?;
        rest = &rest[at + 1..];
        Some(line)
    };
    let count: usize = line()?.strip_prefix("1 ")?.parse().ok()?;
    if count > MAX_PRIVATE {
        return None;
    }
    let private = (0..count).map(|_| line().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
    let charging = line()?.to_owned();
    Some((private, charging, rest))
}
