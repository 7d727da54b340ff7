//! The host's side of `strowger:ims` and `strowger:cx`, and of `client`: what a CSCF's script asks.
//!
//! In: questions in the contract's types. Out: what [`crate::Services`] answers, in the same. Those that the HSS answers
//! suspend the guest. What the answers mean is for `Services`.

use std::time::Duration;

use sip::{Draft, HeaderId, Message};

use crate::bindings::strowger::cx::{assignment, authentication, query, types as cx};
use crate::bindings::strowger::ims::{filter_criteria, reg_event, subscribers, types as ims_types};
use crate::bindings::strowger::sip::{client, types};
use crate::context::{Send, ThirdParty};
use crate::imports::{Hosted, Misuse};
use crate::ims_services::{
    ApplicationServer, Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization,
    AuthorizationKind, CxFailure, Location, LocationOutcome, Position, RegistrationType, SessionCase,
    SubscribeRefusal, Subscriber, Triggered,
};
use crate::limits::{
    MAX_ADDRESS_OF_RECORD, MAX_BODY, MAX_HEADER_NAME, MAX_HEADER_VALUE, MAX_REALM, MAX_RELAY_TIMEOUT,
    MAX_ROUTES, MAX_SENDS, MAX_TOKEN, MAX_URI,
};

/// The attribute of a [`client::Request`] that makes its body that of a third-party REGISTER (`docs/attributes.md`).
const THIRD_PARTY: u16 = 5;
/// Header fields of one request.
const MAX_FIELDS: usize = 64;

impl cx::Host for Hosted {}
impl ims_types::Host for Hosted {}

impl From<CxFailure> for cx::Failure {
    fn from(failure: CxFailure) -> Self {
        match failure {
            CxFailure::Unreachable => cx::Failure::Unreachable,
            CxFailure::Timeout => cx::Failure::Timeout,
            CxFailure::Result(code) => cx::Failure::Result(code),
            CxFailure::Experimental(code) => cx::Failure::Experimental(code),
            CxFailure::Malformed => cx::Failure::Malformed,
        }
    }
}

fn authorization_kind(kind: query::AuthorizationType) -> AuthorizationKind {
    match kind {
        query::AuthorizationType::Registration => AuthorizationKind::Registration,
        query::AuthorizationType::DeRegistration => AuthorizationKind::DeRegistration,
        query::AuthorizationType::RegistrationAndCapabilities => {
            AuthorizationKind::RegistrationAndCapabilities
        }
    }
}

fn location(location: Location) -> query::Location {
    query::Location {
        outcome: match location.outcome {
            LocationOutcome::Success => query::Outcome::Success,
            LocationOutcome::FirstRegistration => query::Outcome::FirstRegistration,
            LocationOutcome::SubsequentRegistration => query::Outcome::SubsequentRegistration,
            LocationOutcome::UnregisteredService => query::Outcome::UnregisteredService,
            LocationOutcome::ServerNameNotStored => query::Outcome::ServerNameNotStored,
        },
        server_name: location.server_name,
        capabilities: location.capabilities.map(|capabilities| query::Capabilities {
            mandatory: capabilities.mandatory,
            optional: capabilities.optional,
            server_names: capabilities.server_names,
        }),
        wildcarded_public_identity: location.wildcarded_public_identity,
    }
}

impl query::Host for Hosted {
    async fn user_authorization(
        &mut self,
        of: query::Authorization,
    ) -> wasmtime::Result<Result<query::Location, cx::Failure>> {
        let of = Authorization {
            public_identity: of.public_identity,
            private_identity: of.private_identity,
            visited_network: of.visited_network,
            kind: authorization_kind(of.kind),
            emergency: of.emergency,
        };
        let pending = self.ask(|services, asking| services.user_authorization(asking, of));
        Ok(pending.await.map(location).map_err(Into::into))
    }

    async fn location_info(
        &mut self,
        public_identity: String,
        originating: bool,
        kind: Option<query::AuthorizationType>,
    ) -> wasmtime::Result<Result<query::Location, cx::Failure>> {
        let kind = kind.map(authorization_kind);
        let pending =
            self.ask(|services, asking| services.location_info(asking, public_identity, originating, kind));
        Ok(pending.await.map(location).map_err(Into::into))
    }
}

impl authentication::Host for Hosted {
    fn verify(
        &mut self,
        private_identity: String,
        realm: String,
    ) -> wasmtime::Result<authentication::Verdict> {
        self.subject()?;
        let verdict = self.ask(|services, asking| services.verify_private(asking, &private_identity, &realm));
        Ok(match verdict {
            AuthenticationVerdict::Accepted => authentication::Verdict::Accepted,
            AuthenticationVerdict::Absent => authentication::Verdict::Absent,
            AuthenticationVerdict::NetworkRefused => authentication::Verdict::NetworkRefused,
            AuthenticationVerdict::Resynchronise => authentication::Verdict::Resynchronise,
            AuthenticationVerdict::Stale => authentication::Verdict::Stale,
            AuthenticationVerdict::Rejected => authentication::Verdict::Rejected,
        })
    }

    async fn challenge(
        &mut self,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: authentication::Scheme,
    ) -> wasmtime::Result<Result<u64, cx::Failure>> {
        self.subject()?;
        if realm.len() > MAX_REALM {
            return Ok(Err(cx::Failure::Malformed));
        }
        let scheme = match scheme {
            authentication::Scheme::Unknown => AuthenticationScheme::Unknown,
            authentication::Scheme::DigestAkaV1Md5 => AuthenticationScheme::AkaV1,
            authentication::Scheme::DigestAkaV2 => AuthenticationScheme::AkaV2,
            authentication::Scheme::SipDigest => AuthenticationScheme::SipDigest,
        };
        let pending = self.ask(|services, asking| {
            services.challenge(asking, private_identity, public_identity, realm, scheme)
        });
        Ok(pending.await.map_err(Into::into))
    }
}

impl assignment::Host for Hosted {
    async fn assign(
        &mut self,
        public_identity: String,
        private_identity: String,
        kind: assignment::Kind,
    ) -> wasmtime::Result<Result<Option<ims_types::Subscriber>, cx::Failure>> {
        let kind = match kind {
            assignment::Kind::NoAssignment => Assignment::NoAssignment,
            assignment::Kind::Registration => Assignment::Registration,
            assignment::Kind::ReRegistration => Assignment::ReRegistration,
            assignment::Kind::UnregisteredUser => Assignment::UnregisteredUser,
            assignment::Kind::TimeoutDeregistration => Assignment::TimeoutDeregistration,
            assignment::Kind::UserDeregistration => Assignment::UserDeregistration,
            assignment::Kind::TimeoutDeregistrationStoreServerName => {
                Assignment::TimeoutDeregistrationStoreServerName
            }
            assignment::Kind::UserDeregistrationStoreServerName => {
                Assignment::UserDeregistrationStoreServerName
            }
            assignment::Kind::AdministrativeDeregistration => Assignment::AdministrativeDeregistration,
            assignment::Kind::AuthenticationFailure => Assignment::AuthenticationFailure,
            assignment::Kind::AuthenticationTimeout => Assignment::AuthenticationTimeout,
            assignment::Kind::DeregistrationTooMuchData => Assignment::DeregistrationTooMuchData,
        };
        let pending =
            self.ask(|services, asking| services.assign(asking, public_identity, private_identity, kind));
        Ok(match pending.await {
            Ok((found, staged)) => {
                self.effects_mut().staged.extend(staged);
                Ok(found.map(subscriber))
            }
            Err(failure) => Err(failure.into()),
        })
    }
}

fn subscriber(subscriber: Subscriber) -> ims_types::Subscriber {
    let identity = |identity: crate::ims_services::Identity| ims_types::Identity {
        uri: identity.uri,
        barred: identity.is_barred,
        display_name: identity.display_name,
    };
    ims_types::Subscriber {
        private_identity: subscriber.private_identity,
        state: match subscriber.is_registered {
            true => ims_types::State::Registered,
            false => ims_types::State::Unregistered,
        },
        identities: subscriber.identities.into_iter().map(identity).collect(),
        charging: subscriber.charging,
    }
}

impl subscribers::Host for Hosted {
    fn find(&mut self, public_identity: String) -> wasmtime::Result<Option<ims_types::Subscriber>> {
        if public_identity.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(None);
        }
        Ok(self.ask(|services, asking| services.subscriber(asking, &public_identity)).map(subscriber))
    }

    fn forget(&mut self, public_identity: String) -> wasmtime::Result<bool> {
        Ok(public_identity.len() <= MAX_ADDRESS_OF_RECORD
            && self.ask(|services, asking| services.forget_subscriber(asking, &public_identity)))
    }
}

fn triggered(triggered: Triggered) -> ims_types::Triggered {
    let Triggered { position, server } = triggered;
    let ApplicationServer {
        uri,
        terminates,
        service_info,
        include_register_request,
        include_register_response,
    } = server;
    ims_types::Triggered {
        position: ims_types::Position { priority: position.priority, ordinal: position.ordinal },
        server: ims_types::ApplicationServer {
            uri,
            default_handling: match terminates {
                true => ims_types::DefaultHandling::SessionTerminated,
                false => ims_types::DefaultHandling::SessionContinued,
            },
            service_info,
            include_register_request,
            include_register_response,
        },
    }
}

impl filter_criteria::Host for Hosted {
    fn next(
        &mut self,
        served_user: String,
        session_case: ims_types::SessionCase,
        after: Option<ims_types::Position>,
    ) -> wasmtime::Result<Option<ims_types::Triggered>> {
        self.subject()?;
        if served_user.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(None);
        }
        let case = match session_case {
            ims_types::SessionCase::OriginatingRegistered => SessionCase::OriginatingRegistered,
            ims_types::SessionCase::TerminatingRegistered => SessionCase::TerminatingRegistered,
            ims_types::SessionCase::TerminatingUnregistered => SessionCase::TerminatingUnregistered,
            ims_types::SessionCase::OriginatingUnregistered => SessionCase::OriginatingUnregistered,
            ims_types::SessionCase::OriginatingCdiv => SessionCase::OriginatingCdiv,
        };
        let after = after.map(|after| Position { priority: after.priority, ordinal: after.ordinal });
        let next = self.ask(|services, asking| services.next_criteria(asking, &served_user, case, after));
        Ok(next.map(triggered))
    }

    fn of_register(
        &mut self,
        served_user: String,
        registration_type: ims_types::RegistrationType,
    ) -> wasmtime::Result<Vec<ims_types::Triggered>> {
        if served_user.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(Vec::new());
        }
        let kind = match registration_type {
            ims_types::RegistrationType::Initial => RegistrationType::Initial,
            ims_types::RegistrationType::ReRegistration => RegistrationType::ReRegistration,
            ims_types::RegistrationType::DeRegistration => RegistrationType::DeRegistration,
        };
        let all = self.ask(|services, asking| services.register_criteria(asking, &served_user, kind));
        Ok(all.into_iter().map(triggered).collect())
    }
}

impl reg_event::Host for Hosted {
    fn subscribe(
        &mut self,
        public_identity: String,
        contact: String,
        max_expires: u32,
    ) -> wasmtime::Result<Result<reg_event::Granted, reg_event::Refusal>> {
        self.subject()?;
        if public_identity.len() > MAX_ADDRESS_OF_RECORD || contact.len() > MAX_URI {
            return Ok(Err(reg_event::Refusal::Malformed));
        }
        let taken =
            self.ask(|services, asking| services.subscribe(asking, &public_identity, &contact, max_expires));
        Ok(match taken {
            Ok(subscribed) => {
                let effects = self.effects_mut();
                effects.to_tag = Some(subscribed.to_tag);
                effects.staged.push(subscribed.staged);
                Ok(reg_event::Granted { expires: subscribed.expires })
            }
            Err(refusal) => Err(match refusal {
                SubscribeRefusal::Unknown => reg_event::Refusal::Unknown,
                SubscribeRefusal::Malformed => reg_event::Refusal::Malformed,
                SubscribeRefusal::NoSubscription => reg_event::Refusal::NoSubscription,
                SubscribeRefusal::OutOfOrder => reg_event::Refusal::OutOfOrder,
                SubscribeRefusal::TooMany => reg_event::Refusal::TooMany,
            }),
        })
    }
}

impl client::Host for Hosted {
    fn send(&mut self, request: client::Request) -> wasmtime::Result<Result<String, client::Refusal>> {
        if self.effects_mut().sends.len() >= MAX_SENDS {
            return Ok(Err(client::Refusal::TooMany));
        }
        let mut luck = [0_u8; 24];
        self.ask(|services, _| services.random(&mut luck));
        let made = self.effects_mut();
        Ok(match send(request, &luck) {
            Some((call_id, send)) => {
                made.sends.push(send);
                Ok(call_id)
            }
            None => Err(client::Refusal::Malformed),
        })
    }
}

/// The request as a message without Via, and its Call-ID; `None`: it breaks the rules.
fn send(request: client::Request, luck: &[u8; 24]) -> Option<(String, Send)> {
    let client::Request { method, uri, route, headers, body, token, timeout_ms, attrs } = request;
    let is_line =
        |text: &str, most: usize| text.len() <= most && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    let is_fit = sip::is_token(method.as_bytes())
        && !matches!(method.as_str(), "INVITE" | "ACK" | "CANCEL")
        && is_line(&uri, MAX_URI)
        && sip::Uri::parse(uri.as_bytes()).is_ok()
        && token.len() <= MAX_TOKEN
        && route.len() <= MAX_ROUTES
        && route.iter().all(|route| is_line(route, MAX_URI))
        && headers.len() <= MAX_FIELDS
        && headers.iter().all(|field| {
            is_line(&field.value, MAX_HEADER_VALUE)
                && is_line(&field.name, MAX_HEADER_NAME)
                && match field.id {
                    0 => sip::is_token(field.name.as_bytes()),
                    id => !HeaderId(id).name().is_empty(),
                }
        });
    if !is_fit {
        return None;
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let named = |field: &types::Header| match field.id {
        0 => HeaderId::from_name(field.name.as_bytes()),
        id => HeaderId(id),
    };
    let mut draft = Draft::request(method.as_bytes(), uri.as_bytes());
    draft.append(HeaderId::MAX_FORWARDS, &b"71"[..]);
    for route in &route {
        draft.append(HeaderId::ROUTE, route.as_bytes());
    }
    let mut seen = Vec::new();
    for field in &headers {
        let id = named(field);
        match id {
            HeaderId::VIA | HeaderId::MAX_FORWARDS | HeaderId::CONTENT_LENGTH | HeaderId::CONTENT_TYPE => {
                continue;
            }
            HeaderId::CALL_ID | HeaderId::CSEQ | HeaderId::TO | HeaderId::FROM if seen.contains(&id) => {
                return None;
            }
            HeaderId::CALL_ID | HeaderId::CSEQ | HeaderId::TO => seen.push(id),
            HeaderId::FROM => {
                seen.push(id);
                let from = sip::NameAddr::parse(field.value.as_bytes()).ok()?;
                if from.params.get("tag").is_none() {
                    draft.append(id, format!("{};tag={}", field.value, hex(&luck[16..])).into_bytes());
                    continue;
                }
            }
            _ => {}
        }
        match id {
            HeaderId::OTHER => draft.append_named(&field.name, field.value.as_bytes()),
            id => draft.append(id, field.value.as_bytes()),
        }
    }
    if !seen.contains(&HeaderId::CALL_ID) {
        draft.append(HeaderId::CALL_ID, hex(&luck[..16]).into_bytes());
    }
    if !seen.contains(&HeaderId::CSEQ) {
        draft.append(HeaderId::CSEQ, format!("1 {method}").into_bytes());
    }
    match &body {
        Some(body) if body.content.len() > MAX_BODY || !is_line(&body.content_type, MAX_HEADER_VALUE) => {
            return None;
        }
        Some(body) => draft.body(body.content_type.as_bytes(), &body.content[..]),
        None => draft.ensure_content_length(),
    }
    let mut bytes = Vec::new();
    draft.print(&mut bytes);
    let request = Message::parse_stream(&bytes).ok()?;
    let call_id = sound(request.head())?;
    let third_party = match attrs.iter().find(|attr| attr.tag == THIRD_PARTY) {
        Some(attr) => Some(third_party(&attr.value)?),
        None => None,
    };
    let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms.into()).min(MAX_RELAY_TIMEOUT));
    Some((call_id, Send { request, token: token.into(), timeout, third_party }))
}

/// The Call-ID, if what every request must have is there and can be read (RFC 3261 §8.1.1).
fn sound(head: sip::Head<'_>) -> Option<String> {
    let is_uri = |address: sip::NameAddr<'_>| sip::Uri::parse(address.uri_bytes).is_ok();
    let is_address = |id| head.header(id).is_some_and(|value| sip::NameAddr::parse(value).is_ok_and(is_uri));
    let is_sound = is_address(HeaderId::FROM)
        && is_address(HeaderId::TO)
        && head.cseq().is_ok_and(|cseq| cseq.token == head.method_token());
    let call_id = head.call_id().ok().filter(|_| is_sound)?;
    std::str::from_utf8(call_id).ok().map(str::to_owned)
}

/// Flags (1: the REGISTER, 2: its answer, 4: ServiceInfo follows), and the ServiceInfo.
fn third_party(value: &[u8]) -> Option<ThirdParty> {
    let (flags, text) = value.split_first()?;
    let service_info = match flags & 4 {
        0 => None,
        _ => Some(std::str::from_utf8(text).ok()?.into()),
    };
    Some(ThirdParty { service_info, include_request: flags & 1 != 0, include_response: flags & 2 != 0 })
}

/// What a flow token in an attribute leads to; for `convert.rs`.
pub(crate) fn flow_of(hosted: &mut Hosted, token: &[u8]) -> Result<sip::Flow, Misuse> {
    let token = std::str::from_utf8(token).map_err(|_| Misuse::FlowToken)?;
    hosted.ask(|services, _| services.flow_of(token)).ok_or(Misuse::FlowToken)
}
