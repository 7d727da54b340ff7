//! The imports of a component as a [`Host`].
//!
//! In: what a hook asks. Out: the host's answers, turned into the values of `host.rs` and `ims.rs`.

use super::bindings::strowger::auth::digest;
use super::bindings::strowger::cx::{assignment, authentication, query, types as cx_types};
use super::bindings::strowger::host::{clock, log, random, timer, token};
use super::bindings::strowger::ims::{filter_criteria, reg_event, subscribers, types as ims_types};
use super::bindings::strowger::location::registrar;
use super::bindings::strowger::sip::{client, transaction};
use super::bindings::strowger::store::key_value;
use crate::client::{OwnRequest, SendRefusal};
use crate::host::{
    Binding, CredentialsKind, Entry, Host, Level, Limits, PutRefusal, RegisterRefusal, Registration, Source,
    Verdict,
};
use crate::ims::{
    ApplicationServer, Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization,
    AuthorizationType, Capabilities, CxFailure, Identity, Location, LocationOutcome, Position,
    RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};

/// The real host. Each method calls one import, so that a component imports what its hooks use and no more.
#[derive(Debug, Clone, Copy)]
pub struct Imports;

impl Host for Imports {
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warning => log::Level::Warning,
            Level::Error => log::Level::Error,
        };
        log::log(level, line);
    }

    fn now(&self) -> u64 {
        clock::now()
    }

    fn transaction_id(&self) -> u64 {
        transaction::id()
    }

    fn source(&self) -> Source {
        let source = transaction::source();
        let transport = match source.transport {
            transaction::Transport::Udp => sip::Transport::Udp,
            transaction::Transport::Tcp => sip::Transport::Tcp,
            transaction::Transport::Tls => sip::Transport::Tls,
            transaction::Transport::Ws => sip::Transport::Ws,
            transaction::Transport::Wss => sip::Transport::Wss,
        };
        Source { transport, address: source.address, port: source.port, connection: source.connection }
    }

    fn body(&self) -> Vec<u8> {
        transaction::body()
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        transaction::get_variable(name)
    }

    fn set_variable(&self, name: &str, value: Option<&[u8]>) {
        transaction::set_variable(name, value);
    }

    fn dialog_variable(&self, name: &str) -> Option<Vec<u8>> {
        transaction::get_dialog_variable(name)
    }

    fn set_dialog_variable(&self, name: &str, value: Option<&[u8]>) {
        transaction::set_dialog_variable(name, value);
    }

    fn own_routes(&self) -> Vec<String> {
        transaction::own_routes()
    }

    fn request_view(&self) -> Vec<u8> {
        transaction::request()
    }

    fn flow_token(&self) -> String {
        transaction::flow_token()
    }

    fn provisional(&self, status: u16, reason: &str) {
        transaction::provisional(status, reason);
    }

    fn random(&self, length: u32) -> Vec<u8> {
        random::bytes(length)
    }

    fn start_timer(&self, token: &str, after_ms: u32) -> bool {
        timer::start(token, after_ms)
    }

    fn cancel_timer(&self, token: &str) -> bool {
        timer::cancel(token)
    }

    fn verify(&self, kind: CredentialsKind, realm: &str) -> Verdict {
        let kind = match kind {
            CredentialsKind::Www => digest::Kind::Www,
            CredentialsKind::Proxy => digest::Kind::Proxy,
        };
        match digest::verify(kind, realm) {
            digest::Verdict::Accepted(username) => Verdict::Accepted(username),
            digest::Verdict::Absent => Verdict::Absent,
            digest::Verdict::Stale => Verdict::Stale,
            digest::Verdict::Rejected => Verdict::Rejected,
        }
    }

    fn register(&self, address_of_record: &str, limits: &Limits) -> Result<Registration, RegisterRefusal> {
        let limits = registrar::Limits {
            min_expires: limits.min_expires,
            max_expires: limits.max_expires,
            default_expires: limits.default_expires,
            max_bindings: limits.max_bindings,
        };
        match registrar::register(address_of_record, limits) {
            Ok(done) => Ok(Registration { contacts: done.contacts, outbound: done.outbound }),
            Err(refusal) => Err(match refusal {
                registrar::Refusal::TooBrief(seconds) => RegisterRefusal::TooBrief(seconds),
                registrar::Refusal::TooMany => RegisterRefusal::TooMany,
                registrar::Refusal::Malformed => RegisterRefusal::Malformed,
                registrar::Refusal::OutOfOrder => RegisterRefusal::OutOfOrder,
                registrar::Refusal::Unavailable => RegisterRefusal::Unavailable,
            }),
        }
    }

    fn withdraw(&self) {
        registrar::withdraw();
    }

    fn is_registered(&self, address_of_record: &str) -> bool {
        registrar::is_registered(address_of_record)
    }

    fn is_registered_here(&self, address_of_record: &str) -> bool {
        registrar::is_registered_here(address_of_record)
    }

    fn lookup(&self, address_of_record: &str) -> Vec<Binding> {
        registrar::lookup(address_of_record)
            .into_iter()
            .map(|binding| Binding {
                uri: binding.uri,
                q: binding.q,
                expires: binding.expires,
                path: binding.path,
                parameters: binding.parameters,
            })
            .collect()
    }

    fn remove_bindings(&self, address_of_record: &str) -> u32 {
        registrar::remove(address_of_record)
    }

    fn get(&self, key: &str) -> Option<Entry> {
        key_value::get(key).map(|entry| Entry { value: entry.value, revision: entry.revision })
    }

    fn put(
        &self,
        key: &str,
        value: &[u8],
        lifetime_ms: u64,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        key_value::put(key, value, lifetime_ms, expected).map_err(|refusal| match refusal {
            key_value::Refusal::Conflict(revision) => PutRefusal::Conflict(revision),
            key_value::Refusal::TooLarge => PutRefusal::TooLarge,
        })
    }

    fn delete(&self, key: &str) -> bool {
        key_value::delete(key)
    }

    fn settle(&self) {
        key_value::settle();
    }

    fn seal(&self, data: &[u8]) -> String {
        token::seal(data)
    }

    fn unseal(&self, token: &str) -> Option<Vec<u8>> {
        token::unseal(token)
    }

    fn send(&self, request: OwnRequest) -> Result<String, SendRefusal> {
        let OwnRequest { method, uri, route, headers, body, token, timeout_ms, attrs } = request;
        let request = client::Request { method, uri, route, headers, body, token, timeout_ms, attrs };
        client::send(&request).map_err(|refusal| match refusal {
            client::Refusal::TooMany => SendRefusal::TooMany,
            client::Refusal::Malformed => SendRefusal::Malformed,
        })
    }

    fn subscriber(&self, public_identity: &str) -> Option<Subscriber> {
        subscribers::find(public_identity).map(subscriber)
    }

    fn forget_subscriber(&self, public_identity: &str) -> bool {
        subscribers::forget(public_identity)
    }

    fn next_criteria(
        &self,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let case = match session_case {
            SessionCase::OriginatingRegistered => ims_types::SessionCase::OriginatingRegistered,
            SessionCase::TerminatingRegistered => ims_types::SessionCase::TerminatingRegistered,
            SessionCase::TerminatingUnregistered => ims_types::SessionCase::TerminatingUnregistered,
            SessionCase::OriginatingUnregistered => ims_types::SessionCase::OriginatingUnregistered,
            SessionCase::OriginatingCdiv => ims_types::SessionCase::OriginatingCdiv,
        };
        let after =
            after.map(|after| ims_types::Position { priority: after.priority, ordinal: after.ordinal });
        filter_criteria::next(served_user, case, after).map(triggered)
    }

    fn register_criteria(&self, served_user: &str, registration_type: RegistrationType) -> Vec<Triggered> {
        let kind = match registration_type {
            RegistrationType::Initial => ims_types::RegistrationType::Initial,
            RegistrationType::ReRegistration => ims_types::RegistrationType::ReRegistration,
            RegistrationType::DeRegistration => ims_types::RegistrationType::DeRegistration,
        };
        filter_criteria::of_register(served_user, kind).into_iter().map(triggered).collect()
    }

    fn subscribe(
        &self,
        public_identity: &str,
        contact: &str,
        max_expires: u32,
    ) -> Result<u32, SubscribeRefusal> {
        match reg_event::subscribe(public_identity, contact, max_expires) {
            Ok(granted) => Ok(granted.expires),
            Err(refusal) => Err(match refusal {
                reg_event::Refusal::Unknown => SubscribeRefusal::Unknown,
                reg_event::Refusal::Malformed => SubscribeRefusal::Malformed,
                reg_event::Refusal::NoSubscription => SubscribeRefusal::NoSubscription,
                reg_event::Refusal::OutOfOrder => SubscribeRefusal::OutOfOrder,
                reg_event::Refusal::TooMany => SubscribeRefusal::TooMany,
            }),
        }
    }

    fn user_authorization(&self, authorization: &Authorization) -> Result<Location, CxFailure> {
        let of = query::Authorization {
            public_identity: authorization.public_identity.clone(),
            private_identity: authorization.private_identity.clone(),
            visited_network: authorization.visited_network.clone(),
            kind: authorization_type(authorization.kind),
            emergency: authorization.emergency,
        };
        query::user_authorization(&of).map(location).map_err(failure)
    }

    fn location_info(
        &self,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationType>,
    ) -> Result<Location, CxFailure> {
        query::location_info(public_identity, originating, kind.map(authorization_type))
            .map(location)
            .map_err(failure)
    }

    fn verify_private(&self, private_identity: &str, realm: &str) -> AuthenticationVerdict {
        match authentication::verify(private_identity, realm) {
            authentication::Verdict::Accepted => AuthenticationVerdict::Accepted,
            authentication::Verdict::Absent => AuthenticationVerdict::Absent,
            authentication::Verdict::NetworkRefused => AuthenticationVerdict::NetworkRefused,
            authentication::Verdict::Resynchronise => AuthenticationVerdict::Resynchronise,
            authentication::Verdict::Stale => AuthenticationVerdict::Stale,
            authentication::Verdict::Rejected => AuthenticationVerdict::Rejected,
        }
    }

    fn challenge(
        &self,
        private_identity: &str,
        public_identity: &str,
        realm: &str,
        scheme: AuthenticationScheme,
    ) -> Result<u64, CxFailure> {
        let scheme = match scheme {
            AuthenticationScheme::Unknown => authentication::Scheme::Unknown,
            AuthenticationScheme::AkaV1 => authentication::Scheme::DigestAkaV1Md5,
            AuthenticationScheme::AkaV2 => authentication::Scheme::DigestAkaV2,
            AuthenticationScheme::SipDigest => authentication::Scheme::SipDigest,
        };
        authentication::challenge(private_identity, public_identity, realm, scheme).map_err(failure)
    }

    fn assign(
        &self,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
    ) -> Result<Option<Subscriber>, CxFailure> {
        let kind = match kind {
            Assignment::NoAssignment => assignment::Kind::NoAssignment,
            Assignment::Registration => assignment::Kind::Registration,
            Assignment::ReRegistration => assignment::Kind::ReRegistration,
            Assignment::UnregisteredUser => assignment::Kind::UnregisteredUser,
            Assignment::TimeoutDeregistration => assignment::Kind::TimeoutDeregistration,
            Assignment::UserDeregistration => assignment::Kind::UserDeregistration,
            Assignment::TimeoutDeregistrationStoreServerName => {
                assignment::Kind::TimeoutDeregistrationStoreServerName
            }
            Assignment::UserDeregistrationStoreServerName => {
                assignment::Kind::UserDeregistrationStoreServerName
            }
            Assignment::AdministrativeDeregistration => assignment::Kind::AdministrativeDeregistration,
            Assignment::AuthenticationFailure => assignment::Kind::AuthenticationFailure,
            Assignment::AuthenticationTimeout => assignment::Kind::AuthenticationTimeout,
            Assignment::DeregistrationTooMuchData => assignment::Kind::DeregistrationTooMuchData,
        };
        match assignment::assign(public_identity, private_identity, kind) {
            Ok(found) => Ok(found.map(subscriber)),
            Err(refused) => Err(failure(refused)),
        }
    }
}

fn authorization_type(kind: AuthorizationType) -> query::AuthorizationType {
    match kind {
        AuthorizationType::Registration => query::AuthorizationType::Registration,
        AuthorizationType::DeRegistration => query::AuthorizationType::DeRegistration,
        AuthorizationType::RegistrationAndCapabilities => {
            query::AuthorizationType::RegistrationAndCapabilities
        }
    }
}

fn failure(failure: cx_types::Failure) -> CxFailure {
    match failure {
        cx_types::Failure::Unreachable => CxFailure::Unreachable,
        cx_types::Failure::Timeout => CxFailure::Timeout,
        cx_types::Failure::Result(code) => CxFailure::Result(code),
        cx_types::Failure::Experimental(code) => CxFailure::Experimental(code),
        cx_types::Failure::Malformed => CxFailure::Malformed,
    }
}

fn location(location: query::Location) -> Location {
    Location {
        outcome: match location.outcome {
            query::Outcome::Success => LocationOutcome::Success,
            query::Outcome::FirstRegistration => LocationOutcome::FirstRegistration,
            query::Outcome::SubsequentRegistration => LocationOutcome::SubsequentRegistration,
            query::Outcome::UnregisteredService => LocationOutcome::UnregisteredService,
            query::Outcome::ServerNameNotStored => LocationOutcome::ServerNameNotStored,
        },
        server_name: location.server_name,
        capabilities: location.capabilities.map(|capabilities| Capabilities {
            mandatory: capabilities.mandatory,
            optional: capabilities.optional,
            server_names: capabilities.server_names,
        }),
        wildcarded_public_identity: location.wildcarded_public_identity,
    }
}

fn subscriber(subscriber: ims_types::Subscriber) -> Subscriber {
    let identity = |identity: ims_types::Identity| Identity {
        uri: identity.uri,
        barred: identity.barred,
        display_name: identity.display_name,
    };
    Subscriber {
        private_identity: subscriber.private_identity,
        registered: subscriber.state == ims_types::State::Registered,
        identities: subscriber.identities.into_iter().map(identity).collect(),
        charging: subscriber.charging,
    }
}

fn triggered(triggered: ims_types::Triggered) -> Triggered {
    let ims_types::Triggered { position, server } = triggered;
    Triggered {
        position: Position { priority: position.priority, ordinal: position.ordinal },
        server: ApplicationServer {
            uri: server.uri,
            terminates: server.default_handling == ims_types::DefaultHandling::SessionTerminated,
            service_info: server.service_info,
            include_register_request: server.include_register_request,
            include_register_response: server.include_register_response,
        },
    }
}
