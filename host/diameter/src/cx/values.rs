//! The Enumerated values and flags of Cx: TS 29.229 §6.3.

use bitflags::bitflags;

use crate::avp::Avp;
use crate::builder::Builder;
use crate::failure::Failure;
use crate::value::{AvpValue, Reading, enumerated};

enumerated! {
    /// User-Authorization-Type (§6.3.24). Absent: REGISTRATION.
    UserAuthorizationType {
        /// An initial registration or a re-registration.
        Registration = 0,
        /// Expires is zero.
        DeRegistration = 1,
        /// The S-CSCF's capabilities are wanted too, to choose another one.
        RegistrationAndCapabilities = 2,
    }
}

enumerated! {
    /// Server-Assignment-Type (§6.3.15).
    ServerAssignmentType {
        /// The profile is wanted, and nothing changes.
        NoAssignment = 0,
        /// First registration of an identity.
        Registration = 1,
        /// Re-registration.
        ReRegistration = 2,
        /// A call for an identity that is not registered.
        UnregisteredUser = 3,
        /// The registration ran out.
        TimeoutDeregistration = 4,
        /// The user took it back.
        UserDeregistration = 5,
        /// The registration ran out; the S-CSCF keeps the profile.
        TimeoutDeregistrationStoreServerName = 6,
        /// The user took it back; the S-CSCF keeps the profile.
        UserDeregistrationStoreServerName = 7,
        /// The operator took it back.
        AdministrativeDeregistration = 8,
        /// The user failed to authenticate.
        AuthenticationFailure = 9,
        /// The user did not authenticate in time.
        AuthenticationTimeout = 10,
        /// The profile is too big.
        DeregistrationTooMuchData = 11,
        /// SWx: a 3GPP AAA server wants the profile.
        AaaUserDataRequest = 12,
        /// SWx: the PDN gateway changed.
        PgwUpdate = 13,
        /// SWx: restoration.
        Restoration = 14,
    }
}

enumerated! {
    /// User-Data-Already-Available (§6.3.26).
    UserDataAlreadyAvailable {
        /// The profile is wanted.
        NotAvailable = 0,
        /// The profile is here.
        AlreadyAvailable = 1,
    }
}

enumerated! {
    /// Reason-Code of a de-registration (§6.3.17).
    ReasonCode {
        /// The subscription ended: no S-CSCF will be assigned.
        PermanentTermination = 0,
        /// Another S-CSCF has it.
        NewServerAssigned = 1,
        /// Another S-CSCF is to be chosen.
        ServerChange = 2,
        /// An identity that is not registered is served no longer.
        RemoveScscf = 3,
    }
}

enumerated! {
    /// Originating-Request (§6.3.34): present, or not.
    OriginatingRequest {
        /// The request comes from an application server on the user's behalf.
        Originating = 0,
    }
}

enumerated! {
    /// Loose-Route-Indication (§6.3.45).
    LooseRouteIndication {
        /// The Request-URI may be rewritten to the contact.
        NotRequired = 0,
        /// It may not.
        Required = 1,
    }
}

enumerated! {
    /// Multiple-Registration-Indication (§6.3.51).
    MultipleRegistrationIndication {
        /// One registration.
        NotMultiple = 0,
        /// Several of one private identity.
        Multiple = 1,
    }
}

enumerated! {
    /// Session-Priority (§6.3.56): 0 is the highest.
    SessionPriority {
        /// The highest.
        Priority0 = 0,
        /// The second.
        Priority1 = 1,
        /// The third.
        Priority2 = 2,
        /// The fourth.
        Priority3 = 3,
        /// The lowest.
        Priority4 = 4,
    }
}

enumerated! {
    /// Priviledged-Sender-Indication (§6.3.58).
    PriviledgedSenderIndication {
        /// As any other.
        NotPriviledged = 0,
        /// The P-Preferred-Identity of this sender is not checked.
        Priviledged = 1,
    }
}

/// A set of bits in an Unsigned32. Unknown bits are kept.
macro_rules! flags {
    ($($(#[doc = $doc:literal])* $name:ident { $(#[doc = $bit_doc:literal])* $bit:ident })*) => {
        $(
            bitflags! {
                $(#[doc = $doc])*
                #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
                pub struct $name: u32 {
                    $(#[doc = $bit_doc])*
                    const $bit = 1;
                }
            }

            impl AvpValue for $name {
                fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<$name, Failure> {
                    u32::read(avp, reading).map($name::from_bits_retain)
                }

                fn write(&self, out: &mut Builder) {
                    self.bits().write(out);
                }
            }
        )*
    };
}

flags! {
    /// UAR-Flags (§6.3.44).
    UarFlags {
        /// An emergency registration: barring and roaming are not checked.
        IMS_EMERGENCY_REGISTRATION
    }

    /// SAR-Flags (§6.3.63).
    SarFlags {
        /// The P-CSCF failed, and the HSS is to tell the serving nodes.
        P_CSCF_RESTORATION_INDICATION
    }

    /// LIA-Flags (§6.3.59).
    LiaFlags {
        /// Server-Name is an application server's: a PSI with direct routing.
        PSI_DIRECT_ROUTING_INDICATION
    }

    /// RTR-Flags (§6.3.69).
    RtrFlags {
        /// The line changed from which the user is reached.
        REFERENCE_LOCATION_CHANGE
    }
}
