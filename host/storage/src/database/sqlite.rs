//! The SQLite file: opened, brought to our schema, read once, appended to.
//!
//! In: rows and writes. Out: what was there; a group made durable, or an error. One connection, used by the storage
//! thread alone. Not here: grouping (`writer.rs`), what rows mean (`row.rs`), how a group is put into a query (`group.rs`).

mod group;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row as _};

use super::Group;
use crate::error::OpenError;
use crate::key_value::Stored;
use group::{Queries, Query};

/// Queries that the driver keeps prepared.
const MAX_PREPARED: usize = 64;

/// How long another process may hold the database before a group fails.
const BUSY: Duration = Duration::from_secs(2);

/// Pages of the database in memory, KiB. Appending needs few.
const CACHE_KIB: i64 = 512;

/// The log is cut to this once all of it is in the file, bytes. It is larger only while another process reads.
const MAX_IDLE_LOG: u64 = 64 << 20;

/// The schema's history: each batch leads from the version of its index to the next. Never change one that was released.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE binding (
        id INTEGER PRIMARY KEY,
        replaces INTEGER NOT NULL,
        aor TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        record TEXT
    ) STRICT;
    CREATE TABLE key_value (
        space TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        revision INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE binding_2 (id INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
    INSERT INTO binding_2 SELECT
        id,
        iif(
            record IS NULL,
            CAST(replaces AS TEXT),
            replaces || char(10) || aor || char(10) || expires_at || char(10) || record
        )
    FROM binding ORDER BY id;
    DROP TABLE binding;
    ALTER TABLE binding_2 RENAME TO binding;
",
];

const ROLLBACK: &str = "ROLLBACK";

/// The database.
pub(crate) struct Sqlite {
    runtime: tokio::runtime::Runtime,
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    file: PathBuf,
    max_pages: Option<u32>,
    queries: Queries,
}

impl Sqlite {
    /// Opens the file and brings it to our schema. `max_pages`: the database's bound in pages of 4 kB.
    pub(super) fn open(file: &Path, max_pages: Option<u32>) -> Result<Sqlite, OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("cache_size", (-CACHE_KIB).to_string())
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", MAX_IDLE_LOG.to_string())
            .statement_cache_capacity(MAX_PREPARED)
            .thread_name(|_| "strowger-sqlite".into())
            .disable_statement_logging();
        let failed = |source| OpenError::Database { file: file.into(), source };
        let connection = runtime.block_on(options.connect()).map_err(failed)?;
        let queries = Queries::default();
        let mut database = Sqlite { runtime, connection, options, file: file.into(), max_pages, queries };
        database.migrate()?;
        database.bound().map_err(failed)?;
        Ok(database)
    }

    fn bound(&mut self) -> sqlx::Result<()> {
        match self.max_pages {
            Some(pages) => self.execute(format!("PRAGMA max_page_count = {pages}")),
            None => Ok(()),
        }
    }

    fn migrate(&mut self) -> Result<(), OpenError> {
        let known = MIGRATIONS.len() as i64;
        let found = self.version().map_err(|source| self.failed(source))?;
        if found > known {
            return Err(OpenError::Newer { file: self.file.clone(), found, known });
        }
        for (version, batch) in MIGRATIONS.iter().enumerate().skip(found as usize) {
            let next = version + 1;
            let all = format!(
                "{}; {batch}; CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL) STRICT;
                 DELETE FROM schema; INSERT INTO schema VALUES ({next}); {}",
                group::BEGIN,
                group::COMMIT
            );
            let done = self.runtime.block_on(self.connection.execute(sqlx::raw_sql(AssertSqlSafe(all))));
            if let Err(source) = done {
                self.roll_back();
                return Err(self.failed(source));
            }
        }
        Ok(())
    }

    /// 0: an empty file.
    fn version(&mut self) -> sqlx::Result<i64> {
        let table = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema'";
        let is_there: i64 =
            self.runtime.block_on(sqlx::query_scalar(table).fetch_one(&mut self.connection))?;
        if is_there == 0 {
            return Ok(0);
        }
        self.runtime
            .block_on(sqlx::query_scalar("SELECT version FROM schema").fetch_one(&mut self.connection))
    }

    /// Rows that others replace, and rows that are nothing but that.
    pub(super) fn void_rows(&mut self) -> Result<Vec<u64>, OpenError> {
        // SQLite reads a number up to the line feed
        let sql =
            "SELECT id, CAST(record AS INTEGER) AS replaced, CAST(CAST(record AS INTEGER) AS TEXT) = record
                   FROM binding WHERE replaced > 0";
        let mut rows = Vec::new();
        self.each(sql, |row| {
            rows.push(row.try_get::<i64, _>(1)? as u64);
            if row.try_get::<bool, _>(2)? {
                rows.push(row.try_get::<i64, _>(0)? as u64);
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Every row, oldest first: its number and record.
    pub(super) fn rows(&mut self, mut met: impl FnMut(u64, &str)) -> Result<(), OpenError> {
        self.each("SELECT id, record FROM binding ORDER BY id", |row| {
            met(row.try_get::<i64, _>(0)? as u64, row.try_get(1)?);
            Ok(())
        })
    }

    /// Every key of every space.
    pub(super) fn keys(&mut self, mut met: impl FnMut(&str, &str, Stored)) -> Result<(), OpenError> {
        self.each("SELECT space, key, value, revision, expires_at FROM key_value", |row| {
            let stored = Stored {
                value: row.try_get::<&[u8], _>(2)?.into(),
                revision: row.try_get::<i64, _>(3)? as u64,
                expires_at_ms: row.try_get::<i64, _>(4)? as u64,
            };
            met(row.try_get(0)?, row.try_get(1)?, stored);
            Ok(())
        })
    }

    /// The highest row there is; 0: none.
    pub(super) fn last_row(&mut self) -> Result<u64, OpenError> {
        let sql = "SELECT ifnull(max(id), 0) FROM binding";
        let last: sqlx::Result<i64> =
            self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&mut self.connection));
        last.map(|last| last as u64).map_err(|source| self.failed(source))
    }

    fn each(
        &mut self,
        sql: &'static str,
        mut met: impl FnMut(&sqlx::sqlite::SqliteRow) -> sqlx::Result<()>,
    ) -> Result<(), OpenError> {
        use futures_util::TryStreamExt as _;
        let all = async {
            let mut rows = sqlx::query(sql).fetch(&mut self.connection);
            while let Some(row) = rows.try_next().await? {
                met(&row)?;
            }
            Ok(())
        };
        let done = self.runtime.block_on(all);
        done.map_err(|source| self.failed(source))
    }

    /// Makes a group durable: all of it or nothing.
    pub(super) fn write(&mut self, group: Group<'_>) -> sqlx::Result<()> {
        let Sqlite { runtime, connection, queries, .. } = self;
        let done = queries.of(group).try_for_each(|Query { sql, arguments }| {
            let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
            runtime.block_on(query.execute(&mut *connection)).map(drop)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Deletes rows, in one transaction.
    pub(super) fn delete(&mut self, rows: &[u64]) -> sqlx::Result<()> {
        let mut list = String::with_capacity(rows.len() * 8 + 2);
        for row in rows {
            list.push_str(if list.is_empty() { "[" } else { "," });
            list.push_str(&row.to_string());
        }
        list.push(']');
        let sql = "DELETE FROM binding WHERE id IN (SELECT value FROM json_each(?1))";
        self.runtime.block_on(sqlx::query(sql).bind(list).execute(&mut self.connection)).map(drop)
    }

    /// Moves what the log holds into the file, as far as nobody reads it.
    pub(super) fn checkpoint(&mut self) -> sqlx::Result<()> {
        self.execute("PRAGMA wal_checkpoint(PASSIVE)".into())
    }

    /// A new connection in the place of one that is no good any more.
    pub(super) fn reopen(&mut self) -> sqlx::Result<()> {
        self.connection = self.runtime.block_on(self.options.connect())?;
        self.bound()
    }

    /// Ends well: the log is moved into the file.
    pub(super) fn close(self) -> sqlx::Result<()> {
        self.runtime.block_on(self.connection.close())
    }

    /// Some errors have rolled back already; then there is nothing to do, which SQLite calls an error too.
    fn roll_back(&mut self) {
        let _ = self.execute(ROLLBACK.into());
    }

    fn execute(&mut self, sql: String) -> sqlx::Result<()> {
        self.runtime.block_on(self.connection.execute(AssertSqlSafe(sql))).map(drop)
    }

    fn failed(&self, source: sqlx::Error) -> OpenError {
        OpenError::Database { file: self.file.clone(), source }
    }
}
