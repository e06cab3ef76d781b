//! known_hosts as OpenSSH reads it: plain, hashed and wildcard names, `[host]:port`, negation, `@revoked`.
//!
//! Pure: text in, verdict out. Its own matcher because libssh2's raises false alarms (a key of another type, an entry
//! of another port) and takes keys that are marked as revoked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Port of a name without one.
const DEFAULT_PORT: u16 = 22;

/// All entries of several files, in the order they are read.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    place: Place,
    is_revoked: bool,
    names: Names,
    key_type: String,
    blob: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Names {
    /// `|1|salt|hash`: HMAC-SHA1 of the name.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
    /// Patterns with `*` and `?`; a leading `!` excludes.
    Patterns(Vec<String>),
}

/// Where an entry stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: Arc<PathBuf>,
    /// Counted from 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What the files say of a key that a host showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is the host's, says this line.
    Known(Place),
    /// Nothing is said of this host, or only of keys of these other types.
    Unknown {
        /// Types that are known for the host, with their places.
        others: Vec<(String, Place)>,
    },
    /// Another key of the same type is the host's.
    Changed(Place),
    /// The key is marked as stolen.
    Revoked(Place),
}

impl KnownHosts {
    /// Takes in a file's text. Lines that are no entries are passed over, as OpenSSH does; certificate authorities too,
    /// because host certificates are never asked for.
    pub fn read(&mut self, file: &Path, text: &str) {
        let file = Arc::new(file.to_path_buf());
        for (number, line) in text.lines().enumerate() {
            let place = Place { file: Arc::clone(&file), line: number + 1 };
            self.entries.extend(entry(line, place));
        }
    }

    /// Key types known for the host, in the files' order, without doubles: to be preferred in the handshake.
    pub fn key_types(&self, host: &str, port: u16) -> Vec<&str> {
        let mut types: Vec<&str> = Vec::new();
        for name in [name_of(host, port), host.to_owned()] {
            for entry in self.entries.iter().filter(|e| !e.is_revoked && e.names.has(&name)) {
                if !types.contains(&entry.key_type.as_str()) {
                    types.push(&entry.key_type);
                }
            }
        }
        types
    }

    /// What is said of the key blob that `host` showed. `host` is the name that is looked up: `HostKeyAlias` if set.
    pub fn check(&self, host: &str, port: u16, blob: &[u8]) -> Verdict {
        let name = name_of(host, port);
        // A revoked key is no host's, whatever name it stands under, as long as the name matches one of ours.
        let is_ours = |e: &&Entry| e.names.has(&name) || e.names.has(host);
        if let Some(entry) = self.entries.iter().filter(is_ours).find(|e| e.is_revoked && e.blob == blob) {
            return Verdict::Revoked(entry.place.clone());
        }
        let verdict = self.check_name(&name, blob);
        // As OpenSSH: an entry without port also vouches for other ports, but never raises an alarm for them.
        if matches!(verdict, Verdict::Unknown { .. }) && name != host {
            let of_name_alone = self.check_name(host, blob);
            if matches!(of_name_alone, Verdict::Known(_)) {
                return of_name_alone;
            }
        }
        verdict
    }

    fn check_name(&self, name: &str, blob: &[u8]) -> Verdict {
        let key_type = blob_type(blob);
        let named: Vec<_> = self.entries.iter().filter(|e| !e.is_revoked && e.names.has(name)).collect();
        if let Some(entry) = named.iter().find(|e| e.blob == blob) {
            return Verdict::Known(entry.place.clone());
        }
        match named.iter().find(|e| Some(e.key_type.as_str()) == key_type) {
            Some(entry) => Verdict::Changed(entry.place.clone()),
            None => Verdict::Unknown {
                others: named.iter().map(|e| (e.key_type.clone(), e.place.clone())).collect(),
            },
        }
    }
}

impl Names {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
                mac.update(name.as_bytes());
                mac.verify_slice(hash).is_ok()
            }),
            Self::Patterns(patterns) => {
                let (out, into): (Vec<_>, Vec<_>) = patterns.iter().partition(|p| p.starts_with('!'));
                into.iter().any(|p| matches(p, name)) && !out.iter().any(|p| matches(&p[1..], name))
            }
        }
    }
}

/// The name as known_hosts has it: `[host]:port` off the usual port.
pub fn name_of(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") }
}

/// A new line for a host's key, with the name hashed if asked for.
pub fn line_for(host: &str, port: u16, blob: &[u8], salt: Option<[u8; 20]>) -> Option<String> {
    let name = name_of(host, port);
    let name = match salt {
        None => name,
        Some(salt) => {
            let mut mac = Hmac::<Sha1>::new_from_slice(&salt).ok()?;
            mac.update(name.as_bytes());
            format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(mac.finalize().into_bytes()))
        }
    };
    Some(format!("{name} {} {}\n", blob_type(blob)?, STANDARD.encode(blob)))
}

/// `SHA256:…` as `ssh-keygen -l` prints it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// `ssh-ed25519` and the like: the first string of a key blob.
pub fn blob_type(blob: &[u8]) -> Option<&str> {
    let length = u32::from_be_bytes(blob.get(..4)?.try_into().ok()?) as usize;
    std::str::from_utf8(blob.get(4..4_usize.checked_add(length)?)?).ok()
}

fn entry(line: &str, place: Place) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let mut words = line.split_ascii_whitespace();
    let mut names = words.next()?;
    let is_revoked = match names {
        "@revoked" => true,
        marker if marker.starts_with('@') => return None,
        _ => false,
    };
    if is_revoked {
        names = words.next()?;
    }
    let key_type = words.next()?.to_owned();
    let blob = STANDARD.decode(words.next()?).ok()?;
    if blob_type(&blob) != Some(key_type.as_str()) {
        return None;
    }
    let names = match names.strip_prefix("|1|") {
        Some(hashed) => {
            let (salt, hash) = hashed.split_once('|')?;
            Names::Hashed { salt: STANDARD.decode(salt).ok()?, hash: STANDARD.decode(hash).ok()? }
        }
        None => Names::Patterns(names.split(',').map(str::to_lowercase).collect()),
    };
    Some(Entry { place, is_revoked, names, key_type, blob })
}

/// `*` any characters, `?` one; linear in time however many stars there are.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests;
