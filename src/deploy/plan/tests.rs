//! Plans, as an operator reads them.

use std::collections::BTreeSet;

use super::errands::Errands;
use super::images::{Registry, is_told_by_hosts};
use super::routing::Ports;
use super::*;
use crate::deploy::rules::Broken;
use crate::domain::container::Port;
use crate::domain::deployment::Written;
use crate::domain::deployment::errand::Migration;
use crate::domain::ids::{ContainerId, ContainerKey, HostId, ImageId, ServiceId};
use crate::domain::registry::Resolved;
use crate::domain::seal::Seal;
use crate::domain::spec::{Difference, Endpoint, RestartPolicy};

pub(super) fn standing(host: &str, name: &str, release: u32, is_up: bool) -> Standing {
    let image = if release == 0 { "web:0".to_owned() } else { format!("web:{release}") };
    let found =
        Endpoint { network: "shop".to_owned(), aliases: vec!["web".to_owned()], ..Endpoint::default() };
    Standing {
        key: ContainerKey { host: HostId::new(host), id: ContainerId::new(name) },
        name: name.to_owned(),
        release: Release(release),
        is_up,
        image_id: ImageId::new(image.clone()),
        image,
        traits: Traits {
            published: Vec::new(),
            restart: RestartPolicy { name: "always".to_owned(), most: 0 },
            endpoints: vec![found],
            has_fixed_port: false,
            ports: Ports::default(),
            routed_by: None,
            has_port: true,
            has_check: false,
            writes_to_volume: false,
            broken: Vec::new(),
        },
    }
}

pub(super) fn scene(replicas: &[Standing]) -> Scene {
    let image = |n: u32| Known {
        reference: format!("web:{n}"),
        id: ImageId::new(format!("web:{n}")),
        architecture: "amd64".to_owned(),
        is_from_registry: false,
    };
    let stage = |host: &str| Stage {
        host: HostId::new(host),
        replicas: replicas.iter().filter(|r| r.key.host.as_str() == host).cloned().collect(),
        images: (0..10).map(image).collect(),
        architecture: Some("amd64".to_owned()),
        taken: Vec::new(),
    };
    let (service, base) = (ServiceId::new("web"), "shop-web".to_owned());
    let last = replicas.iter().map(|r| r.release.0).max().unwrap_or(0);
    let hosts = vec![stage("web1"), stage("web2")];
    Scene {
        service,
        base,
        next: Release(last + 1),
        hosts,
        registry: Registry::NotAsked,
        terms: Terms::default(),
        meant: None,
        irreversible: BTreeSet::new(),
        manner: Manner::default(),
        front: None,
    }
}

fn told(wish: &Wish, scene: &Scene) -> Vec<String> {
    match plan(wish, scene) {
        Ok(plan) => plan.steps.iter().map(Step::to_string).collect(),
        Err(refusals) => refusals.iter().map(Refusal::to_string).collect(),
    }
}

pub(super) fn deploy(n: u32) -> Wish {
    Wish::Deploy { image: format!("web:{n}") }
}

#[test]
fn one_replica_after_the_other_and_the_new_one_is_ready_first() {
    let all = [standing("web1", "shop-web-1", 0, true), standing("web2", "shop-web-2", 0, true)];
    let steps = told(&deploy(1), &scene(&all));
    let expected = [
        "create shop-web-v1-1 from web:1 on web1",
        "start shop-web-v1-1 on web1",
        "wait until shop-web-v1-1 is ready on web1",
        "let shop-web-v1-1 be found by the service's name on web1",
        "wait until shop-web-v1-1 is ready on web1",
        "stop shop-web-1 and keep it on web1",
    ];
    assert_eq!(steps[..6], expected);
    assert_eq!(steps[6], "create shop-web-v1-2 from web:1 on web2");
}

#[test]
fn what_cannot_run_twice_stops_first() {
    let cases: [fn(&mut Standing); 3] = [
        |r| r.traits.has_fixed_port = true,
        |r| r.traits.writes_to_volume = true,
        |r| r.traits.has_port = false,
    ];
    for change in cases {
        let mut one = standing("web1", "shop-web-1", 0, true);
        change(&mut one);
        let expected = [
            "create shop-web-v1-1 from web:1 on web1",
            "stop shop-web-1 and keep it on web1",
            "start shop-web-v1-1 on web1",
            "wait until shop-web-v1-1 is ready on web1",
        ];
        assert_eq!(told(&deploy(1), &scene(&[one])), expected);
    }
}

#[test]
fn the_fourth_release_back_is_removed_and_what_nobody_deployed_stays() {
    let mut all = vec![standing("web1", "shop-web-v5-1", 5, true), standing("web1", "shop-web-1", 0, false)];
    all.extend((1..=4).map(|n| standing("web1", &format!("shop-web-v{n}-1"), n, false)));
    let steps = told(&deploy(6), &scene(&all));
    assert_eq!(steps[6..], ["remove shop-web-v1-1 on web1", "remove shop-web-v2-1 on web1"]);
}

#[test]
fn a_rollback_starts_what_was_kept_and_makes_what_is_missing() {
    let all = [
        standing("web1", "shop-web-v2-1", 2, true),
        standing("web2", "shop-web-v2-2", 2, true),
        standing("web1", "shop-web-v1-1", 1, false),
    ];
    let steps = told(&Wish::Rollback(None), &scene(&all));
    assert_eq!(steps[0], "start shop-web-v1-1 again on web1");
    assert_eq!(steps[5], "create shop-web-v1-2 from web:1 on web2");
    let named = told(&Wish::Rollback(Some(Release(7))), &scene(&all));
    assert_eq!(named, ["no container of web v7 is kept; kept are v1"]);
    let live = told(&Wish::Rollback(Some(Release(2))), &scene(&all));
    assert_eq!(live, ["web v2 is live already"]);
}

#[test]
fn replicas_are_shared_evenly_and_the_last_one_goes_first() {
    let all = [
        standing("web1", "shop-web-v1-1", 1, true),
        standing("web1", "shop-web-v1-2", 1, true),
        standing("web2", "shop-web-v1-3", 1, true),
    ];
    let up = told(&Wish::Scale(5), &scene(&all));
    let created: Vec<_> = up.iter().filter(|step| step.starts_with("create")).collect();
    let expected = ["create shop-web-v1-4 from web:1 on web2", "create shop-web-v1-5 from web:1 on web2"];
    assert_eq!(created[0], expected[0]);
    assert!(created.len() == 2 && created[1].starts_with("create shop-web-v1-5"), "{created:?}");
    let down = told(&Wish::Scale(2), &scene(&all));
    assert_eq!(down, ["stop shop-web-v1-2 and keep it on web1", "remove shop-web-v1-2 on web1"]);
    assert_eq!(told(&Wish::Scale(3), &scene(&all)), ["web has 3 replicas already"]);
    assert_eq!(told(&Wish::Scale(0), &scene(&all)), ["web would not run at all; stop it instead"]);
}

#[test]
fn all_reasons_are_told_at_once() {
    let mut scene =
        scene(&[standing("web1", "shop-web-1", 0, true), standing("web2", "shop-web-2", 0, true)]);
    scene.hosts[0].images.clear();
    scene.hosts[1].architecture = Some("arm64".to_owned());
    let expected =
        ["web1 has no image web:1; pull or build it there first", "web:1 is for amd64, and web2 runs arm64"];
    assert_eq!(told(&deploy(1), &scene), expected);
    let nothing = told(&deploy(1), &super::tests::scene(&[standing("web1", "shop-web-1", 0, false)]));
    assert!(nothing[0].starts_with("nothing of web runs"), "{nothing:?}");
}

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn in_registry(platforms: &[&str]) -> Scene {
    let all = [standing("web1", "shop-web-1", 0, true), standing("web2", "shop-web-2", 0, true)];
    let platforms = platforms.iter().map(|platform| (*platform).to_owned()).collect();
    let registry = Registry::Has(Resolved { digest: DIGEST.to_owned(), platforms });
    Scene { registry, ..scene(&all) }
}

fn from_registry() -> Wish {
    Wish::Deploy { image: "r.io/web:9".to_owned() }
}

#[test]
fn hosts_pull_the_digest_they_lack_before_any_replica_is_touched() {
    let mut scene = in_registry(&["linux/amd64", "linux/arm64/v8"]);
    let plan = plan(&from_registry(), &scene).unwrap();
    assert_eq!((plan.image.as_str(), plan.digest.as_deref()), ("r.io/web:9", Some(DIGEST)));
    let steps = told(&from_registry(), &scene);
    let named = "r.io/web:9@sha256:0123456789ab";
    assert_eq!(steps[..2], [format!("pull {named} on web1"), format!("pull {named} on web2")]);
    assert_eq!(steps[2], format!("create shop-web-v1-1 from {named} on web1"));
    let known = Known { reference: format!("r.io/web:9@{DIGEST}"), ..scene.hosts[0].images[9].clone() };
    scene.hosts[0].images.push(known);
    let steps = told(&from_registry(), &scene);
    assert_eq!(steps[0], format!("pull {named} on web2"));
    assert!(!steps[1..].iter().any(|step| step.starts_with("pull")), "{steps:?}");
}

#[test]
fn an_image_that_is_not_built_for_a_host_is_refused_before_it_is_pulled() {
    let mut scene = in_registry(&["linux/amd64", "linux/arm/v7"]);
    scene.hosts[1].architecture = Some("arm64".to_owned());
    let refused = told(&from_registry(), &scene);
    assert_eq!(refused, [format!("r.io/web:9@{DIGEST} is for amd64, arm, and web2 runs arm64")]);
}

#[test]
fn what_a_registry_refuses_is_told_unless_all_hosts_have_the_image_of_a_bare_name() {
    let failed = |scene: Scene| Scene { registry: Registry::Failed("r.io: denied".to_owned()), ..scene };
    let mut scene = failed(in_registry(&[]));
    assert_eq!(told(&from_registry(), &scene)[0], "r.io: denied");
    for stage in &mut scene.hosts {
        let known = Known { reference: "r.io/web:9".to_owned(), ..stage.images[9].clone() };
        stage.images.push(known);
    }
    let refused = told(&from_registry(), &scene);
    assert_eq!(refused, ["r.io: denied; --local takes the image that the hosts have"]);
    assert!(told(&deploy(9), &scene)[0].starts_with("create"));
}

#[test]
fn hosts_with_different_images_of_a_name_are_refused_each_with_its_own() {
    let mut scene = in_registry(&[]);
    scene.registry = Registry::NotAsked;
    scene.hosts[1].images[9].id = ImageId::new("other");
    let refused = told(&deploy(9), &scene);
    let expected = "web:9 is not the same image everywhere: web1 has web:9, web2 has other; give them one, or \
                    name it by its id";
    assert_eq!(refused, [expected]);
}

#[test]
fn no_registry_is_asked_for_what_the_hosts_alone_can_have() {
    let mut scene = in_registry(&[]);
    let told = |scene: &Scene, image: &str, is_local| is_told_by_hosts(image, scene.hosts.iter(), is_local);
    assert!(told(&scene, "web:9", false) && told(&scene, "sha256:ab", false) && told(&scene, "r.io/x", true));
    assert!(!told(&scene, "r.io/web:9", false) && !told(&scene, "web:nowhere", false));
    scene.hosts[1].images[9].is_from_registry = true;
    assert!(!told(&scene, "web:9", false), "its tag may have moved on");
}

fn with_errands(errands: Errands) -> Scene {
    let mut scene =
        scene(&[standing("web1", "shop-web-1", 1, true), standing("web2", "shop-web-2", 1, true)]);
    scene.terms.errands = errands;
    scene
}

pub(super) fn errands() -> Errands {
    let command = |word: &str| vec![word.to_owned()];
    Errands {
        pre_deploy: command("check"),
        migrate: command("migrate"),
        migration: Migration::Irreversible,
        post_deploy: command("tell"),
        post_rollback: command("moan"),
        within_s: 60,
    }
}

#[test]
fn what_is_run_once_comes_before_the_first_replica_and_after_the_last() {
    let told = told(&deploy(2), &with_errands(errands()));
    let place =
        |text: &str| told.iter().position(|step| step.contains(text)).unwrap_or_else(|| panic!("{told:#?}"));
    let order =
        ["run pre-deploy (check)", "run migrate (migrate)", "create shop-web-v2-1", "run post-deploy (tell)"];
    let places = order.map(place);
    assert!(places.is_sorted(), "{told:#?}");
    assert!(told.iter().all(|step| !step.contains("moan")), "{told:#?}");
    let once = told.iter().filter(|step| step.contains("run migrate")).count();
    assert_eq!(once, 1, "{told:#?}");
}

#[test]
fn a_release_without_a_migration_runs_none() {
    let mut scene = with_errands(errands());
    scene.manner.migration = Some(Migration::None);
    assert!(told(&deploy(2), &scene).iter().all(|step| !step.contains("migrate")));
}

#[test]
fn a_rollback_runs_its_own_errand_and_says_what_it_crosses() {
    let mut scene = with_errands(errands());
    scene.hosts[0].replicas =
        vec![standing("web1", "shop-web-v3-1", 3, true), standing("web1", "shop-web-v1-1", 1, false)];
    scene.hosts[1].replicas.clear();
    scene.irreversible = [Release(2)].into();
    let plan = plan(&Wish::Rollback(Some(Release(1))), &scene).unwrap();
    assert_eq!(plan.crosses, Some(Release(2)));
    let runs: Vec<_> =
        plan.steps.iter().filter(|step| step.act.errand().is_some()).map(Step::to_string).collect();
    assert!(runs.iter().any(|step| step.contains("moan")) && runs.len() == 2, "{runs:#?}");
    scene.irreversible = [Release(1), Release(4)].into();
    assert_eq!(super::plan(&Wish::Rollback(Some(Release(1))), &scene).unwrap().crosses, None);
}

#[test]
fn every_broken_rule_is_told_once_with_all_other_reasons() {
    let mut scene = with_errands(Errands::default());
    let broken = Broken { key: "PORT".to_owned(), rule: "is required, and is not set".to_owned() };
    for host in &mut scene.hosts {
        host.replicas[0].traits.broken = vec![broken.clone()];
        host.images.clear();
    }
    let told = told(&deploy(2), &scene);
    assert_eq!(
        told.iter().filter(|why| *why == "variable PORT is required, and is not set").count(),
        1,
        "{told:#?}"
    );
    assert_eq!(told.iter().filter(|why| why.contains("has no image")).count(), 2, "{told:#?}");
    // Going back is never kept from anybody by a rule.
    scene.hosts[0].replicas.push(standing("web1", "shop-web-v0-9", 0, false));
    assert!(!self::told(&Wish::Scale(3), &scene)[0].contains("variable"));
}

#[test]
fn what_is_live_everywhere_is_not_deployed_again_but_made_anew_without_an_image() {
    let all = [standing("web1", "shop-web-v2-1", 2, true), standing("web2", "shop-web-v2-2", 2, true)];
    let again = "web:2 is live already, as web v2; `deploy` without an image makes its containers anew";
    assert_eq!(told(&deploy(2), &scene(&all)), [again]);
    let anew = told(&Wish::Restart, &scene(&all));
    assert_eq!(anew[0], "create shop-web-v3-1 from web:2 on web1");
    assert_eq!(anew[6], "create shop-web-v3-2 from web:2 on web2");
    // Where one host lags behind it is brought there.
    let half = [standing("web1", "shop-web-v2-1", 2, true), standing("web2", "shop-web-v1-1", 1, true)];
    assert_eq!(told(&deploy(2), &scene(&half))[0], "create shop-web-v3-1 from web:2 on web1");
    // Each keeps its own.
    assert_eq!(told(&Wish::Restart, &scene(&half))[6], "create shop-web-v3-2 from web:1 on web2");
}

#[test]
fn traffic_before_it_is_ready_is_refused_unless_it_is_meant() {
    let mut live = standing("web1", "shop-web-v2-1", 2, true);
    live.traits.routed_by = Some("nginx-proxy (variable VIRTUAL_HOST)".to_owned());
    let mut scene = scene(&[live, standing("web1", "shop-web-v1-1", 1, false)]);
    for wish in [deploy(3), Wish::Restart, Wish::Rollback(None), Wish::Scale(2)] {
        let refused = told(&wish, &scene);
        assert_eq!(refused.len(), 1, "{wish:?}: {refused:?}");
        assert!(refused[0].contains("VIRTUAL_HOST") && refused[0].contains("early_traffic = true"));
    }
    scene.terms.may_be_early = true;
    for wish in [deploy(3), Wish::Restart, Wish::Rollback(None), Wish::Scale(2)] {
        assert!(plan(&wish, &scene).is_ok(), "{wish:?}");
    }
}

#[test]
fn a_port_that_another_has_meanwhile_is_told_before_anything_is_touched() {
    let web = |name, release, is_up| {
        let mut one = standing("web1", name, release, is_up);
        one.traits.has_fixed_port = true;
        one
    };
    let port = |n| {
        let (inside, protocol) = (80, "tcp".into());
        Ports::held(&[Port { inside, protocol, published: Some(("0.0.0.0".into(), n)) }])
    };
    let (mut live, mut kept) = (web("shop-web-v2-1", 2, true), web("shop-web-v1-1", 1, false));
    (live.traits.ports, kept.traits.ports) = (port(8080), port(9090));
    let mut scene = scene(&[live, kept]);
    scene.hosts[0].taken = vec![("other".to_owned(), port(9090))];
    let told = told(&Wish::Rollback(None), &scene);
    assert_eq!(told, ["port 9090 of web1 is taken by other, which is running; stop that first"]);
    assert!(plan(&deploy(3), &scene).is_ok(), "its own port is its own");
}

/// What files say of it, where it shall run so often on each host.
fn meant(replicas: usize) -> Meant {
    let written = Written {
        project: "shop".to_owned(),
        service: ServiceId::new("web"),
        seal: Seal { open: "abc".to_owned(), whole: None },
        over: None,
    };
    let differences = vec![Difference {
        key: "env LOG".to_owned(),
        here: Some("debug".to_owned()),
        there: Some("info".to_owned()),
    }];
    Meant { written, replicas, is_job: false, traits: standing("web1", "any", 0, true).traits, differences }
}

#[test]
fn what_files_say_is_what_new_replicas_are_made_from_and_what_it_changes_is_told() {
    let old = standing("web1", "shop-web-1", 0, true);
    let scene = Scene { meant: Some(meant(3)), ..scene(std::slice::from_ref(&old)) };
    let plan = plan(&deploy(1), &scene).unwrap();
    let Act::Create { like: Model::Written(written), .. } = &plan.steps[0].act else {
        panic!("{:?}", plan.steps[0])
    };
    assert_eq!((written.over.as_ref(), plan.replicas), (Some(&old.key), 1));
    assert_eq!(plan.changes(), ["  env LOG: info -> debug"]);
    let kept = plan.without_values();
    assert!(kept.differences[0].here.is_none() && kept.differences[0].there.is_none(), "{kept:?}");
}

#[test]
fn what_does_not_run_yet_comes_up_on_each_host_as_files_say() {
    let told = told(&deploy(1), &Scene { meant: Some(meant(1)), ..scene(&[]) });
    let expected = [
        "create shop-web-v1-1 from web:1 on web1",
        "start shop-web-v1-1 on web1",
        "wait until shop-web-v1-1 is ready on web1",
        "let shop-web-v1-1 be found by the service's name on web1",
        "wait until shop-web-v1-1 is ready on web1",
    ];
    assert_eq!(told[..5], expected);
    assert_eq!((told[5].as_str(), told.len()), ("create shop-web-v1-2 from web:1 on web2", 10));
}

#[test]
fn the_configuration_says_how_many_on_all_hosts_together() {
    let mut scene = Scene { meant: Some(meant(1)), ..scene(&[]) };
    scene.terms.replicas = Some(3);
    let hosts: Vec<_> =
        told(&deploy(1), &scene).into_iter().filter(|step| step.starts_with("create")).collect();
    assert!(hosts[..2].iter().all(|step| step.ends_with("web1")) && hosts.len() == 3, "{hosts:?}");
}

#[test]
fn two_that_publish_one_port_are_not_put_on_one_host() {
    let mut meant = meant(2);
    meant.traits.has_fixed_port = true;
    let told = told(&deploy(1), &Scene { meant: Some(meant), ..scene(&[]) });
    assert!(told[0].contains("one host has room for one replica"), "{told:?}");
}

#[test]
fn without_files_nothing_can_be_deployed_that_does_not_run() {
    assert!(told(&deploy(1), &scene(&[]))[0].contains("name the Compose files"));
}
