//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

use sip::fuzzing::Target;
use sip::{HeaderId, Uri};

use crate::access_network_info::AccessNetworkInfo;
use crate::asserted_identity::AssertedIdentity;
use crate::associated_uri::AssociatedUri;
use crate::charging_function_addresses::ChargingFunctionAddresses;
use crate::charging_vector::ChargingVector;
use crate::feature_tags::{AcceptContact, RejectContact, preference};
use crate::identity::{EmergencyNumbers, Impi, Impu};
use crate::privacy::Privacy;
use crate::reginfo::{Reginfo, RegistrationView};
use crate::security_agreement::{Mechanism, is_same};
use crate::served_user::ServedUser;
use crate::service_profile::ImsSubscription;
use crate::service_route::ServiceRoute;
use crate::visited_network_id::VisitedNetworkId;

#[cfg(feature = "regex")]
mod criteria;
#[cfg(feature = "regex")]
pub use criteria::filter_criteria;

/// Every target.
#[cfg(feature = "regex")]
pub const TARGETS: [Target; 4] = [
    ("service_profile", service_profile),
    ("headers", headers),
    ("reginfo", reginfo),
    ("filter_criteria", filter_criteria),
];
/// Every target that needs no regular expressions.
#[cfg(not(feature = "regex"))]
pub const TARGETS: [Target; 3] =
    [("service_profile", service_profile), ("headers", headers), ("reginfo", reginfo)];

/// User data: refused, or written in a way that reads the same.
pub fn service_profile(bytes: &[u8]) {
    let Ok(subscription) = ImsSubscription::parse(bytes) else { return };
    let written = subscription.to_xml();
    let again = ImsSubscription::parse(written.as_bytes());
    // Escapes may make a document at its bound larger than that.
    assert!(again == Ok(subscription) || written.len() > crate::bounds::MAX_XML, "what is written is read");
}

/// Registration information: the same; and a view takes it whatever came before.
pub fn reginfo(bytes: &[u8]) {
    let Ok(document) = Reginfo::parse(bytes) else { return };
    let written = document.to_xml();
    let again = Reginfo::parse(written.as_bytes());
    assert!(
        again.as_ref() == Ok(&document) || written.len() > crate::bounds::MAX_XML,
        "what is written is read"
    );
    let mut view = RegistrationView::default();
    for version in [document.version, document.version, document.version.wrapping_add(1)] {
        let _ = view.update(Reginfo { version, ..document.clone() });
    }
}

/// One value, as every header field and identity there is: refused, or written without controls in a way that reads the
/// same.
pub fn headers(bytes: &[u8]) {
    let values = || [bytes];
    same(&ChargingVector::parse(bytes), ChargingVector::parse);
    same(&ChargingFunctionAddresses::parse(bytes), ChargingFunctionAddresses::parse);
    same(&ServedUser::parse(bytes), ServedUser::parse);
    same(&AssertedIdentity::parse_all(values()), |text| AssertedIdentity::parse_all([text]));
    same(&ServiceRoute::parse_all(values()), |text| ServiceRoute::parse_all([text]));
    same(&Privacy::parse_all(values()), |text| Privacy::parse_all([text]));
    each(AccessNetworkInfo::parse_all(values()), |text| AccessNetworkInfo::parse_all([text]));
    each(VisitedNetworkId::parse_all(values()), |text| VisitedNetworkId::parse_all([text]));
    each(AssociatedUri::parse_all(values()), |text| AssociatedUri::parse_all([text]));
    each(AcceptContact::parse_all(values()), |text| AcceptContact::parse_all([text]));
    each(RejectContact::parse_all(values()), |text| RejectContact::parse_all([text]));
    let mechanisms = |value: &[u8]| Mechanism::parse_all(HeaderId::SECURITY_CLIENT, [value]);
    if let Ok(all) = mechanisms(bytes) {
        assert!(is_same(&all, &all), "a list is the same as itself");
    }
    each(mechanisms(bytes), mechanisms);
    if let (Ok(accept), Ok(reject)) = (AcceptContact::parse_all(values()), RejectContact::parse_all(values()))
    {
        for one in &accept {
            let found = preference(&one.features, &accept, &reject);
            assert!(found.is_none_or(|found| found <= 1000), "a preference is a share");
        }
    }
    identities(bytes);
}

fn identities(bytes: &[u8]) {
    if let Ok(private) = Impi::parse(bytes) {
        assert_eq!(Impi::parse(private.as_str().as_bytes()), Ok(private.clone()), "an identity is canonical");
        let _ = (private.imsi(), private.realm());
    }
    if let Ok(uri) = Uri::parse(bytes) {
        let _ = EmergencyNumbers::everywhere().service_urn(&uri);
        let names = [Impu::of(&uri).ok(), Impu::telephone(&uri)];
        for identity in names.into_iter().flatten() {
            // A canonical form may have more escapes than the bound allows.
            let again = Impu::parse(identity.as_str().as_bytes());
            let is_long = identity.as_str().len() > crate::bounds::MAX_IDENTITY;
            assert!(again == Ok(identity) || is_long, "the canonical form is canonical");
        }
    }
    #[cfg(feature = "regex")]
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(wildcard) = crate::identity::WildcardedIdentity::parse(text)
        && let Ok(identity) = Impu::parse(b"sip:a@b")
    {
        let _ = wildcard.matches(&identity);
    }
}

/// A value that was read is written, without controls, as one that reads the same.
fn same<T: PartialEq + std::fmt::Display + std::fmt::Debug, E>(
    read: &Result<T, E>,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) {
    let Ok(value) = read else { return };
    let written = value.to_string();
    assert!(!written.contains(char::is_control), "no control comes out");
    let is_long = written.len() > crate::bounds::MAX_VALUE;
    let again = parse(written.as_bytes());
    assert!(again.is_ok_and(|again| again == *value) || is_long, "what is written is read: {written}");
}

/// The same for each element of a list.
fn each<T: PartialEq + std::fmt::Display + std::fmt::Debug, E>(
    read: Result<Vec<T>, E>,
    parse: impl Fn(&[u8]) -> Result<Vec<T>, E>,
) {
    for value in read.unwrap_or_default() {
        let written = value.to_string();
        assert!(!written.contains(char::is_control), "no control comes out");
        let again = parse(written.as_bytes());
        let is_same = again.is_ok_and(|again| again == std::slice::from_ref(&value));
        assert!(is_same || written.len() > crate::bounds::MAX_VALUE, "what is written is read: {written}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    /// What mutants are made of: one of each kind that a target reads.
    const SEEDS: [&[u8]; 16] = [
        b"<IMSSubscription><PrivateID>a@b</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@b</Identity>\
          <Extension><IdentityType>0</IdentityType></Extension></PublicIdentity><InitialFilterCriteria><Priority>1\
          </Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><Group>0</Group><Method>X</Method></SPT>\
          </TriggerPoint><ApplicationServer><ServerName>sip:x</ServerName></ApplicationServer>\
          </InitialFilterCriteria></ServiceProfile></IMSSubscription>",
        b"<reginfo version=\"0\" state=\"full\"><registration aor=\"sip:a@b\" id=\"1\" state=\"active\"><contact \
          id=\"2\" state=\"active\" event=\"created\" q=\"0.5\"><uri>sip:c</uri><unknown-param name=\"x\">y\
          </unknown-param></contact></registration></reginfo>",
        b"icid-value=\"1;2\";icid-generated-at=[::1];orig-ioi=a;transit-ioi=\"a.1,void\";x=y",
        b"ccf=192.0.2.1;ecf=\"aaa://x\";ccf-2=y",
        b"\"A \\\"b\" <sip:a@b>;sescase=orig;regstate=reg;x=\"y\"",
        b"<sip:a@b>, <tel:+1>",
        b"\"visited\", other;x=y",
        b"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010019B01;network-provided, IEEE-802.11;x",
        b"id;header, user;x",
        b"ipsec-3gpp;q=0.1;alg=a;ealg=b;spi-c=1;spi-s=2;port-c=3;port-s=4, tls",
        b"*;+g.3gpp.smsip;audio=\"!a,b\";priority=\"#>=5\";explicit;require, *;+x=\"<y>\"",
        b"sip:+1-201-555-0123;phone-context=x@h;user=phone",
        b"tel:7042;phone-context=example.org",
        b"sip:chat!.*[a-z]+!@example.org",
        b"234150999999999@ims.mnc015.mcc234.3gppnetwork.org",
        b"\x01^sip:a|b$\x02[[:digit:]]{2,3}\x00x*\xff\x07(a|b)+",
    ];

    #[test]
    fn any_bytes_are_survived() {
        for (_, target) in TARGETS {
            Mutants::new(29_228).run(1000, 120, target);
        }
    }

    #[test]
    fn mutated_values_are_survived() {
        let mut mutants = Mutants::new(7315);
        for seed in SEEDS {
            for _ in 0..200 {
                let mut bytes = seed.to_vec();
                mutants.mutate(&mut bytes);
                for (_, target) in TARGETS {
                    target(&bytes);
                }
            }
        }
    }
}
