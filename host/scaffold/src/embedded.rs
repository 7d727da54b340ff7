//! The sources that a plugin's crate needs beside its own, collected by `build.rs` when this crate was built.
//!
//! In: nothing. Out: [`FILES`], path below the plugin's `.strowger` folder and text of each, [`LOCK`], a lock file
//! with the versions they were tested with, and [`EDITION`], the edition they are written in.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
