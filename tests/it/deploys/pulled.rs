//! Deployments of images that only a registry has, which wants to be logged in to.

use super::real::Shop;
use crate::cli::{Done, command, done};
use crate::engine::docker;
use crate::registry::{PASSWORD, Registry};

/// A service that runs, and a registry whose image it shall run.
struct Both {
    shop: Shop,
    registry: Registry,
}

impl Both {
    fn open() -> Option<Self> {
        let shop = Shop::open(1, &[])?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let registry = runtime.block_on(Registry::open());
        Some(Self { shop, registry })
    }

    fn image(&self, tag: &str) -> String {
        format!("{}/{}/web:{tag}", self.registry.address, self.shop.project.name)
    }

    /// Pushes an image that is good; it is removed with the test once it was pulled.
    fn push(&self, tag: &str) -> String {
        let (image, mark) = (self.image(tag), format!("good {tag} {}", self.shop.project.name));
        self.registry.push(&image, &mark);
        image
    }

    /// Whoever runs it is logged in, or nobody is.
    fn run(&self, is_logged_in: bool, args: &[&str]) -> Done {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("pilothouse.toml"), self.shop.config()).unwrap();
        let mut command = command(home.path(), args);
        if is_logged_in {
            command.env("DOCKER_CONFIG", self.registry.docker_config());
        }
        let told = done(command.output().unwrap());
        assert!(!told.out.contains(PASSWORD) && !told.err.contains(PASSWORD), "{}{}", told.out, told.err);
        told
    }

    /// What was pulled goes with the test.
    fn forget(&self) {
        let images = docker(&["images", "-q", "--no-trunc", &format!("{}/*/*", self.registry.address)]);
        images.lines().for_each(|id| self.shop.project.later(&["rmi", "-f", id]));
    }
}

#[test]
fn the_digest_behind_a_tag_is_pulled_and_goes_live() {
    let Some(both) = Both::open() else { return };
    let image = both.push("1");
    let target = both.shop.target();
    let plan = both.run(true, &["deploy", &target, &image, "--plan"]).ended(0);
    let pull = format!("pull {image}@sha256:");
    assert!(plan.out.lines().nth(1).unwrap().trim().starts_with(&pull), "{}", plan.out);
    let live = both.run(true, &["deploy", &target, &image, "--yes"]);
    both.forget();
    let live = live.ended(0);
    assert!(live.out.contains(&pull), "{}", live.out);
    let name = format!("{}-web-v1-1", both.shop.project.name);
    let runs = docker(&["inspect", "-f", "{{.Config.Image}} {{.State.Status}}", &name]);
    assert!(runs.starts_with(&format!("{image}@sha256:")) && runs.ends_with(" running"), "{runs}");
    // What is told of the release is its tag still.
    let told = both.run(true, &["containers", &name, "--json"]).ended(0).json();
    assert_eq!(told[0]["image"].as_str().unwrap(), runs.split(' ').next().unwrap());
    let ledger = both.run(true, &["ledger", "export", "-e", &both.shop.project.name, "--json"]).ended(0);
    assert!(ledger.out.contains(&format!("deploy web {image} as v1")), "{}", ledger.out);
}

#[test]
fn what_a_registry_does_not_give_is_told_and_nothing_is_touched() {
    let Some(mut both) = Both::open() else { return };
    let image = both.push("1");
    let (target, before) = (both.shop.target(), both.shop.rows());
    let address = both.registry.address.clone();
    let refused = |both: &Both, is_logged_in, image: &str, told: &[&str]| {
        let refused = both.run(is_logged_in, &["deploy", &target, image, "--yes"]).ended(1);
        for told in told.iter().chain(&[address.as_str(), "nothing was done"]) {
            assert!(refused.err.contains(told), "{told}: {}", refused.err);
        }
    };
    refused(&both, false, &image, &["nobody is logged in there; try: docker login"]);
    refused(&both, true, &both.image("2"), &["look for the tag, or push it"]);
    both.registry.end();
    refused(&both, true, &image, &["cannot reach", "is it up"]);
    assert_eq!((both.shop.rows(), both.shop.locks()), (before, String::new()));
}
