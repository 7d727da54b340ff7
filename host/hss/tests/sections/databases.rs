//! The same server on SQLite's file, MariaDB and PostgreSQL, by itself and with others that share the database. The two
//! servers are the tests' own: started on a socket in a temporary folder, and ended.

mod scenarios;
mod servers;

use crate::database::Kind;
use servers::{Databases, OnServer, SqliteFiles};

/// Every scenario, each on a database of its own.
fn run(databases: &impl Databases) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        scenarios::commands(&databases.fresh("commands").await).await;
        scenarios::texts(&databases.fresh("texts").await).await;
        scenarios::reopened(&databases.fresh("reopened").await).await;
        scenarios::opened_at_once(&databases.fresh("opened").await).await;
        scenarios::numbers(&databases.fresh("numbers").await).await;
        scenarios::registrations(&databases.fresh("registrations").await).await;
        scenarios::takeovers(&databases.fresh("takeovers").await).await;
        scenarios::added_twice(&databases.fresh("added").await).await;
        let newer = databases.fresh("newer").await;
        scenarios::opened(&newer).await.close().await;
        databases.execute("newer", "UPDATE hss_schema SET version = 99").await;
        scenarios::newer(&newer).await;
    });
}

#[test]
fn on_sqlite() {
    run(&SqliteFiles::new());
}

#[test]
fn on_mariadb() {
    if let Some(server) = OnServer::start(Kind::MariaDb) {
        run(&server);
    }
}

#[test]
fn on_postgres() {
    if let Some(server) = OnServer::start(Kind::Postgres) {
        run(&server);
    }
}
