//! The edge example with a fault for every occasion: what a broken plugin costs, and whom.
//!
//! In: requests. Out: what the edge example decides, and inside dialogs, where that is not asked, what the standard says; but
//! a request outside dialogs with a header field `X-Misbehave: WORD` is what this version of the plugin has a bug for.
//!
//! | word | the bug | the host says (`/metrics`) |
//! |---|---|---|
//! | `loop` | goes round for ever | `plugin_failures_total{why="deadline"}` |
//! | `recurse` | calls itself for ever | `plugin_traps_total{kind="stack"}` |
//! | `recurse-wide` | the same with so much in each frame that its own memory ends first | `plugin_traps_total{kind="bounds"}` |
//! | `allocate` | takes memory without end | `plugin_traps_total{kind="memory"}` |
//! | `panic` | gives up | `plugin_traps_total{kind="panic"}` |
//! | `fault` | says by itself that this cannot be | `plugin_faults_total` |
//! | `nonsense` | decides what the contract forbids | `plugin_failures_total{why="invalid"}` |
//! | `unavailable` | answers 503 for no reason | `plugin_server_failures_total` |
//! | `slow` | goes round for some tens of ms, then decides | `plugin_call_seconds` |
//! | `astray` | relays to what a header field `X-Astray` says, whoever is meant | `plugin_answers_total` |
//! | `rewrite` | puts its own Subject in the place of the caller's | nothing: only a comparison finds that (`strowger plugin shadow`) |
//! | `chatter` | writes a thousand lines into the log, then decides | `plugin_log_lines_dropped_total` |
//!
//! One word is no bug by itself: with `remember` the call keeps what its header field `X-Keep` says. Each request inside it leaves
//! with what is kept there (`X-Kept: NAME=VALUE`), and a version that takes the call over from another one
//! (`strowger plugin adopt`) keeps it by another name; unless it is `loop`, `panic`, `fault` or `nonsense`, which are bugs
//! of that: then all stays as it was.
//!
//! Push it into a router that carries calls, and send one such request: its caller gets a 500 or what the table says, nobody else notices.
//! The end-to-end tests of `host/strowger` do just that.

use std::hint::black_box;

use strowger_sdk::decision::Edit;
use strowger_sdk::prelude::*;

#[path = "../../edge/src/registrar.rs"]
mod registrar;
#[path = "../../edge/src/routing.rs"]
mod routing;
#[path = "../../edge/src/settings.rs"]
mod settings;

pub use settings::Settings;

/// What a request says to make this plugin go wrong.
pub const MARK: &str = "X-Misbehave";

/// Where one goes that goes astray.
const ASTRAY: &str = "X-Astray";

/// What a call is to keep.
const KEEP: &str = "X-Keep";

/// What a call keeps.
const SHOWN: &str = "X-Kept";

/// By which name it does, in a call that a version took itself, and in one that it took over.
const KEPT: &str = "kept";
const INHERITED: &str = "inherited";

/// Turns of one that dawdles: each is about a nanosecond.
const TURNS: u64 = 40_000_000;

/// Lines of a chatterbox.
const CHATTER: u32 = 1_000;

/// The plugin.
#[derive(Debug)]
pub struct Misbehaving(Settings);

impl Plugin for Misbehaving {
    fn init(configuration: &str) -> Result<Self, String> {
        Ok(Misbehaving(Settings::read(configuration)?))
    }

    fn manifest(&self) -> Manifest {
        Manifest::new().name("misbehaving").in_dialog()
    }

    fn on_in_dialog_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        for name in [KEPT, INHERITED] {
            if let Some(value) = host.dialog_variable(name) {
                request.append(SHOWN, format!("{name}={}", String::from_utf8_lossy(&value)));
            }
        }
        next().into()
    }

    fn on_adopt(&self, mut call: Adoption, _host: &impl Host) -> Result<Option<Variables>, Fault> {
        match call.variable(KEPT) {
            Some(b"loop") => go_round(),
            Some(b"panic") => panic!("nobody expected a call of {} {}", call.name, call.version),
            Some(b"fault") => return Err(Fault::new(42, "this cannot be")),
            Some(b"nonsense") => return Ok(Some(vec![(String::new(), Vec::new())])),
            _ => {}
        }
        call.rename(KEPT, INHERITED);
        Ok(Some(call.variables))
    }

    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        match request.text(MARK) {
            Some("loop") => go_round(),
            Some("recurse") => {
                black_box(descend(0));
            }
            Some("recurse-wide") => {
                black_box(descend_wide(0));
            }
            Some("allocate") => hoard(),
            Some("panic") => panic!("nobody expected a header field {MARK}"),
            Some("fault") => return Err(Fault::new(42, "this cannot be").into()),
            Some("nonsense") => return Ok(Decision::Next(vec![Edit::Remove(u32::MAX)])),
            Some("unavailable") => return reply(503).into(),
            Some("slow") => dawdle(),
            Some("astray") => {
                return Relay::to_uri(request.text(ASTRAY).unwrap_or_default()).into();
            }
            Some("rewrite") => {
                request.set_header("Subject", "rewritten");
            }
            Some("remember") => host.set_dialog_variable(KEPT, request.text(KEEP).map(str::as_bytes)),
            Some("chatter") => (0..CHATTER).for_each(|n| host.log(Level::Info, &format!("line {n}"))),
            _ => {}
        }
        let uri = request.uri()?;
        match request.method() {
            Method::Ack => routing::stray_ack(&self.0, request, host),
            Method::Cancel => next().into(),
            Method::Register => registrar::register(&self.0, request, host),
            _ => routing::route(&self.0, request, &uri, host),
        }
    }
}

fn go_round() {
    let mut turns = 0u64;
    while black_box(true) {
        turns = turns.wrapping_add(1);
    }
}

fn dawdle() {
    let mut turns = 0;
    while turns < black_box(TURNS) {
        turns = black_box(turns + 1);
    }
}

fn descend(depth: u64) -> u64 {
    match black_box(true) {
        true => descend(depth + 1).wrapping_add(depth),
        false => depth,
    }
}

/// What a function takes the address of lies in linear memory, on a stack of its own.
fn descend_wide(depth: u64) -> u64 {
    let here = black_box([depth; 256]);
    match black_box(true) {
        true => descend_wide(depth + 1).wrapping_add(here[0]),
        false => here[1],
    }
}

fn hoard() {
    let mut all = Vec::new();
    while black_box(true) {
        all.push(black_box(vec![1u8; 64 << 10]));
    }
}

strowger_sdk::export!(Misbehaving);
