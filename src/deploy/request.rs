//! What is asked of a deployment that runs, as its journal tells it.

use crate::domain::deployment::{Asked, Note, Phase, Request};
use crate::domain::ledger::{RecordId, Who};

/// What holds of all that was asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// It shall wait; who wants it so.
    pub pause: Option<Request>,
    /// It shall go back; who wants it so.
    pub back: Option<Request>,
    /// It shall go on; who wants it so.
    pub go_on: Option<Request>,
    /// It shall not wait between two shares any more; who wants it so.
    pub promote: Option<Request>,
    /// Traffic shall be shared so; who wants it so.
    pub weight: Option<Request>,
}

impl Heard {
    /// By whoever works under this epoch: what was asked of another before is not asked of him.
    pub fn of(notes: &[Note], epoch: u32) -> Self {
        let mut asked = requests(notes, epoch);
        asked.sort_by(|a, b| (a.turn, &a.id).cmp(&(b.turn, &b.id)));
        let back = asked.iter().find(|one| one.what == Asked::Back).map(|one| (*one).clone());
        let last =
            |is_it: fn(&Asked) -> bool| asked.iter().rfind(|one| is_it(&one.what)).map(|one| (*one).clone());
        let pause = last(|what| matches!(what, Asked::Pause | Asked::GoOn));
        let pause = pause.filter(|one| one.what == Asked::Pause);
        let go_on = last(|what| *what == Asked::GoOn);
        let promote = last(|what| *what == Asked::Promote);
        let weight = last(|what| matches!(what, Asked::Weigh(_)));
        Self { pause, back, go_on, promote, weight }
    }
}

/// One more that is asked of whoever works under this epoch.
pub fn next(notes: &[Note], epoch: u32, id: RecordId, by: Who, what: Asked, why: Option<String>) -> Request {
    let last = requests(notes, epoch).iter().map(|one| one.turn).max().unwrap_or(0);
    Request { id, turn: last.saturating_add(1), by, what, why }
}

fn requests(notes: &[Note], epoch: u32) -> Vec<&Request> {
    let of_epoch = notes.iter().filter(|note| note.epoch == epoch);
    let asked = of_epoch.filter_map(|note| match &note.phase {
        Phase::Asked(request) => Some(&**request),
        _ => None,
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::deployment::Heading;
    use crate::domain::ledger::RecordNumber;

    fn heard(asked: &[(u32, u32, Asked)]) -> (bool, bool) {
        let note = |(n, (epoch, turn, what)): (usize, &(u32, u32, Asked))| Note {
            number: RecordNumber(1),
            id: RecordId::new(1),
            epoch: *epoch,
            heading: Heading::Forward,
            step: 0,
            phase: Phase::Asked(Box::new(Request {
                id: RecordId::new(n as u64),
                turn: *turn,
                by: Who::default(),
                what: *what,
                why: None,
            })),
            // Clocks say the contrary.
            at: DateTime::from_timestamp(1_000 - n as i64, 0).unwrap(),
        };
        let notes: Vec<_> = asked.iter().enumerate().map(note).collect();
        let heard = Heard::of(&notes, 2);
        (heard.pause.is_some(), heard.back.is_some())
    }

    #[test]
    fn the_last_that_was_asked_of_him_holds_whatever_the_clocks_say() {
        use Asked::{Back, GoOn, Pause};
        assert_eq!(heard(&[]), (false, false));
        assert_eq!(heard(&[(2, 1, Pause)]), (true, false));
        assert_eq!(heard(&[(2, 2, GoOn), (2, 1, Pause)]), (false, false));
        assert_eq!(heard(&[(2, 1, Pause), (2, 2, GoOn), (2, 3, Pause)]), (true, false));
        assert_eq!(heard(&[(2, 1, Back), (2, 2, GoOn)]), (false, true));
        assert_eq!(heard(&[(1, 1, Pause), (1, 2, Back)]), (false, false), "asked of another before");
    }
}
