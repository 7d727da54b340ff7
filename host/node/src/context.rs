//! The response context of one request (RFC 3261 §16.2): what the node keeps from the request's arrival to the end of
//! what can still come of it.
//!
//! In and out: plain values; the rules are in the files named after what they do. The large part, [`Active`], goes as
//! soon as a final response has left; what lingers for late 2xx is [`Context`] alone.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use proxy::{Best, BranchIndex, Kind, Preprocessed, ResponseContext};
use sip::{Flow, Message, Method};
use smallvec::SmallVec;
use transaction::{ClientId, ServerId, Time};

use crate::decision::{Hook, Relay};
use crate::errors::Refusal;
use crate::io::{ContextId, Hop, Pin};
use crate::mark::Mark;
use crate::returns::Awaited;

/// Replies that may wait for a script's word, one context. More are forwarded unasked.
pub(crate) const MAX_WAITING_REPLIES: usize = 16;

/// Phones that can have a dialog each out of one INVITE, after the first 2xx; those of more are not tracked.
pub(crate) const MAX_FORKS: usize = 3;

/// One request's context.
pub(crate) struct Context {
    pub(crate) generation: u32,
    /// None: an ACK, which makes no transaction, or a request of our own.
    pub(crate) server: Option<ServerId>,
    /// A request of our own: whose.
    pub(crate) originated: Option<u64>,
    pub(crate) method: Method,
    pub(crate) source: Flow,
    pub(crate) received_at: Time,
    /// The plugin version that took the request.
    pub(crate) pin: Option<Pin>,
    /// Its number; 0: none has been asked.
    pub(crate) version: u32,
    /// Variables of the transaction, the runtime's.
    pub(crate) variables: Option<Pin>,
    /// Counts consultations, so that a late answer is known.
    pub(crate) consult: u32,
    /// A final response has left.
    pub(crate) answered: bool,
    /// This element put itself into the Record-Route.
    pub(crate) record_routed: bool,
    /// The request came inside a dialog.
    pub(crate) in_dialog: bool,
    /// The Vias of the request as it came, where a branch left with others: its responses get them back.
    pub(crate) vias: Option<Box<[u8]>>,
    /// By who answered: each 2xx to an INVITE as a script let it pass: what comes again of it leaves as it left then.
    pub(crate) judged: SmallVec<[(u32, Bytes); 1]>,
    /// What scripts are asked with about the 2xx of further phones.
    pub(crate) late: Option<Box<Late>>,
    /// Who has answered an INVITE with 2xx.
    pub(crate) forks: Forks,
    pub(crate) active: Option<Box<Active>>,
}

impl Context {
    /// The request, while it is not answered.
    pub(crate) fn request(&mut self) -> Option<Arc<Message>> {
        self.active.as_ref().map(|active| Arc::clone(&active.request))
    }
}

/// The To tags of the phones whose 2xx went upstream, hashed: one that comes again makes no dialog a second time.
#[derive(Default)]
pub(crate) struct Forks([u32; MAX_FORKS]);

impl Forks {
    /// Whether nobody with this tag has answered before, and there is room to remember it.
    pub(crate) fn note(&mut self, tag: u32) -> bool {
        // 0 stands for none.
        let tag = tag.max(1);
        let place = self.0.iter_mut().find(|known| **known == tag || **known == 0);
        match place {
            Some(place) if *place == 0 => {
                *place = tag;
                true
            }
            _ => false,
        }
    }
}

/// What is kept of an INVITE that is answered, where a script wants to see what else may come.
#[derive(Clone)]
pub(crate) struct Late {
    pub(crate) request: Arc<Message>,
    pub(crate) own_routes: Option<Arc<[Box<str>]>>,
    pub(crate) pin: Option<Pin>,
    pub(crate) variables: Option<Pin>,
}

/// What is needed until a final response has left.
pub(crate) struct Active {
    /// The request as it came, or as a script saw it.
    pub(crate) request: Arc<Message>,
    /// What §16.4 makes of it.
    pub(crate) preprocessed: Preprocessed,
    /// Our own URIs by which it came, for scripts.
    pub(crate) own_routes: Option<Arc<[Box<str>]>>,
    /// The flow of the side that it is to leave by, where our Record-Route named one.
    pub(crate) route_flow: Option<Flow>,
    /// The version that took the dialog, as our Route says, where nothing else here knows the dialog; then the one that
    /// decides, where it is asked inside dialogs.
    pub(crate) mark: Option<Mark>,
    /// No transaction on either side: an ACK.
    pub(crate) stateless: bool,
    /// What the script decided: once about the request, and again after each failure of all targets.
    pub(crate) relays: SmallVec<[Relay; 1]>,
    pub(crate) forking: ResponseContext<ClientId, Arc<Message>>,
    /// One for each branch of `forking`, by its number.
    pub(crate) branches: SmallVec<[Branch; 1]>,
    /// Which hook is being asked.
    pub(crate) asking: Option<Asking>,
    /// Replies that wait for their turn to be asked about.
    pub(crate) replies: VecDeque<(BranchIndex, Arc<Message>)>,
    /// What scripts keep in the dialog, if they changed it.
    pub(crate) dialog_variables: Option<Box<dialog::Variables>>,
    /// The To tag of its answer, where the runtime chose one.
    pub(crate) to_tag: Option<Box<str>>,
    /// Its request is to come back by this, where the last relay says so.
    pub(crate) awaited: Option<Awaited>,
    /// Status to send upstream where no branch brought a response of its own.
    pub(crate) made_status: Option<(u16, &'static str)>,
    /// Why branches are cancelled: the Reason of their CANCELs (RFC 3326 §2); empty: none.
    pub(crate) cancel_reason: Cow<'static, [u8]>,
}

impl Active {
    /// Of a request with nothing decided, nothing preprocessed and no branch.
    pub(crate) fn of(request: Arc<Message>, kind: Kind, breadth: u16) -> Self {
        Self {
            request,
            preprocessed: Preprocessed::default(),
            own_routes: None,
            route_flow: None,
            mark: None,
            stateless: false,
            relays: SmallVec::new(),
            forking: ResponseContext::new(kind, breadth),
            branches: SmallVec::new(),
            asking: None,
            replies: VecDeque::new(),
            dialog_variables: None,
            to_tag: None,
            awaited: None,
            made_status: None,
            cancel_reason: Cow::Borrowed(&[]),
        }
    }
}

/// What the script is being asked.
pub(crate) enum Asking {
    /// What to do with the request.
    Request(Hook),
    /// What to do with a response of this branch.
    Reply(Arc<Message>),
    /// What to do after all targets failed; with the best response as the script sees it.
    Failure(Best<Arc<Message>>, Arc<Message>),
    /// What to do with the best response, which is a failure and as good as on its way upstream.
    FailureReply(Best<Arc<Message>>, Arc<Message>),
}

/// One branch.
#[derive(Default)]
pub(crate) struct Branch {
    /// Place of its relay in `relays`.
    pub(crate) relay: usize,
    /// Place of its target in the relay's targets; past the end: the request's own Request-URI.
    pub(crate) target: usize,
    pub(crate) max_breadth: u16,
    pub(crate) client: Option<ClientId>,
    /// Hops that are left to try, next one last.
    pub(crate) hops: Vec<Hop>,
    /// Timer C, or the script's time-out.
    pub(crate) deadline: Option<Time>,
    /// The script's time-out counts no longer.
    pub(crate) in_time: bool,
    /// Being located.
    pub(crate) locating: bool,
    /// What is located is a Route, or a next hop that the script named, and not the Request-URI.
    pub(crate) is_routed: bool,
    /// Sent by TCP because it is too large for UDP.
    pub(crate) too_large: bool,
    /// On which flow it was sent rather than to where its URI points, and what is left if that is gone.
    pub(crate) by_flow: ByFlow,
}

/// Whether a branch goes by a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ByFlow {
    /// It goes where its URI points.
    #[default]
    No,
    /// By a flow; where that is gone its URI is tried, and this is the answer if that fails as well.
    First(Refusal),
    /// By a flow or not at all; then this is the answer.
    Only(Refusal),
    /// The flow is gone, and it goes where its URI points; this is the answer if that fails as well.
    Gone(Refusal),
}

impl ByFlow {
    /// Whether it goes by a flow now.
    pub(crate) fn is_now(self) -> bool {
        matches!(self, ByFlow::First(_) | ByFlow::Only(_))
    }
}

/// All contexts of a node: places with generations, so that a late event finds nothing instead of a stranger.
#[derive(Default)]
pub(crate) struct Contexts {
    places: slab::Slab<Context>,
    next_generation: u32,
    open: usize,
}

impl Contexts {
    pub(crate) fn insert(&mut self, mut context: Context) -> ContextId {
        self.next_generation = self.next_generation.wrapping_add(1);
        context.generation = self.next_generation;
        self.open += 1;
        let slot = self.places.insert(context);
        ContextId { slot: slot as u32, generation: self.next_generation }
    }

    pub(crate) fn get_mut(&mut self, id: ContextId) -> Option<&mut Context> {
        self.places.get_mut(id.slot as usize).filter(|context| context.generation == id.generation)
    }

    pub(crate) fn remove(&mut self, id: ContextId) -> Option<Context> {
        self.get_mut(id)?;
        let context = self.places.remove(id.slot as usize);
        self.open -= usize::from(!context.answered);
        Some(context)
    }

    /// One more has got its final answer.
    pub(crate) fn answered(&mut self) {
        self.open -= 1;
    }

    /// How many wait for a final answer.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ContextId, &Context)> {
        self.places
            .iter()
            .map(|(slot, context)| (ContextId { slot: slot as u32, generation: context.generation }, context))
    }
}

/// From a transaction's slot to its context. It is asked about transactions that live: their slots are theirs. What a
/// dead one has left there is overwritten by the next, and the context's generation tells that it is gone.
#[derive(Default)]
pub(crate) struct Owners(Vec<ContextId>);

impl Owners {
    pub(crate) fn set(&mut self, slot: u32, id: ContextId) {
        let slot = slot as usize;
        if self.0.len() <= slot {
            self.0.resize(slot + 1, ContextId::default());
        }
        self.0[slot] = id;
    }

    pub(crate) fn get(&self, slot: u32) -> Option<ContextId> {
        self.0.get(slot as usize).copied().filter(|id| id.generation != 0)
    }

    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(id) = self.0.get_mut(slot as usize) {
            *id = ContextId::default();
        }
    }
}
