//! Exchanging a listener's certificate when its files change.
//!
//! ```text
//!  folder event ─┐
//!  every POLL  ──┼▶ files changed? ─ yes ▶ settled? ▶ load ─ good ▶ new handshakes use it
//!  asked to    ──┘                                        └ bad ▶ the old one stays, a warning says why
//! ```
//! In: [`ServerTls`]. Out: the configuration in force, and a count of reloads to await. The folders are watched,
//! not the files, since certificates are commonly replaced by renaming; the poll covers what inotify does not see
//! (network file systems). Not here: what a configuration is made of.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::{RecursiveMode, Watcher};
use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::sync::{Notify, watch};

use super::{ServerTls, TlsError};

/// How often the files' times are looked at, whatever the watcher says.
const POLL: Duration = Duration::from_secs(10);

/// How long the files must lie still before they are read, so that certificate and key are both written.
const SETTLE: Duration = Duration::from_millis(100);

/// How often the files are looked at while they keep changing; then they are read as they are.
const MAX_SETTLES: usize = 20;

/// Reloads so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// Certificates exchanged.
    pub succeeded: u64,
    /// Changed files that could not be used, the old certificate staying in force.
    pub failed: u64,
}

/// The certificate in force at one listener.
#[derive(Debug)]
pub(crate) struct LiveCertificate {
    source: ServerTls,
    current: ArcSwap<ServerConfig>,
    /// What the files looked like at the last attempt.
    seen: Mutex<Vec<Look>>,
}

/// What tells one state of a file from another: modification time to the nanosecond, size, inode.
type Look = Option<(i64, i64, u64, u64)>;

impl LiveCertificate {
    /// Reads the certificate for the first time.
    pub(crate) fn load(source: ServerTls) -> Result<LiveCertificate, TlsError> {
        let seen = look(&source);
        let current = ArcSwap::new(source.load()?);
        Ok(LiveCertificate { source, current, seen: Mutex::new(seen) })
    }

    /// For the next handshake.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    fn has_changed(&self) -> bool {
        *self.seen.lock() != look(&self.source)
    }

    /// Reads the files and exchanges the certificate if they are good.
    fn reload(&self) -> Result<(), TlsError> {
        // looked at before reading: a change in between shows at the next look
        *self.seen.lock() = look(&self.source);
        self.current.store(self.source.load()?);
        Ok(())
    }
}

fn look(source: &ServerTls) -> Vec<Look> {
    source
        .files()
        .map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.mtime(), metadata.mtime_nsec(), metadata.size(), metadata.ino()))
        })
        .collect()
}

/// Watches the certificates of all listeners.
#[derive(Debug)]
pub(crate) struct Reloader {
    certificates: Vec<Arc<LiveCertificate>>,
    reloads: watch::Sender<Reloads>,
    touched: Arc<Notify>,
}

impl Reloader {
    pub(crate) fn new(certificates: Vec<Arc<LiveCertificate>>) -> Reloader {
        Reloader { certificates, reloads: watch::Sender::default(), touched: Arc::default() }
    }

    /// The count of reloads, to read or to await.
    pub(crate) fn reloads(&self) -> watch::Receiver<Reloads> {
        self.reloads.subscribe()
    }

    /// Reads all files now, changed or not. Every listener whose files are good gets its certificate.
    pub(crate) fn reload_all(&self) -> Result<(), TlsError> {
        let mut first = Ok(());
        for certificate in &self.certificates {
            let outcome = self.reload(certificate);
            if first.is_ok() {
                first = outcome;
            }
        }
        first
    }

    /// Watches until dropped. Ends at once when there is nothing to watch.
    pub(crate) async fn run(self: Arc<Self>) {
        if self.certificates.is_empty() {
            return;
        }
        let _watcher = self.watch();
        loop {
            // the poll covers what the watcher misses, so that its elapsing is as good as an event
            let _ = tokio::time::timeout(POLL, self.touched.notified()).await;
            // a burst of events in a busy folder costs one look
            tokio::time::sleep(SETTLE).await;
            if !self.certificates.iter().any(|certificate| certificate.has_changed()) {
                continue;
            }
            self.settle().await;
            let this = self.clone();
            let _ = tokio::task::spawn_blocking(move || this.reload_changed()).await;
        }
    }

    /// Waits until the files look the same twice, [`SETTLE`] apart; no longer than [`MAX_SETTLES`] times.
    async fn settle(&self) {
        let look_at_all = || self.certificates.iter().map(|one| look(&one.source)).collect::<Vec<_>>();
        let mut before = look_at_all();
        for _ in 0..MAX_SETTLES {
            tokio::time::sleep(SETTLE).await;
            let now = look_at_all();
            if now == before {
                return;
            }
            before = now;
        }
    }

    fn reload_changed(&self) {
        for certificate in self.certificates.iter().filter(|certificate| certificate.has_changed()) {
            match self.reload(certificate) {
                Ok(()) => {
                    tracing::info!(file = %certificate.source.certificate.display(), "certificate exchanged")
                }
                Err(error) => {
                    tracing::warn!(%error, "changed certificate not usable, the old one stays in force")
                }
            }
        }
    }

    fn reload(&self, certificate: &LiveCertificate) -> Result<(), TlsError> {
        let outcome = certificate.reload();
        self.reloads.send_modify(|reloads| match outcome {
            Ok(()) => reloads.succeeded += 1,
            Err(_) => reloads.failed += 1,
        });
        outcome
    }

    /// Without a watcher (no inotify instance left) the poll remains.
    fn watch(&self) -> Option<notify::RecommendedWatcher> {
        let touched = self.touched.clone();
        let mut watcher = notify::recommended_watcher(move |_| touched.notify_one())
            .inspect_err(|error| tracing::warn!(%error, "certificates are polled, not watched"))
            .ok()?;
        let folders: BTreeSet<PathBuf> = self
            .certificates
            .iter()
            .flat_map(|certificate| certificate.source.files())
            .filter_map(|file| file.parent())
            .map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder.to_owned() })
            .collect();
        for folder in folders {
            if let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
                tracing::warn!(%error, folder = %folder.display(), "certificates are polled, not watched");
            }
        }
        Some(watcher)
    }
}
