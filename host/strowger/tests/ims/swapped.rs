//! The plugin of each CSCF is swapped again and again while calls stand, begin and end: every request inside a call is put
//! before the builds that its INVITE was put before, at each pass of the call by an element. (`cargo xtask swaps --ims`
//! does it for ten minutes with SIPp.)
//!
//! The builds are those of `host/xtask/marked`: each adds its name to a header field of what it decides.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::crowd::{Call, answer_to, call, wait_for};
use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};
use crate::support::Message;
use crate::until;

/// What stands before a build's name in a file; the name has eight octets.
const SIGN: &[u8] = b"strowger-marking-sdk-build:";

/// Swaps of each plugin while calls come and go.
const SWAPS: usize = 10;

#[test]
fn each_call_stays_with_the_builds_that_took_it() {
    let network = Network::start(&Setup::of(sims(1..=6, "")));
    let phones: Vec<RawPhone> = (1..=6).map(|n| RawPhone::registered(&network, Card::sim(n))).collect();
    let pairs: Vec<(&RawPhone, &RawPhone)> =
        phones.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect();

    let mut standing = Vec::new();
    for (build, (caller, callee)) in ["h1", "h2"].into_iter().zip(&pairs) {
        swap(&network, build);
        let up = call(caller, callee);
        let mark = format!("Pcscf {build}, Scscf {build}, Scscf {build}, Pcscf {build}");
        assert_eq!(marks(&up.came), mark);
        standing.push(up);
    }
    for swap_now in 0..SWAPS {
        swap(&network, ["a", "b"][swap_now % 2]);
        let (caller, callee) = pairs[2];
        let up = call(caller, callee);
        swap(&network, ["b", "a"][swap_now % 2]);
        stays(&up, (caller, callee), swap_now % 2 == 0);
    }
    for (n, (up, pair)) in standing.iter().zip(&pairs).enumerate() {
        stays(up, *pair, n == 0);
    }
    for element in [&network.pcscf, network.scscf(), &network.icscf] {
        element.comes_to_rest();
        until("calls are over", || element.status("dialogs") == 0);
    }
}

/// A call passes by an S-CSCF on behalf of its caller, and on behalf of its callee.
#[test]
fn each_pass_of_a_call_is_its_own_subscribers_business() {
    let network = Network::start(&Setup::of(sims(1..=8, "")));
    let phones: Vec<RawPhone> = (1..=8).map(|n| RawPhone::registered(&network, Card::sim(n))).collect();
    give(&network, "activate=true", "a");
    give(&network, "share=500", "b");
    let of = |phone: &RawPhone| {
        let identity = phone.card.impu.replace('+', "%2B");
        network.scscf().json("GET", &format!("/which?identity={identity}"), "")["number"].as_u64()
    };
    let first = &phones[0];
    let other =
        phones.iter().find(|phone| of(phone) != of(first)).expect("half of them have another version");
    for (caller, callee) in [(first, other), (other, first)] {
        for by_the_caller in [true, false] {
            let up = call(caller, callee);
            let took = marks(&up.came);
            assert!(took.contains("Scscf a") && took.contains("Scscf b"), "{took}");
            stays(&up, (caller, callee), by_the_caller);
        }
    }
}

/// UPDATE, re-INVITE and BYE, from either side, come by the builds of the INVITE.
#[track_caller]
fn stays(up: &Call, (caller, callee): (&RawPhone, &RawPhone), by_the_caller: bool) {
    let took = marks(&up.came);
    let mut mirrored: Vec<&str> = took.split(", ").collect();
    if !by_the_caller {
        mirrored.reverse();
    }
    let took = mirrored.join(", ");
    for (cseq, method) in (2..).zip(["UPDATE", "INVITE", "BYE"]) {
        let (one, other) = if by_the_caller { (caller, callee) } else { (callee, caller) };
        let within = |method| match by_the_caller {
            true => up.invite.within(&up.ok, method, cseq),
            false => crate::support::Request::back(&up.came, crate::crowd::CALLEE_TAG, method, cseq),
        };
        let request = within(method);
        one.peer.send(&request);
        let came = wait_for(&other.peer, method);
        assert_eq!(marks(&came), took, "{method}\n{}", came.text());
        other.peer.answer(&came, 200, "", &format!("Contact: <{}>", other.contact()));
        assert_eq!(answer_to(&one.peer, &request).status(), 200);
        if method == "INVITE" {
            one.peer.send(&within("ACK"));
            assert_eq!(marks(&wait_for(&other.peer, "ACK")), took, "ACK");
        }
    }
}

/// Which builds decided about a request on its way; the I-CSCF, which records no route, left out.
fn marks(message: &Message) -> String {
    let all = message.get("X-Decided-By").split(", ").filter(|mark| !mark.starts_with("Icscf"));
    all.collect::<Vec<_>>().join(", ")
}

/// Every CSCF takes this build of its plugin.
#[track_caller]
fn swap(network: &Network, build: &str) {
    give(network, "activate=true", build);
}

#[track_caller]
fn give(network: &Network, how: &str, build: &str) {
    let elements = [("pcscf", &network.pcscf), ("scscf", network.scscf()), ("icscf", &network.icscf)];
    for ((role, element), file) in elements.into_iter().zip(marked()) {
        let mut plugin = std::fs::read(file).expect("a plugin");
        let at = plugin.windows(SIGN.len()).position(|octets| octets == SIGN).expect("a place for its name");
        let at = at + SIGN.len();
        plugin[at..at + 8].copy_from_slice(format!("{build:8}").as_bytes());
        element.push(role, how, &plugin);
    }
}

/// The plugins that mark what they decide, built once.
fn marked() -> &'static [PathBuf] {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout");
        let wasm = toolchain::Wasm::find(&toolchain::Options::in_workspace(&root)).expect("a compiler");
        let packages = ["strowger-marked-pcscf", "strowger-marked-scscf", "strowger-marked-icscf"];
        let folder = root.join("host/xtask/marked");
        wasm.build_all(&folder, &packages, toolchain::Profile::Speed).expect("the plugins build")
    })
}
