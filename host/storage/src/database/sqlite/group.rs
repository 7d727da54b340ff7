//! A group of changes as queries of SQLite's: as a rule one, for each is a round trip to the driver's thread.
//!
//! ```text
//!   BEGIN IMMEDIATE;  keys that are set;  keys that are gone;  rows;  COMMIT          a group of up to so many of each
//!                     rows                                                            a group of one kind
//! ```
//! In: a group. Out: queries and their arguments, in order. The driver carries out every statement of a query, and each
//! takes its arguments from where the one before stopped. A single statement is a transaction by itself. Queries are made
//! for some sizes alone, so that a few prepared ones serve all: what is missing to the next size is NULL, which each
//! statement leaves out. Not here: the connection (`sqlite.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Arguments as _;
use sqlx::sqlite::SqliteArguments;

use crate::database::{Group, Key};
use crate::key_value::Stored;
use crate::row::Row;

/// Rows of one query.
const MAX_ROWS: usize = 512;

/// Keys that are set in one query, and keys that are gone.
const MAX_KEYS: usize = 64;

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";

/// What a query does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    begins: bool,
    set: usize,
    gone: usize,
    rows: usize,
    commits: bool,
}

/// A query and its arguments.
pub(super) struct Query {
    pub(super) sql: Arc<str>,
    pub(super) arguments: SqliteArguments,
}

/// The texts of queries that were made before: two thousand shapes at most, most of which never come.
#[derive(Default)]
pub(super) struct Queries(HashMap<Shape, Arc<str>>);

impl Queries {
    /// The queries of a group, to be carried out one after the other.
    pub(super) fn of<'a>(&'a mut self, group: Group<'a>) -> impl Iterator<Item = Query> + 'a {
        let Group { rows, set, gone } = group;
        let (mut rows, mut set, mut gone) = (rows.into_iter(), set.into_iter(), gone.into_iter());
        let queries =
            [rows.len().div_ceil(MAX_ROWS), set.len().div_ceil(MAX_KEYS), gone.len().div_ceil(MAX_KEYS)];
        let kinds = queries.iter().filter(|queries| **queries > 0).count();
        let queries = queries.into_iter().max().unwrap_or_default();
        let is_one_statement = queries == 1 && kinds == 1;
        (0..queries).map(move |n| {
            let shape = Shape {
                begins: n == 0 && !is_one_statement,
                set: size(set.len().min(MAX_KEYS), 4),
                gone: size(gone.len().min(MAX_KEYS), 4),
                rows: size(rows.len().min(MAX_ROWS), 2),
                commits: n + 1 == queries && !is_one_statement,
            };
            let sql = Arc::clone(self.0.entry(shape).or_insert_with(|| text(shape).into()));
            let mut arguments = Places::default();
            arguments.set(set.by_ref().take(MAX_KEYS), shape.set);
            arguments.gone(gone.by_ref().take(MAX_KEYS), shape.gone);
            arguments.rows(rows.by_ref().take(MAX_ROWS));
            Query { sql, arguments: arguments.0 }
        })
    }
}

/// The next power of `base`; 0 of none.
fn size(count: usize, base: usize) -> usize {
    let sizes = std::iter::successors(Some(1), |size| Some(size * base));
    if count == 0 { 0 } else { sizes.take_while(|size| size / base < count).last().unwrap_or(1) }
}

fn text(shape: Shape) -> String {
    let Shape { begins, set, gone, rows, commits } = shape;
    let places = |row: &str, count: usize| vec![row; count].join(",");
    let mut statements = Vec::new();
    statements.extend(begins.then(|| BEGIN.to_owned()));
    if set > 0 {
        let places = places("(?,?,?,?,?)", set);
        statements.push(format!(
            "INSERT OR REPLACE INTO key_value SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL"
        ));
    }
    if gone > 0 {
        let places = places("(?,?)", gone);
        statements.push(format!("DELETE FROM key_value WHERE (space, key) IN (VALUES {places})"));
    }
    if rows > 0 {
        let places = places("(?,?)", rows);
        statements
            .push(format!("INSERT INTO binding SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL"));
    }
    statements.extend(commits.then(|| COMMIT.to_owned()));
    statements.join(";")
}

/// Arguments in the order of a query's places.
#[derive(Default)]
struct Places(SqliteArguments);

impl Places {
    fn put<'t>(&mut self, value: impl sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>) {
        // numbers, texts and bytes: there is nothing in them that cannot be written down
        let added = self.0.add(value);
        debug_assert!(added.is_ok(), "an argument that SQLite does not know");
    }

    fn nulls(&mut self, count: usize) {
        (0..count).for_each(|_| self.put(None::<i64>));
    }

    fn set<'a>(&mut self, keys: impl ExactSizeIterator<Item = (Key<'a>, &'a Stored)>, size: usize) {
        let missing = size - keys.len();
        for ((space, key), stored) in keys {
            self.put(space);
            self.put(key);
            self.put(&*stored.value);
            self.put(stored.revision as i64);
            self.put(stored.expires_at_ms as i64);
        }
        self.nulls(5 * missing);
    }

    fn gone<'a>(&mut self, keys: impl ExactSizeIterator<Item = Key<'a>>, size: usize) {
        let missing = size - keys.len();
        for (space, key) in keys {
            self.put(space);
            self.put(key);
        }
        self.nulls(2 * missing);
    }

    /// The last ones of a query: places without an argument are NULL by themselves.
    fn rows(&mut self, rows: impl Iterator<Item = Row>) {
        for row in rows {
            self.put(row.id as i64);
            self.put(row.record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64) -> Row {
        Row { id, record: String::new() }
    }

    fn texts(rows: u64, set: usize, gone: usize) -> Vec<String> {
        let stored = Stored { value: [].into(), revision: 1, expires_at_ms: 0 };
        let group = Group {
            rows: (1..=rows).map(row).collect(),
            set: vec![(("space", "key"), &stored); set],
            gone: vec![("space", "key"); gone],
        };
        let mut queries = Queries::default();
        let of = queries.of(group).map(|query| query.sql.to_string());
        of.collect()
    }

    #[test]
    fn a_group_is_one_query() {
        let [one] = &texts(3, 2, 1)[..] else { panic!("one") };
        assert_eq!(
            one,
            "BEGIN IMMEDIATE;\
             INSERT OR REPLACE INTO key_value SELECT * FROM (VALUES (?,?,?,?,?),(?,?,?,?,?),(?,?,?,?,?),(?,?,?,?,?)) WHERE column1 IS NOT NULL;\
             DELETE FROM key_value WHERE (space, key) IN (VALUES (?,?));\
             INSERT INTO binding SELECT * FROM (VALUES (?,?),(?,?),(?,?),(?,?)) WHERE column1 IS NOT NULL;\
             COMMIT"
        );
    }

    #[test]
    fn a_group_of_one_kind_is_one_statement() {
        for (rows, set, gone) in [(512, 0, 0), (0, 64, 0), (0, 0, 64)] {
            let [one] = &texts(rows, set, gone)[..] else { panic!("one") };
            assert!(!one.contains(';'), "{one}");
        }
        assert!(texts(0, 0, 0).is_empty());
    }

    #[test]
    fn a_large_group_is_one_transaction_of_several_queries() {
        let all = texts(1_025, 1, 0);
        assert_eq!(all.len(), 3);
        assert!(all[0].starts_with(BEGIN) && !all[0].ends_with(COMMIT));
        assert!(!all[1].contains(BEGIN) && !all[1].contains("COMMIT") && !all[1].contains("key_value"));
        assert!(all[2].ends_with("VALUES (?,?)) WHERE column1 IS NOT NULL;COMMIT"), "{}", all[2]);
    }

    #[test]
    fn sizes_are_powers() {
        assert_eq!([0, 1, 2, 3, 4, 5, 511, 512].map(|count| size(count, 2)), [0, 1, 2, 4, 4, 8, 512, 512]);
        assert_eq!([0, 1, 2, 4, 5, 16, 17, 64].map(|count| size(count, 4)), [0, 1, 4, 4, 16, 16, 64, 64]);
    }
}
