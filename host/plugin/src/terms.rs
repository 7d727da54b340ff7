//! On what terms a candidate gets requests: which of them it can get at all (matches), by which key they are shared, and how
//! large the share is.
//!
//! In: a request's traits, asked one by one where they are needed ([`Asked`]). Out: whether the candidate takes it. A request
//! without the key is the active version's. How a key becomes a place on the scale is `split.rs`; what a subscriber is, and
//! where his edge is known from, belongs to who asks.
//!
//! ```text
//!   request ─▶ only these methods? ─▶ these edges? ─▶ these identities? ─▶ key ─▶ place within the share? ─▶ candidate
//!                     └ no ──────────────┴──────────────────┴─────────────────┴─ none ──┴─ no ─▶ the next one, or active
//! ```

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::split::{End, Place, Share};

/// Public identities of one match.
pub const MAX_IDENTITIES: usize = 100_000;

/// Bytes of one of them.
pub const MAX_IDENTITY: usize = 256;

/// Methods, and edges, of one match.
pub(crate) const MAX_CONDITIONS: usize = 32;

/// Bytes of a header field's name, a method, an edge.
const MAX_NAME: usize = 255;

/// What is asked of a request. Only what a candidate's terms need is asked, and nothing where there is no candidate.
pub trait Asked {
    /// The public identity of its subscriber: in canonical form, the default one of its set. `None`: nobody is known.
    fn identity(&self) -> Option<&str>;
    /// Call-ID.
    fn call_id(&self) -> Option<&[u8]>;
    /// The address that it came from.
    fn source(&self) -> Option<IpAddr>;
    /// The value of the first header field of this name.
    fn header(&self, name: &str) -> Option<&[u8]>;
    /// Its method, as it is written.
    fn method(&self) -> Option<&[u8]>;
    /// Whether its subscriber's edge is one of these.
    fn is_by_edge(&self, edges: &[Box<str>]) -> bool;
}

/// What of a request is hashed: requests with the same key are always on the same side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SplitKey {
    /// The subscriber's public identity: `impu`.
    #[default]
    Impu,
    /// `call-id`.
    CallId,
    /// The IP address that the request came from: `source`.
    Source,
    /// The value of the first header field of this name: `header:NAME`.
    Header(Box<str>),
}

impl SplitKey {
    fn place(&self, asked: &impl Asked) -> Option<Place> {
        match self {
            SplitKey::Impu => asked.identity().map(|identity| Place::of(identity.as_bytes())),
            SplitKey::CallId => asked.call_id().map(Place::of),
            // One address has two forms where a socket takes both families.
            SplitKey::Source => asked.source().map(|address| match address.to_canonical() {
                IpAddr::V4(address) => Place::of(&address.octets()),
                IpAddr::V6(address) => Place::of(&address.octets()),
            }),
            SplitKey::Header(name) => asked.header(name).map(<[u8]>::trim_ascii).map(Place::of),
        }
    }
}

impl fmt::Display for SplitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SplitKey::Impu => f.write_str("impu"),
            SplitKey::CallId => f.write_str("call-id"),
            SplitKey::Source => f.write_str("source"),
            SplitKey::Header(name) => write!(f, "header:{name}"),
        }
    }
}

impl FromStr for SplitKey {
    type Err = TermsError;

    fn from_str(text: &str) -> Result<SplitKey, TermsError> {
        let is_name = |name: &str| name.len() <= MAX_NAME && sip::is_token(name.as_bytes());
        match (text, text.strip_prefix("header:")) {
            ("impu", _) => Ok(SplitKey::Impu),
            ("call-id", _) => Ok(SplitKey::CallId),
            ("source", _) => Ok(SplitKey::Source),
            (_, Some(name)) if is_name(name) => Ok(SplitKey::Header(name.to_ascii_lowercase().into())),
            _ => Err(TermsError::Key(text.chars().take(MAX_NAME).collect())),
        }
    }
}

impl TryFrom<String> for SplitKey {
    type Error = TermsError;

    fn try_from(text: String) -> Result<SplitKey, TermsError> {
        text.parse()
    }
}

impl From<SplitKey> for String {
    fn from(key: SplitKey) -> String {
        key.to_string()
    }
}

/// Matches: which requests are meant at all. Each kind that is given must hold, by any one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "OnlyWritten", into = "OnlyWritten")]
pub struct Only {
    identities: HashSet<Box<str>>,
    methods: Vec<Box<str>>,
    edges: Vec<Box<str>>,
}

/// The same as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct OnlyWritten {
    identities: Vec<Box<str>>,
    methods: Vec<Box<str>>,
    pcscf: Vec<Box<str>>,
}

impl Only {
    /// Requests of these public identities (in canonical form), of these methods, by these edges (`host` or `host:port`); an
    /// empty list is no condition.
    ///
    /// # Errors
    /// [`TermsError`]: a bound, or what is no method and no edge.
    pub fn new(
        identities: impl IntoIterator<Item = Box<str>>,
        methods: Vec<Box<str>>,
        edges: Vec<Box<str>>,
    ) -> Result<Only, TermsError> {
        let identities: HashSet<Box<str>> = identities.into_iter().take(MAX_IDENTITIES + 1).collect();
        if identities.len() > MAX_IDENTITIES {
            return Err(TermsError::TooManyIdentities);
        }
        if identities.iter().any(|identity| identity.is_empty() || identity.len() > MAX_IDENTITY) {
            return Err(TermsError::Identity);
        }
        if methods.len().max(edges.len()) > MAX_CONDITIONS {
            return Err(TermsError::TooManyConditions);
        }
        let is_method = |method: &str| method.len() <= MAX_NAME && sip::is_token(method.as_bytes());
        if let Some(method) = methods.iter().find(|method| !is_method(method.as_ref())) {
            return Err(TermsError::Method(method.chars().take(MAX_NAME).collect()));
        }
        let is_edge = |edge: &str| {
            (1..=MAX_NAME).contains(&edge.len())
                && edge.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
        };
        if let Some(edge) = edges.iter().find(|edge| !is_edge(edge.as_ref())) {
            return Err(TermsError::Edge(edge.chars().take(MAX_NAME).collect()));
        }
        Ok(Only { identities, methods, edges })
    }

    /// Whether it leaves anything out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.identities.is_empty() && self.methods.is_empty() && self.edges.is_empty()
    }

    /// How many public identities are meant; 0: all.
    #[must_use]
    pub fn identities(&self) -> usize {
        self.identities.len()
    }

    /// Methods that are meant; empty: all.
    #[must_use]
    pub fn methods(&self) -> &[Box<str>] {
        &self.methods
    }

    /// Edges that are meant; empty: all.
    #[must_use]
    pub fn edges(&self) -> &[Box<str>] {
        &self.edges
    }

    /// The cheap ones first.
    fn takes(&self, asked: &impl Asked) -> bool {
        let is_method = |method: &[u8]| self.methods.iter().any(|one| one.as_bytes() == method);
        (self.methods.is_empty() || asked.method().is_some_and(is_method))
            && (self.identities.is_empty()
                || asked.identity().is_some_and(|one| self.identities.contains(one)))
            && (self.edges.is_empty() || asked.is_by_edge(&self.edges))
    }
}

impl TryFrom<OnlyWritten> for Only {
    type Error = TermsError;

    fn try_from(OnlyWritten { identities, methods, pcscf }: OnlyWritten) -> Result<Only, TermsError> {
        Only::new(identities, methods, pcscf)
    }
}

impl From<Only> for OnlyWritten {
    fn from(Only { identities, methods, edges }: Only) -> OnlyWritten {
        OnlyWritten { identities: identities.into_iter().collect(), methods, pcscf: edges }
    }
}

/// A candidate's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SplitWritten", into = "SplitWritten")]
pub struct Split {
    share: Share,
    key: SplitKey,
    only: Only,
    /// Of one that a candidate has.
    end: Option<End>,
}

/// The same as it is stored.
#[derive(Serialize, Deserialize)]
struct SplitWritten {
    share: u16,
    #[serde(default)]
    key: SplitKey,
    #[serde(default)]
    only: Only,
    #[serde(default)]
    end: Option<End>,
}

impl Split {
    /// This share, in tenths of a percent, of the requests that are meant, by this key.
    ///
    /// # Errors
    /// [`TermsError::Share`]: it is none. All of them is one only where not everything is meant.
    pub fn new(tenths_of_a_percent: u16, key: SplitKey, only: Only) -> Result<Split, TermsError> {
        let wrong = TermsError::Share(tenths_of_a_percent);
        match Share::try_from(tenths_of_a_percent) {
            Ok(Share::WHOLE) if only.is_everything() => Err(wrong),
            Ok(share) => Ok(Split { share, key, only, end: None }),
            Err(_) => Err(wrong),
        }
    }

    /// How large the share is.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// Tenths of a percent that are taken from all requests: 0 where there is a match, which goes before the scale.
    pub(crate) fn of_everybody(&self) -> u16 {
        if self.only.is_everything() { self.share.tenths_of_a_percent() } else { 0 }
    }

    /// By which key.
    #[must_use]
    pub fn key(&self) -> &SplitKey {
        &self.key
    }

    /// Which requests are meant at all.
    #[must_use]
    pub fn only(&self) -> &Only {
        &self.only
    }

    /// From which end of the scale; `None`: no candidate has had it yet. It is stored, so that a share that is given again
    /// after a restart is of the same keys.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// The same from this end.
    pub(crate) fn at_end(self, end: End) -> Split {
        Split { end: Some(end), ..self }
    }

    /// Whether a candidate with these terms gets the request.
    pub(crate) fn takes(&self, asked: &impl Asked) -> bool {
        let end = self.end.unwrap_or(End::Lower);
        self.only.takes(asked) && self.key.place(asked).is_some_and(|place| place.is_within(self.share, end))
    }
}

impl From<Share> for Split {
    /// This share of all subscribers. (The whole of them is no split: `Active::split` refuses that.)
    fn from(share: Share) -> Split {
        Split { share, key: SplitKey::default(), only: Only::default(), end: None }
    }
}

impl TryFrom<SplitWritten> for Split {
    type Error = TermsError;

    fn try_from(SplitWritten { share, key, only, end }: SplitWritten) -> Result<Split, TermsError> {
        Ok(Split { end, ..Split::new(share, key, only)? })
    }
}

impl From<Split> for SplitWritten {
    fn from(Split { share, key, only, end }: Split) -> SplitWritten {
        SplitWritten { share: share.tenths_of_a_percent(), key, only, end }
    }
}

/// For the log and the history: what differs from a share of all subscribers, without anybody's identity.
impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if self.key != SplitKey::Impu {
            words.push(format!("by {}", self.key));
        }
        match self.only.identities() {
            0 => {}
            1 => words.push("only 1 identity".into()),
            many => words.push(format!("only {many} identities")),
        }
        for (what, values) in [("only", self.only.methods()), ("only by", self.only.edges())] {
            if !values.is_empty() {
                words.push(format!("{what} {}", values.join(" ")));
            }
        }
        f.write_str(&words.join(", "))
    }
}

/// Why terms are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// Not a share.
    #[error(
        "a share is 0.1 to 99.9 percent, up to 100 where only some requests are meant, or 0 to take it back; {0} tenths \
         of a percent is none"
    )]
    Share(u16),
    /// Not a key.
    #[error("a key is impu, call-id, source or header:NAME, not {0:?}")]
    Key(String),
    /// Not a method.
    #[error("{0:?} is no method")]
    Method(String),
    /// Not an edge.
    #[error("{0:?} is no edge: it is named by host or host:port, as in its Path")]
    Edge(String),
    /// Not an identity.
    #[error("a public identity has 1 to {MAX_IDENTITY} bytes")]
    Identity,
    /// More identities than a match may have.
    #[error("a match has at most {MAX_IDENTITIES} identities")]
    TooManyIdentities,
    /// More methods or edges than a match may have.
    #[error("a match has at most {MAX_CONDITIONS} methods, and as many edges")]
    TooManyConditions,
}

#[cfg(test)]
mod tests;
