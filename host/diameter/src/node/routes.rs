//! Which peer gets a request: RFC 6733 §6.1.4 to §6.1.6, §2.7.
//!
//! In: where the request goes, and what state each peer is in. Out: one peer. Destination-Host first, if it is a peer;
//! then the realm's routes by trust, priority and weight.

use crate::format::DiameterIdentity;
use crate::header::ApplicationId;
use crate::luck::Luck;
use crate::node::PeerId;
use crate::peer::Trust;

/// A line of the routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The realm; `None`: those that no other line and no peer's own realm names.
    pub realm: Option<DiameterIdentity>,
    /// The application; `None`: all.
    pub application: Option<ApplicationId>,
    /// The next hop.
    pub peer: DiameterIdentity,
    /// The lowest is asked first.
    pub priority: u16,
    /// How the requests of one priority are shared. Zero: only if no other is there.
    pub weight: u16,
}

/// A peer that a request may be sent to, if its state allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) peer: PeerId,
    /// It is the request's Destination-Host.
    pub(super) is_destination: bool,
    pub(super) priority: u16,
    pub(super) weight: u16,
}

/// Why no peer gets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RouteError {
    /// It has neither a Destination-Realm nor a Destination-Host that is a peer.
    #[error("no destination")]
    NoDestination,
    /// No route leads to the realm: REALM_NOT_SERVED.
    #[error("no route to the realm")]
    NoRoute,
    /// Nobody on the way is open and speaks the application: UNABLE_TO_DELIVER.
    #[error("no peer that can take it")]
    NoPeer,
    /// They are, and have as much to do as they may: TOO_BUSY.
    #[error("every peer has too much outstanding")]
    Full,
}

/// The order in which candidates are asked. A peer that is the destination itself is worth a connection that is not
/// trusted yet, because nobody else is it; but not one that is silent.
const fn class(candidate: &Candidate, trust: Trust) -> u8 {
    match (candidate.is_destination, trust) {
        (true, Trust::Okay | Trust::Reopen) => 0,
        (false, Trust::Okay) => 1,
        // What RFC 3539 leaves unused until it is trusted again: better than refusing.
        (false, Trust::Reopen) => 2,
        (true, Trust::Suspect) => 3,
        (false, Trust::Suspect) => 4,
    }
}

/// Chooses one. `state`: how far a peer is trusted, and whether it has room; `None`: not at all, or tried already.
pub(super) fn choose(
    candidates: &[Candidate],
    mut state: impl FnMut(PeerId) -> Option<(Trust, bool)>,
    luck: &mut Luck,
) -> Result<PeerId, RouteError> {
    let mut is_full = false;
    let mut best: Option<(u8, u16)> = None;
    let mut equals: Vec<&Candidate> = Vec::new();
    for candidate in candidates {
        let Some((trust, has_room)) = state(candidate.peer) else { continue };
        if !has_room {
            is_full = true;
            continue;
        }
        let rank = (class(candidate, trust), candidate.priority);
        match best {
            Some(best) if best < rank => continue,
            Some(best) if best == rank => {}
            _ => {
                best = Some(rank);
                equals.clear();
            }
        }
        equals.push(candidate);
    }
    let whole: u64 = equals.iter().map(|candidate| u64::from(candidate.weight)).sum();
    let mut at = luck.below(whole);
    let chosen = equals.iter().find(|candidate| {
        let weight = u64::from(candidate.weight);
        let is_here = at < weight || whole == 0;
        at = at.saturating_sub(weight);
        is_here
    });
    match chosen {
        Some(candidate) => Ok(candidate.peer),
        None if is_full => Err(RouteError::Full),
        None => Err(RouteError::NoPeer),
    }
}

/// The routes to a realm: its own lines, else the peers in it, else the lines for any realm.
pub(super) fn lines<'a>(
    routes: &'a [(Route, PeerId)],
    of_realm: impl Iterator<Item = PeerId>,
    realm: &[u8],
    application: ApplicationId,
) -> Vec<Candidate> {
    let lines = |is_it: &dyn Fn(&'a Route) -> bool| -> Vec<Candidate> {
        let fits = |route: &Route| route.application.is_none_or(|one| one == application);
        let found = routes.iter().filter(|(route, _)| is_it(route) && fits(route));
        found
            .map(|(route, peer)| Candidate {
                peer: *peer,
                is_destination: false,
                priority: route.priority,
                weight: route.weight,
            })
            .collect()
    };
    let own = lines(&|route| route.realm.as_ref().is_some_and(|name| name.is(realm)));
    if !own.is_empty() {
        return own;
    }
    let in_it: Vec<Candidate> =
        of_realm.map(|peer| Candidate { peer, is_destination: false, priority: 0, weight: 1 }).collect();
    if !in_it.is_empty() {
        return in_it;
    }
    lines(&|route| route.realm.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(peer: u16, priority: u16, weight: u16) -> Candidate {
        Candidate { peer: PeerId(peer), is_destination: false, priority, weight }
    }

    fn pick(candidates: &[Candidate], states: &[Option<(Trust, bool)>]) -> Result<u16, RouteError> {
        let state = |peer: PeerId| states[peer.0 as usize];
        choose(candidates, state, &mut Luck::new(1)).map(|peer| peer.0)
    }

    const OKAY: Option<(Trust, bool)> = Some((Trust::Okay, true));
    const REOPEN: Option<(Trust, bool)> = Some((Trust::Reopen, true));
    const SUSPECT: Option<(Trust, bool)> = Some((Trust::Suspect, true));
    const FULL: Option<(Trust, bool)> = Some((Trust::Okay, false));

    #[test]
    fn trust_before_priority_before_weight() {
        let two = [candidate(0, 1, 1), candidate(1, 2, 1)];
        for (states, expected) in [
            ([OKAY, OKAY], Ok(0)),
            ([None, OKAY], Ok(1)),
            ([FULL, OKAY], Ok(1)),
            ([REOPEN, OKAY], Ok(1)),
            ([SUSPECT, REOPEN], Ok(1)),
            ([SUSPECT, None], Ok(0)),
            ([None, FULL], Err(RouteError::Full)),
            ([None, None], Err(RouteError::NoPeer)),
        ] {
            assert_eq!(pick(&two, &states), expected, "{states:?}");
        }
        assert_eq!(pick(&[], &[]), Err(RouteError::NoPeer));
    }

    #[test]
    fn the_destination_itself_comes_first_unless_it_is_silent() {
        let destination = Candidate { is_destination: true, ..candidate(0, 9, 1) };
        let both = [candidate(1, 0, 1), destination];
        assert_eq!(pick(&both, &[OKAY, OKAY]), Ok(0));
        assert_eq!(pick(&both, &[REOPEN, OKAY]), Ok(0));
        assert_eq!(pick(&both, &[SUSPECT, OKAY]), Ok(1));
        assert_eq!(pick(&both, &[SUSPECT, SUSPECT]), Ok(0));
    }

    #[test]
    fn weights_are_shares() {
        let three = [candidate(0, 1, 3), candidate(1, 1, 1), candidate(2, 1, 0)];
        let mut luck = Luck::new(5);
        let mut seen = [0; 3];
        for _ in 0..4000 {
            let peer = choose(&three, |_| OKAY, &mut luck).unwrap();
            seen[peer.0 as usize] += 1;
        }
        assert!((2800..3200).contains(&seen[0]) && seen[2] == 0, "{seen:?}");
        assert_eq!(pick(&three, &[None, None, OKAY]), Ok(2), "alone it is taken");
    }

    #[test]
    fn lines_of_the_realm_then_its_peers_then_the_rest() {
        let name = |text: &str| text.parse::<DiameterIdentity>().unwrap();
        let route = |realm: Option<&str>, application, peer: u16| {
            let route =
                Route { realm: realm.map(name), application, peer: name("unused"), priority: 0, weight: 1 };
            (route, PeerId(peer))
        };
        let table = [
            route(Some("ims.test"), Some(ApplicationId::CX), 1),
            route(None, None, 2),
            route(Some("other.test"), Some(ApplicationId(4)), 3),
        ];
        let peers = |realm: &str, own: &[u16]| -> Vec<u16> {
            let own = own.iter().map(|peer| PeerId(*peer));
            lines(&table, own, realm.as_bytes(), ApplicationId::CX).iter().map(|one| one.peer.0).collect()
        };
        assert_eq!(peers("IMS.test", &[7]), [1]);
        assert_eq!(peers("other.test", &[7, 8]), [7, 8], "its line is of another application");
        assert_eq!(peers("other.test", &[]), [2]);
    }
}
