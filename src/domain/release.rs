//! Releases of a service, as its containers tell them: one per image, until there is a ledger that knows better.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::container::Container;
use super::ids::ImageId;
use super::natural::natural;

/// An image that containers of a service carry.
#[derive(Clone, PartialEq, Debug)]
pub struct Release<'a> {
    /// What it is called: the tag, or the first digits of a digest.
    pub name: &'a str,
    /// The image as it was asked for.
    pub image: &'a str,
    /// The image itself.
    pub image_id: &'a ImageId,
    /// Label `org.opencontainers.image.version`.
    pub version: Option<&'a str>,
    /// Label `org.opencontainers.image.revision`.
    pub revision: Option<&'a str>,
    /// Label `org.opencontainers.image.created`, where it is a time.
    pub built: Option<DateTime<Utc>>,
    /// When the newest of its containers was made.
    pub deployed: DateTime<Utc>,
    /// Containers that carry it, by name.
    pub containers: Vec<&'a Container>,
}

impl Release<'_> {
    /// Containers of it that have processes.
    pub fn up(&self) -> usize {
        self.containers.iter().filter(|c| c.state.is_up()).count()
    }

    /// Something of it runs.
    pub fn is_live(&self) -> bool {
        self.up() > 0
    }

    /// Its age counts from here: when it was built, else when it came.
    pub fn born(&self) -> DateTime<Utc> {
        self.built.unwrap_or(self.deployed)
    }
}

/// Releases of the containers of one service, newest first; of the same age, the one that came last is first.
pub fn releases<'a>(containers: impl Iterator<Item = &'a Container>) -> Vec<Release<'a>> {
    let mut groups: BTreeMap<(&str, &ImageId), Vec<&'a Container>> = BTreeMap::new();
    for c in containers {
        groups.entry((c.release(), &c.image_id)).or_default().push(c);
    }
    let mut all: Vec<_> = groups.into_values().filter_map(release).collect();
    all.sort_by_key(|r| std::cmp::Reverse((r.born(), r.deployed)));
    all
}

fn release(mut containers: Vec<&Container>) -> Option<Release<'_>> {
    containers.sort_by(|a, b| natural(&a.name, &b.name).then_with(|| a.key.host.cmp(&b.key.host)));
    let first = *containers.first()?;
    let label = |name: &str| {
        let key = format!("org.opencontainers.image.{name}");
        first.labels.get(&key).map(String::as_str).filter(|value| !value.trim().is_empty())
    };
    Some(Release {
        name: first.release(),
        image: &first.image,
        image_id: &first.image_id,
        version: label("version"),
        revision: label("revision"),
        built: label("created").and_then(|text| text.parse().ok()),
        deployed: containers.iter().map(|c| c.created).max()?,
        containers,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::container::{Health, State};
    use crate::domain::ids::{ContainerId, ContainerKey, HostId, ServiceId};

    fn container(name: &str, tag: &str, made: i64, built: Option<&str>, state: State) -> Container {
        let mut labels = BTreeMap::new();
        if let Some(built) = built {
            labels.insert("org.opencontainers.image.created".to_owned(), built.to_owned());
        }
        Container {
            key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(name) },
            name: Arc::from(name),
            service: ServiceId::new("api"),
            project: None,
            image: format!("shop/api:{tag}").into(),
            image_id: ImageId::new(format!("sha256:{tag}")),
            state,
            health: Health::None,
            ports: Vec::new(),
            created: DateTime::from_timestamp(made, 0).unwrap(),
            labels,
            detail: None,
        }
    }

    fn told(all: &[Container]) -> Vec<String> {
        let line = |r: &Release<'_>| format!("{} {}/{}", r.name, r.up(), r.containers.len());
        releases(all.iter()).iter().map(line).collect()
    }

    #[test]
    fn the_newest_build_is_first_although_it_came_earlier() {
        let all = [
            container("a", "1.3.0", 200, Some("2026-01-01T00:00:00Z"), State::Running),
            container("b", "1.4.0", 100, Some("2026-01-08T00:00:00Z"), State::Running),
            container("c", "1.4.0", 150, Some("2026-01-08T00:00:00Z"), State::Exited(Some(0))),
        ];
        assert_eq!(told(&all), ["1.4.0 1/2", "1.3.0 1/1"]);
    }

    #[test]
    fn without_labels_the_last_that_came_is_first() {
        let all = [
            container("a", "1", 100, None, State::Exited(Some(0))),
            container("b", "2", 200, Some("not a time"), State::Running),
        ];
        assert_eq!(told(&all), ["2 1/1", "1 0/1"]);
    }

    #[test]
    fn one_tag_on_two_images_is_two_releases() {
        let mut all =
            [container("a", "1", 100, None, State::Running), container("b", "1", 200, None, State::Running)];
        all[1].image_id = ImageId::new("sha256:other");
        assert_eq!(told(&all), ["1 1/1", "1 1/1"]);
        assert_eq!(releases(all.iter())[0].image_id.as_str(), "sha256:other");
    }
}
