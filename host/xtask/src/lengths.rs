//! How long source files are: past 500 lines there is a noun hiding in one.

use crate::files::Text;

/// Look for a seam.
const LONG: usize = 500;
/// Find it.
pub(crate) const TOO_LONG: usize = 900;

/// Files past [`LONG`] lines, longest first.
pub(crate) fn long(texts: &[Text]) -> Vec<(usize, &str)> {
    let mut found: Vec<_> = texts
        .iter()
        .filter(|text| text.is(&[".rs", ".wit"]))
        .map(|text| (text.content.lines().count(), text.name.as_str()))
        .filter(|(lines, _)| *lines > LONG)
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_comes_first_and_documents_do_not_count() {
        let text = |name: &str, lines: usize| Text { name: name.to_owned(), content: "x\n".repeat(lines) };
        let texts = [text("a.rs", 501), text("b.rs", 500), text("c.rs", 700), text("d.md", 9000)];
        assert_eq!(long(&texts), [(700, "c.rs"), (501, "a.rs")]);
    }
}
