//! Subscribers from a MySQL or PostgreSQL server: the table `subscriber(username, domain, password, ha1)`, as Kamailio has it.
//!
//! In: a URL. Out: a [`Set`], or the first row that is wrong, counted in the order of domain and user. A NULL is an empty text.

use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::mysql::{MySqlConnectOptions, MySqlRow};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection as _, Row as _};

use super::set::Set;
use super::{UsersError, Wrong};
use crate::place::Dialect;

const SELECT: &str = "SELECT username, domain, coalesce(password, ''), coalesce(ha1, '') FROM subscriber \
                      ORDER BY domain, username";

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A row: user, domain, password, HA1.
type Columns = [String; 4];

/// On a thread of its own: the caller's may belong to an async runtime.
pub(super) fn read(dialect: Dialect, url: &str) -> Result<Set, UsersError> {
    let failed = |source| UsersError::Server { dialect, source };
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| failed(sqlx::Error::Io(source)))?;
        let in_time = async { tokio::time::timeout(PATIENCE, read_all(dialect, url)).await };
        match runtime.block_on(in_time) {
            Ok(done) => done,
            Err(_) => Err(failed(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))),
        }
    };
    std::thread::scope(|scope| match scope.spawn(read).join() {
        Ok(set) => set,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

async fn read_all(dialect: Dialect, url: &str) -> Result<Set, UsersError> {
    let failed = |source| UsersError::Server { dialect, source };
    match dialect {
        Dialect::MySql => {
            let options: MySqlConnectOptions = url.parse().map_err(failed)?;
            let mut connection = options.disable_statement_logging().connect().await.map_err(failed)?;
            let columns =
                |row: MySqlRow| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]);
            let set = collect(dialect, sqlx::query(SELECT).fetch(&mut connection), columns).await?;
            connection.close().await.map_err(failed)?;
            Ok(set)
        }
        Dialect::Postgres => {
            let options: PgConnectOptions = url.parse().map_err(failed)?;
            let mut connection = options.disable_statement_logging().connect().await.map_err(failed)?;
            let columns =
                |row: PgRow| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]);
            let set = collect(dialect, sqlx::query(SELECT).fetch(&mut connection), columns).await?;
            connection.close().await.map_err(failed)?;
            Ok(set)
        }
    }
}

async fn collect<R>(
    dialect: Dialect,
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    columns: impl Fn(R) -> sqlx::Result<Columns>,
) -> Result<Set, UsersError> {
    let failed = |source| UsersError::Server { dialect, source };
    let mut set = Set::default();
    let mut row = 0;
    while let Some(found) = rows.try_next().await.map_err(failed)? {
        row += 1;
        let [user, domain, password, ha1] = columns(found).map_err(failed)?;
        let added = set.add(&user, &domain, &password, &ha1);
        added.map_err(|reason: Wrong| UsersError::Row { dialect, row, reason })?;
    }
    Ok(set.finish())
}
