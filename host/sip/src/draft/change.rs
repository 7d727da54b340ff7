//! The changes that a draft keeps: what happens at which place of its base.
//!
//! In: nothing. Out: [`Change`], ordered by the draft, written by `print.rs`.

use crate::HeaderId;
use crate::grammar::{self, TOKEN};
use crate::piece::Piece;

#[derive(Clone)]
pub(super) struct Change<'a> {
    /// Index of the base's header field before which or to which it happens.
    pub(super) position: u32,
    pub(super) kind: Kind<'a>,
}

#[derive(Clone)]
pub(super) enum Kind<'a> {
    /// Insert before the header field of this position.
    Prepend(Name<'a>, Piece<'a>),
    Replace(Piece<'a>),
    Remove,
    /// Insert behind the last header field.
    Append(Name<'a>, Piece<'a>),
}

impl Kind<'_> {
    pub(super) const fn class(&self) -> u8 {
        match self {
            Kind::Prepend(..) => 0,
            Kind::Replace(_) | Kind::Remove => 1,
            Kind::Append(..) => 2,
        }
    }
}

#[derive(Clone)]
pub(super) enum Name<'a> {
    Known(HeaderId),
    Text(Piece<'a>),
}

impl<'a> Name<'a> {
    /// The number where there is one, else the name.
    pub(super) fn new(id: HeaderId, name: &'a str) -> Name<'a> {
        if id == HeaderId::OTHER { Name::Text(name.into()) } else { Name::Known(id) }
    }

    /// Whether it can stand before a colon: a number out of the table has no name, and a name is a token.
    pub(super) fn is_writable(&self) -> bool {
        match self {
            Name::Known(id) => !id.name().is_empty(),
            Name::Text(Piece::Borrowed(text)) => grammar::all(TOKEN, text),
            Name::Text(Piece::Owned(text)) => grammar::all(TOKEN, text),
            Name::Text(Piece::Number(_)) => true,
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Name::Known(id) => out.extend_from_slice(id.name().as_bytes()),
            Name::Text(text) => text.write(out),
        }
    }

    pub(super) fn is(&self, id: HeaderId, name: &str) -> bool {
        match self {
            Name::Known(own) => *own == id,
            Name::Text(Piece::Borrowed(text)) => {
                id == HeaderId::OTHER && text.eq_ignore_ascii_case(name.as_bytes())
            }
            Name::Text(Piece::Owned(text)) => {
                id == HeaderId::OTHER && text.eq_ignore_ascii_case(name.as_bytes())
            }
            Name::Text(Piece::Number(_)) => false,
        }
    }
}

impl Change<'_> {
    /// Whether it adds a header field of this number or name.
    pub(super) fn adds(&self, id: HeaderId, name: &str) -> bool {
        match &self.kind {
            Kind::Prepend(own, _) | Kind::Append(own, _) => own.is(id, name),
            Kind::Replace(_) | Kind::Remove => false,
        }
    }
}
