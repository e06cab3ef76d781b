//! Plans, as an operator reads them.

use super::*;
use crate::domain::ids::ContainerId;

fn standing(host: &str, name: &str, release: u32, is_up: bool) -> Standing {
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
        restart: RestartPolicy { name: "always".to_owned(), most: 0 },
        endpoints: vec![found],
        has_fixed_port: false,
        has_port: true,
        writes_to_volume: false,
    }
}

fn scene(replicas: &[Standing]) -> Scene {
    let image = |n: u32| Known {
        reference: format!("web:{n}"),
        id: ImageId::new(format!("web:{n}")),
        architecture: "amd64".to_owned(),
    };
    let stage = |host: &str| Stage {
        host: HostId::new(host),
        replicas: replicas.iter().filter(|r| r.key.host.as_str() == host).cloned().collect(),
        images: (0..10).map(image).collect(),
        architecture: Some("amd64".to_owned()),
    };
    let (service, base) = (ServiceId::new("web"), "shop-web".to_owned());
    let last = replicas.iter().map(|r| r.release.0).max().unwrap_or(0);
    let hosts = vec![stage("web1"), stage("web2")];
    Scene { service, base, next: Release(last + 1), hosts, manner: Manner::default() }
}

fn told(wish: &Wish, scene: &Scene) -> Vec<String> {
    match plan(wish, scene) {
        Ok(plan) => plan.steps.iter().map(Step::to_string).collect(),
        Err(refusals) => refusals.iter().map(Refusal::to_string).collect(),
    }
}

fn deploy(n: u32) -> Wish {
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
    let cases: [fn(&mut Standing); 3] =
        [|r| r.has_fixed_port = true, |r| r.writes_to_volume = true, |r| r.has_port = false];
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
