//! A server with subscribers, and what is asked of it: every request goes through bytes.

use std::time::Duration;

use diameter::cx::*;
use diameter::{Command, Dictionary, Flags, Message, Outcome, Reading};
use strowger_hss::{Hss, Registered, Secrets, Settings, ShownSet};

use crate::requests::*;
use crate::subscribers::DOCUMENT;

pub(crate) struct World {
    pub(crate) hss: Hss,
}

pub(crate) fn settings() -> Settings {
    Settings { patience: Duration::from_secs(60), ..Settings::new(origin("hss.ims.test")) }
}

pub(crate) async fn world() -> World {
    world_with(settings()).await
}

pub(crate) async fn world_with(settings: Settings) -> World {
    let hss = Hss::open("sqlite::memory:", settings).await.unwrap();
    hss.import(DOCUMENT).await.unwrap();
    World { hss }
}

/// What is received.
pub(crate) fn sent(request: &impl Command) -> Message {
    let message = request.print().unwrap();
    let flags = message.header().flags;
    message.stamped(0x11, 0x22, flags)
}

impl World {
    /// The answer to a request, read by its own grammar.
    pub(crate) async fn ask<A: Command>(&self, request: &impl Command) -> A {
        let answer = self.hss.answer(sent(request)).await;
        let header = answer.header();
        assert_eq!((header.hop_by_hop, header.end_to_end), (0x11, 0x22));
        assert_eq!(header.flags, Flags::PROXIABLE);
        let dictionary = Dictionary::new();
        A::parse(&answer, &Reading::new(&dictionary)).unwrap()
    }

    /// How a request ends, whatever the answer's grammar.
    pub(crate) async fn outcome(&self, request: &impl Command) -> Outcome {
        self.hss.answer(sent(request)).await.outcome().unwrap()
    }

    pub(crate) async fn uar(&self, request: &UserAuthorizationRequest) -> UserAuthorizationAnswer {
        self.ask(request).await
    }

    pub(crate) async fn lir(&self, request: &LocationInfoRequest) -> LocationInfoAnswer {
        self.ask(request).await
    }

    pub(crate) async fn mar(&self, request: &MultimediaAuthRequest) -> MultimediaAuthAnswer {
        self.ask(request).await
    }

    pub(crate) async fn sar(&self, request: &ServerAssignmentRequest) -> ServerAssignmentAnswer {
        self.ask(request).await
    }

    /// An S-CSCF registers somebody.
    pub(crate) async fn register(&self, server: &str, private: &str, public: &str) {
        let request = sar(server, Some(private), &[public], ServerAssignmentType::Registration);
        assert_eq!(self.sar(&request).await.head.outcome, Outcome::SUCCESS);
    }

    /// An S-CSCF challenges somebody.
    pub(crate) async fn challenge(&self, server: &str, private: &str, public: &str) {
        let request = mar(server, private, public, "Unknown");
        assert_eq!(self.mar(&request).await.head.outcome, Outcome::SUCCESS);
    }

    /// An S-CSCF is called for somebody who is not registered.
    pub(crate) async fn serve(&self, server: &str, public: &str) {
        let request = sar(server, None, &[public], ServerAssignmentType::UnregisteredUser);
        assert_eq!(self.sar(&request).await.head.outcome, Outcome::SUCCESS);
    }

    /// The S-CSCF that is assigned to a subscription.
    pub(crate) async fn server(&self, identity: &str) -> Option<String> {
        self.hss.show(identity, Secrets::Hidden).await.unwrap().server
    }

    /// The state of the set with this default identity.
    pub(crate) async fn set(&self, identity: &str) -> ShownSet {
        let shown = self.hss.show(identity, Secrets::Hidden).await.unwrap();
        let found = shown.sets.into_iter().find(|set| set.identity == identity);
        found.unwrap_or_else(|| panic!("no set of {identity}"))
    }

    pub(crate) async fn state(&self, identity: &str) -> Registered {
        self.set(identity).await.state
    }
}
