//! From a URL to a database that has our tables.
//!
//! ```text
//!   sqlite:///var/lib/strowger/hss.db   sqlite::memory:
//!   mysql://user:password@host/database      mariadb://… is the same
//!   postgres://user:password@host/database   postgresql://… is the same
//! ```
//! In: the URL and the settings. Out: a [`Database`], or an [`OpenError`] that does not show the URL. SQLite's file is
//! made where there is none; the databases of the others must be there.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Database, Dialect};
use crate::error::OpenError;

/// How long another process may hold SQLite's file before a statement fails.
const BUSY: Duration = Duration::from_secs(5);

impl Dialect {
    fn of(url: &str) -> Result<Dialect, OpenError> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Ok(Dialect::Sqlite),
            "mysql" | "mariadb" => Ok(Dialect::MySql),
            "postgres" | "postgresql" => Ok(Dialect::Postgres),
            _ => Err(OpenError::Scheme),
        }
    }
}

impl Database {
    /// Connects and brings the tables up to date.
    pub(crate) async fn open(url: &str, connections: u32, patience: Duration) -> Result<Database, OpenError> {
        let dialect = Dialect::of(url)?;
        let database = match dialect {
            Dialect::Sqlite => {
                let is_in_memory = url.contains(":memory:") || url.contains("mode=memory");
                sqlite(options(url, dialect)?, is_in_memory, connections, patience).await
            }
            Dialect::MySql => {
                let options: MySqlConnectOptions = options(url, dialect)?;
                let pool = MySqlPoolOptions::new().max_connections(connections).acquire_timeout(patience);
                pool.connect_with(options.disable_statement_logging()).await.map(Database::MySql)
            }
            Dialect::Postgres => {
                let options: PgConnectOptions = options(url, dialect)?;
                let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(patience);
                pool.connect_with(options.disable_statement_logging()).await.map(Database::Postgres)
            }
        };
        let database = database.map_err(|source| OpenError::Connect { dialect, source })?;
        database.migrate().await?;
        Ok(database)
    }
}

fn options<T: FromStr<Err = sqlx::Error>>(url: &str, dialect: Dialect) -> Result<T, OpenError> {
    url.parse().map_err(|source| OpenError::Url { dialect, source })
}

/// A sequence number that was handed out must not come again after a power failure, so every commit is on the disk
/// before anybody hears of it. In memory there is one connection, because the memory is the connection's own.
async fn sqlite(
    options: SqliteConnectOptions,
    is_in_memory: bool,
    connections: u32,
    patience: Duration,
) -> sqlx::Result<Database> {
    let options = options.create_if_missing(true).busy_timeout(BUSY).disable_statement_logging();
    // A connection to a file does not die by itself: there is nothing to test.
    let pool = SqlitePoolOptions::new().acquire_timeout(patience).test_before_acquire(false);
    if is_in_memory {
        let pool = pool.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
        return pool.connect_with(options).await.map(Database::Sqlite);
    }
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    pool.max_connections(connections).connect_with(options).await.map(Database::Sqlite)
}
