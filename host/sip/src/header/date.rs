//! `Date` (RFC 3261 §20.17, §25.1 `SIP-date`): a time in GMT.
//!
//! In: the value, or a time. Out: seconds since 1970-01-01 UTC, or the value; no clock is asked. A proxy has no use for
//! it and passes on what it cannot read; a registrar writes one (§10.3 item 8).

use crate::HeaderError;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Reads `Sat, 13 Nov 2010 23:29:00 GMT`, the only form there is (years 1970 to 9999). Seconds since 1970.
///
/// # Errors
/// Any other form, a day that its month does not have, or a zone that is not GMT.
pub fn parse(value: &[u8]) -> Result<u64, HeaderError> {
    let wrong = |at| HeaderError::syntax(at, "a date as in Sat, 13 Nov 2010 23:29:00 GMT");
    let [w1, w2, w3, b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', time @ ..] = value
    else {
        return Err(wrong(0));
    };
    let [h1, h2, b':', n1, n2, b':', s1, s2, b' ', zone @ ..] = time else { return Err(wrong(17)) };
    if zone != b"GMT" {
        return Err(HeaderError::syntax(26, "GMT"));
    }
    if !DAYS.iter().any(|day| day.eq_ignore_ascii_case(&[*w1, *w2, *w3])) {
        return Err(wrong(0));
    }
    let number = |digits: &[u8], at| crate::grammar::number(digits).map(u64::from).ok_or(wrong(at));
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(&[*m1, *m2, *m3]));
    let month = month.ok_or(wrong(8))? as u64 + 1;
    let day = number(&[*d1, *d2], 5)?;
    let year = number(&[*y1, *y2, *y3, *y4], 12)?;
    let (hour, minute, second) =
        (number(&[*h1, *h2], 17)?, number(&[*n1, *n2], 20)?, number(&[*s1, *s2], 23)?);
    if year < 1970 || day == 0 || day > days_in(month, year) || hour > 23 || minute > 59 || second > 60 {
        return Err(wrong(5));
    }
    Ok(days_before(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// The last second that has a date of this form: of the year 9999.
const LAST: u64 = 253_402_300_799;

/// Writes the date of so many seconds since 1970, `Sat, 13 Nov 2010 23:29:00 GMT`; later ones than those of the year
/// 9999 are written as its end.
#[must_use]
pub fn format(seconds: u64) -> [u8; 29] {
    let seconds = seconds.min(LAST);
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Gregorian years repeat every 400, which are 146,097 days: the guess is wrong by one year at most.
    let guess = 1970 + days * 400 / 146_097;
    let year = match days {
        days if days < days_before(guess, 1, 1) => guess - 1,
        days if days >= days_before(guess + 1, 1, 1) => guess + 1,
        _ => guess,
    };
    let mut left = days - days_before(year, 1, 1);
    let mut month = 1;
    while left >= days_in(month, year) {
        left -= days_in(month, year);
        month += 1;
    }
    let mut out = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    // The first of them all was a Thursday.
    out[..3].copy_from_slice(DAYS[((days + 3) % 7) as usize]);
    out[8..11].copy_from_slice(MONTHS[month as usize - 1]);
    let two_digits = [
        (5, left + 1),
        (12, year / 100),
        (14, year % 100),
        (17, time / 3600),
        (20, time / 60 % 60),
        (23, time % 60),
    ];
    for (at, number) in two_digits {
        out[at] = b'0' + (number / 10) as u8;
        out[at + 1] = b'0' + (number % 10) as u8;
    }
    out
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(month: u64, year: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this one.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_in(month, year)).sum::<u64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_gmt() {
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT"), Ok(0));
        assert_eq!(parse(b"Sat, 13 Nov 2010 23:29:00 GMT"), Ok(1_289_690_940));
        assert_eq!(parse(b"Tue, 29 Feb 2000 12:00:00 GMT"), Ok(951_825_600));
    }

    #[test]
    fn a_written_date_reads_as_it_was() {
        assert_eq!(format(1_289_690_940), *b"Sat, 13 Nov 2010 23:29:00 GMT");
        assert_eq!(format(951_825_600), *b"Tue, 29 Feb 2000 12:00:00 GMT");
        assert_eq!(format(u64::MAX), *b"Fri, 31 Dec 9999 23:59:59 GMT");
        // each day of 500 years, and the seconds around midnight
        for day in 0..182_625 {
            for second in [day * 86_400, day * 86_400 + 86_399] {
                assert_eq!(parse(&format(second)), Ok(second));
            }
        }
    }

    #[test]
    fn what_is_no_date() {
        let wrong: [&[u8]; 7] = [
            b"",
            b"Fri, 01 Jan 2010 16:00:00 EST",
            b"Fri, 1 Jan 2010 16:00:00 GMT",
            b"Fri, 29 Feb 2100 00:00:00 GMT",
            b"Fri, 01 Foo 2010 16:00:00 GMT",
            b"Fri, 01 Jan 2010 24:00:00 GMT",
            b"Fri, 00 Jan 2010 16:00:00 GMT",
        ];
        for value in wrong {
            assert!(parse(value).is_err(), "{}", String::from_utf8_lossy(value));
        }
    }
}
