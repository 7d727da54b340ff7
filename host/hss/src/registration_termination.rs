//! RTR: the network takes a registration back. TS 29.228 §6.1.3.
//!
//! ```text
//!   whom                     User-Name, Associated-Identities            Public-Identity
//!   a subscription           every private identity that is registered   all of theirs; none, where that is too long
//!   a private identity       that one                                    all that it registered; none, where that is too long
//!   public identities        those with which they are registered        all of their sets
//!
//!   PERMANENT_TERMINATION    registered, or served: neither, once the S-CSCF has answered
//!   SERVER_CHANGE            the same; the next registration chooses an S-CSCF anew
//!   REMOVE_S-CSCF            only what is served although not registered
//!   NEW_SERVER_ASSIGNED      told to the S-CSCF that another one took over from; nothing of the other's changes
//! ```
//! None means all of the private identities' too (§6.1.3), but there are S-CSCFs that answer no request without one
//! (Kamailio's).
//!
//! In: a record, whom, why. Out: a [`Termination`] to be sent; and when its answer is here, the state that follows.
//! Until then the S-CSCF is assigned. What was registered anew meanwhile stays.

use std::collections::BTreeSet;

use diameter::base::Origin;
use diameter::bounds::MAX_MESSAGE;
use diameter::cx::{
    DeregistrationReason, ReasonCode, RegistrationTerminationAnswer, RegistrationTerminationRequest,
    RequestHead,
};
use diameter::{Command, CxResult, DiameterIdentity, Message, Outcome, TooLong};

use crate::answering::associated;
use crate::record::Record;
use crate::state::{Registration, Server, State};
use crate::subscription::{public_key, set_key};

/// Whom a de-registration is about.
#[derive(Clone, PartialEq, Eq)]
pub enum Whom {
    /// All of the subscription that has this identity, private or public.
    Subscription(String),
    /// A private identity: all that is registered with it.
    Private(String),
    /// Public identities of one subscription, and all that is registered along with them.
    Public(Vec<String>),
}

/// Says nothing about people.
impl std::fmt::Debug for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Whom::Subscription(_) => "Subscription",
            Whom::Private(_) => "Private",
            Whom::Public(_) => "Public",
        })
    }
}

/// An RTR to be sent, and what is to be done when it is answered. Its `Debug` says nothing about people.
#[derive(Clone)]
pub struct Termination {
    /// The S-CSCF's Diameter node: Destination-Host.
    pub destination: DiameterIdentity,
    /// The request.
    pub request: RegistrationTerminationRequest,
    /// By what the subscription is kept.
    pub(crate) subscription: String,
    /// The S-CSCF.
    server: String,
    /// The revision that the request speaks of.
    revision: i64,
    /// The keys of the sets that are meant.
    sets: Vec<String>,
    /// The private identities that are meant.
    private: BTreeSet<String>,
}

/// What an S-CSCF said to an RTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminated {
    /// It serves them no longer, and is not assigned any more.
    Done,
    /// It did not do it: everything is as it was.
    Refused(Outcome),
}

impl std::fmt::Debug for Termination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = self.request.deregistration_reason.reason_code;
        write!(f, "Termination({reason:?}, to {})", self.destination)
    }
}

impl Termination {
    /// The request as a message.
    ///
    /// # Errors
    /// It is longer than a message can be.
    pub fn message(&self) -> Result<Message, TooLong> {
        self.request.print()
    }
}

/// Everything of a request that does not follow from the record.
pub(crate) struct Order<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) session_id: String,
    pub(crate) reason: ReasonCode,
    pub(crate) info: Option<String>,
}

/// The request that takes back what `whom` is registered for, or served with. `None`: nothing is.
pub(crate) fn terminate(record: &Record, whom: &Selection, order: Order<'_>) -> Option<Termination> {
    let server = record.state.server.as_ref()?;
    let meant = whom.meant(record, order.reason);
    let states = meant.iter().filter_map(|key| record.state.set(key));
    let mut private: BTreeSet<String> = states.flat_map(|set| set.registered.iter().cloned()).collect();
    if let Selection::Private(impi) = whom {
        private.retain(|other| other == impi);
    }
    if meant.is_empty() {
        return None;
    }
    let is_needed = private.is_empty() || matches!(whom, Selection::Sets(_));
    let public_identities = identities(record, &meant);
    let mut termination = request(record, server, meant, private, public_identities, order)?;
    let is_taken = termination.message().is_ok_and(|message| message.bytes().len() <= MAX_MESSAGE);
    if !is_needed && !is_taken {
        termination.request.public_identities.clear();
    }
    Some(termination)
}

/// The request to an S-CSCF that another one took over from.
pub(crate) fn relieve(record: &Record, former: &Server, order: Order<'_>) -> Option<Termination> {
    let private = record.state.registered().into_iter().map(str::to_owned).collect();
    request(record, former, Vec::new(), private, Vec::new(), order)
}

fn request(
    record: &Record,
    server: &Server,
    sets: Vec<String>,
    private: BTreeSet<String>,
    public_identities: Vec<String>,
    order: Order<'_>,
) -> Option<Termination> {
    let destination: DiameterIdentity = server.host.parse().ok()?;
    let mut head = RequestHead::new(order.session_id, order.origin.clone(), server.realm.parse().ok()?);
    head.destination_host = Some(destination.clone());
    let mut names = private.iter().cloned();
    // The AVP must be there. Who is only served, or is a service, has nobody's name but the subscription's.
    let user_name = names.next().unwrap_or_else(|| record.name.clone());
    let request = RegistrationTerminationRequest {
        head,
        user_name,
        associated_identities: associated(names.collect()),
        public_identities,
        deregistration_reason: DeregistrationReason {
            reason_code: order.reason,
            reason_info: order.info,
            other: Vec::new(),
        },
        rtr_flags: None,
        other: Vec::new(),
    };
    Some(Termination {
        destination,
        request,
        subscription: record.name.clone(),
        server: server.name.clone(),
        revision: record.revision,
        sets,
        private,
    })
}

/// Which sets a de-registration is about.
pub(crate) enum Selection {
    /// All.
    All,
    /// Those that a private identity, in canonical form, is registered for.
    Private(String),
    /// These, by key.
    Sets(Vec<String>),
}

impl Selection {
    /// The keys of the sets that are meant and in a state that the reason is about.
    fn meant(&self, record: &Record, reason: ReasonCode) -> Vec<String> {
        let sets = record.state.sets.iter().filter(|(key, set)| {
            let is_meant = match self {
                Selection::All => true,
                Selection::Private(impi) => set.registered.contains(impi),
                Selection::Sets(keys) => keys.contains(key),
            };
            let is_concerned = match (reason, set.registration()) {
                (_, Registration::NotRegistered) => false,
                (ReasonCode::RemoveScscf, registration) => registration == Registration::Unregistered,
                _ => true,
            };
            is_meant && is_concerned
        });
        sets.map(|(key, _)| key.clone()).collect()
    }
}

/// Every public identity of these sets.
fn identities(record: &Record, keys: &[String]) -> Vec<String> {
    let sets = record.subscription.sets.iter().filter(|set| keys.contains(&set_key(set)));
    let keys = sets.flat_map(|set| &set.identities).filter_map(public_key);
    keys.map(|key| key.text().to_owned()).collect()
}

/// What an answer says. ERROR_USER_UNKNOWN: the S-CSCF has nothing to drop, which is as good.
pub(crate) fn outcome(answer: &RegistrationTerminationAnswer) -> Terminated {
    let outcome = answer.head.outcome;
    if outcome.is_success() || outcome.cx() == Some(CxResult::ERROR_USER_UNKNOWN) {
        Terminated::Done
    } else {
        Terminated::Refused(outcome)
    }
}

/// The state once the S-CSCF has answered; `None`: nothing of it changes. Who is registered for emergency stays (TS
/// 29.228 §6.1.3), and so does who was registered anew after the request was made.
pub(crate) fn terminated(
    state: &State,
    termination: &Termination,
    answer: &RegistrationTerminationAnswer,
) -> Option<State> {
    if !state.is_served_by(&termination.server) {
        return None;
    }
    let stays = |impi: &str| {
        let kept = &answer.identities_with_emergency_registration;
        kept.iter().any(|kept| kept.user_name == impi)
    };
    let mut next = state.clone();
    for key in &termination.sets {
        let Some(set) = next.sets.get_mut(key) else { continue };
        if set.since > termination.revision {
            continue;
        }
        for impi in termination.private.iter().filter(|impi| !stays(impi)) {
            set.deregister(impi);
            set.pending.remove(impi);
        }
        if set.registered.is_empty() {
            set.is_unregistered = false;
        }
    }
    let next = next.settled();
    (next != *state).then_some(next)
}
