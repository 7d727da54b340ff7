//! Subscribers from an SQLite database: the table `subscriber(username, domain, password, ha1)`, as Kamailio has it.
//!
//! In: a file, opened for reading alone. Out: a [`Set`], or the first row that is wrong. A NULL is an empty text.

use std::path::Path;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};

use super::UsersError;
use super::set::Set;

const SELECT: &str =
    "SELECT username, domain, ifnull(password, ''), ifnull(ha1, '') FROM subscriber ORDER BY rowid";

/// On a thread of its own: the caller's may belong to an async runtime.
pub(super) fn read(file: &Path) -> Result<Set, UsersError> {
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|source| UsersError::File { file: file.into(), source })?;
        runtime.block_on(read_all(file))
    };
    std::thread::scope(|scope| match scope.spawn(read).join() {
        Ok(set) => set,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

async fn read_all(file: &Path) -> Result<Set, UsersError> {
    let failed = |source| UsersError::Database { file: file.into(), source };
    let options = SqliteConnectOptions::new().filename(file).read_only(true).disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    let mut set = Set::default();
    let mut rows = sqlx::query(SELECT).fetch(&mut connection);
    let mut line = 0;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        line += 1;
        let column = |at| row.try_get::<&str, _>(at).map_err(failed);
        set.add(column(0)?, column(1)?, column(2)?, column(3)?).map_err(|reason| UsersError::Line {
            file: file.into(),
            line,
            reason,
        })?;
    }
    drop(rows);
    connection.close().await.map_err(failed)?;
    Ok(set.finish())
}
