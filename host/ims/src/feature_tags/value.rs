//! Values of feature tags and whether they meet (RFC 3840 §9 `tag-value-list`; RFC 2533 as RFC 3841 §7.2.3 uses it).
//!
//! ```text
//!   !token   token   TRUE   FALSE   #=5   #>=5   #<=5   #1:5   <text>      with commas between them: any of these
//! ```
//! In: a text without quotes. Out: alternatives, and whether one set of them leaves something that another one wants.
//! Numbers are kept in millionths; more digits behind the point than six count for nothing.

/// Six digits behind the point.
const SCALE: i64 = 1_000_000;

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    is_negated: bool,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Flag(bool),
    /// In lower case.
    Token(String),
    /// Both ends belong to it.
    Range(i64, i64),
    Text(String),
}

impl Alternative {
    pub(super) const fn flag(value: bool) -> Alternative {
        Alternative { is_negated: false, value: Value::Flag(value) }
    }
}

/// Whether a value is nothing but true or false.
pub(super) fn is_flag(alternatives: &[Alternative]) -> bool {
    alternatives.iter().all(|alternative| matches!(alternative.value, Value::Flag(_)))
}

/// The alternatives of a value; without one the tag is true. `None` where it is no value.
pub(super) fn alternatives(text: Option<&str>) -> Option<Vec<Alternative>> {
    let Some(text) = text.map(str::trim) else { return Some(vec![Alternative::flag(true)]) };
    if let Some(inner) = text.strip_prefix('<') {
        // A string may hold commas and stands alone.
        let inner = inner.strip_suffix('>').filter(|inner| !inner.contains(['<', '>']))?;
        return Some(vec![Alternative { is_negated: false, value: Value::Text(inner.to_owned()) }]);
    }
    text.split(',').map(|one| alternative(one.trim())).collect()
}

fn alternative(text: &str) -> Option<Alternative> {
    let (is_negated, text) = match text.strip_prefix('!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let value = if text.eq_ignore_ascii_case("true") {
        // What is not true is false.
        return Some(Alternative::flag(!is_negated));
    } else if text.eq_ignore_ascii_case("false") {
        return Some(Alternative::flag(is_negated));
    } else if let Some(numeric) = text.strip_prefix('#') {
        range(numeric.trim_start())?
    } else if sip::is_token(text.as_bytes()) && !text.contains('!') {
        Value::Token(text.to_ascii_lowercase())
    } else {
        return None;
    };
    Some(Alternative { is_negated, value })
}

fn range(text: &str) -> Option<Value> {
    let (low, high) = if let Some(rest) = text.strip_prefix(">=") {
        (number(rest)?, i64::MAX)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (i64::MIN, number(rest)?)
    } else if let Some(rest) = text.strip_prefix('=') {
        (number(rest)?, number(rest)?)
    } else {
        let (low, high) = text.split_once(':')?;
        (number(low)?, number(high)?)
    };
    (low <= high).then_some(Value::Range(low, high))
}

/// `[+-] 1*DIGIT ["." 0*DIGIT]`, in millionths.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let fraction: i64 = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction)).parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    whole.checked_mul(SCALE)?.checked_add(fraction)?.checked_mul(sign)
}

/// Whether there is a value that is among both.
pub(super) fn meet(one: &[Alternative], two: &[Alternative]) -> bool {
    one.iter().any(|one| two.iter().any(|two| can_both_hold(one, two)))
}

fn can_both_hold(one: &Alternative, two: &Alternative) -> bool {
    match (&one.value, &two.value) {
        (Value::Flag(one), Value::Flag(two)) => one == two,
        (Value::Range(low, high), Value::Range(other_low, other_high)) => {
            let is_within =
                |inner: (&i64, &i64), outer: (&i64, &i64)| outer.0 <= inner.0 && inner.1 <= outer.1;
            match (one.is_negated, two.is_negated) {
                (false, false) => low <= other_high && other_low <= high,
                (false, true) => !is_within((low, high), (other_low, other_high)),
                (true, false) => !is_within((other_low, other_high), (low, high)),
                (true, true) => {
                    // Something is outside of both unless together they are everything.
                    let reaches_both_ends =
                        *low.min(other_low) == i64::MIN && *high.max(other_high) == i64::MAX;
                    !(reaches_both_ends && low.max(other_low) <= high.min(other_high))
                }
            }
        }
        (Value::Token(_), Value::Token(_)) | (Value::Text(_), Value::Text(_)) => {
            match (one.is_negated, two.is_negated) {
                (false, false) => one.value == two.value,
                (true, true) => true,
                _ => one.value != two.value,
            }
        }
        // Values of different kinds never meet.
        _ => false,
    }
}
