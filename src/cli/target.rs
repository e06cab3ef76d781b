//! What a command is about, as it is typed: `[ENVIRONMENT/][HOST/]NAME`, where the name is a service (all its containers),
//! `PROJECT-SERVICE` where several projects have a service of that name, a container, or the start of its id.
//! Never guesses: what is unknown or means several things is an error that lists what there is.

use std::collections::BTreeSet;

use crate::domain::container::Container;
use crate::domain::natural::natural;

/// Shorter starts of an id are typing mistakes more often than ids.
const LEAST_ID_DIGITS: usize = 4;
/// Names listed in an error.
const LISTED: usize = 12;

/// A target as typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Before the first slash: an environment or a host.
    pub before: Option<String>,
    /// Behind it.
    pub name: String,
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (before, name) = match text.split_once('/') {
            Some((before, name)) => (Some(before.to_owned()), name),
            None => (None, text),
        };
        if text.split('/').any(str::is_empty) {
            return Err("a target is [ENVIRONMENT/][HOST/]SERVICE or a container".to_owned());
        }
        Ok(Self { before, name: name.to_owned() })
    }
}

/// Why a name means no container, or too many.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing is called so.
    #[error("no service or container `{name}` in {place}{}", listing("; there are: ", near))]
    Unknown {
        /// As typed.
        name: String,
        /// Where it was looked for.
        place: String,
        /// What there is, the nearest first.
        near: Vec<String>,
    },
    /// Several things are called so.
    #[error("`{name}` in {place} means several: {}; say which", near.join(", "))]
    Ambiguous {
        /// As typed.
        name: String,
        /// Where it was looked for.
        place: String,
        /// What each may be called instead.
        near: Vec<String>,
    },
}

fn listing(before: &str, names: &[String]) -> String {
    if names.is_empty() { " (there is none)".to_owned() } else { format!("{before}{}", names.join(", ")) }
}

/// The containers that a name means, in the order they are listed.
pub fn resolve<'a>(
    name: &str,
    place: &str,
    containers: &[&'a Container],
) -> Result<Vec<&'a Container>, NameError> {
    if let Some((host, name)) = name.split_once('/') {
        let on_host: Vec<_> = containers.iter().copied().filter(|c| c.key.host.as_str() == host).collect();
        return resolve(name, &format!("{place} on {host}"), &on_host);
    }
    let ambiguous = |near: Vec<String>| NameError::Ambiguous { name: name.into(), place: place.into(), near };
    let all = |is_it: &dyn Fn(&Container) -> bool| -> Vec<&'a Container> {
        containers.iter().copied().filter(|c| is_it(c)).collect()
    };
    let of_service = all(&|c| c.service.as_str() == name);
    let called = all(&|c| &*c.name == name);
    let projects: BTreeSet<_> = of_service.iter().map(|c| c.project.as_deref()).collect();
    if projects.len() > 1 {
        let mut near: Vec<_> = of_service.iter().map(|c| qualified(c)).collect();
        near.dedup();
        return Err(ambiguous(near));
    }
    if !of_service.is_empty() {
        let outside = called.iter().find(|c| of_service.iter().all(|s| s.key != c.key));
        return match outside {
            Some(other) => Err(ambiguous(of_service.iter().chain([other]).map(|c| placed(c)).collect())),
            None => Ok(of_service),
        };
    }
    let of_project = all(&|c| c.project.is_some() && qualified(c) == name);
    if !of_project.is_empty() {
        return Ok(of_project);
    }
    let is_id = name.len() >= LEAST_ID_DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
    let found = if called.is_empty() && is_id {
        all(&|c| c.key.id.as_str().starts_with(&name.to_ascii_lowercase()))
    } else {
        called
    };
    match found.len() {
        0 => Err(NameError::Unknown {
            name: name.into(),
            place: place.into(),
            near: nearest(name, containers),
        }),
        1 => Ok(found),
        _ => Err(ambiguous(found.iter().map(|c| placed(c)).collect())),
    }
}

/// `shop-web`, as Compose itself begins the names of its containers; the bare service where it has no project.
fn qualified(c: &Container) -> String {
    c.project.as_ref().map_or_else(|| c.service.to_string(), |project| format!("{project}-{}", c.service))
}

/// Both names that mean this container alone.
fn placed(c: &Container) -> String {
    format!("{}/{} ({})", c.key.host, c.name, c.key.id.short())
}

/// Services, then containers not called like their service; those most like `name` first.
fn nearest(name: &str, containers: &[&Container]) -> Vec<String> {
    let services: BTreeSet<&str> = containers.iter().map(|c| c.service.as_str()).collect();
    // A name may stand on several hosts.
    let names = containers.iter().map(|c| &*c.name).filter(|n| !services.contains(n));
    let names: BTreeSet<&str> = names.collect();
    ranked(name, services.iter().copied().chain(names))
}

/// The known names, the most alike first, at most a dozen; the last says how many more there are.
pub fn ranked<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let name = name.to_lowercase();
    let mut all: Vec<_> = known
        .map(|known| {
            let like = strsim::jaro_winkler(&name, &known.to_lowercase());
            (if known.contains(&*name) { like + 1.0 } else { like }, known)
        })
        .collect();
    all.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| natural(x, y)));
    let more = all.len().saturating_sub(LISTED);
    let mut names: Vec<_> = all.into_iter().take(LISTED).map(|(_, known)| known.to_owned()).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::container::{Health, State};
    use crate::domain::ids::{ContainerId, ContainerKey, HostId, ImageId, ServiceId};

    fn container(id: &str, name: &str, service: &str, project: Option<&str>) -> Container {
        Container {
            key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(id) },
            name: name.into(),
            service: ServiceId::new(service),
            project: project.map(Into::into),
            image: "".into(),
            image_id: ImageId::new(""),
            state: State::Running,
            health: Health::None,
            ports: Vec::new(),
            created: chrono::DateTime::default(),
            labels: std::collections::BTreeMap::new(),
            detail: None,
        }
    }

    fn shop() -> Vec<Container> {
        vec![
            container("aaaa1111", "shop-web-1", "web", Some("shop")),
            container("aaaa2222", "shop-web-2", "web", Some("shop")),
            container("bbbb3333", "shop-api-1", "api", Some("shop")),
            container("cccc4444", "blog-api-1", "api", Some("blog")),
            container("dddd5555", "store", "store", None),
        ]
    }

    fn ask(name: &str) -> Result<Vec<String>, NameError> {
        let all = shop();
        let refs: Vec<_> = all.iter().collect();
        resolve(name, "local", &refs).map(|found| found.iter().map(|c| c.name.to_string()).collect())
    }

    #[test]
    fn a_service_means_all_its_containers() {
        assert_eq!(ask("web").unwrap(), ["shop-web-1", "shop-web-2"]);
        assert_eq!(ask("store").unwrap(), ["store"]);
    }

    #[test]
    fn a_container_is_named_by_its_name_or_the_start_of_its_id() {
        assert_eq!(ask("shop-web-2").unwrap(), ["shop-web-2"]);
        assert_eq!(ask("AAAA2").unwrap(), ["shop-web-2"]);
    }

    #[test]
    fn the_start_of_a_name_is_no_name() {
        assert!(matches!(ask("shop-web-"), Err(NameError::Unknown { .. })));
        assert!(matches!(ask("dd"), Err(NameError::Unknown { .. })));
    }

    #[test]
    fn a_service_of_two_projects_is_named_with_its_project() {
        let error = ask("api").unwrap_err().to_string();
        assert_eq!(error, "`api` in local means several: shop-api, blog-api; say which");
        assert_eq!(ask("blog-api").unwrap(), ["blog-api-1"]);
    }

    #[test]
    fn an_id_that_several_have_is_an_error_that_lists_them() {
        let error = ask("aaaa").unwrap_err().to_string();
        assert!(error.contains("h/shop-web-1 (aaaa1111), h/shop-web-2 (aaaa2222)"), "{error}");
    }

    #[test]
    fn an_unknown_name_lists_the_nearest_first() {
        let error = ask("wbe").unwrap_err().to_string();
        assert!(error.starts_with("no service or container `wbe` in local; there are: web, "), "{error}");
    }

    #[test]
    fn a_target_is_an_environment_and_a_name() {
        let target: Target = "production/web".parse().unwrap();
        assert_eq!((target.before.as_deref(), &*target.name), (Some("production"), "web"));
        for wrong in ["/web", "production/", "production//web"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_before_a_name_means_what_is_there() {
        let mut all = shop();
        all[1].key.host = HostId::new("h2");
        all[1].name = "shop-web-1".into();
        let refs: Vec<_> = all.iter().collect();
        let ask = |name: &str| {
            resolve(name, "local", &refs).map(|found| found.into_iter().map(|c| &c.key).collect::<Vec<_>>())
        };
        assert_eq!(ask("h2/shop-web-1").unwrap(), [&all[1].key]);
        assert_eq!(ask("h/web").unwrap(), [&all[0].key]);
        let error = ask("shop-web-1").unwrap_err().to_string();
        assert!(error.contains("h/shop-web-1 (aaaa1111), h2/shop-web-1 (aaaa2222)"), "{error}");
        let error = ask("h2/store").unwrap_err().to_string();
        assert!(
            error.starts_with("no service or container `store` in local on h2; there are: shop-web-1, web"),
            "{error}"
        );
    }
}
