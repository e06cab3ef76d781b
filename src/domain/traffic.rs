//! Traffic of a service over its two slots, as the balancer in front of it has it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{EnvironmentId, HostId, ServiceId};

/// All of the traffic, in the unit of shares.
pub const WHOLE: u16 = 10_000;

/// One of the two places of a service behind its balancer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first one to be taken.
    Blue,
    /// The other one.
    Green,
}

impl Slot {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::Blue, Self::Green];

    /// The one that this is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// By its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|slot| slot.word() == text)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How traffic is shared: so many 1/10,000 to green, the rest to blue. One number, so that nobody is ever left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Split(u16);

impl Split {
    /// All of it to one slot.
    pub const fn all(slot: Slot) -> Self {
        match slot {
            Slot::Blue => Self(0),
            Slot::Green => Self(WHOLE),
        }
    }

    /// So many 1/10,000 to that slot; `None` above the whole.
    pub fn to(slot: Slot, share: u16) -> Option<Self> {
        let rest = WHOLE.checked_sub(share)?;
        Some(match slot {
            Slot::Blue => Self(rest),
            Slot::Green => Self(share),
        })
    }

    /// What that slot gets, in 1/10,000.
    pub fn share(self, slot: Slot) -> u16 {
        match slot {
            Slot::Blue => WHOLE - self.0,
            Slot::Green => self.0,
        }
    }

    /// The slot that gets all of it; `None` where both get some.
    pub fn sole(self) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| self.share(*slot) == WHOLE)
    }
}

impl TryFrom<u16> for Split {
    type Error = String;

    fn try_from(green: u16) -> Result<Self, String> {
        Self::to(Slot::Green, green).ok_or_else(|| format!("a share of {green} is more than {WHOLE}"))
    }
}

impl From<Split> for u16 {
    fn from(split: Split) -> Self {
        split.0
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [blue, green] = Slot::BOTH.map(|slot| Percent(self.share(slot)));
        write!(f, "blue {blue}, green {green}")
    }
}

/// A share as people read it: `5%`, `0.25%`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Percent(pub u16);

impl Percent {
    /// Reads `5`, `5%` or `0.25%`; `None` where it is no share, or one finer than 1/10,000.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%').unwrap_or(text).trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || part.trim_end_matches('0').len() > 2 {
            return None;
        }
        let part: u16 = format!("{part:0<2}").get(..2)?.parse().ok()?;
        let share = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(part)?;
        (share <= WHOLE).then_some(Self(share))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            part if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            part => write!(f, "{whole}.{part:02}%"),
        }
    }
}

/// What the balancer itself found of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// It passed the balancer's own check.
    Passed,
    /// It did not, or not yet; what came back.
    Failed(String),
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// A balancer by what it stands in front of, and where: it stays the same when its container is made anew.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FrontId {
    /// Of which environment.
    pub environment: EnvironmentId,
    /// In front of which service.
    pub service: ServiceId,
    /// Where it runs.
    pub host: HostId,
}

/// A replica as its balancer knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// In which slot.
    pub slot: Slot,
    /// The name of its container.
    pub name: String,
    /// Where it is reached: `10.213.0.2:8080`.
    pub address: String,
    /// What the balancer found.
    pub check: Check,
    /// It gets requests of its slot.
    pub is_in: bool,
    /// Requests and upgraded connections that are with it right now.
    pub in_flight: u32,
}

/// What a slot did since its balancer started: only differences mean anything.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Counters {
    /// Requests it was given.
    pub requests: u64,
    /// Of these, answers with a status of 500 or more.
    pub errors: u64,
    /// Connections to its servers that failed.
    pub connect_errors: u64,
    /// Requests and upgraded connections that are with it right now.
    pub in_flight: u32,
    /// Milliseconds from request to answer: the mean of the last 1,024; `None` where it had none.
    pub mean_ms: Option<f64>,
}

/// What a balancer does right now.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// How it shares traffic.
    pub split: Split,
    /// It answers with the maintenance page.
    pub is_in_maintenance: bool,
    /// What is behind it.
    pub servers: Vec<Server>,
    /// Blue's, then green's.
    pub counters: [Counters; 2],
    /// Seconds since the balancer started: counters begin with it.
    pub up_s: u64,
}

impl Flow {
    /// The counters of that slot.
    pub fn counters(&self, slot: Slot) -> &Counters {
        &self.counters[slot as usize]
    }

    /// The server of that name.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// Whether the balancer's own check of that server passed.
    ///
    /// # Errors
    /// What the check says.
    pub fn is_passed(&self, name: &str) -> Result<(), String> {
        match self.server(name).map(|server| &server.check) {
            Some(Check::Passed) => Ok(()),
            Some(Check::Failed(why)) => Err(format!("the balancer's check of {name}: {why}")),
            None => Err(format!("{name} is not behind the balancer")),
        }
    }

    /// Some server of the slot passed the balancer's check and gets requests.
    pub fn is_able(&self, slot: Slot) -> bool {
        let of_slot = |server: &&Server| server.slot == slot && server.is_in;
        self.servers.iter().filter(of_slot).any(|server| server.check == Check::Passed)
    }
}

/// How the traffic of a service runs, and who had it so.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// What the balancer does.
    pub flow: Flow,
    /// How it would share traffic after a restart.
    pub kept: Split,
    /// The highest epoch that wrote to it.
    pub epoch: u32,
    /// The deployment that wrote last; empty where none did.
    pub by: String,
}

/// How requests find their slot while both get some.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stick {
    /// Each by itself, at random.
    #[default]
    None,
    /// All of one address to one slot.
    Address,
    /// All with one value of this cookie.
    Cookie(String),
    /// All with one value of this header.
    Header(String),
}

/// What stands in front of a service, and how it leads to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Front {
    /// Name of the balancer's container.
    pub proxy: String,
    /// Its image.
    pub image: String,
    /// The network between it and the replicas.
    pub network: String,
    /// The port of the host that it publishes; `None` where others find it by the service's name alone.
    pub listen: Option<u16>,
    /// The port of the replicas, and its own inside.
    pub port: u16,
    /// The path that the balancer asks of each replica; it only connects where it is `None`.
    pub check: Option<String>,
    /// How requests stick to a slot.
    pub stick: Stick,
    /// A request with this header goes to the slot that it names, whatever the split.
    pub preview: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_both_slots_are_the_whole() {
        for green in [0, 1, 500, 9_999, WHOLE] {
            let split = Split::to(Slot::Green, green).unwrap();
            assert_eq!(split.share(Slot::Blue) + split.share(Slot::Green), WHOLE);
            assert_eq!(Split::to(Slot::Blue, split.share(Slot::Blue)), Some(split));
        }
        assert_eq!(Split::to(Slot::Green, WHOLE + 1), None);
        assert!(serde_json::from_str::<Split>("10001").is_err());
    }

    #[test]
    fn only_the_whole_is_sole() {
        assert_eq!(Split::all(Slot::Green).sole(), Some(Slot::Green));
        assert_eq!(Split::all(Slot::Blue).sole(), Some(Slot::Blue));
        assert_eq!(Split::to(Slot::Green, 9_999).unwrap().sole(), None);
    }

    #[test]
    fn percents_are_read_as_they_are_written() {
        for (text, share) in
            [("5", 500), ("5%", 500), ("0.25%", 25), ("99.9%", 9_990), ("100", WHOLE), ("0%", 0)]
        {
            assert_eq!(Percent::parse(text), Some(Percent(share)), "{text}");
            assert_eq!(Percent::parse(&Percent(share).to_string()), Some(Percent(share)), "{text}");
        }
        for text in ["", "%", "101", "100.01", "1.005", "-1", "1e1", "five", "1.", ".5", "99999999"] {
            assert_eq!(Percent::parse(text), None, "{text}");
        }
        assert_eq!(Percent::parse("1.500"), Some(Percent(150)));
    }
}
