//! `pilothouse flip`, `weight` and `promote-slot`: what is asked of a deployment that holds traffic at a share.

use chrono::Utc;

use super::report::Teller;
use super::watching::{Waiting, follow, reach};
use super::{not_begun, place};
use crate::cli::consent::{Consent, Request};
use crate::cli::failure::Failure;
use crate::cli::setup::Options;
use crate::cli::site::{Site, Where};
use crate::cli::target::Target;
use crate::deploy::story::Story;
use crate::domain::deployment::{Act, Asked, Hold, Plan};
use crate::domain::environment::Environment;
use crate::domain::grade::{Grade, Weight, grade_at_once};
use crate::domain::ledger::Record;
use crate::domain::traffic::{Percent, Slot, Split};
use crate::jobs::deploy::begin::{Site as Place, unfinished};

/// What is asked, of which service.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The service that is being deployed: ENVIRONMENT/SERVICE
    target: Target,
    #[command(flatten)]
    at: Where,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    waiting: Waiting,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// How traffic shall be shared.
#[derive(clap::Args, Debug)]
pub struct Weigh {
    /// What a slot gets: green=10% or blue=2.5
    #[arg(value_name = "SLOT=SHARE", value_parser = share)]
    split: Split,
    #[command(flatten)]
    of: Arguments,
}

fn share(text: &str) -> Result<Split, String> {
    let wrong = || format!("`{text}` is no share; write green=10% or blue=2.5, with at most 100%");
    let (slot, share) = text.split_once('=').ok_or_else(wrong)?;
    let (slot, share) = (Slot::parse(slot.trim()), Percent::parse(share));
    slot.zip(share).and_then(|(slot, share)| Split::to(slot, share.0)).ok_or_else(wrong)
}

/// A deployment that somebody is at work on, and what it does right now.
struct Open {
    site: Site,
    environment: Environment,
    place: Place,
    record: Record,
    hold: Hold,
}

async fn open(arguments: &Arguments, options: &Options) -> Result<Open, Failure> {
    let mut site = Site::load(options)?;
    let target = &arguments.target;
    let name = target.before.as_deref().or(arguments.at.environment.as_deref());
    let (environment, place) = reach(&mut site, name).await?;
    let ledger = place.book.read().await.ledger;
    let at_work = place::at_work(&site, &place).await?;
    let of_service = |plan: &Plan| plan.service.as_str() == target.name;
    let found = unfinished(&ledger).filter(|_| at_work.is_some());
    let found = found.filter(|record| record.plan.as_deref().is_some_and(of_service)).cloned();
    let (name, id) = (&target.name, &environment.id);
    let Some(record) = found else {
        return Err(Failure::Failed(format!(
            "nobody deploys {name} in {id} now; `pilothouse rollback {id}/{name}` goes back to the release before"
        )));
    };
    let story = Story::of(&record, None, Utc::now());
    let current = story.and_then(|story| story.lines.get(story.current()?).map(|line| line.step.act.clone()));
    match current {
        Some(Act::Hold(hold)) => Ok(Open { site, environment, place, record, hold }),
        Some(act) => Err(Failure::Failed(format!(
            "{name} does not wait between two shares now, it is at `{act}`; nothing was done"
        ))),
        None => Err(Failure::Failed(format!("{name} has nothing more to do; nothing was done"))),
    }
}

/// The new release gets everything; once it has, the old one gets everything back.
pub async fn flip(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let open = open(&arguments, options).await?;
    let what = match open.hold {
        Hold::Flip | Hold::Canary(_) => Asked::Promote,
        Hold::Warm(_) => Asked::Back,
    };
    ask(open, what, arguments).await
}

/// The new release gets everything, without waiting any longer.
pub async fn promote(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let open = open(&arguments, options).await?;
    ask(open, Asked::Promote, arguments).await
}

/// Traffic is shared so until the next step.
pub async fn weight(arguments: Weigh, options: &Options) -> Result<u8, Failure> {
    let open = open(&arguments.of, options).await?;
    ask(open, Asked::Weigh(arguments.split), arguments.of).await
}

async fn ask(open: Open, what: Asked, arguments: Arguments) -> Result<u8, Failure> {
    let Open { site, environment, place, record, hold } = open;
    if matches!(hold, Hold::Warm(_)) && what != Asked::Back {
        let text = "the new release has everything already; `flip` gives it back to the old one";
        return Err(Failure::Failed(text.to_owned()));
    }
    let mut teller = Teller::new(arguments.json, &environment);
    let (number, act) = (record.begun.number, &record.begun.act);
    let words = match what {
        Asked::Back => "give traffic back to the release before".to_owned(),
        Asked::Weigh(split) => format!("share traffic {split}"),
        _ => "give the new release all traffic".to_owned(),
    };
    // Going back is easier than going forward.
    let grade = if what == Asked::Back { Grade::Yes } else { grade_at_once(Weight::Ends, &environment) };
    let request = Request {
        environment: &environment,
        grade,
        what: format!("{words}: {number} ({act})"),
        steps: vec![words.clone()],
        warning: None,
    };
    arguments.consent.obtain(&request).await?;
    place.ask(&record, what, arguments.note).await.map_err(not_begun)?;
    if arguments.waiting.no_wait || matches!(what, Asked::Weigh(_)) {
        teller.asked(&format!("asked to {words}; `pilothouse watch` follows it"))?;
        return Ok(site.status());
    }
    follow(&site, &place, &record, &mut teller, arguments.waiting.timeout).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_names_its_slot() {
        assert_eq!(share("green=10").unwrap().share(Slot::Green), 1_000);
        assert_eq!(share("blue=2.5%").unwrap().share(Slot::Green), 9_750);
        for wrong in ["10", "red=10", "green=", "green=101", "green", "=1", "green=1=2"] {
            assert!(share(wrong).unwrap_err().contains("no share"), "{wrong}");
        }
    }
}
