//! The Route values with which a request leaves, and where they lead: RFC 3261 §16.6 items 2, 6 and 7.
//!
//! In: a request as it was received, what preprocessing took out of it, a script's edits and a target. Out:
//! [`RouteSet`]: the Request-URI and Route values of the copy, in which a next hop that is a strict router has been
//! provided for, and the URI to be located. It borrows all of them, changes nothing, and costs no allocation while
//! there are few values; make it once to find the next hop and again to print, if that is simpler than to keep it.

use std::borrow::Cow;

use sip::{Draft, Edit, Head, HeaderEdit, HeaderId, NameAddr, Uri, Value};
use smallvec::SmallVec;

use crate::list::elements;
use crate::own::Own;
use crate::preprocess::Preprocessed;

/// Most Route values of a request that is forwarded, all added ones included.
pub const MAX_ROUTES: usize = 64;

/// A target (§16.5), as far as it decides the message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// Becomes the Request-URI; `None`: it stays what preprocessing and the script's edits made it (§16.5: the
    /// Request-URI is the only target).
    pub uri: Option<&'a [u8]>,
    /// Route values on top of all others, outermost first.
    pub route: &'a [Box<str>],
}

/// Why a request cannot be routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The topmost Route value, or the Request-URI that it gives way to, is no URI.
    #[error("the topmost Route value is not a URI in angle brackets")]
    NotAUri,
    /// There are more than [`MAX_ROUTES`] values.
    #[error("more than {MAX_ROUTES} Route values")]
    TooMany,
}

/// Request-URI and Route values of the copy that is forwarded.
#[derive(Debug, Clone)]
pub struct RouteSet<'a> {
    request_uri: Cow<'a, [u8]>,
    values: SmallVec<[Cow<'a, [u8]>; 2]>,
    /// How the Route header fields of the copy come about.
    change: Change,
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// As they were received but for so many values from the top.
    Shortened(u16),
    /// All of them anew.
    Rewritten,
}

impl<'a> RouteSet<'a> {
    /// The Request-URI and Route values for one target.
    ///
    /// The target's Routes come first, then what the script prepended, then what was received without our own
    /// values, then what it appended; the target's URI outranks a Request-URI that was set by an edit. In a Route
    /// header field that the script replaced, values of ours at the top are left out again if they were there
    /// before: preprocessing has dealt with them.
    ///
    /// # Errors
    /// [`RouteError`].
    pub fn new(
        head: &Head<'a>,
        own: &Own,
        preprocessed: &'a Preprocessed,
        edits: &'a [Edit],
        target: Target<'a>,
    ) -> Result<Self, RouteError> {
        let edited_uri = edits.iter().rev().find_map(|edit| match edit {
            Edit::SetRequestUri(uri) => Some(uri.as_bytes()),
            _ => None,
        });
        let request_uri = match target.uri.or(edited_uri) {
            Some(uri) => as_request_uri(uri),
            None => Cow::Borrowed(preprocessed.request_uri(head)),
        };
        let untouched = target.route.is_empty()
            && !preprocessed.last_route_removed
            && !edits.iter().any(|edit| is_route_edit(head, edit));
        let (values, change) = if untouched {
            let removed = preprocessed.routes_removed;
            let values = head.values(HeaderId::ROUTE).skip(usize::from(removed));
            (values.map(|value| Cow::Borrowed(value.bytes)).collect(), Change::Shortened(removed))
        } else {
            (edited_values(head, own, preprocessed, edits, target.route), Change::Rewritten)
        };
        let mut routes = Self { request_uri, values, change, strict: false };
        if routes.values.len() > MAX_ROUTES {
            return Err(RouteError::TooMany);
        }
        routes.provide_for_strict_router()?;
        Ok(routes)
    }

    /// The Request-URI of the copy.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        &self.request_uri
    }

    /// The Route values of the copy, topmost first.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().map(|value| &**value)
    }

    /// The next hop is a strict router, and the copy was made for one (§16.6 item 6).
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The URI to be located (§16.6 item 7): the topmost Route's, or the Request-URI where there is no Route or
    /// the next hop is a strict router.
    #[must_use]
    pub fn next_hop(&self) -> &[u8] {
        match self.values.first().map(|value| NameAddr::parse(value)) {
            Some(Ok(route)) if !self.strict => route.uri_bytes,
            _ => &self.request_uri,
        }
    }

    /// Whether [`RouteSet::next_hop`] is a Route's URI.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        !self.strict && self.values.first().is_some_and(|value| NameAddr::parse(value).is_ok())
    }

    /// Whether the copy goes to a `sips` URI, or by one (§16.6 item 4).
    #[must_use]
    pub fn is_secure(&self) -> bool {
        let secure = |uri: &[u8]| uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"));
        secure(&self.request_uri) || secure(self.next_hop())
    }

    /// §16.6 item 6: without `lr` in the topmost Route, its URI becomes the Request-URI, and that the last Route.
    fn provide_for_strict_router(&mut self) -> Result<(), RouteError> {
        let Some(first) = self.values.first() else { return Ok(()) };
        let uri = NameAddr::parse(first).map_err(|_| RouteError::NotAUri)?.uri_bytes;
        let parsed = Uri::parse(uri).map_err(|_| RouteError::NotAUri)?;
        if parsed.is_loose() || !parsed.is_sip() {
            return Ok(());
        }
        let strict_uri = as_request_uri(uri).into_owned();
        let request_uri = std::mem::replace(&mut self.request_uri, Cow::Owned(strict_uri));
        let mut last = Vec::with_capacity(request_uri.len() + 2);
        last.push(b'<');
        last.extend_from_slice(&request_uri);
        last.push(b'>');
        self.values.remove(0);
        self.values.push(Cow::Owned(last));
        self.change = Change::Rewritten;
        self.strict = true;
        Ok(())
    }

    /// Write Request-URI and Routes into the copy of `head`.
    pub fn write<'d>(&'d self, head: &Head<'d>, draft: &mut Draft<'d>) {
        if head.request_uri() != &*self.request_uri {
            draft.set_request_uri(&*self.request_uri);
        }
        match self.change {
            Change::Shortened(0) => {}
            Change::Shortened(removed) => {
                let values = head.values(HeaderId::ROUTE).take(usize::from(removed));
                values.for_each(|value| take_off(draft, &value));
            }
            Change::Rewritten => {
                draft.remove_all(HeaderId::ROUTE);
                for value in self.values.iter().rev() {
                    draft.prepend(HeaderId::ROUTE, &**value);
                }
            }
        }
    }
}

/// Take the first element off the list in its header field, and the field away with its last one.
pub(crate) fn take_off<'a>(draft: &mut Draft<'a>, value: &Value<'a>) {
    if value.is_last_of_span {
        draft.remove(value.span_index as usize);
    } else {
        draft.replace(value.span_index as usize, value.rest);
    }
}

/// Whether an edit is about the Request-URI or the Route values, and so done by [`RouteSet`].
#[must_use]
pub fn is_routing_edit(head: &Head<'_>, edit: &Edit) -> bool {
    matches!(edit, Edit::SetRequestUri(_)) || is_route_edit(head, edit)
}

fn is_route_edit(head: &Head<'_>, edit: &Edit) -> bool {
    let is_route_span =
        |index: u32| head.spans().get(index as usize).is_some_and(|span| span.id == HeaderId::ROUTE);
    match edit {
        Edit::Append(header) | Edit::Prepend(header) => is_route(header),
        Edit::Replace { index, .. } | Edit::Remove { index } => is_route_span(*index),
        Edit::RemoveAll(id, name) => {
            *id == HeaderId::ROUTE || (*id == HeaderId::OTHER && name.eq_ignore_ascii_case("Route"))
        }
        Edit::SetRequestUri(_) | Edit::SetBody { .. } => false,
    }
}

fn is_route(header: &HeaderEdit) -> bool {
    header.resolved() == HeaderId::ROUTE
}

type RouteValues<'a> = SmallVec<[Cow<'a, [u8]>; 2]>;

/// All Route values of the copy, where something changes besides our own ones that go.
fn edited_values<'a>(
    head: &Head<'a>,
    own: &Own,
    preprocessed: &Preprocessed,
    edits: &'a [Edit],
    target: &'a [Box<str>],
) -> RouteValues<'a> {
    let mut values: RouteValues<'a> =
        target.iter().flat_map(|route| elements(route.as_bytes())).map(Cow::Borrowed).collect();
    // The last one prepended stands first.
    for edit in edits.iter().rev() {
        if let Edit::Prepend(header) = edit
            && is_route(header)
        {
            values.extend(elements(&header.value).map(Cow::Borrowed));
        }
    }
    let all_removed =
        edits.iter().any(|edit| matches!(edit, Edit::RemoveAll(..)) && is_route_edit(head, edit));
    if !all_removed {
        received_values(head, own, preprocessed, edits, &mut values);
    }
    for edit in edits {
        if let Edit::Append(header) = edit
            && is_route(header)
        {
            values.extend(elements(&header.value).map(Cow::Borrowed));
        }
    }
    values
}

/// What is left of the received values.
fn received_values<'a>(
    head: &Head<'a>,
    own: &Own,
    preprocessed: &Preprocessed,
    edits: &'a [Edit],
    values: &mut RouteValues<'a>,
) {
    let received = head.values(HeaderId::ROUTE).count();
    let kept = usize::from(preprocessed.routes_removed)
        ..received - usize::from(preprocessed.last_route_removed && received > 0);
    let mut replaced = None;
    for (number, value) in head.values(HeaderId::ROUTE).enumerate() {
        // Of several edits of one header field the last one holds.
        let edit = edits.iter().rev().find(|edit| match edit {
            Edit::Replace { index, .. } | Edit::Remove { index } => *index == value.span_index,
            _ => false,
        });
        match edit {
            None if kept.contains(&number) => values.push(Cow::Borrowed(value.bytes)),
            Some(Edit::Replace { index, value: new }) if replaced != Some(*index) => {
                replaced = Some(*index);
                let had_own = number < kept.start;
                let kept = elements(new).skip_while(|value| had_own && is_own(own, value));
                values.extend(kept.map(Cow::Borrowed));
            }
            _ => {}
        }
    }
}

/// Whether a Route value points at this element.
fn is_own(own: &Own, value: &[u8]) -> bool {
    NameAddr::parse(value).ok().and_then(|route| route.uri().ok()).is_some_and(|uri| own.is_own(&uri))
}

/// A URI as it may stand in a Request-URI: without `method` parameter and header components (§16.6 item 2, §19.1.1
/// table 1).
fn as_request_uri(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b';', b'?', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let Ok(uri) = Uri::parse(bytes) else { return Cow::Borrowed(bytes) };
    if !uri.is_sip() || (uri.headers().is_none() && uri.param("method").is_none()) {
        return Cow::Borrowed(bytes);
    }
    let end = uri.headers().map_or(bytes.len(), |headers| bytes.len() - headers.len() - 1);
    let bare = &bytes[..end - uri.params().as_bytes().len()];
    let mut cleaned = bare.to_vec();
    for parameter in uri.params() {
        if parameter.is("method") {
            continue;
        }
        cleaned.push(b';');
        cleaned.extend_from_slice(parameter.name);
        if let Some(value) = parameter.value {
            cleaned.push(b'=');
            cleaned.extend_from_slice(value);
        }
    }
    Cow::Owned(cleaned)
}
