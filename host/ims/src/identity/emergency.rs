//! Which requests are emergency calls (RFC 5031 §4; TS 22.101 §10.1; TS 24.229 §5.2.10 and §4.7.5).
//!
//! In: a Request-URI, and the numbers of this place. Out: the service URN that is called for, or none. Where an
//! emergency call goes is a script's decision.

use sip::{Scheme, Uri};

use crate::bounds::MAX_EMERGENCY_NUMBERS;

const SOS: &[u8] = b"service:sos";
/// Digits of an emergency number.
const MAX_DIGITS: usize = 8;

/// Whether the URI is `urn:service:sos` or one of its sub-services (`urn:service:sos.police`), in any case.
#[must_use]
pub fn is_emergency_urn(uri: &Uri<'_>) -> bool {
    let rest = uri.rest();
    let Some((label, behind)) = rest.split_at_checked(SOS.len()) else { return false };
    uri.scheme() == Scheme::Urn
        && label.eq_ignore_ascii_case(SOS)
        && match behind {
            [] => true,
            [b'.', service @ ..] => !service.is_empty(),
            _ => false,
        }
}

/// The emergency numbers of a place, and what each calls for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EmergencyNumbers {
    numbers: Vec<(String, String)>,
}

impl EmergencyNumbers {
    /// 112 and 911, which every phone knows (TS 22.101 §10.1.1).
    #[must_use]
    pub fn everywhere() -> EmergencyNumbers {
        EmergencyNumbers::default().with("112", "urn:service:sos").with("911", "urn:service:sos")
    }

    /// With one number more, or one that calls for something else than before. What is not one to eight digits is not
    /// taken, nor are more than [`MAX_EMERGENCY_NUMBERS`].
    #[must_use]
    pub fn with(mut self, number: &str, urn: &str) -> EmergencyNumbers {
        let is_number =
            (1..=MAX_DIGITS).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        self.numbers.retain(|(known, _)| known != number);
        if is_number && self.numbers.len() < MAX_EMERGENCY_NUMBERS {
            self.numbers.push((number.to_owned(), urn.to_owned()));
        }
        self
    }

    /// The service URN that a Request-URI calls for: itself where it is one, or that of its number (`tel:112`,
    /// `sip:112@example.org;user=phone`, `sip:112@example.org`, with any `phone-context`). A global number is none:
    /// `tel:+112` is somebody in another country.
    #[must_use]
    pub fn service_urn(&self, uri: &Uri<'_>) -> Option<String> {
        if is_emergency_urn(uri) {
            return Some(uri.aor());
        }
        let user = match uri.scheme() {
            Scheme::Tel => uri.number()?.to_vec(),
            Scheme::Sip | Scheme::Sips => uri.unescaped_user()?.into_owned(),
            Scheme::Urn | Scheme::Other => return None,
        };
        let number = user.split(|byte| *byte == b';').next().unwrap_or_default();
        let digits: Vec<u8> =
            number.iter().copied().filter(|byte| !matches!(byte, b'-' | b'.' | b'(' | b')')).collect();
        self.numbers.iter().find(|(known, _)| known.as_bytes() == digits).map(|(_, urn)| urn.clone())
    }
}
