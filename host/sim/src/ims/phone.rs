//! A phone of the simulated IMS: the machine of `strowger-ue` (TS 24.229 §5.1, AKA by an ISIM, reg event, calls of VoLTE),
//! what its user does, and what a bad one puts into its requests.
//!
//! In: who it is. Out: [`Phone`], driven by the world. The phones of the edge world are written apart; these are the ones
//! that operators test with, and so the simulation proves both sides.

use std::time::Duration;

use anyhow::Result;
use ims::aka::{Isim, Milenage, OperatorKey, SequenceChecker, opc};
use transaction::Time;
use ue::{CallFeatures, CallId, Credentials, MessageId, Settings, Ue};

use super::home::{self, PCSCF, element_address, phone_address};
use super::story::{Answer, User};
use crate::random::Random;

/// Calls that a phone can have at once.
const LINES: u16 = 6;

/// What a phone's user does at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doing {
    Answer(CallId),
    Refuse(CallId, u16),
    HangUp(CallId),
    Hold(CallId),
    Resume(CallId),
}

/// A call that was placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) talk: Duration,
    pub(crate) caller_hangs_up: bool,
    pub(crate) holds: bool,
}

/// A phone.
pub(crate) struct Phone {
    pub(crate) ue: Ue,
    pub(crate) spoofs: bool,
    answers: Vec<Answer>,
    answered: usize,
    /// Calls that this phone placed.
    pub(crate) placed: Vec<(CallId, Plan)>,
    /// It is switched off.
    pub(crate) is_gone: bool,
    /// Its last REGISTER with a proof.
    pub(crate) proof: Option<Vec<u8>>,
    /// When a 200 to REGISTER came last.
    pub(crate) registered_at: Option<Time>,
    /// The probe that it sends, and whom it is for.
    pub(crate) probe: Option<(MessageId, usize)>,
    /// The call by which it probes, and whom.
    pub(crate) probe_call: Option<(CallId, usize)>,
    /// That call was answered.
    pub(crate) is_up: bool,
    /// A probe came.
    pub(crate) is_reached: bool,
}

impl Phone {
    pub(crate) fn new(number: usize, user: &User, random: &mut Random) -> Result<Phone> {
        let key = OperatorKey::new(home::key(number));
        let milenage = Milenage::new(&key, &opc(&key, &OperatorKey::new(home::OP)));
        let isim = Isim::new(milenage, SequenceChecker::default());
        let [identity, ..] = home::public_identities(number);
        let local = phone_address(number);
        let mut settings = Settings::new(
            &home::private_identity(number),
            &identity,
            home::DOMAIN,
            Credentials::Aka(isim),
            local,
            element_address(PCSCF),
        );
        settings.instance = format!("urn:gsma:imei:35394803-{number:06}-0");
        settings.expires = user.expires;
        settings.features = if user.is_volte { CallFeatures::VOLTE } else { CallFeatures::PLAIN };
        settings.media = (0..LINES).map(|line| (local.ip(), 40_000 + 2 * line).into()).collect();
        Ok(Phone {
            ue: Ue::new(settings, random.bytes())?,
            spoofs: user.spoofs,
            answers: user.answers.clone(),
            answered: 0,
            placed: Vec::new(),
            is_gone: false,
            proof: None,
            registered_at: None,
            probe: None,
            probe_call: None,
            is_up: false,
            is_reached: false,
        })
    }

    /// What its user does about the next call, and after how long.
    pub(crate) fn next_answer(&mut self, call: CallId) -> Option<(Duration, Doing)> {
        let answer = self.answers.get(self.answered % self.answers.len().max(1)).copied();
        self.answered += 1;
        match answer? {
            Answer::Accept(after) => Some((after, Doing::Answer(call))),
            Answer::Refuse(after, status) => Some((after, Doing::Refuse(call, status))),
            Answer::Ring => None,
        }
    }

    /// Does it. What cannot be done any more is not.
    pub(crate) fn act(&mut self, now: Time, doing: Doing) {
        let _ = match doing {
            Doing::Answer(call) => self.ue.answer(now, call),
            Doing::Refuse(call, status) => self.ue.refuse(now, call, status),
            Doing::HangUp(call) => self.ue.hang_up(now, call),
            Doing::Hold(call) => self.ue.hold(now, call),
            Doing::Resume(call) => self.ue.resume(now, call),
        };
    }

    /// The plan of a call that it placed.
    pub(crate) fn plan(&self, call: CallId) -> Option<Plan> {
        self.placed.iter().find(|(id, _)| *id == call).map(|(_, plan)| *plan)
    }

    /// What it really sends.
    pub(crate) fn sent(&self, bytes: &[u8]) -> Vec<u8> {
        let is_initial = [&b"INVITE "[..], b"MESSAGE "].iter().any(|method| bytes.starts_with(method))
            && !String::from_utf8_lossy(bytes).contains("Route: <sip:flow");
        if !self.spoofs || !is_initial {
            return bytes.to_vec();
        }
        let text = String::from_utf8_lossy(bytes);
        text.replacen("\r\n", "\r\nP-Asserted-Identity: <sip:u1@ims.test>\r\n", 1).into_bytes()
    }
}

/// The last proof as another request: another branch, a later number. `None`: it is none.
pub(crate) fn replayed(proof: &[u8], serial: u32) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(proof).ok()?;
    let number = text.split("\r\nCSeq: ").nth(1)?.split(' ').next()?;
    let later = number.parse::<u32>().ok()? + 1;
    let text = text.replacen(&format!("\r\nCSeq: {number} "), &format!("\r\nCSeq: {later} "), 1);
    Some(text.replacen("branch=z9hG4bK", &format!("branch=z9hG4bKagain{serial}"), 1).into_bytes())
}
