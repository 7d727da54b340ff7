//! Where the empty databases of these tests come from: SQLite's files, and the servers of the tests of storage.

use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

use crate::database::{Kind, Server};

/// Where empty databases come from.
pub(super) trait Databases {
    /// The URL of an empty database of this name.
    async fn fresh(&self, name: &str) -> String;
    /// Carries out a statement in one of them.
    async fn execute(&self, name: &str, sql: &str);
}

pub(super) struct SqliteFiles(TempDir);

impl SqliteFiles {
    pub(super) fn new() -> SqliteFiles {
        SqliteFiles(tempfile::tempdir().unwrap())
    }
}

impl Databases for SqliteFiles {
    async fn fresh(&self, name: &str) -> String {
        format!("sqlite://{}/{name}.db", self.0.path().display())
    }

    async fn execute(&self, name: &str, sql: &str) {
        let mut connection = sqlx::SqliteConnection::connect(&self.fresh(name).await).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A database server of its own.
pub(super) struct OnServer(Kind, Server);

impl OnServer {
    /// `None`: it is not installed, and the test was reported as skipped.
    pub(super) fn start(kind: Kind) -> Option<OnServer> {
        Some(OnServer(kind, Server::start(kind)?))
    }

    async fn execute_at(&self, url: &str, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.0 {
            Kind::MariaDb => {
                let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
            Kind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

impl Databases for OnServer {
    async fn fresh(&self, name: &str) -> String {
        self.execute_at(&self.1.url(), &format!("CREATE DATABASE {name}")).await;
        self.1.url_of(name)
    }

    async fn execute(&self, name: &str, sql: &str) {
        self.execute_at(&self.1.url_of(name), sql).await;
    }
}
