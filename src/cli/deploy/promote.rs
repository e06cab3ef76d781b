//! `pilothouse promote`: what is live in one environment, live in the next. And what every deployment asks of the environment
//! that a release goes through first.

use super::{Manners, Place, go, nobody, place, service_of};
use crate::cli::failure::Failure;
use crate::cli::setup::Options;
use crate::cli::site::{Depth, Site, Where};
use crate::cli::target::Target;
use crate::deploy::plan::Manner;
use crate::domain::environment::Environment;
use crate::domain::ids::ServiceId;
use crate::jobs::deploy::promote::Wanting;
use crate::runtime::before;
use crate::runtime::who::who;

/// What stands below the options.
pub const HELP: &str = concat!(
    "\
The image is the very one that is live there: by its digest, or, where no
registry has it, by its id, so that its hosts must have it already. Where the
variables of the service differ between both environments is told by name:
equal, different, only in one. Values are never told.

Which environment follows is said by `after` in the configuration, or here:
  [environments.production]
  after = \"staging\"
From then on `deploy`, too, refuses there what never ran in staging; with
--override WHY it does it, and the reason stands in the ledger.

",
    super::json!()
);

/// From where to where.
#[derive(clap::Args, Debug)]
pub struct Promote {
    /// What is live: [ENVIRONMENT/]SERVICE
    #[arg(value_name = "TARGET")]
    target: Target,
    /// Where it shall be live: ENVIRONMENT[/SERVICE]; otherwise the environment that is `after` that one
    #[arg(value_name = "TO")]
    to: Option<Target>,
    #[command(flatten)]
    although: Although,
    #[command(flatten)]
    manners: Manners,
}

/// Why it is done although the environment before never ran it.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Although {
    /// Do it although the environment before never ran it; why, for the ledger
    #[arg(long = "override", value_name = "WHY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) why: Option<String>,
}

/// Puts what is live in one environment live in the next.
pub async fn promote(arguments: Promote, options: &Options) -> Result<u8, Failure> {
    let Promote { target, to, although, manners } = arguments;
    let mut site = Site::load(options)?;
    let (from, of, project) = service_of(&mut site, &manners.at, &target).await?;
    let to = next(&site, &from, &of, to.as_ref())?;
    let (environment, service, own) = service_of(&mut site, &Where::default(), &to).await?;
    if environment.id == from.id {
        return Err(Failure::Usage(format!("{} cannot follow itself; nothing was done", from.id)));
    }
    let mut source = place::of(&site, &from, Some(&of), Manner::default(), nobody());
    source.project = project;
    let manner = manners.manner(Manner::default());
    let mut place = place::of(&site, &environment, Some(&service), manner, nobody());
    place.project = own;
    let gate = gate(&mut site, &environment, &place, &service).await;
    let judged = place.judged(&service, Wanting::From(&source, &of), gate.as_ref()).await;
    go((&site, &environment, &place), judged, &manners, although, options).await
}

/// Where it goes: as it is named, else the one environment that follows.
fn next(
    site: &Site,
    from: &Environment,
    service: &ServiceId,
    to: Option<&Target>,
) -> Result<Target, Failure> {
    let there =
        |environment: &str| Target { before: Some(environment.to_owned()), name: service.to_string() };
    match to {
        Some(Target { before: Some(_), .. }) => return Ok(to.cloned().unwrap_or_else(|| there(""))),
        Some(Target { before: None, name }) => {
            return site.environment(Some(name)).map(|environment| there(environment.id.as_str()));
        }
        None => {}
    }
    let follows = site.world.environments.iter().filter(|e| e.after.as_ref() == Some(&from.id));
    let names: Vec<&str> = follows.map(|e| e.id.as_str()).collect();
    match names[..] {
        [one] => Ok(there(one)),
        [] => Err(Failure::Usage(format!(
            "no environment comes after {0}; name one, or write after = \"{0}\" in its [environments.NAME]",
            from.id
        ))),
        _ => {
            let names = names.join(", ");
            Err(Failure::Usage(format!("several environments come after {}: {names}; name one", from.id)))
        }
    }
}

/// The environment that a release goes through before it comes to this one, asked; `None` where there is none.
pub(super) async fn gate(
    site: &mut Site,
    environment: &Environment,
    place: &Place,
    service: &ServiceId,
) -> Option<Place> {
    let before = site.world.environment(environment.after.as_ref()?)?.clone();
    site.ask(std::slice::from_ref(&before), Depth::List).await;
    let who = who(site.config.operator.as_deref());
    let (world, project) = ((&site.world, site.routes()), place.project.as_deref());
    Some(before::of(world, &before, service, project, who))
}
