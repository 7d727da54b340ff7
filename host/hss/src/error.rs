//! What can go wrong, by who must act.
//!
//! The peer's faults are Results in answers and not here. No message holds a key, a password or the URL of a database;
//! those of [`ManageError`] name identities, because they go to whoever wrote the subscriber down.

use crate::database::Dialect;

/// The database cannot be used. The operator acts.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that this crate knows.
    #[error("database URL: expected one of sqlite:, mysql:, mariadb:, postgres: and postgresql:")]
    Scheme,
    /// The URL cannot be read.
    #[error("database URL: not of the form that {dialect} takes")]
    Url {
        /// Which database.
        dialect: Dialect,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The database does not answer, or does not let us in.
    #[error("{dialect} cannot be reached")]
    Connect {
        /// Which database.
        dialect: Dialect,
        /// What it said.
        source: sqlx::Error,
    },
    /// Our tables cannot be made or read.
    #[error("the tables in {dialect} cannot be made or read")]
    Schema {
        /// Which database.
        dialect: Dialect,
        /// What it said.
        source: sqlx::Error,
    },
    /// A newer Strowger made the tables.
    #[error(
        "the tables are of version {found}, this host knows {known}; use a newer host or another database"
    )]
    Newer {
        /// Their version.
        found: i64,
        /// Ours.
        known: i64,
    },
}

/// The database did not do what was asked. It is answered DIAMETER_UNABLE_TO_COMPLY or, where another attempt may do,
/// DIAMETER_TOO_BUSY.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection became free in time.
    #[error("no connection to the database became free in time")]
    Overloaded,
    /// Others changed the same subscription again and again.
    #[error("the subscription changed faster than it could be read")]
    Contended,
    /// What is stored is not what this crate stores.
    #[error("a row of table {table} cannot be read")]
    Damaged {
        /// Which table.
        table: &'static str,
    },
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::PoolTimedOut => StoreError::Overloaded,
            error => StoreError::Failed(error),
        }
    }
}

/// A subscriber or a profile is wrong, by the key and the value that are. The value is left out where it is a key or a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table} {name}: {key}{}: {reason}", value.as_ref().map(|value| format!(" = {value:?}")).unwrap_or_default())]
pub struct EntryError {
    /// `subscriber` or `profile`.
    pub table: &'static str,
    /// By what it calls itself, or by its place in the document.
    pub name: String,
    /// Which key.
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// A document of subscribers cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is no TOML.
    #[error("line {line}: {reason}")]
    Syntax {
        /// From 1 on.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// A table or key at the top that means nothing here.
    #[error("{key}: expected [[subscriber]] and [[profile]]")]
    Key {
        /// Which.
        key: String,
    },
    /// More than a document may hold.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// An entry is wrong.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// A change of subscribers or profiles was not made. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// What was to be stored is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Nobody has this identity.
    #[error("{identity}: no subscriber has this identity")]
    Unknown {
        /// Which.
        identity: String,
    },
    /// The identity is another subscriber's, or the subscriber to be added is there already.
    #[error("{identity}: a subscriber has this identity already")]
    Taken {
        /// Which.
        identity: String,
    },
    /// A subscriber names a profile that is not there.
    #[error("{subscriber}: there is no profile {profile}")]
    NoProfile {
        /// Who names it.
        subscriber: String,
        /// What it names.
        profile: String,
    },
    /// A profile that is to be removed is in use.
    #[error("profile {profile}: {subscriber} uses it")]
    InUse {
        /// Which.
        profile: String,
        /// One of those who use it.
        subscriber: String,
    },
    /// Somebody else changed the same subscribers meanwhile. Another attempt may do.
    #[error("the subscribers changed in between")]
    Changed,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EntryError> for ManageError {
    fn from(error: EntryError) -> ManageError {
        ManageError::Document(error.into())
    }
}
