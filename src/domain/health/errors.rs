//! How many answers of a probe are bad: the share of the last hour, and its history.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::series::{Point, Series};

/// Answers that are kept: an hour of one each five seconds.
const MOST: usize = 720;
const OLDEST: TimeDelta = TimeDelta::hours(1);
/// So many of the newest make one point of the history.
const TOGETHER: usize = 12;

/// Good and bad answers, oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Errors {
    answers: VecDeque<(DateTime<Utc>, bool)>,
    series: Series,
}

impl Errors {
    /// Takes in an answer; those older than an hour go.
    pub fn record(&mut self, at: DateTime<Utc>, is_bad: bool) {
        self.answers.push_back((at, is_bad));
        while self.answers.len() > MOST || self.answers.front().is_some_and(|(first, _)| at - *first > OLDEST)
        {
            self.answers.pop_front();
        }
        let newest = self.answers.iter().rev().take(TOGETHER);
        let (bad, all) = newest.fold((0, 0), |(bad, all), (_, is_bad)| (bad + u32::from(*is_bad), all + 1));
        self.series.push(Point { at, value: bad as f32 * 100.0 / all as f32, is_bad });
    }

    /// How many of how many answers of the last hour were bad; `None` without one.
    pub fn share(&self, now: DateTime<Utc>) -> Option<(usize, usize)> {
        let recent = self.answers.iter().filter(|(at, _)| now - *at <= OLDEST);
        let (bad, all) = recent.fold((0, 0), |(bad, all), (_, is_bad)| (bad + usize::from(*is_bad), all + 1));
        (all > 0).then_some((bad, all))
    }

    /// Percent of the newest dozen, over time.
    pub fn series(&self) -> &Series {
        &self.series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_share_is_of_the_last_hour() {
        let mut errors = Errors::default();
        for n in 0..1000 {
            errors.record(at(n * 5), n < 500 || n % 10 == 0);
        }
        let (bad, all) = errors.share(at(999 * 5)).unwrap();
        assert!(all == MOST && bad == (500 - 280) + 50, "{bad} of {all}");
        assert_eq!(errors.share(at(999 * 5 + 3601)), None);
    }

    #[test]
    fn a_point_is_the_share_of_the_newest_dozen() {
        let mut errors = Errors::default();
        for n in 0..24 {
            errors.record(at(n * 5), n >= 18);
        }
        assert_eq!(errors.series().last().map(|point| point.value), Some(50.0));
    }
}
