//! Tables of a MySQL, MariaDB or PostgreSQL server, which several nodes may share: each has its own rows, by its name.
//!
//! ```text
//!   strowger_binding    node, id, record                                        appended and deleted, never changed
//!   strowger_key_value  node, space, name, value, revision, expires_at
//!   strowger_schema     version
//!
//!   group ─▶ transaction ─ connection lost ─▶ rest, longer each time ─▶ connect, take back what may be there ─▶ again
//!                 └─▶ durable                     └─ the outage is too long: the group fails, and so does each that comes,
//!                                                     until the server is there again
//! ```
//! In: groups. Out: what was there; a group made durable, or an error. Not here: grouping (`writer.rs`), what rows mean
//! (`row.rs`), the connection and its lock (`connection.rs`).

mod connection;
mod schema;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use connection::{Connection, Options, Value, is_collision, is_lost, places};

use super::{Group, Key, Pause};
use crate::error::OpenError;
use crate::key_value::Stored;
use crate::place::{Dialect, Server as Place};
use crate::row::Row;

/// Rows of one statement. A power of two.
const MAX_ROWS: usize = 512;

/// Keys of one statement. A power of two.
const MAX_KEYS: usize = 64;

/// Bytes of values of one statement, beside one that is larger by itself: servers bound what they take at once, at 4 MB or
/// more.
const MAX_BYTES: usize = 2 << 20;

/// Rows deleted by one statement.
const MAX_DELETED: usize = 1024;

/// Rows, and keys, that are read at once.
const PAGE: usize = 2048;

/// Rests between attempts: the first, and the longest.
const FIRST_REST: Duration = Duration::from_millis(50);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// The rows of a node.
pub(crate) struct Server {
    runtime: tokio::runtime::Runtime,
    /// None: it was lost.
    connection: Option<Connection>,
    options: Options,
    node: String,
    dialect: Dialect,
    outage: Duration,
    /// Since when no transaction succeeds for want of a server.
    gone_since: Option<Instant>,
    /// Rows of a transaction whose COMMIT was not answered: they may be there. The next transaction takes them out first.
    uncertain: Vec<u64>,
}

impl Server {
    /// Connects, takes the node's lock, and brings the tables to our schema. `outage`: how long a group waits for a server
    /// that has gone.
    pub(super) fn open(place: &Place, outage: Duration) -> Result<Server, OpenError> {
        let Place { dialect, ref node, .. } = *place;
        let failed = |source| OpenError::Server { dialect, source };
        let options = Options::of(place).map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let opened = runtime.block_on(async {
            let mut connection = Connection::open(&options, node).await?;
            let found = schema::migrate(&mut connection).await?;
            Ok((connection, found))
        });
        let (connection, found) = opened.map_err(failed)?;
        if found > schema::KNOWN {
            let file = format!("{dialect} database").into();
            return Err(OpenError::Newer { file, found, known: schema::KNOWN });
        }
        Ok(Server {
            runtime,
            connection: Some(connection),
            options,
            node: node.clone(),
            dialect,
            outage,
            gone_since: None,
            uncertain: Vec::new(),
        })
    }

    /// Rows that others replace, and rows that are nothing but that.
    pub(super) fn void_rows(&mut self) -> Result<Vec<u64>, OpenError> {
        let mut void = Vec::new();
        // a number of 64 bits and what ends it
        self.each("SUBSTRING(record, 1, 21)", |id, record| {
            let (replaced, is_removal) = match record.split_once('\n') {
                Some((replaced, _)) => (replaced, false),
                None => (record, true),
            };
            if let Some(replaced) = replaced.parse().ok().filter(|replaced| *replaced > 0) {
                void.push(replaced);
                void.extend(is_removal.then_some(id));
            }
        })?;
        Ok(void)
    }

    /// Every row, oldest first: its number and record.
    pub(super) fn rows(&mut self, met: impl FnMut(u64, &str)) -> Result<(), OpenError> {
        self.each("record", met)
    }

    /// Rows by pages. `record`: what is read of each.
    fn each(&mut self, record: &str, mut met: impl FnMut(u64, &str)) -> Result<(), OpenError> {
        let sql = format!(
            "SELECT id, {record} FROM strowger_binding WHERE node = ? AND id > ? ORDER BY id LIMIT {PAGE}"
        );
        let mut last = 0;
        loop {
            let node = self.node.clone();
            let page = self.all(&sql, &[Value::Bytes(node.as_bytes()), Value::Number(last)])?;
            for row in &page {
                last = row.number(0).map_err(|source| self.failed(source))?;
                let record = row.bytes(1).map_err(|source| self.failed(source))?;
                met(last as u64, &String::from_utf8_lossy(&record));
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Every key of every space.
    pub(super) fn keys(&mut self, mut met: impl FnMut(&str, &str, Stored)) -> Result<(), OpenError> {
        let node = self.node.clone();
        let spaces = "SELECT DISTINCT space FROM strowger_key_value WHERE node = ?";
        let spaces = self.all(spaces, &[Value::Bytes(node.as_bytes())])?;
        for space in spaces {
            let space = space.bytes(0).map_err(|source| self.failed(source))?;
            self.keys_of(&space, &mut met).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    fn keys_of(&mut self, space: &[u8], met: &mut impl FnMut(&str, &str, Stored)) -> sqlx::Result<()> {
        let Server { runtime, connection, node, .. } = self;
        let connection = connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        // Values may be large: which keys there are, then so many values at a time.
        let names = format!(
            "SELECT name FROM strowger_key_value WHERE node = ? AND space = ? AND name > ? ORDER BY name LIMIT {PAGE}"
        );
        let name = str_of(space);
        let mut last: Option<Vec<u8>> = None;
        loop {
            // the empty key is below all others, and is asked for once
            let sql = if last.is_some() { names.clone() } else { names.replace("name > ?", "name >= ?") };
            let from = last.unwrap_or_default();
            let values = [Value::Bytes(node.as_bytes()), Value::Bytes(space), Value::Bytes(&from)];
            let page = runtime.block_on(connection.all(&sql, &values))?;
            let keys: Vec<Vec<u8>> = page.iter().map(|row| row.bytes(0)).collect::<sqlx::Result<_>>()?;
            for keys in keys.chunks(MAX_KEYS) {
                // By the two ends, which every server looks up in the index; a list of keys PostgreSQL compares with all.
                let sql = "SELECT name, value, revision, expires_at FROM strowger_key_value
                           WHERE node = ? AND space = ? AND name >= ? AND name <= ?";
                let ends = [&keys[0], &keys[keys.len() - 1]].map(|key| Value::Bytes(key));
                let [first, last] = ends;
                let values = [Value::Bytes(node.as_bytes()), Value::Bytes(space), first, last];
                for row in runtime.block_on(connection.all(sql, &values))? {
                    let stored = Stored {
                        value: row.bytes(1)?.into(),
                        revision: row.number(2)? as u64,
                        expires_at_ms: row.number(3)? as u64,
                    };
                    met(&name, &str_of(&row.bytes(0)?), stored);
                }
            }
            if keys.len() < PAGE {
                return Ok(());
            }
            last = keys.last().cloned();
        }
    }

    /// The highest row there is; 0: none.
    pub(super) fn last_row(&mut self) -> Result<u64, OpenError> {
        let node = self.node.clone();
        let sql = "SELECT coalesce(max(id), 0) FROM strowger_binding WHERE node = ?";
        let rows = self.all(sql, &[Value::Bytes(node.as_bytes())])?;
        let last = rows.first().map(|row| row.number(0)).transpose();
        last.map(|last| last.unwrap_or(0) as u64).map_err(|source| self.failed(source))
    }

    fn all(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<connection::Answer>, OpenError> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed);
        let done = connection.and_then(|connection| self.runtime.block_on(connection.all(sql, values)));
        done.map_err(|source| self.failed(source))
    }

    /// Makes a group durable: all of it or nothing. A server that has gone is waited for.
    pub(super) fn write(&mut self, group: &Group<'_>, pause: Pause<'_>) -> sqlx::Result<()> {
        let mut rest = FIRST_REST;
        let began = Instant::now();
        loop {
            let written = self.try_to_write(group);
            let is_there = self.connection.is_some();
            if is_there && let Some(since) = self.gone_since.take() {
                let s = since.elapsed().as_secs_f32();
                tracing::info!(server = %self.dialect, s, "the database server is there again");
            }
            let Err(error) = written else { return Ok(()) };
            let since = if !is_there {
                if self.gone_since.is_none() {
                    tracing::warn!(server = %self.dialect, %error, "the database server does not answer; changes wait for it");
                }
                *self.gone_since.get_or_insert_with(Instant::now)
            } else if is_collision(&error) {
                tracing::debug!(server = %self.dialect, %error, "a group of changes met another one; it is written again");
                began
            } else {
                return Err(error);
            };
            if since.elapsed() >= self.outage || !pause(rest) {
                return Err(error);
            }
            rest = (2 * rest).min(LONGEST_REST);
        }
    }

    fn try_to_write(&mut self, group: &Group<'_>) -> sqlx::Result<()> {
        self.connect()?;
        let Server { runtime, connection, node, uncertain, .. } = self;
        let Some(connection) = connection else { return Err(sqlx::Error::WorkerCrashed) };
        let done = runtime.block_on(async {
            connection.plain("BEGIN").await?;
            for rows in uncertain.chunks(MAX_DELETED) {
                delete(connection, node, rows).await?;
            }
            for batch in batches(&group.rows, MAX_ROWS, |row| row.record.len()) {
                append(connection, node, batch).await?;
            }
            for batch in batches(&group.set, MAX_KEYS, |(_, stored)| stored.value.len()) {
                set(connection, node, batch).await?;
            }
            for batch in batches(&group.gone, MAX_KEYS, |_| 0) {
                remove(connection, node, batch).await?;
            }
            // from here on it may be there whatever we are told
            uncertain.extend(group.rows.iter().map(|row| row.id));
            connection.plain("COMMIT").await
        });
        self.settle(&done);
        if done.is_ok() {
            self.uncertain.clear();
        } else {
            self.uncertain.sort_unstable();
            self.uncertain.dedup();
        }
        done
    }

    /// Deletes rows, in one transaction.
    pub(super) fn delete(&mut self, rows: &[u64]) -> sqlx::Result<()> {
        self.connect()?;
        let Server { runtime, connection, node, .. } = self;
        let Some(connection) = connection else { return Err(sqlx::Error::WorkerCrashed) };
        let done = runtime.block_on(async {
            connection.plain("BEGIN").await?;
            for rows in rows.chunks(MAX_DELETED) {
                delete(connection, node, rows).await?;
            }
            connection.plain("COMMIT").await
        });
        self.settle(&done);
        done
    }

    /// After a transaction: it is rolled back where it failed, and the connection is dropped where it is lost.
    fn settle(&mut self, done: &sqlx::Result<()>) {
        if let (Err(error), Some(connection)) = (done, &mut self.connection)
            && (is_lost(error) || self.runtime.block_on(connection.plain("ROLLBACK")).is_err())
        {
            self.connection = None;
        }
    }

    /// A new connection in the place of one that was lost.
    fn connect(&mut self) -> sqlx::Result<()> {
        if self.connection.is_none() {
            self.connection = Some(self.runtime.block_on(Connection::open(&self.options, &self.node))?);
        }
        Ok(())
    }

    /// Says goodbye.
    pub(super) fn close(self) -> sqlx::Result<()> {
        let Server { runtime, connection, .. } = self;
        connection.map_or(Ok(()), |connection| runtime.block_on(connection.close()))
    }

    fn failed(&self, source: sqlx::Error) -> OpenError {
        OpenError::Server { dialect: self.dialect, source }
    }
}

/// What a name or a key was as a text.
fn str_of(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Slices of few sizes, powers of two, so that a few prepared statements serve all, and of [`MAX_BYTES`] at most.
fn batches<T>(mut all: &[T], max: usize, bytes: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut size = 1 << all.len().min(max).checked_ilog2()?;
        while size > 1 && all[..size].iter().map(&bytes).sum::<usize>() > MAX_BYTES {
            size /= 2;
        }
        let (batch, rest) = all.split_at(size);
        all = rest;
        Some(batch)
    })
}

async fn append(connection: &mut Connection, node: &str, rows: &[Row]) -> sqlx::Result<()> {
    let sql = format!("INSERT INTO strowger_binding (node, id, record) VALUES {}", places(rows.len(), 3));
    let node = node.as_bytes();
    let values = rows.iter().flat_map(|row| {
        [Value::Bytes(node), Value::Number(row.id as i64), Value::Bytes(row.record.as_bytes())]
    });
    connection.execute(&sql, &values.collect::<Vec<_>>()).await
}

/// Puts keys in the place of what was there.
async fn set(connection: &mut Connection, node: &str, keys: &[(Key<'_>, &Stored)]) -> sqlx::Result<()> {
    let columns = "strowger_key_value (node, space, name, value, revision, expires_at)";
    let places = places(keys.len(), 6);
    let sql = match connection {
        Connection::MySql(_) => format!("REPLACE INTO {columns} VALUES {places}"),
        Connection::Postgres(_) => format!(
            "INSERT INTO {columns} VALUES {places} ON CONFLICT (node, space, name) DO UPDATE SET \
             value = excluded.value, revision = excluded.revision, expires_at = excluded.expires_at"
        ),
    };
    let values = keys.iter().flat_map(|((space, key), stored)| {
        [
            Value::Bytes(node.as_bytes()),
            Value::Bytes(space.as_bytes()),
            Value::Bytes(key.as_bytes()),
            Value::Bytes(&stored.value),
            Value::Number(stored.revision as i64),
            Value::Number(stored.expires_at_ms as i64),
        ]
    });
    connection.execute(&sql, &values.collect::<Vec<_>>()).await
}

async fn remove(connection: &mut Connection, node: &str, keys: &[Key<'_>]) -> sqlx::Result<()> {
    let places = places(keys.len(), 2);
    let sql = format!("DELETE FROM strowger_key_value WHERE node = ? AND (space, name) IN ({places})");
    let keys = keys.iter().flat_map(|(space, key)| [space, key]).map(|part| Value::Bytes(part.as_bytes()));
    let values: Vec<Value<'_>> = std::iter::once(Value::Bytes(node.as_bytes())).chain(keys).collect();
    connection.execute(&sql, &values).await
}

async fn delete(connection: &mut Connection, node: &str, rows: &[u64]) -> sqlx::Result<()> {
    let mut list = String::with_capacity(rows.len() * 8);
    for row in rows {
        let _ = write!(list, "{}{row}", if list.is_empty() { "" } else { "," });
    }
    // Not prepared: there are as many texts as lists.
    let node = node.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let node = match connection {
        Connection::MySql(_) => format!("x'{node}'"),
        Connection::Postgres(_) => format!("'\\x{node}'::bytea"),
    };
    let sql = format!("DELETE FROM strowger_binding WHERE node = {node} AND id IN ({list})");
    connection.plain(&sql).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_powers_of_two_and_bounded_in_bytes() {
        let sizes = |count: usize, max: usize, bytes: usize| -> Vec<usize> {
            batches(&vec![(); count], max, |()| bytes).map(<[()]>::len).collect()
        };
        assert_eq!(sizes(0, 8, 1), [0; 0]);
        assert_eq!(sizes(23, 8, 1), [8, 8, 4, 2, 1]);
        assert_eq!(sizes(5, 8, MAX_BYTES), [1, 1, 1, 1, 1]);
        assert_eq!(sizes(5, 8, MAX_BYTES / 2), [2, 2, 1]);
        assert_eq!(sizes(2, 8, 2 * MAX_BYTES), [1, 1], "one that is larger goes alone");
    }
}
