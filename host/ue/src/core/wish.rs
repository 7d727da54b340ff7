//! What a phone's user can want, each refused at once where it cannot be.
//!
//! In: wishes. Out: what they begin; what becomes of it is told by events. Nothing waits here.

use sip::Uri;
use transaction::Time;

use super::event::Why;
use super::page::{self, MessageId, Page};
use super::registration::Bound;
use super::ue::Ue;
use super::{CallFeatures, CallId};
use crate::bounds::MAX_PAGE;

/// A wish that cannot be fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WishError {
    /// There is no such call, or it is over.
    #[error("there is no such call")]
    NoSuchCall,
    /// The call, or the registration, is not in a state for it.
    #[error("not now")]
    NotNow,
    /// Every address for media has its call, or too many requests are under way.
    #[error("there is no room for more")]
    NoRoom,
    /// Not a URI of `sip:` or `tel:` without headers.
    #[error("not a URI that can be called")]
    Uri,
    /// More than [`MAX_PAGE`] bytes.
    #[error("more than {MAX_PAGE} bytes")]
    TooLarge,
    /// A final response to an INVITE that refuses is 300 to 699.
    #[error("{0} refuses nothing")]
    Status(u16),
}

fn check_uri(uri: &str) -> Result<(), WishError> {
    let parsed = Uri::parse(uri.as_bytes()).map_err(|_| WishError::Uri)?;
    let can_be_called = (parsed.is_sip() || parsed.number().is_some()) && parsed.headers().is_none();
    can_be_called.then_some(()).ok_or(WishError::Uri)
}

impl Ue {
    /// Registers, or registers again at once (TS 24.229 §5.1.1.2, §5.1.1.4).
    ///
    /// # Errors
    /// A REGISTER is under way.
    pub fn register(&mut self, now: Time) -> Result<(), WishError> {
        if self.registration.is_under_way() {
            return Err(WishError::NotNow);
        }
        let bound = self.registration.register(&mut self.line, now);
        self.settle(now, bound);
        Ok(())
    }

    /// Ends every call and deregisters (TS 24.229 §5.1.1.6); after a REGISTER that is under way.
    ///
    /// # Errors
    /// It is not registered, and does not try to be.
    pub fn deregister(&mut self, now: Time) -> Result<(), WishError> {
        if !self.registration.is_bound() && !self.registration.is_under_way() {
            return Err(WishError::NotNow);
        }
        self.calls.end_all(&mut self.line, now, Why::Deregistered);
        let bound = self.registration.deregister(&mut self.line, now);
        self.settle(now, bound);
        Ok(())
    }

    /// Whether it is registered.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registration.is_bound()
    }

    /// Places a call with the features of the settings.
    ///
    /// # Errors
    /// No URI to call, or no room.
    pub fn call(&mut self, now: Time, to: &str) -> Result<CallId, WishError> {
        self.call_with(now, to, self.line.settings.features)
    }

    /// Places a call with these features; preconditions count only with reliable responses.
    ///
    /// # Errors
    /// No URI to call, or no room.
    pub fn call_with(&mut self, now: Time, to: &str, features: CallFeatures) -> Result<CallId, WishError> {
        check_uri(to)?;
        let preconditions = features.preconditions && features.reliable;
        let features = CallFeatures { preconditions, ..features };
        let placed = self.calls.place(&mut self.line, now, to, features);
        self.settle(now, Bound::AsBefore);
        placed
    }

    /// The calls that are not over.
    #[must_use]
    pub fn calls(&self) -> Vec<CallId> {
        self.calls.ids().collect()
    }

    /// Answers a call that came. The 200 leaves as soon as it may: after the PRACKs that are owed, and when
    /// preconditions are met.
    ///
    /// # Errors
    /// There is no such call, or it is not one that waits for an answer.
    pub fn answer(&mut self, now: Time, call: CallId) -> Result<(), WishError> {
        let line = &mut self.line;
        let answered = self.calls.with(call, |call| call.answer(line, now));
        self.settle(now, Bound::AsBefore);
        answered
    }

    /// Refuses a call that came, with this status: 486 (busy), 480 (temporarily unavailable), 603 (decline), …
    ///
    /// # Errors
    /// There is no such call, it does not wait for an answer, or the status refuses nothing.
    pub fn refuse(&mut self, now: Time, call: CallId, status: u16) -> Result<(), WishError> {
        if !(300..700).contains(&status) {
            return Err(WishError::Status(status));
        }
        let line = &mut self.line;
        let refused = self.calls.with(call, |call| {
            if !call.is_invited() {
                return Err(WishError::NotNow);
            }
            call.refuse(line, now, status);
            Ok(())
        });
        self.settle(now, Bound::AsBefore);
        refused
    }

    /// Ends a call by what its state demands: CANCEL, 603, BYE.
    ///
    /// # Errors
    /// There is no such call.
    pub fn hang_up(&mut self, now: Time, call: CallId) -> Result<(), WishError> {
        let line = &mut self.line;
        let hung_up = self.calls.with(call, |call| {
            call.hang_up(line, now);
            Ok(())
        });
        self.settle(now, Bound::AsBefore);
        hung_up
    }

    /// Puts a call on hold, by re-INVITE (TS 24.610 §4.5.2.1).
    ///
    /// # Errors
    /// There is no such call, or it is not up.
    pub fn hold(&mut self, now: Time, call: CallId) -> Result<(), WishError> {
        self.set_hold(now, call, true)
    }

    /// Takes a call from hold.
    ///
    /// # Errors
    /// There is no such call, or it is not up.
    pub fn resume(&mut self, now: Time, call: CallId) -> Result<(), WishError> {
        self.set_hold(now, call, false)
    }

    fn set_hold(&mut self, now: Time, call: CallId, hold: bool) -> Result<(), WishError> {
        let line = &mut self.line;
        let held = self.calls.with(call, |call| call.hold(line, now, hold));
        self.settle(now, Bound::AsBefore);
        held
    }

    /// Sends a MESSAGE.
    ///
    /// # Errors
    /// No URI, too long, or no room.
    pub fn message(&mut self, now: Time, page: Page) -> Result<MessageId, WishError> {
        check_uri(&page.to)?;
        if page.body.len() > MAX_PAGE {
            return Err(WishError::TooLarge);
        }
        self.messages += 1;
        let id = MessageId(self.messages);
        let is_sent = page::send(&mut self.line, now, id, page);
        self.settle(now, Bound::AsBefore);
        is_sent.then_some(id).ok_or(WishError::NoRoom)
    }
}
