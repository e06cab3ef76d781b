//! From one environment to the next: which image is live in the one before, whether an image ran there at all, and where
//! the configuration of a service differs. What comes out names keys, never a value.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Wish;
use super::story::is_good;
use crate::domain::deployment::{Act, Plan, Release};
use crate::domain::ids::{EnvironmentId, ImageId, ServiceId};
use crate::domain::ledger::Record;
use crate::domain::registry::{digest_of, is_id, named_at, names_registry, repository_of, shortened};

/// So many variables that differ are named beside a plan; the command line names all.
const NAMED: usize = 6;

/// The variables of what runs of a service: by name, with all values that its replicas have. They may be secret, so it
/// cannot be printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keys(BTreeMap<String, BTreeSet<Option<String>>>);

impl Keys {
    /// With those of one more replica.
    pub fn add(&mut self, variables: BTreeMap<String, Option<String>>) {
        for (name, value) in variables {
            self.0.entry(name).or_default().insert(value);
        }
    }
}

/// Where two environments configure a service alike, and where not: names only.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// In both, with the same value.
    pub equal: Vec<String>,
    /// In both, with another value.
    pub different: Vec<String>,
    /// In the one before alone.
    pub only_before: Vec<String>,
    /// In the one after alone.
    pub only_after: Vec<String>,
}

impl Comparison {
    /// Of the environment before and the one after.
    pub fn of(before: &Keys, after: &Keys) -> Self {
        let mut all = Self::default();
        for (name, values) in &before.0 {
            let into = match after.0.get(name) {
                Some(other) if other == values => &mut all.equal,
                Some(_) => &mut all.different,
                None => &mut all.only_before,
            };
            into.push(name.clone());
        }
        let only = after.0.keys().filter(|name| !before.0.contains_key(*name));
        all.only_after.extend(only.cloned());
        all
    }

    /// What it is about: `variables in staging and production: 12 equal, 2 not`.
    pub fn title(&self, before: &EnvironmentId, after: &EnvironmentId) -> String {
        let rest = self.different.len() + self.only_before.len() + self.only_after.len();
        format!("variables in {before} and {after}: {} equal, {rest} not", self.equal.len())
    }

    /// Each key with how it stands, those to look at first.
    pub fn rows(&self, before: &EnvironmentId, after: &EnvironmentId) -> Vec<(&str, String)> {
        let groups = [
            (&self.different, "different".to_owned()),
            (&self.only_before, format!("only in {before}")),
            (&self.only_after, format!("only in {after}")),
            (&self.equal, "equal".to_owned()),
        ];
        let rows = groups.iter().flat_map(|(names, word)| names.iter().map(|name| (&**name, word.clone())));
        rows.collect()
    }
}

/// An image that is live, with what every host and registry may call it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    /// Of which release.
    pub release: Release,
    /// As it was asked for.
    pub reference: String,
    /// The image itself.
    pub id: ImageId,
    /// What registries call it.
    pub digests: Vec<String>,
}

/// What an environment runs and ran of a service.
#[derive(Clone, Default)]
pub struct Had {
    /// What is live, a line each replica.
    pub live: Vec<Live>,
    /// How those are configured.
    pub keys: Keys,
    digests: BTreeSet<String>,
    ids: BTreeSet<ImageId>,
}

/// What is promoted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// This very image, from wherever it can be had.
    Named(String),
    /// No registry has it: hosts may have it under this name, or by its id.
    Local(String, ImageId),
}

impl Had {
    /// With an image that ran there.
    pub fn ran(&mut self, id: &ImageId, digests: &[String]) {
        self.ids.insert(id.clone());
        self.digests.extend(digests.iter().filter_map(|name| Some(digest_of(name)?.to_owned())));
    }

    /// With a release that is told to have gone live there.
    pub fn told(&mut self, record: &Record, service: &ServiceId) {
        let plan = record.plan.as_deref().filter(|plan| plan.of(service).is_some() && is_good(record));
        let Some(plan) = plan else { return };
        self.digests.extend(plan.digest.clone());
        self.ids.extend(images(plan).flatten().cloned());
    }

    /// The one image that is live. The error says why there is none.
    pub fn wanted(&self, service: &ServiceId, environment: &EnvironmentId) -> Result<Wanted, String> {
        let Some(first) = self.live.first() else {
            return Err(format!("nothing of {service} runs in {environment}"));
        };
        let digests = |live: &Live| -> BTreeSet<String> {
            let own = digest_of(&live.reference).into_iter();
            let of_it = live.digests.iter().filter_map(|name| digest_of(name));
            own.chain(of_it).map(str::to_owned).collect()
        };
        let mut common = digests(first);
        for live in &self.live {
            common = common.intersection(&digests(live)).cloned().collect();
        }
        let is_one = self.live.iter().all(|live| live.id == first.id);
        if !is_one && common.is_empty() {
            let images: BTreeSet<_> = self.live.iter().map(|live| live.reference.as_str()).collect();
            let images: Vec<_> = images.into_iter().collect();
            return Err(format!(
                "{environment} runs several images of {service}: {}; finish what is deployed there first",
                images.join(", ")
            ));
        }
        // As it was pulled, else as the registry of its name has it.
        let own = digest_of(&first.reference).map(str::to_owned);
        let of_name = first.digests.iter().filter(|name| is_same(repository_of(name), &first.reference));
        let of_name = || of_name.clone().find_map(|name| digest_of(name).map(str::to_owned));
        let digest = own.or_else(of_name).filter(|digest| common.contains(digest));
        Ok(match digest {
            Some(digest) => Wanted::Named(named_at(&first.reference, &digest)),
            None => Wanted::Local(first.reference.clone(), first.id.clone()),
        })
    }

    /// The image of this plan ran there.
    pub fn has_run(&self, plan: &Plan) -> bool {
        let by_digest = plan.digest.as_ref().is_some_and(|digest| self.digests.contains(digest));
        let mut made = images(plan).peekable();
        let is_known = |id: Option<&ImageId>| id.is_some_and(|id| self.ids.contains(id));
        by_digest || (made.peek().is_some() && made.all(is_known))
    }

    /// The release that is live.
    pub fn release(&self) -> Release {
        self.live.iter().map(|live| live.release).max().unwrap_or_default()
    }
}

/// The images that its replicas are made from; `None` where one has to be pulled first.
fn images(plan: &Plan) -> impl Iterator<Item = Option<&ImageId>> {
    plan.steps.iter().filter_map(|step| match &step.act {
        Act::Create { image_id, errand: None, .. } => Some(image_id.as_ref()),
        _ => None,
    })
}

/// The hub goes without its name more often than not.
fn is_same(repository: &str, reference: &str) -> bool {
    let bare = |name: &str| name.strip_prefix("docker.io/").unwrap_or(name).to_owned();
    let bare = |name: &str| bare(name).strip_prefix("library/").map_or_else(|| bare(name), str::to_owned);
    bare(repository) == bare(repository_of(reference))
}

/// What is asked of the environment after for an image that no registry has: by its name where all hosts have that very
/// image under it, else by its id.
pub fn local(name: &str, id: &ImageId, held: &[Option<ImageId>]) -> String {
    let is_same = held.iter().all(|held| held.as_ref() == Some(id));
    // A name with a registry would be asked for there.
    let is_plain = is_same && !names_registry(name) && !is_id(name);
    if is_plain { name.to_owned() } else { id.to_string() }
}

/// A plan, with what the environments before say to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// What is wanted.
    pub wish: Wish,
    /// What would be done.
    pub plan: Plan,
    /// What they say.
    pub verdict: Verdict,
}

/// What the environments before say to a plan; nothing, where none has a say in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// From where it is promoted, of which release there, and how both environments configure the service.
    pub from: Option<(EnvironmentId, Release, Comparison)>,
    /// The environment that it should have gone through, and never ran there.
    pub never_ran: Option<EnvironmentId>,
}

impl Verdict {
    /// Why nobody does it without a reason.
    pub fn objection(&self, plan: &Plan) -> Option<String> {
        let environment = self.never_ran.as_ref()?;
        Some(format!("{environment} never ran {}", shortened(&plan.image)))
    }

    /// Why it is done, for the ledger: from where, why although it never ran there, and what whoever does it notes.
    pub fn why(&self, although: Option<&str>, note: Option<&str>) -> Option<String> {
        let from = self.from.as_ref().map(|(environment, release, _)| match release {
            Release(0) => format!("promoted from {environment}"),
            release => format!("promoted from {environment} {release}"),
        });
        let although = self
            .never_ran
            .as_ref()
            .zip(although)
            .map(|(before, why)| format!("{before} never ran it: {why}"));
        let all: Vec<String> = from.into_iter().chain(although).chain(note.map(str::to_owned)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// What is to be known before it is confirmed there; with `true` what may not be expected.
    pub fn remarks(&self, plan: &Plan, after: &EnvironmentId) -> Vec<(String, bool)> {
        let mut remarks = Vec::new();
        if let Some(objection) = self.objection(plan) {
            remarks.push((format!("{objection}: the note has to say why it is done"), true));
        }
        let Some((before, _, all)) = &self.from else { return remarks };
        remarks.push((self.why(None, None).unwrap_or_default(), false));
        remarks.push((all.title(before, after), false));
        let groups = [
            (&all.different, "different".to_owned()),
            (&all.only_before, format!("only in {before}")),
            (&all.only_after, format!("only in {after}")),
        ];
        for (names, word) in groups {
            let told = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(NAMED);
            match (names.is_empty(), more) {
                (true, _) => {}
                (false, 0) => remarks.push((format!("{word}: {told}"), true)),
                (false, more) => remarks.push((format!("{word}: {told} and {more} more"), true)),
            }
        }
        remarks
    }
}

#[cfg(test)]
mod tests;
