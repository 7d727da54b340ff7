//! How a request ended: Result-Code (RFC 6733 §7.1) and Experimental-Result (§7.6) with the values of Cx (TS 29.229
//! §6.2).
//!
//! Values only. What an IMS element makes of them belongs to whoever asked.

use std::fmt;

use crate::avp::vendor;

/// A Result-Code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(pub u32);

/// The class of a code: its first digit (§7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultClass {
    /// 1xxx: something is left to do first.
    Informational,
    /// 2xxx.
    Success,
    /// 3xxx: of the base protocol, per hop, with the E bit.
    ProtocolError,
    /// 4xxx: later it may work.
    TransientFailure,
    /// 5xxx, and "an unrecognized class MUST be handled as a permanent failure".
    PermanentFailure,
}

impl ResultClass {
    const fn of(code: u32) -> ResultClass {
        match code {
            1000..=1999 => ResultClass::Informational,
            2000..=2999 => ResultClass::Success,
            3000..=3999 => ResultClass::ProtocolError,
            4000..=4999 => ResultClass::TransientFailure,
            _ => ResultClass::PermanentFailure,
        }
    }
}

/// Constants and their names, once.
macro_rules! codes {
    ($of:ident: $($(#[$doc:meta])* $name:ident = $code:literal $text:literal;)*) => {
        impl $of {
            $($(#[$doc])* pub const $name: $of = $of($code);)*

            /// The name that the standard gives it.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }

            /// Every code that has a name.
            pub const ALL: &[$of] = &[$($of::$name),*];
        }
    };
}

codes! { ResultCode:
    /// §7.1.1.
    MULTI_ROUND_AUTH = 1001 "DIAMETER_MULTI_ROUND_AUTH";
    /// §7.1.2.
    SUCCESS = 2001 "DIAMETER_SUCCESS";
    /// §7.1.2: more is to be done by the application.
    LIMITED_SUCCESS = 2002 "DIAMETER_LIMITED_SUCCESS";
    /// §7.1.3.
    COMMAND_UNSUPPORTED = 3001 "DIAMETER_COMMAND_UNSUPPORTED";
    /// §7.1.3.
    UNABLE_TO_DELIVER = 3002 "DIAMETER_UNABLE_TO_DELIVER";
    /// §7.1.3.
    REALM_NOT_SERVED = 3003 "DIAMETER_REALM_NOT_SERVED";
    /// §7.1.3: an alternate peer should be tried.
    TOO_BUSY = 3004 "DIAMETER_TOO_BUSY";
    /// §7.1.3: an alternate peer may be tried.
    LOOP_DETECTED = 3005 "DIAMETER_LOOP_DETECTED";
    /// §7.1.3: Redirect-Host says where.
    REDIRECT_INDICATION = 3006 "DIAMETER_REDIRECT_INDICATION";
    /// §7.1.3.
    APPLICATION_UNSUPPORTED = 3007 "DIAMETER_APPLICATION_UNSUPPORTED";
    /// §7.1.3.
    INVALID_HDR_BITS = 3008 "DIAMETER_INVALID_HDR_BITS";
    /// §7.1.3.
    INVALID_AVP_BITS = 3009 "DIAMETER_INVALID_AVP_BITS";
    /// §7.1.3: answers a CER.
    UNKNOWN_PEER = 3010 "DIAMETER_UNKNOWN_PEER";
    /// §7.1.4.
    AUTHENTICATION_REJECTED = 4001 "DIAMETER_AUTHENTICATION_REJECTED";
    /// §7.1.4.
    OUT_OF_SPACE = 4002 "DIAMETER_OUT_OF_SPACE";
    /// §7.1.4.
    ELECTION_LOST = 4003 "ELECTION_LOST";
    /// §7.1.5.
    AVP_UNSUPPORTED = 5001 "DIAMETER_AVP_UNSUPPORTED";
    /// §7.1.5.
    UNKNOWN_SESSION_ID = 5002 "DIAMETER_UNKNOWN_SESSION_ID";
    /// §7.1.5. Cx: all identities are barred.
    AUTHORIZATION_REJECTED = 5003 "DIAMETER_AUTHORIZATION_REJECTED";
    /// §7.1.5.
    INVALID_AVP_VALUE = 5004 "DIAMETER_INVALID_AVP_VALUE";
    /// §7.1.5.
    MISSING_AVP = 5005 "DIAMETER_MISSING_AVP";
    /// §7.1.5.
    RESOURCES_EXCEEDED = 5006 "DIAMETER_RESOURCES_EXCEEDED";
    /// §7.1.5.
    CONTRADICTING_AVPS = 5007 "DIAMETER_CONTRADICTING_AVPS";
    /// §7.1.5.
    AVP_NOT_ALLOWED = 5008 "DIAMETER_AVP_NOT_ALLOWED";
    /// §7.1.5.
    AVP_OCCURS_TOO_MANY_TIMES = 5009 "DIAMETER_AVP_OCCURS_TOO_MANY_TIMES";
    /// §7.1.5: answers a CER.
    NO_COMMON_APPLICATION = 5010 "DIAMETER_NO_COMMON_APPLICATION";
    /// §7.1.5.
    UNSUPPORTED_VERSION = 5011 "DIAMETER_UNSUPPORTED_VERSION";
    /// §7.1.5.
    UNABLE_TO_COMPLY = 5012 "DIAMETER_UNABLE_TO_COMPLY";
    /// §7.1.5. Never sent: reserved bits are ignored (§3).
    INVALID_BIT_IN_HEADER = 5013 "DIAMETER_INVALID_BIT_IN_HEADER";
    /// §7.1.5.
    INVALID_AVP_LENGTH = 5014 "DIAMETER_INVALID_AVP_LENGTH";
    /// §7.1.5.
    INVALID_MESSAGE_LENGTH = 5015 "DIAMETER_INVALID_MESSAGE_LENGTH";
    /// §7.1.5. 3009 is what we send.
    INVALID_AVP_BIT_COMBO = 5016 "DIAMETER_INVALID_AVP_BIT_COMBO";
    /// §7.1.5: answers a CER.
    NO_COMMON_SECURITY = 5017 "DIAMETER_NO_COMMON_SECURITY";
}

impl ResultCode {
    /// Its class.
    pub const fn class(self) -> ResultClass {
        ResultClass::of(self.0)
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "Result-Code {}", self.0),
        }
    }
}

impl fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An Experimental-Result-Code of 3GPP as Cx uses it (TS 29.229 §6.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CxResult(pub u32);

codes! { CxResult:
    /// §6.2.1.1: authorized, and no S-CSCF is assigned.
    FIRST_REGISTRATION = 2001 "DIAMETER_FIRST_REGISTRATION";
    /// §6.2.1.2: authorized, and an S-CSCF is assigned.
    SUBSEQUENT_REGISTRATION = 2002 "DIAMETER_SUBSEQUENT_REGISTRATION";
    /// §6.2.1.3: not registered, but has services in that state.
    UNREGISTERED_SERVICE = 2003 "DIAMETER_UNREGISTERED_SERVICE";
    /// §6.2.1.4: de-registered, and the S-CSCF's name is not kept.
    SUCCESS_SERVER_NAME_NOT_STORED = 2004 "DIAMETER_SUCCESS_SERVER_NAME_NOT_STORED";
    /// §6.2.2.1.
    ERROR_USER_UNKNOWN = 5001 "DIAMETER_ERROR_USER_UNKNOWN";
    /// §6.2.2.2: the identities are of different users.
    ERROR_IDENTITIES_DONT_MATCH = 5002 "DIAMETER_ERROR_IDENTITIES_DONT_MATCH";
    /// §6.2.2.3.
    ERROR_IDENTITY_NOT_REGISTERED = 5003 "DIAMETER_ERROR_IDENTITY_NOT_REGISTERED";
    /// §6.2.2.4.
    ERROR_ROAMING_NOT_ALLOWED = 5004 "DIAMETER_ERROR_ROAMING_NOT_ALLOWED";
    /// §6.2.2.5: another S-CSCF has it.
    ERROR_IDENTITY_ALREADY_REGISTERED = 5005 "DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED";
    /// §6.2.2.6.
    ERROR_AUTH_SCHEME_NOT_SUPPORTED = 5006 "DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED";
    /// §6.2.2.7: the assignment type does not fit the state.
    ERROR_IN_ASSIGNMENT_TYPE = 5007 "DIAMETER_ERROR_IN_ASSIGNMENT_TYPE";
    /// §6.2.2.8: more data than the receiver can take.
    ERROR_TOO_MUCH_DATA = 5008 "DIAMETER_ERROR_TOO_MUCH_DATA";
    /// §6.2.2.9: user data that the S-CSCF does not understand.
    ERROR_NOT_SUPPORTED_USER_DATA = 5009 "DIAMETER_ERROR_NOT_SUPPORTED_USER_DATA";
    /// §6.2.2.10 (TS 29.229 §7.2.3): a feature that is needed is not supported.
    ERROR_FEATURE_UNSUPPORTED = 5011 "DIAMETER_ERROR_FEATURE_UNSUPPORTED";
    /// §6.2.2.11: the serving node does not support P-CSCF restoration.
    ERROR_SERVING_NODE_FEATURE_UNSUPPORTED = 5012 "DIAMETER_ERROR_SERVING_NODE_FEATURE_UNSUPPORTED";
}

impl fmt::Debug for CxResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "Experimental-Result-Code {}", self.0),
        }
    }
}

/// How a request ended: one of the two that an answer has (§7.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Result-Code.
    Result(ResultCode),
    /// Experimental-Result: a vendor's code.
    Experimental {
        /// Who assigned the code.
        vendor: u32,
        /// The code.
        code: u32,
    },
}

impl Outcome {
    /// Result-Code DIAMETER_SUCCESS.
    pub const SUCCESS: Outcome = Outcome::Result(ResultCode::SUCCESS);

    /// Its class; a vendor's codes follow the same digits (§7.7).
    pub const fn class(self) -> ResultClass {
        match self {
            Outcome::Result(code) => code.class(),
            Outcome::Experimental { code, .. } => ResultClass::of(code),
        }
    }

    /// 2xxx.
    pub const fn is_success(self) -> bool {
        matches!(self.class(), ResultClass::Success)
    }

    /// 3GPP's code, where it is one.
    pub const fn cx(self) -> Option<CxResult> {
        match self {
            Outcome::Experimental { vendor: vendor::TGPP, code } => Some(CxResult(code)),
            _ => None,
        }
    }
}

impl From<ResultCode> for Outcome {
    fn from(code: ResultCode) -> Outcome {
        Outcome::Result(code)
    }
}

impl From<CxResult> for Outcome {
    fn from(code: CxResult) -> Outcome {
        Outcome::Experimental { vendor: vendor::TGPP, code: code.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_first_digit_and_the_unknown_is_permanent() {
        for code in ResultCode::ALL {
            let digit = match code.class() {
                ResultClass::Informational => 1,
                ResultClass::Success => 2,
                ResultClass::ProtocolError => 3,
                ResultClass::TransientFailure => 4,
                ResultClass::PermanentFailure => 5,
            };
            assert_eq!(code.0 / 1000, digit, "{code}");
        }
        for code in [0, 999, 6000, 70_000, u32::MAX] {
            assert_eq!(ResultCode(code).class(), ResultClass::PermanentFailure);
        }
    }

    #[test]
    fn the_same_digits_mean_another_thing_in_cx() {
        let base = Outcome::from(ResultCode::AVP_UNSUPPORTED);
        let cx = Outcome::from(CxResult::ERROR_USER_UNKNOWN);
        assert_eq!((base.cx(), cx.cx()), (None, Some(CxResult::ERROR_USER_UNKNOWN)));
        assert_ne!(base, cx);
        assert!(Outcome::from(CxResult::FIRST_REGISTRATION).is_success());
        assert!(!cx.is_success() && Outcome::SUCCESS.is_success());
    }
}
