//! One peer from outside, in ladders: what it is told, what it asks for.

use std::time::Duration;

use super::state::State::*;
use super::*;
use crate::answer::refusal;
use crate::base::*;
use crate::command::Command;
use crate::dictionary::Dictionary;
use crate::failure::FailureKind;
use crate::format::{Address, DiameterIdentity};
use crate::header::{CommandCode, Flags};
use crate::result::{Outcome, ResultCode};
use crate::value::AvpBits;

fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

fn capabilities(host: &str) -> Capabilities {
    Capabilities {
        origin: Origin { host: name(host), realm: name("ims.test"), state_id: Some(1) },
        host_ip_addresses: vec![Address::Ip([192, 0, 2, 1].into())],
        vendor_id: 10415,
        product_name: "test".to_owned(),
        supported_vendor_ids: vec![10415],
        auth_application_ids: Vec::new(),
        inband_security_ids: Vec::new(),
        acct_application_ids: Vec::new(),
        vendor_specific_application_ids: vec![VendorSpecificApplicationId::of(10415, ApplicationId::CX)],
        firmware_revision: None,
    }
}

/// A peer `hss.ims.test` of ours, and what it says.
struct Ladder {
    peer: Peer,
    now: Instant,
}

const TIMERS: PeerTimers = PeerTimers {
    tc: Duration::from_secs(30),
    first_reconnect: Duration::from_secs(1),
    busy: Duration::from_secs(300),
    tw: Duration::from_secs(30),
    exchange: Duration::from_secs(10),
};

impl Ladder {
    /// We are `ours`, the peer is `hss.ims.test`.
    fn new(ours: &str) -> Ladder {
        let capabilities = capabilities(ours);
        let local = Local { capabilities, dictionary: Dictionary::new(), bits: AvpBits::Lenient };
        let settings = PeerSettings {
            identity: name("hss.ims.test"),
            realm: name("ims.test"),
            initiates: true,
            timers: TIMERS,
        };
        Ladder { peer: Peer::new(Arc::new(local), settings, 1), now: Instant::now() }
    }

    fn tell(&mut self, input: Input) -> Vec<String> {
        self.peer.handle_input(self.now, input);
        self.heard()
    }

    /// Lets time pass up to the next timer, which must be this one.
    fn timer(&mut self, expected: TimerName) -> Vec<String> {
        let (due, name) = self.peer.poll_timeout().unwrap();
        assert_eq!(name, expected);
        self.now = self.now.max(due);
        self.peer.handle_timeout(self.now);
        self.heard()
    }

    /// What it asks for, in words.
    fn heard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.peer.poll_output()).map(|output| words(&output)).collect()
    }

    fn open(&mut self) {
        assert_eq!(self.tell(Input::Start), ["connect"]);
        assert_eq!(self.tell(Input::Connected), ["I CER"]);
        assert_eq!(self.tell(Input::Received(Side::Initiator, self.cea())), ["opened"]);
        assert_eq!(self.peer.state(), IOpen);
    }

    fn cea(&self) -> Message {
        cea(ResultCode::SUCCESS, capabilities("hss.ims.test"))
    }

    fn cer(&mut self) -> Vec<String> {
        let cer =
            CapabilitiesExchangeRequest { capabilities: capabilities("hss.ims.test"), other: Vec::new() };
        let message = cer.print().unwrap().stamped(5, 6, Flags::REQUEST);
        let (header, capabilities) = (*message.header(), cer.capabilities);
        self.tell(Input::Accepted { header, capabilities })
    }
}

fn cea(result_code: ResultCode, capabilities: Capabilities) -> Message {
    let cea =
        CapabilitiesExchangeAnswer { result_code, capabilities, error_message: None, other: Vec::new() };
    cea.print().unwrap()
}

fn origin() -> Origin {
    capabilities("hss.ims.test").origin
}

fn dwr() -> Message {
    DeviceWatchdogRequest { origin: origin(), other: Vec::new() }.print().unwrap()
}

fn dwa() -> Message {
    let result_code = ResultCode::SUCCESS;
    DeviceWatchdogAnswer { result_code, origin: origin(), error_message: None, other: Vec::new() }
        .print()
        .unwrap()
}

fn dpr(disconnect_cause: DisconnectCause) -> Message {
    DisconnectPeerRequest { origin: origin(), disconnect_cause, other: Vec::new() }.print().unwrap()
}

fn dpa() -> Message {
    let result_code = ResultCode::SUCCESS;
    DisconnectPeerAnswer { result_code, origin: origin(), error_message: None, other: Vec::new() }
        .print()
        .unwrap()
}

fn request() -> Message {
    let flags = Flags::REQUEST | Flags::PROXIABLE;
    crate::builder::Builder::new(flags, CommandCode::PUSH_PROFILE, ApplicationId::CX).finish().unwrap()
}

fn cer_header() -> Header {
    let cer = CapabilitiesExchangeRequest { capabilities: capabilities("hss.ims.test"), other: Vec::new() };
    *cer.print().unwrap().header()
}

fn words(output: &Output) -> String {
    let side = |side: &Side| if *side == Side::Initiator { "I" } else { "R" };
    match output {
        Output::Connect => "connect".to_owned(),
        Output::Transmit(to, message) => {
            let letter = if message.is_request() { "R" } else { "A" };
            let command = match message.header().command {
                CommandCode::CAPABILITIES_EXCHANGE => "CE",
                CommandCode::DEVICE_WATCHDOG => "DW",
                CommandCode::DISCONNECT_PEER => "DP",
                _ => "other ",
            };
            match message.outcome() {
                Some(Outcome::Result(code)) if code != ResultCode::SUCCESS => {
                    format!("{} {command}{letter} {}", side(to), code.0)
                }
                _ => format!("{} {command}{letter}", side(to)),
            }
        }
        Output::Disconnect(of) => format!("{} disconnect", side(of)),
        Output::Accept => "accept".to_owned(),
        Output::Reject(None) => "reject".to_owned(),
        Output::Reject(Some(cea)) => format!("reject {:?}", cea.outcome().unwrap()),
        Output::Opened => "opened".to_owned(),
        Output::Closed { reason, was_open: true } => format!("closed {reason:?}"),
        Output::Closed { reason, was_open: false } => format!("not opened {reason:?}"),
        Output::Suspect => "suspect".to_owned(),
        Output::Okay => "okay".to_owned(),
        Output::Deliver(message) => format!("deliver {:?}", message.header().command),
    }
}

#[test]
fn we_connect() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    assert!(ladder.peer.is_open() && ladder.peer.trust(ApplicationId::CX) == Some(Trust::Okay));
    assert_eq!(ladder.peer.trust(ApplicationId(4)), None, "it does not speak it");
    assert_eq!(ladder.tell(Input::Send(request())), ["I other R"]);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, request())), ["deliver Push-Profile"]);
}

#[test]
fn the_peer_connects() {
    let mut ladder = Ladder::new("s.ims.test");
    assert_eq!(ladder.cer(), ["accept", "R CEA", "opened"]);
    assert_eq!(ladder.peer.state(), ROpen);
    assert_eq!(ladder.tell(Input::Received(Side::Responder, dwr())), ["R DWA"]);
    assert_eq!(ladder.cer(), ["reject"], "it is open already");
    assert_eq!(ladder.tell(Input::Start), [""; 0], "there is nothing to start");
}

#[test]
fn what_nobody_is_open_for_is_not_sent() {
    let mut ladder = Ladder::new("s.ims.test");
    assert_eq!(ladder.tell(Input::Send(request())), [""; 0]);
    assert_eq!(ladder.peer.trust(ApplicationId::CX), None);
}

#[test]
fn answers_that_do_not_let_us_in() {
    let mut other = capabilities("hss.ims.test");
    other.vendor_specific_application_ids.clear();
    other.auth_application_ids = vec![4];
    let mut tls = capabilities("hss.ims.test");
    tls.inband_security_ids = vec![1];
    let unknown = ResultCode::UNKNOWN_PEER;
    for (answer, reason) in [
        (cea(unknown, capabilities("hss.ims.test")), "Refused(Result(DIAMETER_UNKNOWN_PEER (3010)))"),
        (cea(ResultCode::SUCCESS, capabilities("hss2.ims.test")), "WrongIdentity"),
        (cea(ResultCode::SUCCESS, other), "NothingInCommon"),
        (cea(ResultCode::SUCCESS, tls), "NothingInCommon"),
        (dwr(), "NotCea"),
        (request(), "NotCea"),
    ] {
        let mut ladder = Ladder::new("s.ims.test");
        ladder.tell(Input::Start);
        ladder.tell(Input::Connected);
        let seen = ladder.tell(Input::Received(Side::Initiator, answer));
        assert_eq!(seen, ["I disconnect".to_owned(), format!("not opened {reason}")]);
        assert_eq!(ladder.timer(TimerName::Tc), ["connect"], "it may have changed its mind");
    }
    // A refusal that has nothing but its code.
    let mut ladder = Ladder::new("s.ims.test");
    ladder.tell(Input::Start);
    ladder.tell(Input::Connected);
    let failure = FailureKind::NoCommonApplication.into();
    let cer = CapabilitiesExchangeRequest { capabilities: capabilities("s.ims.test"), other: Vec::new() };
    let cer = cer.print().unwrap();
    let bare = refusal(cer.header(), cer.avps(), &origin(), &failure).unwrap();
    let seen = ladder.tell(Input::Received(Side::Initiator, bare));
    assert_eq!(seen[1], "not opened Refused(Result(DIAMETER_NO_COMMON_APPLICATION (5010)))");
}

#[test]
fn cers_that_we_do_not_let_in() {
    for (change, outcome) in [
        (
            (|theirs: &mut Capabilities| theirs.vendor_specific_application_ids.clear())
                as fn(&mut Capabilities),
            "reject Result(DIAMETER_NO_COMMON_APPLICATION (5010))",
        ),
        (|theirs| theirs.inband_security_ids = vec![1], "reject Result(DIAMETER_NO_COMMON_SECURITY (5017))"),
    ] {
        let mut ladder = Ladder::new("s.ims.test");
        let mut capabilities = capabilities("hss.ims.test");
        change(&mut capabilities);
        let header = cer_header();
        assert_eq!(ladder.tell(Input::Accepted { header, capabilities }), [outcome]);
        assert_eq!(ladder.peer.state(), Closed);
    }
    // A relay speaks everything (§2.4), and TLS may be offered beside nothing.
    let mut theirs = capabilities("hss.ims.test");
    theirs.vendor_specific_application_ids.clear();
    theirs.auth_application_ids = vec![ApplicationId::RELAY.0];
    theirs.inband_security_ids = vec![1, 0];
    let mut ladder = Ladder::new("s.ims.test");
    let seen = ladder.tell(Input::Accepted { header: cer_header(), capabilities: theirs });
    assert_eq!(seen, ["accept", "R CEA", "opened"]);
    assert_eq!(ladder.peer.trust(ApplicationId(4)), Some(Trust::Okay));
}

#[test]
fn both_connect_and_the_higher_name_wins() {
    // We are "s", which comes after "hss": our responder connection stays.
    let mut ladder = Ladder::new("s.ims.test");
    ladder.tell(Input::Start);
    ladder.tell(Input::Connected);
    assert_eq!(ladder.cer(), ["accept", "R CEA", "I disconnect", "opened"]);
    assert_eq!(ladder.peer.state(), ROpen);

    // We are "a": the connection that we opened stays.
    let mut ladder = Ladder::new("a.ims.test");
    ladder.tell(Input::Start);
    ladder.tell(Input::Connected);
    assert_eq!(ladder.cer(), ["accept"]);
    assert_eq!(ladder.peer.state(), WaitReturns);
    assert_eq!(ladder.tell(Input::Disconnected(Side::Responder)), [""; 0]);
    assert_eq!(ladder.peer.state(), WaitICea);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, ladder.cea())), ["opened"]);

    // The other order: CEA before the peer closes what it opened.
    let mut ladder = Ladder::new("a.ims.test");
    ladder.tell(Input::Start);
    ladder.tell(Input::Connected);
    ladder.cer();
    let seen = ladder.tell(Input::Received(Side::Initiator, ladder.cea()));
    assert_eq!(seen, ["R disconnect", "opened"]);
    assert_eq!(ladder.peer.state(), IOpen);
}

#[test]
fn both_connect_and_ours_is_late() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.tell(Input::Start);
    assert_eq!(ladder.cer(), ["accept"]);
    assert_eq!((ladder.peer.state(), ladder.cer()), (WaitConnAckElect, vec!["reject".to_owned()]));
    assert_eq!(ladder.tell(Input::Connected), ["I CER", "R CEA", "I disconnect", "opened"]);

    let mut ladder = Ladder::new("a.ims.test");
    ladder.tell(Input::Start);
    ladder.cer();
    assert_eq!(ladder.tell(Input::NotConnected), ["R CEA", "opened"]);
    assert_eq!(ladder.peer.state(), ROpen);

    let mut ladder = Ladder::new("a.ims.test");
    ladder.tell(Input::Start);
    ladder.cer();
    assert_eq!(ladder.tell(Input::Disconnected(Side::Responder)), [""; 0]);
    assert_eq!(ladder.peer.state(), WaitConnAck);
}

#[test]
fn nothing_lasts_for_ever() {
    let mut ladder = Ladder::new("a.ims.test");
    ladder.tell(Input::Start);
    let seen = ladder.timer(TimerName::Connect);
    assert_eq!(seen, ["I disconnect", "not opened Timeout(Connect)"]);
    assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
    assert_eq!(ladder.tell(Input::Connected), ["I CER"]);
    let seen = ladder.timer(TimerName::CapabilitiesExchange);
    assert_eq!(seen, ["I disconnect", "not opened Timeout(CapabilitiesExchange)"]);
    assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
    ladder.cer();
    let seen = ladder.timer(TimerName::Connect);
    assert_eq!(seen, ["I disconnect", "R disconnect", "not opened Timeout(Connect)"]);
    ladder.timer(TimerName::Tc);
    ladder.tell(Input::Connected);
    ladder.cer();
    let seen = ladder.timer(TimerName::CapabilitiesExchange);
    assert_eq!(seen, ["I disconnect", "R disconnect", "not opened Timeout(CapabilitiesExchange)"]);
    ladder.timer(TimerName::Tc);
    ladder.tell(Input::Connected);
    ladder.tell(Input::Received(Side::Initiator, ladder.cea()));
    assert_eq!(ladder.tell(Input::Stop(DisconnectCause::Busy)), ["I DPR"]);
    assert_eq!(ladder.timer(TimerName::Disconnect), ["I disconnect", "closed Stopped(Busy)"]);
    assert_eq!(ladder.peer.poll_timeout(), None, "nobody wants it");
}

#[test]
fn it_is_tried_again_and_again_and_ever_more_slowly() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.tell(Input::Start);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(ladder.tell(Input::NotConnected), ["not opened NotConnected"]);
        let before = ladder.now;
        assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
        waits.push((ladder.now - before).as_millis());
    }
    assert!((750..=1250).contains(&waits[0]) && (22_500..=37_500).contains(&waits[7]), "{waits:?}");
    ladder.tell(Input::Connected);
    ladder.tell(Input::Received(Side::Initiator, ladder.cea()));
    let before = ladder.now;
    assert_eq!(ladder.tell(Input::Disconnected(Side::Initiator)), ["closed Lost"]);
    ladder.timer(TimerName::Tc);
    assert!((ladder.now - before).as_millis() <= 1250, "it was open in between");
}

#[test]
fn we_leave() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    assert_eq!(ladder.tell(Input::Stop(DisconnectCause::Rebooting)), ["I DPR"]);
    assert!(!ladder.peer.is_open());
    // What was under way still comes.
    let answer = crate::builder::Builder::answer(request().header()).finish().unwrap();
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, answer)), ["deliver Push-Profile"]);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwr())), ["I DWA"]);
    let seen = ladder.tell(Input::Received(Side::Initiator, dpa()));
    assert_eq!(seen, ["I disconnect", "closed Stopped(Rebooting)"]);
    assert_eq!(ladder.peer.poll_timeout(), None);
    ladder.open();
    assert_eq!(ladder.peer.watch(), Watch::Okay, "it was nobody's failure");
}

#[test]
fn we_leave_and_come_back_before_we_are_gone() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    ladder.tell(Input::Stop(DisconnectCause::Rebooting));
    assert_eq!(ladder.tell(Input::Start), [""; 0], "first the farewell");
    let seen = ladder.tell(Input::Received(Side::Initiator, dpa()));
    assert_eq!(seen, ["I disconnect", "closed Stopped(Rebooting)"]);
    assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
}

#[test]
fn we_stop_before_it_is_open() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.tell(Input::Start);
    let stop = || Input::Stop(DisconnectCause::Rebooting);
    assert_eq!(ladder.tell(stop()), ["I disconnect", "not opened Stopped(Rebooting)"]);
    assert_eq!((ladder.tell(stop()).len(), ladder.peer.poll_timeout()), (0, None));
    assert_eq!(ladder.tell(Input::Connected), [""; 0], "stale");
}

#[test]
fn the_peer_leaves() {
    for (cause, waits) in [
        (DisconnectCause::Rebooting, Some(750..=1250)),
        (DisconnectCause::Busy, Some(300_000..=300_000)),
        (DisconnectCause::DoNotWantToTalkToYou, None),
    ] {
        let mut ladder = Ladder::new("s.ims.test");
        ladder.open();
        assert_eq!(ladder.tell(Input::Received(Side::Initiator, dpr(cause))), ["I DPA"]);
        assert_eq!(ladder.peer.state(), Closing);
        let before = ladder.now;
        let seen = ladder.tell(Input::Disconnected(Side::Initiator));
        assert_eq!(seen, [format!("closed Disconnected({cause:?})")]);
        match waits {
            Some(waits) => {
                assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
                assert!(waits.contains(&(ladder.now - before).as_millis()), "{cause:?}");
                ladder.tell(Input::Connected);
                ladder.tell(Input::Received(Side::Initiator, ladder.cea()));
                assert_eq!(ladder.peer.watch(), Watch::Okay, "it said so");
            }
            None => assert_eq!(ladder.peer.poll_timeout(), None, "until it is wanted again"),
        }
    }
}

#[test]
fn both_leave_at_once() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    ladder.tell(Input::Stop(DisconnectCause::Rebooting));
    let theirs = dpr(DisconnectCause::Rebooting);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, theirs)), ["I DPA"]);
    let seen = ladder.tell(Input::Received(Side::Initiator, dpa()));
    assert_eq!(seen, ["I disconnect", "closed Stopped(Rebooting)"]);
}

#[test]
fn a_watchdog_or_a_farewell_that_cannot_be_read_is_answered_too() {
    let bare = |command| {
        crate::builder::Builder::new(Flags::REQUEST, command, ApplicationId::BASE).finish().unwrap()
    };
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    let dwr = bare(CommandCode::DEVICE_WATCHDOG);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwr)), ["I DWA 5005"]);
    let dpr = bare(CommandCode::DISCONNECT_PEER);
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, dpr)), ["I DPA 5005"]);
    assert_eq!(ladder.peer.state(), Closing);
}

#[test]
fn a_cer_on_an_open_connection_is_answered_and_heeded() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    let mut capabilities = capabilities("hss.ims.test");
    capabilities.auth_application_ids = vec![4];
    let cer = CapabilitiesExchangeRequest { capabilities, other: Vec::new() }.print().unwrap();
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, cer)), ["I CEA"]);
    assert_eq!(ladder.peer.trust(ApplicationId(4)), Some(Trust::Okay));
}

#[test]
fn silence_is_noticed_and_trust_comes_back_slowly() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    let opened = ladder.now;
    assert_eq!(ladder.timer(TimerName::Tw), ["I DWR"]);
    let waited = (ladder.now - opened).as_secs_f64();
    assert!((28.0..=32.0).contains(&waited), "30 s, and 2 of jitter: {waited}");
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwa())), [""; 0]);
    assert_eq!(ladder.timer(TimerName::Tw), ["I DWR"]);
    assert_eq!(ladder.timer(TimerName::Tw), ["suspect"]);
    assert_eq!(ladder.peer.trust(ApplicationId::CX), Some(Trust::Suspect));
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, request()))[0], "okay", "anything will do");
    assert_eq!(ladder.timer(TimerName::Tw), ["suspect"], "the DWR is still out");
    assert_eq!(ladder.timer(TimerName::Tw), ["I disconnect", "closed Watchdog"]);

    // Back again, and not trusted before three answers.
    assert_eq!(ladder.timer(TimerName::Tc), ["connect"]);
    ladder.tell(Input::Connected);
    let seen = ladder.tell(Input::Received(Side::Initiator, ladder.cea()));
    assert_eq!(seen, ["opened", "I DWR"]);
    assert_eq!(ladder.peer.trust(ApplicationId::CX), Some(Trust::Reopen));
    for _ in 0..2 {
        assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwa())), [""; 0]);
        assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwr())), ["I DWA"], "it asks too");
        assert_eq!(ladder.timer(TimerName::Tw), ["I DWR"]);
    }
    assert_eq!(ladder.tell(Input::Received(Side::Initiator, dwa())), ["okay"]);
    assert_eq!(ladder.peer.trust(ApplicationId::CX), Some(Trust::Okay));
}

#[test]
fn traffic_puts_the_watchdog_off() {
    let mut ladder = Ladder::new("s.ims.test");
    ladder.open();
    for _ in 0..10 {
        ladder.now += Duration::from_secs(20);
        ladder.peer.handle_timeout(ladder.now);
        assert_eq!(ladder.tell(Input::Received(Side::Initiator, request())), ["deliver Push-Profile"]);
    }
    let (due, name) = ladder.peer.poll_timeout().unwrap();
    assert_eq!(name, TimerName::Tw);
    assert!(due >= ladder.now + Duration::from_secs(28));
}

#[test]
fn timers_have_bounds() {
    let wild = PeerTimers { tw: Duration::ZERO, busy: Duration::MAX, tc: Duration::MAX, ..TIMERS };
    let bounded = wild.bounded();
    assert_eq!(bounded.tw, PeerTimers::MIN_TW);
    assert_eq!((bounded.busy, bounded.tc), (crate::bounds::MAX_WAIT, crate::bounds::MAX_WAIT));
}
