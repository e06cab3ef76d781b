//! A deployment as its journal tells it, for whoever watches: each step with how it stands, and since when. It believes the
//! journal: whoever goes on with one asks again.

use chrono::{DateTime, TimeDelta, Utc};

use super::progress::{Numbered, Progress};
use super::request::Heard;
use crate::domain::deployment::{Heading, Note, Phase, Step};
use crate::domain::ledger::{Outcome, Record};
use crate::domain::lock::TERM;

/// How a step stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Not begun.
    Ahead,
    /// Begun then.
    Runs(DateTime<Utc>),
    /// Done, and how long it took where that is known.
    Done(Option<TimeDelta>),
    /// It could not be done; from there on it went back.
    Failed(String),
}

/// One step of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which way.
    pub heading: Heading,
    /// What.
    pub step: Step,
    /// How it stands.
    pub standing: Standing,
}

/// How the whole of it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Somebody is at work.
    Runs,
    /// Nobody is heard of any more, since then.
    Unguarded(DateTime<Utc>),
    /// It ended then, as this says.
    Ended(DateTime<Utc>, Outcome),
}

/// The whole of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// The steps there and, where it turned back, those back behind the last one that was begun.
    pub lines: Vec<Line>,
    /// Where it is going.
    pub heading: Heading,
    /// What made it turn back.
    pub failure: Option<String>,
    /// How it stands.
    pub state: State,
    /// Who asked it to wait, and why, where it waits.
    pub paused: Option<String>,
    /// Who asked it to go back, and why.
    pub asked_back: Option<String>,
}

impl Story {
    /// As a record tells it at that time, and the last sign of whoever holds its environment; `None` for one that is no
    /// deployment.
    pub fn of(record: &Record, sign: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Self> {
        let plan = record.plan.as_deref()?;
        let progress = Progress::of(&record.notes);
        let of_way = |heading| lines(&progress.way(plan, heading), &record.notes, heading);
        let mut lines = of_way(Heading::Forward);
        if progress.heading == Heading::Back {
            lines.retain(|line| line.standing != Standing::Ahead);
            lines.extend(of_way(Heading::Back));
        }
        let state = match &record.end {
            Some((at, outcome)) => State::Ended(*at, outcome.clone()),
            None => guarded(record, sign, now),
        };
        let heard = Heard::of(&record.notes, progress.epoch);
        let paused = heard.pause.filter(|_| heard.back.is_none() && state == State::Runs);
        let paused = paused.map(|request| request.to_string());
        let asked_back = heard.back.map(|request| request.to_string());
        let (heading, failure) = (progress.heading, progress.failure);
        Some(Self { lines, heading, failure, state, paused, asked_back })
    }

    /// How many steps are done of those that lead where it is going.
    pub fn count(&self) -> (usize, usize) {
        let way = || self.lines.iter().filter(|line| line.heading == self.heading);
        (way().filter(|line| matches!(line.standing, Standing::Done(_))).count(), way().count())
    }

    /// The step that is at work; where none is, the next.
    pub fn current(&self) -> Option<usize> {
        let is_it = |line: &Line| {
            line.heading == self.heading && matches!(line.standing, Standing::Runs(_) | Standing::Ahead)
        };
        self.lines.iter().position(is_it)
    }

    /// It has no end yet.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended(..))
    }
}

/// Whether somebody is at work on it: by the last sign, else by the last line that was written.
fn guarded(record: &Record, sign: Option<DateTime<Utc>>, now: DateTime<Utc>) -> State {
    let written = || record.notes.iter().map(|note| note.at).max().unwrap_or(record.begun.at);
    let last = sign.filter(|sign| *sign >= record.begun.at - TERM).unwrap_or_else(written);
    if now - last > TERM { State::Unguarded(last) } else { State::Runs }
}

/// The steps of one way, each as the newest lines about it say.
fn lines(way: &[Numbered], notes: &[Note], heading: Heading) -> Vec<Line> {
    let line = |Numbered { number, step }: &Numbered| {
        let of_it = || notes.iter().filter(|note| note.heading == heading && Some(note.step) == *number);
        let newest =
            |is_it: fn(&Phase) -> bool| of_it().filter(|note| is_it(&note.phase)).map(|note| note.at).max();
        let begun = newest(|phase| *phase == Phase::Intent);
        let failed = of_it().find_map(|note| match &note.phase {
            Phase::Failed(why) | Phase::Stopped(why) => Some(why.clone()),
            _ => None,
        });
        let standing = match (failed, newest(|phase| *phase == Phase::Done), begun) {
            (Some(why), ..) => Standing::Failed(why),
            (None, Some(done), begun) => {
                Standing::Done(begun.map(|at| done - at).filter(|took| *took >= TimeDelta::zero()))
            }
            (None, None, Some(at)) => Standing::Runs(at),
            (None, None, None) => Standing::Ahead,
        };
        Line { heading, step: step.clone(), standing }
    };
    way.iter().map(line).collect()
}

/// It went as it was meant to.
pub fn is_good(record: &Record) -> bool {
    matches!(record.end, Some((_, Outcome::Done)))
}

/// The deployment of a ledger that is shown: the one that has no end, else the last one.
pub fn latest(records: &[Record]) -> Option<&Record> {
    let planned = || records.iter().rev().filter(|record| record.plan.is_some());
    planned().find(|record| record.end.is_none()).or_else(|| planned().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::Plan;
    use crate::domain::deployment::{Act, Purpose, Release, Replica};
    use crate::domain::ids::{ContainerId, HostId};
    use crate::domain::ledger::{Begun, RecordId, RecordNumber, Who};
    use crate::domain::spec::RestartPolicy;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn plan() -> Plan {
        let replica = |name: &str, id: Option<&str>| Replica {
            name: name.to_owned(),
            id: id.map(ContainerId::new),
            restart: RestartPolicy { name: "always".to_owned(), most: 0 },
            found_as: Vec::new(),
        };
        let (new, old) = (replica("web-v2-1", None), replica("web-1", Some("a")));
        let acts = [Act::Start(new.clone()), Act::Gate(new), Act::Retire(old)];
        let steps = acts.map(|act| Step { host: HostId::new("web1"), act });
        Plan::new(Purpose::Deploy, "web", (Release(1), Release(2)), "shop/web:2", steps.into())
    }

    fn record(notes: &[(Heading, u32, Phase, i64)]) -> Record {
        let (number, id) = (RecordNumber(7), RecordId::new(7));
        let note = |(heading, step, phase, second): &(Heading, u32, Phase, i64)| Note {
            number,
            id: id.clone(),
            epoch: 1,
            heading: *heading,
            step: *step,
            phase: phase.clone(),
            at: at(*second),
        };
        let begun = Begun {
            number,
            id: id.clone(),
            environment: "e".to_owned(),
            at: at(0),
            who: Who::default(),
            act: "deploy".to_owned(),
            on: Vec::new(),
            more: 0,
            why: None,
        };
        Record { begun, end: None, plan: Some(Box::new(plan())), notes: notes.iter().map(note).collect() }
    }

    fn story(notes: &[(Heading, u32, Phase, i64)], now: i64) -> Story {
        Story::of(&record(notes), None, at(now)).unwrap()
    }

    use Heading::{Back, Forward};

    #[test]
    fn steps_stand_as_their_newest_lines_say() {
        let notes =
            [(Forward, 0, Phase::Intent, 1), (Forward, 0, Phase::Done, 3), (Forward, 1, Phase::Intent, 3)];
        let story = story(&notes, 9);
        let standings: Vec<_> = story.lines.iter().map(|line| line.standing.clone()).collect();
        let took = Some(TimeDelta::seconds(2));
        assert_eq!(standings, [Standing::Done(took), Standing::Runs(at(3)), Standing::Ahead]);
        assert_eq!((story.count(), story.current(), story.state), ((1, 3), Some(1), State::Runs));
    }

    #[test]
    fn a_deployment_that_turned_shows_what_failed_and_the_way_back() {
        let failed = Phase::Failed("not ready".to_owned());
        let notes = [
            (Forward, 0, Phase::Intent, 1),
            (Forward, 0, Phase::Done, 2),
            (Forward, 1, Phase::Intent, 2),
            (Forward, 1, failed, 8),
        ];
        let story = story(&notes, 9);
        let shown: Vec<_> = story.lines.iter().map(|l| (l.heading, l.step.act.to_string())).collect();
        let expected = [
            (Forward, "start web-v2-1".to_owned()),
            (Forward, "wait until web-v2-1 is ready".to_owned()),
            (Back, "stop web-v2-1 and keep it".to_owned()),
        ];
        assert_eq!(shown, expected);
        assert_eq!(story.lines[1].standing, Standing::Failed("not ready".to_owned()));
        assert_eq!((story.count(), story.failure.as_deref()), ((0, 1), Some("not ready")));
    }

    #[test]
    fn whoever_gives_no_sign_is_not_at_work_and_who_gives_one_is() {
        let notes = [(Forward, 0, Phase::Intent, 10)];
        assert_eq!(story(&notes, 55).state, State::Runs);
        assert_eq!(story(&notes, 56).state, State::Unguarded(at(10)));
        let signed = |sign, now| Story::of(&record(&notes), Some(at(sign)), at(now)).unwrap().state;
        assert_eq!(signed(3_600, 3_645), State::Runs);
        assert_eq!(signed(3_600, 3_646), State::Unguarded(at(3_600)));
        // Of a lock that was there before.
        assert_eq!(signed(-100, 20), State::Runs);
    }

    #[test]
    fn the_one_without_an_end_is_shown_before_a_newer_one() {
        let ended = Record { end: Some((at(1), Outcome::Done)), ..record(&[]) };
        let records = [ended.clone(), record(&[]), ended.clone()];
        assert_eq!(latest(&records), Some(&records[1]));
        let plain = Record { plan: None, ..ended.clone() };
        let records = [ended, plain];
        assert_eq!(latest(&records), Some(&records[0]));
    }
}
