//! The home network of the simulated IMS: who has which address, and what the HSS holds of its subscribers.
//!
//! In: numbers. Out: addresses, URIs, identities, User-Data (TS 29.228 Annex B, Annex E).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::story::{Criterion, User};

/// The home network's domain.
pub(crate) const DOMAIN: &str = "ims.test";
/// Number of the P-CSCF among the elements.
pub(crate) const PCSCF: usize = 0;
/// Of the I-CSCF.
pub(crate) const ICSCF: usize = 1;
/// Of the two S-CSCFs.
pub(crate) const SCSCFS: [usize; 2] = [2, 3];
/// How many elements are ours; application servers are numbered behind them.
pub(crate) const ELEMENTS: usize = 4;
/// Port of all SIP.
const PORT: u16 = 5060;
/// Of the first element, the first application server, the first phone: last byte of the address.
const FIRST: u8 = 1;

/// Where an element or an application server listens.
pub(crate) fn element_address(number: usize) -> SocketAddr {
    let ip = match number.checked_sub(ELEMENTS) {
        None => Ipv4Addr::new(192, 0, 2, FIRST + number as u8),
        Some(server) => Ipv4Addr::new(203, 0, 113, FIRST + server as u8),
    };
    SocketAddr::new(IpAddr::V4(ip), PORT)
}

/// Where a phone listens.
pub(crate) fn phone_address(number: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, FIRST + number as u8)), PORT)
}

/// The SIP URI of an element.
pub(crate) fn uri(number: usize) -> String {
    format!("sip:{}", element_address(number))
}

/// The element with this URI.
pub(crate) fn element_of(name: &str) -> Option<usize> {
    (0..ELEMENTS).find(|number| uri(*number) == name)
}

/// "pcscf", "scscf2", "as1"
pub(crate) fn name(number: usize) -> String {
    match number {
        PCSCF => "pcscf".into(),
        ICSCF => "icscf".into(),
        number if number < ELEMENTS => format!("scscf{}", number - 1),
        number => format!("as{}", number - ELEMENTS + 1),
    }
}

/// The private identity of a user.
pub(crate) fn private_identity(user: usize) -> String {
    format!("u{user}@{DOMAIN}")
}

/// The public identities of a user, which are one implicit registration set; the first one is the default.
pub(crate) fn public_identities(user: usize) -> [String; 3] {
    [format!("sip:u{user}@{DOMAIN}"), format!("sip:u{user}.work@{DOMAIN}"), format!("tel:+4930555{user:04}")]
}

/// Whose public identity this is.
pub(crate) fn user_of(identity: &str, users: usize) -> Option<usize> {
    (0..users).find(|user| public_identities(*user).iter().any(|own| own == identity))
}

/// Whose private identity this is.
pub(crate) fn user_of_private(identity: &str, users: usize) -> Option<usize> {
    (0..users).find(|user| private_identity(*user) == identity)
}

/// A subscriber's key K.
pub(crate) fn key(user: usize) -> [u8; 16] {
    let mut key = *b"key of one user!";
    key[15] = user as u8;
    key
}

/// The operator's constant.
pub(crate) const OP: [u8; 16] = *b"operator's const";

/// What an SAA brings of a user.
pub(crate) fn user_data(number: usize, user: &User) -> Vec<u8> {
    let identities: String = public_identities(number)
        .iter()
        .map(|identity| format!("<PublicIdentity><Identity>{identity}</Identity></PublicIdentity>"))
        .collect();
    let criteria: String = user.chain.iter().map(criteria).collect();
    format!(
        "<?xml version=\"1.0\"?><IMSSubscription><PrivateID>{}</PrivateID><ServiceProfile>{identities}{criteria}\
         </ServiceProfile></IMSSubscription>",
        private_identity(number)
    )
    .into_bytes()
}

/// One criterion: a method, and a session case or both.
fn criteria(criterion: &Criterion) -> String {
    let Criterion { priority, server, method, case, terminates } = criterion;
    let case = match case {
        Some(case) => format!("<SPT><Group>1</Group><SessionCase>{case}</SessionCase></SPT>"),
        None => String::new(),
    };
    format!(
        "<InitialFilterCriteria><Priority>{priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>\
         <SPT><Group>0</Group><Method>{method}</Method></SPT>{case}</TriggerPoint><ApplicationServer><ServerName>{}\
         </ServerName><DefaultHandling>{}</DefaultHandling></ApplicationServer></InitialFilterCriteria>",
        uri(ELEMENTS + server),
        u8::from(*terminates)
    )
}
