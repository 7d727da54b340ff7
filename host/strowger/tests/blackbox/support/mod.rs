//! What the tests share: a router on free ports ([`router`]), messages as text ([`message`]), and peers that send and
//! receive them ([`peer`]), and a name server ([`names`]).
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test module uses its part")]

pub mod message;
pub mod names;
pub mod peer;
pub mod router;

pub use message::{Message, Request, answer};
pub use names::Names;
pub use peer::{Call, Peer, Stream};
pub use router::{Router, Setup};

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The domain that every router here serves.
pub const DOMAIN: &str = "example.test";
/// Everybody's password.
pub const PASSWORD: &str = "secret";
/// What has not come by then does not come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Another one each time.
pub fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{what}{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `sip:alice@example.test` of `alice`; anything with a colon stays as it is.
pub fn at(user: &str) -> String {
    if user.contains(':') { user.to_owned() } else { format!("sip:{user}@{DOMAIN}") }
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what} does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}
