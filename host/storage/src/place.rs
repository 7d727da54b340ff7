//! Where a store's database is.
//!
//! ```text
//!   sqlite:/var/lib/strowger/p.sqlite
//!   mysql://user:password@host/database      mariadb://… is the same
//!   postgres://user:password@host/database   postgresql://… is the same
//! ```
//! In: a URL and, for a server, the name of the node. Out: a [`Place`]. Several nodes may share a server's database: every
//! row says whose it is.

use std::path::PathBuf;

use sqlx::mysql::MySqlConnectOptions;

/// A node's name, in bytes.
pub const MAX_NODE: usize = 64;

/// Where a store's database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite's. Its folder is for one process.
    File(PathBuf),
    /// Tables on a server.
    Server(Server),
}

/// A database on a server, and which of its rows are ours.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Which kind.
    pub(crate) dialect: Dialect,
    /// May hold a password: not shown.
    pub(crate) url: String,
    /// No two processes have the same one at a time.
    pub(crate) node: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("dialect", &self.dialect)
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// What a server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    MySql,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Of a server's URL.
    pub(crate) fn of(url: &str) -> Option<Dialect> {
        match url.split_once(':')?.0 {
            "mysql" | "mariadb" => Some(Dialect::MySql),
            "postgres" | "postgresql" => Some(Dialect::Postgres),
            _ => None,
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Dialect::MySql => "MySQL",
            Dialect::Postgres => "PostgreSQL",
        })
    }
}

/// What is wrong with a URL, or with what goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlaceError {
    /// None of ours.
    #[error("must begin with sqlite:, mysql: or postgres:")]
    Scheme,
    /// No file.
    #[error("must name a file after sqlite:")]
    File,
    /// MySQL has none by itself.
    #[error("must name a database: mysql://user:password@host/database")]
    Database,
    /// Several nodes may share a database.
    #[error("needs the node's name, by which its rows are known: 1 to 64 bytes")]
    Node,
}

impl Place {
    /// Reads a URL. `node`: the name by which the rows of this node are known on a server, at most [`MAX_NODE`] bytes.
    ///
    /// # Errors
    /// It is no URL of ours, or a name is missing.
    pub fn of(url: &str, node: &str) -> Result<Place, PlaceError> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let file = rest.strip_prefix("//").unwrap_or(rest);
            return if file.is_empty() { Err(PlaceError::File) } else { Ok(Place::File(file.into())) };
        }
        let dialect = Dialect::of(url).ok_or(PlaceError::Scheme)?;
        // What cannot be read at all the driver explains when it is opened.
        let of_mysql = || url.parse::<MySqlConnectOptions>().ok();
        if dialect == Dialect::MySql
            && of_mysql().is_some_and(|options| options.get_database().is_none_or(str::is_empty))
        {
            return Err(PlaceError::Database);
        }
        if node.is_empty() || node.len() > MAX_NODE {
            return Err(PlaceError::Node);
        }
        Ok(Place::Server(Server { dialect, url: url.to_owned(), node: node.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(Place::of("sqlite:a/b.sqlite", ""), Ok(Place::File("a/b.sqlite".into())));
        assert_eq!(Place::of("sqlite:///a/b", ""), Ok(Place::File("/a/b".into())));
        assert_eq!(Place::of("sqlite://", ""), Err(PlaceError::File));
        for (url, dialect) in [
            ("mysql://u:secret@h/d", Dialect::MySql),
            ("mariadb://u:secret@h/d", Dialect::MySql),
            ("postgres://u:secret@h/d", Dialect::Postgres),
            ("postgresql://u:secret@h/d", Dialect::Postgres),
        ] {
            let place = Place::of(url, "s1").expect("a place");
            assert!(matches!(&place, Place::Server(server) if server.dialect == dialect));
            assert!(!format!("{place:?}").contains("secret"));
            assert_eq!(Place::of(url, ""), Err(PlaceError::Node));
            assert_eq!(Place::of(url, &"n".repeat(MAX_NODE + 1)), Err(PlaceError::Node));
        }
        for url in ["mysql://u:secret@h", "mysql://h/", "mariadb://h:3306?socket=/s"] {
            assert_eq!(Place::of(url, "s1"), Err(PlaceError::Database), "{url}");
        }
        assert!(Place::of("postgres://u@h", "s1").is_ok(), "it is the user's name");
        for url in ["", "redis://h", "h/d"] {
            assert_eq!(Place::of(url, "s1"), Err(PlaceError::Scheme));
        }
    }
}
