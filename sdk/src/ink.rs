//! What a hook writes while it runs, kept until it ends.
//!
//! In: texts and bodies. Out: references to them that live as long as the message itself, so that a script can hold
//! what it read, then edit, then read on. It only ever grows, within one hook. No edits are understood here.

use std::cell::{Cell, OnceCell};

/// An append-only list: what is in it never moves.
#[derive(Debug, Default)]
pub(crate) struct Ink {
    first: OnceCell<Box<Stroke>>,
}

/// One written thing.
#[derive(Debug)]
struct Stroke {
    text: String,
    content: Vec<u8>,
    next: OnceCell<Box<Stroke>>,
}

/// The end of the list, where the next thing is written.
#[derive(Debug, Clone)]
pub(crate) struct Pen<'a> {
    end: Cell<&'a OnceCell<Box<Stroke>>>,
}

impl Ink {
    /// A pen; it finds the end of what was written before.
    pub(crate) fn pen(&self) -> Pen<'_> {
        Pen { end: Cell::new(&self.first) }
    }
}

impl<'a> Pen<'a> {
    /// Writes a text.
    pub(crate) fn text(&self, text: String) -> &'a str {
        &self.write(text, Vec::new()).text
    }

    /// Writes a body and its media type.
    pub(crate) fn body(&self, content_type: String, content: Vec<u8>) -> (&'a str, &'a [u8]) {
        let stroke = self.write(content_type, content);
        (&stroke.text, &stroke.content)
    }

    fn write(&self, text: String, content: Vec<u8>) -> &'a Stroke {
        while let Some(taken) = self.end.get().get() {
            self.end.set(&taken.next);
        }
        let stroke = self.end.get().get_or_init(|| Box::new(Stroke { text, content, next: OnceCell::new() }));
        self.end.set(&stroke.next);
        stroke
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_stays_while_more_is_written() {
        let ink = Ink::default();
        let pen = ink.pen();
        let first = pen.text("one".into());
        let (kind, content) = pen.body("text/plain".into(), b"hello".to_vec());
        let more: Vec<&str> = (0..100).map(|i| pen.text(i.to_string())).collect();
        assert_eq!((first, kind, content), ("one", "text/plain", &b"hello"[..]));
        assert_eq!(more[99], "99");
        assert_eq!(ink.pen().text("behind the end".into()), "behind the end");
        assert_eq!(first, "one");
    }
}
