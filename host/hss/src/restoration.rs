//! SCSCF-Restoration-Info as it is kept (TS 29.228 §6.1.2; TS 23.380 §4): the S-CSCF lays it down, and gets it back
//! when it or another one has to serve a registration that it knows nothing of.
//!
//! In: the group, or hexadecimal digits. Out: the other. What stands in it is nobody's business here.

use diameter::cx::ScscfRestorationInfo;
use diameter::dictionary::cx::SCSCF_RESTORATION_INFO;
use diameter::{ApplicationId, AvpValue, Avps, Builder, CommandCode, Flags, Reading};

use crate::bounds::MAX_RESTORATION;

/// The AVP in hexadecimal digits; `None` where it is more than is kept.
pub(crate) fn to_text(info: &ScscfRestorationInfo) -> Option<String> {
    let mut builder = Builder::new(Flags::empty(), CommandCode::SERVER_ASSIGNMENT, ApplicationId::CX);
    builder.put(SCSCF_RESTORATION_INFO, info);
    let message = builder.finish().ok()?;
    let bytes = message.body();
    (bytes.len() <= MAX_RESTORATION).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Back again; `None` where it is not what was kept.
pub(crate) fn from_text(text: &str, reading: &Reading<'_>) -> Option<ScscfRestorationInfo> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
    let bytes: Option<Vec<u8>> =
        digits.iter().map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect();
    let bytes = bytes?;
    let avp = Avps::new(&bytes).first(SCSCF_RESTORATION_INFO.id)?;
    ScscfRestorationInfo::read(&avp, reading).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use diameter::Dictionary;
    use diameter::cx::RestorationInfo;

    fn info(contact: usize) -> ScscfRestorationInfo {
        ScscfRestorationInfo {
            user_name: "a@b.test".to_owned(),
            restoration_info: vec![RestorationInfo {
                path: b"<sip:p.test;lr>".to_vec(),
                contact: vec![b'x'; contact],
                initial_cseq_sequence_number: Some(1),
                call_id_sip_header: None,
                subscription_info: None,
                p_cscf_subscription_info: None,
                other: Vec::new(),
            }],
            registration_time_out: None,
            sip_authentication_scheme: None,
            other: Vec::new(),
        }
    }

    #[test]
    fn it_comes_back_as_it_was_and_is_bounded() {
        let dictionary = Dictionary::new();
        let text = to_text(&info(100)).unwrap();
        assert_eq!(from_text(&text, &Reading::new(&dictionary)), Some(info(100)));
        assert_eq!(to_text(&info(MAX_RESTORATION)), None);
        for wrong in ["", "zz", "00", "0000"] {
            assert_eq!(from_text(wrong, &Reading::new(&dictionary)), None);
        }
    }
}
