//! What came of a load.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{Asked, Kind};

/// Failures that are no further apart are one stretch of failing.
const ONE_STRETCH: Duration = Duration::from_millis(100);

/// All requests of a load.
pub struct Answers(pub Vec<Asked>);

impl Answers {
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Asked> {
        self.0.iter().filter(move |asked| asked.kind == kind)
    }

    /// So many failed.
    pub fn failed(&self, kind: Kind) -> usize {
        self.of(kind).filter(|asked| asked.answer.is_err()).count()
    }

    /// For so long requests of that kind failed, all stretches together.
    pub fn failing(&self, kind: Kind) -> Duration {
        let mut spans: Vec<(Instant, Instant)> = self
            .of(kind)
            .filter(|asked| asked.answer.is_err())
            .map(|asked| (asked.began, asked.ended))
            .collect();
        spans.sort();
        let mut total = Duration::ZERO;
        let mut open: Option<(Instant, Instant)> = None;
        for (began, ended) in spans {
            match &mut open {
                Some((_, end)) if began <= *end + ONE_STRETCH => *end = (*end).max(ended),
                _ => {
                    total += open.map_or(Duration::ZERO, |(began, ended)| ended - began);
                    open = Some((began, ended));
                }
            }
        }
        total + open.map_or(Duration::ZERO, |(began, ended)| ended - began)
    }

    /// Why, and how often each.
    pub fn reasons(&self, kind: Kind) -> String {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for why in self.of(kind).filter_map(|asked| asked.answer.as_ref().err()) {
            *reasons.entry(why).or_default() += 1;
        }
        reasons.iter().map(|(why, count)| format!("{why} {count}")).collect::<Vec<_>>().join(", ")
    }

    /// The versions that answered.
    pub fn versions(&self) -> BTreeSet<&str> {
        self.0.iter().filter_map(|asked| asked.answer.as_deref().ok()).collect()
    }
}
