//! Links in documents: every relative one leads to a file, and to a heading of it if it names one; every document
//! below `docs/` that any file mentions is there.

use crate::files::Text;
use crate::workspace;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A sentence for every dead link.
pub(crate) fn check(texts: &[Text]) -> Result<Vec<String>> {
    let root = workspace::root();
    let headings: BTreeMap<PathBuf, Vec<String>> = texts
        .iter()
        .filter(|text| text.is(&[".md"]))
        .map(|text| (PathBuf::from(&text.name), headings_in(&text.content)))
        .collect();
    let mut dead = Vec::new();
    for text in texts {
        if text.is(&[".md"]) {
            let folder = Path::new(&text.name).parent().unwrap_or(Path::new(""));
            for link in links_in(&text.content) {
                let (path, heading) = link.split_once('#').unwrap_or((link, ""));
                let path =
                    if path.is_empty() { PathBuf::from(&text.name) } else { plain(&folder.join(path)) };
                if !root.join(&path).exists() {
                    dead.push(format!("{}: {link} leads nowhere", text.name));
                } else if !heading.is_empty()
                    && headings.get(&path).is_some_and(|all| !all.iter().any(|h| h == heading))
                {
                    dead.push(format!("{}: {link} names no heading there", text.name));
                }
            }
        }
        for name in documents_in(&text.content) {
            if !root.join(name).exists() {
                dead.push(format!("{}: mentions {name}, which is not there", text.name));
            }
        }
    }
    Ok(dead)
}

/// Targets of `[text](target)` outside of fenced code, without those that lead out of the checkout.
fn links_in(content: &str) -> Vec<&str> {
    let mut links = Vec::new();
    for line in outside_of_code(content) {
        let mut rest = line;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].trim();
            if !target.contains("://") && !target.starts_with("mailto:") {
                links.push(target);
            }
            rest = &rest[end..];
        }
    }
    links
}

/// As they are linked to: lower case, blanks to hyphens, punctuation gone.
fn headings_in(content: &str) -> Vec<String> {
    outside_of_code(content)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

fn outside_of_code(content: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    content.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    })
}

/// Every document below `docs/` in a text, of any kind, where it is not part of a longer path.
fn documents_in(content: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_/.".contains(c);
    content
        .match_indices("docs/")
        .filter(|(at, _)| !content[..*at].ends_with(is_part))
        .filter_map(|(at, _)| {
            let name = content[at..].split(|c| !is_part(c)).next().unwrap_or_default();
            let end = name.find(".md")? + ".md".len();
            (end == name.trim_end_matches('.').len()).then(|| &name[..end])
        })
        .collect()
}

/// Without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_outside_of_code_and_only_those_within() {
        let content =
            "see [a](b.md) and [c](https://x.test/) or [d](#e)\n```\n[f](g.md)\n```\n[h](../i.md#j)\n";
        assert_eq!(links_in(content), ["b.md", "#e", "../i.md#j"]);
    }

    #[test]
    fn headings_are_what_they_are_linked_as() {
        assert_eq!(headings_in("# The view, v1\n## 2 Spans\n```\n# not\n```\n"), ["the-view-v1", "2-spans"]);
    }

    #[test]
    fn documents_that_code_mentions_are_found() {
        let name = concat!("do", "cs/view.md");
        assert_eq!(documents_in(&format!("table (`{name}`); see {name}.")), [name, name]);
        assert!(documents_in(&format!("other/{name} and {name}x")).is_empty());
    }

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(plain(Path::new("a/b/../c.md")), Path::new("a/c.md"));
    }
}
