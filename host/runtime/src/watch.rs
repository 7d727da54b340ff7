//! Takes a changed plugin file by itself.
//!
//! In: news of the file's folder (and a look every few seconds, for file systems that send none). Out: a load and a
//! switch, or the reason why not; the running version is untouched then. A file that is being written is left alone
//! until it has been quiet for a moment.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::control::Shared;

/// How long a file must have been quiet before it is taken.
const QUIET: Duration = Duration::from_millis(200);

/// How often it is looked at without news.
const LOOK: Duration = Duration::from_secs(5);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Stamp { modified: metadata.modified().ok(), length: metadata.len() })
    }
}

/// Watches the plugin's file until the host is gone.
pub(crate) async fn watch(shared: Weak<Shared>) {
    let (news, mut told) = mpsc::channel::<()>(1);
    let Some(mut path) = configured(&shared) else { return };
    // Kept alive by this function; without it the looks still find changes.
    let mut _watcher = watcher(&path, news.clone());
    let mut taken = Stamp::of(&path);
    loop {
        let _ = tokio::time::timeout(LOOK, told.recv()).await;
        let Some(now) = configured(&shared) else { return };
        if now != path {
            // A reload has named another file, and taken it.
            _watcher = watcher(&now, news.clone());
            taken = Stamp::of(&now);
            path = now;
            continue;
        }
        let Some(mut seen) = Stamp::of(&path) else { continue };
        if Some(seen) == taken {
            continue;
        }
        loop {
            tokio::time::sleep(QUIET).await;
            match Stamp::of(&path) {
                Some(again) if again == seen => break,
                Some(again) => seen = again,
                None => break,
            }
        }
        let Some(shared) = shared.upgrade() else { return };
        taken = Some(seen);
        let file = path.clone();
        let loaded = tokio::task::spawn_blocking(move || take(&file, &shared)).await;
        if loaded.is_err() {
            tracing::error!("the load of a changed plugin file was broken off");
        }
    }
}

/// The file's path as it is configured; `None`: the host is gone.
fn configured(shared: &Weak<Shared>) -> Option<PathBuf> {
    Some(shared.upgrade()?.plugin.lock().file.clone())
}

fn watcher(path: &Path, news: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let started = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = news.try_send(());
        }
    })
    .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher));
    match started {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "the plugin's folder sends no news; the file is looked at every {LOOK:?}");
            None
        }
    }
}

fn take(path: &Path, shared: &Arc<Shared>) {
    let source = path.display().to_string();
    match plugin::read_file(path) {
        Ok(bytes) => {
            // A refusal has been logged with its reason.
            let configuration = shared.plugin.lock().configuration.clone();
            if let Ok(loaded) = shared.load(&bytes, &configuration, &source) {
                shared.loaded.taken_from_file(&loaded.identity().digest);
                shared.activate(loaded, &source);
            }
        }
        Err(error) => tracing::error!(file = source, %error, "a changed plugin file cannot be read"),
    }
}
