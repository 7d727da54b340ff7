//! Way 3: `rustup target add`, bounded in time because there may be no network.

use crate::{Error, Options, TARGET, run};
use std::process::Command;
use std::time::Duration;

/// How long rustup may be silent about a download before we stop waiting for it.
const UNTIL_DOWNLOAD: Duration = Duration::from_secs(20);
/// How long it may take in all once the download has begun (about 25 MB).
const WITH_DOWNLOAD: Duration = Duration::from_secs(180);

/// Adds the target to the toolchain in use.
pub(crate) fn add_target(options: &Options) -> Result<(), Error> {
    (options.progress)(&format!("the toolchain has no {TARGET}: trying `rustup target add {TARGET}`"));
    run::bounded(
        "`rustup target add`",
        Command::new("rustup").args(["target", "add", TARGET]),
        UNTIL_DOWNLOAD,
        |line| line.contains("downloading").then_some(WITH_DOWNLOAD),
    )
}
