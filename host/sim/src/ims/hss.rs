//! The HSS of the simulated IMS (TS 29.228 §6.1, §6.3), a model of its own: what it knows of each user, four commands, and
//! the RTR by which a new S-CSCF relieves the old one.
//!
//! ```text
//!   not registered ─ MAR ─▶ pending at an S-CSCF ─ SAR, registration ─▶ registered there ─ SAR, deregistration ─▶ not registered
//!          │                        └ SAR, authentication failure or timeout ─▶ as before       └ RTR ─▶ not registered
//!          └ SAR, unregistered user ─▶ served, not registered ─ SAR, administrative deregistration ─▶ not registered
//! ```
//! In: requests as they came over the wire. Out: answers, RTRs. What goes wrong with it is the world's: here every request
//! is answered.

use std::sync::Arc;

use diameter::base::Origin;
use diameter::cx::{
    AnswerHead, DeregistrationReason, LocationInfoAnswer, LocationInfoRequest, MultimediaAuthAnswer,
    MultimediaAuthRequest, ReasonCode, RegistrationTerminationRequest, RequestHead, ServerAssignmentAnswer,
    ServerAssignmentRequest, ServerAssignmentType, ServerCapabilities, SipAuthDataItem,
    UserAuthorizationAnswer, UserAuthorizationRequest, UserAuthorizationType,
};
use diameter::{Command, CommandCode, CxResult, Dictionary, Message, Outcome, Reading, ResultCode, Secret};
use ims::aka::{AuthenticationVector, Milenage, OperatorKey, SequenceGenerator, Sqn, opc, resynchronise};

use super::home::{self, private_identity, user_data, user_of, user_of_private};
use super::story::Story;
use crate::random::Random;

/// With its separation bit (TS 33.102 Annex H).
const AMF: [u8; 2] = [0x80, 0];

/// What is known of a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The S-CSCF that serves it, or is about to.
    pub(crate) server: Option<String>,
    /// It is registered.
    pub(crate) is_registered: bool,
    /// It is served without being registered.
    pub(crate) is_served: bool,
    /// The S-CSCF that had it when another one asked for vectors.
    former: Option<String>,
    /// The last sequence number.
    sqn: u64,
}

/// An RTR, and the S-CSCF that is to have it.
pub(crate) struct Termination {
    pub(crate) user: usize,
    pub(crate) scscf: String,
    pub(crate) request: Message,
}

/// The HSS.
pub(crate) struct Hss {
    story: Arc<Story>,
    records: Vec<Record>,
    origin: Origin,
    dictionary: Arc<Dictionary>,
    random: Random,
    sessions: u64,
}

/// What an element of the network is called in Diameter.
pub(crate) fn origin(host: &str) -> Origin {
    let identity = |name: String| {
        diameter::DiameterIdentity::parse(name.as_bytes())
            .expect("names of the harness are Diameter identities")
    };
    Origin {
        host: identity(format!("{host}.{}", home::DOMAIN)),
        realm: identity(home::DOMAIN.into()),
        state_id: None,
    }
}

impl Hss {
    pub(crate) fn new(story: &Arc<Story>, random: Random) -> Hss {
        Hss {
            story: Arc::clone(story),
            records: vec![Record::default(); story.users.len()],
            origin: origin("hss"),
            dictionary: Arc::new(Dictionary::new()),
            random,
            sessions: 0,
        }
    }

    /// What is known of a user.
    pub(crate) fn record(&self, user: usize) -> &Record {
        &self.records[user]
    }

    /// Answers a request; none, where it cannot be read.
    pub(crate) fn answer(&mut self, message: &Message) -> (Option<Message>, Option<Termination>) {
        let dictionary = Arc::clone(&self.dictionary);
        let reading = Reading::new(&dictionary);
        let mut relieved = None;
        let answer = match message.header().command {
            CommandCode::USER_AUTHORIZATION => UserAuthorizationRequest::parse(message, &reading)
                .ok()
                .map(|request| self.authorize(&request).print()),
            CommandCode::LOCATION_INFO => LocationInfoRequest::parse(message, &reading)
                .ok()
                .map(|request| self.locate(&request).print()),
            CommandCode::MULTIMEDIA_AUTH => MultimediaAuthRequest::parse(message, &reading)
                .ok()
                .map(|request| self.authenticate(&request).print()),
            CommandCode::SERVER_ASSIGNMENT => {
                ServerAssignmentRequest::parse(message, &reading).ok().map(|request| {
                    let (answer, termination) = self.assign(&request);
                    relieved = termination;
                    answer.print()
                })
            }
            _ => None,
        };
        (answer.and_then(Result::ok), relieved)
    }

    /// The RTR that ends a registration; `None`: there is none.
    pub(crate) fn terminate(&mut self, user: usize, reason: ReasonCode) -> Option<Termination> {
        let record = &mut self.records[user];
        let scscf = record.server.clone().filter(|_| record.is_registered)?;
        *record = Record { sqn: record.sqn, ..Record::default() };
        Some(self.termination(user, scscf, reason))
    }

    fn termination(&mut self, user: usize, scscf: String, reason_code: ReasonCode) -> Termination {
        self.sessions += 1;
        let session = format!("hss.{};{};1", home::DOMAIN, self.sessions);
        let request = RegistrationTerminationRequest {
            head: RequestHead::new(session, self.origin.clone(), self.origin.realm.clone()),
            user_name: private_identity(user),
            associated_identities: None,
            public_identities: Vec::new(),
            deregistration_reason: DeregistrationReason { reason_code, reason_info: None, other: Vec::new() },
            rtr_flags: None,
            other: Vec::new(),
        };
        Termination { user, scscf, request: request.print().expect("a short request can be printed") }
    }

    /// Whom identities mean.
    fn user(&self, private: Option<&str>, public: &str) -> Result<usize, Outcome> {
        let users = self.records.len();
        let user = user_of(public, users).ok_or(Outcome::from(CxResult::ERROR_USER_UNKNOWN))?;
        match private.map(|private| user_of_private(private, users)) {
            None => Ok(user),
            Some(None) => Err(CxResult::ERROR_USER_UNKNOWN.into()),
            Some(Some(own)) if own == user => Ok(user),
            Some(Some(_)) => Err(CxResult::ERROR_IDENTITIES_DONT_MATCH.into()),
        }
    }

    /// Of an answer that says SUCCESS.
    fn head(&self, request: &RequestHead) -> AnswerHead {
        AnswerHead::to(request, self.origin.clone(), Outcome::SUCCESS)
    }

    /// UAR (§6.1.1.1).
    fn authorize(&self, request: &UserAuthorizationRequest) -> UserAuthorizationAnswer {
        use UserAuthorizationType as T;
        let mut answer = UserAuthorizationAnswer::bare(self.head(&request.head));
        let record = match self.user(Some(&request.user_name), &request.public_identity) {
            Ok(user) => &self.records[user],
            Err(outcome) => {
                answer.head.outcome = outcome;
                return answer;
            }
        };
        let kind = request.user_authorization_type.unwrap_or(T::Registration);
        answer.head.outcome = match (kind, &record.server) {
            (T::RegistrationAndCapabilities, _) => {
                answer.server_capabilities = Some(ServerCapabilities::default());
                Outcome::SUCCESS
            }
            (T::DeRegistration, _) if !record.is_registered => CxResult::ERROR_IDENTITY_NOT_REGISTERED.into(),
            (T::DeRegistration, server) => {
                answer.server_name.clone_from(server);
                Outcome::SUCCESS
            }
            (T::Registration, Some(server)) => {
                answer.server_name = Some(server.clone());
                CxResult::SUBSEQUENT_REGISTRATION.into()
            }
            (T::Registration, None) => {
                answer.server_capabilities = Some(ServerCapabilities::default());
                CxResult::FIRST_REGISTRATION.into()
            }
        };
        answer
    }

    /// LIR (§6.1.4.1).
    fn locate(&self, request: &LocationInfoRequest) -> LocationInfoAnswer {
        let mut answer = LocationInfoAnswer::bare(self.head(&request.head));
        let user = match self.user(None, &request.public_identity) {
            Ok(user) => user,
            Err(outcome) => {
                answer.head.outcome = outcome;
                return answer;
            }
        };
        let record = &self.records[user];
        let wants_capabilities =
            request.user_authorization_type == Some(UserAuthorizationType::RegistrationAndCapabilities);
        let is_served = record.is_registered || self.story.users[user].has_unregistered_services;
        answer.head.outcome = match &record.server {
            _ if !is_served => CxResult::ERROR_IDENTITY_NOT_REGISTERED.into(),
            _ if wants_capabilities => {
                answer.server_capabilities = Some(ServerCapabilities::default());
                Outcome::SUCCESS
            }
            Some(server) => {
                answer.server_name = Some(server.clone());
                Outcome::SUCCESS
            }
            None => {
                answer.server_capabilities = Some(ServerCapabilities::default());
                CxResult::UNREGISTERED_SERVICE.into()
            }
        };
        answer
    }

    /// MAR (§6.3.1).
    fn authenticate(&mut self, request: &MultimediaAuthRequest) -> MultimediaAuthAnswer {
        let mut answer = MultimediaAuthAnswer {
            user_name: Some(request.user_name.clone()),
            public_identity: Some(request.public_identity.clone()),
            ..MultimediaAuthAnswer::bare(self.head(&request.head))
        };
        let user = match self.user(Some(&request.user_name), &request.public_identity) {
            Ok(user) => user,
            Err(outcome) => {
                answer.head.outcome = outcome;
                return answer;
            }
        };
        let key = OperatorKey::new(home::key(user));
        let milenage = Milenage::new(&key, &opc(&key, &OperatorKey::new(home::OP)));
        let last = Sqn::new(self.records[user].sqn).unwrap_or_default();
        let mut generator = SequenceGenerator::after(last);
        let proof = request.sip_auth_data_item.sip_authorization.as_ref().map(Secret::expose);
        let is_proved = proof.is_none_or(|proof| {
            let sqn_ms = proof
                .split_first_chunk::<16>()
                .and_then(|(rand, auts)| resynchronise(&milenage, rand, auts.try_into().ok()?).ok());
            sqn_ms.map(|sqn_ms| generator.resynchronise(sqn_ms)).is_some()
        });
        let Some(sqn) = generator.next_sqn().filter(|_| is_proved) else {
            answer.head.outcome = ResultCode::UNABLE_TO_COMPLY.into();
            return answer;
        };
        let vector = AuthenticationVector::generate(&milenage, self.random.bytes(), sqn, AMF);
        let record = &mut self.records[user];
        record.sqn = sqn.number();
        // An S-CSCF that is about to lose a user keeps it until the authentication has succeeded.
        let is_known = record.is_registered || record.is_served;
        if record.former.as_ref() == Some(&request.server_name) {
            record.former = None;
            record.server = Some(request.server_name.clone());
        } else if record.server.as_ref() != Some(&request.server_name) {
            let former = record.server.replace(request.server_name.clone());
            record.former = record.former.take().or(former.filter(|_| is_known));
        }
        answer.sip_number_auth_items = Some(1);
        answer.sip_auth_data_items = vec![SipAuthDataItem {
            sip_item_number: Some(1),
            sip_authentication_scheme: Some("Digest-AKAv1-MD5".into()),
            sip_authenticate: Some([vector.rand, vector.autn].concat()),
            sip_authorization: Some(Secret::new(vector.xres.expose())),
            confidentiality_key: Some(Secret::new(vector.ck.expose())),
            integrity_key: Some(Secret::new(vector.ik.expose())),
            ..SipAuthDataItem::default()
        }];
        answer
    }

    /// SAR (§6.1.2.1).
    fn assign(&mut self, request: &ServerAssignmentRequest) -> (ServerAssignmentAnswer, Option<Termination>) {
        use ServerAssignmentType as T;
        let mut answer = ServerAssignmentAnswer::bare(self.head(&request.head));
        answer.user_name.clone_from(&request.user_name);
        let public = request.public_identities.first().map_or("", String::as_str);
        let user = match self.user(request.user_name.as_deref(), public) {
            Ok(user) => user,
            Err(outcome) => {
                answer.head.outcome = outcome;
                return (answer, None);
            }
        };
        let server = &request.server_name;
        let data = Some(user_data(user, &self.story.users[user]));
        let record = &mut self.records[user];
        let is_theirs = record.server.as_ref() == Some(server);
        let was_theirs = record.former.as_ref() == Some(server);
        let mut relieved = None;
        match request.server_assignment_type {
            T::NoAssignment if !is_theirs => answer.head.outcome = ResultCode::UNABLE_TO_COMPLY.into(),
            T::NoAssignment => answer.user_data = data,
            // Another one is about to take over: it has the word.
            T::ReRegistration if was_theirs => answer.user_data = data,
            T::Registration | T::ReRegistration => {
                answer.user_data = data;
                let former = record.former.take().or(record.server.clone());
                relieved = former.filter(|former| former != server && record.is_registered);
                (record.server, record.is_registered, record.is_served) = (Some(server.clone()), true, false);
            }
            T::UnregisteredUser if !is_theirs && record.server.is_some() => {
                answer.head.outcome = CxResult::ERROR_IDENTITY_ALREADY_REGISTERED.into();
            }
            T::UnregisteredUser => {
                answer.user_data = data;
                record.server = Some(server.clone());
                record.is_served = !record.is_registered;
            }
            T::AuthenticationFailure | T::AuthenticationTimeout if is_theirs => match record.former.take() {
                Some(former) => record.server = Some(former),
                None if record.is_registered || record.is_served => {}
                None => record.server = None,
            },
            T::AuthenticationFailure | T::AuthenticationTimeout => {}
            _ if is_theirs || was_theirs => {
                (record.is_registered, record.is_served) = (false, false);
                // Where another one is about to take over, that one stays assigned.
                if !was_theirs {
                    record.server = None;
                }
                record.former = None;
            }
            _ if record.server.is_some() => answer.head.outcome = ResultCode::UNABLE_TO_COMPLY.into(),
            _ => {}
        }
        let relieved = relieved.map(|former| self.termination(user, former, ReasonCode::NewServerAssigned));
        (answer, relieved)
    }
}
