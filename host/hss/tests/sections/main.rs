//! The server as CSCFs see it, by clause of TS 29.228 and TS 33.102: requests in, answers out, on SQLite in memory.
//! `databases.rs` has what depends on the database, on each of the three.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod bounds;
#[allow(dead_code, reason = "the tests of storage use more of it")]
#[path = "../../../storage/tests/servers/mod.rs"]
mod database;
mod databases;
mod manage;
mod requests;
mod subscribers;
mod ts29228_6_1_1;
mod ts29228_6_1_2;
mod ts29228_6_1_2_release;
mod ts29228_6_1_3;
mod ts29228_6_1_4;
mod ts29228_6_2;
mod ts29228_6_3;
mod ts29228_6_6;
mod ts33102_6_3;
mod world;
