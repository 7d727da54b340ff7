//! Registration information: the event package `reg` as documents (RFC 3680; GRUUs of RFC 5628).
//!
//! ```text
//!   registration    init ── registered ──▶ active ── last contact ends ──▶ terminated
//!   contact         active    by  registered, created, refreshed, shortened
//!                   terminated by  expired, deactivated, probation, unregistered, rejected
//! ```
//! In: a body of `application/reginfo+xml`, or what a registrar knows. Out: [`Reginfo`] (`parse.rs`), the document
//! (`print.rs`), and what a subscriber knows after it (`view.rs`). Not here: subscriptions, and when a notifier speaks.

mod parse;
mod print;
mod view;

pub use view::{RegistrationView, Update};

use crate::xml::XmlError;

/// The media type of the body (RFC 3680 §4.2).
pub const CONTENT_TYPE: &str = "application/reginfo+xml";

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reginfo {
    /// 0 in the first document of a subscription, one more in each that follows (§5.2).
    pub version: u32,
    /// Whether it holds everything.
    pub state: DocumentState,
    /// One for each address-of-record that is told about.
    pub registrations: Vec<Registration>,
}

impl Reginfo {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not XML, lacks what the schema demands, holds a value that is none, or exceeds a bound.
    pub fn parse(body: &[u8]) -> Result<Reginfo, ReginfoError> {
        parse::reginfo(body)
    }

    /// The XML document.
    #[must_use]
    pub fn to_xml(&self) -> String {
        print::reginfo(self)
    }
}

/// How much a document holds (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentState {
    /// Everything.
    Full,
    /// What changed.
    Partial,
}

/// What is known of one address-of-record (§5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// The address-of-record, a URI.
    pub aor: String,
    /// The same in every document of a subscription.
    pub id: String,
    /// Whether anything is bound.
    pub state: RegistrationState,
    /// What is bound, and what just was.
    pub contacts: Vec<Contact>,
}

/// Says nothing about people.
impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("state", &self.state).field("contacts", &self.contacts).finish()
    }
}

/// The state of a registration (§3.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistrationState {
    /// Nothing is bound, and nothing was since the subscription began.
    Init,
    /// Something is bound.
    Active,
    /// Nothing is bound any longer.
    Terminated,
}

/// One contact (§5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The same in every document of a subscription.
    pub id: String,
    /// Whether it is bound.
    pub state: ContactState,
    /// What brought it there.
    pub event: Event,
    /// Seconds since it was bound.
    pub duration_registered: Option<u64>,
    /// Seconds until it ends; demanded for `shortened`.
    pub expires: Option<u64>,
    /// Seconds after which it may register again; for `probation`.
    pub retry_after: Option<u64>,
    /// Its preference in thousandths, 0 to 1000.
    pub q: Option<u16>,
    /// Call-ID of the REGISTER that bound it last.
    pub call_id: Option<String>,
    /// CSeq number of that REGISTER.
    pub cseq: Option<u32>,
    /// The contact URI.
    pub uri: String,
    /// Its display name.
    pub display_name: Option<DisplayName>,
    /// Parameters of the Contact header field that the schema does not know: name and value, in order.
    pub unknown_params: Vec<(String, String)>,
    /// The public GRUU (RFC 5628 §4).
    pub public_gruu: Option<String>,
    /// The temporary GRUU (RFC 5628 §4).
    pub temporary_gruu: Option<TemporaryGruu>,
}

impl Contact {
    /// A contact in the state that the event leads to.
    #[must_use]
    pub fn new(id: impl Into<String>, event: Event, uri: impl Into<String>) -> Contact {
        Contact {
            id: id.into(),
            state: event.leads_to(),
            event,
            duration_registered: None,
            expires: None,
            retry_after: None,
            q: None,
            call_id: None,
            cseq: None,
            uri: uri.into(),
            display_name: None,
            unknown_params: Vec::new(),
            public_gruu: None,
            temporary_gruu: None,
        }
    }
}

/// Says nothing about people.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contact({:?}, {:?})", self.state, self.event)
    }
}

/// The state of a contact (§3.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactState {
    /// It is bound.
    Active,
    /// It is not.
    Terminated,
}

/// What happened to a contact (§3.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Bound by a REGISTER.
    Registered,
    /// Bound by other means.
    Created,
    /// Bound for longer.
    Refreshed,
    /// The registrar bound it for less, so that it registers again soon.
    Shortened,
    /// Its time ran out.
    Expired,
    /// The registrar ended it, and it should register again at once.
    Deactivated,
    /// The registrar ended it, and it should register again after a while.
    Probation,
    /// A REGISTER ended it.
    Unregistered,
    /// The registrar ended it, and it should not register again.
    Rejected,
}

impl Event {
    /// All of them.
    pub const ALL: [Event; 9] = [
        Event::Registered,
        Event::Created,
        Event::Refreshed,
        Event::Shortened,
        Event::Expired,
        Event::Deactivated,
        Event::Probation,
        Event::Unregistered,
        Event::Rejected,
    ];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Event::Registered => "registered",
            Event::Created => "created",
            Event::Refreshed => "refreshed",
            Event::Shortened => "shortened",
            Event::Expired => "expired",
            Event::Deactivated => "deactivated",
            Event::Probation => "probation",
            Event::Unregistered => "unregistered",
            Event::Rejected => "rejected",
        }
    }

    /// The state that a contact is in after it (§3.4.1, figure 2).
    #[must_use]
    pub const fn leads_to(self) -> ContactState {
        match self {
            Event::Registered | Event::Created | Event::Refreshed | Event::Shortened => ContactState::Active,
            Event::Expired
            | Event::Deactivated
            | Event::Probation
            | Event::Unregistered
            | Event::Rejected => ContactState::Terminated,
        }
    }

    /// Whether it can happen to a contact in this state; `None`: one that is not there yet (§3.4.1, figure 2).
    #[must_use]
    pub const fn can_happen(self, state: Option<ContactState>) -> bool {
        match (state, self) {
            // A contact that ended comes back as a new one.
            (None | Some(ContactState::Terminated), Event::Registered | Event::Created) => true,
            (None | Some(ContactState::Terminated), _) => false,
            (Some(ContactState::Active), Event::Registered | Event::Created) => false,
            (Some(ContactState::Active), _) => true,
        }
    }
}

impl RegistrationState {
    /// The state of a registration after one of its contacts changed (§3.4.2, figure 3): `any_active` says whether any
    /// contact is bound now.
    #[must_use]
    pub const fn after(self, any_active: bool) -> RegistrationState {
        match (self, any_active) {
            (_, true) => RegistrationState::Active,
            (RegistrationState::Init, false) => RegistrationState::Init,
            (RegistrationState::Active | RegistrationState::Terminated, false) => {
                RegistrationState::Terminated
            }
        }
    }

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RegistrationState::Init => "init",
            RegistrationState::Active => "active",
            RegistrationState::Terminated => "terminated",
        }
    }
}

/// A display name.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayName {
    /// The name.
    pub text: String,
    /// Its language (`xml:lang`).
    pub language: Option<String>,
}

/// Says nothing about people.
impl std::fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DisplayName({} bytes)", self.text.len())
    }
}

/// A temporary GRUU and the CSeq number from which on it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct TemporaryGruu {
    /// The GRUU, a URI.
    pub uri: String,
    /// The CSeq number of the REGISTER that made the first one of its kind.
    pub first_cseq: u32,
}

/// Says nothing about people.
impl std::fmt::Debug for TemporaryGruu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TemporaryGruu(from CSeq {})", self.first_cseq)
    }
}

/// The document cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReginfoError {
    /// It is no XML that is read here.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The document is about something else.
    #[error("registration information at byte {offset}: expected reginfo")]
    Root {
        /// Bytes from the start of the document.
        offset: usize,
    },
    /// An element or attribute that the schema demands is not there.
    #[error("registration information at byte {offset}: {what} is missing")]
    Missing {
        /// The element or attribute.
        what: &'static str,
        /// Where the element that should hold it begins.
        offset: usize,
    },
    /// A value is none of those that it can be.
    #[error("registration information at byte {offset}: {what} has no value of its kind")]
    Value {
        /// The element or attribute.
        what: &'static str,
        /// Where the element that holds it begins.
        offset: usize,
    },
    /// A named bound of [`bounds`](crate::bounds) is exceeded.
    #[error("registration information at byte {offset}: more than {limit} {what}")]
    TooMany {
        /// The unit that is bounded.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// Where the element that is too much begins.
        offset: usize,
    },
}
