//! What a prune would remove, worked out from the facts, so that exactly what was shown is what goes.

use std::collections::BTreeSet;
use std::fmt;

use super::{Inventory, Item, Kind};
use crate::domain::size::bytes;

/// What is to be cleared away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Prune {
    /// Containers that ended or were never started.
    Containers,
    /// Images without a name that nothing needs.
    DanglingImages,
    /// All images that no container needs.
    Images,
    /// Volumes nobody named that no container mounts.
    AnonymousVolumes,
    /// All volumes that no container mounts. This is data.
    Volumes,
    /// Networks that no container is in.
    Networks,
    /// The build cache, as far as no build uses it.
    Cache,
}

impl Prune {
    /// All, the harmless first.
    pub const ALL: [Self; 7] = [
        Self::Cache,
        Self::DanglingImages,
        Self::Containers,
        Self::Networks,
        Self::Images,
        Self::AnonymousVolumes,
        Self::Volumes,
    ];

    /// Its name on the command line and in the palette.
    pub fn name(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::DanglingImages => "dangling-images",
            Self::Images => "images",
            Self::AnonymousVolumes => "anonymous-volumes",
            Self::Volumes => "volumes",
            Self::Networks => "networks",
            Self::Cache => "build-cache",
        }
    }

    /// The prune of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// What it clears away, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Containers => "stopped containers",
            Self::DanglingImages => "images without a name",
            Self::Images => "images that no container uses",
            Self::AnonymousVolumes => "volumes without a name that no container uses",
            Self::Volumes => "volumes that no container uses, with their data",
            Self::Networks => "networks without containers",
            Self::Cache => "build cache that no build uses",
        }
    }

    /// The kind of thing it removes.
    pub fn kind(self) -> Kind {
        match self {
            Self::Containers => Kind::Container,
            Self::DanglingImages | Self::Images => Kind::Image,
            Self::AnonymousVolumes | Self::Volumes => Kind::Volume,
            Self::Networks => Kind::Network,
            Self::Cache => Kind::Cache,
        }
    }

    /// Everything of that kind that can go.
    pub fn all_of(kind: Kind) -> Self {
        match kind {
            Kind::Container => Self::Containers,
            Kind::Image => Self::Images,
            Kind::Volume => Self::Volumes,
            Kind::Network => Self::Networks,
            Kind::Cache => Self::Cache,
        }
    }

    fn wants(self, item: &Item) -> bool {
        match self {
            Self::DanglingImages => item.is_dangling(),
            Self::AnonymousVolumes => item.is_anonymous(),
            _ => true,
        }
    }
}

/// What a removal gives back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Freed {
    /// Bytes.
    pub bytes: u64,
    /// It may be more: layers shared only among what goes, or sizes nobody knows.
    pub is_least: bool,
}

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.is_least { "at least " } else { "" };
        write!(f, "frees {least}{}", bytes(self.bytes))
    }
}

/// What these give back together.
pub fn freed<'a>(items: impl IntoIterator<Item = &'a Item>) -> Freed {
    let mut freed = Freed::default();
    for item in items {
        freed.bytes += item.bytes.unwrap_or(0);
        freed.is_least |= item.kind != Kind::Network
            && (item.bytes.is_none() || (item.kind == Kind::Image && item.shared_bytes > 0));
    }
    freed
}

impl Inventory {
    /// What goes, in the order in which it can: images after those that were built on them.
    pub fn prune(&self, prune: Prune) -> Vec<&Item> {
        let mut going: Vec<&Item> = self
            .of(prune.kind())
            .filter(|item| prune.wants(item) && item.hold.is_none() && item.users.is_empty())
            .collect();
        // An image stays while one that was built on it does.
        loop {
            let ids: BTreeSet<&str> = going.iter().map(|item| &*item.id).collect();
            let before = going.len();
            going.retain(|item| item.children.iter().all(|child| ids.contains(&**child)));
            if going.len() == before {
                break;
            }
        }
        children_first(going)
    }
}

fn children_first(mut going: Vec<&Item>) -> Vec<&Item> {
    let mut ordered: Vec<&Item> = Vec::with_capacity(going.len());
    while !going.is_empty() {
        let waiting: BTreeSet<&str> = going.iter().map(|item| &*item.id).collect();
        let (ready, later): (Vec<_>, Vec<_>) =
            going.iter().copied().partition(|item| !item.children.iter().any(|c| waiting.contains(&**c)));
        if ready.is_empty() {
            // Images built on each other in a ring cannot be; whatever was told, nothing is lost.
            ordered.extend(later);
            break;
        }
        ordered.extend(ready);
        going = later;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Hold;
    use super::*;

    fn item(kind: Kind, id: &str) -> Item {
        Item {
            kind,
            id: id.into(),
            names: vec![id.into()],
            bytes: Some(10),
            shared_bytes: 0,
            created: None,
            used: None,
            users: Vec::new(),
            children: Vec::new(),
            hold: None,
            note: Arc::from(""),
        }
    }

    fn gone(items: Vec<Item>, prune: Prune) -> Vec<String> {
        Inventory { items, layers_bytes: None }.prune(prune).iter().map(|i| i.id.to_string()).collect()
    }

    #[test]
    fn what_runs_what_is_used_and_what_is_kept_stays() {
        let runs = Item { hold: Some(Hold::Runs), ..item(Kind::Container, "runs") };
        let kept = Item { hold: Some(Hold::Kept), ..item(Kind::Container, "kept") };
        assert_eq!(gone(vec![runs, kept, item(Kind::Container, "ended")], Prune::Containers), ["ended"]);
        let used = Item { users: vec!["web-1".into()], ..item(Kind::Image, "used") };
        assert_eq!(gone(vec![used, item(Kind::Image, "old")], Prune::Images), ["old"]);
        let builtin = Item { hold: Some(Hold::Builtin), ..item(Kind::Network, "bridge") };
        assert_eq!(gone(vec![builtin, item(Kind::Network, "left")], Prune::Networks), ["left"]);
    }

    #[test]
    fn only_images_without_a_name_are_dangling() {
        let dangling = Item { names: Vec::new(), ..item(Kind::Image, "sha256:aa") };
        assert_eq!(gone(vec![dangling, item(Kind::Image, "named")], Prune::DanglingImages), ["sha256:aa"]);
    }

    #[test]
    fn a_named_volume_is_no_anonymous_one() {
        let digits = "a".repeat(64);
        let items = || vec![item(Kind::Volume, &digits), item(Kind::Volume, "data")];
        assert_eq!(gone(items(), Prune::AnonymousVolumes), std::slice::from_ref(&digits));
        assert_eq!(gone(items(), Prune::Volumes).len(), 2);
    }

    #[test]
    fn an_image_goes_after_those_built_on_it_and_stays_with_them() {
        let base = || Item { children: vec!["child".into()], ..item(Kind::Image, "base") };
        assert_eq!(gone(vec![base(), item(Kind::Image, "child")], Prune::Images), ["child", "base"]);
        let used = Item { users: vec!["web-1".into()], ..item(Kind::Image, "child") };
        assert!(gone(vec![base(), used], Prune::Images).is_empty());
    }

    #[test]
    fn shared_layers_and_unknown_sizes_make_the_figure_a_least() {
        let whole = item(Kind::Image, "a");
        let shared = Item { shared_bytes: 5, ..item(Kind::Image, "b") };
        let unknown = Item { bytes: None, ..item(Kind::Volume, "c") };
        assert_eq!(freed([&whole]), Freed { bytes: 10, is_least: false });
        assert_eq!(freed([&whole, &shared]), Freed { bytes: 20, is_least: true });
        assert_eq!(freed([&unknown]), Freed { bytes: 0, is_least: true });
    }

    #[test]
    fn every_prune_is_found_by_its_name() {
        assert!(Prune::ALL.into_iter().all(|p| Prune::named(p.name()) == Some(p)));
    }
}
