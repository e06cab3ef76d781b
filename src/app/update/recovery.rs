//! Taking a deployment back, or going on with one that was cut off. Back is easier than forward: one key and one `y`, in a
//! protected environment too, whether it is writable or not.

use crate::app::model::{Model, Overlay};
use crate::deploy::order::Task;
use crate::deploy::progress::Progress;
use crate::deploy::story::{State, Story};
use crate::domain::deployment::{Asked, Heading, Plan};
use crate::domain::environment::Environment;
use crate::domain::grade::{Grade, grade};
use crate::domain::ledger::Record;
use crate::effect::Effect;
use crate::overlays::question::{Choice, Question, Then};
use crate::overlays::rollout::{Goal, Rollout, Subject};
use crate::panes::{PaneKind, deployment};

/// Why it was taken back, for the ledger.
const WANTED: &str = "it was wanted";

/// What is open in the environment on the screen.
struct Open {
    environment: Environment,
    record: Record,
    plan: Plan,
    story: Story,
}

impl Open {
    fn steps(&self, heading: Heading) -> usize {
        self.way(heading).len()
    }

    fn way(&self, heading: Heading) -> Vec<crate::domain::deployment::Step> {
        let mut progress = Progress::of(&self.record.notes);
        progress.heading = progress.heading.max(heading);
        progress.ahead(&self.plan).into_iter().map(|one| one.step).collect()
    }

    /// Somebody is at work on it.
    fn is_kept(&self) -> bool {
        self.story.state == State::Runs
    }

    fn may_turn(&self) -> bool {
        let progress = Progress::of(&self.record.notes);
        progress.heading == Heading::Back || progress.may_turn(&self.plan)
    }

    /// What to do instead where going back crosses a migration that cannot be undone.
    fn over_migration(&self) -> Option<[String; 2]> {
        let is_past = Progress::of(&self.record.notes).is_past_migration(&self.plan);
        let environment = &self.environment.id;
        is_past.then(|| {
            [
                "Its migration cannot be undone: can the release before live with what it did?".to_owned(),
                format!("If so, type: pilothouse undo -e {environment} --confirm {environment}"),
            ]
        })
    }

    fn task(&self, back: bool) -> Task {
        let service = Some(self.plan.service.clone());
        Task::TakeUp { service, back: back.then(|| WANTED.to_owned()) }
    }

    /// What was done so far, in words.
    fn so_far(&self) -> String {
        let (done, all) = self.story.count();
        let back = if self.story.heading == Heading::Back { " back" } else { "" };
        format!(
            "{}, by {}: {done} of {all} steps{back} are done.",
            self.plan.title(),
            self.record.begun.who.name
        )
    }
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

impl Model {
    fn open(&self) -> Option<Open> {
        let shown =
            deployment::last(&self.ctx(PaneKind::Deployment)).filter(|shown| shown.story.is_open())?;
        let environment = self.environment()?.clone();
        Some(Open { environment, record: shown.record.clone(), plan: shown.plan.clone(), story: shown.story })
    }

    /// Whether a deployment is open here, and whether somebody is at work on it.
    pub(in crate::app) fn open_deployment(&self) -> Option<bool> {
        self.open().map(|open| open.is_kept())
    }

    /// Whether it waits because somebody asked it to.
    pub(in crate::app) fn is_held(&self) -> bool {
        self.open().is_some_and(|open| open.story.paused.is_some())
    }

    /// `A`: it goes back; whoever is at work on it is asked to.
    pub(super) fn abort(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return Vec::new() };
        let title = [format!("abort {}", open.plan.subject()), open.environment.id.to_string()];
        let mut lines = vec![open.so_far()];
        if !open.may_turn() {
            lines.push("It already removes what it replaced: let it end, then roll back.".to_owned());
            self.overlay = Some(Overlay::Question(Question::new(title, lines, Vec::new())));
            return Vec::new();
        }
        if let Some(why) = open.over_migration() {
            lines.extend(why);
            self.overlay = Some(Overlay::Question(Question::new(title, lines, Vec::new())));
            return Vec::new();
        }
        let count = steps(open.steps(Heading::Back));
        lines.push("What served before serves again; what is new is removed.".to_owned());
        let choices =
            vec![Choice { key: 'y', label: format!("take it back: {count}"), then: Then::TakeBack }];
        self.overlay = Some(Overlay::Question(Question::new(title, lines, choices)));
        Vec::new()
    }

    /// `p`: it waits before its next step; one that waits goes on.
    pub(super) fn hold(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return Vec::new() };
        if open.story.paused.is_none() {
            return self.asked(open, Asked::Pause);
        }
        if let Some(why) = self.lock_reason(&open.environment) {
            self.notice = Some((format!("hold: to go on, {why}"), true));
            return Vec::new();
        }
        self.asked(open, Asked::GoOn)
    }

    /// It stands in the journal then, and whoever is at work hears it.
    fn asked(&mut self, open: Open, what: Asked) -> Vec<Effect> {
        self.deployment.follow();
        self.focus = PaneKind::Deployment;
        let environment = open.environment.id;
        vec![Effect::Ask { job: self.job(), environment, record: Box::new(open.record), what }]
    }

    /// `u`: one that was cut off, back or on.
    pub(super) fn undo(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return Vec::new() };
        let title = [format!("cut off: {}", open.plan.subject()), open.environment.id.to_string()];
        let mut lines = vec![open.so_far()];
        if let State::Unguarded(since) = &open.story.state {
            lines.push(format!("Nobody is heard of since {}.", self.look.since(*since, self.now.wall)));
        }
        let mut choices = Vec::new();
        if let Some(why) = open.over_migration() {
            lines.extend(why);
        } else if open.may_turn() {
            let label = format!("take it back: {}", steps(open.steps(Heading::Back)));
            choices.push(Choice { key: 'y', label, then: Then::TakeBack });
        } else {
            lines.push("It already removes what it replaced: go on, then roll back.".to_owned());
        }
        let locked = self.lock_reason(&open.environment);
        match (&locked, open.story.heading) {
            (None, Heading::Forward) => {
                let label = format!("go on: {}", steps(open.steps(Heading::Forward)));
                choices.push(Choice { key: 'g', label, then: Then::GoOn });
            }
            (Some(why), Heading::Forward) => lines.push(format!("To go on with it: {why}.")),
            (_, Heading::Back) => {}
        }
        self.overlay = Some(Overlay::Question(Question::new(title, lines, choices)));
        Vec::new()
    }

    /// It was confirmed: it goes back. Where nobody is at work on it any more this console has it done.
    pub(super) fn take_back(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return self.over() };
        if open.is_kept() {
            return self.asked(open, Asked::Back);
        }
        let title = format!("taking back {}", open.plan.subject());
        self.ordered(&open.environment, open.task(true), title)
    }

    /// Goes on, in a protected environment once its name is typed.
    pub(super) fn go_on(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return self.over() };
        if let Some(why) = self.lock_reason(&open.environment) {
            self.notice = Some((format!("resume: {why}"), true));
            return Vec::new();
        }
        let left = Plan { steps: open.way(Heading::Forward), ..open.plan.clone() };
        match grade(left.weight(), &open.environment) {
            grade @ Grade::Name(_) => {
                let subject = Subject {
                    environment: open.environment.clone(),
                    service: open.plan.service.clone(),
                    project: None,
                    live: open.so_far(),
                    warnings: Vec::new(),
                };
                let mut rollout = Rollout::new(Goal::Resume, subject, "", Vec::new());
                rollout.planned(Box::new(left), grade);
                self.overlay = Some(Overlay::Rollout(Box::new(rollout)));
                Vec::new()
            }
            Grade::None | Grade::Yes => self.resumed(),
        }
    }

    /// It was confirmed: it goes on.
    pub(super) fn resumed(&mut self) -> Vec<Effect> {
        let Some(open) = self.open() else { return self.over() };
        let title = format!("going on with {}", open.plan.subject());
        self.ordered(&open.environment, open.task(false), title)
    }

    fn over(&mut self) -> Vec<Effect> {
        self.notice = Some(("it is over by now; nothing was done".to_owned(), false));
        Vec::new()
    }
}
