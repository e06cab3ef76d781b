//! A figure over time, bounded: the newest points as they came, older ones thinned out.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Most points that are kept. When full, pairs of the older half become one each, so that the past gets coarser
/// instead of short.
const MOST: usize = 256;
/// Nothing older is kept.
const OLDEST: TimeDelta = TimeDelta::hours(6);

/// One reading, or the greatest of several.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    /// When it was read; the newest of several.
    pub at: DateTime<Utc>,
    /// The figure.
    pub value: f32,
    /// It, or one of several, was a failure.
    pub is_bad: bool,
}

/// Points, oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Series {
    points: VecDeque<Point>,
}

impl Series {
    /// Adds the newest; one that is not newer than the last is dropped.
    pub fn push(&mut self, point: Point) {
        if self.points.back().is_some_and(|last| point.at <= last.at) || !point.value.is_finite() {
            return;
        }
        if self.points.len() >= MOST {
            self.thin();
        }
        while self.points.front().is_some_and(|first| point.at - first.at > OLDEST) {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    fn thin(&mut self) {
        let newer = self.points.split_off(MOST / 2);
        let mut older = std::mem::take(&mut self.points);
        for pair in older.make_contiguous().chunks(2) {
            self.points.extend(pair.iter().copied().reduce(greater));
        }
        self.points.extend(newer);
    }

    /// All points, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.points.iter()
    }

    /// The newest.
    pub fn last(&self) -> Option<&Point> {
        self.points.back()
    }

    /// How far it goes back from this time.
    pub fn span(&self, now: DateTime<Utc>) -> TimeDelta {
        self.points.front().map_or(TimeDelta::zero(), |first| now - first.at)
    }

    /// The last `span` up to `now` in `count` columns of equal time, oldest first: the greatest of each. A column
    /// without a reading of its own goes on with the one before, unless that is older than `gap`; then it is `None`.
    pub fn columns(
        &self,
        now: DateTime<Utc>,
        span: TimeDelta,
        gap: TimeDelta,
        count: usize,
    ) -> Vec<Option<Point>> {
        let width_ms = (span.num_milliseconds() / count.max(1) as i64).max(1);
        let start = now - TimeDelta::milliseconds(width_ms * count as i64);
        let mut columns: Vec<Option<Point>> = vec![None; count];
        let mut before = None;
        for point in &self.points {
            if point.at <= start {
                before = Some(*point);
                continue;
            }
            let column = ((point.at - start).num_milliseconds() - 1) / width_ms;
            let column = (column.max(0) as usize).min(count.saturating_sub(1));
            if let Some(cell) = columns.get_mut(column) {
                *cell = Some(cell.map_or(*point, |old| greater(old, *point)));
            }
        }
        for (n, cell) in columns.iter_mut().enumerate() {
            let end = start + TimeDelta::milliseconds(width_ms * (n as i64 + 1));
            match cell {
                Some(point) => before = Some(*point),
                None => *cell = before.filter(|point| end - point.at <= gap),
            }
        }
        columns
    }

    /// The reading in force at that time: the last not after it, if there is one.
    pub fn at(&self, at: DateTime<Utc>) -> Option<&Point> {
        self.points.iter().rev().find(|point| point.at <= at)
    }
}

fn greater(one: Point, other: Point) -> Point {
    Point { at: one.at.max(other.at), value: one.value.max(other.value), is_bad: one.is_bad || other.is_bad }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn series(points: &[(i64, f32)]) -> Series {
        let mut series = Series::default();
        for (seconds, value) in points {
            series.push(Point { at: at(*seconds), value: *value, is_bad: false });
        }
        series
    }

    fn values(columns: &[Option<Point>]) -> Vec<Option<f32>> {
        columns.iter().map(|cell| cell.map(|point| point.value)).collect()
    }

    const MINUTE: TimeDelta = TimeDelta::minutes(1);
    const GAP: TimeDelta = TimeDelta::seconds(25);

    #[test]
    fn a_column_shows_the_greatest_of_its_time() {
        let series = series(&[(1, 1.0), (5, 9.0), (11, 2.0), (21, 3.0), (31, 4.0), (41, 5.0), (51, 6.0)]);
        let columns = series.columns(at(60), MINUTE, GAP, 6);
        assert_eq!(values(&columns), [9.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some));
    }

    #[test]
    fn a_time_without_readings_is_empty_and_a_short_one_is_bridged() {
        let columns = series(&[(-5, 7.0), (25, 1.0)]).columns(at(60), MINUTE, GAP, 6);
        assert_eq!(values(&columns), [Some(7.0), Some(7.0), Some(1.0), Some(1.0), Some(1.0), None]);
    }

    #[test]
    fn what_was_in_force_then_is_found() {
        let series = series(&[(0, 1.0), (10, 2.0)]);
        assert_eq!(series.at(at(9)).map(|p| p.value), Some(1.0));
        assert_eq!(series.at(at(-1)), None);
    }

    proptest! {
        #[test]
        fn it_is_bounded_ordered_and_loses_no_peak(gaps in proptest::collection::vec(1i64..9, 1..2000), peak in 0usize..2000) {
            let mut series = Series::default();
            let mut now = 0;
            for (n, gap) in gaps.iter().enumerate() {
                now += gap;
                let value = if n == peak { 100.0 } else { 1.0 };
                series.push(Point { at: at(now), value, is_bad: n == peak });
            }
            prop_assert!(series.iter().len() <= MOST);
            let times: Vec<_> = series.iter().map(|p| p.at).collect();
            prop_assert!(times.windows(2).all(|two| two[0] < two[1]));
            prop_assert_eq!(series.last().map(|p| p.at), Some(at(now)));
            let span = series.span(at(now)) + MINUTE;
            let columns = series.columns(at(now), span, GAP, 40);
            prop_assert_eq!(columns.iter().flatten().any(|p| p.is_bad && p.value > 99.0), peak < gaps.len());
        }
    }
}
