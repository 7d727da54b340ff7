//! Who changed which version gets what, and when: a file that is only added to.
//!
//! In: what was done or refused. Out: lines of JSON in `plugins.log` of the data folder, and the last of them. The file is
//! set aside as `plugins.log.1` when it is large; what cannot be written is logged, and hinders nothing. Without a data
//! folder the last ones are kept in memory.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use plugin::Identity;
use serde::{Deserialize, Serialize};

/// Bytes after which the file is set aside.
const MAX_FILE: u64 = 4 << 20;

/// Lines that are told at most.
pub const MAX_TOLD: usize = 1000;

/// One thing that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Milliseconds since 1970, by this host's clock.
    pub at_ms: u64,
    /// `rehearsed`, `checked`, `active`, `split`, `taken back`, `rolled back`, `adopted`, `ended`, `overdue`, `shadow`,
    /// `shadow ended`, `refused`,
    /// `configured`, `configuration rolled back`, `recording`, `recorded`.
    pub what: String,
    /// Who: an address that used HTTP, a file, a signal, `guardrail`, or `deadline`.
    pub who: String,
    /// The role.
    pub role: String,
    /// Which version; 0 where none came to be.
    pub number: u32,
    /// Its name and version.
    pub version: String,
    /// SHA-256 of its file, in hexadecimal; empty where it is not known.
    pub digest: String,
    /// Tenths of a percent of the subscribers that it has from now on; of the calls, for a shadow.
    pub share: u16,
    /// The step that it did not reach, of one that was refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// By which key and of which requests, where it is not a share of all subscribers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub terms: String,
    /// Why it was refused, or taken back by itself; what came of its rehearsal; how many calls it had where something was done
    /// with them; of a configuration, the keys that are other; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Deed {
    /// About no version yet.
    pub(crate) fn new(what: &str, who: &str, role: &str, at_ms: u64) -> Deed {
        Deed {
            at_ms,
            what: what.into(),
            who: who.into(),
            role: role.into(),
            number: 0,
            version: String::new(),
            digest: String::new(),
            share: 0,
            step: String::new(),
            terms: String::new(),
            why: String::new(),
        }
    }

    /// The same about this version.
    pub(crate) fn about(self, version: &Identity, share: u16) -> Deed {
        Deed {
            number: version.number,
            version: format!("{} {}", version.name, version.version),
            digest: version.digest.to_string(),
            share,
            ..self
        }
    }
}

/// Where they are kept.
#[derive(Debug)]
pub(crate) enum Audit {
    /// In a file.
    File(PathBuf),
    /// In memory.
    Memory(Mutex<VecDeque<Deed>>),
}

impl Audit {
    /// In this folder.
    pub(crate) fn in_folder(folder: Option<&Path>) -> Audit {
        match folder {
            Some(folder) => Audit::File(folder.join("plugins.log")),
            None => Audit::Memory(Mutex::default()),
        }
    }

    /// Adds one.
    pub(crate) fn note(&self, deed: &Deed) {
        match self {
            Audit::File(path) => {
                if let Err(error) = add(path, deed) {
                    tracing::error!(file = %path.display(), %error, "what was done with a plugin cannot be noted");
                }
            }
            Audit::Memory(deeds) => {
                let mut deeds = deeds.lock();
                deeds.push_back(deed.clone());
                if deeds.len() > MAX_TOLD {
                    deeds.pop_front();
                }
            }
        }
    }

    /// The last so many, the newest last. A line that cannot be read is left out.
    pub(crate) fn last(&self, most: usize) -> Vec<Deed> {
        let most = most.min(MAX_TOLD);
        let path = match self {
            Audit::File(path) => path,
            Audit::Memory(deeds) => {
                let deeds = deeds.lock();
                return deeds.iter().skip(deeds.len().saturating_sub(most)).cloned().collect();
            }
        };
        let mut last = VecDeque::new();
        for path in [aside(path), path.clone()] {
            let Ok(file) = File::open(path) else { continue };
            for line in BufReader::new(file).lines().map_while(Result::ok) {
                if let Ok(deed) = serde_json::from_str(&line) {
                    last.push_back(deed);
                }
                if last.len() > most {
                    last.pop_front();
                }
            }
        }
        last.into()
    }
}

fn add(path: &Path, deed: &Deed) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(deed)?;
    line.push(b'\n');
    if std::fs::metadata(path).is_ok_and(|file| file.len() > MAX_FILE) {
        std::fs::rename(path, aside(path))?;
    }
    OpenOptions::new().create(true).append(true).open(path)?.write_all(&line)
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(number: u32) -> Deed {
        Deed {
            at_ms: 1_790_000_000_000,
            what: "active".into(),
            who: "http 192.0.2.1:4".into(),
            role: "scscf".into(),
            number,
            version: "mine 0.1.0".into(),
            digest: "ab".into(),
            share: 1000,
            step: String::new(),
            terms: String::new(),
            why: String::new(),
        }
    }

    #[test]
    fn the_last_deeds_are_told_in_their_order_by_whoever_opens_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        (1..=5).for_each(|number| Audit::in_folder(Some(folder.path())).note(&deed(number)));
        let last = Audit::in_folder(Some(folder.path())).last(3);
        assert_eq!(last, [3, 4, 5].map(deed));
    }

    #[test]
    fn without_a_folder_they_are_told_by_who_noted_them() {
        let audit = Audit::in_folder(None);
        (1..=MAX_TOLD as u32 + 2).for_each(|number| audit.note(&deed(number)));
        assert_eq!(audit.last(1), [deed(MAX_TOLD as u32 + 2)]);
        assert_eq!(audit.last(usize::MAX)[0], deed(3));
    }

    #[test]
    fn a_large_file_is_set_aside_and_still_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins.log");
        let audit = Audit::in_folder(Some(folder.path()));
        audit.note(&deed(1));
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&vec![b'\n'; MAX_FILE as usize]).unwrap();
        audit.note(&deed(2));
        assert_eq!(audit.last(9), [deed(1), deed(2)]);
        assert!(std::fs::metadata(&path).unwrap().len() < 1000);
    }

    #[test]
    fn a_folder_that_is_gone_hinders_nothing() {
        let audit = Audit::in_folder(Some(Path::new("/nowhere/at/all")));
        audit.note(&deed(1));
        assert_eq!(audit.last(9), []);
    }
}
