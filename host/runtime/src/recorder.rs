//! Recordings of a running host: whose calls of scripts are written down, where, and how far.
//!
//! ```text
//!  shard ─ wants? ─▶ call with a tape ─ heard ─▶ queue (bounded: dropped, counted) ─▶ thread: `recorder/writing.rs` ─▶ file
//! ```
//! In: commands, and calls of scripts. Out: one file at a time in the folder of recordings, and how it stands. Without a
//! recording there is no listener and no thread. What is in the file is for the crate `recording`.

mod counts;
mod wanted;
mod writing;

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use plugin::{Ask, Plugin};
use recording::{Identities, Scribe, Writer};
use serde::Serialize;

use crate::audience::{Heard, Listener};
use crate::clock::wall_ms;
use crate::config::Config;
use crate::control::{Handle, Shared};
use crate::error::StartError;
use crate::ims::Ims;
use crate::{secrets, subscriber};
pub(crate) use counts::Figures;
use counts::{Counts, Totals};
pub use wanted::{Wanted, WantedError};
use writing::{Told, Writing};

/// Calls that wait to be written; more are dropped, and counted.
const QUEUE: usize = 1024;
/// Room that must be left in the folder for a recording to begin, bytes.
const LEAST_ROOM: u64 = 64 << 10;
/// Characters of a file's name.
const MAX_NAME: usize = 100;
/// How names of recordings end.
const ENDING: &str = ".rec";

/// Why nothing is recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// This host runs another role.
    #[error("this host has no role {role}; it runs {runs}")]
    UnknownRole {
        /// The role asked for.
        role: String,
        /// The role there is.
        runs: String,
    },
    /// One at a time.
    #[error("there is a recording already, into {0}: stop it first")]
    Running(String),
    /// There is none.
    #[error("there is no recording")]
    None,
    /// No folder to write to.
    #[error("there is no folder for recordings: give record.folder or node.data")]
    NoFolder,
    /// Not a name of a file in the folder.
    #[error(
        "{0:?} is no name for a recording: letters, digits, '.', '-' and '_', and it goes into the host's folder"
    )]
    Name(String),
    /// The files in the folder have all the room.
    #[error("the recordings in {folder} have {bytes} bytes already; record.bytes is how many they may have")]
    Full {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        bytes: u64,
    },
    /// The file cannot be made.
    #[error("{file}: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no thread.
    #[error("the system refuses a thread: {0}")]
    Thread(std::io::Error),
}

/// How a recording stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordingStatus {
    /// The role whose calls are recorded.
    pub role: String,
    /// Whose calls: `errors`, `all`, a share, an identity.
    pub what: String,
    /// The file.
    pub file: PathBuf,
    /// Identities stay as they are.
    pub clear: bool,
    /// Whether it goes on.
    pub running: bool,
    /// Calls in the file.
    pub calls: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Calls that decided something else without their identities, or when made again.
    pub unfaithful: u64,
    /// Calls that were not written because more came than can be.
    pub dropped: u64,
    /// Calls that were not written for what is in them.
    pub withheld: u64,
    /// Why it ended by itself.
    pub ended: Option<String>,
}

/// The recording of a host.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    place: Mutex<Option<Running>>,
    totals: Totals,
}

impl Recordings {
    /// What all recordings since the start have together.
    pub(crate) fn figures(&self) -> Figures {
        self.totals.figures()
    }
}

struct Running {
    wanted: Wanted,
    file: PathBuf,
    clear: bool,
    counts: Arc<Counts>,
    listener: Arc<dyn Listener>,
    queue: SyncSender<Told>,
    /// None: it was stopped.
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Hands calls to the thread that writes.
struct Recorder {
    wanted: Wanted,
    queue: SyncSender<Told>,
    counts: Arc<Counts>,
    ims: Option<Arc<Ims>>,
    is_callers_edge: bool,
}

impl Listener for Recorder {
    fn wants(&self, _: &Plugin, ask: &Ask) -> bool {
        !self.counts.is_over.load(Relaxed) && self.wanted.has(ask, self.is_callers_edge, self.ims.as_deref())
    }

    fn heard(&self, call: &Arc<Heard>) {
        let is_over = self.counts.is_over.load(Relaxed);
        if !is_over && self.queue.try_send(Told::Heard(Arc::clone(call))).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }
}

/// Where recordings go, and how far: `[record]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    /// None: nothing can be recorded.
    pub(crate) path: Option<PathBuf>,
    /// Bytes that all recordings in it may have.
    pub(crate) bytes: u64,
}

/// Where a host's recordings go.
pub(crate) fn folder(config: &Config) -> Folder {
    let in_data = || config.node.data.as_ref().map(|data| data.join("recordings"));
    Folder { path: config.record.folder.clone().or_else(in_data), bytes: config.record.bytes }
}

/// Begins the recording that the configuration wants from the start.
pub(crate) fn at_start(shared: &Shared, config: &Config) -> Result<(), StartError> {
    let Some(wanted) = &config.record.at_start else { return Ok(()) };
    let wrong =
        |why: &dyn std::fmt::Display| StartError::Record { value: wanted.clone(), reason: why.to_string() };
    let wanted = wanted.parse::<Wanted>().map_err(|error| wrong(&error))?;
    let name = format!("{}-{}", config.node.role, wall_ms());
    let started = shared.record(wanted, &name, config.record.clear, "start");
    started.map(drop).map_err(|error| wrong(&error))
}

impl Handle {
    /// Begins to record calls of scripts into a new file of the folder of recordings. Blocking.
    ///
    /// # Errors
    /// [`RecordError`]; nothing is recorded then.
    pub fn record(
        &self,
        role: &str,
        wanted: Wanted,
        file: &str,
        clear: bool,
        who: &str,
    ) -> Result<RecordingStatus, RecordError> {
        self.shared.is_recorded_role(role)?;
        self.shared.record(wanted, file, clear, who)
    }

    /// Ends the recording; what was heard is in the file then. Blocking.
    ///
    /// # Errors
    /// [`RecordError::None`], or it is another role's.
    pub fn stop_recording(&self, role: &str, who: &str) -> Result<RecordingStatus, RecordError> {
        self.shared.is_recorded_role(role)?;
        let stopped = self.shared.stop_recording().ok_or(RecordError::None)?;
        let why = format!("{} calls in {}", stopped.calls, stopped.file.display());
        self.shared.note_recording("recorded", who, why);
        Ok(stopped)
    }

    /// How the recording stands, or the last one did.
    ///
    /// # Errors
    /// [`RecordError::None`], or it is another role's.
    pub fn recording(&self, role: &str) -> Result<RecordingStatus, RecordError> {
        self.shared.is_recorded_role(role)?;
        let running = self.shared.recordings.place.lock();
        running.as_ref().map(|running| running.status(role)).ok_or(RecordError::None)
    }
}

impl Shared {
    fn is_recorded_role(&self, role: &str) -> Result<(), RecordError> {
        let runs = self.active.role().name();
        match role == runs {
            true => Ok(()),
            false => Err(RecordError::UnknownRole { role: role.into(), runs: runs.into() }),
        }
    }

    /// As [`Handle::record`].
    pub(crate) fn record(
        &self,
        wanted: Wanted,
        name: &str,
        clear: bool,
        who: &str,
    ) -> Result<RecordingStatus, RecordError> {
        let role = self.active.role().name();
        let mut place = self.recordings.place.lock();
        if let Some(running) = place.as_ref().filter(|running| running.is_running()) {
            return Err(RecordError::Running(running.file.display().to_string()));
        }
        // One that ended by itself is put away.
        if let Some(before) = place.take() {
            self.audience.remove(&before.listener);
        }
        let (file, room) = self.recording_folder.room_for(name)?;
        let failed = |source| RecordError::File { file: file.clone(), source };
        let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(failed)?;
        let writer = Writer::begin(out, clear).map_err(failed)?;
        let identities = (!clear).then(|| self.identities());
        let counts = Arc::new(Counts::default());
        counts.bytes.store(writer.written(), Relaxed);
        let (queue, told) = sync_channel(QUEUE);
        let writing = Writing::new(Scribe::new(identities), writer, room, &wanted, Arc::clone(&counts));
        let thread = std::thread::Builder::new()
            .name("strowger-record".into())
            .spawn(move || writing.run(&told))
            .map_err(RecordError::Thread)?;
        let listener: Arc<dyn Listener> = Arc::new(Recorder {
            wanted: wanted.clone(),
            queue: queue.clone(),
            counts: Arc::clone(&counts),
            ims: self.ims.clone(),
            is_callers_edge: subscriber::is_callers_edge(role),
        });
        self.audience.add(Arc::clone(&listener));
        self.recordings.totals.begin(&counts);
        let clear_or_not = if clear { ", identities as they are" } else { "" };
        let why = format!("{} into {}{clear_or_not}", wanted.kind(), file.display());
        self.note_recording("recording", who, why);
        let running = Running { wanted, file, clear, counts, listener, queue, thread: Some(thread) };
        let status = running.status(role);
        *place = Some(running);
        Ok(status)
    }

    /// Nobody is known yet but this host itself.
    fn identities(&self) -> Identities {
        let mut identities = Identities::new(secrets::fresh());
        for (_, address) in &self.listeners {
            identities.network_address(address.ip());
        }
        identities
    }

    /// Ends the recording, if there is one that goes on.
    pub(crate) fn stop_recording(&self) -> Option<RecordingStatus> {
        let mut place = self.recordings.place.lock();
        let running = place.as_mut()?;
        let thread = running.thread.take()?;
        self.audience.remove(&running.listener);
        let _ = running.queue.send(Told::Stop);
        let _ = thread.join();
        running.counts.is_over.store(true, Relaxed);
        Some(running.status(self.active.role().name()))
    }
}

impl Running {
    fn is_running(&self) -> bool {
        !self.counts.is_over.load(Relaxed)
    }

    fn status(&self, role: &str) -> RecordingStatus {
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        RecordingStatus {
            role: role.to_owned(),
            what: self.wanted.to_string(),
            file: self.file.clone(),
            clear: self.clear,
            running: self.is_running(),
            calls: count(&self.counts.calls),
            bytes: count(&self.counts.bytes),
            unfaithful: count(&self.counts.unfaithful),
            dropped: count(&self.counts.dropped),
            withheld: count(&self.counts.withheld),
            ended: self.counts.ended.lock().clone(),
        }
    }
}

impl Folder {
    /// The path of a new recording, and how many bytes it may have.
    fn room_for(&self, name: &str) -> Result<(PathBuf, u64), RecordError> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_name =
            (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_part) && !name.starts_with('.');
        if !is_name {
            return Err(RecordError::Name(name.to_owned()));
        }
        let folder = self.path.as_deref().ok_or(RecordError::NoFolder)?;
        let failed = |source| RecordError::File { file: folder.to_path_buf(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let bytes = used(folder).map_err(failed)?;
        let room = self.bytes.saturating_sub(bytes);
        if room < LEAST_ROOM {
            return Err(RecordError::Full { folder: folder.to_path_buf(), bytes });
        }
        let name = format!("{}{ENDING}", name.strip_suffix(ENDING).unwrap_or(name));
        Ok((folder.join(name), room))
    }
}

/// Bytes of the recordings in a folder.
fn used(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(ENDING) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_goes_into_the_folder_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recordings");
        let place = Folder { path: Some(path.clone()), bytes: 1 << 20 };
        for name in ["", "../x", "a/b", ".hidden", "a b", "/etc/x", &"x".repeat(101)] {
            assert!(matches!(place.room_for(name), Err(RecordError::Name(_))), "{name}");
        }
        assert_eq!(place.room_for("calls").unwrap(), (path.join("calls.rec"), 1 << 20));
        assert_eq!(place.room_for("calls.rec").unwrap().0, path.join("calls.rec"));
        assert!(matches!(Folder::default().room_for("calls"), Err(RecordError::NoFolder)));
    }

    #[test]
    fn all_recordings_together_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let place = Folder { path: Some(folder.path().to_path_buf()), bytes: 1 << 20 };
        fs::write(folder.path().join("old.rec"), vec![0; 1000]).unwrap();
        assert_eq!(place.room_for("new").unwrap().1, (1 << 20) - 1000);
        fs::write(folder.path().join("older.rec"), vec![0; 1 << 20]).unwrap();
        assert!(matches!(place.room_for("new"), Err(RecordError::Full { .. })));
    }
}
