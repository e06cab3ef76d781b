//! Deployments behind a balancer on the machine's engine, while the service is asked all the time.

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
