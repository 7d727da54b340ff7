//! The S-CSCFs that can be chosen (TS 24.229 §5.3.1.3; TS 29.228 §6.7).
//!
//! In: what the HSS demands and what it prefers, which S-CSCFs failed already. Out: the best one that is left: it has every
//! mandatory capability, and of those the most optional ones; among equals the one that was configured first. Names that
//! the HSS gives go before our own.

use strowger_sdk::ims::Capabilities;

/// One S-CSCF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scscf {
    /// Its SIP URI.
    pub uri: String,
    /// What it can do.
    pub capabilities: Vec<u32>,
}

/// The next S-CSCF to try; `None`: there is none left.
#[must_use]
pub fn choose(ours: &[Scscf], wanted: Option<&Capabilities>, tried: &[String]) -> Option<String> {
    let is_new = |uri: &&String| !tried.iter().any(|own| own == *uri);
    if let Some(named) = wanted.and_then(|wanted| wanted.server_names.iter().find(is_new)) {
        return Some(named.clone());
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
