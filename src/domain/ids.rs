//! Names of things as types of their own, so that a host is never passed where a service is meant.
//! They stand in lists as [`natural`] says.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::natural::natural;

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                natural(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            /// Wraps the text as it is; showing it on a screen is the caller's to make safe.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    )*};
}

text_id! {
    /// Name of an environment, unique on a console: `production`.
    EnvironmentId;
    /// Name of a host, unique on a console: `web1`, or the engine's address where nobody named it.
    HostId;
    /// Name of a service inside its environment: the Compose service, or the container's own name.
    ServiceId;
    /// The engine's 64 hexadecimal digits.
    ContainerId;
    /// The engine's image id, `sha256:` and 64 hexadecimal digits.
    ImageId;
}

impl ContainerId {
    /// The first 12 digits, as `docker ps` shows them; the whole text where it is shorter.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A container on its host: ids are unique per engine only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ContainerKey {
    /// Where it runs.
    pub host: HostId,
    /// Which one it is there.
    pub id: ContainerId,
}
