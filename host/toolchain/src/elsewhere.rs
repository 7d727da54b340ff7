//! Where a compiler is kept for somebody who builds a plugin outside a checkout of Strowger.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Name of the folder in a checkout's `target`.
const FOLDER: &str = "wasm-toolchain";

/// See [`crate::Options::for_user`].
pub(crate) fn folder_to_keep() -> PathBuf {
    let program = std::env::current_exe().ok();
    program
        .as_deref()
        .and_then(beside_program)
        .unwrap_or_else(|| in_cache(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")))
}

/// `target/debug/strowger` was built in a checkout whose `target/wasm-toolchain` may be filled already.
fn beside_program(program: &Path) -> Option<PathBuf> {
    let kept = program.parent()?.parent()?.join(FOLDER);
    kept.is_dir().then_some(kept)
}

fn in_cache(cache: Option<OsString>, home: Option<OsString>) -> PathBuf {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    cache
        .and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("strowger")
        .join(FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_used_only_if_it_has_kept_one() {
        let target = tempfile::tempdir().expect("a folder");
        let program = target.path().join("debug/strowger");
        assert_eq!(beside_program(&program), None);
        std::fs::create_dir(target.path().join(FOLDER)).expect("made");
        assert_eq!(beside_program(&program), Some(target.path().join(FOLDER)));
    }

    #[test]
    fn the_cache_folder_comes_before_home_and_relative_paths_count_for_nothing() {
        let of = |cache: &str, home: &str| in_cache(Some(cache.into()), Some(home.into()));
        assert_eq!(of("/c", "/h"), Path::new("/c/strowger/wasm-toolchain"));
        assert_eq!(of("", "/h"), Path::new("/h/.cache/strowger/wasm-toolchain"));
        assert_eq!(of("c", "h"), std::env::temp_dir().join("strowger/wasm-toolchain"));
        assert_eq!(in_cache(None, None), std::env::temp_dir().join("strowger/wasm-toolchain"));
    }
}
