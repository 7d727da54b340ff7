//! Our tables, by version.
//!
//! In: a database. Out: one that has the tables of this version, or an [`OpenError`]. Several processes may come at
//! once: one makes the tables and the others wait. Keys are texts of at most
//! [`MAX_IDENTITY`](crate::bounds::MAX_IDENTITY) bytes, because MySQL wants to know; every lookup is by primary key.

use sqlx::{AssertSqlSafe, Executor, Row as _};

use super::{Database, Dialect};
use crate::error::OpenError;

/// The history: each list leads from the version of its index to the next. Never change one that was released. What
/// stands in braces is replaced by [`adapted`]. MySQL commits each statement by itself, so each must bear to be run
/// twice.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE IF NOT EXISTS hss_subscription (
        name {key} NOT NULL PRIMARY KEY,
        document {text} NOT NULL,
        state {text} NOT NULL,
        server {text} NOT NULL,
        revision {number} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS hss_private (
        identity {key} NOT NULL PRIMARY KEY,
        subscription {key} NOT NULL,
        credentials {text} NOT NULL,
        sqn {number} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS hss_public (
        identity {key} NOT NULL PRIMARY KEY,
        subscription {key} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS hss_wildcard (
        identity {key} NOT NULL PRIMARY KEY,
        beginning {key} NOT NULL,
        subscription {key} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS hss_profile (
        name {key} NOT NULL PRIMARY KEY,
        document {text} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS hss_profile_use (
        subscription {key} NOT NULL,
        profile {key} NOT NULL,
        PRIMARY KEY (subscription, profile)
    ){table}",
]];

/// What names the lock under which tables are made; any number that nobody else takes.
const LOCK: &str = "7374726f77676572";

/// How long to wait for it on MySQL, s.
const LOCK_S: u32 = 60;

/// Why it could not be had.
const IN_USE: &str = "another process has been making the tables for too long";

/// A statement in the words of a database.
fn adapted(sql: &str, dialect: Dialect) -> String {
    let (key, text, number, table) = match dialect {
        Dialect::Sqlite => ("TEXT", "TEXT", "INTEGER", " STRICT"),
        Dialect::MySql => (
            "VARCHAR(255)",
            "MEDIUMTEXT",
            "BIGINT",
            " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        // Bytes decide, not the order of a language.
        Dialect::Postgres => ("TEXT COLLATE \"C\"", "TEXT", "BIGINT", ""),
    };
    sql.replace("{key}", key).replace("{text}", text).replace("{number}", number).replace("{table}", table)
}

/// Before and after the work: what makes others wait.
fn locks(dialect: Dialect) -> (Option<String>, Option<String>) {
    match dialect {
        // BEGIN IMMEDIATE has done it.
        Dialect::Sqlite => (None, None),
        Dialect::MySql => {
            let take = format!("SELECT CAST(GET_LOCK('{LOCK}', {LOCK_S}) AS SIGNED)");
            (Some(take), Some(format!("SELECT RELEASE_LOCK('{LOCK}')")))
        }
        // Until the end of the transaction.
        Dialect::Postgres => (Some(format!("SELECT pg_advisory_xact_lock(x'{LOCK}'::bigint)")), None),
    }
}

/// One connection: version, statements, version.
macro_rules! migrated {
    ($transaction:expr, $dialect:expr) => {{
        let mut transaction = $transaction;
        let (before, after) = locks($dialect);
        if let Some(before) = before {
            let row = transaction.fetch_one(AssertSqlSafe(before)).await?;
            // PostgreSQL says nothing, and has it.
            if $dialect == Dialect::MySql && row.try_get::<Option<i64>, _>(0)? != Some(1) {
                return Err(sqlx::Error::Configuration(IN_USE.into()));
            }
        }
        let table =
            adapted("CREATE TABLE IF NOT EXISTS hss_schema (version {number} NOT NULL){table}", $dialect);
        transaction.execute(AssertSqlSafe(table)).await?;
        let row = transaction.fetch_optional("SELECT version FROM hss_schema").await?;
        let found: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        let missing = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..));
        if let Some(missing) = missing {
            for sql in missing.iter().flat_map(|batch| batch.iter()) {
                transaction.execute(AssertSqlSafe(adapted(sql, $dialect))).await?;
            }
            if !missing.is_empty() {
                let version = MIGRATIONS.len();
                transaction.execute("DELETE FROM hss_schema").await?;
                let stored = format!("INSERT INTO hss_schema (version) VALUES ({version})");
                transaction.execute(AssertSqlSafe(stored)).await?;
            }
        }
        if let Some(after) = after {
            transaction.execute(AssertSqlSafe(after)).await?;
        }
        transaction.commit().await?;
        Ok(found)
    }};
}

impl Database {
    /// Brings the tables up to date.
    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        let dialect = self.dialect();
        let known = MIGRATIONS.len() as i64;
        match self.migrated().await {
            Ok(found) if found > known => Err(OpenError::Newer { found, known }),
            Ok(_) => Ok(()),
            Err(source) => Err(OpenError::Schema { dialect, source }),
        }
    }

    /// The version that was found; 0: none.
    async fn migrated(&self) -> sqlx::Result<i64> {
        match self {
            Database::Sqlite(pool) => {
                migrated!(pool.begin_with("BEGIN IMMEDIATE").await?, Dialect::Sqlite)
            }
            Database::MySql(pool) => migrated!(pool.begin().await?, Dialect::MySql),
            Database::Postgres(pool) => migrated!(pool.begin().await?, Dialect::Postgres),
        }
    }
}
