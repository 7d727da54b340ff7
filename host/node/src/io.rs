//! What goes into a node and what comes out of it: the whole of its dealings with the world.
//!
//! In: [`Input`] to `Node::handle_input`. Out: [`Output`] from `Node::poll_output`, until there is none left.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::{Excerpt, Flow, Message, Method};

use crate::adopt::{Adopt, Adopted};
use crate::decision::{ConsultError, Decision, Hook, ReplyDecision, Target};
use crate::mark::Mark;

/// Something of the runtime's that lives as long as a transaction or dialog: the plugin version that took it, its
/// variables.
pub type Pin = Arc<dyn Any + Send + Sync>;

/// Names a consultation under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConsultId {
    pub(crate) context: ContextId,
    pub(crate) sequence: u32,
}

impl ConsultId {
    /// The transaction the consultation is about, as a number unique within the node's run.
    #[must_use]
    pub fn transaction(self) -> u64 {
        u64::from(self.context.generation) << 32 | u64::from(self.context.slot)
    }
}

/// Names a search for a target's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocateId {
    pub(crate) context: ContextId,
    pub(crate) branch: u16,
}

/// Place and generation of a response context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ContextId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// Where a located target is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The flow to send on; `connection` 0 means "connect, or reuse a connection".
    pub flow: Flow,
    /// Name that the peer's certificate must bear.
    pub server_name: Option<Arc<str>>,
}

/// Why a target was not located.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocateFailure {
    /// The name does not exist or has no usable record.
    #[error("no such host")]
    NotFound,
    /// No answer in time.
    #[error("the name was not resolved in time")]
    Timeout,
    /// No transport that both ends speak.
    #[error("no common transport")]
    NoTransport,
}

/// What a consultation ended in.
#[derive(Debug)]
pub enum Consulted {
    /// Of a request, in-dialog request or failure hook.
    Request(Result<Decision, ConsultError>),
    /// Of a reply hook.
    Reply(Result<ReplyDecision, ConsultError>),
}

/// A script's word.
#[derive(Debug)]
pub struct Decided {
    /// Which consultation.
    pub id: ConsultId,
    /// What it ended in.
    pub consulted: Consulted,
    /// The version that decided; kept while the transaction lasts.
    pub pin: Option<Pin>,
    /// The transaction's variables from now on; none: unchanged.
    pub variables: Option<Pin>,
    /// The dialog's variables from now on; none: unchanged.
    pub dialog_variables: Option<Box<dialog::Variables>>,
    /// Number of the version that decided; 0: none did.
    pub version: u32,
    /// What it is known by in our Record-Routes; none: it is not asked inside dialogs.
    pub mark: Option<Mark>,
    /// Provisional answers to send first: status 101 to 199, reason (empty: the standard phrase).
    pub provisionals: Vec<(u16, Box<str>)>,
    /// The To tag of the answer, where it makes a dialog that the host keeps (RFC 6665 §4.1); none: one of the node's.
    pub to_tag: Option<Box<str>>,
    /// Requests of this element's own that are sent when the decision has been carried out.
    pub follow: Vec<Follow>,
}

/// A request of this element's own that follows a decision.
#[derive(Debug, Clone)]
pub struct Follow {
    /// The request; its body may be made anew.
    pub originate: Originate,
    /// It is a third-party REGISTER (TS 24.229 §5.4.1.7): its body is made of the request that was decided on, and of the
    /// answer to it, as these criteria want it.
    pub third_party: Option<ims::service_profile::ApplicationServer>,
}

impl Decided {
    /// A word with nothing around it, of no version.
    #[must_use]
    pub fn bare(id: ConsultId, consulted: Consulted) -> Self {
        Self {
            id,
            consulted,
            pin: None,
            variables: None,
            dialog_variables: None,
            version: 0,
            mark: None,
            provisionals: Vec::new(),
            to_tag: None,
            follow: Vec::new(),
        }
    }
}

/// What a script, or what stands in its place, is asked.
#[derive(Clone)]
pub struct Consult {
    /// Comes back in [`Input::Decided`].
    pub id: ConsultId,
    /// Which hook.
    pub hook: Hook,
    /// About this: for a reply or a failure it is the response.
    pub message: Arc<Message>,
    /// The request; for the request hooks it is the message itself.
    pub request: Arc<Message>,
    /// The URIs of our own by which the request came (RFC 3261 §16.4), in the order in which it passed them.
    pub own_routes: Option<Arc<[Box<str>]>>,
    /// Where the request came from.
    pub source: Flow,
    /// The version that must be asked; none: the active one.
    pub pin: Option<Pin>,
    /// Which version took the dialog, as our own Route says: to be asked where `pin` is none.
    pub mark: Option<Mark>,
    /// The transaction's variables.
    pub variables: Option<Pin>,
    /// The dialog's variables.
    pub dialog_variables: Option<Box<dialog::Variables>>,
}

impl std::fmt::Debug for Consult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consult").field("id", &self.id).field("hook", &self.hook).finish_non_exhaustive()
    }
}

/// A request of this element's own: a user agent client's, outside of what others send (§8.1). No INVITE, ACK or CANCEL.
#[derive(Debug, Clone)]
pub struct Originate {
    /// Complete but for Via.
    pub request: Message,
    /// Where it goes; none: where its Request-URI and Route point.
    pub target: Option<Target>,
    /// Give up after this time; `None`: Timer F.
    pub timeout: Option<std::time::Duration>,
    /// Comes back in [`Output::Concluded`].
    pub token: u64,
}

impl Originate {
    /// The token of a request whose answer nobody waits for.
    pub const NOBODY: u64 = u64::MAX;
}

/// A dialog is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its Call-ID.
    pub call_id: Box<str>,
    /// bye, timeout, rejected, released
    pub why: &'static str,
    /// The version that it was pinned to.
    pub pin: Option<dialog::Holder>,
}

/// A request that a version took has its final answer.
#[derive(Clone)]
pub struct Answered {
    /// The version.
    pub pin: Pin,
    /// What was asked.
    pub method: Method,
    /// The request was one inside a dialog.
    pub in_dialog: bool,
    /// What was answered, 200 to 699; also where nobody waits for it any longer, and it is not sent (RFC 4320 §4.2).
    pub status: u16,
    /// How long after the request.
    pub took: Duration,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Answered { method, status, .. } = self;
        f.debug_struct("Answered").field("method", method).field("status", status).finish_non_exhaustive()
    }
}

/// What goes in.
#[derive(Debug)]
pub enum Input {
    /// A message came. Its top Via already bears `received` and `rport` (requests).
    Received {
        /// Where from.
        flow: Flow,
        /// What.
        message: Message,
    },
    /// A request came that cannot be read: it is refused if it can be, and counted.
    Unparsable {
        /// Where from.
        flow: Flow,
        /// What is left of it; none: nothing that could be answered.
        excerpt: Option<Box<Excerpt>>,
    },
    /// A script has decided.
    Decided(Box<Decided>),
    /// A dialog was taken over, or nobody can.
    Adopted(Box<Adopted>),
    /// Send a request of this element's own.
    Originate(Box<Originate>),
    /// A target was located: hops in the order to try, or why there are none.
    Located {
        /// Which search.
        id: LocateId,
        /// Its result.
        hops: Result<Vec<Hop>, LocateFailure>,
    },
    /// The network ends all sessions of this user (TS 24.229 §5.4.5.1).
    Release {
        /// As relays have named it.
        served_user: Box<str>,
    },
    /// A request came back at another shard, as its [`Output::Returned`] said.
    Returned {
        /// Of this one's.
        context: ContextId,
        /// By this.
        token: Box<str>,
    },
    /// A message could not be sent.
    Undelivered {
        /// The token of its [`Output::Transmit`].
        token: u64,
        /// The message itself, where it was to go by a connection. A response may then be sent another way (RFC
        /// 3261 §18.2.2).
        unsent: Option<Unsent>,
    },
}

/// A message that did not leave.
#[derive(Debug)]
pub struct Unsent {
    /// Where to.
    pub flow: Flow,
    /// What.
    pub bytes: Bytes,
}

/// What comes out.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Transmit {
        /// On this flow.
        flow: Flow,
        /// The message.
        bytes: Bytes,
        /// Name that the peer's certificate must bear, where a connection is opened.
        server_name: Option<Arc<str>>,
        /// Comes back in [`Input::Undelivered`]; 0: nobody cares.
        token: u64,
    },
    /// Ask the script.
    Consult(Consult),
    /// Let the version that goes on with a dialog take it over: its [`Input::Adopted`].
    Adopt(Adopt),
    /// Count it for the version.
    Answered(Answered),
    /// A request of this element's own has its final response: one that was made here, where none came.
    Concluded {
        /// Of its [`Originate`].
        token: u64,
        /// 200 to 699.
        response: Arc<Message>,
    },
    /// Tell the script, if it wants to know.
    Event(Ended),
    /// A request has come back that another shard awaits: its [`Input::Returned`].
    Returned {
        /// Which.
        shard: u8,
        /// Which of its requests.
        context: ContextId,
        /// By which it came back.
        token: Box<str>,
    },
    /// Find where this URI is served (RFC 3263).
    Locate {
        /// Comes back in [`Input::Located`].
        id: LocateId,
        /// The next hop's URI.
        uri: Box<[u8]>,
    },
}
