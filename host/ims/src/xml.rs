//! XML documents of a few kilobytes as trees: the part of XML 1.0 that user data and event packages use.
//!
//! In: bytes. Out: an [`Element`] with its attributes, text and children; `xml/write.rs` goes the other way.
//!
//! `quick-xml` cuts the bytes into tags and text. What is added here: a tree with bounds, one root, characters and names
//! that XML allows. A document type is refused, so there are no entities but the five of XML 1.0 §4.6 and no way to make
//! a small document large. Comments and processing instructions are skipped. Names are compared without their prefix:
//! what the peers send is told apart by its local names, and half of them leave the namespace out.
//! What the elements mean is `service_profile/` and `reginfo/`.

mod write;

pub(crate) use write::Writer;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use crate::bounds::{MAX_XML, MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_ELEMENTS};

/// The bytes are no document that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The bytes at `offset` are not what XML wants there.
    #[error("XML at byte {offset}: expected {expected}")]
    Syntax {
        /// Bytes from the start of the document.
        offset: usize,
        /// What is wanted at that place.
        expected: &'static str,
    },
    /// A document type declaration: it could define entities.
    #[error("XML at byte {offset}: a document type is not read")]
    DocumentType {
        /// Bytes from the start of the document.
        offset: usize,
    },
    /// A named bound of [`bounds`](crate::bounds) is exceeded.
    #[error("XML at byte {offset}: more than {limit} {what}")]
    TooLarge {
        /// Bytes from the start of the document.
        offset: usize,
        /// The unit that is bounded.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

type Result<T> = std::result::Result<T, XmlError>;

/// One element.
pub(crate) struct Element {
    /// The name without its prefix.
    pub(crate) name: String,
    /// Where its start tag begins, in bytes from the start of the document.
    pub(crate) offset: usize,
    /// Names as they came, prefix and all, and their values.
    attributes: Vec<(String, String)>,
    /// The text in it, children left out.
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The value of the attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The text with white space at its ends.
    pub(crate) fn raw_text(&self) -> &str {
        &self.text
    }

    /// The text without white space at its ends.
    pub(crate) fn text(&self) -> &str {
        trim(&self.text)
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of this name, in order.
    pub(crate) fn each<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// What is read of every child of this name, in order; more than `limit` of them are the error that `too_many`
    /// makes of the place of the first that is over it.
    pub(crate) fn list<T, E>(
        &self,
        name: &str,
        limit: usize,
        too_many: impl Fn(usize) -> E,
        read: impl Fn(&Element) -> std::result::Result<T, E>,
    ) -> std::result::Result<Vec<T>, E> {
        let read_one = |(index, child): (usize, &Element)| {
            if index < limit { read(child) } else { Err(too_many(child.offset)) }
        };
        self.each(name).enumerate().map(read_one).collect()
    }
}

/// Without the white space of XML at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_white_char)
}

fn is_white_char(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Reads a whole document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element> {
    if bytes.len() > MAX_XML {
        return Err(XmlError::TooLarge { offset: MAX_XML, what: "bytes", limit: MAX_XML });
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(XmlError::Syntax { offset: error.valid_up_to(), expected: "UTF-8" }),
    };
    if let Some((offset, _)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        return Err(XmlError::Syntax { offset, expected: "a character of XML" });
    }
    let document = text.strip_prefix('\u{feff}').unwrap_or(text);
    Tree { before: text.len() - document.len(), elements: 0, open: Vec::new(), root: None }.read(document)
}

/// A tree that grows. Open elements are a stack of our own: a deep document takes no deep calls.
struct Tree {
    /// Bytes before the document: a mark of the byte order.
    before: usize,
    elements: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn read(mut self, document: &str) -> Result<Element> {
        let mut reader = Reader::from_str(document);
        loop {
            let offset = self.before + position(reader.buffer_position());
            let event = reader.read_event().map_err(|error| XmlError::Syntax {
                offset: self.before + position(reader.error_position()),
                expected: expected(&error),
            })?;
            match event {
                Event::Start(tag) => {
                    let element = self.element(&tag, offset)?;
                    self.open.push(element);
                }
                Event::Empty(tag) => {
                    let element = self.element(&tag, offset)?;
                    self.end(element);
                }
                // That it ends the element that is open, the reader has seen to.
                Event::End(_) => {
                    let element = self.open.pop().ok_or(wanted(offset, "a start tag"))?;
                    self.end(element);
                }
                Event::Text(text) => self.text(&text.xml10_content(), offset)?,
                Event::CData(text) => self.data(&text.xml10_content(), offset)?,
                Event::GeneralRef(reference) => {
                    let wrong = wanted(offset, "a character reference");
                    let c = match reference.resolve_char_ref().map_err(|_| wrong)? {
                        Some(c) => c,
                        None => named(&reference.xml10_content()).ok_or(wrong)?,
                    };
                    if !is_char(c) {
                        return Err(wrong);
                    }
                    self.data(c.encode_utf8(&mut [0; 4]), offset)?;
                }
                Event::DocType(_) => return Err(XmlError::DocumentType { offset }),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if self.open.is_empty() => return self.root.ok_or(wanted(offset, "an element")),
                Event::Eof => return Err(wanted(offset, "an end tag")),
            }
        }
    }

    fn element(&mut self, tag: &BytesStart<'_>, offset: usize) -> Result<Element> {
        if self.root.is_some() {
            return Err(wanted(offset, "the end of the document"));
        }
        let too_large = |what, limit| XmlError::TooLarge { offset, what, limit };
        self.elements += 1;
        if self.elements > MAX_XML_ELEMENTS {
            return Err(too_large("elements", MAX_XML_ELEMENTS));
        }
        if self.open.len() >= MAX_XML_DEPTH {
            return Err(too_large("elements within each other", MAX_XML_DEPTH));
        }
        let name = local_name(tag.name().as_ref()).ok_or(wanted(offset, "a name"))?.to_owned();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let wrong = wanted(offset, "attributes with a name and a quoted value, each once");
            let attribute = attribute.map_err(|_| wrong)?;
            if attributes.len() == MAX_XML_ATTRIBUTES {
                return Err(too_large("attributes", MAX_XML_ATTRIBUTES));
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| wrong)?;
            let is_value = !attribute.value.contains('<') && value.chars().all(is_char);
            if !is_value || local_name(attribute.key.as_ref()).is_none() {
                return Err(wrong);
            }
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(Element { name, offset, attributes, text: String::new(), children: Vec::new() })
    }

    fn end(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    /// Text; outside the root there may be white space.
    fn text(&mut self, text: &str, offset: usize) -> Result<()> {
        if self.open.is_empty() && trim(text).is_empty() { Ok(()) } else { self.data(text, offset) }
    }

    fn data(&mut self, text: &str, offset: usize) -> Result<()> {
        self.open.last_mut().ok_or(wanted(offset, "an element"))?.text.push_str(text);
        Ok(())
    }
}

fn wanted(offset: usize, expected: &'static str) -> XmlError {
    XmlError::Syntax { offset, expected }
}

/// No document is longer than [`MAX_XML`].
fn position(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(MAX_XML)
}

/// What is wanted where the reader cannot go on.
fn expected(error: &Error) -> &'static str {
    match error {
        Error::Syntax(_) => "the end of a tag, a comment or a section",
        Error::IllFormed(_) => "a tag that fits the element that is open, or the end of a reference",
        _ => "XML",
    }
}

/// A name without its prefix; `None` where it is none (XML 1.0 §2.3; of what is not ASCII, everything is taken).
fn local_name(name: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.') || !c.is_ascii();
    let begins_wrong = name.starts_with(|c: char| matches!(c, '-' | '.' | '0'..='9'));
    let local = name.rsplit(':').next().unwrap_or(name);
    (!begins_wrong && !local.is_empty() && name.chars().all(is_name)).then_some(local)
}

/// The character of one of the five names (XML 1.0 §4.6).
fn named(name: &str) -> Option<char> {
    quick_xml::escape::resolve_predefined_entity(name)?.chars().next()
}

/// XML 1.0 §2.2 `Char`.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests;
