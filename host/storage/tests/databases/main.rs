//! The store on SQLite's file, MariaDB and PostgreSQL: the same scenarios on each; and what only a server can do: go, come
//! back, and leave nobody knowing whether it has written. The servers are the tests' own.

#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "../store/registrar.rs"]
mod registrar;
mod relay;
mod scenarios;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../servers/mod.rs"]
mod servers;
mod trouble;
mod users;

use std::path::PathBuf;
use std::time::Duration;

use registrar::Registrar;
use servers::{Kind, Server};
use strowger_storage::{OpenError, Options, Place, Store};

/// Where stores of this test are: a folder, or a server.
pub(crate) enum Home {
    Folder(tempfile::TempDir),
    Server(Server),
}

impl Home {
    /// The place of this node's.
    pub(crate) fn place(&self, node: &str) -> Place {
        match self {
            Home::Folder(folder) => {
                let file: PathBuf = folder.path().join(node).join("a.sqlite");
                std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                Place::File(file)
            }
            Home::Server(server) => Place::of(&server.url(), node).expect("a place"),
        }
    }

    pub(crate) fn try_open(&self, node: &str, options: &Options) -> Result<Registrar, OpenError> {
        Store::open_at(self.place(node), None, options).map(Registrar::over)
    }

    /// The store of this node's.
    pub(crate) fn open(&self, node: &str) -> Registrar {
        self.try_open(node, &quick()).expect("a store")
    }
}

/// Groups at once.
pub(crate) fn quick() -> Options {
    Options { window: Duration::from_millis(1), ..Options::default() }
}

fn run(home: &Home) {
    scenarios::every_part_of_a_binding_survives(home);
    scenarios::what_was_replaced_or_removed_does_not_come_back(home);
    scenarios::keys_and_documents_survive(home);
    scenarios::more_than_a_page_survives(home);
    scenarios::one_group_of_many(home);
    scenarios::void_rows_are_deleted(home);
    scenarios::nodes_do_not_see_each_other(home);
    scenarios::one_process_a_node(home);
}

#[test]
fn on_sqlite() {
    run(&Home::Folder(tempfile::tempdir().expect("a folder")));
}

#[test]
fn on_mariadb() {
    on(Kind::MariaDb);
}

#[test]
fn on_postgres() {
    on(Kind::Postgres);
}

fn on(kind: Kind) {
    let Some(server) = Server::start(kind) else { return };
    let mut home = Home::Server(server);
    if kind == Kind::Postgres {
        trouble::tables_are_made_whole_or_not_at_all(&home);
    }
    trouble::tables_that_somebody_else_makes(&home, kind);
    scenarios::nodes_that_come_at_once(&home);
    run(&home);
    trouble::a_group_that_meets_another_transaction(&home, kind);
    trouble::a_commit_that_nobody_answered(&home, kind);
    trouble::a_commit_that_nobody_answered_is_given_up(&home, kind);
    trouble::a_server_that_is_killed_and_comes_back(&mut home);
    trouble::a_server_that_is_gone_for_too_long(&mut home);
    trouble::a_newer_schema(&home, kind);
    users::are_read_from_a_server(&home, kind);
}
