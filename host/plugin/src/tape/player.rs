//! A machine that is a tape: what was asked before is answered as before.
//!
//! In: [`Exchange`]s. Out: their answers, to the same questions, in any order; a question that was asked oftener than
//! before gets the last answer again. What was never asked is answered with what says least (nobody, nothing, no HSS
//! can be reached), and noted. Staged changes are empty boxes: whoever plays does not commit.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::recorder::ms;
use super::{Answer, Exchange, MAX_EXCHANGES, Question, Tape, TapedSubscription};
use crate::ims_services::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscribed, Subscriber, Triggered,
};
use crate::services::{
    Asking, Binding, CredentialsKind, Entry, Level, Pending, PutRefusal, Refusal, Registration,
    RegistrationLimits, Services, Staged, Verdict,
};

/// Answers one call from what another one was told.
#[derive(Debug)]
pub struct Player {
    at_ms: u64,
    exchanges: Vec<Exchange>,
    played: Mutex<Played>,
}

#[derive(Debug, Default)]
struct Played {
    /// Exchanges that were given, by place.
    given: Vec<bool>,
    asked: Vec<Question>,
    /// For each of those the exchange that answered it; `None`: nobody asked that before.
    answered: Vec<Option<usize>>,
    /// Where the first question was that the tape does not have in this place.
    parting: Option<usize>,
}

impl Player {
    /// Plays what was said in a call at this time (ms since 1970-01-01 UTC).
    #[must_use]
    pub fn new(at_ms: u64, exchanges: Vec<Exchange>) -> Arc<Player> {
        let played = Played { given: vec![false; exchanges.len()], ..Played::default() };
        Arc::new(Player { at_ms, exchanges, played: Mutex::new(played) })
    }

    /// Plays what a tape has now.
    #[must_use]
    pub fn of(tape: &Tape) -> Arc<Player> {
        Player::new(tape.at_ms(), tape.exchanges())
    }

    /// What was asked in this call, in order; at most [`MAX_EXCHANGES`].
    #[must_use]
    pub fn asked(&self) -> Vec<Question> {
        self.played.lock().asked.clone()
    }

    /// What was asked and had no answer on the tape.
    #[must_use]
    pub fn unknown(&self) -> Vec<Question> {
        let played = self.played.lock();
        let pairs = played.asked.iter().zip(&played.answered);
        pairs.filter(|(_, answered)| answered.is_none()).map(|(asked, _)| asked.clone()).collect()
    }

    /// What was asked in this call, with the answers that it got from the tape: a tape of this call itself.
    #[must_use]
    pub fn heard(&self) -> Vec<Exchange> {
        let played = self.played.lock();
        let pairs = played.asked.iter().zip(&played.answered);
        let heard = pairs.filter_map(|(question, answered)| {
            Some(Exchange { question: question.clone(), answer: self.exchanges[(*answered)?].answer.clone() })
        });
        heard.collect()
    }

    /// The number of the first question, from 0, that is not the tape's; `None`: it asked the same, as far as it asked.
    #[must_use]
    pub fn parting(&self) -> Option<usize> {
        self.played.lock().parting
    }

    /// The answer on the tape, if it has one.
    fn answer(&self, question: Question) -> Option<&Answer> {
        let mut played = self.played.lock();
        let next = played.asked.len();
        let is_it = |place: &usize| self.exchanges[*place].question == question;
        let places = || (0..self.exchanges.len()).filter(is_it);
        let fresh = places().find(|&place| !played.given[place]);
        let found = fresh.or_else(|| places().last());
        if found != Some(next) && played.parting.is_none() {
            played.parting = Some(next);
        }
        if let Some(place) = found {
            played.given[place] = true;
        }
        if next < MAX_EXCHANGES {
            played.answered.push(found);
            played.asked.push(question);
        }
        found.map(|place| &self.exchanges[place].answer)
    }

    fn flag(&self, question: Question) -> bool {
        matches!(self.answer(question), Some(Answer::Flag(true)))
    }

    fn location(&self, question: Question) -> Pending<Result<Location, CxFailure>> {
        Box::pin(ready(match self.answer(question) {
            Some(Answer::Location(location)) => location.clone(),
            _ => Err(CxFailure::Unreachable),
        }))
    }
}

/// A change that nobody makes.
fn staged(was_there: bool) -> Option<Staged> {
    was_there.then(|| Box::new(()) as Staged)
}

impl Services for Player {
    fn now_ms(&self) -> u64 {
        self.at_ms
    }

    fn random(&self, out: &mut [u8]) {
        match self.answer(Question::Random(out.len())) {
            Some(Answer::Bytes(bytes)) if bytes.len() == out.len() => out.copy_from_slice(bytes),
            _ => out.fill(0),
        }
    }

    fn log(&self, _: &Asking<'_>, level: Level, line: &str) {
        self.answer(Question::Log(level, line.to_owned()));
    }

    fn verify(&self, _: &Asking<'_>, kind: CredentialsKind, realm: &str) -> Verdict {
        match self.answer(Question::Verify(kind, realm.to_owned())) {
            Some(Answer::Verdict(verdict)) => verdict.clone(),
            _ => Verdict::Absent,
        }
    }

    fn register(
        &self,
        _: &Asking<'_>,
        address_of_record: &str,
        limits: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        match self.answer(Question::Register(address_of_record.to_owned(), *limits)) {
            Some(Answer::Registered(Ok((registration, changes)))) => {
                Ok((registration.clone(), staged(*changes)))
            }
            Some(Answer::Registered(Err(refusal))) => Err(*refusal),
            _ => Err(Refusal::Unavailable),
        }
    }

    fn is_registered(&self, _: &Asking<'_>, address_of_record: &str) -> bool {
        self.flag(Question::IsRegistered(address_of_record.to_owned()))
    }

    fn is_registered_here(&self, _: &Asking<'_>, address_of_record: &str) -> bool {
        self.flag(Question::IsRegisteredHere(address_of_record.to_owned()))
    }

    fn lookup(&self, _: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        match self.answer(Question::Lookup(address_of_record.to_owned())) {
            Some(Answer::Bindings(found)) => found.clone(),
            _ => Vec::new(),
        }
    }

    fn remove(&self, _: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        match self.answer(Question::Remove(address_of_record.to_owned())) {
            Some(Answer::Removed(number, changes)) => (*number, staged(*changes)),
            _ => (0, None),
        }
    }

    fn targets(&self, _: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        if let Some(Answer::Targets(found)) = self.answer(Question::Targets(address_of_record.to_owned())) {
            into.extend(found.iter().cloned().map(node::Target::from));
        }
    }

    fn get(&self, _: &Asking<'_>, key: &str) -> Option<Entry> {
        match self.answer(Question::Get(key.to_owned())) {
            Some(Answer::Entry(entry)) => entry.clone(),
            _ => None,
        }
    }

    fn put(
        &self,
        _: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        lifetime: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let key = key.to_owned();
        match self.answer(Question::Put { key, value, lifetime_ms: lifetime.map(ms), expected }) {
            Some(Answer::Put(put)) => *put,
            _ => Ok(1),
        }
    }

    fn delete(&self, _: &Asking<'_>, key: &str) -> bool {
        self.flag(Question::Delete(key.to_owned()))
    }

    fn start_timer(&self, _: &Asking<'_>, token: &str, after: Duration) -> bool {
        let question = Question::StartTimer { token: token.to_owned(), after_ms: ms(after) };
        !matches!(self.answer(question), Some(Answer::Flag(false)))
    }

    fn cancel_timer(&self, _: &Asking<'_>, token: &str) -> bool {
        self.flag(Question::CancelTimer(token.to_owned()))
    }

    fn settle(&self, _: &Asking<'_>) -> Option<Staged> {
        staged(self.flag(Question::Settle))
    }

    fn seal(&self, _: &Asking<'_>, data: &[u8]) -> String {
        match self.answer(Question::Seal(data.to_vec())) {
            Some(Answer::Text(sealed)) => sealed.clone(),
            _ => "unknown".into(),
        }
    }

    fn unseal(&self, _: &Asking<'_>, token: &str) -> Option<Vec<u8>> {
        match self.answer(Question::Unseal(token.to_owned())) {
            Some(Answer::Data(data)) => data.clone(),
            _ => None,
        }
    }

    fn flow_token(&self, flow: sip::Flow) -> String {
        match self.answer(Question::FlowToken(flow.into())) {
            Some(Answer::Text(token)) => token.clone(),
            _ => "unknown".into(),
        }
    }

    fn flow_of(&self, token: &str) -> Option<sip::Flow> {
        match self.answer(Question::FlowOf(token.to_owned())) {
            Some(Answer::Flow(flow)) => flow.map(Into::into),
            _ => None,
        }
    }

    fn user_authorization(&self, _: &Asking<'_>, of: Authorization) -> Pending<Result<Location, CxFailure>> {
        self.location(Question::UserAuthorization(of))
    }

    fn location_info(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        self.location(Question::LocationInfo { public_identity, originating, kind })
    }

    fn verify_private(&self, _: &Asking<'_>, private_identity: &str, realm: &str) -> AuthenticationVerdict {
        let question = Question::VerifyPrivate {
            private_identity: private_identity.to_owned(),
            realm: realm.to_owned(),
        };
        match self.answer(question) {
            Some(Answer::Private(verdict)) => *verdict,
            _ => AuthenticationVerdict::Absent,
        }
    }

    fn challenge(
        &self,
        _: &Asking<'_>,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        let question = Question::Challenge { private_identity, public_identity, realm, scheme };
        Box::pin(ready(match self.answer(question) {
            Some(Answer::Challenged(number)) => *number,
            _ => Err(CxFailure::Unreachable),
        }))
    }

    fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        match self.answer(Question::ChallengeValue(number)) {
            Some(Answer::Data(value)) => value.clone(),
            _ => None,
        }
    }

    fn assign(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        let question = Question::Assign { public_identity, private_identity, kind };
        Box::pin(ready(match self.answer(question) {
            Some(Answer::Assigned(Ok((subscriber, changes)))) => Ok((subscriber.clone(), staged(*changes))),
            Some(Answer::Assigned(Err(failure))) => Err(*failure),
            _ => Err(CxFailure::Unreachable),
        }))
    }

    fn subscriber(&self, _: &Asking<'_>, public_identity: &str) -> Option<Subscriber> {
        match self.answer(Question::Subscriber(public_identity.to_owned())) {
            Some(Answer::Subscriber(subscriber)) => subscriber.clone(),
            _ => None,
        }
    }

    fn forget_subscriber(&self, _: &Asking<'_>, public_identity: &str) -> bool {
        self.flag(Question::ForgetSubscriber(public_identity.to_owned()))
    }

    fn next_criteria(
        &self,
        _: &Asking<'_>,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let question = Question::NextCriteria { served_user: served_user.to_owned(), session_case, after };
        match self.answer(question) {
            Some(Answer::Criteria(criteria)) => criteria.first().cloned(),
            _ => None,
        }
    }

    fn register_criteria(
        &self,
        _: &Asking<'_>,
        served_user: &str,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let question = Question::RegisterCriteria { served_user: served_user.to_owned(), registration_type };
        match self.answer(question) {
            Some(Answer::Criteria(criteria)) => criteria.clone(),
            _ => Vec::new(),
        }
    }

    fn subscribe(
        &self,
        _: &Asking<'_>,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        let question = Question::Subscribe {
            public_identity: public_identity.to_owned(),
            contact: contact.to_owned(),
            max_expires,
        };
        match self.answer(question) {
            Some(Answer::Subscribed(Ok(TapedSubscription { expires, to_tag }))) => {
                Ok(Subscribed { expires: *expires, to_tag: to_tag.clone(), staged: Box::new(()) })
            }
            Some(Answer::Subscribed(Err(refusal))) => Err(*refusal),
            _ => Err(SubscribeRefusal::Unknown),
        }
    }
}
