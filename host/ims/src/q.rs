//! Preferences: `q` values in thousandths (RFC 3261 §25.1 `qvalue`).
//!
//! In: `0.7`. Out: 700; and back.

/// 0 to 1000; `None` where it is no such number. The digit before the point must be there.
pub(crate) fn parse(text: &str) -> Option<u16> {
    sip::q_thousandths(text.as_bytes()).filter(|_| !text.starts_with('.'))
}

/// Without zeros that say nothing; more than 1000 is 1000.
pub(crate) fn print(thousandths: u16) -> String {
    match thousandths {
        0 => "0".to_owned(),
        1..1000 => format!("0.{thousandths:03}").trim_end_matches('0').to_owned(),
        1000.. => "1".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preference_comes_back() {
        for thousandths in 0..=1000 {
            assert_eq!(parse(&print(thousandths)), Some(thousandths));
        }
        assert_eq!(
            (print(700), print(50), print(2000)),
            ("0.7".to_owned(), "0.05".to_owned(), "1".to_owned())
        );
        for (text, expected) in [("1.000", Some(1000)), ("0.", Some(0)), ("0.50", Some(500)), ("1.001", None)]
        {
            assert_eq!(parse(text), expected, "{text}");
        }
        for wrong in ["", ".5", "2", "0.1234", "-0", "+1", "0.x", "00.5", "0.5 "] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
