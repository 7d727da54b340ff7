//! PPR: the profile is another one. TS 29.228 §6.2.
//!
//! In: a record whose subscription or profile was changed. Out: a [`Push`] for each implicit registration set that is
//! registered, or served although it is not: the S-CSCF replaces what it has of that set. What the S-CSCF answers changes
//! nothing here: it is for people to know that an S-CSCF goes on with an old profile.

use diameter::base::Origin;
use diameter::cx::{PushProfileAnswer, PushProfileRequest, RequestHead};
use diameter::{Command, DiameterIdentity, Message, Outcome, TooLong};

use crate::answering::charging;
use crate::record::Record;
use crate::state::Registration;
use crate::subscription::set_key;
use crate::user_data;

/// A PPR to be sent. Its `Debug` says nothing about people.
#[derive(Clone)]
pub struct Push {
    /// The S-CSCF's Diameter node: Destination-Host.
    pub destination: DiameterIdentity,
    /// The request.
    pub request: PushProfileRequest,
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Push(to {})", self.destination)
    }
}

impl Push {
    /// The request as a message.
    ///
    /// # Errors
    /// It is longer than a message can be.
    pub fn message(&self) -> Result<Message, TooLong> {
        self.request.print()
    }
}

/// What an S-CSCF said to a PPR (TS 29.228 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It has the new profile.
    Taken,
    /// It goes on with what it has: it does not know the user, cannot read the profile, or is too busy.
    Refused(Outcome),
}

/// What an answer says.
pub(crate) fn outcome(answer: &PushProfileAnswer) -> Pushed {
    match answer.head.outcome {
        outcome if outcome.is_success() => Pushed::Taken,
        outcome => Pushed::Refused(outcome),
    }
}

/// One for each set that an S-CSCF has.
pub(crate) fn push(record: &Record, origin: &Origin, mut session_id: impl FnMut() -> String) -> Vec<Push> {
    let Some(server) = &record.state.server else { return Vec::new() };
    let (Ok(destination), Ok(realm)) = (server.host.parse::<DiameterIdentity>(), server.realm.parse()) else {
        return Vec::new();
    };
    let realm: DiameterIdentity = realm;
    let mut pushes = Vec::new();
    for (place, set) in record.subscription.sets.iter().enumerate() {
        let key = set_key(set);
        if record.state.registration(&key) == Registration::NotRegistered {
            continue;
        }
        let registered = record.state.set(&key).and_then(|set| set.registered.first());
        let mut private = record.subscription.private.iter().map(|private| &private.impi);
        let anybody = private.find(|impi| record.subscription.is_associated(set, impi));
        let user_name = registered.or(anybody).unwrap_or(&record.name).clone();
        let is_service = set.identities.iter().all(|identity| identity.kind.is_service());
        let private = if is_service { "" } else { user_name.as_str() };
        let mut head = RequestHead::new(session_id(), origin.clone(), realm.clone());
        head.destination_host = Some(destination.clone());
        pushes.push(Push {
            destination: destination.clone(),
            request: PushProfileRequest {
                head,
                user_data: Some(user_data::of_set(record, place, private, None)),
                user_name,
                charging_information: charging(&record.subscription),
                sip_auth_data_item: None,
                allowed_waf_wwsf_identities: None,
                other: Vec::new(),
            },
        });
    }
    pushes
}
