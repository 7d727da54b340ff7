//! A P-CSCF at 192.0.2.1, Alice's phone at 192.0.2.10, and what goes between them until she is registered.

use pcscf::Pcscf;
use strowger_sdk::prelude::*;
use strowger_sdk::testing::{TestHost, TestMessage, ask_about_reply};
use strowger_sdk::{Transport, sip};

/// Alice's phone.
pub(crate) const PHONE: &str = "192.0.2.10";

/// What her S-CSCF gave her.
pub(crate) const SERVICE_ROUTE: &str = "<sip:orig@192.0.2.3:6060;lr>";

/// With `icscf`, and the rest as it comes.
pub(crate) fn pcscf() -> Pcscf {
    with("icscf = \"sip:192.0.2.2:4060\"")
}

/// With these settings beside the two that must be given.
pub(crate) fn with(more: &str) -> Pcscf {
    Pcscf::init(&format!("domain = \"ims.test\"\nuri = \"sip:192.0.2.1:5060\"\n{more}")).expect("settings")
}

/// Messages come from Alice's phone.
pub(crate) fn phone() -> TestHost {
    TestHost::new().from(Transport::Udp, PHONE, 5060, 0)
}

/// Her REGISTER, with these lines more.
pub(crate) fn register(more: &str) -> TestMessage {
    sip!(
        "REGISTER sip:ims.test SIP/2.0\nFrom: <sip:alice@ims.test>;tag=1\nTo: <sip:alice@ims.test>\nContact: \
         <sip:alice@192.0.2.10:5060>;+g.3gpp.smsip\nAuthorization: Digest username=\"alice@ims.test\",\
         realm=\"ims.test\",nonce=\"\",uri=\"sip:ims.test\",response=\"\"\n{more}"
    )
}

/// The S-CSCF's 200, with this Contact line, or without one.
pub(crate) fn ok(contact: &str) -> TestMessage {
    sip!(
        "SIP/2.0 200 OK\nCSeq: 1 REGISTER\nTo: <sip:alice@ims.test>;tag=2\nPath: <sip:s00@192.0.2.1:5060;lr>\n\
         Service-Route: {SERVICE_ROUTE}\nP-Associated-URI: <sip:alice@ims.test>, <tel:+491701234567>\n\
         P-Charging-Function-Addresses: ccf=192.0.2.200\nP-Charging-Vector: icid-value=x;term-ioi=ims.test\n\
         {contact}"
    )
}

/// The Contact of a registration of ten minutes.
pub(crate) const TEN_MINUTES: &str = "Contact: <sip:alice@192.0.2.10:5060>;expires=600";

/// The host after Alice has registered for ten minutes from where it stands.
pub(crate) fn registered(host: TestHost) -> TestHost {
    let host = host.answers(register(""));
    ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES)).passes();
    host
}

/// Alice sends this, along her Service-Route.
pub(crate) fn from_alice(method: &str, more: &str) -> TestMessage {
    sip!(
        "{method} sip:bob@ims.test SIP/2.0\nFrom: <sip:alice@ims.test>;tag=1\nRoute: {SERVICE_ROUTE}\n\
         Contact: <sip:alice@192.0.2.10:5060>\n{more}"
    )
}
