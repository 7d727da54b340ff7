//! What is rehearsed: recordings and recorded cases of one role, in files and folders.
//!
//! In: paths. Out: which files there are, how many calls of the role each has, and what is left out; then calls one by one,
//! so that a long recording is never in memory as a whole. A file that is not there, is none of these or is damaged is an
//! error; a recording whose end is cut off, as while it is written, is not.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use recording::{Call, Case, Reader};

use super::error::RehearsalError;

/// Files in all.
const MAX_FILES: usize = 1_000;
/// Bytes of all recordings together.
const MAX_RECORDINGS: u64 = 1 << 30;
/// Bytes of a recorded case.
const MAX_CASE: u64 = 1 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// How names end.
const RECORDING: &str = "rec";
const CASE: &str = "recorded";
const CASE_BY_HAND: &str = "case";

/// What there is for one role.
#[derive(Debug, Default)]
pub(super) struct Material {
    pub(super) cases: Vec<PathBuf>,
    pub(super) recordings: Vec<Recorded>,
    /// What is there and is not rehearsed, in words.
    pub(super) left_out: Vec<String>,
}

/// A recording.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) file: PathBuf,
    /// Calls of the role.
    pub(super) calls: u64,
}

impl Material {
    /// Recorded calls of the role in all files.
    pub(super) fn calls(&self) -> u64 {
        self.recordings.iter().map(|recorded| recorded.calls).sum()
    }
}

/// Looks through files and folders.
///
/// # Errors
/// [`RehearsalError`]: the first file that cannot be used, or there is nothing for this role.
pub(super) fn gather(files: &[PathBuf], role: &str) -> Result<Material, RehearsalError> {
    let mut found = Found::default();
    for file in files {
        match metadata(file)?.is_dir() {
            true => found.folder(file)?,
            false => found.file(file)?,
        }
    }
    let mut material = Material { left_out: found.left_out, ..Material::default() };
    let mut others = Others::default();
    for file in found.cases {
        match self::case(&file)?.role {
            of if of == role => material.cases.push(file),
            other => *others.cases.entry(other).or_default() += 1,
        }
    }
    let mut bytes = 0;
    for file in found.recordings {
        bytes += metadata(&file)?.len();
        if bytes > MAX_RECORDINGS {
            return Err(RehearsalError::TooLarge { file, bytes, most: MAX_RECORDINGS });
        }
        material.recording(file, role, &mut others.calls)?;
    }
    material.left_out.extend(others.words());
    if material.cases.is_empty() && material.calls() == 0 {
        let left_out = match material.left_out.is_empty() {
            true => String::new(),
            false => format!(" (left out: {})", material.left_out.join(", ")),
        };
        return Err(RehearsalError::Nothing { role: role.into(), left_out });
    }
    Ok(material)
}

impl Material {
    /// Reads all of a recording once: what is damaged is found before a call is made.
    fn recording(
        &mut self,
        file: PathBuf,
        role: &str,
        others: &mut BTreeMap<String, u64>,
    ) -> Result<(), RehearsalError> {
        let mut reader = open(&file)?;
        let mut calls = 0;
        while let Some(call) = next(&mut reader, &file)? {
            match role_of(&reader, &call) {
                of if of == role => calls += 1,
                other => *others.entry(other.to_owned()).or_default() += 1,
            }
        }
        if reader.is_torn() {
            self.left_out.push(format!("the last record of {}, which is cut off", name_of(&file)));
        }
        self.recordings.push(Recorded { file, calls });
        Ok(())
    }
}

/// What is of other roles, by role.
#[derive(Default)]
struct Others {
    cases: BTreeMap<String, u64>,
    calls: BTreeMap<String, u64>,
}

impl Others {
    fn words(self) -> impl Iterator<Item = String> {
        let words = |what: &'static str| {
            move |(role, number): (String, u64)| format!("{number} recorded {what} of the role {role}")
        };
        self.cases.into_iter().map(words("cases")).chain(self.calls.into_iter().map(words("calls")))
    }
}

/// Files by what they are.
#[derive(Default)]
struct Found {
    cases: Vec<PathBuf>,
    recordings: Vec<PathBuf>,
    left_out: Vec<String>,
}

impl Found {
    /// A file that is named is meant.
    fn file(&mut self, file: &Path) -> Result<(), RehearsalError> {
        match ending(file) {
            Some(CASE) => self.cases.push(file.to_path_buf()),
            Some(CASE_BY_HAND) => return Err(RehearsalError::OtherCase { file: file.to_path_buf() }),
            _ => self.recordings.push(file.to_path_buf()),
        }
        self.is_bounded()
    }

    /// Of a folder what is named as recordings and cases are, by name; folders in it are not looked at.
    fn folder(&mut self, folder: &Path) -> Result<(), RehearsalError> {
        let failed = |source| RehearsalError::Read { file: folder.to_path_buf(), source };
        let mut files = Vec::new();
        let mut by_hand = 0;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            match ending(&file) {
                Some(RECORDING | CASE) if file.is_file() => files.push(file),
                Some(CASE_BY_HAND) => by_hand += 1,
                _ => {}
            }
            if files.len() > MAX_FILES {
                return Err(RehearsalError::TooMany { most: MAX_FILES });
            }
        }
        if by_hand > 0 {
            let name = folder.display();
            self.left_out.push(format!("{by_hand} case files of {name}, which `strowger plugin test` runs"));
        }
        if files.is_empty() {
            self.left_out.push(format!("{}, which has no *.rec and no *.recorded", folder.display()));
        }
        files.sort();
        files.iter().try_for_each(|file| self.file(file))
    }

    fn is_bounded(&self) -> Result<(), RehearsalError> {
        match self.cases.len() + self.recordings.len() > MAX_FILES {
            true => Err(RehearsalError::TooMany { most: MAX_FILES }),
            false => Ok(()),
        }
    }
}

/// A recorded case.
///
/// # Errors
/// [`RehearsalError`]: it is none.
pub(super) fn case(file: &Path) -> Result<Case, RehearsalError> {
    let bytes = metadata(file)?.len();
    if bytes > MAX_CASE {
        return Err(RehearsalError::TooLarge { file: file.to_path_buf(), bytes, most: MAX_CASE });
    }
    let read = fs::read_to_string(file);
    let text = read.map_err(|source| RehearsalError::Read { file: file.to_path_buf(), source })?;
    Case::parse(&text).map_err(|source| RehearsalError::CaseFile { file: file.to_path_buf(), source })
}

/// A recording from its beginning.
///
/// # Errors
/// [`RehearsalError`]: it is none.
pub(super) fn open(file: &Path) -> Result<Reader<BufReader<File>>, RehearsalError> {
    let opened = File::open(file);
    let opened = opened.map_err(|source| RehearsalError::Read { file: file.to_path_buf(), source })?;
    let begun = Reader::begin(BufReader::with_capacity(BUFFER, opened));
    begun.map_err(|source| RehearsalError::Recording { file: file.to_path_buf(), source })
}

/// The next call of a recording.
///
/// # Errors
/// [`RehearsalError`]: it is damaged there.
pub(super) fn next(
    reader: &mut Reader<BufReader<File>>,
    file: &Path,
) -> Result<Option<Call>, RehearsalError> {
    reader.call().map_err(|source| RehearsalError::Recording { file: file.to_path_buf(), source })
}

/// The role whose script was asked in a call that this reader gave.
pub(super) fn role_of<'a>(reader: &'a Reader<BufReader<File>>, call: &Call) -> &'a str {
    reader.scripts().get(call.script as usize).map_or("", |script| &script.role)
}

/// A file without its folder.
pub(super) fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

fn metadata(file: &Path) -> Result<fs::Metadata, RehearsalError> {
    fs::metadata(file).map_err(|source| RehearsalError::Read { file: file.to_path_buf(), source })
}

fn ending(file: &Path) -> Option<&str> {
    file.extension()?.to_str()
}
