//! What a plan means, in words for whoever has to confirm it: what each step is taken back by, how readiness is asked, what
//! cannot be undone.

use crate::domain::deployment::{Act, Model, Plan, Purpose};
use crate::domain::spec::Difference;

/// So many changed keys are told beside a plan.
const SHOWN: usize = 6;

impl Act {
    /// What takes it back.
    pub fn way_back(&self) -> &'static str {
        match self {
            Self::Create { .. } => "remove it",
            Self::Run(..) => "none, it is run once",
            Self::Start(_) | Self::Revive(_) => "stop it",
            Self::Retire(_) => "start it again",
            Self::Discard(_) => "none, it is gone",
            Self::House { .. } => "remove it",
            Self::Attach(..) => "drain it and take it out",
            Self::Detach(..) => "put it back",
            Self::Split { .. } => "share it as before",
            Self::Pull { .. } | Self::Gate(_) | Self::Join(_) | Self::Passes(_) | Self::Hold(_) => "-",
        }
    }
}

impl Plan {
    /// What it is about in the fewest words: `web v43`, `web to 3`.
    pub fn subject(&self) -> String {
        match self.purpose {
            Purpose::Deploy | Purpose::Rollback => format!("{} {}", self.service, self.release),
            Purpose::Scale => format!("{} to {}", self.service, self.replicas),
        }
    }

    /// What is done to it: `deploy shop/web:1.5, 4 replicas`.
    pub fn what(&self) -> String {
        let s = if self.replicas == 1 { "" } else { "s" };
        format!("{} {}, {} replica{s}", self.purpose.verb(), self.image, self.replicas)
    }

    /// Something stops before its successor starts, and nothing of it is left.
    pub fn has_gap(&self) -> bool {
        let first = |is_it: fn(&Act) -> bool| self.steps.iter().position(|step| is_it(&step.act));
        let stop = first(|act| matches!(act, Act::Retire(_)));
        let start = first(|act| matches!(act, Act::Start(_) | Act::Revive(_)));
        stop.zip(start).is_some_and(|(stop, start)| stop < start)
    }

    /// The balancer can have its port only once what publishes it now has stopped.
    pub fn has_handover(&self) -> bool {
        let Some(house) = self.steps.iter().position(|step| matches!(step.act, Act::House { .. })) else {
            return false;
        };
        let next = self.steps[house..].iter().find(|step| matches!(step.act, Act::Retire(_) | Act::Start(_)));
        next.is_some_and(|step| matches!(step.act, Act::Retire(_)))
    }

    fn written(&self) -> String {
        let is_first = !self.steps.iter().any(|step| matches!(step.act, Act::Retire(_)));
        match self.differences.len() {
            _ if is_first => "made as the Compose files say; nothing of it ran before".to_owned(),
            0 => "made as the Compose files say, and so are those that run; the image alone is another one"
                .to_owned(),
            1 => "made as the Compose files say; besides the image one key is not as with those that run"
                .to_owned(),
            n => format!(
                "made as the Compose files say; besides the image {n} keys are not as with those that run"
            ),
        }
    }

    /// Each key that is another one than with what runs, with both values, the one that runs first.
    pub fn changes(&self) -> Vec<String> {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let all = self.differences.iter();
        let all = all.map(|one| format!("  {}: {} -> {}", one.key, value(&one.there), value(&one.here)));
        let given = self.secrets.iter();
        all.chain(given.map(|one| format!("  env {} of {}: from {}", one.name, one.service, one.source)))
            .collect()
    }

    /// Without values that it shows and does not need.
    #[must_use]
    pub fn without_values(&self) -> Self {
        let bare = |one: &Difference| Difference { key: one.key.clone(), here: None, there: None };
        Self { differences: self.differences.iter().map(bare).collect(), ..self.clone() }
    }

    /// How it is checked, and with `true` what an operator may not expect.
    pub fn remarks(&self) -> Vec<(String, bool)> {
        let count = |is_it: fn(&Act) -> bool| self.steps.iter().filter(|step| is_it(&step.act)).count();
        let mut remarks = Vec::new();
        let is_like = |act: &Act| matches!(act, Act::Create { errand: None, like: Model::Like(_), .. });
        let is_written = |act: &Act| matches!(act, Act::Create { errand: None, like: Model::Written(_), .. });
        if count(is_like) > 0 {
            let text = "made like those that run; the image alone is another one";
            remarks.push((text.to_owned(), false));
        }
        if count(is_written) > 0 {
            remarks.push((self.written(), false));
        }
        remarks.extend(self.changes().into_iter().take(SHOWN).map(|text| (text, false)));
        if self.steps.iter().any(|step| step.act.is_irreversible()) {
            let text = "its migration cannot be undone: from then on nothing goes back by itself";
            remarks.push((text.to_owned(), true));
        }
        if let Some(release) = self.crosses {
            remarks.push((format!("it crosses the migration of {release}, which cannot be undone"), true));
        }
        if self.has_gap() {
            remarks.push((
                "it is away between its stop and its start: both cannot run at once".to_owned(),
                true,
            ));
        }
        if self.has_handover() {
            remarks.push((
                "the balancer takes over its port: nobody answers there for a second or two, once".to_owned(),
                true,
            ));
        }
        match count(|act| matches!(act, Act::Discard(replica) if replica.id.is_some())) {
            0 => {}
            1 => remarks.push(("a kept container goes: that cannot be undone".to_owned(), true)),
            gone => remarks.push((format!("{gone} kept containers go: that cannot be undone"), true)),
        }
        if count(|act| matches!(act, Act::Gate(_))) > 0 {
            let Self { ready_within_s, settle_s, .. } = self;
            remarks.push((
                format!(
                    "each ready within {ready_within_s} s (unchecked: {settle_s} s up), else all goes back"
                ),
                false,
            ));
        }
        remarks
    }
}
