//! What a deployment does with traffic: how it is held at a share, and which shares it may come by.

use serde::{Deserialize, Serialize};

use super::{Act, Asked, Plan};
use crate::domain::ids::HostId;
use crate::domain::traffic::Split;

/// Why a deployment waits between two shares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Until somebody flips.
    Flip,
    /// So many seconds, while the new release has a share.
    Canary(u32),
    /// So many seconds, while the old release is up and gets nothing.
    Warm(u32),
}

impl Hold {
    /// How long by itself; `None` where somebody has to say.
    pub fn seconds(self) -> Option<u32> {
        match self {
            Self::Flip => None,
            Self::Canary(seconds) | Self::Warm(seconds) => Some(seconds),
        }
    }

    /// The new release has not got everything yet.
    pub fn is_before_the_whole(self) -> bool {
        !matches!(self, Self::Warm(_))
    }

    /// As a step.
    pub fn plan(self) -> String {
        match self {
            Self::Flip => "wait until somebody flips".to_owned(),
            Self::Canary(seconds) => format!("watch the new release for {seconds} s"),
            Self::Warm(seconds) => format!("keep the old release warm for {seconds} s"),
        }
    }

    /// What it waits for.
    pub fn words(self) -> String {
        match self {
            Self::Flip => "the new release is ready beside the old one; it waits for `flip`".to_owned(),
            Self::Canary(seconds) => format!("watches the new release for {seconds} s"),
            Self::Warm(seconds) => format!("keeps the old release warm for {seconds} s"),
        }
    }
}

impl Asked {
    /// The shares that are asked for.
    pub fn split(self) -> Option<Split> {
        if let Self::Weigh(split) = self { Some(split) } else { None }
    }
}

impl Plan {
    /// All shares that the traffic of a host may have while it runs; empty where it shares nothing there.
    pub fn splits(&self, host: &HostId) -> Vec<Split> {
        let here = self.steps.iter().filter(|step| step.host == *host);
        let mut splits = Vec::new();
        for step in here {
            if let Act::Split { before, to } = step.act {
                splits.extend([before, to]);
            }
        }
        splits.sort_unstable();
        splits.dedup();
        splits
    }
}
