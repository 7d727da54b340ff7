//! An S-CSCF at 192.0.2.3, Alice whom it serves, application servers, and an HSS.

use scscf::Scscf;
use strowger_sdk::client::OwnRequest;
use strowger_sdk::ims::{ApplicationServer, Identity, Position, Subscriber, Triggered};
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage};

pub(crate) const ALICE: &str = "sip:alice@ims.test";
pub(crate) const NUMBER: &str = "tel:+491701234567";
/// Alice registers with it, and is not to be seen by it.
pub(crate) const BARRED: &str = "sip:imsi@ims.test";

/// The route by which phones' requests come, and application servers'.
pub(crate) const SERVICE_ROUTE: &str = "sip:orig@192.0.2.3:6060;lr";

pub(crate) fn scscf() -> Scscf {
    with("icscf = \"sip:192.0.2.2:4060\"")
}

/// With these settings beside the two that must be given.
pub(crate) fn with(more: &str) -> Scscf {
    Scscf::init(&format!("domains = [\"ims.test\"]\nuri = \"sip:192.0.2.3:6060\"\n{more}")).expect("settings")
}

/// Alice's implicit registration set.
pub(crate) fn alice(registered: bool) -> Subscriber {
    let identity = |uri: &str, barred| Identity { uri: uri.to_owned(), barred, display_name: String::new() };
    Subscriber {
        private_identity: "alice@ims.test".to_owned(),
        registered,
        identities: vec![identity(BARRED, true), identity(ALICE, false), identity(NUMBER, false)],
        charging: "ccf=192.0.2.200".to_owned(),
    }
}

/// She is registered here.
pub(crate) fn serving() -> TestHost {
    TestHost::new().serves(alice(true)).registered(ALICE)
}

/// An application server of hers, by its place in the chain.
pub(crate) fn server(ordinal: u16, uri: &str, terminates: bool) -> Triggered {
    let server = ApplicationServer { uri: uri.to_owned(), terminates, ..ApplicationServer::default() };
    Triggered { position: Position { priority: 0, ordinal }, server }
}

/// Her REGISTER as the I-CSCF sends it, with these lines more.
pub(crate) fn register(more: &str) -> TestMessage {
    sip!(
        "REGISTER sip:192.0.2.3:6060 SIP/2.0\nFrom: <{ALICE}>;tag=1\nTo: <{ALICE}>\n\
         Path: <sip:s00@192.0.2.1:5060;lr>\nP-Visited-Network-ID: \"visited.test\"\n\
         P-Charging-Vector: icid-value=x;orig-ioi=visited.test\nP-Access-Network-Info: 3GPP-E-UTRAN-FDD\n\
         Authorization: Digest username=\"alice@ims.test\",realm=\"ims.test\",nonce=\"n\",response=\"r\",\
         integrity-protected=\"no\"\n{more}"
    )
}

/// The Contact of her phone.
pub(crate) const CONTACT: &str = "Contact: <sip:alice@192.0.2.10:5060>";

/// Values of a header field of a request of the plugin's own.
pub(crate) fn value(own: &OwnRequest, id: HeaderId) -> Vec<&str> {
    own.headers.iter().filter(|header| header.id == id.0).map(|header| header.value.as_str()).collect()
}

/// What was asked that begins so.
pub(crate) fn asked(host: &TestHost, what: &str) -> Vec<String> {
    host.asked().into_iter().filter(|one| one.starts_with(what)).collect()
}
