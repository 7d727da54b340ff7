//! What a script wants changed in a message, as values (the WIT contract's `edit`).
//!
//! In: a decision. Out: [`Edit`], checked, to be applied by a [`Draft`](crate::Draft). The numbers of header fields
//! are those of the message the script saw; they stay valid whatever other edits there are.

use crate::bounds::{MAX_HEAD, MAX_MESSAGE};
use crate::grammar::{self, TOKEN};
use crate::{Head, HeaderId, Uri};

/// One change.
#[derive(Clone, PartialEq, Eq)]
pub enum Edit {
    /// Add a header field after all others.
    Append(HeaderEdit),
    /// Add a header field before all others of its name.
    Prepend(HeaderEdit),
    /// Give the header field of this index another value.
    Replace {
        /// Counts the header fields of the message, from 0.
        index: u32,
        /// The new value.
        value: Box<[u8]>,
    },
    /// Remove the header field of this index.
    Remove {
        /// Counts the header fields of the message, from 0.
        index: u32,
    },
    /// Remove every header field of this number or, where it is `HeaderId::OTHER`, of this name.
    RemoveAll(HeaderId, Box<str>),
    /// Replace the Request-URI; ignored in responses.
    SetRequestUri(Box<str>),
    /// Replace the body and Content-Type; an empty content removes both.
    SetBody {
        /// The media type.
        content_type: Box<str>,
        /// The body.
        content: Box<[u8]>,
    },
}

/// A header field to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderEdit {
    /// Which one; [`HeaderId::OTHER`]: the one of this name.
    pub id: HeaderId,
    /// Used where `id` is [`HeaderId::OTHER`].
    pub name: Box<str>,
    /// The value, without line breaks.
    pub value: Box<[u8]>,
}

/// An edit breaks the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// CR, LF or NUL in a value.
    #[error("a value holds a line break or NUL")]
    LineBreak,
    /// The name is no token, or the number is not in the table.
    #[error("not a header field name")]
    Name,
    /// There are not that many header fields.
    #[error("the message has {0} header fields")]
    Index(usize),
    /// Via and Content-Length are the host's.
    #[error("{} is the host's", .0.name())]
    Host(HeaderId),
    /// Not a URI.
    #[error("not a Request-URI")]
    RequestUri,
    /// Beyond [`MAX_HEAD`] or [`MAX_MESSAGE`].
    #[error("too large")]
    TooLarge,
}

impl Edit {
    /// Whether the edit may be applied to a message of this many header fields. [`Edit::check_in`] also knows which
    /// header field an index means.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, spans: usize) -> Result<(), EditError> {
        match self {
            Edit::Append(header) | Edit::Prepend(header) => header.check(),
            Edit::Replace { index, value } => {
                check_index(*index, spans)?;
                check_value(value)
            }
            Edit::Remove { index } => check_index(*index, spans),
            Edit::RemoveAll(id, name) => check_name(*id, name).map(drop),
            Edit::SetRequestUri(uri) => Uri::parse(uri.as_bytes()).map(drop).or(Err(EditError::RequestUri)),
            Edit::SetBody { content_type, content } => {
                if content.len() > MAX_MESSAGE {
                    return Err(EditError::TooLarge);
                }
                check_value(content_type.as_bytes())
            }
        }
    }

    /// Whether the edit may be applied to this message.
    ///
    /// # Errors
    /// It may not.
    pub fn check_in(&self, head: Head<'_>) -> Result<(), EditError> {
        self.check(head.spans().len())?;
        if let Edit::Replace { index, .. } | Edit::Remove { index } = self {
            check_owner(head.spans()[*index as usize].id)?;
        }
        Ok(())
    }
}

impl HeaderEdit {
    /// A header field that has a number.
    pub fn new(id: HeaderId, value: impl Into<Box<[u8]>>) -> HeaderEdit {
        HeaderEdit { id, name: "".into(), value: value.into() }
    }

    /// A header field by its name; it gets the name's number, if there is one.
    pub fn named(name: &str, value: impl Into<Box<[u8]>>) -> HeaderEdit {
        HeaderEdit { id: HeaderId::from_name(name.as_bytes()), name: name.into(), value: value.into() }
    }

    /// The number, also where only the name was given.
    #[must_use]
    pub fn resolved(&self) -> HeaderId {
        resolve(self.id, &self.name)
    }

    fn check(&self) -> Result<(), EditError> {
        check_name(self.id, &self.name)?;
        check_value(&self.value)
    }
}

/// The number of a header field given by number or name.
pub(crate) fn resolve(id: HeaderId, name: &str) -> HeaderId {
    if id == HeaderId::OTHER { HeaderId::from_name(name.as_bytes()) } else { id }
}

fn check_name(id: HeaderId, name: &str) -> Result<HeaderId, EditError> {
    if id == HeaderId::OTHER {
        if !grammar::all(TOKEN, name.as_bytes()) || name.len() > usize::from(u16::MAX) {
            return Err(EditError::Name);
        }
    } else if id.name().is_empty() {
        return Err(EditError::Name);
    }
    let id = resolve(id, name);
    check_owner(id).map(|()| id)
}

fn check_owner(id: HeaderId) -> Result<(), EditError> {
    match id {
        HeaderId::VIA | HeaderId::CONTENT_LENGTH => Err(EditError::Host(id)),
        _ => Ok(()),
    }
}

fn check_index(index: u32, spans: usize) -> Result<(), EditError> {
    if (index as usize) < spans { Ok(()) } else { Err(EditError::Index(spans)) }
}

fn check_value(value: &[u8]) -> Result<(), EditError> {
    if value.len() > MAX_HEAD {
        return Err(EditError::TooLarge);
    }
    match memchr::memchr3(b'\r', b'\n', 0, value) {
        Some(_) => Err(EditError::LineBreak),
        None => Ok(()),
    }
}

/// Says nothing about people: which header field, and sizes.
impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Edit::Append(header) => write!(f, "Append({header:?})"),
            Edit::Prepend(header) => write!(f, "Prepend({header:?})"),
            Edit::Replace { index, value } => write!(f, "Replace({index}, {} bytes)", value.len()),
            Edit::Remove { index } => write!(f, "Remove({index})"),
            Edit::RemoveAll(id, name) => write!(f, "RemoveAll({id:?}, {name:?})"),
            Edit::SetRequestUri(uri) => write!(f, "SetRequestUri({} bytes)", uri.len()),
            Edit::SetBody { content_type, content } => {
                write!(f, "SetBody({content_type:?}, {} bytes)", content.len())
            }
        }
    }
}

impl std::fmt::Debug for HeaderEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}, {} bytes", self.id, self.name, self.value.len())
    }
}
