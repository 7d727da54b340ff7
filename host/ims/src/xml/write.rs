//! Writing XML: elements in order, everything escaped that has to be.
//!
//! In: names of ours and texts of anybody. Out: a document that `xml.rs` reads back to the same texts. A character that
//! XML 1.0 §2.2 cannot hold, not even as a reference, becomes U+FFFD.

use super::is_char;

/// A document under way.
pub(crate) struct Writer {
    out: String,
    open: Vec<&'static str>,
    /// Whether the last start tag can still take attributes.
    in_tag: bool,
}

impl Writer {
    /// A document that begins with its declaration.
    pub(crate) fn new() -> Writer {
        Writer {
            out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
            open: Vec::new(),
            in_tag: false,
        }
    }

    /// A start tag.
    pub(crate) fn open(&mut self, name: &'static str) {
        self.end_tag_if_open();
        self.out.push('<');
        self.out.push_str(name);
        self.open.push(name);
        self.in_tag = true;
    }

    /// An attribute of the start tag that was just opened; nothing where there is none.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) {
        if !self.in_tag {
            return;
        }
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }

    /// Text within the element that is open.
    pub(crate) fn text(&mut self, text: &str) {
        self.end_tag_if_open();
        escape(text, &mut self.out);
    }

    /// The end tag of the element that was opened last.
    pub(crate) fn close(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if std::mem::take(&mut self.in_tag) {
            self.out.push_str("/>");
            return;
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with nothing but text in it.
    pub(crate) fn leaf(&mut self, name: &'static str, text: &str) {
        self.open(name);
        self.text(text);
        self.close();
    }

    /// The same, where there is a value.
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.leaf(name, &value.to_string());
        }
    }

    /// The document, every element closed.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn end_tag_if_open(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.out.push('>');
        }
    }
}

/// Line breaks and tabs are written as references: a reader would turn them into something else in an attribute, and a
/// carriage return everywhere.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if !is_char(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
}
