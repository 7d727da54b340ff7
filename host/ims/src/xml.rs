//! XML documents of a few kilobytes as trees: the part of XML 1.0 that user data and event packages use.
//!
//! In: bytes. Out: an [`Element`] with its attributes, text and children; `xml/write.rs` goes the other way.
//!
//! Read without a document type: `<!DOCTYPE` is refused, so there are no entities but the five of XML 1.0 §4.6 and no
//! way to make a small document large. Comments and processing instructions are skipped. Names are compared without
//! their prefix: what the peers send is told apart by its local names, and half of them leave the namespace out.
//! What the elements mean is `service_profile/` and `reginfo/`.

mod write;

use std::borrow::Cow;

pub(crate) use write::Writer;

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
pub(crate) struct Element<'a> {
    /// The name without its prefix.
    pub(crate) name: &'a str,
    /// Where its start tag begins, in bytes from the start of the document.
    pub(crate) offset: usize,
    /// Names as they came, prefix and all, and their values.
    attributes: Vec<(&'a str, Cow<'a, str>)>,
    /// The text in it, children left out.
    text: Cow<'a, str>,
    pub(crate) children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// The value of the attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_ref())
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
    pub(crate) fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of this name, in order.
    pub(crate) fn each<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element<'a>> {
        self.children.iter().filter(move |child| child.name == name)
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
pub(crate) fn parse(bytes: &[u8]) -> Result<Element<'_>> {
    if bytes.len() > MAX_XML {
        return Err(XmlError::TooLarge { offset: MAX_XML, what: "bytes", limit: MAX_XML });
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(XmlError::Syntax { offset: error.valid_up_to(), expected: "UTF-8" }),
    };
    Reader { text, at: 0, elements: 0 }.document()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    elements: usize,
}

/// An element whose end tag is still to come, and its name as it came.
type Open<'a> = (Element<'a>, &'a str);

impl<'a> Reader<'a> {
    /// Elements are kept on a stack of our own: a deep document takes no deep calls.
    fn document(mut self) -> Result<Element<'a>> {
        self.skip("\u{feff}");
        let mut open: Vec<Open<'a>> = Vec::new();
        let mut root = None;
        while self.at < self.text.len() {
            if !self.rest().starts_with('<') {
                self.text_run(&mut open)?;
                continue;
            }
            if self.skip_misc()? {
                continue;
            }
            let finished = if self.rest().starts_with("<![CDATA[") {
                self.cdata(&mut open)?;
                None
            } else if self.rest().starts_with("</") {
                Some(self.end_tag(&mut open)?)
            } else {
                if root.is_some() && open.is_empty() {
                    return Err(self.expected("the end of the document"));
                }
                self.start_tag(&mut open)?
            };
            if let Some(element) = finished {
                match open.last_mut() {
                    Some((parent, _)) => parent.children.push(element),
                    None => root = Some(element),
                }
            }
        }
        match root {
            Some(root) if open.is_empty() => Ok(root),
            _ => Err(self.expected("an end tag")),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, piece: &str) -> bool {
        let is_there = self.rest().starts_with(piece);
        if is_there {
            self.at += piece.len();
        }
        is_there
    }

    fn expected(&self, expected: &'static str) -> XmlError {
        XmlError::Syntax { offset: self.at, expected }
    }

    /// Everything up to `end`, which is passed over as well.
    fn until(&mut self, end: &str, expected: &'static str) -> Result<&'a str> {
        let rest = self.rest();
        let length = rest.find(end).ok_or(self.expected(expected))?;
        self.at += length + end.len();
        Ok(rest.get(..length).unwrap_or_default())
    }

    /// Comments and processing instructions, the XML declaration among them.
    fn skip_misc(&mut self) -> Result<bool> {
        if self.rest().starts_with("<!DOCTYPE") {
            return Err(XmlError::DocumentType { offset: self.at });
        }
        if self.skip("<!--") {
            self.until("-->", "the end of a comment")?;
        } else if self.skip("<?") {
            self.until("?>", "the end of a processing instruction")?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn text_run(&mut self, open: &mut [Open<'a>]) -> Result<()> {
        let begin = self.at;
        let rest = self.rest();
        let length = rest.find('<').unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        match open.last_mut() {
            Some((element, _)) => push(&mut element.text, decode(run, begin, Place::Text)?),
            None if trim(run).is_empty() => {}
            None => return Err(self.expected("an element")),
        }
        self.at = begin + length;
        Ok(())
    }

    fn cdata(&mut self, open: &mut [Open<'a>]) -> Result<()> {
        let Some((element, _)) = open.last_mut() else { return Err(self.expected("an element")) };
        self.skip("<![CDATA[");
        let begin = self.at;
        let run = self.until("]]>", "the end of a CDATA section")?;
        push(&mut element.text, decode(run, begin, Place::Verbatim)?);
        Ok(())
    }

    fn end_tag(&mut self, open: &mut Vec<Open<'a>>) -> Result<Element<'a>> {
        self.skip("</");
        let name = self.name()?;
        if open.last().is_none_or(|(_, raw)| *raw != name) {
            return Err(self.expected("the end tag of the element that is open"));
        }
        self.skip_white();
        if !self.skip(">") {
            return Err(self.expected("a closing angle bracket"));
        }
        open.pop().map(|(element, _)| element).ok_or(self.expected("a start tag"))
    }

    /// The element, where its start tag is its end as well.
    fn start_tag(&mut self, open: &mut Vec<Open<'a>>) -> Result<Option<Element<'a>>> {
        let offset = self.at;
        self.elements += 1;
        let too_large = |what, limit| XmlError::TooLarge { offset, what, limit };
        if self.elements > MAX_XML_ELEMENTS {
            return Err(too_large("elements", MAX_XML_ELEMENTS));
        }
        if open.len() >= MAX_XML_DEPTH {
            return Err(too_large("elements within each other", MAX_XML_DEPTH));
        }
        self.skip("<");
        let raw = self.name()?;
        let name = raw.rsplit(':').next().unwrap_or(raw);
        let mut element =
            Element { name, offset, attributes: Vec::new(), text: Cow::Borrowed(""), children: Vec::new() };
        loop {
            let had_white = self.skip_white();
            if self.skip("/>") {
                return Ok(Some(element));
            }
            if self.skip(">") {
                open.push((element, raw));
                return Ok(None);
            }
            if !had_white {
                return Err(self.expected("white space or the end of a tag"));
            }
            let (name, value) = self.attribute()?;
            if element.attribute(name).is_some() {
                return Err(self.expected("an attribute that is not there yet"));
            }
            if element.attributes.len() == MAX_XML_ATTRIBUTES {
                return Err(too_large("attributes", MAX_XML_ATTRIBUTES));
            }
            element.attributes.push((name, value));
        }
    }

    fn attribute(&mut self) -> Result<(&'a str, Cow<'a, str>)> {
        let name = self.name()?;
        self.skip_white();
        if !self.skip("=") {
            return Err(self.expected("an equals sign"));
        }
        self.skip_white();
        let quote = if self.skip("\"") {
            "\""
        } else if self.skip("'") {
            "'"
        } else {
            return Err(self.expected("a quoted value"));
        };
        let begin = self.at;
        let value = self.until(quote, "the end of a quoted value")?;
        if let Some(at) = value.find('<') {
            return Err(XmlError::Syntax { offset: begin + at, expected: "no tag in a value" });
        }
        Ok((name, decode(value, begin, Place::Attribute)?))
    }

    fn skip_white(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_white_char).len();
        self.at += length;
        length > 0
    }

    fn name(&mut self) -> Result<&'a str> {
        let rest = self.rest();
        let length = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        if name.starts_with(|c: char| matches!(c, '-' | '.' | '0'..='9'))
            || name.ends_with(':')
            || name.is_empty()
        {
            return Err(self.expected("a name"));
        }
        self.at += length;
        Ok(name)
    }
}

/// XML 1.0 §2.3 `NameChar`; of what is not ASCII, everything.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.') || !c.is_ascii()
}

/// Where characters stand, which decides what references and line breaks become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
    /// References are none.
    Verbatim,
}

fn push<'a>(text: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if text.is_empty() {
        *text = more;
    } else {
        text.to_mut().push_str(&more);
    }
}

/// XML 1.0 §2.11 (line breaks become one line feed), §3.3.3 (in attributes a space), §4.1 and §4.6 (references).
fn decode(run: &str, offset: usize, place: Place) -> Result<Cow<'_, str>> {
    if let Some((at, _)) = run.char_indices().find(|(_, c)| !is_char(*c)) {
        return Err(XmlError::Syntax { offset: offset + at, expected: "a character of XML" });
    }
    let is_special = |c: char| match c {
        '&' => place != Place::Verbatim,
        '\r' => true,
        '\t' | '\n' => place == Place::Attribute,
        _ => false,
    };
    if !run.contains(is_special) {
        return Ok(Cow::Borrowed(run));
    }
    let mut out = String::with_capacity(run.len());
    let mut rest = run;
    while let Some(at) = rest.find(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let here = offset + (run.len() - special.len());
        rest = match special.strip_prefix('&') {
            Some(behind) => {
                let wrong = XmlError::Syntax { offset: here, expected: "a character reference" };
                let (reference, behind) = behind.split_once(';').ok_or(wrong)?;
                out.push(referenced(reference).ok_or(wrong)?);
                behind
            }
            None => {
                out.push(if place == Place::Attribute { ' ' } else { '\n' });
                let one = special.strip_prefix("\r\n").or_else(|| special.strip_prefix(['\r', '\n', '\t']));
                one.unwrap_or_default()
            }
        };
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character of `#48`, `#x30` or one of the five names.
fn referenced(reference: &str) -> Option<char> {
    let number = match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => reference.strip_prefix('#')?,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok().and_then(char::from_u32).filter(|c| is_char(*c))
}

/// XML 1.0 §2.2 `Char`.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
#[path = "xml/tests.rs"]
mod tests;
