//! Questions to the HSS (TS 29.228 §6.1, §6.3): sent at once, awaited by the guest that asks.
//!
//! In: what a script asks. Out: a future with the answer in the script's words. A future that is dropped gives its request
//! up. What the answers change is `served.rs`'s.

use std::future::{Ready, ready};
use std::sync::Arc;

use cscf::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Subscriber, cx,
};
use diameter::Message;
use plugin::{Pending, Staged};
use transport::diameter::DiameterFailure;

use super::Ims;
use crate::clock::wall_ms;
use crate::consult::Change;
use crate::secrets::fresh;

fn failed<T: Send + 'static>(failure: CxFailure) -> Pending<Result<T, CxFailure>> {
    let ready: Ready<Result<T, CxFailure>> = ready(Err(failure));
    Box::pin(ready)
}

fn failure(failure: DiameterFailure) -> CxFailure {
    match failure {
        DiameterFailure::Deadline => CxFailure::Timeout,
        _ => CxFailure::Unreachable,
    }
}

impl Ims {
    /// Sends it, and reads the answer when it is there.
    fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        request: Result<Message, CxFailure>,
        read: impl FnOnce(&Self, &Message) -> Result<T, CxFailure> + Send + 'static,
    ) -> Pending<Result<T, CxFailure>> {
        let request = match request {
            Ok(request) => request,
            Err(refused) => return failed(refused),
        };
        let answer = self.diameter.send(request, self.timeout);
        let this = Arc::clone(self);
        Box::pin(async move {
            let answer = answer.await.map_err(failure)?;
            read(&this, &answer)
        })
    }

    /// UAR.
    pub(crate) fn user_authorization(
        self: &Arc<Self>,
        of: &Authorization,
    ) -> Pending<Result<Location, CxFailure>> {
        let request = self.cx.user_authorization(self.diameter.new_session_id(), of);
        self.ask(request, |this, answer| cx::read_user_authorization(answer, &this.diameter.reading()))
    }

    /// LIR.
    pub(crate) fn location_info(
        self: &Arc<Self>,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        let session = self.diameter.new_session_id();
        let request = self.cx.location_info(session, public_identity, originating, kind);
        self.ask(request, |this, answer| cx::read_location_info(answer, &this.diameter.reading()))
    }

    /// The credentials of a request against the challenges that wait.
    pub(crate) fn verify(
        &self,
        message: &sip::Message,
        private_identity: &str,
        realm: &str,
        now_ms: u64,
    ) -> AuthenticationVerdict {
        self.challenges.lock().verify(message.head(), private_identity, realm, now_ms)
    }

    /// MAR; the vector stays here.
    pub(crate) fn challenge(
        self: &Arc<Self>,
        private_identity: String,
        public_identity: &str,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        let resynchronisation = self.challenges.lock().take_resynchronisation(&private_identity);
        let session = self.diameter.new_session_id();
        let request = self.cx.multimedia_auth(
            session,
            &private_identity,
            public_identity,
            scheme,
            resynchronisation.as_ref(),
        );
        self.ask(request, move |this, answer| {
            let item = cx::read_multimedia_auth(answer, &this.diameter.reading())?;
            this.challenges.lock().keep(&item, &private_identity, &realm, wall_ms(), fresh())
        })
    }

    /// The header field of a challenge, once.
    pub(crate) fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        self.challenges.lock().take_value(number)
    }

    /// SAR, and what follows from it here.
    #[allow(clippy::type_complexity, reason = "an answer with its change, in a future")]
    pub(crate) fn assign(
        self: &Arc<Self>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        let has_profile = self.subscribers.read().find(&public_identity).is_some();
        let session = self.diameter.new_session_id();
        let request =
            self.cx.server_assignment(session, &public_identity, &private_identity, kind, has_profile);
        self.ask(request, move |this, answer| {
            let assigned = cx::read_server_assignment(answer, &this.diameter.reading())?;
            let (subscriber, is_new) = this.assigned(&public_identity, &private_identity, kind, assigned)?;
            let staged = is_new.then(|| Box::new(Change::Barrier) as Staged);
            Ok((subscriber, staged))
        })
    }
}
