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
    /// Another process holds the database, or what is to be changed.
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

/// A lock was waited for too long (PostgreSQL).
pub(crate) const LOCK_NOT_AVAILABLE: &str = "55P03";

/// ER_LOCK_WAIT_TIMEOUT of MySQL, whose SQLSTATE says nothing.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

/// The code of five characters that a server gives; `None`: SQLite's, or no database's.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Database(error) = error else { return None };
    error.code().map(|code| code.into_owned()).filter(|code| code.len() == 5)
}

impl StoreError {
    /// The kind of an error: of SQLite by its primary result code, of a server by its SQLSTATE. `Unreachable`: the
    /// connection is of no use any more. `Locked`: a transaction met another one, and the same again may succeed.
    pub(crate) fn of(error: &sqlx::Error) -> StoreError {
        let source = match error {
            sqlx::Error::Database(source) => source,
            sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => return StoreError::Closed,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Configuration(_) => return StoreError::Unreachable,
            _ => return StoreError::Failed,
        };
        let mysql = source.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
        if mysql.is_some_and(|mysql| mysql.number() == LOCK_WAIT_TIMEOUT) {
            return StoreError::Locked;
        }
        if let Some(code) = sqlstate(error) {
            return match &*code {
                // serialization failure, which is what MySQL calls a deadlock; deadlock of PostgreSQL
                "40001" | "40P01" | LOCK_NOT_AVAILABLE => StoreError::Locked,
                "53100" => StoreError::Full,
                "XX001" | "XX002" => StoreError::Corrupt,
                // MySQL's killed connection
                "70100" => StoreError::Unreachable,
                // connection exceptions; PostgreSQL's shutdowns and start
                code if code.starts_with("08") || code.starts_with("57P0") => StoreError::Unreachable,
                _ => StoreError::Failed,
            };
        }
        // https://www.sqlite.org/rescode.html: the low byte is the primary code
        match source.code().unwrap_or_default().parse::<i32>().ok().map(|code| code & 0xff) {
            Some(5 | 6) => StoreError::Locked,
            Some(11 | 26) => StoreError::Corrupt,
            Some(13) => StoreError::Full,
            _ => StoreError::Failed,
        }
    }
}
