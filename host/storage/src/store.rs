//! The store as a whole: opened, shared, closed.
//!
//! In: a data folder and [`Options`]. Out: [`Registrations`] and [`KeyValue`], loaded, with a thread behind them that
//! makes changes durable. Not here: users, who are only read (`users.rs`).

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::core::Core;
use crate::database::Database;
use crate::documents::Documents;
use crate::error::OpenError;
use crate::folder::Folder;
use crate::key_value::KeyValue;
use crate::place::Place;
use crate::queue::Queue;
use crate::registrations::Registrations;
use crate::writer::{Counters, Writer};

/// How a store is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long the first change of a group waits for others, where changes come thick; then comes one commit, 1 to 10
    /// ms. A change that comes alone does not wait. A longer window costs less CPU time per change (see `writer.rs`); 0 to 1 s.
    pub window: Duration,
    /// Rows at which a group is due before its window is over; from 1.
    pub max_rows: usize,
    /// Bindings in all; more are refused with [`crate::Refusal::Unavailable`].
    pub max_bindings: usize,
    /// The database's bound in pages of 4 kB; `None`: the disk's.
    pub max_pages: Option<u32>,
    /// How long changes wait for a database server that has gone, before they fail: less than the 32 s that a phone waits
    /// for an answer (RFC 3261 §17.1.2.2, Timer F).
    pub outage: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            window: Duration::from_millis(100),
            max_rows: 512,
            max_bindings: 10_000_000,
            max_pages: None,
            outage: Duration::from_secs(20),
        }
    }
}

/// Registrations and key-value tables. Dropping it writes what waits and ends the thread.
pub struct Store {
    registrations: Arc<Registrations>,
    key_value: Arc<KeyValue>,
    documents: Arc<Documents>,
    counters: Arc<Counters>,
    core: Arc<Core>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("registrations", &self.registrations).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the data folder, makes it where it is not, and loads all of it. Blocks until that is done; safe to be
    /// called from within an async runtime's thread.
    ///
    /// # Errors
    /// The folder is in use, cannot be written, or holds a database that cannot be read or is newer than this host.
    pub fn open(folder: &Path, options: &Options) -> Result<Store, OpenError> {
        let folder = Folder::take(folder)?;
        let place = Place::File(folder.database());
        Store::start(place, vec![folder], options)
    }

    /// The same with a database that is elsewhere. The data folder is taken too, if there is one, and so is the folder of a
    /// file.
    ///
    /// # Errors
    /// As of [`Store::open`]; or the server cannot be reached, or another process uses the rows of this node.
    pub fn open_at(place: Place, folder: Option<&Path>, options: &Options) -> Result<Store, OpenError> {
        let mut folders: Vec<Folder> = folder.map(Folder::take).transpose()?.into_iter().collect();
        if let Place::File(file) = &place {
            let of_file = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            let of_file = of_file.unwrap_or(Path::new("."));
            if !folders.iter().any(|folder| folder.is(of_file)) {
                folders.push(Folder::take(of_file)?);
            }
        }
        Store::start(place, folders, options)
    }

    /// Starts the thread that opens the database. `folders`: what is held as long.
    fn start(place: Place, folders: Vec<Folder>, options: &Options) -> Result<Store, OpenError> {
        let mut store = Store::new(false, options);
        let (core, key_value) = (Arc::clone(&store.core), Arc::clone(&store.key_value));
        let documents = Arc::clone(&store.documents);
        let (counters, options) = (Arc::clone(&store.counters), *options);
        let (report, opened) = mpsc::sync_channel(1);
        let thread = Builder::new().name("strowger-storage".into()).spawn(move || {
            let writer = Database::open(&place, &options).and_then(|database| {
                let mut writer = Writer::new(core, database, counters, options.window);
                writer.load(&key_value, &documents, wall_clock_ms())?;
                Ok(writer)
            });
            match writer {
                Ok(writer) => {
                    let _ = report.send(Ok(()));
                    writer.run();
                }
                Err(error) => {
                    let _ = report.send(Err(error));
                }
            }
            // until here the folders are ours
            drop(folders);
        })?;
        store.thread = Some(thread);
        match opened.recv() {
            Ok(Ok(())) => Ok(store),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(OpenError::System(std::io::Error::other("it ended at once"))),
        }
    }

    /// A store that forgets everything when it is dropped. A change counts as durable when it is made.
    pub fn in_memory(options: &Options) -> Store {
        Store::new(true, options)
    }

    fn new(in_memory: bool, options: &Options) -> Store {
        let core = Arc::new(Core::new(Queue::new(in_memory, options.max_rows)));
        Store {
            registrations: Arc::new(Registrations::new(Arc::clone(&core), options.max_bindings)),
            key_value: Arc::new(KeyValue::new(Arc::clone(&core))),
            documents: Arc::new(Documents::new(Arc::clone(&core))),
            counters: Arc::default(),
            core,
            thread: None,
        }
    }

    /// The registrations.
    pub fn registrations(&self) -> &Arc<Registrations> {
        &self.registrations
    }

    /// The scripts' tables.
    pub fn key_value(&self) -> &Arc<KeyValue> {
        &self.key_value
    }

    /// What the host keeps beside.
    pub fn documents(&self) -> &Arc<Documents> {
        &self.documents
    }

    /// What the storage thread has done.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Writes what waits and ends the thread. Changes after this are refused.
    pub fn close(&mut self) {
        self.core.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the storage thread panicked");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// Only for what is read at the start: later, time is an argument.
fn wall_clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
