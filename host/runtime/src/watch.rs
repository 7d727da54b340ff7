//! Takes a changed plugin file by itself.
//!
//! In: news of the file's folder (and a look every few seconds, for file systems that send none). Out: a load and a
//! switch, or the reason why not; the running version is untouched then. A file that is being written is left alone
//! until it has been quiet for a moment; for a longer one each time that it was refused and goes on to change, for then it is
//! somebody who writes it with rests. Where signatures are asked for, the one beside it is looked at with it: whichever of
//! the two comes last is the change that counts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::control::Shared;
use crate::loading::PluginFile;

/// How long a file must have been quiet before it is taken.
const QUIET: Duration = Duration::from_millis(200);

/// And at most, where it was refused and changed again soon after that.
const MOST_QUIET: Duration = Duration::from_millis(1_600);

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

/// A file, and the signature beside it where that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watched {
    path: PathBuf,
    signed: bool,
}

impl Watched {
    /// As it is configured; `None`: the host is gone.
    fn configured(shared: &Weak<Shared>) -> Option<Watched> {
        let shared = shared.upgrade()?;
        let table = shared.plugin.lock();
        Some(Watched { path: table.file.clone(), signed: !table.keys.is_empty() })
    }

    /// `None`: the file is not there.
    fn stamp(&self) -> Option<(Stamp, Option<Stamp>)> {
        let signature = || Stamp::of(&plugin::signature_file(&self.path));
        Some((Stamp::of(&self.path)?, if self.signed { signature() } else { None }))
    }
}

/// How long the file is to be quiet for.
#[derive(Debug)]
struct Patience {
    quiet: Duration,
    /// When what lay there was no plugin.
    refused: Option<Instant>,
}

impl Patience {
    const NEW: Patience = Patience { quiet: QUIET, refused: None };

    /// The file has changed.
    fn changed(&mut self, now: Instant) {
        if self.refused.is_none_or(|refused| now.duration_since(refused) > LOOK) {
            *self = Patience::NEW;
        }
    }

    /// It has been looked at.
    fn looked(&mut self, is_taken: bool, now: Instant) {
        *self = match is_taken {
            true => Patience::NEW,
            false => Patience { quiet: (2 * self.quiet).min(MOST_QUIET), refused: Some(now) },
        };
    }
}

/// Watches the plugin's file until the host is gone.
pub(crate) async fn watch(shared: Weak<Shared>) {
    let (news, mut told) = mpsc::channel::<()>(1);
    let Some(mut watched) = Watched::configured(&shared) else { return };
    // Kept alive by this function; without it the looks still find changes.
    let mut _watcher = watcher(&watched.path, news.clone());
    let mut taken = watched.stamp();
    let mut patience = Patience::NEW;
    loop {
        let _ = tokio::time::timeout(LOOK, told.recv()).await;
        let Some(now) = Watched::configured(&shared) else { return };
        if now != watched {
            // A reload has named another file, or keys, and taken it.
            _watcher = watcher(&now.path, news.clone());
            taken = now.stamp();
            watched = now;
            continue;
        }
        let Some(mut seen) = watched.stamp() else { continue };
        if Some(seen) == taken {
            continue;
        }
        patience.changed(Instant::now());
        loop {
            tokio::time::sleep(patience.quiet).await;
            match watched.stamp() {
                Some(again) if again == seen => break,
                Some(again) => seen = again,
                None => break,
            }
        }
        let Some(shared) = shared.upgrade() else { return };
        taken = Some(seen);
        let file = watched.path.clone();
        let loaded = tokio::task::spawn_blocking(move || take(&file, &shared)).await;
        if loaded.is_err() {
            tracing::error!("the load of a changed plugin file was broken off");
        }
        patience.looked(loaded.is_ok_and(|is_taken| is_taken), Instant::now());
    }
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

/// Whether it is fit.
fn take(path: &Path, shared: &Arc<Shared>) -> bool {
    let source = path.display().to_string();
    match PluginFile::read(path) {
        Ok(file) => {
            // A refusal has been logged with its reason.
            let table = shared.plugin.lock().clone();
            let Ok(loaded) = shared.load(file.upload(&table), &table, &source) else { return false };
            // What the file says, and not how the active version came to be configured by another way.
            let written = shared.configuring.lock().script().unwrap_or(table.configuration);
            shared.loaded.taken_from_file(loaded.identity(), &written);
            shared.activate(loaded, &source);
            true
        }
        Err(error) => {
            tracing::error!(file = source, %error, "a changed plugin file cannot be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_with_rests_is_waited_for_longer_and_longer() {
        let mut patience = Patience::NEW;
        let mut now = Instant::now();
        let mut quiet = Vec::new();
        for _ in 0..5 {
            patience.changed(now);
            quiet.push(patience.quiet.as_millis());
            now += patience.quiet;
            patience.looked(false, now);
        }
        assert_eq!(quiet, [200, 400, 800, 1_600, 1_600]);
        patience.changed(now + LOOK);
        assert_eq!(patience.quiet, MOST_QUIET, "soon after a refusal");
        patience.changed(now + LOOK + Duration::from_millis(1));
        assert_eq!(patience.quiet, QUIET, "much later it is another file");
        patience.looked(false, now);
        patience.looked(true, now);
        patience.changed(now);
        assert_eq!(patience.quiet, QUIET, "what was whole is followed by another");
    }
}
