//! The settings of this plugin: the text under `configuration` in the router's file.
//!
//! In: `key = value` lines (TOML). Out: [`Settings`], or a sentence that names key, value and reason.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `domains` | must be given | domains whose users we serve |
//! | `aliases` | none | addresses, `host` or `host:port`, that stand for the first domain: `sip:bob@192.0.2.1` is its bob. Without a port: 5060 |
//! | `realm` | the first domain | protection space of the challenges |
//! | `algorithms` | `["SHA-256", "MD5"]` | digest algorithms to offer, the preferred one first (RFC 8760 §2.3); phones that read only the first want `["MD5"]` |
//! | `min_expires` | 10 | seconds; a shorter registration is answered 423 |
//! | `max_expires` | 7200 | seconds; a longer one is cut to this |
//! | `default_expires` | 3600 | seconds, for who does not say |
//! | `max_contacts` | 10 | bindings of one user |
//! | `trust_source` | true | believe a From that is registered from the same place; false: ask for credentials always |
//! | `probe_user` | `"tm"` | OPTIONS to this user of our domains is answered from a transaction, for load tests |

use strowger_sdk::configuration::{Configuration, ConfigurationError, missing, unfit};
use strowger_sdk::prelude::*;
use strowger_sdk::sip::Host as SipHost;

/// Seconds that any of the three expiries may be: a week.
const MAX_SECONDS: u32 = 604_800;

/// The port of a SIP URI without one (RFC 3261 §19.1.2).
const DEFAULT_PORT: u16 = 5060;

/// See the table above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// At least one.
    pub domains: Vec<String>,
    /// Hosts and ports that stand for the first domain.
    pub aliases: Vec<(String, u16)>,
    /// Protection space.
    pub realm: String,
    /// At least one.
    pub algorithms: Vec<DigestAlgorithm>,
    /// What the registrar grants.
    pub limits: Limits,
    /// Whether the place a user is registered from is proof enough.
    pub trust_source: bool,
    /// User part of a load test's OPTIONS.
    pub probe_user: String,
}

impl Settings {
    /// Reads them all.
    pub fn read(configuration: &str) -> Result<Self, ConfigurationError> {
        let mut c = Configuration::parse(configuration)?;
        let domains =
            c.texts("domains")?.filter(|domains| !domains.is_empty()).ok_or_else(|| missing("domains"))?;
        if let Some(wrong) = domains.iter().find(|domain| SipHost::parse(domain.as_bytes()).is_none()) {
            return Err(unfit("domains", wrong, "a domain name or an address"));
        }
        let named = c.texts("aliases")?.unwrap_or_default();
        let alias = |name: &String| {
            read_alias(name)
                .ok_or_else(|| unfit("aliases", name, "a host name or address, with or without a port"))
        };
        let aliases = named.iter().map(alias).collect::<Result<Vec<_>, _>>()?;
        let realm = c.text("realm")?.unwrap_or_else(|| domains[0].clone());
        let named = c.texts("algorithms")?.unwrap_or_else(|| vec!["SHA-256".to_owned(), "MD5".to_owned()]);
        let algorithm = |name: &String| {
            DigestAlgorithm::from_token(name)
                .ok_or_else(|| unfit("algorithms", name, "MD5, SHA-256 or SHA-512-256"))
        };
        let algorithms = named.iter().map(algorithm).collect::<Result<Vec<_>, _>>()?;
        if algorithms.is_empty() {
            return Err(missing("algorithms"));
        }
        let min_expires = c.number("min_expires", 0..=MAX_SECONDS)?.unwrap_or(10);
        let max_expires =
            c.number("max_expires", min_expires..=MAX_SECONDS)?.unwrap_or(7200.max(min_expires));
        let default_expires = c.number("default_expires", min_expires..=max_expires)?;
        let default_expires = default_expires.unwrap_or(3600.clamp(min_expires, max_expires));
        let max_bindings = c.number("max_contacts", 1..=1000)?.unwrap_or(10);
        let trust_source = c.flag("trust_source")?.unwrap_or(true);
        let probe_user = c.text("probe_user")?.unwrap_or_else(|| "tm".to_owned());
        c.finish()?;
        let limits = Limits { min_expires, max_expires, default_expires, max_bindings };
        Ok(Self { domains, aliases, realm, algorithms, limits, trust_source, probe_user })
    }

    /// Whether a request to this URI is for us: its host is one of our domains, or stands for one.
    #[must_use]
    pub fn is_ours(&self, uri: &Uri<'_>) -> bool {
        self.is_domain(uri) || self.is_alias(uri, uri.port().or(Some(DEFAULT_PORT)))
    }

    /// Whether this URI, of a From or To, names somebody whom we serve. Names of people seldom have a port.
    #[must_use]
    pub fn serves(&self, uri: &Uri<'_>) -> bool {
        self.is_domain(uri) || self.is_alias(uri, uri.port())
    }

    /// The address-of-record that a URI names: where its host stands for the first domain, the one there.
    #[must_use]
    pub fn address_of_record(&self, uri: &Uri<'_>) -> String {
        let address_of_record = uri.aor();
        match address_of_record.split_once('@') {
            Some((user, _)) if uri.is_sip() && self.is_alias(uri, uri.port()) => {
                [user, "@", &self.domains[0]].concat()
            }
            _ => address_of_record,
        }
    }

    fn is_domain(&self, uri: &Uri<'_>) -> bool {
        self.domains.iter().any(|own| is_host(own, uri.host()))
    }

    fn is_alias(&self, uri: &Uri<'_>, port: Option<u16>) -> bool {
        let fits = |own: u16| port.is_none_or(|port| port == own);
        self.aliases.iter().any(|(own, own_port)| fits(*own_port) && is_host(own, uri.host()))
    }
}

fn is_host(own: &str, host: SipHost<'_>) -> bool {
    match host {
        SipHost::Name(name) => own.eq_ignore_ascii_case(name.strip_suffix('.').unwrap_or(name)),
        SipHost::V4(_) | SipHost::V6(_) => SipHost::parse(own.as_bytes()) == Some(host),
    }
}

/// `host` or `host:port`; an IPv6 address stands in brackets.
fn read_alias(text: &str) -> Option<(String, u16)> {
    let uri = ["sip:", text].concat();
    let uri = Uri::parse(uri.as_bytes()).ok()?;
    let bare = uri.user().is_none() && !text.contains([';', '?']);
    bare.then(|| (uri.host().to_string(), uri.port().unwrap_or(DEFAULT_PORT)))
}
