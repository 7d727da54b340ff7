//! The commands between peers, as this peer sends and judges them: RFC 6733 §5.3 to §5.5.
//!
//! In: messages. Out: messages, and what a received one is to the state machine. A message that cannot be printed is
//! not sent: what we say of ourselves is bounded by the configuration, and everything in a refusal by the request.
//!
//! The End-to-End Identifier of these requests is their Hop-by-Hop Identifier: they go no further than the peer, and
//! nobody looks for duplicates among them.

use super::settings::{CloseReason, Local, PeerSettings};
use super::state::Kind;
use crate::answer::refusal;
use crate::base::*;
use crate::builder::Builder;
use crate::command::Command;
use crate::dictionary::base::FAILED_AVP;
use crate::failure::Failure;
use crate::header::{ApplicationId, CommandCode, Flags, Header};
use crate::message::Message;
use crate::result::{Outcome, ResultCode};

/// What a message is, and what was read in it.
#[derive(Debug)]
pub(crate) enum Heard {
    Cer(Header, Capabilities),
    Cea(Capabilities),
    /// A CEA that does not let us in, or another message where one is due.
    Refused(CloseReason),
    Dwr,
    Dwa,
    Dpr(DisconnectCause),
    Dpa,
    /// A message for the node, or a CER or CEA that is of no use here.
    Message,
}

impl Heard {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Heard::Cer(..) => Kind::Cer,
            Heard::Cea(_) => Kind::Cea,
            Heard::Dwr => Kind::Dwr,
            Heard::Dwa => Kind::Dwa,
            Heard::Dpr(_) => Kind::Dpr,
            Heard::Dpa => Kind::Dpa,
            Heard::Refused(_) | Heard::Message => Kind::Message,
        }
    }
}

/// Reads a message; `awaits_cea`: a CEA is due on its connection.
pub(super) fn hear(local: &Local, settings: &PeerSettings, message: &Message, awaits_cea: bool) -> Heard {
    let header = message.header();
    let reading = local.reading();
    let command = (header.command, header.is_request());
    if awaits_cea && command != (CommandCode::CAPABILITIES_EXCHANGE, false) {
        return Heard::Refused(CloseReason::NotCea);
    }
    match command {
        (CommandCode::CAPABILITIES_EXCHANGE, false) if awaits_cea => judge(local, settings, message),
        (CommandCode::CAPABILITIES_EXCHANGE, true) => {
            match CapabilitiesExchangeRequest::parse(message, &reading) {
                Ok(cer) => Heard::Cer(*header, cer.capabilities),
                Err(_) => Heard::Message,
            }
        }
        (CommandCode::DEVICE_WATCHDOG, true) => Heard::Dwr,
        (CommandCode::DEVICE_WATCHDOG, false) => Heard::Dwa,
        (CommandCode::DISCONNECT_PEER, true) => {
            // The peer leaves, however it says so.
            let dpr = DisconnectPeerRequest::parse(message, &reading);
            Heard::Dpr(dpr.map_or(DisconnectCause::Rebooting, |dpr| dpr.disconnect_cause))
        }
        (CommandCode::DISCONNECT_PEER, false) => Heard::Dpa,
        _ => Heard::Message,
    }
}

fn judge(local: &Local, settings: &PeerSettings, message: &Message) -> Heard {
    // The code first: who refuses may leave away all the rest.
    match message.outcome() {
        Some(Outcome::Result(ResultCode::SUCCESS)) => {}
        Some(outcome) => return Heard::Refused(CloseReason::Refused(outcome)),
        None => return Heard::Refused(CloseReason::NotCea),
    }
    let Ok(cea) = CapabilitiesExchangeAnswer::parse(message, &local.reading()) else {
        return Heard::Refused(CloseReason::NotCea);
    };
    if cea.capabilities.origin.host != settings.identity {
        return Heard::Refused(CloseReason::WrongIdentity);
    }
    match local.capabilities.check(&cea.capabilities) {
        Ok(()) => Heard::Cea(cea.capabilities),
        Err(_) => Heard::Refused(CloseReason::NothingInCommon),
    }
}

fn request(command: &impl Command, hop_by_hop: u32) -> Option<Message> {
    Some(command.print().ok()?.stamped(hop_by_hop, hop_by_hop, Flags::REQUEST))
}

fn answer(command: &impl Command, request: &Header) -> Option<Message> {
    let mut builder = Builder::answer(request);
    command.write(&mut builder);
    builder.finish().ok()
}

pub(super) fn cer(local: &Local, hop_by_hop: u32) -> Option<Message> {
    let capabilities = local.capabilities.clone();
    request(&CapabilitiesExchangeRequest { capabilities, other: Vec::new() }, hop_by_hop)
}

pub(super) fn cea(local: &Local, cer: &Header) -> Option<Message> {
    answer(&cea_of(local, ResultCode::SUCCESS), cer)
}

fn cea_of(local: &Local, result_code: ResultCode) -> CapabilitiesExchangeAnswer {
    let capabilities = local.capabilities.clone();
    CapabilitiesExchangeAnswer { result_code, capabilities, error_message: None, other: Vec::new() }
}

/// The CEA that does not let somebody in.
pub(crate) fn refuse_cer(local: &Local, cer: &Header, failure: &Failure) -> Option<Message> {
    let mut builder = Builder::answer(cer);
    cea_of(local, failure.result_code()).write(&mut builder);
    if !failure.failed_avp().is_empty() {
        builder.put_bytes(FAILED_AVP, failure.failed_avp());
    }
    builder.finish().ok()
}

pub(super) fn dwr(local: &Local, hop_by_hop: u32) -> Option<Message> {
    let origin = local.capabilities.origin.clone();
    request(&DeviceWatchdogRequest { origin, other: Vec::new() }, hop_by_hop)
}

/// The answer to a DWR, or to what is none.
pub(super) fn dwa(local: &Local, dwr: &Message) -> Option<Message> {
    let origin = local.capabilities.origin.clone();
    match DeviceWatchdogRequest::parse(dwr, &local.reading()) {
        Ok(_) => {
            let result_code = ResultCode::SUCCESS;
            let dwa = DeviceWatchdogAnswer { result_code, origin, error_message: None, other: Vec::new() };
            answer(&dwa, dwr.header())
        }
        Err(failure) => refusal(dwr.header(), dwr.avps(), &origin, &failure).ok(),
    }
}

pub(super) fn dpr(local: &Local, disconnect_cause: DisconnectCause, hop_by_hop: u32) -> Option<Message> {
    let origin = local.capabilities.origin.clone();
    request(&DisconnectPeerRequest { origin, disconnect_cause, other: Vec::new() }, hop_by_hop)
}

/// The answer to a DPR, or to what is none.
pub(super) fn dpa(local: &Local, dpr: &Message) -> Option<Message> {
    let origin = local.capabilities.origin.clone();
    match DisconnectPeerRequest::parse(dpr, &local.reading()) {
        Ok(_) => {
            let result_code = ResultCode::SUCCESS;
            let dpa = DisconnectPeerAnswer { result_code, origin, error_message: None, other: Vec::new() };
            answer(&dpa, dpr.header())
        }
        Err(failure) => refusal(dpr.header(), dpr.avps(), &origin, &failure).ok(),
    }
}

/// Whether a first message is a CER at all.
pub(crate) fn is_cer(message: &Message) -> bool {
    let header = message.header();
    header.is_request()
        && header.command == CommandCode::CAPABILITIES_EXCHANGE
        && header.application == ApplicationId::BASE
}
