//! What a script may ask of the world: the imports of `wit/` as one trait.
//!
//! In: questions. Out: answers. In a component the host answers them (`wasm.rs`); in `cargo test` a scripted
//! [`TestHost`](crate::testing::TestHost) does. A hook is generic over this trait, so that a plugin's component
//! imports only the interfaces whose methods it calls: those are the ones its role must grant.

use crate::client::{OwnRequest, SendRefusal};
use crate::ims::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationType, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};

/// How urgent a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever writes the script.
    Debug,
    /// Worth a line in normal times.
    Info,
    /// Somebody should look at it.
    Warning,
    /// Somebody must look at it.
    Error,
}

/// Where the message in hand really came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The protocol it came by.
    pub transport: sip::Transport,
    /// Numeric address, IPv6 without brackets.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Number of the connection it came on; 0 for datagrams.
    pub connection: u64,
}

/// Which credentials of the message are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsKind {
    /// Authorization
    Www,
    /// Proxy-Authorization
    Proxy,
}

/// What the host found when it checked credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The username whose credentials were right, on a nonce of ours that is fresh and not replayed.
    Accepted(String),
    /// No credentials for this realm.
    Absent,
    /// Right, but the nonce is too old: challenge again with `stale`.
    Stale,
    /// Unknown user, wrong password, foreign or replayed nonce, or unreadable. Which of these, the host tells nobody.
    Rejected,
}

/// What a registrar grants. Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A shorter wish is refused with [`RegisterRefusal::TooBrief`].
    pub min_expires: u32,
    /// A longer wish is cut to this.
    pub max_expires: u32,
    /// For who does not say.
    pub default_expires: u32,
    /// Bindings an address-of-record may hold.
    pub max_bindings: u32,
}

/// A REGISTER was processed: its change is made with the decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// Contact header field values of all current bindings, with q and expires.
    pub contacts: Vec<String>,
    /// A flow of RFC 5626 was bound: the 200 needs `Require: outbound`.
    pub outbound: bool,
}

/// Why a REGISTER was not processed. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterRefusal {
    /// 423 with this Min-Expires, in seconds.
    TooBrief(u32),
    /// More bindings than the limit.
    TooMany,
    /// A Contact, Expires or Path that cannot be read, or `*` against RFC 3261 §10.3 item 6.
    Malformed,
    /// A CSeq not above the stored one of the same Call-ID (§10.3 item 7).
    OutOfOrder,
    /// The store takes no more.
    Unavailable,
}

/// A contact bound to an address-of-record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact URI.
    pub uri: String,
    /// Preference in thousandths, 0 to 1000.
    pub q: u16,
    /// Seconds left.
    pub expires: u32,
    /// Path header field values (RFC 3327), outermost first.
    pub path: Vec<String>,
    /// The Contact's parameters but q and expires, as they came.
    pub parameters: String,
}

/// A row of the script's key-value table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The octets.
    pub value: Vec<u8>,
    /// Counts the changes of this key, from 1.
    pub revision: u64,
}

/// Why a row was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutRefusal {
    /// The key's revision is this (0: no such key), not the expected one.
    Conflict(u64),
    /// A key over 256 octets, a value over 64 kB, or the table is full.
    TooLarge,
}

/// Everything outside a script. See `wit/` for what each question costs and how it is bounded.
pub trait Host {
    // strowger:host/log

    /// Writes one line of at most 1,024 octets.
    fn log(&self, level: Level, line: &str);

    // strowger:host/clock

    /// Milliseconds since 1970-01-01 UTC; constant while a hook runs.
    fn now(&self) -> u64;

    // strowger:sip/transaction

    /// Number of this transaction, unique within a run of the host.
    fn transaction_id(&self) -> u64;
    /// Where the message in hand came from.
    fn source(&self) -> Source;
    /// The body of the message in hand, also where the manifest does not want it in the view.
    fn body(&self) -> Vec<u8>;
    /// A variable of this transaction.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;
    /// Sets (or with `None` removes) a variable of this transaction: at most 32 of 4 kB.
    fn set_variable(&self, name: &str, value: Option<&[u8]>);
    /// A variable of the dialog that the message belongs to or will make.
    fn dialog_variable(&self, name: &str) -> Option<Vec<u8>>;
    /// Sets (or with `None` removes) a variable of the dialog, with the decision.
    fn set_dialog_variable(&self, name: &str, value: Option<&[u8]>);
    /// The URIs of this element by which the request came (RFC 3261 §16.4): they are gone from the message.
    fn own_routes(&self) -> Vec<String>;
    /// The request that the response in hand answers, as a view; [`View`](crate::sip::view::View) reads it.
    fn request_view(&self) -> Vec<u8>;
    /// A token for the flow that the message in hand came by, for the user part of a Path; [`Relay::by_flow`] takes it.
    ///
    /// [`Relay::by_flow`]: crate::Relay::by_flow
    fn flow_token(&self) -> String;
    /// Sends a provisional answer, 101 to 199, now. An empty reason: the standard phrase.
    fn provisional(&self, status: u16, reason: &str);

    // strowger:host/random

    /// Unpredictable octets, at most 256.
    fn random(&self, length: u32) -> Vec<u8>;

    // strowger:host/timer

    /// Calls `on_timer` with `token` after this many ms, 10 to 86,400,000; false where there are too many.
    fn start_timer(&self, token: &str, after_ms: u32) -> bool;
    /// True where a timer of this token was running.
    fn cancel_timer(&self, token: &str) -> bool;

    // strowger:auth/digest

    /// Checks the credentials of the message in hand for this realm (RFC 3261 §22, RFC 8760).
    fn verify(&self, kind: CredentialsKind, realm: &str) -> Verdict;

    // strowger:location/registrar

    /// Processes the REGISTER in hand by RFC 3261 §10.3 items 6 to 8, all or nothing. The change is made with the
    /// decision, and a 200 leaves only when it is durable. Without Contact it only asks.
    fn register(&self, address_of_record: &str, limits: &Limits) -> Result<Registration, RegisterRefusal>;
    /// Takes back what this call has staged of [`Host::register`] and [`Host::remove_bindings`].
    fn withdraw(&self);
    /// Whether the address-of-record has a binding now.
    fn is_registered(&self, address_of_record: &str) -> bool;
    /// Whether it has one from where the message in hand came: the same connection, or for datagrams the same
    /// address.
    fn is_registered_here(&self, address_of_record: &str) -> bool;
    /// All current bindings, highest q first.
    fn lookup(&self, address_of_record: &str) -> Vec<Binding>;
    /// Removes all bindings, with the decision. The number removed.
    fn remove_bindings(&self, address_of_record: &str) -> u32;

    // strowger:store/key-value

    /// A row of the script's own table.
    fn get(&self, key: &str) -> Option<Entry>;
    /// Writes a row; the new revision. `lifetime_ms` 0: for ever. `expected`: only where the row has this revision
    /// now (0: does not exist).
    fn put(
        &self,
        key: &str,
        value: &[u8],
        lifetime_ms: u64,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal>;
    /// Deletes a row; true where there was one.
    fn delete(&self, key: &str) -> bool;
    /// Lets the decision wait until everything put and deleted so far is on disk.
    fn settle(&self);

    // strowger:host/token

    /// A string that nobody else can make or read, of at most 2,048 octets: fit for the user part of a URI.
    fn seal(&self, data: &[u8]) -> String;
    /// What is in such a string; `None`: it was not made here, or was changed.
    fn unseal(&self, token: &str) -> Option<Vec<u8>>;

    // strowger:sip/client

    /// Sends a request of the script's own, after the decision; its Call-ID.
    fn send(&self, request: OwnRequest) -> Result<String, SendRefusal>;

    // strowger:ims

    /// Whose public identity this is, of those that this S-CSCF serves.
    fn subscriber(&self, public_identity: &str) -> Option<Subscriber>;
    /// Lets go of a subscriber and its profile, at once; whether there was one.
    fn forget_subscriber(&self, public_identity: &str) -> bool;
    /// The next filter criteria that the request meets.
    fn next_criteria(
        &self,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered>;
    /// All filter criteria that a registration meets.
    fn register_criteria(&self, served_user: &str, registration_type: RegistrationType) -> Vec<Triggered>;
    /// Takes the SUBSCRIBE to the reg event package in hand; seconds for the Expires of the 200. `contact`: the URI of this
    /// element that the 200 names.
    fn subscribe(
        &self,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<u32, SubscribeRefusal>;

    // strowger:cx

    /// User-Authorization-Request. Waits for the HSS.
    fn user_authorization(&self, authorization: &Authorization) -> Result<Location, CxFailure>;
    /// Location-Info-Request. Waits for the HSS.
    fn location_info(
        &self,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationType>,
    ) -> Result<Location, CxFailure>;
    /// Checks the Authorization of the message in hand against the challenges that were made.
    fn verify_private(&self, private_identity: &str, realm: &str) -> AuthenticationVerdict;
    /// Multimedia-Auth-Request: a challenge, for [`Reply::challenge`](crate::Reply::challenge). Waits for the HSS.
    fn challenge(
        &self,
        private_identity: &str,
        public_identity: &str,
        realm: &str,
        scheme: AuthenticationScheme,
    ) -> Result<u64, CxFailure>;
    /// Server-Assignment-Request. Waits for the HSS.
    fn assign(
        &self,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
    ) -> Result<Option<Subscriber>, CxFailure>;
}
