//! Deployments behind a balancer on the machine's engine, while the service is asked all the time.

use std::time::{Duration, Instant};

use crate::balancer::image as balancer_image;
use crate::cli::{Done, run_with};
use crate::engine::docker;
use crate::load::service::{Make, Service, image};
use crate::load::{Answers, Kind};

const PLAIN: &str = "    driver: bridge\n";

/// A service with a balancer to come; what deployments made goes with it.
struct Fronted {
    service: Service,
    config: String,
}

impl Fronted {
    fn open(replicas: usize, more: &str) -> Option<Self> {
        let service = Service::open(replicas, PLAIN)?;
        let config = format!(
            "{}\n[services.web.traffic]\nport = 8080\ncheck = \"/health\"\nimage = \"{}\"\nwarm = \"0s\"\n{more}\n",
            service.config(),
            balancer_image::haproxy()
        );
        Some(Self { service, config })
    }

    fn front(&self) -> String {
        self.service.container("web-front")
    }

    fn run(&self, args: &[&str]) -> Done {
        let args: Vec<_> = args.iter().copied().chain(["--yes"]).collect();
        run_with(&self.config, &args)
    }

    fn deploy(&self, image: &str) -> Done {
        self.run(&["deploy", &self.service.target(), image, "--ready-within", "20s"])
    }

    /// What is asked before, while and after that.
    fn under_load(&self, change: impl FnOnce()) -> Answers {
        let load = self.service.load();
        load.after(20);
        change();
        load.after(50);
        load.end()
    }

    /// Asks until the deployment is where this can be asked of it.
    fn once_it_holds(&self, args: &[&str]) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let done = self.run(args);
            if done.status == 0 {
                return;
            }
            assert!(Instant::now() < end, "{args:?}: {}{}", done.out, done.err);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until green has that share.
    fn until_green_has(&self, share: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.green() != format!("green {share}") {
            assert!(Instant::now() < end, "{} instead of {share}", self.green());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the balancer's own map says of green.
    fn green(&self) -> String {
        let map = docker(&["exec", &self.front(), "sh", "-c", "cat /cfg/split.map"]);
        map.lines().next().unwrap_or_default().to_owned()
    }
}

impl Drop for Fronted {
    fn drop(&mut self) {
        // It is on the network of the service, which goes with that.
        let front = self.front();
        for args in [vec!["rm", "-f", &front], vec!["network", "rm", &front]] {
            let _ = std::process::Command::new("docker").args(args).output();
        }
    }
}

/// A command in another process, while this one goes on.
fn beside(config: &str, args: &[&str]) -> std::thread::JoinHandle<Done> {
    let (config, args) = (config.to_owned(), args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
    std::thread::spawn(move || run_with(&config, &args.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn nothing_failed(what: &str, answers: &Answers) {
    for kind in [Kind::First, Kind::Next, Kind::Kept] {
        assert_eq!(answers.failed(kind), 0, "{what} {kind:?}: {}", answers.reasons(kind));
    }
}

#[test]
fn behind_a_balancer_no_request_fails_there_and_back() {
    let Some(shop) = Fronted::open(2, "") else { return };
    shop.deploy(&image("2", Make::Good)).ended(0);
    assert_eq!(shop.green(), "green 0");
    let there = shop.under_load(|| drop(shop.deploy(&image("3", Make::Good)).ended(0)));
    nothing_failed("deploy", &there);
    assert_eq!(there.versions().into_iter().collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(shop.green(), "green 10000");
    let back = shop.under_load(|| drop(shop.run(&["rollback", &shop.service.target()]).ended(0)));
    nothing_failed("rollback", &back);
    assert_eq!(shop.green(), "green 0");
    let scaled = shop.under_load(|| drop(shop.run(&["scale", &shop.service.target(), "3"]).ended(0)));
    nothing_failed("scale up", &scaled);
    let scaled = shop.under_load(|| drop(shop.run(&["scale", &shop.service.target(), "1"]).ended(0)));
    nothing_failed("scale down", &scaled);
}

#[test]
fn a_new_release_waits_for_the_flip_and_is_taken_back_by_another() {
    let Some(shop) = Fronted::open(1, "flip = \"by-hand\"") else { return };
    shop.deploy(&image("2", Make::Good)).ended(0);
    let (target, three) = (shop.service.target(), image("3", Make::Good));
    let config = shop.config.replace("warm = \"0s\"", "warm = \"2m\"");
    let answers = shop.under_load(|| {
        let deployment = beside(&config, &["deploy", &target, &three, "--ready-within", "20s", "--yes"]);
        shop.once_it_holds(&["weight", "green=25", &target]);
        shop.until_green_has("2500");
        shop.once_it_holds(&["flip", &target, "--no-wait"]);
        shop.until_green_has("10000");
        shop.once_it_holds(&["flip", &target, "--no-wait"]);
        shop.until_green_has("0");
        deployment.join().unwrap().ended(4);
    });
    nothing_failed("flipped there and back", &answers);
    assert_eq!(answers.versions().into_iter().collect::<Vec<_>>(), ["2", "3"]);
    let refused = shop.run(&["flip", &target]);
    assert!(refused.err.contains("nobody deploys web"), "{}", refused.err);
}

#[test]
fn a_canary_that_serves_as_well_gets_everything_step_by_step() {
    let more = "steps = [\"25%\", \"50%\"]\nhold = \"4s\"\n[services.web.guards]\nmin_requests = 50";
    let Some(shop) = Fronted::open(1, more) else { return };
    shop.deploy(&image("2", Make::Good)).ended(0);
    let three = image("3", Make::Good);
    let answers = shop.under_load(|| {
        let done = shop.deploy(&three);
        for step in ["green 25%", "green 50%", "green 100%"] {
            assert!(done.out.contains(step), "{step}: {}", done.out);
        }
        done.ended(0);
    });
    nothing_failed("canary", &answers);
    assert_eq!(shop.green(), "green 10000");
}

#[test]
fn a_canary_that_dies_under_traffic_goes_back_by_itself() {
    let more = "steps = [\"25%\"]\nhold = \"60s\"\n[services.web.guards]\nmin_requests = 50";
    let Some(shop) = Fronted::open(1, more) else { return };
    shop.deploy(&image("2", Make::Good)).ended(0);
    let deployment = beside(
        &shop.config,
        &["deploy", &shop.service.target(), &image("3", Make::Good), "--ready-within", "20s", "--yes"],
    );
    shop.until_green_has("2500");
    // Its process stops; the engine still says that it runs.
    docker(&["pause", &shop.service.container("web-v2-1")]);
    shop.until_green_has("0");
    docker(&["unpause", &shop.service.container("web-v2-1")]);
    let done = deployment.join().unwrap();
    assert!(format!("{}{}", done.out, done.err).contains("left readiness"), "{}{}", done.out, done.err);
    done.ended(4);
}
