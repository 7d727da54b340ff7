//! Our tables on a server, by version. The nodes that share a database share them.
//!
//! In: a connection. Out: tables of this version, or the version of a newer host. Several nodes may come at once: one makes
//! the tables and the others wait.

use super::connection::{Connection, Lock};

/// The history: each list leads from the version of its index to the next. Never change one that was released. What stands
/// in braces is replaced by [`adapted`]. MySQL commits each of these by itself, so each must bear to be run twice.
///
/// Names are bytes, which no server compares by the order of a language.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE IF NOT EXISTS strowger_binding (
        node {name} NOT NULL,
        id BIGINT NOT NULL,
        record {blob} NOT NULL,
        PRIMARY KEY (node, id)
    ){table}",
    "CREATE TABLE IF NOT EXISTS strowger_key_value (
        node {name} NOT NULL,
        space {name} NOT NULL,
        name {key} NOT NULL,
        value {blob} NOT NULL,
        revision BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (node, space, name)
    ){table}",
]];

/// The version that this host knows.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// A statement in the words of a server.
fn adapted(sql: &str, connection: &Connection) -> String {
    let (name, key, blob, table) = match connection {
        Connection::MySql(_) => ("VARBINARY(255)", "VARBINARY(1024)", "LONGBLOB", " ENGINE=InnoDB"),
        Connection::Postgres(_) => ("BYTEA", "BYTEA", "BYTEA", ""),
    };
    sql.replace("{name}", name).replace("{key}", key).replace("{blob}", blob).replace("{table}", table)
}

/// Brings the tables up to date: on PostgreSQL all of it or nothing. The version that was found; 0: none.
pub(super) async fn migrate(connection: &mut Connection) -> sqlx::Result<i64> {
    let begin = match connection {
        Connection::MySql(_) => "BEGIN",
        // What others have made while we waited for the lock is seen, whatever the server's default.
        Connection::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    connection.plain(begin).await?;
    connection.lock(Lock::Tables).await?;
    let versions = "CREATE TABLE IF NOT EXISTS strowger_schema (version BIGINT NOT NULL){table}";
    connection.plain(&adapted(versions, connection)).await?;
    let rows = connection.all("SELECT version FROM strowger_schema", &[]).await?;
    let found = rows.first().map(|row| row.number(0)).transpose()?.unwrap_or(0);
    let missing = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)).unwrap_or_default();
    for sql in missing.iter().flat_map(|batch| batch.iter()) {
        connection.plain(&adapted(sql, connection)).await?;
    }
    if !missing.is_empty() {
        if let Connection::MySql(_) = connection {
            // The tables have ended the transaction.
            connection.plain("BEGIN").await?;
        }
        connection.plain("DELETE FROM strowger_schema").await?;
        connection.plain(&format!("INSERT INTO strowger_schema VALUES ({KNOWN})")).await?;
    }
    connection.plain("COMMIT").await?;
    connection.unlock_tables().await?;
    Ok(found)
}
