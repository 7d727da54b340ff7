//! Registration as a UE goes through it (TS 24.229 §5.1.1.2, §5.1.1.4 to §5.1.1.7; RFC 3261 §10.2).
//!
//! ```text
//!   unbound ── register ──▶ REGISTER ── 200 ──▶ bound ── half time, or 600 s before the end ──▶ REGISTER …
//!                  ▲  401: again, with what proves us, or says that the challenge is not valid
//!                  │  423: again, for as long as the network wants
//!                  └─ 503 with Retry-After: again, later
//!   bound ── deregister ──▶ REGISTER for 0 s ── any end ──▶ unbound
//!   bound ── the network says so, or time runs out ──▶ unbound
//! ```
//! In: wishes, final responses, alarms, what the registration information says. Out: REGISTERs, events, and
//! [`Standing`](super::line::Standing) with [`Bound`] for who has to know. Not here: what the credentials are made of
//! (`authorization.rs`), the subscription (`reg_event.rs`).

use std::time::Duration;

use ims::associated_uri::AssociatedUri;
use ims::reginfo;
use ims::service_route::ServiceRoute;
use sip::{HeaderId, Message, Method, RetryAfter, Uri};
use transaction::Time;

use super::alarms::Alarm;
use super::authorization::{self, Asking, Proof};
use super::dialog::text;
use super::event::{DeregisteredBy, Event, RegistrationFailure};
use super::line::{Line, MMTEL, Outcome, Purpose};
use super::settings::Credentials;
use crate::bounds::{MAX_INTERVALS, MAX_INVALID_CHALLENGES, MAX_PROOFS, MAX_RETRY_AFTER};

/// Registrations longer than twice this are refreshed this long before their end (TS 24.229 §5.1.1.4.1).
const BEFORE_THE_END: Duration = Duration::from_secs(600);
/// RFC 5626 §4.5: the wait after a first failure, and the longest.
const BASE_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(1_800);

/// What others have to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Nothing new.
    AsBefore,
    /// It is bound now, and was not before.
    First,
    /// It is bound no longer.
    NoLonger,
}

/// What the next REGISTER says of our identity.
enum Known {
    /// There was no challenge yet.
    Nothing,
    /// The last value of AKA: it stays until the network asks anew (TS 24.229 §5.1.1.4.2).
    Last(String),
    /// A digest challenge and how often it was answered: the nonce holds for several requests (RFC 7616 §3.3).
    Challenge(Vec<u8>, u32),
}

/// A REGISTER under way.
struct Attempt {
    is_removal: bool,
    proofs: u8,
    invalid: u8,
    intervals: u8,
}

/// The registration of one phone.
pub(crate) struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    known: Known,
    attempt: Option<Attempt>,
    /// Deregister as soon as the attempt is over.
    wants_removal: bool,
    is_bound: bool,
    /// Attempts in a row that failed.
    failures: u32,
    /// Seconds to ask for.
    expires: u32,
}

/// When something that holds so long is refreshed (TS 24.229 §5.1.1.4.1, §5.1.1.3).
pub(crate) fn refresh_after(seconds: u32) -> Duration {
    let whole = Duration::from_secs(seconds.into());
    if whole > BEFORE_THE_END * 2 { whole - BEFORE_THE_END } else { whole / 2 }
}

impl Registration {
    pub(crate) fn new(line: &mut Line) -> Registration {
        Registration {
            call_id: line.luck.token(),
            tag: line.luck.token(),
            cseq: 0,
            known: Known::Nothing,
            attempt: None,
            wants_removal: false,
            is_bound: false,
            failures: 0,
            expires: line.settings.expires,
        }
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.is_bound
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.attempt.is_some()
    }

    /// Registers, or registers again; nothing while an attempt is under way.
    pub(crate) fn register(&mut self, line: &mut Line, now: Time) -> Bound {
        if self.attempt.is_some() {
            return Bound::AsBefore;
        }
        line.alarms.stop(Alarm::Register);
        self.begin(line, now, false)
    }

    /// Deregisters, now or after the attempt that is under way (TS 24.229 §5.1.1.6).
    pub(crate) fn deregister(&mut self, line: &mut Line, now: Time) -> Bound {
        line.alarms.stop(Alarm::Register);
        if self.attempt.is_some() {
            self.wants_removal = true;
            return Bound::AsBefore;
        }
        self.begin(line, now, true)
    }

    fn begin(&mut self, line: &mut Line, now: Time, is_removal: bool) -> Bound {
        self.attempt = Some(Attempt { is_removal, proofs: 0, invalid: 0, intervals: 0 });
        let authorization = self.authorization(line);
        self.send(line, now, authorization)
    }

    /// What is said without a new challenge.
    fn authorization(&mut self, line: &mut Line) -> String {
        let empty = authorization::empty(&line.settings.impi, &line.settings.domain);
        match &mut self.known {
            Known::Nothing => empty,
            Known::Last(value) => value.clone(),
            Known::Challenge(challenge, uses) => {
                *uses += 1;
                match prove(line, std::iter::once(&challenge[..]), *uses) {
                    Ok(Proof::Response(value)) => value,
                    _ => empty,
                }
            }
        }
    }

    /// TS 24.229 §5.1.1.2.1.
    fn send(&mut self, line: &mut Line, now: Time, authorization: String) -> Bound {
        let is_removal = self.attempt.as_ref().is_some_and(|attempt| attempt.is_removal);
        self.cseq += 1;
        let settings = &line.settings;
        let (impu, registrar) = (settings.impu.clone(), format!("sip:{}", settings.domain));
        let contact = format!(
            "<{}>;+sip.instance=\"<{}>\";{MMTEL};+g.3gpp.smsip;audio",
            line.contact_uri(),
            settings.instance
        );
        let expires = if is_removal { 0 } else { self.expires };
        let mut request = line.request(Method::Register, &registrar);
        // Only the P-CSCF is before it: the service route is for other requests (RFC 3608 §6.1).
        request.routes.truncate(1);
        request.from = format!("<{impu}>;tag={}", self.tag);
        request.to = format!("<{impu}>");
        request.call_id.clone_from(&self.call_id);
        request.cseq = self.cseq;
        let request = request
            .with(HeaderId::CONTACT, contact)
            .with(HeaderId::EXPIRES, expires.to_string())
            .with(HeaderId::AUTHORIZATION, authorization)
            .with(HeaderId::SUPPORTED, "path, gruu");
        match line.send(now, request, Purpose::Register) {
            Some(_) => Bound::AsBefore,
            None => self.failed(line, now, RegistrationFailure::NotSent, None),
        }
    }

    /// A REGISTER came to its end.
    pub(crate) fn handle_outcome(&mut self, line: &mut Line, now: Time, outcome: Outcome<'_>) -> Bound {
        let Some(attempt) = &mut self.attempt else { return Bound::AsBefore };
        let response = match outcome {
            Outcome::Response(response) => response,
            Outcome::Silence => return self.failed(line, now, RegistrationFailure::NoAnswer, None),
            Outcome::Undelivered => return self.failed(line, now, RegistrationFailure::NotSent, None),
        };
        let head = response.head();
        match response.status() {
            200..=299 if attempt.is_removal => self.unbound(line, now, DeregisteredBy::User),
            200..=299 => self.bound(line, now, response),
            401 => self.challenged(line, now, response),
            423 => {
                let least = head.min_expires().ok().flatten().unwrap_or(0);
                attempt.intervals += 1;
                if least <= self.expires || attempt.intervals > MAX_INTERVALS || attempt.is_removal {
                    return self.failed(line, now, RegistrationFailure::Refused(423), None);
                }
                self.expires = least;
                let authorization = self.authorization(line);
                self.send(line, now, authorization)
            }
            status => {
                let after =
                    head.header(HeaderId::RETRY_AFTER).and_then(|value| RetryAfter::parse(value).ok());
                let after = after.map(|after| Duration::from_secs(after.delay.into()).min(MAX_RETRY_AFTER));
                self.failed(line, now, RegistrationFailure::Refused(status), after)
            }
        }
    }

    /// TS 24.229 §5.1.1.5.1 and §5.1.1.5.3.
    fn challenged(&mut self, line: &mut Line, now: Time, response: &Message) -> Bound {
        let Some(attempt) = &mut self.attempt else { return Bound::AsBefore };
        let head = response.head();
        let authorization = match prove(line, head.fields(HeaderId::WWW_AUTHENTICATE), 1) {
            Ok(Proof::Response(value)) => {
                attempt.proofs += 1;
                attempt.invalid = 0;
                if attempt.proofs > MAX_PROOFS {
                    return self.failed(line, now, RegistrationFailure::NotBelieved, None);
                }
                value
            }
            Ok(Proof::Invalid(value)) => {
                attempt.invalid += 1;
                if attempt.invalid > MAX_INVALID_CHALLENGES {
                    return self.failed(line, now, RegistrationFailure::InvalidChallenges, None);
                }
                self.known = Known::Nothing;
                return self.send(line, now, value);
            }
            Err(authorization::Unknown) => {
                return self.failed(line, now, RegistrationFailure::UnknownChallenge, None);
            }
        };
        self.known = if matches!(line.settings.credentials, Credentials::Aka(_)) {
            Known::Last(authorization.clone())
        } else {
            // Which of several it was that was answered, is found by answering them one by one.
            let answered = head.fields(HeaderId::WWW_AUTHENTICATE).find(|challenge| {
                matches!(prove(line, std::iter::once(*challenge), 1), Ok(Proof::Response(_)))
            });
            Known::Challenge(answered.unwrap_or_default().to_vec(), 1)
        };
        self.send(line, now, authorization)
    }

    /// A 200 (TS 24.229 §5.1.1.2.1).
    fn bound(&mut self, line: &mut Line, now: Time, response: &Message) -> Bound {
        let head = response.head();
        let Some(expires) = granted(response, &line.contact_uri(), self.expires) else {
            return self.unbound(line, now, DeregisteredBy::Network(reginfo::Event::Unregistered));
        };
        self.attempt = None;
        self.failures = 0;
        let associated =
            AssociatedUri::parse_all(head.fields(HeaderId::P_ASSOCIATED_URI)).unwrap_or_default();
        let associated: Vec<String> =
            associated.iter().map(|uri| uri.address.uri_text().to_owned()).collect();
        let route = ServiceRoute::parse_all(head.fields(HeaderId::SERVICE_ROUTE)).unwrap_or_default();
        let is_sip = |uri: &&String| Uri::parse(uri.as_bytes()).is_ok_and(|uri| uri.is_sip());
        let default = associated.iter().find(is_sip).unwrap_or(&line.settings.impu).clone();
        line.standing.identity.clone_from(&default);
        line.standing.service_route = route.hops().map(|hop| hop.to_string()).collect();
        line.alarms.set(Alarm::Refresh, now + refresh_after(expires));
        line.alarms.set(Alarm::Expiry, now + Duration::from_secs(expires.into()));
        let is_first = !std::mem::replace(&mut self.is_bound, true);
        let service_route = route.hops().map(|hop| hop.uri_text().to_owned()).collect();
        line.tell(now, Event::Registered { identity: default, associated, service_route, expires, is_first });
        if std::mem::take(&mut self.wants_removal) {
            return self.begin(line, now, true);
        }
        if is_first { Bound::First } else { Bound::AsBefore }
    }

    /// An attempt came to nothing. What was bound stays bound until its time runs out.
    fn failed(
        &mut self,
        line: &mut Line,
        now: Time,
        why: RegistrationFailure,
        retry_after: Option<Duration>,
    ) -> Bound {
        let Some(attempt) = self.attempt.take() else { return Bound::AsBefore };
        self.known = Known::Nothing;
        if attempt.is_removal {
            // Nobody can be asked any more (TS 24.229 §5.1.1.6.1).
            return self.unbound(line, now, DeregisteredBy::User);
        }
        if std::mem::take(&mut self.wants_removal) {
            line.tell(now, Event::RegistrationFailed { why, again_after: None });
            return if self.is_bound { self.begin(line, now, true) } else { Bound::AsBefore };
        }
        let again_after = retry_after.or_else(|| self.is_bound.then(|| self.wait(line)));
        if let Some(after) = again_after {
            line.alarms.set(Alarm::Register, now + after);
        }
        line.tell(now, Event::RegistrationFailed { why, again_after });
        Bound::AsBefore
    }

    /// RFC 5626 §4.5.
    fn wait(&mut self, line: &mut Line) -> Duration {
        let longest = BASE_WAIT.saturating_mul(1 << self.failures.min(8)).min(LONGEST_WAIT);
        self.failures += 1;
        line.luck.between(longest / 2, longest)
    }

    fn unbound(&mut self, line: &mut Line, now: Time, by: DeregisteredBy) -> Bound {
        self.attempt = None;
        self.wants_removal = false;
        self.known = Known::Nothing;
        for alarm in [Alarm::Refresh, Alarm::Expiry, Alarm::Register] {
            line.alarms.stop(alarm);
        }
        line.standing.identity.clone_from(&line.settings.impu);
        line.standing.service_route.clear();
        if !std::mem::replace(&mut self.is_bound, false) {
            return Bound::AsBefore;
        }
        line.tell(now, Event::Deregistered { by });
        Bound::NoLonger
    }

    /// [`Alarm::Expiry`]
    pub(crate) fn expired(&mut self, line: &mut Line, now: Time) -> Bound {
        // An attempt that is still under way may bind it anew.
        let attempt = self.attempt.take();
        let bound = self.unbound(line, now, DeregisteredBy::Expiry);
        self.attempt = attempt;
        bound
    }

    /// The network ended it (TS 24.229 §5.1.1.7).
    pub(crate) fn ended_by_network(
        &mut self,
        line: &mut Line,
        now: Time,
        event: reginfo::Event,
        retry_after: Option<Duration>,
    ) -> Bound {
        if self.attempt.as_ref().is_some_and(|attempt| attempt.is_removal) {
            return Bound::AsBefore;
        }
        let bound = self.unbound(line, now, DeregisteredBy::Network(event));
        match event {
            reginfo::Event::Deactivated => line.alarms.set(Alarm::Register, now),
            reginfo::Event::Probation => {
                let after = retry_after.unwrap_or(BASE_WAIT).min(MAX_RETRY_AFTER);
                line.alarms.set(Alarm::Register, now + after);
            }
            _ => {}
        }
        bound
    }

    /// The network wants it to register again sooner (TS 24.229 §5.1.1.5A).
    pub(crate) fn shortened(&mut self, line: &mut Line, now: Time, expires: u32) {
        if self.is_bound {
            line.alarms.set(Alarm::Refresh, now + refresh_after(expires));
            line.alarms.set(Alarm::Expiry, now + Duration::from_secs(expires.into()));
        }
    }
}

/// Credentials for a REGISTER.
fn prove<'a>(
    line: &mut Line,
    challenges: impl Iterator<Item = &'a [u8]>,
    nc: u32,
) -> Result<Proof, authorization::Unknown> {
    let (uri, cnonce) = (format!("sip:{}", line.settings.domain), line.luck.token());
    let settings = &mut line.settings;
    let asking =
        Asking { impi: &settings.impi, method: "REGISTER", uri: &uri, body: b"", cnonce: &cnonce, nc };
    authorization::answer(&mut settings.credentials, challenges, &asking)
}

/// Seconds that our contact is bound for: its own parameter, or Expires, or what was asked for. `None`: it is not.
fn granted(response: &Message, own: &str, asked: u32) -> Option<u32> {
    let head = response.head();
    let own = Uri::parse(own.as_bytes()).ok()?;
    let contact = head.contacts().flatten().filter_map(|contact| contact.address()).find(|contact| {
        contact.uri().is_ok_and(|uri| uri.equivalent(&own))
            || text(contact.uri_bytes).as_bytes() == own.as_bytes()
    });
    let expires = contact.and_then(|contact| contact.expires());
    let expires = expires.or(head.expires().ok().flatten()).unwrap_or(asked);
    (expires > 0).then_some(expires)
}
