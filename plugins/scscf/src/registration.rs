//! The registrar (TS 24.229 §5.4.1.2; RFC 3261 §10.3, RFC 3327, RFC 3608, RFC 5626).
//!
//! ```text
//!   no credentials, old or foreign ones, AUTS ─▶ MAR ─▶ 401 with the challenge ─▶ nothing for 4 minutes ─▶ SAR
//!   right ones ─▶ SAR ─▶ bindings ─▶ 200 with Service-Route, P-Associated-URI … ─▶ application servers
//!   the end of the last contact ─▶ application servers ─▶ SAR ─▶ 200
//! ```
//! In: a REGISTER. Out: 200, a challenge, or a refusal. The 200 leaves when bindings and profile are on disk.

use strowger_sdk::ims::{Assignment, AuthenticationVerdict, CxFailure, RegistrationType, Subscriber};
use strowger_sdk::prelude::*;
use strowger_sdk::sip::{Contact, Credentials};
use strowger_sdk::text;

use crate::settings::Settings;
use crate::{ORIGINATING, charging, devices, third_party};

/// How long a challenge waits for its answer, ms (table 7.8.1: reg-await-auth).
const REG_AWAIT_AUTH_MS: u32 = 240_000;

/// Before the private and the public identity in the token of that timer.
const AWAITED: &str = "auth ";

/// What a REGISTER asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The bindings as they are.
    Query,
    /// An end of all contacts that it names.
    End,
    /// At least one contact; the shortest time that is asked for.
    Bind(Option<u32>),
}

/// The steps of §5.4.1.2, in their order.
pub(crate) fn register(settings: &Settings, request: &mut Request<'_>, host: &impl Host) -> Outcome {
    let public = request.to()?.uri()?.aor();
    let authorization = Authorization::of(request);
    let private =
        authorization.username.unwrap_or_else(|| public.split_once(':').unwrap_or_default().1.to_owned());
    let known = host.subscriber(&public);
    let is_registered = known.as_ref().is_some_and(|known| known.registered);

    // Who is it? What came protected by the P-CSCF need not be asked again (§5.4.1.2.2), of who registered before.
    let is_own = known.as_ref().is_some_and(|known| known.private_identity == private);
    let asked = Asked { settings, public: &public, private: &private, is_registered };
    let trusted = authorization.is_protected && is_registered && is_own && !settings.challenge_again;
    match host.verify_private(&private, &settings.realm) {
        AuthenticationVerdict::Accepted => asked.is_over(host),
        AuthenticationVerdict::Absent if trusted => {}
        AuthenticationVerdict::Absent
        | AuthenticationVerdict::Stale
        | AuthenticationVerdict::Resynchronise => return asked.challenge(host),
        // §5.4.1.2.3: the attempt has failed.
        AuthenticationVerdict::NetworkRefused | AuthenticationVerdict::Rejected => return asked.refuse(host),
    }

    let wish = wish(request)?;
    if let Wish::Bind(Some(shortest)) = wish
        && shortest < settings.limits.min_expires
    {
        return reply(423).header(HeaderId::MIN_EXPIRES, settings.limits.min_expires.to_string()).into();
    }
    // Whose right credentials are somebody else's has no say about this set, unless the HSS knows it for one that shares
    // the identity (TS 29.228 §6.1.2). What binds is asked with the SAR that follows.
    if known.is_some()
        && !is_own
        && !matches!(wish, Wish::Bind(_))
        && let Err(failure) = host.assign(&public, &private, Assignment::NoAssignment)
    {
        return refusal(failure);
    }
    match wish {
        Wish::Query => query(settings, request, known.as_ref(), host),
        Wish::End => end(settings, request, &public, &private, known.as_ref(), host),
        Wish::Bind(_) => bind(settings, request, &public, &private, known.as_ref(), host),
    }
}

/// A REGISTER whose sender is not proved yet.
struct Asked<'a> {
    settings: &'a Settings,
    public: &'a str,
    private: &'a str,
    is_registered: bool,
}

impl Asked<'_> {
    /// 401 (§5.4.1.2.1).
    fn challenge(&self, host: &impl Host) -> Outcome {
        let Asked { settings, public, private, .. } = *self;
        match host.challenge(private, public, &settings.realm, settings.scheme) {
            Ok(number) => {
                // A registration that the HSS has ended while it was asked is none that goes on: the HSS waits.
                if !host.subscriber(public).is_some_and(|known| known.registered) {
                    host.start_timer(&self.timer(), REG_AWAIT_AUTH_MS);
                }
                reply(401).challenge(number).into()
            }
            Err(failure) => refusal(failure),
        }
    }

    /// The answer is here: nobody waits for it any more.
    fn is_over(&self, host: &impl Host) {
        if !self.is_registered {
            host.cancel_timer(&self.timer());
        }
    }

    /// The token of the timer reg-await-auth. One that is too long for the host is no timer.
    fn timer(&self) -> String {
        [AWAITED, self.private, " ", self.public].concat()
    }

    /// 403, and the HSS forgets that somebody was to be authenticated, unless there is a registration that goes on
    /// (§5.4.1.2.3).
    fn refuse(&self, host: &impl Host) -> Outcome {
        self.is_over(host);
        if !self.is_registered {
            let _ = host.assign(self.public, self.private, Assignment::AuthenticationFailure);
        }
        reply(403).reason("Authentication Failed").into()
    }
}

/// Nobody has answered a challenge in time: the HSS is not to wait either, unless there is a registration that goes on
/// (§5.4.1.2.1; TS 29.229 §6.3.15).
pub(crate) fn awaited(token: &str, host: &impl Host) {
    let Some((private, public)) = token.strip_prefix(AWAITED).and_then(|token| token.split_once(' ')) else {
        return;
    };
    if !host.subscriber(public).is_some_and(|known| known.registered) {
        let _ = host.assign(public, private, Assignment::AuthenticationTimeout);
    }
}

/// What the HSS's refusal becomes: the user's fault is 403, the network's 504 (§5.4.1.2.1, §5.4.1.2.2).
fn refusal(failure: CxFailure) -> Outcome {
    match failure {
        CxFailure::Experimental(_) | CxFailure::Result(5003) => reply(403).into(),
        _ => reply(504).into(),
    }
}

fn query(
    settings: &Settings,
    request: &Request<'_>,
    known: Option<&Subscriber>,
    host: &impl Host,
) -> Outcome {
    let Some((key, known)) = known.and_then(|known| Some((key(known)?, known))) else {
        return reply(200).into();
    };
    let contacts = match host.register(&key, &settings.limits) {
        Ok(registration) => registration.contacts,
        Err(refused) => return refuse(refused),
    };
    ok(settings, request, known, contacts, false).into()
}

fn bind(
    settings: &Settings,
    request: &Request<'_>,
    public: &str,
    private: &str,
    known: Option<&Subscriber>,
    host: &impl Host,
) -> Outcome {
    let before = known.filter(|known| known.registered);
    let kind = if before.is_some() { Assignment::ReRegistration } else { Assignment::Registration };
    let subscriber = match (host.assign(public, private, kind), before) {
        (Ok(Some(subscriber)), _) => subscriber,
        // A registration that there is goes on without the HSS, for who made it.
        (Err(CxFailure::Timeout | CxFailure::Unreachable), Some(before))
            if before.private_identity == private =>
        {
            before.clone()
        }
        (Ok(None), _) => return reply(504).reason("No Service Profile").into(),
        (Err(failure), _) => return refusal(failure),
    };
    // Every identity is barred (§5.4.1.2.2F): there is nobody to be called by.
    let Some(key) = key(&subscriber) else {
        let _ = host.assign(public, private, Assignment::UserDeregistration);
        return reply(403).into();
    };
    let registration = match host.register(&key, &settings.limits) {
        Ok(registration) => registration,
        Err(refused) => {
            host.withdraw();
            if before.is_none() {
                let _ = host.assign(public, private, Assignment::UserDeregistration);
            }
            return refuse(refused);
        }
    };
    devices::note(&key, private, host);
    let kind = if before.is_some() { RegistrationType::ReRegistration } else { RegistrationType::Initial };
    let expires = longest(&registration.contacts);
    third_party::register(settings, &key, &subscriber, kind, expires, Some(request), host);
    ok(settings, request, &subscriber, registration.contacts, registration.outbound).into()
}

fn end(
    settings: &Settings,
    request: &Request<'_>,
    public: &str,
    private: &str,
    known: Option<&Subscriber>,
    host: &impl Host,
) -> Outcome {
    let Some((key, known)) = known.and_then(|known| Some((key(known)?, known))) else {
        // We have nothing; the HSS may think that we have.
        let _ = host.assign(public, private, Assignment::UserDeregistration);
        return reply(200).into();
    };
    let registration = match host.register(&key, &settings.limits) {
        Ok(registration) => registration,
        Err(refused) => return refuse(refused),
    };
    if !registration.contacts.is_empty() {
        let expires = longest(&registration.contacts);
        let kind = RegistrationType::ReRegistration;
        third_party::register(settings, &key, known, kind, expires, Some(request), host);
        return ok(settings, request, known, registration.contacts, false).into();
    }
    // The last one (§5.4.1.4): application servers while the profile is here, then the HSS.
    let kind = RegistrationType::DeRegistration;
    third_party::register(settings, &key, known, kind, 0, Some(request), host);
    let answer = ok(settings, request, known, Vec::new(), false);
    if devices::end(&key, public, private, Assignment::UserDeregistration, host).is_err() {
        // It will be asked again when somebody calls (§5.4.1.4: the phone is told that it is gone, for it is).
        host.forget_subscriber(public);
    }
    answer.into()
}

/// The default public user identity: the name under which the set's bindings are kept.
pub(crate) fn key(subscriber: &Subscriber) -> Option<String> {
    subscriber.default_identity().map(|identity| identity.uri.clone())
}

fn refuse(refused: RegisterRefusal) -> Outcome {
    match refused {
        RegisterRefusal::TooBrief(seconds) => {
            reply(423).header(HeaderId::MIN_EXPIRES, seconds.to_string()).into()
        }
        RegisterRefusal::TooMany => reply(403).reason("Too Many Contacts").into(),
        RegisterRefusal::Malformed => reply(400).into(),
        RegisterRefusal::OutOfOrder => reply(500).reason("CSeq Out Of Order").into(),
        RegisterRefusal::Unavailable => reply(503).into(),
    }
}

/// The 200 (§5.4.1.2.2F).
fn ok(
    settings: &Settings,
    request: &Request<'_>,
    subscriber: &Subscriber,
    contacts: Vec<String>,
    is_outbound: bool,
) -> strowger_sdk::Reply {
    let path = request.headers(HeaderId::PATH).map(|path| text(path).into_owned());
    let mut ok = reply(200).headers(HeaderId::CONTACT, contacts).headers(HeaderId::PATH, path);
    ok = ok.header(HeaderId::SERVICE_ROUTE, settings.own_route(ORIGINATING));
    let associated: Vec<String> = subscriber
        .identities
        .iter()
        .filter(|identity| !identity.barred)
        .map(|identity| ["<", &identity.uri, ">"].concat())
        .collect();
    if !associated.is_empty() {
        ok = ok.header(HeaderId::P_ASSOCIATED_URI, associated.join(", "));
    }
    if !subscriber.charging.is_empty() {
        ok = ok.header(HeaderId::P_CHARGING_FUNCTION_ADDRESSES, subscriber.charging.clone());
    }
    if let Some(vector) = request.text(HeaderId::P_CHARGING_VECTOR) {
        ok = ok.header(HeaderId::P_CHARGING_VECTOR, charging::of_registered(settings, vector));
    }
    if is_outbound {
        ok = ok.header(HeaderId::REQUIRE, "outbound");
    }
    ok.header(HeaderId::SUPPORTED, "path, outbound")
}

/// The longest time of contacts as they stand in an answer.
pub(crate) fn longest(contacts: &[String]) -> u32 {
    let expires = |contact: &String| match Contact::parse(contact.as_bytes()) {
        Ok(Contact::Address(address)) => address.expires(),
        _ => None,
    };
    contacts.iter().filter_map(expires).max().unwrap_or(0)
}

/// What the Contact header fields ask for.
fn wish(request: &Request<'_>) -> Result<Wish, Stop> {
    let number =
        |value: &[u8]| std::str::from_utf8(value.trim_ascii()).ok().and_then(|text| text.parse().ok());
    let header: Option<u32> = request.header(HeaderId::EXPIRES).and_then(number);
    let mut shortest: Option<u32> = None;
    let (mut any, mut binds) = (false, false);
    for contact in request.contacts() {
        any = true;
        match contact? {
            Contact::Star => {}
            Contact::Address(address) => match address.expires().or(header) {
                Some(0) => {}
                Some(seconds) => {
                    binds = true;
                    shortest = Some(shortest.map_or(seconds, |shortest| shortest.min(seconds)));
                }
                None => binds = true,
            },
        }
    }
    Ok(match (any, binds) {
        (false, _) => Wish::Query,
        (true, false) => Wish::End,
        (true, true) => Wish::Bind(shortest),
    })
}

/// What the Authorization says that is not proved.
struct Authorization {
    username: Option<String>,
    /// `integrity-protected="yes"` and its kin (§7.2A.2).
    is_protected: bool,
}

impl Authorization {
    fn of(request: &Request<'_>) -> Authorization {
        let credentials =
            request.header(HeaderId::AUTHORIZATION).and_then(|value| Credentials::parse(value).ok());
        let param = |name: &str| {
            let value = credentials.as_ref()?.param(name)?;
            String::from_utf8(value.into_owned()).ok().filter(|value| !value.is_empty())
        };
        let is_protected = param("integrity-protected").is_some_and(|value| {
            ["yes", "tls-yes", "ip-assoc-yes", "auth-done"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        });
        Authorization { username: param("username"), is_protected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_sdk::ims::associated_uri::AssociatedUri;

    #[test]
    fn an_associated_uri_that_we_write_can_be_read() {
        let value = b"<sip:alice@ims.test>, <tel:+491701234567>";
        let read = AssociatedUri::parse_all([&value[..]]).expect("readable");
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn the_longest_contact_counts() {
        let contacts = ["<sip:a@b>;expires=60".to_owned(), "<sip:c@d>;expires=600".to_owned()];
        assert_eq!((longest(&contacts), longest(&[])), (600, 0));
    }
}
