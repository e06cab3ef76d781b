//! What the configuration says of services, as the world takes it: per environment, with its differences laid over.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::schema::{self, Config};
use super::units::{Factor, Period};
use crate::deploy::guard::Guards;
use crate::deploy::plan::errands::Errands;
use crate::deploy::plan::traffic::Traffic;
use crate::deploy::rules::Rules;
use crate::domain::deployment::Source;
use crate::domain::deployment::errand::Migration;
use crate::domain::environment::Class;
use crate::domain::ids::EnvironmentId;
use crate::domain::probe::{Ask, Headers, ProbeSpec, ServiceSpec, ServiceSpecs, Via};
use crate::domain::traffic::Stick;

/// For each of these environments, every service that the configuration names.
pub fn services<'a>(
    config: &Config,
    environments: impl Iterator<Item = &'a EnvironmentId>,
) -> BTreeMap<EnvironmentId, ServiceSpecs> {
    let all = environments.map(|environment| (environment.clone(), of(config, environment.as_str())));
    all.filter(|(_, services)| !services.is_empty()).collect()
}

fn of(config: &Config, environment: &str) -> ServiceSpecs {
    let own = config.environments.get(environment);
    let names = config.services.keys().chain(own.into_iter().flat_map(|e| e.services.keys()));
    names.map(|name| (name.clone(), spec(&config.service(environment, name)))).collect()
}

fn spec(service: &schema::Service) -> ServiceSpec {
    let probe = |probe: &schema::Probe| Arc::new(probe_spec(probe, service.via));
    ServiceSpec {
        live: service.live.as_ref().map(probe),
        ready: service.ready.as_ref().map(probe),
        restart_limit: service.restart_limit,
        runbook: service.runbook.clone(),
    }
}

/// What holds for the variables of a service in an environment of that class, but for those that a file names.
pub fn rules(of: &schema::Variables, class: Class) -> Rules {
    // A form that does not compile was refused with its file.
    let form = |(key, form): (&String, &String)| Some((key.clone(), Regex::new(form).ok()?));
    Rules {
        class,
        required: of.required.iter().cloned().collect(),
        forms: of.forms.iter().filter_map(form).collect(),
        ranges: of.between.iter().map(|(key, span)| (key.clone(), span.get())).collect(),
        allowed: of.allow.iter().cloned().collect(),
        faults: Vec::new(),
    }
}

/// What is run once with every deployment of a service.
pub fn errands(of: &schema::Deploy) -> Errands {
    Errands {
        pre_deploy: of.pre_deploy.clone(),
        migrate: of.migrate.clone(),
        migration: Migration::parse(&of.migration).unwrap_or_default(),
        post_deploy: of.post_deploy.clone(),
        post_rollback: of.post_rollback.clone(),
        within_s: u32::try_from(of.within.get().as_secs()).unwrap_or(u32::MAX),
    }
}

/// How a new release of a service is judged beside the old one.
pub fn guards(of: &schema::Guards) -> Guards {
    Guards {
        errors: of.errors.fraction(),
        latency: of.latency.map(Factor::get),
        min_requests: of.min_requests.into(),
        inconclusive: of.inconclusive.get(),
    }
}

/// Where the value of a variable comes from. A command of a project file that is not trusted is none.
pub fn source(from: &schema::From) -> Source {
    match (&from.file, &from.command[..]) {
        (Some(file), []) => Source::File(file.clone()),
        (None, [_, ..]) => {
            let (argv, dir, within) = (from.command.clone(), from.dir.clone(), from.within.get());
            Source::Command { argv, dir, within }
        }
        _ => Source::Nowhere,
    }
}

/// How traffic gets to a service; `None` where no balancer is wanted.
pub fn traffic(of: &schema::Traffic) -> Option<Traffic> {
    let seconds = |period: Period| u32::try_from(period.get().as_secs()).unwrap_or(u32::MAX);
    let by = || of.stick_by.clone().unwrap_or_default();
    let mut steps: Vec<u16> = of.steps.iter().map(|share| share.get()).collect();
    steps.sort_unstable();
    steps.dedup();
    Some(Traffic {
        image: of.image.clone(),
        listen: of.listen,
        port: of.port?,
        check: of.check.clone(),
        stick: match of.stick.as_str() {
            "address" => Stick::Address,
            "cookie" => Stick::Cookie(by()),
            "header" => Stick::Header(by()),
            _ => Stick::None,
        },
        preview: of.preview.clone(),
        steps,
        hold_s: seconds(of.hold),
        warm_s: seconds(of.warm),
        drain_s: seconds(of.drain),
        by_hand: of.flip == "by-hand",
    })
}

fn probe_spec(probe: &schema::Probe, via: schema::Via) -> ProbeSpec {
    let headers = probe.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let ask = match &probe.http {
        Some(path) => Ask::Http { path: path.clone(), expect: probe.expect, headers: Headers(headers) },
        None => Ask::Tcp,
    };
    let via = match via {
        schema::Via::Published => Via::Published,
        schema::Via::Container => Via::Container,
    };
    ProbeSpec { ask, port: probe.port, via, interval: probe.interval.get(), timeout: probe.timeout.get() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::load::{Known, Layer, LayerKind, load};
    use crate::config::trust::TrustList;
    use crate::deploy::guard::Policy;

    fn read(text: &str, environment: &str) -> ServiceSpecs {
        let layer = Layer { kind: LayerKind::Project, path: "/c.toml".into(), text: text.to_owned() };
        let loaded = load(&[layer], &[], &Known::built_in(&[], &[]), &TrustList::default());
        let config = loaded.unwrap_or_else(|problems| panic!("{problems}")).config;
        let id = EnvironmentId::new(environment);
        services(&config, std::iter::once(&id)).remove(&id).unwrap_or_default()
    }

    #[test]
    fn a_service_holds_in_every_environment_with_its_differences() {
        let text = r#"
            [services.api]
            via = "container"
            runbook = "https://wiki.example/api"
            [services.api.ready]
            http = "/ready"
            port = 8080
            headers = { Host = "shop.example" }
            [services.store.live]
            tcp = true
            port = 5432
            [environments.production]
            hosts = ["unix:///run/docker.sock"]
            [environments.production.services.api]
            restart_limit = 9
            ready = { timeout = "500ms" }
        "#;
        let (local, production) = (read(text, "local"), read(text, "production"));
        let ready = local["api"].ready.as_ref().unwrap();
        assert_eq!((ready.via, ready.port), (Via::Container, Some(8080)));
        assert_eq!((local["api"].restart_limit, production["api"].restart_limit), (None, Some(9)));
        assert!(
            matches!(&ready.ask, Ask::Http { path, expect: 200, headers } if path == "/ready" && headers.0.len() == 1)
        );
        assert_eq!(local["store"].live.as_ref().unwrap().ask, Ask::Tcp);
        let there = production["api"].ready.as_ref().unwrap();
        assert_eq!((there.timeout, ready.timeout), (Duration::from_millis(500), Duration::from_secs(2)));
        assert_eq!(production["api"].runbook.as_deref(), Some("https://wiki.example/api"));
    }

    #[test]
    fn the_shops_file_probes_everything_but_its_worker() {
        let shop = read(include_str!("../../examples/shop/pilothouse.toml"), "shop");
        assert_eq!(shop.keys().collect::<Vec<_>>(), ["api", "store", "web"]);
        assert!(shop.values().all(|service| service.live.is_some()));
        assert!(shop["api"].ready.is_some() && shop["web"].ready.is_some());
    }

    #[test]
    fn guards_hold_with_their_differences_and_defaults() {
        let text = r#"
            [services.api.guards]
            errors = "0.05%"
            latency = "2x"
            inconclusive = "abort"
            [environments.production]
            hosts = ["unix:///run/docker.sock"]
            [environments.production.services.api.guards]
            inconclusive = "promote after 15m"
        "#;
        let layer = Layer { kind: LayerKind::Project, path: "/c.toml".into(), text: text.to_owned() };
        let loaded = load(&[layer], &[], &Known::built_in(&[], &[]), &TrustList::default());
        let config = loaded.unwrap_or_else(|problems| panic!("{problems}")).config;
        let of = |environment, service| guards(&config.service(environment, service).guards);
        let api =
            Guards { errors: 0.0005, latency: Some(2.0), inconclusive: Policy::Abort, ..Guards::default() };
        assert_eq!(of("local", "api"), api);
        let quarter = Policy::Promote(Duration::from_secs(900));
        assert_eq!(of("production", "api"), Guards { inconclusive: quarter, ..api });
        assert_eq!(of("production", "web"), Guards::default());
    }

    #[test]
    fn without_services_there_is_nothing() {
        assert!(read("theme = \"dark\"", "local").is_empty());
    }
}
