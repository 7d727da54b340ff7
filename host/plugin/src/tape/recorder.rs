//! The machine with a tape running: every question goes on to it, and comes back written down.
//!
//! In: [`Services`] and a [`Tape`]. Out: the same answers. An answer that comes from elsewhere is written down when it
//! comes, so that the tape is in the order of answers.

use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Question, Tape, TapedSubscription, TapedTarget};
use crate::ims_services::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscribed, Subscriber, Triggered,
};
use crate::services::{
    Asking, Binding, CredentialsKind, Entry, Level, Pending, PutRefusal, Refusal, Registration,
    RegistrationLimits, Services, Staged, Verdict,
};

/// Asks the machine, and writes down.
pub(crate) struct Recorder {
    machine: Arc<dyn Services>,
    tape: Arc<Tape>,
}

impl Recorder {
    pub(crate) fn new(machine: Arc<dyn Services>, tape: Arc<Tape>) -> Recorder {
        Recorder { machine, tape }
    }

    fn flag(&self, question: Question, answer: bool) -> bool {
        self.tape.write(question, Answer::Flag(answer));
        answer
    }
}

/// Milliseconds, as scripts count time.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Services for Recorder {
    fn now_ms(&self) -> u64 {
        self.tape.at_ms
    }

    fn random(&self, out: &mut [u8]) {
        self.machine.random(out);
        self.tape.write(Question::Random(out.len()), Answer::Bytes(out.to_vec()));
    }

    fn log(&self, asking: &Asking<'_>, level: Level, line: &str) {
        self.tape.write(Question::Log(level, line.to_owned()), Answer::Nothing);
        self.machine.log(asking, level, line);
    }

    fn verify(&self, asking: &Asking<'_>, kind: CredentialsKind, realm: &str) -> Verdict {
        let verdict = self.machine.verify(asking, kind, realm);
        self.tape.write(Question::Verify(kind, realm.to_owned()), Answer::Verdict(verdict.clone()));
        verdict
    }

    fn register(
        &self,
        asking: &Asking<'_>,
        address_of_record: &str,
        limits: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        let registered = self.machine.register(asking, address_of_record, limits);
        let told = match &registered {
            Ok((registration, staged)) => Ok((registration.clone(), staged.is_some())),
            Err(refusal) => Err(*refusal),
        };
        let question = Question::Register(address_of_record.to_owned(), *limits);
        self.tape.write(question, Answer::Registered(told));
        registered
    }

    fn is_registered(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        let is = self.machine.is_registered(asking, address_of_record);
        self.flag(Question::IsRegistered(address_of_record.to_owned()), is)
    }

    fn is_registered_here(&self, asking: &Asking<'_>, address_of_record: &str) -> bool {
        let is = self.machine.is_registered_here(asking, address_of_record);
        self.flag(Question::IsRegisteredHere(address_of_record.to_owned()), is)
    }

    fn lookup(&self, asking: &Asking<'_>, address_of_record: &str) -> Vec<Binding> {
        let found = self.machine.lookup(asking, address_of_record);
        self.tape.write(Question::Lookup(address_of_record.to_owned()), Answer::Bindings(found.clone()));
        found
    }

    fn remove(&self, asking: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        let (number, staged) = self.machine.remove(asking, address_of_record);
        let answer = Answer::Removed(number, staged.is_some());
        self.tape.write(Question::Remove(address_of_record.to_owned()), answer);
        (number, staged)
    }

    fn targets(&self, asking: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        let before = into.len();
        self.machine.targets(asking, address_of_record, into);
        let found = into[before..].iter().map(TapedTarget::from).collect();
        self.tape.write(Question::Targets(address_of_record.to_owned()), Answer::Targets(found));
    }

    fn get(&self, asking: &Asking<'_>, key: &str) -> Option<Entry> {
        let entry = self.machine.get(asking, key);
        self.tape.write(Question::Get(key.to_owned()), Answer::Entry(entry.clone()));
        entry
    }

    fn put(
        &self,
        asking: &Asking<'_>,
        key: &str,
        value: Vec<u8>,
        lifetime: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        let question = Question::Put {
            key: key.to_owned(),
            value: value.clone(),
            lifetime_ms: lifetime.map(ms),
            expected,
        };
        let put = self.machine.put(asking, key, value, lifetime, expected);
        self.tape.write(question, Answer::Put(put));
        put
    }

    fn delete(&self, asking: &Asking<'_>, key: &str) -> bool {
        let was_there = self.machine.delete(asking, key);
        self.flag(Question::Delete(key.to_owned()), was_there)
    }

    fn start_timer(&self, asking: &Asking<'_>, token: &str, after: Duration) -> bool {
        let started = self.machine.start_timer(asking, token, after);
        self.flag(Question::StartTimer { token: token.to_owned(), after_ms: ms(after) }, started)
    }

    fn cancel_timer(&self, asking: &Asking<'_>, token: &str) -> bool {
        let was_running = self.machine.cancel_timer(asking, token);
        self.flag(Question::CancelTimer(token.to_owned()), was_running)
    }

    fn settle(&self, asking: &Asking<'_>) -> Option<Staged> {
        let staged = self.machine.settle(asking);
        self.flag(Question::Settle, staged.is_some());
        staged
    }

    fn seal(&self, asking: &Asking<'_>, data: &[u8]) -> String {
        let sealed = self.machine.seal(asking, data);
        self.tape.write(Question::Seal(data.to_vec()), Answer::Text(sealed.clone()));
        sealed
    }

    fn unseal(&self, asking: &Asking<'_>, token: &str) -> Option<Vec<u8>> {
        let data = self.machine.unseal(asking, token);
        self.tape.write(Question::Unseal(token.to_owned()), Answer::Data(data.clone()));
        data
    }

    fn flow_token(&self, flow: sip::Flow) -> String {
        let token = self.machine.flow_token(flow);
        self.tape.write(Question::FlowToken(flow.into()), Answer::Text(token.clone()));
        token
    }

    fn flow_of(&self, token: &str) -> Option<sip::Flow> {
        let flow = self.machine.flow_of(token);
        self.tape.write(Question::FlowOf(token.to_owned()), Answer::Flow(flow.map(Into::into)));
        flow
    }

    fn user_authorization(
        &self,
        asking: &Asking<'_>,
        of: Authorization,
    ) -> Pending<Result<Location, CxFailure>> {
        let question = Question::UserAuthorization(of.clone());
        let (pending, tape) = (self.machine.user_authorization(asking, of), Arc::clone(&self.tape));
        Box::pin(async move {
            let location = pending.await;
            tape.write(question, Answer::Location(location.clone()));
            location
        })
    }

    fn location_info(
        &self,
        asking: &Asking<'_>,
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        let question = Question::LocationInfo { public_identity: public_identity.clone(), originating, kind };
        let pending = self.machine.location_info(asking, public_identity, originating, kind);
        let tape = Arc::clone(&self.tape);
        Box::pin(async move {
            let location = pending.await;
            tape.write(question, Answer::Location(location.clone()));
            location
        })
    }

    fn verify_private(
        &self,
        asking: &Asking<'_>,
        private_identity: &str,
        realm: &str,
    ) -> AuthenticationVerdict {
        let verdict = self.machine.verify_private(asking, private_identity, realm);
        let question = Question::VerifyPrivate {
            private_identity: private_identity.to_owned(),
            realm: realm.to_owned(),
        };
        self.tape.write(question, Answer::Private(verdict));
        verdict
    }

    fn challenge(
        &self,
        asking: &Asking<'_>,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        let question = Question::Challenge {
            private_identity: private_identity.clone(),
            public_identity: public_identity.clone(),
            realm: realm.clone(),
            scheme,
        };
        let pending = self.machine.challenge(asking, private_identity, public_identity, realm, scheme);
        let tape = Arc::clone(&self.tape);
        Box::pin(async move {
            let number = pending.await;
            tape.write(question, Answer::Challenged(number));
            number
        })
    }

    fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        let value = self.machine.challenge_value(number);
        self.tape.write(Question::ChallengeValue(number), Answer::Data(value.clone()));
        value
    }

    fn assign(
        &self,
        asking: &Asking<'_>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        let question = Question::Assign {
            public_identity: public_identity.clone(),
            private_identity: private_identity.clone(),
            kind,
        };
        let pending = self.machine.assign(asking, public_identity, private_identity, kind);
        let tape = Arc::clone(&self.tape);
        Box::pin(async move {
            let assigned = pending.await;
            let told = match &assigned {
                Ok((subscriber, staged)) => Ok((subscriber.clone(), staged.is_some())),
                Err(failure) => Err(*failure),
            };
            tape.write(question, Answer::Assigned(told));
            assigned
        })
    }

    fn subscriber(&self, asking: &Asking<'_>, public_identity: &str) -> Option<Subscriber> {
        let found = self.machine.subscriber(asking, public_identity);
        self.tape.write(Question::Subscriber(public_identity.to_owned()), Answer::Subscriber(found.clone()));
        found
    }

    fn forget_subscriber(&self, asking: &Asking<'_>, public_identity: &str) -> bool {
        let was_there = self.machine.forget_subscriber(asking, public_identity);
        self.flag(Question::ForgetSubscriber(public_identity.to_owned()), was_there)
    }

    fn next_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let next = self.machine.next_criteria(asking, served_user, session_case, after);
        let question = Question::NextCriteria { served_user: served_user.to_owned(), session_case, after };
        self.tape.write(question, Answer::Criteria(next.iter().cloned().collect()));
        next
    }

    fn register_criteria(
        &self,
        asking: &Asking<'_>,
        served_user: &str,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let all = self.machine.register_criteria(asking, served_user, registration_type);
        let question = Question::RegisterCriteria { served_user: served_user.to_owned(), registration_type };
        self.tape.write(question, Answer::Criteria(all.clone()));
        all
    }

    fn subscribe(
        &self,
        asking: &Asking<'_>,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        let taken = self.machine.subscribe(asking, public_identity, contact, max_expires);
        let told = match &taken {
            Ok(Subscribed { expires, to_tag, .. }) => {
                Ok(TapedSubscription { expires: *expires, to_tag: to_tag.clone() })
            }
            Err(refusal) => Err(*refusal),
        };
        let question = Question::Subscribe {
            public_identity: public_identity.to_owned(),
            contact: contact.to_owned(),
            max_expires,
        };
        self.tape.write(question, Answer::Subscribed(told));
        taken
    }
}
