//! Plans of sets, as an operator reads them.

use super::*;
use crate::deploy::plan::plan;
use crate::deploy::plan::tests::{deploy, errands, scene, standing};
use crate::domain::deployment::Release;

fn ids(names: &str) -> Vec<ServiceId> {
    ServiceId::new(names).each()
}

fn needs(all: &[(&str, &str)]) -> Needs {
    let mut needs = Needs::new();
    for (service, on) in all {
        needs.entry(ServiceId::new(*service)).or_default().insert(ServiceId::new(*on));
    }
    needs
}

fn of(service: &str, release: u32) -> Plan {
    let base = format!("shop-{service}");
    let mut scene = scene(&[standing("web1", &format!("{base}-1"), release, true)]);
    scene.service = ServiceId::new(service);
    scene.base = base;
    scene.terms.errands = errands();
    plan(&deploy(9), &scene).unwrap()
}

#[test]
fn each_comes_after_what_it_needs_and_a_circle_is_refused() {
    let order = |all: &[(&str, &str)]| ordered(&ids("web+worker+db"), &needs(all));
    assert_eq!(ServiceId::set(&order(&[]).unwrap()).as_str(), "web+worker+db");
    let told = order(&[("web", "worker"), ("worker", "db"), ("db", "elsewhere")]).unwrap();
    assert_eq!(ServiceId::set(&told).as_str(), "db+worker+web");
    let refused = order(&[("web", "worker"), ("worker", "web")]).unwrap_err().to_string();
    assert!(refused.contains("web, worker need each other"), "{refused}");
}

#[test]
fn what_is_run_once_is_run_once_for_all_before_the_first_and_after_the_last() {
    let whole = joined(vec![of("web", 1), of("worker", 3)]).unwrap();
    let steps: Vec<_> = whole.steps.iter().map(|step| step.act.to_string()).collect();
    let places = |text: &str| -> Vec<usize> {
        steps.iter().enumerate().filter(|(_, step)| step.starts_with(text)).map(|(n, _)| n).collect()
    };
    let (migrate, told) = (places("run migrate"), places("run post-deploy"));
    let (web, worker) = (places("create shop-web-v2-1"), places("create shop-worker-v4-1"));
    assert_eq!((migrate.len(), told.len()), (1, 1), "{steps:#?}");
    assert!(migrate[0] < web[0] && web[0] < worker[0] && worker[0] < told[0], "{steps:#?}");
}

#[test]
fn a_set_is_told_as_one_and_of_each_of_its_services() {
    let whole = joined(vec![of("web", 1), of("worker", 3)]).unwrap();
    assert_eq!(whole.title(), "deploy web+worker web:9 as v4");
    let worker = whole.of(&ServiceId::new("worker")).unwrap();
    assert_eq!((worker.release, worker.before), (Release(4), Release(3)));
    assert_eq!(whole.of(&ServiceId::new("web")).unwrap().release, Release(2));
    assert!(whole.of(&ServiceId::new("db")).is_none());
}
