//! The way to a host without anything between: its name, its addresses, the first that answers.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{ConnectError, Wire};
use crate::adapters::ssh::settings::{Family, Settings, told};
use crate::adapters::ssh::trail::Trail;
use crate::domain::checkup::{Stage, Step};

/// Connects. Errors: no such name, or nobody takes the connection.
pub(super) async fn dial(settings: &Settings, trail: &Trail) -> Result<Wire, ConnectError> {
    let (name, port, limit) = (settings.host_name.clone(), settings.port, settings.connect_timeout);
    let host = format!("{name}:{port}");
    let machine = |e| ConnectError::Machine { host: host.clone(), cause: io::Error::other(e) };
    let looked_up = tokio::task::spawn_blocking({
        let name = name.clone();
        move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
    });
    let addresses = looked_up.await.map_err(machine)?;
    let no_name = |cause| ConnectError::Name { host: name.clone(), cause };
    let addresses = of_family(addresses.map_err(no_name)?, settings.family).map_err(no_name)?;
    trail.note(Step::ok(Stage::Name, told::addresses(&name, &addresses)));
    let tcp = |cause| ConnectError::Tcp { host: host.clone(), cause };
    let dialled = tokio::task::spawn_blocking(move || first(&addresses, limit)).await.map_err(machine)?;
    let stream = dialled.map_err(tcp)?;
    let peer = stream.peer_addr().map_or_else(|_| host.clone(), |peer| peer.to_string());
    trail.note(Step::ok(Stage::Connection, format!("{peer} answers")));
    Ok(Wire::Tcp(stream))
}

/// Those that `AddressFamily` allows.
fn of_family(mut addresses: Vec<SocketAddr>, family: Option<Family>) -> io::Result<Vec<SocketAddr>> {
    addresses.retain(|address| family.is_none_or(|family| address.is_ipv6() == (family == Family::V6)));
    match family.filter(|_| addresses.is_empty()) {
        None => Ok(addresses),
        Some(family) => {
            let (kind, word) = if family == Family::V6 { ("IPv6", "inet6") } else { ("IPv4", "inet") };
            let text = format!("it has no {kind} address, and AddressFamily {word} allows no other");
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
    }
}

/// The first address that answers, all within the limit.
fn first(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let end = Instant::now() + limit;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, left) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let limit = limit.as_secs();
                let text = format!("no answer within {limit} s; is it off, or does a filter drop it?");
                last = io::Error::new(io::ErrorKind::TimedOut, text);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_family_are_tried_and_its_lack_is_named() {
        let both: Vec<SocketAddr> = vec!["127.0.0.1:22".parse().unwrap(), "[::1]:22".parse().unwrap()];
        assert_eq!(of_family(both.clone(), None).unwrap(), both);
        assert_eq!(of_family(both.clone(), Some(Family::V6)).unwrap(), both[1..]);
        let error = of_family(both[..1].to_vec(), Some(Family::V6)).unwrap_err().to_string();
        assert!(error.contains("no IPv6 address") && error.contains("AddressFamily inet6"), "{error}");
    }
}
