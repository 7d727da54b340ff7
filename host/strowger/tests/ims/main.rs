//! A whole IMS as its operator and its phones see it: HSS, S-CSCFs, I-CSCF and P-CSCF, each a process of the built binary
//! with the plugins of this checkout, and phones of crate `ue`, raw SIP peers where a phone would be too polite.
//!
//! ```text
//!   phone.rs, raw_phone.rs ─▶ P-CSCF ─▶ I-CSCF ─▶ S-CSCF ◀─▶ application_server.rs
//!                                          └──────────┴──▶ (relay.rs) ─▶ HSS
//! ```
//! | file | subject |
//! |---|---|
//! | `registers.rs` | TS 24.229 §5.1, §5.4.1: registrations, calls, messages, devices, numbers |
//! | `network_ends.rs` | TS 29.228 §6.1.3, §6.2: the network ends registrations and changes profiles |
//! | `hss_faults.rs` | an HSS that is slow, silent, wrong, gone |
//! | `killed.rs` | any CSCF killed in the midst of calls and registrations |
//! | `crowd.rs` | the S-CSCF killed with a crowd of registrations and calls, on each database |
//! | `swapped.rs` | any CSCF's plugin swapped in the midst of calls: each call stays with the versions that took it |
//! | `database_gone.rs` | the database server of the CSCFs killed and started again |
//! | `forgotten.rs` | any element that lost what it had |
//! | `transports.rs` | TCP, long messages, phones that come back; what is left in the end |
//! | `attacks.rs` | TS 33.203, TS 24.229 §5.2.6: phones that pretend |
//! | `border.rs` | TS 24.229 §5.10.4: what another network sees |
//! | `application_servers.rs` | TS 24.229 §5.4.3: ISC |
//! | `unregistered.rs` | TS 24.229 §5.4.3.3: services of who is not registered |
//! | `kamailio_cscfs.rs` | Kamailio in the place of any CSCF |
//! | `one_process.rs` | all roles in one process, and one ladder of them |
//! | `shadow.rs` | docs/operating.md: a version in the shadow of the active one |
//! | `diameter_agent.rs` | RFC 6733 §2.8.1: freeDiameter as relay between CSCFs and HSS |
//!
//! Networks start one after the other (`network.rs`); each test has its own.

#[path = "../browser/mod.rs"]
mod browser;
#[allow(dead_code, reason = "the tests of storage use more of it")]
#[path = "../../../storage/tests/servers/mod.rs"]
mod database;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../blackbox/support/mod.rs"]
mod support;

mod application_server;
mod element;
mod free_diameter;
mod kamailio;
mod mixed;
mod network;
mod phone;
mod plan;
mod raw_phone;
mod relay;
mod subscribers;

mod application_servers;
mod attacks;
mod border;
mod crowd;
mod database_gone;
mod diameter_agent;
mod forgotten;
mod hss_faults;
mod kamailio_cscfs;
mod killed;
mod network_ends;
mod one_process;
mod registers;
mod shadow;
mod swapped;
mod transports;
mod unregistered;

use std::time::{Duration, Instant};

/// The home network domain.
const DOMAIN: &str = "ims.test";

/// What has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until it is so; panics with what it is about when it is not in time.
#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
