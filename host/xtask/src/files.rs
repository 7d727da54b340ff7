//! The files of the checkout, as git sees them: tracked ones and new ones that are not ignored.

use crate::workspace;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Larger files are data.
const MOST_BYTES: u64 = 2_000_000;

/// A text file.
pub(crate) struct Text {
    /// Relative to the root, with `/`.
    pub(crate) name: String,
    pub(crate) content: String,
}

impl Text {
    /// Whether it ends in one of these.
    pub(crate) fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.name.ends_with(ending))
    }
}

/// Names of all files, sorted.
pub(crate) fn names() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(workspace::root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut names: Vec<String> =
        workspace::output(&mut git)?.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// All files that are text; one that git knows and the folder lacks is passed over.
pub(crate) fn texts() -> Result<Vec<Text>> {
    let root = workspace::root();
    let read = |name: String| {
        let path: PathBuf = root.join(&name);
        let size = path.symlink_metadata().ok().filter(|file| file.is_file())?.len();
        let content = (size <= MOST_BYTES).then(|| std::fs::read_to_string(&path).ok())??;
        Some(Text { name, content })
    };
    Ok(names()?.into_iter().filter_map(read).collect())
}
