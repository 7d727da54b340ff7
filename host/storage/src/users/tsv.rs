//! Subscribers as lines: user, domain, password, HA1, separated by tabs.
//!
//! In: lines; empty ones and those that begin with `#` are skipped. Out: a [`Set`], or the first line that is wrong.

use std::io::BufRead;
use std::path::Path;

use super::set::Set;
use super::{UsersError, Wrong};

pub(super) fn read(file: &Path, mut lines: impl BufRead) -> Result<Set, UsersError> {
    let mut set = Set::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let length = lines
            .read_until(b'\n', &mut bytes)
            .map_err(|source| UsersError::File { file: file.into(), source })?;
        if length == 0 {
            break;
        }
        add(&mut set, &bytes).map_err(|reason| UsersError::Line { file: file.into(), line, reason })?;
    }
    Ok(set.finish())
}

fn add(set: &mut Set, bytes: &[u8]) -> Result<(), Wrong> {
    let line = std::str::from_utf8(bytes).map_err(|_| Wrong::Encoding)?.trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let mut fields = line.split('\t');
    match (fields.next(), fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(user), Some(domain), Some(password), Some(ha1), None) => set.add(user, domain, password, ha1),
        _ => Err(Wrong::Fields),
    }
}
