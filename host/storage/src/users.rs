//! The subscribers: who may register, and the hashes that prove it.
//!
//! In: a file of lines, an SQLite database, or a MySQL or PostgreSQL server. Out: a user's HA1s (RFC 7616 §3.4.2), never a password: it is hashed while
//! it is read and forgotten. A set is immutable; reading the source again exchanges it as a whole, or leaves it where
//! anything in the source is wrong. Not here: checking credentials (`strowger-auth`).

mod server;
mod set;
mod sqlite;
mod tsv;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use auth::Ha1s;

use crate::place::Dialect;
use set::Set;

/// How an SQLite file begins.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why subscribers could not be read. The set that was read before stays.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line or a row is wrong.
    #[error("{}:{line}: {reason}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, or the row of an SQLite table, from 1.
        line: u64,
        /// What is wrong with it.
        reason: Wrong,
    },
    /// A row of a server's table is wrong.
    #[error("{dialect} subscriber, row {row}: {reason}")]
    Row {
        /// Which kind of server.
        dialect: Dialect,
        /// The row in the order of domain and user, from 1.
        row: u64,
        /// What is wrong with it.
        reason: Wrong,
    },
    /// The server cannot be asked.
    #[error("{dialect} database: {source}")]
    Server {
        /// Which kind; its URL may hold a password and is not shown.
        dialect: Dialect,
        /// What it said.
        source: sqlx::Error,
    },
    /// The URL is none of a server.
    #[error("must begin with mysql: or postgres:")]
    Scheme,
    /// The database cannot be read.
    #[error("{}: {source}", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
}

/// Where subscribers come from.
enum Source {
    Nowhere,
    File(PathBuf),
    Server(Dialect, String),
}

/// What can be wrong with a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Wrong {
    /// Not text.
    #[error("not UTF-8")]
    Encoding,
    /// Not four fields.
    #[error("expected user, domain, password and HA1, separated by tabs")]
    Fields,
    /// An empty user or domain.
    #[error("user and domain must not be empty")]
    Empty,
    /// A user or domain that is too long.
    #[error("user and domain must not be longer than 255 bytes")]
    TooLong,
    /// The HA1 is no hash.
    #[error("the HA1 must be 32 hexadecimal digits")]
    Ha1,
    /// Neither a password nor an HA1.
    #[error("a password or an HA1 is needed")]
    NoSecret,
    /// The same user of the same domain again.
    #[error("this user of this domain is there already")]
    Twice,
    /// More domains than a set holds.
    #[error("more than 65536 domains")]
    Domains,
    /// More users than a set holds.
    #[error("more than 4 GB of names")]
    Names,
}

/// The subscribers. Shared by all shards; looking one up takes no lock.
pub struct Users {
    source: Source,
    set: ArcSwap<Set>,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Users({})", self.len())
    }
}

impl Users {
    /// Nobody.
    pub fn none() -> Users {
        Users { source: Source::Nowhere, set: ArcSwap::default() }
    }

    /// Reads a file: an SQLite database with the table `subscriber(username, domain, password, ha1)`, or lines of user,
    /// domain, password and HA1 (MD5 of user:domain:password, 32 hexadecimal digits), separated by tabs. Password or HA1
    /// may be empty; without a password there is only MD5. Blocks; safe to be called from within an async runtime.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn open(file: &Path) -> Result<Users, UsersError> {
        let set = read(file)?;
        Ok(Users { source: Source::File(file.into()), set: ArcSwap::from_pointee(set) })
    }

    /// Asks a server, `mysql://…` or `postgres://…`, for the table `subscriber(username, domain, password, ha1)`. Blocks; safe
    /// to be called from within an async runtime.
    ///
    /// # Errors
    /// What is wrong with the URL, the server or a row.
    pub fn open_at(url: &str) -> Result<Users, UsersError> {
        let dialect = Dialect::of(url).ok_or(UsersError::Scheme)?;
        let set = server::read(dialect, url)?;
        Ok(Users { source: Source::Server(dialect, url.to_owned()), set: ArcSwap::from_pointee(set) })
    }

    /// Reads the source again. How many there are now.
    ///
    /// # Errors
    /// What is wrong with it, and where; the users are what they were.
    pub fn reload(&self) -> Result<usize, UsersError> {
        match &self.source {
            Source::Nowhere => {}
            Source::File(file) => self.set.store(Arc::new(read(file)?)),
            Source::Server(dialect, url) => self.set.store(Arc::new(server::read(*dialect, url)?)),
        }
        Ok(self.len())
    }

    /// The hashes of a user of a realm, by exact names. A user name `user@realm`, as some phones send it, is the user's
    /// too, but its HA1 is another one, so it is not found here.
    pub fn get(&self, user: &str, realm: &str) -> Option<Ha1s> {
        self.set.load().get(user, realm)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.set.load().len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn read(file: &Path) -> Result<Set, UsersError> {
    let failed = |source| UsersError::File { file: file.into(), source };
    let mut opened = std::fs::File::open(file).map_err(failed)?;
    let mut begin = Vec::new();
    (&mut opened).take(SQLITE_MAGIC.len() as u64).read_to_end(&mut begin).map_err(failed)?;
    if begin == SQLITE_MAGIC {
        return sqlite::read(file);
    }
    let rest = std::io::BufReader::new(std::io::Cursor::new(begin).chain(opened));
    tsv::read(file, rest)
}

#[cfg(test)]
#[path = "users/tests.rs"]
mod tests;
