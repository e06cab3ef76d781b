//! Which host is meant: by its name in the configuration, its address, its docker context, its alias of ssh.

use crate::cli::failure::Failure;
use crate::cli::setup::Options;
use crate::cli::site::{Site, Where};
use crate::cli::target::ranked;
use crate::config::load::is_address;
use crate::domain::environment::Environment;
use crate::domain::host::Address;
use crate::domain::ids::HostId;

/// Hosts that are looked at, and where they are.
pub(super) struct Meant {
    pub(super) site: Site,
    pub(super) environment: Environment,
    /// Said of a name that no configuration has.
    pub(super) remark: Option<String>,
}

pub(super) fn find(options: &Options, at: &Where, name: Option<&str>) -> Result<Meant, Failure> {
    let site = Site::for_checkup(options)?;
    let environment = site.environment(at.environment.as_deref())?;
    let remark = None;
    let Some(name) = name else { return Ok(Meant { site, environment, remark }) };
    if let Some(environment) = known(&site, environment.clone(), at.environment.is_none(), name) {
        return Ok(Meant { site, environment, remark });
    }
    let known = ranked(name, environment.hosts.iter().map(HostId::as_str)).join(", ");
    let configured = site.config.hosts.get(name).map(|host| host.address.clone());
    let is_alias = options.host.is_none() && at.environment.is_none();
    let is_written = name.contains("://") || name.starts_with('/');
    let (address, remark) = match configured {
        Some(address) => (address, None),
        None if is_written => (name.to_owned(), None),
        None => (
            format!("ssh://{name}"),
            Some(format!("a name for ssh; the hosts of {} are: {known}", environment.id)),
        ),
    };
    if !is_address(&address) || !(is_alias || is_written) {
        return Err(Failure::Failed(format!("no host `{name}` in {}; there are: {known}", environment.id)));
    }
    let options = Options { host: Some(address.clone()), ..options.clone() };
    let site = Site::for_checkup(&options)?;
    let environment = site.environment(None)?;
    let at_address = Address::parse(&address);
    let is_it = |id: &&HostId| site.world.hosts.get(*id).is_some_and(|host| host.address == at_address);
    let hosts = match environment.hosts.iter().find(is_it) {
        Some(id) => vec![id.clone()],
        None => environment.hosts.clone(),
    };
    Ok(Meant { environment: Environment { hosts, ..environment }, site, remark })
}

/// A host of the environment, or of any other; else an environment of that name, as docker contexts are.
fn known(site: &Site, environment: Environment, may_be_elsewhere: bool, name: &str) -> Option<Environment> {
    let address = site.config.hosts.get(name).map(|host| Address::parse(&host.address));
    let is_it = |id: &&HostId| {
        let at = site.world.hosts.get(*id).map(|host| &host.address);
        id.as_str() == name
            || address.is_some() && at == address.as_ref()
            || at.is_some_and(|at| at.to_string() == name)
    };
    let all = std::iter::once(environment);
    let all: Vec<_> =
        if may_be_elsewhere { all.chain(site.world.environments.clone()).collect() } else { all.collect() };
    for environment in &all {
        if let Some(id) = environment.hosts.iter().find(is_it) {
            return Some(Environment { hosts: vec![id.clone()], ..environment.clone() });
        }
    }
    all.into_iter().find(|environment| environment.id.as_str() == name)
}
