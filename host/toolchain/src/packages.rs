//! Way 4: the distribution's own compiler, unpacked in a folder of ours. The system is not changed: no package is
//! installed, and if apt's lists are missing or stale, a private copy of them is fetched into the same folder.
//!
//! ```text
//! keep/compiler/…        the unpacked packages, renamed into place when complete
//! keep/compiler.json     the marker: what it is (written last)
//! keep/lock              held while fetching, so that parallel runs wait for one
//! keep/work/             packages under way, lists; removed at the end
//! ```

mod apt;
mod closure;
mod unpacked;

pub(crate) use unpacked::Unpacked;

use crate::error::file;
use crate::{Error, Options, needs, run};
use apt::Apt;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::Command;

const MARKER: &str = "compiler.json";
const COMPILER: &str = "compiler";
const WORK: &str = "work";
const LOCK: &str = "lock";

/// The compiler of an earlier run, if it still starts.
pub(crate) fn kept(keep: &Path) -> Option<Unpacked> {
    let marker = std::fs::read(keep.join(MARKER)).ok()?;
    let mut unpacked: Unpacked = serde_json::from_slice(&marker).ok()?;
    // The folder may have been moved with its checkout: only the layout beneath it is remembered.
    unpacked.root = keep.join(COMPILER);
    unpacked.version().ok().filter(|version| *version == unpacked.rustc_version)?;
    Some(unpacked)
}

/// Fetches and unpacks; or waits for the process that does, and takes what it got.
pub(crate) fn fetch(options: &Options) -> Result<Unpacked, Error> {
    for missing in ["apt-get", "apt-cache", "dpkg-deb", "dpkg-query"] {
        if needs::find(missing).is_none() {
            return Err(Error::NoApt { missing });
        }
    }
    let keep = &options.keep;
    std::fs::create_dir_all(keep).map_err(file(keep))?;
    let _lock = lock(options)?;
    if let Some(unpacked) = kept(keep) {
        return Ok(unpacked);
    }
    let work = keep.join(WORK);
    remove_folder(&work)?;
    remove_folder(&keep.join(COMPILER))?;
    let fetched = fetch_into(options, &work);
    remove_folder(&work)?;
    let unpacked = fetched?;
    let marker = serde_json::to_vec_pretty(&unpacked)
        .map_err(|why| Error::File { path: keep.join(MARKER), source: std::io::Error::other(why) })?;
    std::fs::write(keep.join(MARKER), marker).map_err(file(keep.join(MARKER)))?;
    (options.progress)(&format!("kept for the next time in {}", keep.display()));
    Ok(unpacked)
}

fn fetch_into(options: &Options, work: &Path) -> Result<Unpacked, Error> {
    let say = options.progress;
    let debs = work.join("debs");
    std::fs::create_dir_all(&debs).map_err(file(&debs))?;

    say("looking for the distribution's rustc and rust-src (nothing will be installed)");
    let system = Apt::of_system();
    let downloaded = match download(&system, &debs, say) {
        Ok(release) => release,
        Err(why) => {
            // Fresh images have no lists, old ones name packages that a security update has replaced.
            say(&format!("  {why}"));
            say("  apt's lists are missing or stale: fetching a private copy of them");
            let own = Apt::with_own_lists(&work.join("apt"))?;
            own.update()?;
            download(&own, &debs, say)?
        }
    };
    say(&format!("unpacking rustc {}", downloaded.version));
    let root = work.join(COMPILER);
    let mut packages: Vec<_> =
        std::fs::read_dir(&debs).map_err(file(&debs))?.flatten().map(|e| e.path()).collect();
    packages.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    packages.sort();
    for package in packages {
        run::output("unpacking a package", Command::new("dpkg-deb").arg("-x").args([&package, &root]))?;
    }
    unpacked::remove_what_no_build_reads(&root);
    let mut unpacked = Unpacked::examine(&root)?;

    let root = options.keep.join(COMPILER);
    std::fs::rename(work.join(COMPILER), &root).map_err(file(&root))?;
    unpacked.root = root;
    unpacked.rustc_version = unpacked.version()?;
    say(&format!(
        "unpacked {}; the first build compiles its standard library (about a minute)",
        unpacked.rustc_version
    ));
    Ok(unpacked)
}

fn download(apt: &Apt, debs: &Path, say: fn(&str)) -> Result<apt::Release, Error> {
    let own_minor = own_minor_version();
    let release = apt::choose(&apt.releases()?, own_minor)?;
    let packages = closure::of(apt, &release)?;
    say(&format!("downloading {}", packages.join(" ")));
    apt.download(&packages, debs)?;
    Ok(release)
}

/// `95` of rustc 1.95.0: the compiler in use, which the packages' should be close to.
fn own_minor_version() -> u32 {
    let version = crate::installed::version().unwrap_or_default();
    version.split_whitespace().nth(1).and_then(apt::minor_version).unwrap_or(apt::LEAST_MINOR)
}

fn lock(options: &Options) -> Result<File, Error> {
    let path = options.keep.join(LOCK);
    let lock = File::create(&path).map_err(file(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            (options.progress)("another run is fetching the compiler: waiting for it");
            lock.lock().map_err(file(&path))?;
            Ok(lock)
        }
        Err(TryLockError::Error(why)) => Err(file(&path)(why)),
    }
}

fn remove_folder(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(file(folder)(why)),
        _ => Ok(()),
    }
}
