//! The settings of this plugin: the text under `configuration` in the router's file.
//!
//! In: `key = value` lines (TOML). Out: [`Settings`], or a sentence that names key, value and reason.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `domains` | must be given | domains of the home network |
//! | `[scscfs]` | none | `name = "sip:host:port"`: S-CSCFs to choose from where the HSS names none; preferred in this order |
//! | `[capabilities]` | none | `name = "1 2 3"`: what an S-CSCF can do, numbers that the HSS knows (TS 29.228 §6.7) |
//! | `bgcf` | none | `sip:host:port` of a gateway or BGCF for telephone numbers that the HSS does not know |
//! | `hss_failure` | 480 | status where the HSS cannot be asked (TS 24.229 §5.3.1.2; some networks want 500 or 504) |
//! | `scscf_timeout_ms` | 5000 | how long an S-CSCF may say nothing at all to a request, not even 100, and nothing to others, before another one is selected (TS 24.229 §5.3.1.3); 0: as long as the transaction lasts |
//! | `trusted` | `["*"]` | addresses of the trust domain, an address or a prefix each (`"10.0.0.0/8"`); others lose P-Asserted-Identity and its like |
//! | `topology` | none | addresses of the network that other networks are not shown, an address or a prefix each; with it this I-CSCF is the border (TS 24.229 §5.10.4), and hides names of `domains` too |
//! | `uri` | with `topology` | this I-CSCF's SIP URI, as other networks reach it: `"sip:192.0.2.1:4060"` |
//! | `default_country` | none | country code for numbers that are dialled without one: `"49"` |

use strowger_sdk::configuration::{Configuration, ConfigurationError, missing, unfit};
use strowger_sdk::prelude::*;
use strowger_sdk::trust_domain::TrustDomain;

use crate::border::Border;
use crate::scscfs::Scscf;

/// See the table above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// At least one.
    pub domains: Vec<String>,
    /// In order of preference.
    pub scscfs: Vec<Scscf>,
    /// For telephone numbers of others.
    pub bgcf: Option<String>,
    /// Status where the HSS cannot be asked.
    pub hss_failure: u16,
    /// ms; 0: as long as the transaction lasts.
    pub scscf_timeout: u32,
    /// Who is believed.
    pub trusted: TrustDomain,
    /// Other networks are not shown what is behind it.
    pub border: Option<Border>,
    /// For numbers without a country code.
    pub default_country: Option<String>,
}

impl Settings {
    /// Reads them all.
    pub fn read(configuration: &str) -> Result<Self, ConfigurationError> {
        let mut c = Configuration::parse(configuration)?;
        let domains =
            c.texts("domains")?.filter(|domains| !domains.is_empty()).ok_or_else(|| missing("domains"))?;
        let capabilities = c.table("capabilities")?;
        let mut scscfs = Vec::new();
        for (name, uri) in c.table("scscfs")? {
            sip_uri("scscfs", &uri)?;
            let numbers =
                capabilities.iter().filter(|(of, _)| *of == name).flat_map(|(_, list)| list.split(' '));
            let number = |text: &str| {
                text.parse().map_err(|_| unfit("capabilities", text, "numbers with a space between them"))
            };
            let capabilities =
                numbers.filter(|text| !text.is_empty()).map(number).collect::<Result<_, _>>()?;
            scscfs.push(Scscf { uri, capabilities });
        }
        let bgcf = c.text("bgcf")?;
        if let Some(uri) = &bgcf {
            sip_uri("bgcf", uri)?;
        }
        let hss_failure = c.number("hss_failure", 400..=699)?.unwrap_or(480) as u16;
        let scscf_timeout = c.number("scscf_timeout_ms", 0..=60_000)?.unwrap_or(5_000);
        let trusted = TrustDomain::read(&mut c, "trusted")?;
        let topology = c.texts("topology")?;
        let uri = c.element_uri("uri")?;
        let border = match topology {
            None => None,
            Some(list) => {
                if list.iter().any(|all| all == "*") {
                    return Err(unfit("topology", "*", "an address, or a prefix such as 10.0.0.0/8"));
                }
                let topology = TrustDomain::of(&list).map_err(|wrong| {
                    unfit("topology", &wrong, "an address, or a prefix such as 10.0.0.0/8")
                })?;
                let uri = uri.ok_or_else(|| missing("uri"))?;
                Some(Border { uri, domains: domains.clone(), topology })
            }
        };
        let default_country = c.text("default_country")?;
        if let Some(code) =
            default_country.as_deref().filter(|code| !code.bytes().all(|digit| digit.is_ascii_digit()))
        {
            return Err(unfit("default_country", code, "digits without +"));
        }
        c.finish()?;
        Ok(Self { domains, scscfs, bgcf, hss_failure, scscf_timeout, trusted, border, default_country })
    }

    /// Whether a URI is of the home network: its host is a domain of ours.
    #[must_use]
    pub fn is_home(&self, uri: &Uri<'_>) -> bool {
        let host = uri.host().to_string();
        uri.is_sip() && self.domains.iter().any(|own| own.eq_ignore_ascii_case(host.trim_end_matches('.')))
    }
}

fn sip_uri(key: &str, text: &str) -> Result<(), ConfigurationError> {
    match Uri::parse(text.as_bytes()) {
        Ok(uri) if uri.is_sip() => Ok(()),
        _ => Err(unfit(key, text, "a SIP URI")),
    }
}
