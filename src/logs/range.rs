//! A time range as a person types it: `15m`, `14:20-14:35`, `2026-03-01 14:20`.
//!
//! Never asks a clock: now and the zone are handed in.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use thiserror::Error;

/// From when to when, ns since 1970; an open side is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// Inclusive.
    pub since_ns: Option<i64>,
    /// Exclusive.
    pub until_ns: Option<i64>,
}

/// What cannot be read as a time range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RangeError {
    /// No form that is known.
    #[error("{0} is no time; write 15m, 14:20, 14:20-14:35 or 2026-03-01 14:20")]
    Unknown(String),
    /// The end is before the start.
    #[error("{0} ends before it begins")]
    Backwards(String),
}

/// Reads a range; an empty text is all of time. A time of day that is still to come is yesterday's.
///
/// # Errors
/// What was typed and how it should look.
pub fn parse(text: &str, now: DateTime<Utc>, zone: FixedOffset) -> Result<Range, RangeError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Range::default());
    }
    if let Some(at) = instant(text, now, zone) {
        return Ok(Range { since_ns: at.timestamp_nanos_opt(), until_ns: None });
    }
    for (at, dash) in text.match_indices(['-', '–']) {
        let (from, to) = (text[..at].trim(), text[at + dash.len()..].trim());
        let side = |text: &str| if text.is_empty() { Some(None) } else { instant(text, now, zone).map(Some) };
        let (Some(from), Some(to)) = (side(from), side(to)) else { continue };
        let mut to = to;
        // 23:50-00:10 goes over midnight; each was taken for the last one that has been.
        if let (Some(begin), Some(end)) = (from, to)
            && end < begin
        {
            to = Some(end + Duration::days(1))
                .filter(|end| *end - begin < Duration::days(1) && *end <= now + Duration::days(1));
            if text.contains(|c: char| c.is_ascii_alphabetic()) || to.is_none() {
                return Err(RangeError::Backwards(text.to_owned()));
            }
        }
        let ns = |at: Option<DateTime<Utc>>| at.and_then(|at| at.timestamp_nanos_opt());
        return Ok(Range { since_ns: ns(from), until_ns: ns(to) });
    }
    Err(RangeError::Unknown(text.to_owned()))
}

fn instant(text: &str, now: DateTime<Utc>, zone: FixedOffset) -> Option<DateTime<Utc>> {
    if text == "now" {
        return Some(now);
    }
    if let Some(ago) = ago(text) {
        return now.checked_sub_signed(ago);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(at.with_timezone(&Utc));
    }
    let local = |at: NaiveDateTime| zone.from_local_datetime(&at).single().map(|at| at.with_timezone(&Utc));
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return local(at);
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return local(day.and_time(NaiveTime::MIN));
    }
    let forms = ["%H:%M:%S%.f", "%H:%M"];
    let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())?;
    let today = local(now.with_timezone(&zone).date_naive().and_time(time))?;
    Some(if today > now { today - Duration::days(1) } else { today })
}

/// `90s`, `15m`, `1h30m`, `2d`.
fn ago(text: &str) -> Option<Duration> {
    let mut sum = Duration::zero();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        let count: i64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        sum = sum.checked_add(&Duration::try_seconds(count.checked_mul(seconds)?)?)?;
        rest = &rest[end + 1..];
    }
    (sum > Duration::zero()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<(Option<String>, Option<String>), RangeError> {
        let now = "2026-03-01T14:32:00Z".parse().unwrap();
        let zone = FixedOffset::east_opt(3600).unwrap();
        let show = |ns: i64| DateTime::from_timestamp_nanos(ns).format("%dT%H:%M:%S").to_string();
        parse(text, now, zone).map(|range| (range.since_ns.map(show), range.until_ns.map(show)))
    }

    fn some(from: &str, to: &str) -> (Option<String>, Option<String>) {
        let side = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (side(from), side(to))
    }

    #[test]
    fn each_form_means_what_a_person_means() {
        for (text, wanted) in [
            ("", some("", "")),
            ("15m", some("01T14:17:00", "")),
            ("1h30m", some("01T13:02:00", "")),
            ("15m-5m", some("01T14:17:00", "01T14:27:00")),
            ("14:20-14:35", some("01T13:20:00", "01T13:35:00")),
            ("14:20 - 14:35:30", some("01T13:20:00", "01T13:35:30")),
            ("23:50", some("28T22:50:00", "")),
            ("23:50-00:10", some("28T22:50:00", "28T23:10:00")),
            ("-14:35", some("", "01T13:35:00")),
            ("14:20-", some("01T13:20:00", "")),
            ("2026-03-01 14:20", some("01T13:20:00", "")),
            ("2026-02-27", some("26T23:00:00", "")),
            ("2026-03-01T14:20:00Z", some("01T14:20:00", "")),
            ("2026-02-27 01:00 - 2026-02-27 02:00", some("27T00:00:00", "27T01:00:00")),
            ("10m-now", some("01T14:22:00", "01T14:32:00")),
        ] {
            assert_eq!(read(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_how_one_is_written() {
        assert!(read("yesterday").unwrap_err().to_string().contains("14:20-14:35"));
        assert!(matches!(read("5m-15m"), Err(RangeError::Backwards(_))));
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_panics(text in ".{0,24}") {
            drop(read(&text));
        }

        #[test]
        fn figures_beyond_all_time_are_refused(count in "[0-9]{1,30}", unit in "[smhd]") {
            drop(read(&format!("{count}{unit}-{count}{unit}")));
        }
    }
}
