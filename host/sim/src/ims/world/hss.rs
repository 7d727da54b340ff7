//! The way to the HSS and back, and what goes wrong on it.
//!
//! In: questions of elements. Out: answers after a while, or none; RTRs for S-CSCFs. What goes over it is bytes of Diameter:
//! what one side prints the other parses.

use std::time::Duration;

use cscf::CxFailure;
use diameter::Message;
use diameter::cx::ReasonCode;

use super::ImsWorld;
use super::events::Event;
use crate::ims::home::element_of;
use crate::ims::hss::Termination;
use crate::ims::story::{HssTrouble, Wrong};
use crate::network::Host;

impl ImsWorld {
    /// What goes wrong with a request to the HSS now.
    fn hss_trouble(&mut self) -> Option<HssTrouble> {
        let now = self.now;
        let is_now = |trouble: &&crate::ims::story::Trouble| trouble.from <= now && now < trouble.until;
        let found = self.story.troubles.iter().filter(is_now).find_map(|trouble| match trouble.what {
            Wrong::Hss(what, share) => Some((what, share)),
            _ => None,
        });
        let (what, share) = found?;
        self.random.chance(share).then_some(what)
    }

    pub(super) fn hss_hears(&mut self, element: usize, run: u32, number: u64, request: &Message) {
        let trouble = self.hss_trouble();
        let name = request.header().command.name().unwrap_or("?");
        self.trace.note(self.now, Some(Host::Element(element)), &format!("asks {name}: {trouble:?}"));
        let say = |world: &mut Self, after: Duration, answer: Result<Message, CxFailure>| {
            let at = world.now + after;
            world.at(at, Event::HssSays { element, run, number, answer });
        };
        let soon = self.random.time(1, 10);
        if trouble.is_some() {
            self.count("troubles of the HSS");
        }
        match trouble {
            Some(HssTrouble::Silent) => return,
            Some(HssTrouble::Unreachable) => return say(self, soon, Err(CxFailure::Unreachable)),
            Some(HssTrouble::Fails) => {
                let code = diameter::ResultCode::UNABLE_TO_COMPLY.0;
                return say(self, soon, Err(CxFailure::Result(code)));
            }
            Some(HssTrouble::Slow(_) | HssTrouble::Nonsense) | None => {}
        }
        let Some(request) = wired(request) else { return };
        let (answer, relieved) = self.hss.answer(&request);
        let after = match trouble {
            Some(HssTrouble::Slow(longest)) => self.random.time(500, longest),
            _ => soon,
        };
        let answer = answer.as_ref().and_then(wired);
        match answer {
            Some(answer) if trouble == Some(HssTrouble::Nonsense) => {
                let nonsense = self.nonsense(request, &answer);
                say(self, after, Ok(nonsense));
            }
            Some(answer) => say(self, after, Ok(answer)),
            None => say(self, after, Err(CxFailure::Malformed)),
        }
        if let Some(termination) = relieved {
            self.send_termination(termination);
        }
    }

    /// An answer that nobody can use: the request itself, or the answer with its names, its profile or its scheme spoilt.
    fn nonsense(&mut self, request: Message, answer: &Message) -> Message {
        const SPOILS: [(&[u8], &[u8]); 3] = [
            (b"sip:192.0.2.", b"sip:192 0 2 "),
            (b"<IMSSubscription>", b"<IMSSubscriptio >"),
            (b"Digest-AKAv1-MD5", b"Digest-Rot13-MD5"),
        ];
        let mut bytes = answer.bytes().to_vec();
        for (good, bad) in SPOILS {
            while let Some(place) = bytes.windows(good.len()).position(|window| window == good) {
                bytes[place..place + bad.len()].copy_from_slice(bad);
            }
        }
        let spoilt = Message::parse(bytes.into()).ok().filter(|_| self.random.chance(700));
        spoilt.unwrap_or(request)
    }

    /// An answer is here, or the time for it is over.
    pub(super) fn hss_says(&mut self, element: usize, number: u64, answer: Result<Message, CxFailure>) {
        if self.elements[element].machine.is_awaited(number) {
            if matches!(answer, Err(CxFailure::Timeout)) {
                self.count("questions without an answer");
            }
            self.elements[element].machine.answered(number, answer);
            self.drain_element(element);
        }
    }

    /// The HSS ends a registration.
    pub(super) fn terminate(&mut self, user: usize) {
        if let Some(termination) = self.hss.terminate(user, ReasonCode::PermanentTermination) {
            self.count("registrations ended by the HSS");
            self.send_termination(termination);
        }
    }

    fn send_termination(&mut self, termination: Termination) {
        self.terminated[termination.user] = Some(self.now);
        let Some(element) = element_of(&termination.scscf) else { return };
        let Some(request) = wired(&termination.request) else { return };
        let at = self.now + self.random.time(1, 20);
        self.at(at, Event::Terminate { element, request });
    }

    /// An RTR reaches an S-CSCF. One that is down does not get it.
    pub(super) fn terminated(&mut self, element: usize, request: &Message) {
        if self.elements[element].is_down {
            return;
        }
        self.note(Some(Host::Element(element)), &"gets an RTR");
        let is_meant = self.elements[element].machine.with(|inner| inner.registration_termination(request));
        self.count(if is_meant { "RTRs" } else { "RTRs for nobody" });
        self.drain_element(element);
    }
}

/// A message as the other side reads it.
fn wired(message: &Message) -> Option<Message> {
    Message::parse(message.bytes().clone()).ok()
}
