//! What can go wrong with the store, by who must act.

use std::path::PathBuf;

use crate::place::Dialect;

/// The store cannot be opened. The operator acts.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made or written.
    #[error("data folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error("data folder {}: another instance uses it ({holder})", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// What the holder wrote into the lock file, for instance `process 123`.
        holder: String,
    },
    /// A newer Strowger wrote it.
    #[error("{}: its schema is version {found}, this host knows {known}; use a newer host or another data folder", file.display())]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The database cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The database server cannot be reached, or its tables cannot be read, or another process uses this node's rows.
    #[error("{dialect} database: {source}")]
    Server {
        /// Which kind; its URL may hold a password and is not shown.
        dialect: Dialect,
        /// What it said.
        source: sqlx::Error,
    },
    /// No thread can be had.
    #[error("cannot start the storage thread: {0}")]
    System(#[from] std::io::Error),
}

/// A change could not be made durable. It was taken back in memory; the next one is tried anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StoreError {
    /// No room on the disk, or the database has reached its bound.
    #[error("the database or its disk is full")]
    Full,
    /// Another process holds the database.
    #[error("another process holds the database")]
    Locked,
    /// The file is damaged.
    #[error("the database is damaged")]
    Corrupt,
    /// The disk failed, or anything else that SQLite reports.
    #[error("the database could not be written")]
    Failed,
    /// More changes wait than may ([`crate::MAX_QUEUED`]).
    #[error("too many changes wait for the disk")]
    Overloaded,
    /// The bindings of this address-of-record changed in between so that this change has no room any more.
    #[error("the bindings changed in between")]
    Conflict,
    /// The database server has been gone for too long.
    #[error("the database server cannot be reached")]
    Unreachable,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The kind of an error: of SQLite by its primary result code, of a server by its SQLSTATE.
    pub(crate) fn of(error: &sqlx::Error) -> StoreError {
        let code = match error {
            sqlx::Error::Database(error) => error.code().unwrap_or_default(),
            sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => return StoreError::Closed,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Configuration(_) => return StoreError::Unreachable,
            _ => return StoreError::Failed,
        };
        if code.len() == 5 {
            return match &*code {
                "40001" | "40P01" | "55P03" => StoreError::Locked,
                "53100" => StoreError::Full,
                "XX001" | "XX002" => StoreError::Corrupt,
                "70100" => StoreError::Unreachable,
                code if code.starts_with("08") || code.starts_with("57P0") => StoreError::Unreachable,
                _ => StoreError::Failed,
            };
        }
        // https://www.sqlite.org/rescode.html: the low byte is the primary code
        match code.parse::<i32>().ok().map(|code| code & 0xff) {
            Some(5 | 6) => StoreError::Locked,
            Some(11 | 26) => StoreError::Corrupt,
            Some(13) => StoreError::Full,
            _ => StoreError::Failed,
        }
    }
}
