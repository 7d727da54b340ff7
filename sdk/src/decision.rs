//! What a hook answers: the interface `strowger:sip/types` of `wit/`, as plain Rust values.
//!
//! In: nothing. Out: [`Decision`], [`ReplyDecision`], [`Fault`] and what they hold. The shapes are those of the WIT
//! records, field by field, so that the wasm bindings write them into memory without a conversion between.
//! Ways to build them nicely are in `builders.rs`; what becomes of them is the host's business.

/// A header field to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Number of a well-known header field ([`HeaderId`](crate::HeaderId)); 0: by `name`.
    pub id: u16,
    /// The name, where `id` is 0; else empty.
    pub name: String,
    /// The value. The host refuses one with CR, LF or NUL, and the decision with it.
    pub value: String,
}

/// A body with its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Value of Content-Type.
    pub content_type: String,
    /// The octets. Empty: the message loses its body and Content-Type.
    pub content: Vec<u8>,
}

/// One change to the message that is sent. Indexes count the header fields of the message as it came, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Add a header field after all others.
    Append(Header),
    /// Add a header field before all others of its name.
    Prepend(Header),
    /// Give the i-th header field another value.
    Replace((u32, String)),
    /// Remove the i-th header field.
    Remove(u32),
    /// Remove every header field of this name; the value is ignored.
    RemoveAll(Header),
    /// Replace the Request-URI (requests only).
    SetRequestUri(String),
    /// Replace the body and Content-Type.
    SetBody(Body),
}

/// A tagged octet string: room for the contract to grow. The host ignores tags it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attr {
    /// See `docs/attributes.md`.
    pub tag: u16,
    /// Meaning depends on the tag.
    pub value: Vec<u8>,
}

/// Where a branch of a forwarded request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// This URI becomes the Request-URI and is located by RFC 3263.
    Uri(String),
    /// Every current binding of this address-of-record. With none left the host answers 480.
    Location(String),
}

/// One target of a target set (RFC 3261 §16.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it goes.
    pub destination: Destination,
    /// Route header field values to put on top, outermost first.
    pub route: Vec<String>,
    /// Preference in thousandths, 0 to 1000. Targets of equal q ring together; lower ones follow when all higher
    /// ones have failed. Ignored for a location, whose bindings bring their own.
    pub q: u16,
    /// Room to grow.
    pub attrs: Vec<Attr>,
}

impl Target {
    /// Attribute 6 of `docs/attributes.md`: see [`Relay::next_hop`].
    pub(crate) const NEXT_HOP: u16 = 6;

    /// Where it is sent in place of where its Route or Request-URI point ([`Relay::next_hop`]).
    #[must_use]
    pub fn next_hop(&self) -> Option<&str> {
        let attr = self.attrs.iter().find(|attr| attr.tag == Self::NEXT_HOP)?;
        str::from_utf8(&attr.value).ok()
    }
}

/// What else a relay asks of the host: a set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayOptions(u8);

impl RelayOptions {
    /// Insert a Record-Route (RFC 3261 §16.6 item 4).
    pub const RECORD_ROUTE: Self = Self(1);
    /// Ask `on_reply` about each response.
    pub const ASK_REPLIES: Self = Self(2);
    /// Ask `on_failure` before a best response that is not a 2xx goes upstream.
    pub const ASK_FAILURE: Self = Self(4);

    /// The flags as the contract numbers them.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Forward the request statefully (RFC 3261 §16.6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relay {
    /// Changes to the request, the same for every branch. Those made on the [`Request`](crate::Request) itself are
    /// put before these when the hook returns.
    pub edits: Vec<Edit>,
    /// The target set. Empty: where the Request-URI, after the edits, and Route point.
    pub targets: Vec<Target>,
    /// Further wishes.
    pub options: RelayOptions,
    /// Give up on a target after this many ms without a final response; 0: Timer C (INVITE) or F (others).
    pub timeout_ms: u32,
    /// Room to grow.
    pub attrs: Vec<Attr>,
}

/// How an answer is sent: a set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplyOptions(u8);

impl ReplyOptions {
    /// Without a transaction (RFC 3261 §8.2.7).
    pub const STATELESS: Self = Self(1);

    /// The flags as the contract numbers them.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Answer the request. The host copies Via, From, To (with a tag), Call-ID and CSeq.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// 100 to 699.
    pub status: u16,
    /// Empty: the standard phrase.
    pub reason: String,
    /// Header fields and a body for the answer.
    pub edits: Vec<Edit>,
    /// How it is sent.
    pub options: ReplyOptions,
    /// Room to grow.
    pub attrs: Vec<Attr>,
}

/// A digest algorithm (RFC 8760 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// `MD5`: broken, and the only one that many phones know.
    Md5,
    /// `SHA-256`
    Sha256,
    /// `SHA-512-256`
    Sha512256,
}

impl DigestAlgorithm {
    /// The algorithm of this token of RFC 8760, in any case.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256, Self::Sha512256]
            .into_iter()
            .find(|a| token.eq_ignore_ascii_case(a.as_str()))
    }

    /// The token: `"MD5"`, `"SHA-256"`, `"SHA-512-256"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512256 => "SHA-512-256",
        }
    }
}

/// Who challenges (RFC 3261 §22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeKind {
    /// A registrar or user agent server: 401 with WWW-Authenticate.
    Www,
    /// A proxy: 407 with Proxy-Authenticate.
    Proxy,
}

/// Challenge the sender. The host makes the nonce and knows it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// 401 or 407.
    pub kind: ChallengeKind,
    /// The protection space.
    pub realm: String,
    /// One challenge each, in this order: the one preferred most first (RFC 8760 §2.3).
    pub algorithms: Vec<DigestAlgorithm>,
    /// The credentials were right, only their nonce was too old.
    pub stale: bool,
    /// Header fields and a body for the answer.
    pub edits: Vec<Edit>,
    /// Room to grow.
    pub attrs: Vec<Attr>,
}

/// How a request hook ends: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Forward statefully.
    Relay(Relay),
    /// Answer.
    Reply(Reply),
    /// Ask for credentials.
    Challenge(Challenge),
    /// What the standard says a stateful proxy does with this request, after these edits.
    Next(Vec<Edit>),
    /// Absorb silently. Only for ACK; for other requests it counts as a fault.
    Drop,
}

/// How a reply hook ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyDecision {
    /// Pass the response upstream with these edits.
    Pass(Vec<Edit>),
    /// Send this instead. A 2xx to INVITE cannot be replaced: the phone has answered.
    Replace(Reply),
    /// Absorb. Only for provisional responses; for others it counts as a fault.
    Drop,
}

/// The script's own "this cannot be". The host answers 500 with a Reason and counts it; the instance lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The script's own number; 1 to 99 are the SDK's.
    pub code: u16,
    /// A short sentence for the log.
    pub reason: String,
}

impl Fault {
    /// The host gave bytes that are no view of a message: host and SDK do not match.
    pub const VIEW: u16 = 1;
    /// A hook was called before `init` had succeeded.
    pub const NOT_INITIALISED: u16 = 2;

    /// A fault with this code and sentence.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}
