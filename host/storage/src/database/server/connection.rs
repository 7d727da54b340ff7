//! One connection to a MySQL or PostgreSQL server, with the lock of the node whose rows are written by it.
//!
//! In: statements with `?` in the places of values. Out: rows, or an error in bounded time. The lock is the server's and
//! ends with the connection, so that a killed process leaves none behind, and no second process writes the same node's
//! rows. Not here: what is stored (`server.rs`).

use std::fmt::Write as _;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor, Row as _};

use crate::error::{LOCK_NOT_AVAILABLE, StoreError, sqlstate};
use crate::place::{Dialect, Server as Place};

/// How long a statement, or a new connection, may take. A server that says nothing for so long counts as gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for the node's lock, s: a server notices the end of a killed process a moment later. Less than
/// [`PATIENCE`].
const LOCK_S: u32 = 4;

/// What makes others wait. Both are of one database, also on MySQL, whose locks are the whole server's.
#[derive(Clone, Copy)]
pub(super) enum Lock<'a> {
    /// The rows of this node are ours, until the connection ends.
    Node(&'a str),
    /// The tables are being made: until [`Connection::unlock_tables`], and on PostgreSQL until the transaction ends.
    Tables,
}

/// What names the lock under which tables are made; any number that nobody else takes.
const TABLES: u64 = 0x7374_6f72_6167_6531;

impl Lock<'_> {
    /// Why it cannot be had.
    const fn in_use(self) -> &'static str {
        match self {
            Lock::Node(_) => "another process uses the rows of this node",
            Lock::Tables => "another process has been making the tables for too long",
        }
    }
}

/// An open connection, with the node's lock.
pub(super) enum Connection {
    MySql(MySqlConnection),
    Postgres(PgConnection),
}

/// How to connect.
pub(super) enum Options {
    MySql(Box<MySqlConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// A value of a statement.
pub(super) enum Value<'a> {
    Bytes(&'a [u8]),
    Number(i64),
}

/// A row of an answer.
pub(super) enum Answer {
    MySql(MySqlRow),
    Postgres(PgRow),
}

impl Answer {
    pub(super) fn bytes(&self, column: usize) -> sqlx::Result<Vec<u8>> {
        match self {
            Answer::MySql(row) => row.try_get(column),
            Answer::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn number(&self, column: usize) -> sqlx::Result<i64> {
        match self {
            Answer::MySql(row) => row.try_get(column),
            Answer::Postgres(row) => row.try_get(column),
        }
    }
}

/// The statement with its values in place, for whichever server. A macro, because the two have no type in common that a
/// function could be generic over without a page of bounds.
macro_rules! prepared {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            query = match value {
                Value::Bytes(bytes) => query.bind(bytes.to_vec()),
                Value::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

impl Options {
    pub(super) fn of(place: &Place) -> sqlx::Result<Options> {
        Ok(match place.dialect {
            Dialect::MySql => {
                let options: MySqlConnectOptions = place.url.parse()?;
                Options::MySql(Box::new(options.disable_statement_logging()))
            }
            Dialect::Postgres => {
                let options: PgConnectOptions = place.url.parse()?;
                Options::Postgres(Box::new(options.disable_statement_logging()))
            }
        })
    }
}

impl Connection {
    /// Connects, and takes the node's lock.
    pub(super) async fn open(options: &Options, node: &str) -> sqlx::Result<Connection> {
        let mut connection = in_time(async {
            Ok(match options {
                Options::MySql(options) => Connection::MySql(options.connect().await?),
                Options::Postgres(options) => Connection::Postgres(options.connect().await?),
            })
        })
        .await?;
        // How long is waited holds for this transaction; the lock outlives it.
        connection.plain("BEGIN").await?;
        connection.lock(Lock::Node(node)).await?;
        connection.plain("COMMIT").await?;
        Ok(connection)
    }

    /// Takes a lock, inside of a transaction.
    pub(super) async fn lock(&mut self, lock: Lock<'_>) -> sqlx::Result<()> {
        match in_time(self.try_to_lock(lock)).await? {
            true => Ok(()),
            false => Err(sqlx::Error::Configuration(lock.in_use().into())),
        }
    }

    async fn try_to_lock(&mut self, lock: Lock<'_>) -> sqlx::Result<bool> {
        match self {
            Connection::MySql(connection) => {
                let taken: Option<i64> = match lock {
                    Lock::Node(node) => {
                        // The names of locks have 64 bytes at most.
                        let name = "MD5(CONCAT('strowger ', DATABASE(), ' ', ?))";
                        let sql = format!("SELECT CAST(GET_LOCK({name}, {LOCK_S}) AS SIGNED)");
                        sqlx::query_scalar(AssertSqlSafe(sql)).bind(node).fetch_one(connection).await?
                    }
                    Lock::Tables => {
                        let sql = format!("SELECT CAST(GET_LOCK({}, {LOCK_S}) AS SIGNED)", tables_of_mysql());
                        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?
                    }
                };
                Ok(taken == Some(1))
            }
            Connection::Postgres(connection) => {
                let patience = format!("SET LOCAL lock_timeout = '{LOCK_S}s'");
                connection.execute(AssertSqlSafe(patience)).await?;
                let taken = match lock {
                    Lock::Node(node) => {
                        let sql = "SELECT pg_advisory_lock(hashtextextended('strowger ' || $1, 0))";
                        sqlx::query(sql).bind(node).execute(connection).await
                    }
                    Lock::Tables => {
                        let sql = format!("SELECT pg_advisory_xact_lock({TABLES})");
                        sqlx::query(AssertSqlSafe(sql)).execute(connection).await
                    }
                };
                match taken {
                    Ok(_) => Ok(true),
                    Err(error) if sqlstate(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Gives the tables back. PostgreSQL does so with the end of the transaction.
    pub(super) async fn unlock_tables(&mut self) -> sqlx::Result<()> {
        match self {
            Connection::MySql(_) => self.plain(&format!("DO RELEASE_LOCK({})", tables_of_mysql())).await,
            Connection::Postgres(_) => Ok(()),
        }
    }

    pub(super) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<()> {
        match self {
            Connection::MySql(connection) => {
                in_time(prepared!(sql.to_owned(), values).execute(connection)).await.map(drop)
            }
            Connection::Postgres(connection) => {
                in_time(prepared!(numbered(sql), values).execute(connection)).await.map(drop)
            }
        }
    }

    /// A statement without values, as it is.
    pub(super) async fn plain(&mut self, sql: &str) -> sqlx::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Connection::MySql(connection) => in_time(connection.execute(sql)).await.map(drop),
            Connection::Postgres(connection) => in_time(connection.execute(sql)).await.map(drop),
        }
    }

    /// All that a statement finds.
    pub(super) async fn all(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<Vec<Answer>> {
        Ok(match self {
            Connection::MySql(connection) => {
                let rows = in_time(prepared!(sql.to_owned(), values).fetch_all(connection)).await?;
                rows.into_iter().map(Answer::MySql).collect()
            }
            Connection::Postgres(connection) => {
                let rows = in_time(prepared!(numbered(sql), values).fetch_all(connection)).await?;
                rows.into_iter().map(Answer::Postgres).collect()
            }
        })
    }

    pub(super) async fn close(self) -> sqlx::Result<()> {
        match self {
            Connection::MySql(connection) => in_time(connection.close()).await,
            Connection::Postgres(connection) => in_time(connection.close()).await,
        }
    }
}

/// Its end in bounded time. What runs into it leaves a connection of no use.
async fn in_time<T>(future: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// The name of the lock under which tables are made, in the words of MySQL.
fn tables_of_mysql() -> String {
    format!("MD5(CONCAT('strowger ', DATABASE(), ' ', '{TABLES:x}'))")
}

/// Whether the connection is gone, or nobody knows.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    StoreError::of(error) == StoreError::Unreachable
}

/// Whether a transaction met another one and was taken back: the same again may succeed.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    StoreError::of(error) == StoreError::Locked
}

/// `$1, $2 …` in the place of each `?`. No statement of ours has one in a text.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    for (number, piece) in sql.split('?').enumerate() {
        if number > 0 {
            let _ = write!(out, "${number}");
        }
        out.push_str(piece);
    }
    out
}

/// `(?,?),(?,?)`
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_for_postgres() {
        assert_eq!(places(2, 3), "(?,?,?),(?,?,?)");
        assert_eq!(numbered(&places(2, 2)), "($1,$2),($3,$4)");
        assert_eq!(numbered("COMMIT"), "COMMIT");
    }
}
