//! The engine's RFC 3339 timestamp at the head of a line, parsed by hand because it is done for every line.
//!
//! Never allocates and never guesses: anything but a whole, valid timestamp is no timestamp.

/// Longest form with its space: `2026-01-02T03:04:05.123456789+02:00 `.
pub(super) const LONGEST: usize = 36;

/// The time in ns since 1970 (UTC) and how many bytes it took, the space behind it included.
/// Years 1970 to 2261 only, which is what 64 bits of ns hold.
pub(super) fn parse(text: &[u8]) -> Option<(i64, usize)> {
    let head: &[u8; 19] = text.first_chunk()?;
    if [head[4], head[7], head[10], head[13], head[16]] != *b"--T::" {
        return None;
    }
    let year = two(head, 0)? * 100 + two(head, 2)?;
    let (month, day) = (two(head, 5)?, two(head, 8)?);
    let (hour, minute, second) = (two(head, 11)?, two(head, 14)?, two(head, 17)?);
    if !(1970..=2261).contains(&year) || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    if day < 1 || day > days_in(year, month) {
        return None;
    }
    let (fraction_ns, at) = fraction(text, 19)?;
    let (offset_minutes, at) = offset(text, at)?;
    let at = match text.get(at) {
        Some(b' ') => at + 1,
        None => at,
        Some(_) => return None,
    };
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    Some(((minutes * 60 + second) * 1_000_000_000 + fraction_ns, at))
}

fn two(text: &[u8; 19], at: usize) -> Option<i64> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

fn fraction(text: &[u8], at: usize) -> Option<(i64, usize)> {
    if text.get(at) != Some(&b'.') {
        return Some((0, at));
    }
    let mut value = 0;
    let mut digits = 0;
    while let Some(digit @ b'0'..=b'9') = text.get(at + 1 + digits) {
        if digits == 9 {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
        digits += 1;
    }
    if digits == 0 {
        return None;
    }
    Some((value * 10_i64.pow(9 - digits as u32), at + 1 + digits))
}

fn offset(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let sign = match text.get(at)? {
        b'Z' => return Some((0, at + 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: &[u8; 5] = text.get(at + 1..)?.first_chunk()?;
    let [a, b, b':', c, d] = digits.map(|byte| if byte == b':' { byte } else { byte.wrapping_sub(b'0') })
    else {
        return None;
    };
    if [a, b, c, d].iter().any(|digit| *digit > 9) || a * 10 + b > 23 || c * 10 + d > 59 {
        return None;
    }
    Some((sign * (i64::from(a * 10 + b) * 60 + i64::from(c * 10 + d)), at + 6))
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_engines_fixed_form_is_read_to_the_nanosecond() {
        assert_eq!(parse(b"1970-01-01T00:00:01.000000002Z hi"), Some((1_000_000_002, 31)));
        assert_eq!(parse(b"1970-01-01T02:00:00+02:00 x"), Some((0, 26)));
        assert_eq!(parse(b"1970-01-01T00:00:00.5Z"), Some((500_000_000, 22)));
    }

    #[test]
    fn what_is_not_wholly_a_timestamp_is_none() {
        assert_eq!(parse(b"\xff\xff26-03-14T14:32:07Z"), None);
        for text in [
            "",
            "hello",
            "2026-13-01T00:00:00Z x",
            "2026-02-29T00:00:00Z x",
            "2026-01-01T00:00:00Zx",
            "2026-01-01T00:00:00. x",
            "2026-01-01T00:00:00.0000000000Z x",
            "2026-01-01T24:00:00Z x",
            "0001-01-01T00:00:00Z x",
            "2026-01-01T00:00:00+0: 00 x",
            "2026-01-01T00:00:0",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_chrono(ns in 0_i64..9_200_000_000_000_000_000, minutes in -14 * 60_i32..14 * 60) {
            let zone = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let time = chrono::DateTime::from_timestamp_nanos(ns).with_timezone(&zone);
            prop_assume!(chrono::Datelike::year(&time) >= 1970);
            let text = format!("{} line", time.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true));
            prop_assert_eq!(parse(text.as_bytes()), Some((ns, text.len() - 4)));
        }
    }
}
