//! A deployment before it begins: which image, release or number of replicas; then its plan, or every reason why there is
//! none; then the confirmation, with a note for the ledger.

use std::time::{Duration, Instant};

use tui_textarea::{CursorMove, TextArea};

use crate::action::Action;
use crate::config::keymap::{Chord, Code};
use crate::deploy::plan::Wish;
use crate::deploy::promote::Verdict;
use crate::domain::deployment::{Plan, Release};
use crate::domain::environment::Environment;
use crate::domain::grade::Grade;
use crate::domain::ids::ServiceId;
use crate::effect::JobId;

mod draw;
mod keys;

use keys::edit;

/// From the drawing of a plan to the first key that confirms it.
const QUIET: Duration = Duration::from_millis(400);

/// What is to be done to a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// Another image.
    Deploy,
    /// An earlier release.
    Rollback,
    /// Another number of replicas.
    Scale,
    /// What is left of one that was cut off.
    Resume,
    /// What is live in the environment before.
    Promote,
}

/// To which service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// Where.
    pub environment: Environment,
    /// Its name.
    pub service: ServiceId,
    /// Its Compose project, where it is of one.
    pub project: Option<String>,
    /// What is live, in words.
    pub live: String,
    /// What an operator ought to know before.
    pub warnings: Vec<String>,
}

/// Something that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// What is wanted then: an image, a release.
    pub value: String,
    /// What is known of it.
    pub about: String,
}

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stage {
    /// Somebody says what is wanted; why what was said is none of it.
    Asked(Option<String>),
    /// The plan is being made, by that job.
    Planning(JobId),
    /// There is none, for these reasons.
    Refused(Vec<String>),
    /// This one.
    Planned(Box<Plan>, Grade),
}

/// What has the keys while a plan is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    /// The confirmation.
    Confirm,
    /// The note.
    Note,
}

/// What comes of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing outside.
    Nothing,
    /// It is over, and nothing was done.
    Closed,
    /// A plan is wanted for this.
    Plan(Wish),
    /// The plan that is shown is to be carried out.
    Go,
}

/// The dialog.
pub struct Rollout {
    /// What for.
    pub goal: Goal,
    /// To what.
    pub subject: Subject,
    line: TextArea<'static>,
    choices: Vec<Choice>,
    /// Which of those that are shown.
    picked: Option<usize>,
    /// What the choices that are shown have to match: what was typed, not what was picked.
    sought: String,
    stage: Stage,
    wish: Option<Wish>,
    /// What other environments say to the plan.
    verdict: Verdict,
    /// Steps scrolled past.
    top: usize,
    note: TextArea<'static>,
    typed: String,
    field: Field,
    /// From when on a key confirms; `None` until the plan was drawn.
    from: Option<Instant>,
}

fn line(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(vec![text.to_owned()]);
    area.move_cursor(CursorMove::End);
    area
}

impl Rollout {
    /// Asks what is wanted, with a text to begin from. Of releases the first is the one that is meant.
    pub fn new(goal: Goal, subject: Subject, text: &str, choices: Vec<Choice>) -> Self {
        Self {
            goal,
            subject,
            line: line(text),
            picked: (goal == Goal::Rollback && !choices.is_empty()).then_some(0),
            choices,
            sought: String::new(),
            stage: Stage::Asked(None),
            wish: None,
            verdict: Verdict::default(),
            top: 0,
            note: TextArea::default(),
            typed: String::new(),
            field: Field::Confirm,
            from: None,
        }
    }

    /// Picks that value where it is one of the choices.
    pub fn pick(&mut self, value: &str) {
        self.picked = self.choices.iter().position(|choice| choice.value == value).or(self.picked);
    }

    /// What was typed, or picked.
    fn text(&self) -> &str {
        self.line.lines().first().map_or("", String::as_str)
    }

    /// Choices that are shown: those that match what was typed.
    fn shown(&self) -> Vec<&Choice> {
        self.choices.iter().filter(|choice| choice.value.contains(&self.sought)).collect()
    }

    /// Why, for the ledger; `None` where nothing is to be said.
    pub fn why(&self) -> Option<String> {
        let text = self.note.lines().join(" ");
        let note = Some(text.trim()).filter(|text| !text.is_empty());
        match self.verdict.never_ran {
            Some(_) => self.verdict.why(note, None),
            None => self.verdict.why(None, note),
        }
    }

    /// What it never went through wants a reason, and none is written yet.
    fn lacks_reason(&self) -> bool {
        self.verdict.never_ran.is_some() && self.note.lines().iter().all(|line| line.trim().is_empty())
    }

    /// What is wanted. Errors: why that is nothing.
    fn wish(&self) -> Result<Wish, String> {
        let text = self.text().trim();
        match self.goal {
            Goal::Deploy if text.is_empty() => {
                Err("an image is wanted: NAME:TAG, NAME@DIGEST or an id".to_owned())
            }
            Goal::Deploy if text.contains(char::is_whitespace) => {
                Err("an image has no blanks in it".to_owned())
            }
            Goal::Deploy => Ok(Wish::Deploy { image: text.to_owned() }),
            Goal::Rollback => {
                let picked = self.picked.and_then(|n| self.shown().get(n).map(|c| c.value.clone()));
                let release = picked.as_deref().and_then(Release::parse);
                release
                    .map(|release| Wish::Rollback(Some(release)))
                    .ok_or_else(|| "no earlier release is kept".to_owned())
            }
            Goal::Resume | Goal::Promote => Err("it is planned already".to_owned()),
            Goal::Scale => match text.parse() {
                Ok(replicas) => Ok(Wish::Scale(replicas)),
                Err(_) => Err(format!("`{text}` is no number of replicas")),
            },
        }
    }

    /// The plan for that is being made by this job.
    pub fn planning(&mut self, job: JobId, wish: Wish) {
        self.wish = Some(wish);
        self.waits(job);
    }

    /// What is wanted and its plan are being found out by this job.
    pub fn waits(&mut self, job: JobId) {
        self.stage = Stage::Planning(job);
        self.verdict = Verdict::default();
    }

    /// This is what is wanted, and what other environments say to it.
    pub fn judged(&mut self, wish: Wish, verdict: Verdict) {
        (self.wish, self.verdict) = (Some(wish), verdict);
    }

    /// Whether it waits for that job.
    pub fn awaits(&self, job: JobId) -> bool {
        self.stage == Stage::Planning(job)
    }

    /// The plan, and how it is confirmed.
    pub fn planned(&mut self, plan: Box<Plan>, grade: Grade) {
        (self.top, self.from, self.field) = (0, None, Field::Confirm);
        self.stage = Stage::Planned(plan, grade);
    }

    /// There is no plan, for these reasons.
    pub fn refused(&mut self, reasons: Vec<String>) {
        self.stage = Stage::Refused(reasons);
    }

    /// The plan that is shown.
    pub fn plan(&self) -> Option<&Plan> {
        if let Stage::Planned(plan, _) = &self.stage { Some(plan) } else { None }
    }

    /// What was confirmed, and the plan that was shown for it.
    pub fn confirmed(self) -> Option<(Wish, Plan)> {
        match self.stage {
            Stage::Planned(plan, _) => Some((self.wish?, *plan)),
            _ => None,
        }
    }

    /// What is to be known before: of hosts, then of the plan; with `true` what may not be expected.
    fn remarks(&self, plan: &Plan) -> Vec<(String, bool)> {
        let warnings = self.subject.warnings.iter().map(|text| (text.clone(), true));
        let verdict = self.verdict.remarks(plan, &self.subject.environment.id);
        warnings.chain(verdict).chain(plan.remarks()).collect()
    }

    /// It is on the screen, or something else lies over it. Whoever types ahead has not read it.
    pub fn drawn(&mut self, is_seen: bool, now: Instant) {
        if self.plan().is_some() {
            self.from = if is_seen { self.from.or(Some(now + QUIET)) } else { None };
        }
    }

    /// A plan is shown and takes no key yet.
    pub fn is_waiting(&self, now: Instant) -> bool {
        self.plan().is_some() && !self.is_open(now)
    }

    fn is_open(&self, now: Instant) -> bool {
        self.from.is_some_and(|from| from <= now)
    }

    /// Takes a key; `action` is what the key map has for it everywhere.
    pub fn key(&mut self, chord: Chord, action: Option<Action>, now: Instant) -> Outcome {
        match (&self.stage, chord.code) {
            (_, Code::Esc) => Outcome::Closed,
            (Stage::Asked(_), _) => self.asked_key(chord),
            (Stage::Planning(_), _) => Outcome::Nothing,
            (Stage::Refused(_), Code::Enter) if self.goal == Goal::Promote => Outcome::Closed,
            (Stage::Refused(_), Code::Enter) => {
                self.stage = Stage::Asked(None);
                Outcome::Nothing
            }
            (Stage::Refused(_), _) => Outcome::Nothing,
            (Stage::Planned(..), _) => self.planned_key(chord, action, now),
        }
    }

    fn asked_key(&mut self, chord: Chord) -> Outcome {
        match chord.code {
            Code::Enter => match self.wish() {
                Ok(wish) => return Outcome::Plan(wish),
                Err(why) => self.stage = Stage::Asked(Some(why)),
            },
            Code::Down | Code::Tab => self.go(1),
            Code::Up => self.go(-1),
            Code::Char('j') if self.goal == Goal::Rollback => self.go(1),
            Code::Char('k') if self.goal == Goal::Rollback => self.go(-1),
            _ if self.goal == Goal::Rollback => {}
            _ => {
                edit(&mut self.line, chord);
                (self.stage, self.picked) = (Stage::Asked(None), None);
                self.sought = self.text().trim().to_owned();
            }
        }
        Outcome::Nothing
    }

    /// To the next of what is shown, round and round.
    fn go(&mut self, by: isize) {
        let count = self.shown().len();
        if count == 0 {
            return;
        }
        let last = if by > 0 { count - 1 } else { 0 };
        let to = (self.picked.unwrap_or(last) as isize + by).rem_euclid(count as isize) as usize;
        self.picked = Some(to);
        if self.goal == Goal::Deploy {
            let value = self.shown().get(to).map(|choice| choice.value.clone()).unwrap_or_default();
            self.line = line(&value);
        }
    }

    fn planned_key(&mut self, chord: Chord, action: Option<Action>, now: Instant) -> Outcome {
        let Stage::Planned(_, grade) = &self.stage else { return Outcome::Nothing };
        if matches!(chord.code, Code::Tab | Code::BackTab) {
            self.field = if self.field == Field::Note { Field::Confirm } else { Field::Note };
            return Outcome::Nothing;
        }
        if self.field == Field::Note {
            edit(&mut self.note, chord);
            return Outcome::Nothing;
        }
        let is_open = self.is_open(now);
        let confirms = match grade {
            Grade::Name(name) => chord.code == Code::Enter && *name == self.typed,
            Grade::Yes => chord.code == Code::Char('y'),
            Grade::None => matches!(chord.code, Code::Enter | Code::Char('y')),
        };
        if confirms && is_open && self.lacks_reason() {
            self.field = Field::Note;
            return Outcome::Nothing;
        }
        match (grade, chord.code) {
            (Grade::Name(name), Code::Enter) if *name == self.typed && is_open => return Outcome::Go,
            (Grade::Name(_), Code::Char(c)) if !chord.ctrl => self.typed.push(c),
            (Grade::Name(_), Code::Backspace) => drop(self.typed.pop()),
            (Grade::None | Grade::Yes, Code::Char('y')) if is_open => return Outcome::Go,
            (Grade::None, Code::Enter) if is_open => return Outcome::Go,
            (Grade::Yes, Code::Enter) | (Grade::None | Grade::Yes, Code::Char('n')) if is_open => {
                return Outcome::Closed;
            }
            _ => action.into_iter().for_each(|action| self.scroll(action)),
        }
        Outcome::Nothing
    }

    /// Scrolls through the steps.
    pub fn scroll(&mut self, action: Action) {
        let last = self.plan().map_or(0, |plan| plan.steps.len()).saturating_sub(1);
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp | Action::HalfUp => self.top.saturating_sub(8),
            Action::PageDown | Action::HalfDown => self.top + 8,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return,
        }
        .min(last);
    }

    /// Takes pasted text where something is typed.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace(['\n', '\r'], " ");
        match (&self.stage, self.field) {
            (Stage::Asked(_), _) if self.goal != Goal::Rollback => {
                self.line.insert_str(text.trim());
                (self.picked, self.sought) = (None, self.text().trim().to_owned());
            }
            (Stage::Planned(..), Field::Note) => drop(self.note.insert_str(text)),
            _ => {}
        }
    }
}
