//! Services that go together: a deployment is of one, or of a set.

use serde::{Deserialize, Serialize};

use super::{Plan, Release};
use crate::domain::ids::ServiceId;

/// Stands between the names of a set: `web+worker`. No Compose service has it in its name.
const BETWEEN: char = '+';

/// A service of a deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub service: ServiceId,
    /// The release that is live in the end.
    pub release: Release,
    /// The release that was live before.
    pub before: Release,
}

impl ServiceId {
    /// Each service of a set; of one service itself.
    pub fn each(&self) -> Vec<Self> {
        self.as_str().split(BETWEEN).filter(|name| !name.is_empty()).map(Self::new).collect()
    }

    /// The set of these.
    pub fn set(services: &[Self]) -> Self {
        let names: Vec<_> = services.iter().map(Self::as_str).collect();
        Self::new(names.join(&BETWEEN.to_string()))
    }
}

impl Plan {
    /// What it is to a service; `None` where it is of others.
    pub fn of(&self, service: &ServiceId) -> Option<Part> {
        if self.service == *service {
            let (release, before) = (self.release, self.before);
            return Some(Part { service: service.clone(), release, before });
        }
        self.set.iter().find(|part| part.service == *service).cloned()
    }
}
