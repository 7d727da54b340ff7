//! A message to be printed: what came in, with changes, or something new (RFC 3261 §7, §16.6).
//!
//! In: a [`Head`] and changes, which are kept as changes. Out: bytes, appended once to the caller's vector. Runs of
//! header fields that nobody touched are copied as they came, byte for byte. Which changes a proxy makes is
//! `strowger-proxy`'s.
//!
//! Content-Length belongs to the draft: it follows the body, and changes to it are ignored. So are header fields whose
//! name is no token.

mod change;
mod print;

use change::{Change, Kind, Name};
use print::body_bytes;
pub(crate) use print::status_line;
use smallvec::SmallVec;

use crate::bounds::MAX_CHANGES;
use crate::edit::resolve;
use crate::piece::Piece;
use crate::{Edit, Head, HeaderEdit, HeaderId};

/// Changes that need no allocation.
const INLINE_CHANGES: usize = 6;

/// A message in the making.
#[derive(Clone)]
pub struct Draft<'a> {
    base: Option<Head<'a>>,
    start: StartLine<'a>,
    /// In the order of printing: by position, and at one position by class.
    changes: SmallVec<[Change<'a>; INLINE_CHANGES]>,
    body: Option<Piece<'a>>,
    /// A Content-Length has to be written that the base does not have.
    adds_length: bool,
    is_full: bool,
}

#[derive(Clone)]
enum StartLine<'a> {
    /// As it came.
    Base,
    /// The base's method, another Request-URI.
    RequestUri(Piece<'a>),
    Request {
        method: Piece<'a>,
        uri: Piece<'a>,
    },
    Response {
        status: u16,
        reason: Piece<'a>,
    },
}

impl<'a> Draft<'a> {
    /// The message as it came, to be changed.
    #[must_use]
    pub fn forward(head: Head<'a>) -> Draft<'a> {
        Draft::new(Some(head), StartLine::Base)
    }

    /// A new request without header fields.
    #[must_use]
    pub fn request(method: impl Into<Piece<'a>>, uri: impl Into<Piece<'a>>) -> Draft<'a> {
        Draft::new(None, StartLine::Request { method: method.into(), uri: uri.into() })
    }

    /// A new response without header fields; [`respond`](crate::respond()) makes one out of its request. A status
    /// beyond 999 is printed as 500, an empty reason as the standard phrase.
    #[must_use]
    pub fn response(status: u16, reason: &'a str) -> Draft<'a> {
        let status = if (100..=999).contains(&status) { status } else { 500 };
        let reason = if reason.is_empty() { crate::reason_phrase(status) } else { reason };
        Draft::new(None, StartLine::Response { status, reason: reason.into() })
    }

    fn new(base: Option<Head<'a>>, start: StartLine<'a>) -> Draft<'a> {
        let adds_length = base.is_none();
        Draft { base, start, changes: SmallVec::new(), body: None, adds_length, is_full: false }
    }

    /// Replaces the Request-URI; ignored in responses.
    pub fn set_request_uri(&mut self, uri: impl Into<Piece<'a>>) {
        match &mut self.start {
            StartLine::Request { uri: old, .. } => *old = uri.into(),
            StartLine::Response { .. } => {}
            StartLine::Base | StartLine::RequestUri(_) => {
                if self.base.is_some_and(|head| head.is_request()) {
                    self.start = StartLine::RequestUri(uri.into());
                }
            }
        }
    }

    /// Adds a header field before all others of its name, those added earlier included. Where there is none of its
    /// name, it stands behind the Vias that the message begins with.
    pub fn prepend(&mut self, id: HeaderId, value: impl Into<Piece<'a>>) {
        self.insert_before(id, "", Name::Known(id), value.into());
    }

    /// The same for a header field by its name.
    pub fn prepend_named(&mut self, name: &'a str, value: impl Into<Piece<'a>>) {
        let id = HeaderId::from_name(name.as_bytes());
        self.insert_before(id, name, Name::new(id, name), value.into());
    }

    /// Adds a header field after all others.
    pub fn append(&mut self, id: HeaderId, value: impl Into<Piece<'a>>) {
        self.insert_behind(id, Name::Known(id), value.into());
    }

    /// The same for a header field by its name.
    pub fn append_named(&mut self, name: &'a str, value: impl Into<Piece<'a>>) {
        let id = HeaderId::from_name(name.as_bytes());
        self.insert_behind(id, Name::new(id, name), value.into());
    }

    /// Gives the header field of this index of the base another value. The last of several changes to one header
    /// field counts. An index out of range is ignored.
    pub fn replace(&mut self, index: usize, value: impl Into<Piece<'a>>) {
        if self.may_touch(index) {
            self.change(index, Kind::Replace(value.into()));
        }
    }

    /// Removes the header field of this index of the base. An index out of range is ignored.
    pub fn remove(&mut self, index: usize) {
        if self.may_touch(index) {
            self.change(index, Kind::Remove);
        }
    }

    /// Removes every header field of this number, those added earlier included.
    pub fn remove_all(&mut self, id: HeaderId) {
        self.remove_named_or(id, "");
    }

    /// Removes every header field of this name, those added earlier included.
    pub fn remove_all_named(&mut self, name: &str) {
        self.remove_named_or(HeaderId::from_name(name.as_bytes()), name);
    }

    /// Gives the first header field of this number another value, or adds one behind all others.
    pub fn put(&mut self, id: HeaderId, value: impl Into<Piece<'a>>) {
        match self.base.and_then(|head| head.index_of(id)) {
            Some(index) => self.replace(index, value),
            None => {
                self.changes.retain(|change| !change.adds(id, ""));
                self.append(id, value);
            }
        }
    }

    /// Replaces the body and Content-Type; an empty content removes both.
    pub fn body(&mut self, content_type: impl Into<Piece<'a>>, content: impl Into<Piece<'a>>) {
        let content = content.into();
        self.remove_all(HeaderId::CONTENT_TYPE);
        if content.length() > 0 {
            self.put(HeaderId::CONTENT_TYPE, content_type);
        }
        self.body = Some(content);
        self.rewrite_length();
    }

    /// Makes sure that the message says how long its body is, as every message on a stream must (§18.3).
    pub fn ensure_content_length(&mut self) {
        if self.base.is_some_and(|head| head.count(HeaderId::CONTENT_LENGTH) == 0) {
            self.adds_length = true;
        }
    }

    /// Applies a script's edit. It is not checked here (see `Edit::check_in`), but harms nothing either.
    pub fn apply(&mut self, edit: &'a Edit) {
        match edit {
            Edit::Append(header) => {
                self.insert_behind(header.resolved(), edit_name(header), (&*header.value).into());
            }
            Edit::Prepend(header) => {
                let id = header.resolved();
                self.insert_before(id, &header.name, edit_name(header), (&*header.value).into());
            }
            Edit::Replace { index, value } => self.replace(*index as usize, &**value),
            Edit::Remove { index } => self.remove(*index as usize),
            Edit::RemoveAll(id, name) => self.remove_named_or(resolve(*id, name), name),
            Edit::SetRequestUri(uri) => self.set_request_uri(&**uri),
            Edit::SetBody { content_type, content } => self.body(&**content_type, &**content),
        }
    }

    /// Whether changes were ignored because there were [`MAX_CHANGES`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    fn insert_before(&mut self, id: HeaderId, name: &str, written: Name<'a>, value: Piece<'a>) {
        if id == HeaderId::CONTENT_LENGTH || !written.is_writable() {
            return;
        }
        let position = self.base.map_or(0, |head| {
            let spans = head.spans();
            let own = (0..spans.len()).find(|index| head.is_named(*index, id, name));
            own.or_else(|| spans.iter().position(|span| span.id != HeaderId::VIA)).unwrap_or(spans.len())
        });
        self.change(position, Kind::Prepend(written, value));
    }

    fn insert_behind(&mut self, id: HeaderId, written: Name<'a>, value: Piece<'a>) {
        if id != HeaderId::CONTENT_LENGTH && written.is_writable() {
            let end = self.base.map_or(0, |head| head.spans().len());
            self.change(end, Kind::Append(written, value));
        }
    }

    fn remove_named_or(&mut self, id: HeaderId, name: &str) {
        if id == HeaderId::CONTENT_LENGTH {
            return;
        }
        self.changes.retain(|change| !change.adds(id, name));
        if let Some(head) = self.base {
            for index in 0..head.spans().len() {
                if head.is_named(index, id, name) {
                    self.change(index, Kind::Remove);
                }
            }
        }
    }

    fn may_touch(&self, index: usize) -> bool {
        let span = self.base.and_then(|head| head.spans().get(index));
        span.is_some_and(|span| span.id != HeaderId::CONTENT_LENGTH)
    }

    /// Content-Length after a change of the body: the first one gets the new number, others go.
    fn rewrite_length(&mut self) {
        let Some(head) = self.base else { return };
        let length = body_bytes(self.body.as_ref().unwrap_or(&Piece::Borrowed(&[]))) as u32;
        let mut is_first = true;
        for index in 0..head.spans().len() {
            if head.spans()[index].id == HeaderId::CONTENT_LENGTH {
                let kind = if is_first { Kind::Replace(length.into()) } else { Kind::Remove };
                self.change(index, kind);
                is_first = false;
            }
        }
        self.adds_length = is_first;
    }

    /// Files a change in the order of printing: before others of its position and class where it prepends, instead
    /// of them where it replaces or removes, behind them where it appends.
    fn change(&mut self, position: usize, kind: Kind<'a>) {
        // A message has no more than MAX_HEADERS header fields.
        let position = position as u32;
        let class = kind.class();
        let at =
            self.changes.partition_point(|other| (other.position, other.kind.class()) < (position, class));
        if let Some(other) = self.changes.get_mut(at)
            && class == 1
            && (other.position, other.kind.class()) == (position, class)
        {
            other.kind = kind;
        } else if self.changes.len() == MAX_CHANGES {
            self.is_full = true;
        } else if class == 2 {
            self.changes.push(Change { position, kind });
        } else {
            self.changes.insert(at, Change { position, kind });
        }
    }
}

fn edit_name(header: &HeaderEdit) -> Name<'_> {
    Name::new(header.resolved(), &header.name)
}

/// Says nothing about people: how many changes.
impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({} changes to {:?})", self.changes.len(), self.base)
    }
}
