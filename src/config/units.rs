//! Quantities with their units as people write them: `15m`, `12MiB`, `10%`. Reads and shows them; no clock.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::traffic;

mod guards;

pub use guards::{Factor, PolicyText};

/// A text that is not the quantity asked for; says what would be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(String);

/// A stretch of time, in whole milliseconds, at most 366 days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period(Duration);

/// An amount of memory or disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ByteSize(u64);

/// A share in hundredths of a percent, at most 100 %.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Percent(u16);

/// Numbers from one to another, both included.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Span(f64, f64);

const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const LONGEST_MS: u64 = 366 * 86_400_000;
const SIZES: [(&str, u64); 10] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("k", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Period {
    /// Of that many milliseconds; more than 366 days are cut to 366 days.
    pub const fn from_ms(ms: u64) -> Self {
        Self(Duration::from_millis(if ms > LONGEST_MS { LONGEST_MS } else { ms }))
    }

    /// As the standard library's type.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl ByteSize {
    /// Of that many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Percent {
    /// Of whole percents; more than 100 are cut to 100.
    pub const fn whole(percent: u16) -> Self {
        Self(if percent > 100 { 10_000 } else { percent * 100 })
    }

    /// Of hundredths of a percent; more than 100 % are cut to 100 %.
    pub const fn hundredths(hundredths: u16) -> Self {
        Self(if hundredths > 10_000 { 10_000 } else { hundredths })
    }

    /// In hundredths of a percent.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// As a part of one.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

/// Splits `1h30m` into (`1`, `h`) and the rest; `None` without a digit and a letter.
fn part(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    Some((number, &rest[..end], &rest[end..]))
}

/// `12.5` as 1250: at most 999.99, with a digit on both sides of the point.
fn hundredths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(decimals) || whole.len() > 3 || decimals.len() > 2 {
        return None;
    }
    format!("{whole}{decimals:0<2}").parse::<u32>().ok()?.try_into().ok()
}

fn quantity(text: &str) -> String {
    format!("`{}`", text.chars().take(40).collect::<String>().escape_debug())
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong =
            || UnitError(format!("{} is no time; write `500ms`, `2s`, `15m` or `1h30m`", quantity(text)));
        let (mut total, mut rest, mut smallest) = (0_u64, text, u64::MAX);
        while !rest.is_empty() {
            let (number, unit, tail) = part(rest).ok_or_else(wrong)?;
            let (_, ms) = TIMES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            // `30m1h` or `1m1m` is more likely a slip than a wish.
            if *ms >= smallest {
                return Err(wrong());
            }
            smallest = *ms;
            total = number.checked_mul(*ms).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = tail;
        }
        match total {
            _ if text.is_empty() => Err(wrong()),
            ms if ms > LONGEST_MS => Err(UnitError(format!("{} is longer than 366 days", quantity(text)))),
            ms => Ok(Self::from_ms(ms)),
        }
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError(format!("{} is no size; write `500k`, `12MiB` or `1GiB`", quantity(text)));
        let (number, unit, tail) = part(text).ok_or_else(wrong)?;
        let known = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(wrong)?;
        let bytes = number.checked_mul(known.1).filter(|_| tail.is_empty()).ok_or_else(wrong)?;
        Ok(Self(bytes))
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong =
            || UnitError(format!("{} is no share; write `10%` or `0.5%`, at most `100%`", quantity(text)));
        let number = text.strip_suffix('%').and_then(hundredths);
        number.filter(|h| *h <= 10_000).map(Self).ok_or_else(wrong)
    }
}

impl Span {
    /// As the standard library's type.
    pub fn get(self) -> RangeInclusive<f64> {
        self.0..=self.1
    }
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError(format!("{} is no range; write `1..64`", quantity(text)));
        let (least, most) = text.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong);
        let (least, most) = (number(least)?, number(most)?);
        if least <= most { Ok(Self(least, most)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0, self.1)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis() as u64;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, ms) in TIMES {
            if rest >= ms {
                write!(f, "{}{name}", rest / ms)?;
                rest %= ms;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = SIZES[..3].iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes));
        match exact {
            Some((name, bytes)) => write!(f, "{}{name}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        traffic::Percent(self.0).fmt(f)
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}

as_text! { Period ByteSize Percent Span Factor PolicyText }

#[cfg(test)]
mod tests;
