//! The settings of this plugin: the text under `configuration` in the router's file.
//!
//! In: `key = value` lines (TOML). Out: [`Settings`], or a sentence that names key, value and reason.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `domains` | must be given | domains of the home network |
//! | `ioi` | the first domain | what this network is called in charging vectors (TS 24.229 §4.5.4); `""`: nothing |
//! | `uri` | must be given | this S-CSCF's SIP URI, as the HSS and application servers know it: `"sip:192.0.2.1:6060"` |
//! | `realm` | the first domain | of the challenges |
//! | `authentication` | `"auto"` | `"aka"`, `"digest"`, or whatever the HSS has |
//! | `min_expires` | 60 | seconds; a shorter registration is answered 423 |
//! | `max_expires` | 600000 | seconds; a longer one is cut to this |
//! | `default_expires` | 600000 | seconds, for who does not say |
//! | `max_contacts` | 10 | contacts of one implicit registration set |
//! | `challenge_again` | true | challenge re-registrations too; false: not those that the P-CSCF says came protected |
//! | `icscf` | none | where requests for users of the home network go: `"sip:192.0.2.1:4060"`; none: by DNS |
//! | `border` | none | where requests for other networks go, an I-CSCF that hides this network: `"sip:192.0.2.1:4060"`; none: by DNS |
//! | `trusted_networks` | none | domains of other networks that keep what callers want private; others are not told it (RFC 3325) |
//! | `trusted` | `["*"]` | addresses of CSCFs and application servers, an address or a prefix each (`"10.0.0.0/8"`); everybody else is answered 403 |
//! | `as_timeout_continued_ms` | 2000 | how long an application server may be silent whose failure lets the session go on |
//! | `as_timeout_terminated_ms` | 4000 | the same where it ends the session |
//! | `unregistered_expires` | 3600 | seconds after the last request for a user who is not registered until the profile is let go |
//! | `subscription_expires` | 600000 | seconds that a subscription to registrations may last |

use strowger_sdk::configuration::{Configuration, ConfigurationError, missing, unfit};
use strowger_sdk::ims::AuthenticationScheme;
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::trust_domain::TrustDomain;

/// A week and a little more: what TS 24.229 has for registrations.
const MAX_SECONDS: u32 = 1_000_000;

/// See the table above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// At least one.
    pub domains: Vec<String>,
    /// This operator's identifier in charging vectors, without the prefix that tells its type.
    pub ioi: Option<String>,
    /// Ourselves.
    pub uri: String,
    /// Of the challenges.
    pub realm: String,
    /// What is asked of the HSS.
    pub scheme: AuthenticationScheme,
    /// What is granted.
    pub limits: Limits,
    /// Whether re-registrations that came protected are challenged.
    pub challenge_again: bool,
    /// Entry of the home network.
    pub icscf: Option<String>,
    /// Exit to other networks.
    pub border: Option<String>,
    /// Domains of the trust domain that are not ours.
    pub trusted_networks: Vec<String>,
    /// Who is believed, and served at all.
    pub trusted: TrustDomain,
    /// ms
    pub as_timeout_continued: u32,
    /// ms
    pub as_timeout_terminated: u32,
    /// Seconds.
    pub unregistered_expires: u32,
    /// Seconds.
    pub subscription_expires: u32,
}

impl Settings {
    /// Reads them all.
    pub fn read(configuration: &str) -> Result<Self, ConfigurationError> {
        let mut c = Configuration::parse(configuration)?;
        let domains =
            c.texts("domains")?.filter(|domains| !domains.is_empty()).ok_or_else(|| missing("domains"))?;
        let ioi = Some(c.text("ioi")?.unwrap_or_else(|| domains[0].clone())).filter(|ioi| !ioi.is_empty());
        let uri = c.element_uri("uri")?.ok_or_else(|| missing("uri"))?;
        let icscf = c.element_uri("icscf")?;
        let border = c.element_uri("border")?;
        let trusted_networks = c.texts("trusted_networks")?.unwrap_or_default();
        let realm = c.text("realm")?.unwrap_or_else(|| domains[0].clone());
        let scheme = match c.text("authentication")?.as_deref() {
            None | Some("auto") => AuthenticationScheme::Unknown,
            Some("aka") => AuthenticationScheme::AkaV1,
            Some("digest") => AuthenticationScheme::SipDigest,
            Some(other) => return Err(unfit("authentication", other, "auto, aka or digest")),
        };
        let min_expires = c.number("min_expires", 0..=MAX_SECONDS)?.unwrap_or(60);
        let max_expires =
            c.number("max_expires", min_expires..=MAX_SECONDS)?.unwrap_or(600_000.max(min_expires));
        let default_expires = c.number("default_expires", min_expires..=max_expires)?;
        let default_expires = default_expires.unwrap_or(max_expires);
        let max_bindings = c.number("max_contacts", 1..=100)?.unwrap_or(10);
        let challenge_again = c.flag("challenge_again")?.unwrap_or(true);
        let trusted = TrustDomain::read(&mut c, "trusted")?;
        let as_timeout_continued = c.number("as_timeout_continued_ms", 100..=60_000)?.unwrap_or(2_000);
        let as_timeout_terminated = c.number("as_timeout_terminated_ms", 100..=60_000)?.unwrap_or(4_000);
        let unregistered_expires = c.number("unregistered_expires", 1..=MAX_SECONDS)?.unwrap_or(3_600);
        let subscription_expires = c.number("subscription_expires", 60..=MAX_SECONDS)?.unwrap_or(600_000);
        c.finish()?;
        let limits = Limits { min_expires, max_expires, default_expires, max_bindings };
        Ok(Self {
            domains,
            ioi,
            uri,
            realm,
            scheme,
            limits,
            challenge_again,
            icscf,
            border,
            trusted_networks,
            trusted,
            as_timeout_continued,
            as_timeout_terminated,
            unregistered_expires,
            subscription_expires,
        })
    }

    /// Whether a URI's host is a domain of the home network.
    #[must_use]
    pub fn is_home(&self, uri: &Uri<'_>) -> bool {
        let host = uri.host().to_string();
        uri.is_sip() && self.domains.iter().any(|own| own.eq_ignore_ascii_case(host.trim_end_matches('.')))
    }

    /// Whether a URI is of another network that is in the trust domain.
    #[must_use]
    pub fn trusts_network(&self, uri: &Uri<'_>) -> bool {
        let host = uri.host().to_string();
        let host = host.trim_end_matches('.');
        self.trusted_networks.iter().any(|network| network.eq_ignore_ascii_case(host))
    }

    /// Whether a URI is our own.
    #[must_use]
    pub fn is_own(&self, uri: &Uri<'_>) -> bool {
        route::names(uri, &self.uri)
    }

    /// A Route of our own, with this user part (empty: none).
    #[must_use]
    pub fn own_route(&self, user: &str) -> String {
        route::with_user(&self.uri, user, "")
    }
}
