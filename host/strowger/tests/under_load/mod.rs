//! What the end-to-end tests of the binary share: a router of this build on free ports, plugins, phones, and a load of
//! calls that notices everything that goes wrong with any of them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod calls;
pub mod phone;
pub mod plugins;
#[path = "../ports/mod.rs"]
mod ports;
pub mod router;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The domain that every router here serves.
pub const DOMAIN: &str = "strowger.test";
/// Everybody's.
pub const PASSWORD: &str = "secret";

/// Tests that measure times run one after the other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks again and again until it is so; panics with what it is about when it is not in time.
#[track_caller]
pub fn until(what: &str, patience: Duration, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < patience, "{what}: not within {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
