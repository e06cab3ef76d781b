//! A plain list: one host a line, as `ssh` takes it or as an address.

use super::{Fault, Listed, MOST_NAME, Place, Reading};
use crate::config::load::{is_address, shown_path};
use crate::config::problem::quote;

/// Reads a text; `origin` is what it is called in messages.
pub(super) fn read(text: &str, origin: &str) -> Reading {
    let mut reading = Reading::default();
    for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let body = line.trim_start();
        let at = Place { line: i + 1, column: line.chars().count() - body.chars().count() + 1 };
        let body = body.split_once('#').map_or(body, |(before, _)| before).trim_end();
        if body.is_empty() {
            continue;
        }
        let found = match body.split_once(char::is_whitespace) {
            Some((_, rest)) => Err(format!("one host a line; what is {}?", quote(rest.trim_start()))),
            None if reading.hosts.len() >= super::MOST_HOSTS => {
                Err(format!("more than {} hosts", super::MOST_HOSTS))
            }
            None => host(body, &format!("{origin}:{}:{}", at.line, at.column)),
        };
        match found {
            Ok(listed) => reading.hosts.push(listed),
            Err(why) => {
                reading.problems.push(Fault::new(at, why).of(origin));
                if reading.problems.len() > 20 {
                    break;
                }
            }
        }
    }
    reading
}

/// A host as people write it: `web1`, `deploy@web1:2222`, or an address with its scheme.
pub(super) fn host(text: &str, from: &str) -> Result<Listed, String> {
    let is_whole = text.contains("://") || text.starts_with('/');
    let address = if is_whole { text.to_owned() } else { format!("ssh://{}", bracketed(text)) };
    if !is_address(&address) || text.len() > MOST_NAME {
        let hint = "write a host as `ssh` takes it, or `ssh://user@host:port`";
        return Err(format!("{} is no host; {hint}", quote(text)));
    }
    Ok(Listed {
        name: shown_path(short(text)),
        address,
        identity: None,
        from: from.to_owned(),
        refusal: None,
    })
}

/// A lone IPv6 address, as it stands in an address.
pub(super) fn bracketed(host: &str) -> String {
    let is_bare = host.matches(':').count() > 1 && !host.contains(['[', '@']);
    if is_bare { format!("[{host}]") } else { host.to_owned() }
}

/// Without scheme, user and port.
fn short(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => rest,
    }
}
