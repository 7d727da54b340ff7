//! What CSCFs ask, with nothing in it that is not needed.

use diameter::base::Origin;
use diameter::cx::*;
use diameter::{DiameterIdentity, Secret};

pub(crate) const REALM: &str = "ims.test";
/// An S-CSCF.
pub(crate) const S1: &str = "sip:s1.ims.test:6060";
/// Another one.
pub(crate) const S2: &str = "sip:s2.ims.test:6060";

pub(crate) fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

pub(crate) fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name(REALM), state_id: None }
}

/// The host in an S-CSCF's URI, which is its Diameter node here.
pub(crate) fn host_of(server: &str) -> &str {
    server.trim_start_matches("sip:").split(':').next().unwrap_or_default()
}

pub(crate) fn head(host: &str) -> RequestHead {
    RequestHead::new(format!("{host};1;1"), origin(host), name(REALM))
}

pub(crate) fn uar(private: &str, public: &str) -> UserAuthorizationRequest {
    UserAuthorizationRequest {
        head: head("i.ims.test"),
        user_name: private.to_owned(),
        public_identity: public.to_owned(),
        visited_network_identifier: b"ims.test".to_vec(),
        user_authorization_type: None,
        uar_flags: None,
        other: Vec::new(),
    }
}

pub(crate) fn lir(public: &str) -> LocationInfoRequest {
    LocationInfoRequest {
        head: head("i.ims.test"),
        originating_request: None,
        public_identity: public.to_owned(),
        user_authorization_type: None,
        session_priority: None,
        other: Vec::new(),
    }
}

pub(crate) fn mar(server: &str, private: &str, public: &str, scheme: &str) -> MultimediaAuthRequest {
    MultimediaAuthRequest {
        head: head(host_of(server)),
        user_name: private.to_owned(),
        public_identity: public.to_owned(),
        sip_auth_data_item: SipAuthDataItem {
            sip_authentication_scheme: Some(scheme.to_owned()),
            ..SipAuthDataItem::default()
        },
        sip_number_auth_items: 1,
        server_name: server.to_owned(),
        other: Vec::new(),
    }
}

/// The same that asks for resynchronisation.
pub(crate) fn mar_with_auts(
    server: &str,
    private: &str,
    public: &str,
    rand_and_auts: &[u8],
) -> MultimediaAuthRequest {
    let mut request = mar(server, private, public, "Digest-AKAv1-MD5");
    request.sip_auth_data_item.sip_authorization = Some(Secret::new(rand_and_auts));
    request
}

pub(crate) fn sar(
    server: &str,
    private: Option<&str>,
    public: &[&str],
    kind: ServerAssignmentType,
) -> ServerAssignmentRequest {
    ServerAssignmentRequest {
        head: head(host_of(server)),
        user_name: private.map(str::to_owned),
        public_identities: public.iter().map(|identity| (*identity).to_owned()).collect(),
        wildcarded_public_identity: None,
        server_name: server.to_owned(),
        server_assignment_type: kind,
        user_data_already_available: UserDataAlreadyAvailable::NotAvailable,
        scscf_restoration_info: None,
        multiple_registration_indication: None,
        session_priority: None,
        sar_flags: None,
        failed_pcscf: None,
        other: Vec::new(),
    }
}

/// What an S-CSCF says to an RTR.
pub(crate) fn rta(
    request: &RegistrationTerminationRequest,
    outcome: impl Into<diameter::Outcome>,
) -> RegistrationTerminationAnswer {
    RegistrationTerminationAnswer {
        head: AnswerHead::to(&request.head, origin("s1.ims.test"), outcome),
        associated_identities: None,
        identities_with_emergency_registration: Vec::new(),
        other: Vec::new(),
    }
}
