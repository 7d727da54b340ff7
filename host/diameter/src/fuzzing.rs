//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

mod choices;
pub mod make;
mod peers;

pub use choices::Choices;
pub use peers::peer;

use bytes::Bytes;

use crate::avp::{Avps, OtherAvp};
use crate::base::*;
use crate::bounds::{HEADER_LENGTH, MAX_MESSAGE};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::*;
use crate::dictionary::Dictionary;
use crate::failure::Failure;
use crate::frame::Framer;
use crate::header::{Flags, Header};
use crate::message::{Message, Refused};
use crate::value::{AvpBits, Reading};
use crate::{answer, tree};
use make::Make;

fn origin() -> Origin {
    let name = |text: &str| text.parse().expect("a name");
    Origin { host: name("s.ims.test"), realm: name("ims.test"), state_id: Some(1) }
}

/// A stream: cut, parsed, read as everything there is, printed as it came, refused.
pub fn message(bytes: &[u8]) {
    let mut framer = Framer::new(MAX_MESSAGE);
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let mut lengths = 0;
    for piece in [first, rest] {
        framer.push(piece);
        while let Ok(Some(frame)) = framer.next() {
            assert!((HEADER_LENGTH..=MAX_MESSAGE).contains(&frame.len()), "a frame has its bounds");
            lengths += frame.len();
            one_message(frame);
        }
    }
    assert!(lengths + framer.waiting() <= bytes.len(), "nothing is made up");
    // The same without a framer: a length that is wrong.
    one_message(Bytes::copy_from_slice(bytes));
}

fn one_message(bytes: Bytes) {
    let message = match Message::parse(bytes.clone()) {
        Ok(message) => message,
        Err(Refused { header, failure, body }) => {
            if let Some(header) = header {
                refused(&header, Avps::new(&body), &failure);
            }
            return;
        }
    };
    assert_eq!(message.bytes(), &bytes);
    let header = *message.header();
    let again = message.clone().stamped(1, 2, header.flags);
    assert_eq!(again.body(), message.body(), "stamping changes the header alone");
    let dictionary = Dictionary::new();
    let lenient = Reading::new(&dictionary);
    for reading in [lenient, Reading { bits: AvpBits::Strict, ..lenient }] {
        if let Err(failure) = tree::check(message.avps(), &reading) {
            refused(&header, message.avps(), &failure);
        }
        read_all(&message, &reading);
    }
    let _ = (message.outcome(), format!("{message:?}"));
    printed_again(&message);
}

/// What is kept prints as it came, up to padding.
fn printed_again(message: &Message) {
    let Ok(kept) =
        message.avps().map(|avp| avp.map(|avp| OtherAvp::copy(&avp))).collect::<Result<Vec<_>, _>>()
    else {
        return;
    };
    let header = message.header();
    let mut out = Builder::new(header.flags, header.command, header.application);
    out.put_others(&kept);
    let Ok(again) = out.finish() else { return };
    let pairs = message.avps().flatten().zip(again.avps().flatten());
    assert!(pairs.into_iter().all(|(one, two)| one == two), "an AVP is kept as it came");
    assert_eq!(message.avps().count(), again.avps().count());
}

/// A refusal can be read, and fits.
fn refused(header: &Header, body: Avps<'_>, failure: &Failure) {
    let answer =
        answer::refusal(header, body, &origin(), failure).expect("an answer is no longer than it may be");
    let length = answer.bytes().len();
    assert_eq!(Message::parse(answer.bytes().clone()).expect("a refusal parses"), answer);
    assert!(answer.avps().all(|avp| avp.is_ok()), "and its AVPs too");
    assert_eq!(answer.outcome(), Some(failure.result_code().into()), "and it says what is wrong");
    assert!(length <= MAX_MESSAGE + 8192, "{length} bytes of refusal");
    assert!(!answer.is_request() && answer.header().hop_by_hop == header.hop_by_hop);
}

fn read_all(message: &Message, reading: &Reading<'_>) {
    read::<CapabilitiesExchangeRequest>(message, reading);
    read::<CapabilitiesExchangeAnswer>(message, reading);
    read::<DeviceWatchdogRequest>(message, reading);
    read::<DeviceWatchdogAnswer>(message, reading);
    read::<DisconnectPeerRequest>(message, reading);
    read::<DisconnectPeerAnswer>(message, reading);
    read_cx(message, reading);
}

fn read_cx(message: &Message, reading: &Reading<'_>) {
    read::<UserAuthorizationRequest>(message, reading);
    read::<UserAuthorizationAnswer>(message, reading);
    read::<ServerAssignmentRequest>(message, reading);
    read::<ServerAssignmentAnswer>(message, reading);
    read::<LocationInfoRequest>(message, reading);
    read::<LocationInfoAnswer>(message, reading);
    read::<MultimediaAuthRequest>(message, reading);
    read::<MultimediaAuthAnswer>(message, reading);
    read::<RegistrationTerminationRequest>(message, reading);
    read::<RegistrationTerminationAnswer>(message, reading);
    read::<PushProfileRequest>(message, reading);
    read::<PushProfileAnswer>(message, reading);
}

/// Reads the AVPs as a command, whatever the header says; what can be read is printed and read again the same.
fn read<T: Command + PartialEq + std::fmt::Debug>(message: &Message, reading: &Reading<'_>) {
    match T::read(message.avps(), reading) {
        Ok(value) => round(&value, &Reading::new(reading.dictionary)),
        Err(failure) => refused(message.header(), message.avps(), &failure),
    }
}

/// A value is printed and read again the same.
pub fn round<T: Command + PartialEq + std::fmt::Debug>(value: &T, reading: &Reading<'_>) {
    let message = value.print().expect("it fits");
    assert!(message.bytes().len().is_multiple_of(4));
    assert_eq!(message.header().flags - Flags::ERROR, T::FLAGS);
    match T::parse(&message, reading) {
        Ok(again) => assert_eq!(again, *value),
        Err(failure) => panic!("{failure}: {value:?}"),
    }
}

/// Any typed command: printed, read, printed. And a message with any AVPs, read as every command.
pub fn cx(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let dictionary = Dictionary::new();
    let reading = Reading::new(&dictionary);
    match choices.below(16) {
        0 => round(&UserAuthorizationRequest::make(&mut choices), &reading),
        1 => round(&UserAuthorizationAnswer::make(&mut choices), &reading),
        2 => round(&ServerAssignmentRequest::make(&mut choices), &reading),
        3 => round(&ServerAssignmentAnswer::make(&mut choices), &reading),
        4 => round(&LocationInfoRequest::make(&mut choices), &reading),
        5 => round(&LocationInfoAnswer::make(&mut choices), &reading),
        6 => round(&MultimediaAuthRequest::make(&mut choices), &reading),
        7 => round(&MultimediaAuthAnswer::make(&mut choices), &reading),
        8 => round(&RegistrationTerminationRequest::make(&mut choices), &reading),
        9 => round(&RegistrationTerminationAnswer::make(&mut choices), &reading),
        10 => round(&PushProfileRequest::make(&mut choices), &reading),
        11 => round(&PushProfileAnswer::make(&mut choices), &reading),
        12 => round(&CapabilitiesExchangeRequest::make(&mut choices), &reading),
        13 => round(&CapabilitiesExchangeAnswer::make(&mut choices), &reading),
        _ => {
            let mut message = make::any_message(&mut choices);
            message.extend_from_slice(choices.rest());
            message.resize(message.len().next_multiple_of(4), 0);
            let length = (message.len() as u32).to_be_bytes();
            message[1..4].copy_from_slice(&length[1..]);
            if let Ok(message) = Message::parse(message.into()) {
                read_cx(&message, &reading);
            }
        }
    }
}

#[cfg(test)]
mod tests;
