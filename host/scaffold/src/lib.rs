//! What a plugin's author starts from and tests with.
//!
//! - [`new_plugin`]: a folder with a plugin that builds and tests at once (`strowger plugin new`). The SDK comes out of
//!   this binary: a machine needs the router, cargo, and for the first build a crates.io or a mirror of it.
//! - [`cases`]: case files, read and compared (`strowger plugin test`). Running a component on them is the command
//!   line's.

pub mod cases;
mod embedded;
mod template;

pub use template::{MAX_NAME, ScaffoldError, new_plugin};
