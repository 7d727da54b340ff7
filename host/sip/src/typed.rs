//! Typed reads of a message's header fields, each parsed when asked for (RFC 3261 §20).
//!
//! In: a [`Head`]. Out: values of `header/`, or which header field is missing or malformed. Nothing is kept: two
//! reads parse twice.

use crate::header::authorization::Credentials;
use crate::header::challenge::Challenge;
use crate::header::contact::Contact;
use crate::header::content_type::ContentType;
use crate::header::cseq::CSeq;
use crate::header::event::Event;
use crate::header::name_addr::NameAddr;
use crate::header::rack::RAck;
use crate::header::reason::Reason;
use crate::header::session_expires::SessionExpires;
use crate::header::subscription_state::SubscriptionState;
use crate::header::via::Via;
use crate::header::{content_length, expires, max_forwards, option_tags};
use crate::{Head, HeaderError, HeaderId, Method, Uri, grammar};

type Result<T> = std::result::Result<T, HeaderError>;

impl<'a> Head<'a> {
    /// The value, or the error that it is missing.
    fn required(&self, id: HeaderId) -> Result<&'a [u8]> {
        self.header(id).ok_or(HeaderError::Missing(id))
    }

    fn optional<T>(&self, id: HeaderId, read: impl Fn(&'a [u8]) -> Result<T>) -> Result<Option<T>> {
        self.header(id).map(|value| read(value).map_err(|error| error.of(id))).transpose()
    }

    fn each<T, F>(&self, id: HeaderId, read: F) -> impl Iterator<Item = Result<T>> + use<'a, T, F>
    where
        F: Fn(&'a [u8]) -> Result<T>,
    {
        self.values(id).map(move |value| read(value.bytes).map_err(|error| error.of(id)))
    }

    fn name_addr(&self, id: HeaderId) -> Result<NameAddr<'a>> {
        NameAddr::parse(self.required(id)?).map_err(|error| error.of(id))
    }

    /// The top Via.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn via(&self) -> Result<Via<'a>> {
        if let Some(via) = self.known_top_via() {
            return Ok(via);
        }
        Via::parse(self.top_via()?).map_err(|error| error.of(HeaderId::VIA))
    }

    /// The top Via as far as its sent-by, without its parameters, which may be broken.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn via_sent_by(&self) -> Result<Via<'a>> {
        let (via, _) = Via::parse_sent_by(self.top_via()?).map_err(|error| error.of(HeaderId::VIA))?;
        Ok(via)
    }

    fn top_via(&self) -> Result<&'a [u8]> {
        let value = self.required(HeaderId::VIA)?;
        Ok(grammar::trim(&value[..grammar::element_end(value, 0)]))
    }

    /// Every Via, top first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'a>>> + use<'a> {
        self.each(HeaderId::VIA, Via::parse)
    }

    /// From.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn from(&self) -> Result<NameAddr<'a>> {
        self.name_addr(HeaderId::FROM)
    }

    /// To.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn to(&self) -> Result<NameAddr<'a>> {
        self.name_addr(HeaderId::TO)
    }

    /// The tag of From; `None` also where From cannot be read.
    #[must_use]
    pub fn from_tag(&self) -> Option<&'a [u8]> {
        self.from().ok().and_then(|from| from.tag())
    }

    /// The tag of To; `None` also where To cannot be read.
    #[must_use]
    pub fn to_tag(&self) -> Option<&'a [u8]> {
        self.to().ok().and_then(|to| to.tag())
    }

    /// Call-ID.
    ///
    /// # Errors
    /// Missing, empty, or with white space in it.
    pub fn call_id(&self) -> Result<&'a [u8]> {
        let value = self.required(HeaderId::CALL_ID)?;
        if !grammar::all(grammar::BLACK, value) {
            return Err(HeaderError::syntax(0, "a word without white space").of(HeaderId::CALL_ID));
        }
        Ok(value)
    }

    /// CSeq.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn cseq(&self) -> Result<CSeq<'a>> {
        CSeq::parse(self.required(HeaderId::CSEQ)?).map_err(|error| error.of(HeaderId::CSEQ))
    }

    /// The method of a request, or that of a response's CSeq; [`Method::Other`] where it cannot be read.
    #[must_use]
    pub fn transaction_method(&self) -> Method {
        if self.is_request() { self.method() } else { self.cseq().map_or(Method::Other, |cseq| cseq.method) }
    }

    /// The Request-URI.
    ///
    /// # Errors
    /// It is no URI; a response has none.
    pub fn uri(&self) -> std::result::Result<Uri<'a>, crate::UriError> {
        Uri::parse(self.request_uri())
    }

    /// Max-Forwards.
    ///
    /// # Errors
    /// Not a number from 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>> {
        self.optional(HeaderId::MAX_FORWARDS, max_forwards::parse)
    }

    /// Max-Breadth (RFC 5393).
    ///
    /// # Errors
    /// Not a number within 32 bits.
    pub fn max_breadth(&self) -> Result<Option<u32>> {
        self.optional(HeaderId::MAX_BREADTH, max_forwards::parse_breadth)
    }

    /// Content-Length.
    ///
    /// # Errors
    /// Not a number within 32 bits.
    pub fn content_length(&self) -> Result<Option<u32>> {
        self.optional(HeaderId::CONTENT_LENGTH, content_length::parse)
    }

    /// Content-Type.
    ///
    /// # Errors
    /// Malformed.
    pub fn content_type(&self) -> Result<Option<ContentType<'a>>> {
        self.optional(HeaderId::CONTENT_TYPE, ContentType::parse)
    }

    /// Expires, in seconds.
    ///
    /// # Errors
    /// Not a number within 32 bits.
    pub fn expires(&self) -> Result<Option<u32>> {
        self.optional(HeaderId::EXPIRES, expires::parse)
    }

    /// Min-Expires, in seconds.
    ///
    /// # Errors
    /// Not a number within 32 bits.
    pub fn min_expires(&self) -> Result<Option<u32>> {
        self.optional(HeaderId::MIN_EXPIRES, expires::parse)
    }

    /// Session-Expires (RFC 4028).
    ///
    /// # Errors
    /// Malformed.
    pub fn session_expires(&self) -> Result<Option<SessionExpires<'a>>> {
        self.optional(HeaderId::SESSION_EXPIRES, SessionExpires::parse)
    }

    /// Min-SE (RFC 4028).
    ///
    /// # Errors
    /// Malformed.
    pub fn min_se(&self) -> Result<Option<SessionExpires<'a>>> {
        self.optional(HeaderId::MIN_SE, SessionExpires::parse)
    }

    /// Every Contact.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'a>>> + use<'a> {
        self.each(HeaderId::CONTACT, Contact::parse)
    }

    /// Every value of a header field whose list elements are addresses: Route, Record-Route, Path, Service-Route,
    /// P-Asserted-Identity, P-Associated-URI, History-Info and others.
    pub fn addresses(&self, id: HeaderId) -> impl Iterator<Item = Result<NameAddr<'a>>> + use<'a> {
        self.each(id, NameAddr::parse)
    }

    /// Every Route, next hop first.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>>> + use<'a> {
        self.addresses(HeaderId::ROUTE)
    }

    /// Every Record-Route, top first.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>>> + use<'a> {
        self.addresses(HeaderId::RECORD_ROUTE)
    }

    /// Every Path (RFC 3327), top first.
    pub fn paths(&self) -> impl Iterator<Item = Result<NameAddr<'a>>> + use<'a> {
        self.addresses(HeaderId::PATH)
    }

    /// Every token of a list such as Supported, Require, Proxy-Require or Allow; elements that are no tokens are
    /// left out.
    pub fn option_tags(&self, id: HeaderId) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.each(id, option_tags::parse).filter_map(Result::ok)
    }

    /// Whether such a list holds this token, in any case.
    #[must_use]
    pub fn has_option_tag(&self, id: HeaderId, tag: &str) -> bool {
        self.option_tags(id).any(|found| found.eq_ignore_ascii_case(tag.as_bytes()))
    }

    /// Every Authorization (`id` says which of the two header fields).
    pub fn credentials(&self, id: HeaderId) -> impl Iterator<Item = Result<Credentials<'a>>> + use<'a> {
        self.fields(id).map(move |value| Credentials::parse(value).map_err(|error| error.of(id)))
    }

    /// Every WWW-Authenticate or Proxy-Authenticate (`id` says which).
    pub fn challenges(&self, id: HeaderId) -> impl Iterator<Item = Result<Challenge<'a>>> + use<'a> {
        self.fields(id).map(move |value| Challenge::parse(value).map_err(|error| error.of(id)))
    }

    /// Every Reason (RFC 3326).
    pub fn reasons(&self) -> impl Iterator<Item = Result<Reason<'a>>> + use<'a> {
        self.each(HeaderId::REASON, Reason::parse)
    }

    /// Event (RFC 6665).
    ///
    /// # Errors
    /// Malformed.
    pub fn event(&self) -> Result<Option<Event<'a>>> {
        self.optional(HeaderId::EVENT, Event::parse)
    }

    /// Subscription-State (RFC 6665).
    ///
    /// # Errors
    /// Malformed.
    pub fn subscription_state(&self) -> Result<Option<SubscriptionState<'a>>> {
        self.optional(HeaderId::SUBSCRIPTION_STATE, SubscriptionState::parse)
    }

    /// RAck (RFC 3262).
    ///
    /// # Errors
    /// Malformed.
    pub fn rack(&self) -> Result<Option<RAck<'a>>> {
        self.optional(HeaderId::RACK, RAck::parse)
    }
}
