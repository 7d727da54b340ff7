//! Where rows and keys are kept: a file of SQLite's, or tables of a MySQL, MariaDB or PostgreSQL server.
//!
//! In: groups of changes. Out: what was there; a group made durable, or an error. One connection, used by the storage
//! thread alone. Not here: grouping (`writer.rs`), what rows mean (`row.rs`).

mod server;
mod sqlite;

use std::time::Duration;

use server::Server;
use sqlite::Sqlite;

use crate::error::{OpenError, StoreError};
use crate::key_value::{Stored, Write};
use crate::place::Place;
use crate::row::Row;
use crate::store::Options;

/// A space and a key of it.
pub(crate) type Key<'a> = (&'a str, &'a str);

/// What is made durable together. No key is in it twice.
#[derive(Default)]
pub(crate) struct Group<'a> {
    pub(crate) rows: Vec<Row>,
    pub(crate) set: Vec<(Key<'a>, &'a Stored)>,
    pub(crate) gone: Vec<Key<'a>>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(rows: Vec<Row>, writes: impl Iterator<Item = (Key<'a>, &'a Write)>) -> Group<'a> {
        let mut group = Group { rows, ..Group::default() };
        for (key, write) in writes {
            match write {
                Some(stored) => group.set.push((key, stored)),
                None => group.gone.push(key),
            }
        }
        group
    }
}

/// Rests for a while; false: there is no time for that, the store is being closed.
pub(crate) type Pause<'a> = &'a mut dyn FnMut(Duration) -> bool;

/// The database.
pub(crate) enum Database {
    Sqlite(Sqlite),
    Server(Box<Server>),
}

/// The same of both.
macro_rules! either {
    ($self:expr, $database:ident => $what:expr) => {
        match $self {
            Database::Sqlite($database) => $what,
            Database::Server($database) => $what,
        }
    };
}

impl Database {
    /// Opens it and brings it to our schema.
    pub(crate) fn open(place: &Place, options: &Options) -> Result<Database, OpenError> {
        match place {
            Place::File(file) => Sqlite::open(file, options.max_pages).map(Database::Sqlite),
            Place::Server(place) => {
                Server::open(place, options.outage).map(|server| Database::Server(Box::new(server)))
            }
        }
    }

    /// Rows that others replace, and rows that are nothing but that.
    pub(crate) fn void_rows(&mut self) -> Result<Vec<u64>, OpenError> {
        either!(self, database => database.void_rows())
    }

    /// Every row, oldest first: its number and record.
    pub(crate) fn rows(&mut self, met: impl FnMut(u64, &str)) -> Result<(), OpenError> {
        either!(self, database => database.rows(met))
    }

    /// Every key of every space.
    pub(crate) fn keys(&mut self, met: impl FnMut(&str, &str, Stored)) -> Result<(), OpenError> {
        either!(self, database => database.keys(met))
    }

    /// The highest row there is; 0: none.
    pub(crate) fn last_row(&mut self) -> Result<u64, OpenError> {
        either!(self, database => database.last_row())
    }

    /// Makes a group durable: all of it or nothing. A server that has gone is waited for, for a while.
    pub(crate) fn write(&mut self, group: Group<'_>, pause: Pause<'_>) -> sqlx::Result<()> {
        match self {
            Database::Sqlite(database) => database.write(group),
            Database::Server(database) => database.write(&group, pause),
        }
    }

    /// Deletes rows, in one transaction.
    pub(crate) fn delete(&mut self, rows: &[u64]) -> sqlx::Result<()> {
        either!(self, database => database.delete(rows))
    }

    /// Moves what SQLite's log holds into its file, as far as nobody reads it. Servers do such things by themselves.
    pub(crate) fn checkpoint(&mut self) -> sqlx::Result<()> {
        match self {
            Database::Sqlite(database) => database.checkpoint(),
            Database::Server(_) => Ok(()),
        }
    }

    /// A new connection in the place of one that is no good any more. That to a server is made anew by the next group.
    pub(crate) fn reopen(&mut self) -> sqlx::Result<()> {
        match self {
            Database::Sqlite(database) => database.reopen(),
            Database::Server(_) => Ok(()),
        }
    }

    /// Ends well.
    pub(crate) fn close(self) -> sqlx::Result<()> {
        either!(self, database => database.close())
    }
}

/// Whether a connection is of no use after this.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    StoreError::of(error) == StoreError::Closed
}
