//! What `ssh -Gv` says on its errors, and how the settings of a host are told.

use std::net::SocketAddr;

use super::Settings;
use crate::adapters::ssh::destination::Destination;
use crate::domain::checkup::{Stage, Step};

/// Lines and addresses that are named; of more only how many there are.
const NAMED: usize = 4;

/// Which lines of which files hold, `FILE:LINE`, each once.
pub(in crate::adapters::ssh) fn sources(said: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in said.lines().filter_map(|line| line.trim_end().strip_prefix("debug1: ")) {
        let place = line.split_once(": Applying options for ").and_then(|(at, _)| at.rsplit_once(" line "));
        let source = place.map(|(file, number)| format!("{file}:{number}"));
        found.extend(source.filter(|source| !found.contains(source)));
    }
    found
}

/// What it complains of.
pub(in crate::adapters::ssh) fn complaint(said: &str) -> String {
    let is_ours = |line: &&str| !line.starts_with("debug1: ") && !line.starts_with("OpenSSH_");
    said.trim().lines().map(str::trim_end).filter(is_ours).collect::<Vec<_>>().join("; ")
}

/// What a name came to.
pub(in crate::adapters::ssh) fn addresses(name: &str, addresses: &[SocketAddr]) -> String {
    let all: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let is_address = all.first().is_some_and(|first| first == name);
    if is_address { format!("{name} is an address") } else { format!("{name} is {}", some(&all)) }
}

fn some(all: &[String]) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

impl Settings {
    /// Where to, as whom, on which way, and which lines say so. `hops` stand before the configuration's.
    pub(in crate::adapters::ssh) fn told(&self, hops: Option<&[Destination]>) -> Step {
        let hops: Vec<_> = hops.unwrap_or(&self.jumps).iter().map(Destination::to_string).collect();
        let way = match &self.proxy_command {
            _ if !hops.is_empty() => format!(" through {}", hops.join(", ")),
            Some(command) => format!(" by ProxyCommand {command}"),
            None => String::new(),
        };
        let by = match self.sources.as_slice() {
            [] => "no line of ssh's configuration".to_owned(),
            sources => some(sources),
        };
        let found = format!("{}@{}:{}{way}, by {by}", self.user, self.host_name, self.port);
        match &self.ignored_switch {
            Some(switch) => {
                let found = format!("{found}; {switch} does not hold here: host keys are always checked");
                Step::warn(
                    Stage::Settings,
                    found,
                    "StrictHostKeyChecking accept-new takes what is new, and refuses what changed",
                )
            }
            None => Step::ok(Stage::Settings, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "OpenSSH_9.2p1 Debian-2\r\ndebug1: Reading configuration data /home/op/.ssh/config\r\n\
        debug1: /home/op/.ssh/config line 12: Applying options for web1\r\n\
        debug1: /home/op/my line 3: Applying options for *\r\n\
        debug1: /home/op/.ssh/config line 12: Applying options for web1\r\n\
        Bad SSH2 cipher spec 'x'.\r\n";

    #[test]
    fn the_lines_that_hold_are_named_once_in_order() {
        assert_eq!(sources(SAID), ["/home/op/.ssh/config:12", "/home/op/my:3"]);
        assert_eq!(sources("debug1: nothing: Applying options for x\n"), [""; 0]);
    }

    #[test]
    fn a_complaint_is_told_without_what_went_well() {
        assert_eq!(complaint(SAID), "Bad SSH2 cipher spec 'x'.");
    }
}
