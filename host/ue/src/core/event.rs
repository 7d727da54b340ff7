//! What a phone tells: everything that it says and hears, and what became of it.
//!
//! In: what happened. Out: [`Event`]s, each a line of a ladder when it is printed. They name identities: who drives a
//! phone wants to see them, and nobody else is given them.

use std::fmt;
use std::time::Duration;

use ims::reginfo;
use sip::{Head, Method};

use super::session::Media;
use super::{CallId, MessageId};

/// One of the two sides of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// This phone.
    Us,
    /// The other side, or the network in its name.
    Them,
}

/// A message in short: its method, and its status where it is a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    /// The method; of a response, that of its CSeq.
    pub method: Method,
    /// 100 to 699; 0 for requests.
    pub status: u16,
}

impl Spoken {
    pub(crate) fn of(head: Head<'_>) -> Spoken {
        Spoken { method: head.transaction_method(), status: head.status() }
    }
}

/// `INVITE`, or `183 INVITE`.
impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.method == Method::Other { "(other)" } else { self.method.as_str() };
        match self.status {
            0 => f.write_str(method),
            status => write!(f, "{status} {method}"),
        }
    }
}

/// Why a REGISTER did not register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// The network answered with this status.
    Refused(u16),
    /// Nobody answered.
    NoAnswer,
    /// It could not be sent.
    NotSent,
    /// The network did not prove itself, more than [`MAX_INVALID_CHALLENGES`](crate::bounds::MAX_INVALID_CHALLENGES)
    /// times, or does not catch up with the sequence numbers of the ISIM.
    InvalidChallenges,
    /// The challenge asks for what this phone does not know.
    UnknownChallenge,
    /// What it proved was not believed.
    NotBelieved,
}

/// Who ended a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeregisteredBy {
    /// The phone itself, as its user wanted.
    User,
    /// The network, with this event (TS 24.229 §5.1.1.7).
    Network(reginfo::Event),
    /// Nobody: its time ran out.
    Expiry,
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// BYE.
    HungUp(By),
    /// A final response to the INVITE with this status.
    Refused {
        /// 300 to 699.
        status: u16,
        /// Whose response.
        by: By,
    },
    /// CANCEL.
    Cancelled(By),
    /// It rang too long: 480 of the callee, CANCEL of the caller.
    Unanswered,
    /// Nobody answered a request.
    NoAnswer,
    /// A request could not be sent.
    NotSent,
    /// No ACK came for our 200, or no PRACK for a reliable response.
    NotAcknowledged,
    /// The session was not refreshed (RFC 4028 §10).
    Expired,
    /// The two sides have no codec in common, or a session description cannot be read.
    NoCommonMedia,
    /// The registration ended, and the calls with it.
    Deregistered,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message left.
    Sent(Spoken),
    /// A message came.
    Heard(Spoken),
    /// Bytes came that are no SIP message.
    Unreadable,

    /// A REGISTER was accepted.
    Registered {
        /// The default public identity: the first of P-Associated-URI, or the one that was registered.
        identity: String,
        /// Every URI of P-Associated-URI.
        associated: Vec<String>,
        /// Every URI of Service-Route.
        service_route: Vec<String>,
        /// Seconds that it holds.
        expires: u32,
        /// Whether it was not registered before.
        is_first: bool,
    },
    /// A REGISTER failed.
    RegistrationFailed {
        /// Why.
        why: RegistrationFailure,
        /// When it tries again by itself; `None`: it does not.
        again_after: Option<Duration>,
    },
    /// It is registered no longer.
    Deregistered {
        /// Who ended it.
        by: DeregisteredBy,
    },
    /// The subscription to the registration was accepted.
    Subscribed {
        /// Seconds that it holds.
        expires: u32,
    },
    /// The subscription was refused or ended.
    SubscriptionEnded {
        /// The status of the SUBSCRIBE's response; `None`: the network ended it.
        status: Option<u16>,
    },
    /// Registration information came and was taken.
    Notified {
        /// The version of the document.
        version: u32,
    },

    /// A call was placed.
    Calling {
        /// Which.
        call: CallId,
        /// Whom.
        to: String,
    },
    /// A call came. It may not ring yet: see [`Event::Ringing`].
    Incoming {
        /// Which.
        call: CallId,
        /// The URI of From.
        from: String,
        /// The URIs of P-Asserted-Identity.
        asserted: Vec<String>,
    },
    /// A provisional response other than 100 and 180 came.
    Progress {
        /// Which call.
        call: CallId,
        /// 181 to 199.
        status: u16,
    },
    /// It rings: at the other side, or here.
    Ringing {
        /// Which call.
        call: CallId,
    },
    /// The call was answered.
    Answered {
        /// Which call.
        call: CallId,
    },
    /// Where media go was agreed upon, or changed.
    Media {
        /// Which call.
        call: CallId,
        /// What was agreed.
        media: Media,
    },
    /// The call is on hold.
    Held {
        /// Which call.
        call: CallId,
        /// Who holds it.
        by: By,
    },
    /// The call is no longer on hold.
    Resumed {
        /// Which call.
        call: CallId,
        /// Who held it.
        by: By,
    },
    /// The other side refused a change of the session.
    ChangeRefused {
        /// Which call.
        call: CallId,
        /// The status.
        status: u16,
    },
    /// The call is over.
    Ended {
        /// Which call.
        call: CallId,
        /// Why.
        why: Why,
        /// The Reason header field (RFC 3326) of the message that ended it.
        reason: Option<String>,
    },

    /// A MESSAGE came.
    Message {
        /// The URI of From.
        from: String,
        /// The media type of its body.
        content_type: String,
        /// Its body.
        body: Vec<u8>,
        /// Its Call-ID, for In-Reply-To of what answers it (TS 24.341 §5.3.2.4).
        call_id: String,
    },
    /// A MESSAGE of ours was answered.
    MessageAnswered {
        /// Which.
        message: MessageId,
        /// The status; 408 where nobody answered, 503 where it could not be sent (RFC 3261 §8.1.3.1).
        status: u16,
    },
}

impl Event {
    /// The call that it is about.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match self {
            Event::Calling { call, .. }
            | Event::Incoming { call, .. }
            | Event::Progress { call, .. }
            | Event::Ringing { call }
            | Event::Answered { call }
            | Event::Media { call, .. }
            | Event::Held { call, .. }
            | Event::Resumed { call, .. }
            | Event::ChangeRefused { call, .. }
            | Event::Ended { call, .. } => Some(*call),
            _ => None,
        }
    }
}

/// One line of a ladder: messages with an arrow, the rest in words.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Sent(spoken) => write!(f, "──▶ {spoken}"),
            Event::Heard(spoken) => write!(f, "◀── {spoken}"),
            Event::Unreadable => f.write_str("◀── not SIP"),
            Event::Registered { identity, expires, is_first, .. } => {
                let again = if *is_first { "" } else { " again" };
                write!(f, "registered{again} as {identity} for {expires} s")
            }
            Event::RegistrationFailed { why, again_after: None } => write!(f, "not registered: {why}"),
            Event::RegistrationFailed { why, again_after: Some(after) } => {
                write!(f, "not registered: {why}; again in {} s", after.as_secs())
            }
            Event::Deregistered { by } => write!(f, "deregistered by {by}"),
            Event::Subscribed { expires } => write!(f, "subscribed for {expires} s"),
            Event::SubscriptionEnded { status: Some(status) } => write!(f, "not subscribed: {status}"),
            Event::SubscriptionEnded { status: None } => f.write_str("the subscription ended"),
            Event::Notified { version } => write!(f, "registration information {version}"),
            Event::Calling { call, to } => write!(f, "{call}: calling {to}"),
            Event::Incoming { call, from, .. } => write!(f, "{call}: {from} calls"),
            Event::Progress { call, status } => write!(f, "{call}: progress {status}"),
            Event::Ringing { call } => write!(f, "{call}: ringing"),
            Event::Answered { call } => write!(f, "{call}: answered"),
            Event::Media { call, media } => write!(f, "{call}: media {media}"),
            Event::Held { call, by } => write!(f, "{call}: held by {by}"),
            Event::Resumed { call, by } => write!(f, "{call}: resumed by {by}"),
            Event::ChangeRefused { call, status } => write!(f, "{call}: change refused with {status}"),
            Event::Ended { call, why, reason: None } => write!(f, "{call}: ended, {why}"),
            Event::Ended { call, why, reason: Some(reason) } => {
                write!(f, "{call}: ended, {why} ({reason})")
            }
            Event::Message { from, content_type, body, .. } => {
                write!(f, "message of {from}: {} bytes of {content_type}", body.len())
            }
            Event::MessageAnswered { message, status } => write!(f, "{message}: answered with {status}"),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Us => "us",
            By::Them => "them",
        })
    }
}

impl fmt::Display for RegistrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistrationFailure::Refused(status) => write!(f, "refused with {status}"),
            RegistrationFailure::NoAnswer => f.write_str("no answer"),
            RegistrationFailure::NotSent => f.write_str("not sent"),
            RegistrationFailure::InvalidChallenges => f.write_str("the challenges are not valid"),
            RegistrationFailure::UnknownChallenge => f.write_str("the challenge is of an unknown kind"),
            RegistrationFailure::NotBelieved => f.write_str("the credentials were not believed"),
        }
    }
}

impl fmt::Display for DeregisteredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeregisteredBy::User => f.write_str("the user"),
            DeregisteredBy::Network(event) => write!(f, "the network ({})", event.as_str()),
            DeregisteredBy::Expiry => f.write_str("expiry"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::HungUp(by) => write!(f, "hung up by {by}"),
            Why::Refused { status, by } => write!(f, "refused by {by} with {status}"),
            Why::Cancelled(by) => write!(f, "cancelled by {by}"),
            Why::Unanswered => f.write_str("unanswered"),
            Why::NoAnswer => f.write_str("no answer to a request"),
            Why::NotSent => f.write_str("a request could not be sent"),
            Why::NotAcknowledged => f.write_str("not acknowledged"),
            Why::Expired => f.write_str("the session expired"),
            Why::NoCommonMedia => f.write_str("no media in common"),
            Why::Deregistered => f.write_str("deregistered"),
        }
    }
}
