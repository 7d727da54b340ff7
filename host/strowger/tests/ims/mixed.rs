//! A network whose CSCFs are not all ours: HSS and some CSCFs of this build, Kamailio in the other places.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::element::Element;
use crate::kamailio::{self, Kamailio, Place};
use crate::network::{Setup, addresses, deregister, starting, state};
use crate::phone::Phone;
use crate::plan::Plan;
use crate::ports::random_pair;
use crate::subscribers::Card;
use crate::until;

/// A running network. Dropped, all of it is killed, and its folders are gone.
pub(crate) struct Mixed {
    hss: Element,
    ours: Vec<Element>,
    pcscf: SocketAddr,
    _theirs: Vec<Kamailio>,
    _folder: tempfile::TempDir,
}

impl Mixed {
    /// One with Kamailio in these places. `None`: it is not installed, and that is said.
    pub(crate) fn start(places: &[Place], subscribers: String) -> Option<Mixed> {
        let program = kamailio::program()?;
        let _starting = starting();
        let folder = tempfile::tempdir().expect("a folder");
        let at = addresses(8);
        let setup = Setup::of(subscribers);
        let plan = Plan {
            setup: &setup,
            folder: folder.path(),
            hss: at[0],
            hss_identity: "localhost",
            agent: None,
            pcscf: at[2],
            icscf: at[4],
            scscfs: &at[6..],
        };
        let mut hss = plan.hss(at[1]);
        hss.wait_until_ready();
        let mut theirs: Vec<Kamailio> =
            places.iter().map(|place| Kamailio::start(&program, &plan, *place)).collect();
        let all = [Place::Scscf, Place::Icscf, Place::Pcscf];
        let ours = all.into_iter().filter(|place| !places.contains(place));
        let mut ours: Vec<Element> = ours
            .map(|place| match place {
                Place::Pcscf => plan.pcscf(at[3]),
                Place::Icscf => plan.icscf(at[5], hss.at),
                Place::Scscf => plan.scscf(0, hss.at),
            })
            .collect();
        ours.iter_mut().for_each(Element::wait_until_ready);
        theirs.iter_mut().for_each(Kamailio::wait_until_ready);
        until("S-CSCF and I-CSCF are connected to the HSS", || {
            hss.metric("strowger_diameter_peer_open", &[]) == 2
        });
        Some(Mixed { hss, ours, pcscf: plan.pcscf, _theirs: theirs, _folder: folder })
    }

    /// A phone with an address of its own, for Kamailio can be set to tell contacts apart by that alone.
    pub(crate) fn phone(&self, card: Card) -> Phone {
        let [x, y] = random_pair();
        let at = SocketAddr::from(([127, x, y, 1], 0));
        Phone::at(self.pcscf, card, |settings| {
            settings.local = at;
            settings.media = settings.media.iter().map(|media| (at.ip(), media.port()).into()).collect();
        })
    }

    /// See [`Network::state`](crate::network::Network::state).
    #[track_caller]
    pub(crate) fn state(&self, identity: &str) -> String {
        state(&self.hss, identity)
    }

    /// See [`Network::deregister`](crate::network::Network::deregister).
    #[track_caller]
    pub(crate) fn deregister(&self, identity: &str, reason: &str) -> (u64, u64) {
        deregister(&self.hss, identity, reason)
    }

    /// What went over the wire of what is ours, for a test that fails.
    #[track_caller]
    pub(crate) fn trace(&self) -> String {
        let mut text = String::new();
        for element in &self.ours {
            writeln!(text, "{}", element.at).expect("written");
            let trace = element.json("GET", "/trace", "");
            for message in trace["messages"].as_array().expect("messages") {
                let way = if message["sent"] == true { "to" } else { "from" };
                writeln!(text, "  {} {way} {}", message["label"], message["remote"]).expect("written");
            }
        }
        text
    }

    /// Nothing is under way in what is ours.
    #[track_caller]
    pub(crate) fn comes_to_rest(&self) {
        self.ours.iter().for_each(Element::comes_to_rest);
    }
}
