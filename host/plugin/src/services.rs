//! What the imports of a script ask of the machine: one trait, implemented by the runtime and by test hosts.
//!
//! In: [`Asking`] (who asks, about which message) and plain values. Out: plain values; and where a change is asked
//! for that may only happen with the decision, a [`Staged`] value that the caller of the hook commits or drops.
//! No method may block: they run on the thread that carries calls. Bounds of lengths and counts are checked before a
//! method is called (`imports.rs`).

use std::any::Any;
use std::future::ready;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ims_services::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscribed, Subscriber, Triggered,
};
use crate::plugin::Identity;

/// An answer that has to come from elsewhere. The guest is suspended meanwhile, and the thread goes on.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A change that was computed but not made. The runtime made it and takes it back from [`crate::Effects`]; to this
/// crate it is opaque.
pub type Staged = Box<dyn Any + Send + Sync>;

/// Who asks, and about what.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The plugin that asks.
    pub identity: &'a Identity,
    /// The message in hand; none in a timer, an event, or `init`.
    pub message: Option<&'a sip::Message>,
    /// The request that the message answers; for a request it is the message itself.
    pub request: Option<&'a sip::Message>,
    /// Where the message came from; none where there is no message.
    pub flow: Option<sip::Flow>,
    /// The transaction of the message, 0 where there is none.
    pub transaction: u64,
    /// The wall clock of this call, ms since 1970-01-01 UTC: one value while a hook runs.
    pub now_ms: u64,
}

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// For whoever develops the script.
    Debug,
    /// Ordinary.
    Info,
    /// Odd, but handled.
    Warning,
    /// A failure that somebody should see.
    Error,
}

/// Which credentials are meant (RFC 3261 §22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialsKind {
    /// Authorization, asked for by a 401.
    Www,
    /// Proxy-Authorization, asked for by a 407.
    Proxy,
}

/// What came of checking credentials. Why they were rejected is logged by the host and told to no script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Right, with a fresh nonce of ours: this username.
    Accepted(String),
    /// There were none for this realm.
    Absent,
    /// Right, but the nonce is too old: challenge again with `stale`.
    Stale,
    /// Anything else.
    Rejected,
}

/// What a registrar grants, in seconds (RFC 3261 §10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationLimits {
    /// A shorter wish is [`Refusal::TooBrief`].
    pub min_expires: u32,
    /// A longer wish is cut to this.
    pub max_expires: u32,
    /// Where nothing was wished.
    pub default_expires: u32,
    /// Bindings an address-of-record may hold.
    pub max_bindings: u32,
}

/// What a REGISTER leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registration {
    /// Contact header field values of all bindings, with q and expires.
    pub contacts: Vec<String>,
    /// A flow of RFC 5626 was bound.
    pub outbound: bool,
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// 423 with this Min-Expires, seconds.
    TooBrief(u32),
    /// More bindings than the limits allow.
    TooMany,
    /// A Contact, Expires or Path that cannot be read, or `*` used wrongly (§10.3 item 6).
    Malformed,
    /// A CSeq not above the stored one (§10.3 item 7).
    OutOfOrder,
    /// The store takes no more.
    Unavailable,
}

/// A contact bound to an address-of-record, as a script sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The Contact URI.
    pub uri: String,
    /// Preference in thousandths, 0 to 1000.
    pub q: u16,
    /// Seconds left.
    pub expires: u32,
    /// Path values (RFC 3327), outermost first.
    pub path: Vec<String>,
    /// All other Contact parameters, as they came.
    pub parameters: String,
}

/// A value of the key-value table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Counts the changes of this key, from 1.
    pub revision: u64,
}

/// Why a value was not put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutRefusal {
    /// The key has this revision (0: there is none) and not the expected one.
    Conflict(u64),
    /// Key, value or table too large.
    TooLarge,
}

/// The machine as scripts see it. One method per imported function that the plugin crate cannot answer by itself.
pub trait Services: Send + Sync {
    /// The wall clock, ms since 1970-01-01 UTC. Read at most once per call of a hook.
    fn now_ms(&self) -> u64;

    /// Fills `out` with unpredictable bytes (at most 256).
    fn random(&self, out: &mut [u8]);

    /// Writes one log line, at most 1,024 bytes, at most 64 a call.
    fn log(&self, asking: &Asking<'_>, level: Level, line: &str);

    /// Checks the credentials of the message in hand for `realm`.
    fn verify(&self, asking: &Asking<'_>, kind: CredentialsKind, realm: &str) -> Verdict;

    /// Computes what the REGISTER in hand does to this address-of-record (§10.3 items 6 to 8). Nothing changes yet:
    /// the change is the staged value, absent where there is none to make.
    ///
    /// # Errors
    /// [`Refusal`], with nothing staged.
    fn register(
        &self,
        asking: &Asking<'_>,
        address_of_record: &str,
        limits: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal>;

    /// Whether the address-of-record has a binding now.
    fn is_registered(&self, asking: &Asking<'_>, address_of_record: &str) -> bool;

    /// Whether it has a binding registered from where the message in hand came from.
    fn is_registered_here(&self, asking: &Asking<'_>, address_of_record: &str) -> bool;

    /// All current bindings, highest q first.
    fn lookup(&self, asking: &Asking<'_>, address_of_record: &str) -> Vec<Binding>;

    /// How many bindings there are to remove, and the staged removal of them.
    fn remove(&self, asking: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>);

    /// Appends the current bindings as targets of a request (RFC 3261 §16.5), highest q first.
    fn targets(&self, asking: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>);

    /// Reads a key of the role's table.
    fn get(&self, asking: &Asking<'_>, key: &str) -> Option<Entry>;

    /// Writes a key of the role's table; `lifetime` `None`: for ever; `expected`: only at this revision (0: absent).
    /// The new revision.
    ///
    /// # Errors
    /// [`PutRefusal`], with nothing changed.
    fn put(
        &self,
        asking: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        lifetime: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal>;

    /// Deletes a key of the role's table. Whether there was one.
    fn delete(&self, asking: &Asking<'_>, key: &str) -> bool;

    /// Starts a timer of the role, or starts it again: `on-timer` is called with `token`. False: there are too many.
    fn start_timer(&self, asking: &Asking<'_>, token: &str, after: Duration) -> bool;

    /// Stops a timer of the role. Whether it was running.
    fn cancel_timer(&self, asking: &Asking<'_>, token: &str) -> bool;

    /// What makes the decision wait until everything put and deleted so far is on disk; absent where nothing waits.
    fn settle(&self, _asking: &Asking<'_>) -> Option<Staged> {
        None
    }

    // What follows is for CSCFs. A machine that is none has none of it.

    /// Makes a string of the role's that nobody else can make.
    fn seal(&self, _asking: &Asking<'_>, _data: &[u8]) -> String {
        String::new()
    }

    /// What is in such a string.
    fn unseal(&self, _asking: &Asking<'_>, _token: &str) -> Option<Vec<u8>> {
        None
    }

    /// A token for a flow.
    fn flow_token(&self, _flow: sip::Flow) -> String {
        String::new()
    }

    /// The flow of such a token.
    fn flow_of(&self, _token: &str) -> Option<sip::Flow> {
        None
    }

    /// User-Authorization-Request.
    fn user_authorization(
        &self,
        _asking: &Asking<'_>,
        _of: Authorization,
    ) -> Pending<Result<Location, CxFailure>> {
        Box::pin(ready(Err(CxFailure::Unreachable)))
    }

    /// Location-Info-Request.
    fn location_info(
        &self,
        _asking: &Asking<'_>,
        _public_identity: String,
        _originating: bool,
        _kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        Box::pin(ready(Err(CxFailure::Unreachable)))
    }

    /// Checks the Authorization of the message in hand against the challenges that were made.
    fn verify_private(
        &self,
        _asking: &Asking<'_>,
        _private_identity: &str,
        _realm: &str,
    ) -> AuthenticationVerdict {
        AuthenticationVerdict::Absent
    }

    /// Multimedia-Auth-Request; the challenge's number.
    fn challenge(
        &self,
        _asking: &Asking<'_>,
        _private_identity: String,
        _public_identity: String,
        _realm: String,
        _scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        Box::pin(ready(Err(CxFailure::Unreachable)))
    }

    /// The value of WWW-Authenticate of a challenge, with its keys.
    fn challenge_value(&self, _number: u64) -> Option<Vec<u8>> {
        None
    }

    /// Server-Assignment-Request; whom it is about, and the change that makes it durable.
    #[allow(clippy::type_complexity, reason = "an answer with its change, in a future")]
    fn assign(
        &self,
        _asking: &Asking<'_>,
        _public_identity: String,
        _private_identity: String,
        _kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        Box::pin(ready(Err(CxFailure::Unreachable)))
    }

    /// Whose public identity this is.
    fn subscriber(&self, _asking: &Asking<'_>, _public_identity: &str) -> Option<Subscriber> {
        None
    }

    /// Lets go of a subscriber.
    fn forget_subscriber(&self, _asking: &Asking<'_>, _public_identity: &str) -> bool {
        false
    }

    /// The next criteria that the request meets.
    fn next_criteria(
        &self,
        _asking: &Asking<'_>,
        _served_user: &str,
        _session_case: SessionCase,
        _after: Option<Position>,
    ) -> Option<Triggered> {
        None
    }

    /// All criteria that a registration meets.
    fn register_criteria(
        &self,
        _asking: &Asking<'_>,
        _served_user: &str,
        _registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        Vec::new()
    }

    /// Takes the SUBSCRIBE in hand.
    ///
    /// # Errors
    /// [`SubscribeRefusal`], with nothing changed.
    fn subscribe(
        &self,
        _asking: &Asking<'_>,
        _public_identity: &str,
        _contact: &str,
        _max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        Err(SubscribeRefusal::Unknown)
    }
}
