//! How careful one has to be: what a change weighs, and how it is confirmed in an environment.

use super::act::{Change, ContainerAct};
use super::deployment::{Act, Plan, Step};
use super::environment::{Class, Environment};

/// What a change may do to users.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Weight {
    /// Takes nothing from anybody: start, resume.
    Harmless,
    /// Interrupts what runs, and it comes back: restart.
    Interrupts,
    /// Ends or deletes something.
    Ends,
}

/// What a program or a shell in a container weighs: by itself it takes nothing from anybody, but what is done in it may.
/// So only a development environment has it unasked.
pub const INSIDE: Weight = Weight::Harmless;

/// What an operator has to give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grade {
    /// Nothing.
    None,
    /// The key `y`.
    Yes,
    /// The name of the environment, typed.
    Name(String),
}

impl Change {
    /// What it may do to users.
    pub fn weight(&self) -> Weight {
        match self {
            Self::Containers(ContainerAct::Start | ContainerAct::Unpause, _) => Weight::Harmless,
            Self::Containers(ContainerAct::Restart, _) => Weight::Interrupts,
            Self::Containers(
                ContainerAct::Stop | ContainerAct::Pause | ContainerAct::Kill | ContainerAct::Remove,
                _,
            )
            | Self::Discard(..) => Weight::Ends,
        }
    }
}

impl Plan {
    /// What it may do to users: more replicas take nothing from anybody.
    pub fn weight(&self) -> Weight {
        let ends = |step: &Step| matches!(step.act, Act::Retire(_) | Act::Discard(_));
        if self.steps.iter().any(ends) { Weight::Ends } else { Weight::Harmless }
    }
}

/// How a change of that weight is confirmed there. Only a development environment lets anything pass unasked.
pub fn grade(weight: Weight, environment: &Environment) -> Grade {
    match (weight, environment.class) {
        (Weight::Ends, _) if environment.is_protected => Grade::Name(environment.id.to_string()),
        (Weight::Harmless, Class::Development) if !environment.is_protected => Grade::None,
        _ => Grade::Yes,
    }
}

/// As [`grade`], for one who has no write window to open first: in a protected environment the name is always wanted,
/// it unlocks and confirms at once.
pub fn grade_at_once(weight: Weight, environment: &Environment) -> Grade {
    if environment.is_protected {
        return Grade::Name(environment.id.to_string());
    }
    grade(weight, environment)
}

impl Grade {
    /// Its name has to be typed where a migration is crossed that cannot be undone, whatever the environment is.
    #[must_use]
    pub fn over_migration(self, crosses: bool, environment: &Environment) -> Self {
        if crosses { Self::Name(environment.id.to_string()) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::EnvironmentId;

    fn environment(class: Class, is_protected: bool) -> Environment {
        Environment {
            id: EnvironmentId::new("e"),
            class,
            is_protected,
            hosts: Vec::new(),
            projects: Vec::new(),
            after: None,
        }
    }

    #[test]
    fn only_harmless_acts_in_development_pass_unasked() {
        let classes = [Class::Unclassified, Class::Development, Class::Staging, Class::Production];
        for class in classes {
            for weight in [Weight::Harmless, Weight::Interrupts, Weight::Ends] {
                let is_free = class == Class::Development && weight == Weight::Harmless;
                let expected = if is_free { Grade::None } else { Grade::Yes };
                assert_eq!(grade(weight, &environment(class, false)), expected, "{class:?} {weight:?}");
                assert_ne!(grade(weight, &environment(class, true)), Grade::None, "{class:?} {weight:?}");
            }
        }
    }

    #[test]
    fn what_ends_something_in_a_protected_environment_wants_its_name() {
        for class in [Class::Unclassified, Class::Development, Class::Production] {
            assert_eq!(grade(Weight::Ends, &environment(class, true)), Grade::Name("e".into()));
            assert_eq!(grade(Weight::Interrupts, &environment(class, true)), Grade::Yes);
        }
    }

    #[test]
    fn at_once_a_protected_environment_is_always_named_and_all_others_ask_as_ever() {
        for class in [Class::Unclassified, Class::Development, Class::Staging, Class::Production] {
            for weight in [Weight::Harmless, Weight::Interrupts, Weight::Ends] {
                let open = environment(class, false);
                assert_eq!(grade_at_once(weight, &open), grade(weight, &open), "{class:?} {weight:?}");
                let named = Grade::Name("e".into());
                assert_eq!(grade_at_once(weight, &environment(class, true)), named, "{class:?} {weight:?}");
            }
        }
    }
}
