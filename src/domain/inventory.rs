//! What an engine keeps on its disk and what uses what. Plain values; what may go is worked out in [`prune`].

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::natural::natural;

pub mod prune;

/// A kind of thing an engine keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Containers, running or not; their size is what they wrote themselves.
    Container,
    /// Images.
    Image,
    /// Named and anonymous volumes.
    Volume,
    /// Networks; they take no space.
    Network,
    /// Records of the build cache.
    Cache,
}

impl Kind {
    /// In the order they are shown.
    pub const ALL: [Self; 5] = [Self::Container, Self::Image, Self::Volume, Self::Network, Self::Cache];

    /// One of them.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::Volume => "volume",
            Self::Network => "network",
            Self::Cache => "build cache record",
        }
    }

    /// Several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Container => "containers",
            Self::Image => "images",
            Self::Volume => "volumes",
            Self::Network => "networks",
            Self::Cache => "build cache",
        }
    }
}

/// Why a thing nobody uses stays all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// A container that has processes, or is about to.
    Runs,
    /// The engine made it and needs it: the networks `bridge`, `host`, `none`.
    Builtin,
    /// The engine says that it is in use and does not say by what.
    Busy,
    /// Its labels say that this console keeps it: a release to go back to, or its records.
    Kept,
}

/// One thing an engine keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// What the engine calls it: an id, or the name of a volume.
    pub id: Arc<str>,
    /// What people call it: the tags of an image (none when it is dangling), else one name.
    pub names: Vec<Arc<str>>,
    /// Bytes that go when it alone goes; `None` where the engine does not know.
    pub bytes: Option<u64>,
    /// Bytes that it shares with others of its kind, so that they go with the last of them only.
    pub shared_bytes: u64,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it was last used; told for the build cache only.
    pub used: Option<DateTime<Utc>>,
    /// Names of the containers that need it, running or not.
    pub users: Vec<Arc<str>>,
    /// Ids of the images built on it: they have to go first.
    pub children: Vec<Arc<str>>,
    /// Why it stays although nothing uses it.
    pub hold: Option<Hold>,
    /// What else there is to say: state of a container, driver of a volume or network, kind of a cache record.
    pub note: Arc<str>,
}

impl Item {
    /// Its first name, else the short form of its id.
    pub fn name(&self) -> &str {
        match self.names.first() {
            Some(name) => name,
            None => self.short_id(),
        }
    }

    /// The first 12 digits of an id; the whole name of a volume.
    pub fn short_id(&self) -> &str {
        let digits = self.id.strip_prefix("sha256:").unwrap_or(&self.id);
        match self.kind {
            Kind::Volume => digits,
            _ => digits.get(..12).unwrap_or(digits),
        }
    }

    /// An image without a name, left over when its tag went to a newer one.
    pub fn is_dangling(&self) -> bool {
        self.kind == Kind::Image && self.names.is_empty()
    }

    /// A volume nobody gave a name: the engine named it by 64 hexadecimal digits.
    pub fn is_anonymous(&self) -> bool {
        self.kind == Kind::Volume && self.id.len() == 64 && self.id.bytes().all(|b| b.is_ascii_hexdigit())
    }

    /// Why it cannot go now, in words; `None` when it can.
    pub fn why_kept(&self) -> Option<String> {
        match (self.hold, self.users.as_slice()) {
            (Some(Hold::Runs), _) => Some("runs".to_owned()),
            (Some(Hold::Builtin), _) => Some("needed by the engine".to_owned()),
            (Some(Hold::Kept), _) => Some("kept by pilothouse".to_owned()),
            (_, [one]) => Some(format!("used by {one}")),
            (_, [one, two]) => Some(format!("used by {one}, {two}")),
            (_, [one, rest @ ..]) => Some(format!("used by {one} and {} more", rest.len())),
            (Some(Hold::Busy), []) => Some("in use".to_owned()),
            (None, []) if !self.children.is_empty() => Some("other images are built on it".to_owned()),
            (None, []) => None,
        }
    }
}

/// All that an engine keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inventory {
    /// By kind, then the largest first, then by name.
    pub items: Vec<Item>,
    /// All image layers, each counted once; `None` where the engine does not say.
    pub layers_bytes: Option<u64>,
}

/// What one kind takes and would give back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Total {
    /// How many there are.
    pub count: usize,
    /// How many of them cannot go now.
    pub kept: usize,
    /// What they take together, in bytes.
    pub bytes: u64,
    /// What goes when all go that can.
    pub free_bytes: u64,
    /// The figures are the least there is: something has a size nobody knows, or layers are shared.
    pub is_least: bool,
}

impl Inventory {
    /// Those of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }

    /// The thing of that kind and id.
    pub fn find(&self, kind: Kind, id: &str) -> Option<&Item> {
        self.of(kind).find(|item| *item.id == *id)
    }

    /// What one kind takes.
    pub fn total(&self, kind: Kind) -> Total {
        let mut total = Total::default();
        for item in self.of(kind) {
            total.count += 1;
            total.bytes += item.bytes.unwrap_or(0);
            total.is_least |= kind != Kind::Network && item.bytes.is_none();
        }
        let going = self.prune(prune::Prune::all_of(kind));
        total.kept = total.count - going.len();
        let freed = prune::freed(going);
        total.free_bytes = freed.bytes;
        total.is_least |= freed.is_least;
        if let (Kind::Image, Some(bytes)) = (kind, self.layers_bytes) {
            total.bytes = bytes;
        }
        total
    }

    /// Sorts as [`Inventory::items`] says.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            let size = |item: &Item| item.bytes.map(|own| own + item.shared_bytes);
            let by_size = a.kind.cmp(&b.kind).then_with(|| size(b).cmp(&size(a)));
            by_size.then_with(|| natural(a.name(), b.name())).then_with(|| a.id.cmp(&b.id))
        });
    }
}
