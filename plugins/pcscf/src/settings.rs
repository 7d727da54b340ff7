//! The settings of this plugin: the text under `configuration` in the router's file.
//!
//! In: `key = value` lines (TOML). Out: [`Settings`], or a sentence that names key, value and reason.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `domain` | must be given | of this network: P-Visited-Network-ID |
//! | `ioi` | the domain | what this network is called in charging vectors (TS 24.229 §4.5.4); `""`: nothing |
//! | `uri` | must be given | this P-CSCF's SIP URI, as phones and the core know it: `"sip:192.0.2.1:5060"` |
//! | `icscf` | none | entry of the home network for REGISTER: `"sip:192.0.2.1:4060"`; none: by DNS |
//! | `service_route` | `"replace"` | a phone whose Route is not the Service-Route it got: `"replace"` it, or `"refuse"` with 400 |
//! | `sec_agree` | `"refuse"` | a phone that demands a security agreement (RFC 3329), which there is none of here: `"refuse"` it with 420, or `"tolerate"` it without one. The host asks where `node.proxy_require` has `"sec-agree"`, and refuses by itself elsewhere |
//! | `reg_event` | true | watch the registrations of phones, to know when the network ends one |
//! | `trusted` | `["*"]` | addresses of the network's elements, an address or a prefix each (`"10.0.0.0/8"`); nobody else sends to phones, or is believed inside dialogs |
//! | `session_expires` | 1800 | seconds after which a session is to be refreshed that says nothing or more; 0: whatever the phones say |
//! | `min_se` | 90 | seconds; a shorter session timer is answered 422 (RFC 4028) |
//! | `t1_ms`, `t2_ms`, `t4_ms` | 2000, 16000, 17000 | SIP timers towards phones (TS 24.229 §7.7) |

use strowger_sdk::configuration::{Configuration, ConfigurationError, missing, unfit};
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::trust_domain::TrustDomain;

use crate::session_timer::LEAST;

/// See the table above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Of this network.
    pub domain: String,
    /// This operator's identifier in charging vectors, without the prefix that tells its type.
    pub ioi: Option<String>,
    /// Ourselves.
    pub uri: String,
    /// Entry of the home network.
    pub icscf: Option<String>,
    /// Put the Service-Route in the place of another Route, or refuse.
    pub replaces_route: bool,
    /// Serve a phone that demands a security agreement without one.
    pub tolerates_sec_agree: bool,
    /// Watch registrations.
    pub reg_event: bool,
    /// Who belongs to the network.
    pub trusted: TrustDomain,
    /// Seconds of a session's timer; `None`: they are the phones' business.
    pub session_expires: Option<u32>,
    /// The shortest timer that is taken, in seconds.
    pub min_se: u32,
    /// T1, T2, T4 in ms.
    pub timers: [u32; 3],
}

impl Settings {
    /// Reads them all.
    pub fn read(configuration: &str) -> Result<Self, ConfigurationError> {
        let mut c = Configuration::parse(configuration)?;
        let domain = c.text("domain")?.ok_or_else(|| missing("domain"))?;
        let ioi = Some(c.text("ioi")?.unwrap_or_else(|| domain.clone())).filter(|ioi| !ioi.is_empty());
        let uri = c.element_uri("uri")?.ok_or_else(|| missing("uri"))?;
        let icscf = c.element_uri("icscf")?;
        let replaces_route = match c.text("service_route")?.as_deref() {
            None | Some("replace") => true,
            Some("refuse") => false,
            Some(other) => return Err(unfit("service_route", other, "replace or refuse")),
        };
        let tolerates_sec_agree = match c.text("sec_agree")?.as_deref() {
            None | Some("refuse") => false,
            Some("tolerate") => true,
            Some(other) => return Err(unfit("sec_agree", other, "refuse or tolerate")),
        };
        let reg_event = c.flag("reg_event")?.unwrap_or(true);
        let trusted = TrustDomain::read(&mut c, "trusted")?;
        let min_se = c.number("min_se", LEAST..=86_400)?.unwrap_or(LEAST);
        let session_expires = match c.number("session_expires", 0..=604_800)? {
            None => Some(1_800.max(min_se)),
            Some(0) => None,
            Some(short) if short < min_se => {
                return Err(unfit("session_expires", &short.to_string(), "0, or no less than min_se"));
            }
            Some(seconds) => Some(seconds),
        };
        let t1 = c.number("t1_ms", 50..=10_000)?.unwrap_or(2_000);
        let t2 = c.number("t2_ms", t1..=60_000)?.unwrap_or(16_000.max(t1));
        let t4 = c.number("t4_ms", 50..=60_000)?.unwrap_or(17_000);
        c.finish()?;
        let timers = [t1, t2, t4];
        Ok(Self {
            domain,
            ioi,
            uri,
            icscf,
            replaces_route,
            tolerates_sec_agree,
            reg_event,
            trusted,
            session_expires,
            min_se,
            timers,
        })
    }

    /// Our own URI with this user part (empty: none) and these parameters behind `lr`.
    #[must_use]
    pub fn own_route(&self, user: &str, parameters: &str) -> String {
        route::with_user(&self.uri, user, parameters)
    }

    /// Whether a URI is our own.
    #[must_use]
    pub fn is_own(&self, uri: &Uri<'_>) -> bool {
        route::names(uri, &self.uri)
    }
}
