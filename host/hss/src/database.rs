//! One way to speak to three databases: SQLite, MySQL (and MariaDB), PostgreSQL.
//!
//! ```text
//!   statement with ?  ──▶  SQLite, MySQL: as it is     PostgreSQL: $1, $2, …
//!   values            ──▶  text, numbers of 64 bits
//!   rows              ◀──  text, numbers of 64 bits
//! ```
//! In: statements that all three understand, and their values. Out: rows, or how many rows were hit. A statement that
//! is refused because it met another one is sent again. What differs between the three beyond the form of statements is
//! in `connect.rs` (who is asked), `schema.rs` (types of columns) and `sequence.rs` (counting up and reading at once).
//! What is stored is not known here.

mod connect;
mod schema;
mod sequence;

use std::fmt;

use sqlx::{AssertSqlSafe, Row as _};

use crate::bounds::MAX_RETRIES;

/// A database.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(sqlx::SqlitePool),
    MySql(sqlx::MySqlPool),
    Postgres(sqlx::PgPool),
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite: a file, or memory.
    Sqlite,
    /// MySQL or MariaDB.
    MySql,
    /// PostgreSQL.
    Postgres,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Sqlite => "SQLite",
            Dialect::MySql => "MySQL",
            Dialect::Postgres => "PostgreSQL",
        })
    }
}

/// A value of a statement. Its `Debug` does not show it.
#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// From what values are made.
impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number)
    }
}

/// A statement of a transaction.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
    /// Whether all is taken back if it hits no row.
    pub(crate) must_hit: bool,
}

/// A row.
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    MySql(sqlx::mysql::MySqlRow),
    Postgres(sqlx::postgres::PgRow),
}

impl Row {
    pub(crate) fn text(&self, column: usize) -> sqlx::Result<String> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::MySql(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn number(&self, column: usize) -> sqlx::Result<i64> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::MySql(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }
}

/// The statement with its values in place, for the database of the type that is expected.
macro_rules! prepared {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text.clone()),
                Value::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

/// All of the changes in one transaction of the pool. A macro, because the three have no type in common that a function
/// could be generic over without a page of bounds.
macro_rules! in_transaction {
    ($transaction:expr, $changes:expr, $sql:expr) => {{
        let mut transaction = $transaction;
        for change in $changes {
            let query = prepared!($sql(change.sql), &change.values);
            let hit = query.execute(&mut *transaction).await?.rows_affected();
            if change.must_hit && hit == 0 {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }};
}

impl Database {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Database::Sqlite(_) => Dialect::Sqlite,
            Database::MySql(_) => Dialect::MySql,
            Database::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The rows that a statement finds.
    pub(crate) async fn rows(&self, sql: &'static str, values: &[Value]) -> sqlx::Result<Vec<Row>> {
        Ok(match self {
            Database::Sqlite(pool) => {
                let rows = prepared!(sql, values).fetch_all(pool).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Database::MySql(pool) => {
                let rows = prepared!(sql, values).fetch_all(pool).await?;
                rows.into_iter().map(Row::MySql).collect()
            }
            Database::Postgres(pool) => {
                let rows = prepared!(numbered(sql), values).fetch_all(pool).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first of them.
    pub(crate) async fn row(&self, sql: &'static str, values: &[Value]) -> sqlx::Result<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Changes something. How many rows were hit.
    pub(crate) async fn run(&self, sql: &'static str, values: &[Value]) -> sqlx::Result<u64> {
        let mut tries = 0;
        loop {
            match self.run_once(sql, values).await {
                Err(error) if is_collision(&error) && tries < MAX_RETRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn run_once(&self, sql: &'static str, values: &[Value]) -> sqlx::Result<u64> {
        Ok(match self {
            Database::Sqlite(pool) => prepared!(sql, values).execute(pool).await?.rows_affected(),
            Database::MySql(pool) => prepared!(sql, values).execute(pool).await?.rows_affected(),
            Database::Postgres(pool) => prepared!(numbered(sql), values).execute(pool).await?.rows_affected(),
        })
    }

    /// All of the changes or none. False: one that must hit a row hit none.
    pub(crate) async fn change_all(&self, changes: &[Change]) -> sqlx::Result<bool> {
        let mut tries = 0;
        loop {
            match self.change_all_once(changes).await {
                Err(error) if is_collision(&error) && tries < MAX_RETRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn change_all_once(&self, changes: &[Change]) -> sqlx::Result<bool> {
        let as_it_is = |sql: &'static str| sql;
        match self {
            // Who is going to write says so at once: a reader that becomes a writer may find that it is too late.
            Database::Sqlite(pool) => {
                in_transaction!(pool.begin_with("BEGIN IMMEDIATE").await?, changes, as_it_is)
            }
            Database::MySql(pool) => in_transaction!(pool.begin().await?, changes, as_it_is),
            Database::Postgres(pool) => in_transaction!(pool.begin().await?, changes, numbered),
        }
    }

    /// Ends every connection.
    pub(crate) async fn close(&self) {
        match self {
            Database::Sqlite(pool) => pool.close().await,
            Database::MySql(pool) => pool.close().await,
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

/// `?` as PostgreSQL writes it. No statement of ours has one in a text.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        out.push_str(&format!("${number}{part}"));
    }
    out
}

/// Whether a statement met another one and was taken back: the same one later may succeed.
fn is_collision(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let code = error.code().unwrap_or_default();
    // A serialization failure, which is what MySQL calls a deadlock, and a deadlock of PostgreSQL.
    if code.len() == 5 {
        return matches!(&*code, "40001" | "40P01");
    }
    // SQLite's primary codes BUSY and LOCKED.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Whether a row was refused because there is one with the same key.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered() {
        assert_eq!(
            numbered("SELECT a FROM b WHERE c = ? AND d = ?"),
            "SELECT a FROM b WHERE c = $1 AND d = $2"
        );
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
