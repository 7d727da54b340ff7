//! The S-CSCFs that can be chosen (TS 24.229 §5.3.1.3; TS 29.228 §6.7).
//!
//! In: what the HSS demands and what it prefers, which S-CSCFs failed already. Out: the best one that is left: it has every
//! mandatory capability, and of those the most optional ones; among equals the one that was configured first. Names that
//! the HSS gives go before our own.

use strowger_sdk::ims::Capabilities;
use strowger_sdk::prelude::*;

/// One S-CSCF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scscf {
    /// Its SIP URI.
    pub uri: String,
    /// What it can do.
    pub capabilities: Vec<u32>,
}

/// The SIP URI of an S-CSCF that the HSS names. There are HSSes that give a host name alone (TS 29.229 §6.3.3 wants a SIP
/// URI): then it is that of `ours` with this host, or `sip:` and the name. `None`: it is no name at all.
#[must_use]
pub fn uri_of(name: &str, ours: &[Scscf]) -> Option<String> {
    if Uri::parse(name.as_bytes()).is_ok_and(|uri| uri.is_sip()) {
        return Some(name.to_owned());
    }
    let uri = ["sip:", name].concat();
    let host = Uri::parse(uri.as_bytes()).ok()?.host().to_string();
    let same_host = |one: &&Scscf| {
        Uri::parse(one.uri.as_bytes()).is_ok_and(|own| own.host().to_string().eq_ignore_ascii_case(&host))
    };
    Some(ours.iter().find(same_host).map_or(uri.clone(), |own| own.uri.clone()))
}

/// The next S-CSCF to try; `None`: there is none left.
#[must_use]
pub fn choose(ours: &[Scscf], wanted: Option<&Capabilities>, tried: &[String]) -> Option<String> {
    let is_new = |uri: &&String| !tried.iter().any(|own| own == *uri);
    let named = wanted.into_iter().flat_map(|wanted| &wanted.server_names);
    if let Some(named) = named.filter_map(|name| uri_of(name, ours)).find(|uri| is_new(&uri)) {
        return Some(named);
    }
    let has_all = |scscf: &&Scscf| {
        wanted.is_none_or(|wanted| wanted.mandatory.iter().all(|one| scscf.capabilities.contains(one)))
    };
    let mut best: Option<(&Scscf, usize)> = None;
    for scscf in ours.iter().filter(|scscf| is_new(&&scscf.uri)).filter(has_all) {
        let optional = wanted.map_or(0, |wanted| {
            wanted.optional.iter().filter(|one| scscf.capabilities.contains(one)).count()
        });
        if best.is_none_or(|(_, most)| optional > most) {
            best = Some((scscf, optional));
        }
    }
    best.map(|(scscf, _)| scscf.uri.clone())
}
