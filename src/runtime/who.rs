//! Who acts, for the ledger: the configured operator, else the login, with what tells apart who shares one.

use crate::domain::ledger::Who;

/// Whoever runs this program.
pub fn who(operator: Option<&str>) -> Who {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let login = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| "operator".to_owned());
    Who {
        name: operator.map_or_else(|| login.clone(), str::to_owned),
        login,
        machine: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        // sshd(8): the client's address, its port, ours.
        from: set("SSH_CLIENT").and_then(|client| client.split(' ').next().map(str::to_owned)),
    }
}
