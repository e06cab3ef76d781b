//! How guards are written: `1.5x`, `promote after 15m`.

use std::fmt;
use std::str::FromStr;

use super::{Period, UnitError, hundredths, quantity};
use crate::deploy::guard::Policy;

/// So many times something else, in hundredths: from 1.01 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Factor(u16);

/// What is done where nothing can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PolicyText(Policy);

const MOST: u16 = 10_000;
const PROMOTE: &str = "promote after ";

impl Factor {
    /// As a number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl PolicyText {
    /// As guards take it.
    pub fn get(self) -> Policy {
        self.0
    }
}

impl FromStr for Factor {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || {
            UnitError(format!(
                "{} is no factor; write `1.5x` or `2x`, more than 1, at most `100x`",
                quantity(text)
            ))
        };
        let number = text.strip_suffix('x').and_then(hundredths);
        number.filter(|h| (101..=MOST).contains(h)).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for PolicyText {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || {
            UnitError(format!(
                "{} is no such policy; write `ask`, `abort` or `promote after 15m`",
                quantity(text)
            ))
        };
        Ok(Self(match text {
            "ask" => Policy::Ask,
            "abort" => Policy::Abort,
            _ => {
                let after: Period = text.strip_prefix(PROMOTE).ok_or_else(wrong)?.parse()?;
                Policy::Promote(after.get())
            }
        }))
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.get())
    }
}

impl fmt::Display for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Policy::Ask => f.write_str("ask"),
            Policy::Abort => f.write_str("abort"),
            Policy::Promote(after) => {
                write!(f, "{PROMOTE}{}", Period::from_ms(after.as_millis().try_into().unwrap_or(u64::MAX)))
            }
        }
    }
}
