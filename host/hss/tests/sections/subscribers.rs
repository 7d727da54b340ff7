//! Who is who in these tests.

/// K of TS 35.208 §4.3, test set 1.
pub(crate) const K: &str = "465b5ce8b199b49faa5f0a2ee238a6bc";
/// OPc of the same.
pub(crate) const OPC: &str = "cd63cb71954a9f4e48a5994e37a02baf";

/// Who has keys of AKA, three public identities, two of them in service while not registered.
pub(crate) const ALICE: &str = "alice@ims.test";
/// Alice's default identity.
pub(crate) const SIP_ALICE: &str = "sip:alice@ims.test";
/// Alice's number.
pub(crate) const TEL_ALICE: &str = "tel:+15550001";
/// Registered along with the others, and barred.
pub(crate) const BARRED_ALICE: &str = "sip:alice.temporary@ims.test";
/// Alice's other set: no services while it is not registered.
pub(crate) const ALICE_AT_WORK: &str = "sip:alice.work@ims.test";

/// Who has a password, and a subscription with two private identities.
pub(crate) const BOB: &str = "bob@ims.test";
/// Bob's other private identity, without anything to authenticate with.
pub(crate) const BOBS_TABLET: &str = "bob.tablet@ims.test";
/// Bob's identity, which both share.
pub(crate) const SIP_BOB: &str = "sip:bob@ims.test";
/// Any of these is Bob's too.
pub(crate) const BOBS_RANGE: &str = "sip:bob.!.*!@ims.test";
/// Only the tablet may register it.
pub(crate) const BOBS_TABLET_ONLY: &str = "sip:tablet@ims.test";

/// Who may not register: all is barred.
pub(crate) const CAROL: &str = "carol@ims.test";
/// Carol's identity.
pub(crate) const SIP_CAROL: &str = "sip:carol@ims.test";

/// A service with an application server of its own.
pub(crate) const CONFERENCE: &str = "sip:conference@ims.test";
/// A service behind an S-CSCF.
pub(crate) const VOICEMAIL: &str = "sip:voicemail@ims.test";
/// A service that is switched off.
pub(crate) const SWITCHED_OFF: &str = "sip:off@ims.test";
/// Services by the room.
pub(crate) const ROOMS: &str = "sip:room!.*!@ims.test";

/// Everybody, and their profiles.
pub(crate) const DOCUMENT: &str = r#"
[[profile]]
name = "always"
[[profile.criteria]]
priority = 10
server = "sip:as.ims.test"
when = ["method INVITE"]

[[profile]]
name = "registered"
[[profile.criteria]]
priority = 20
server = "sip:as2.ims.test"
part = "registered"

[[subscriber]]
impi = "alice@ims.test"
k = "465b5ce8b199b49faa5f0a2ee238a6bc"
opc = "cd63cb71954a9f4e48a5994e37a02baf"
profile = "always"
identities = [
    { identity = "sip:alice@ims.test", display_name = "Alice" },
    { identity = "tel:+1-555-0001", profile = "registered" },
    { identity = "sip:alice.temporary@ims.test", barred = true },
]
visited_networks = ["ims.test", "abroad.test"]
capabilities = { mandatory = [1, 2], optional = [7], servers = ["sip:s1.ims.test:6060"] }
charging = { primary_collection = "aaa://ccf.ims.test", primary_event = "aaa://ecf.ims.test" }
[[subscriber.set]]
identities = ["sip:alice.work@ims.test"]
profile = "registered"

[[subscriber]]
impi = "bob@ims.test"
password = "secret"
profile = "always"
identities = ["sip:bob@ims.test", { identity = "sip:bob.!.*!@ims.test", kind = "wildcarded" }]
[[subscriber.private]]
impi = "bob.tablet@ims.test"
[[subscriber.set]]
identities = ["sip:tablet@ims.test"]
private = ["bob.tablet@ims.test"]

[[subscriber]]
impi = "carol@ims.test"
k = "465b5ce8b199b49faa5f0a2ee238a6bc"
opc = "cd63cb71954a9f4e48a5994e37a02baf"
password = "secret"
identities = [{ identity = "sip:carol@ims.test", barred = true }]

[[subscriber]]
identities = [
    { identity = "sip:conference@ims.test", kind = "psi", application_server = "sip:mixer.ims.test" },
    { identity = "sip:voicemail@ims.test", kind = "psi", profile = "always" },
    { identity = "sip:off@ims.test", kind = "psi", profile = "always", inactive = true },
    { identity = "sip:room!.*!@ims.test", kind = "wildcarded-psi", profile = "always" },
]
"#;
