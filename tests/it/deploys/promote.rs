//! From one environment of the machine's engine to the next: what goes on, what is refused, what the ledger keeps.

use super::real::{Shop, image};
use crate::cli::{Done, run_with};

/// Two environments with a service each, the second one protected and after the first.
struct Both {
    staging: Shop,
    production: Shop,
}

impl Both {
    fn open() -> Option<Self> {
        let staging = Shop::open(1, &["-e", "TOKEN=hunter2", "-e", "MODE=fast", "-e", "TRACE=1"])?;
        let production = Shop::open(1, &["-e", "TOKEN=sesame", "-e", "MODE=fast", "-e", "REGION=eu"])?;
        Some(Self { staging, production })
    }

    fn run(&self, args: &[&str]) -> Done {
        let after = format!("after = \"{}\"\nprotected = true\n", self.staging.name());
        let done = run_with(&format!("{}{}{after}", self.staging.config(), self.production.config()), args);
        for secret in ["hunter2", "sesame"] {
            assert!(!done.out.contains(secret) && !done.err.contains(secret), "{}{}", done.out, done.err);
        }
        done
    }

    /// With the name of the protected environment confirmed.
    fn confirmed(&self, args: &[&str]) -> Done {
        let name = self.production.name();
        self.run(&[args, &["--confirm", &name]].concat())
    }

    /// What the ledger of production keeps of the last one.
    fn why(&self) -> String {
        let rows = self.run(&["ledger", "export", "-e", &self.production.name(), "--json"]).ended(0).json();
        rows.last().unwrap()["why"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn what_is_live_in_one_environment_goes_live_in_the_next() {
    let Some(both) = Both::open() else { return };
    let (from, to) = (both.staging.name(), both.production.name());
    both.run(&["deploy", &both.staging.target(), &image("good-2"), "--yes"]).ended(0);
    let plan = both.run(&["promote", &both.staging.target(), "--plan", "--json"]).ended(0).json();
    let told = |event: &str| -> Vec<String> {
        let rows = plan.iter().filter(|row| row["event"] == event);
        rows.map(|row| format!("{} {}", row["step"].as_str().unwrap_or("-"), row["text"].as_str().unwrap()))
            .collect()
    };
    let (only_there, only_here) = (format!("TRACE only in {from}"), format!("REGION only in {to}"));
    assert_eq!(told("compared"), ["TOKEN different", &only_there, &only_here, "MODE equal"]);
    assert!(told("plan")[0].contains(&format!("deploy web {} as v1", image("good-2"))), "{:?}", told("plan"));
    let nobody = both.run(&["promote", &both.staging.target(), "--yes"]).ended(2);
    assert!(nobody.err.contains(&format!("add --confirm {to}")), "{}", nobody.err);
    both.confirmed(&["promote", &both.staging.target(), "--note", "tried"]).ended(0);
    let live = ["web-1 good-1 exited no found", "web-v1-1 good-2 running always found"];
    assert_eq!(
        (both.production.rows(), both.staging.rows()),
        (live.map(str::to_owned).to_vec(), live.map(str::to_owned).to_vec())
    );
    assert_eq!(both.why(), format!("promoted from {from} v1; tried"));
}

#[test]
fn what_never_ran_in_the_environment_before_is_refused_without_a_reason() {
    let Some(both) = Both::open() else { return };
    let (from, target) = (both.staging.name(), both.production.target());
    let before = both.production.rows();
    let refused = both.confirmed(&["deploy", &target, &image("good-2")]).ended(1);
    let told =
        format!("{from} never ran {}; deploy it there first, or say why not: --override", image("good-2"));
    assert!(refused.err.contains(&told), "{}", refused.err);
    assert_eq!(both.production.rows(), before);
    both.confirmed(&["deploy", &target, &image("good-2"), "--override", "hot fix"]).ended(0);
    assert_eq!(both.why(), format!("{from} never ran it: hot fix"));
}

#[test]
fn what_ran_before_in_the_environment_before_may_follow_and_what_went_back_there_may_not() {
    let Some(both) = Both::open() else { return };
    for good in ["good-2", "good-3"] {
        both.run(&["deploy", &both.staging.target(), &image(good), "--yes"]).ended(0);
    }
    both.run(&["deploy", &both.staging.target(), &image("bad"), "--yes", "--ready-within", "2s"]).ended(4);
    let target = both.production.target();
    both.confirmed(&["deploy", &target, &image("good-2")]).ended(0);
    let refused = both.confirmed(&["deploy", &target, &image("bad")]).ended(1);
    assert!(refused.err.contains("never ran"), "{}", refused.err);
}

#[test]
fn where_it_goes_is_told_by_the_configuration_or_by_name_and_never_guessed() {
    let Some(both) = Both::open() else { return };
    let (from, to) = (both.staging.name(), both.production.name());
    let nothing = both.run(&["promote", &both.production.target(), "--plan"]).ended(2);
    assert!(nothing.err.contains(&format!("no environment comes after {to}")), "{}", nothing.err);
    let same = both.run(&["promote", &both.staging.target(), &from, "--plan"]).ended(2);
    assert!(same.err.contains("cannot follow itself"), "{}", same.err);
    // Another one than what is live there already.
    both.confirmed(&["deploy", &both.production.target(), &image("good-2"), "--override", "a test"]).ended(0);
    let back = both.run(&["promote", &both.production.target(), &from, "--plan"]).ended(0);
    assert!(back.out.contains(&format!("variables in {to} and {from}: 1 equal, 3 not")), "{}", back.out);
}
