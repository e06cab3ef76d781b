//! The agent's keys, then those of files, at most as many as a host lets one try.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh2::ErrorCode;
use zeroize::Zeroizing;

use super::{Attempt, Outcome, UNVERIFIED, is_closed};
use crate::adapters::ssh::known_hosts::blob_type;
use crate::domain::prompt::Nth;
use crate::ports::prompt::Question;

/// Keys that are offered: sshd hangs up after six tries by default.
const MOST_KEYS: u32 = 5;
/// Largest private key file that is read.
const KEY_BYTES: u64 = 64 << 10;
/// libssh2: the key file cannot be read; a wrong passphrase says the same.
const BAD_FILE: i32 = -16;

impl Attempt<'_> {
    fn has_room(&mut self) -> bool {
        if self.keys == MOST_KEYS {
            self.tried.push(format!(
                "more keys were not offered: the host hangs up after six tries; set IdentitiesOnly for {}",
                self.settings.original
            ));
        }
        self.keys += 1;
        self.keys <= MOST_KEYS
    }

    pub(super) fn keys(&mut self) -> Outcome {
        let of_files: Vec<_> =
            self.settings.identity_files.iter().filter_map(|file| public_blob(file)).collect();
        match self.agent(&of_files) {
            Ok(Outcome::No) => {}
            Ok(outcome) => return outcome,
            Err(error) => self.note("agent", &error),
        }
        for file in &self.settings.identity_files {
            if self.keys > MOST_KEYS {
                return Outcome::No;
            }
            // The agent offered it already: nobody is asked for a passphrase that cannot help.
            if public_blob(file).is_some_and(|blob| self.of_agent.contains(&blob)) {
                continue;
            }
            let outcome = match fs::metadata(file) {
                Ok(meta) if meta.len() > KEY_BYTES => {
                    self.tried.push(format!("{}: too large for a key", file.display()));
                    continue;
                }
                Ok(_) => self.file(file),
                // The default names; one that was written by hand is named, for it is a mistake then.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    if !is_default_name(file) {
                        self.tried.push(format!("{}: no such file", file.display()));
                    }
                    continue;
                }
                Err(error) => {
                    self.tried.push(format!("{}: {error}", file.display()));
                    continue;
                }
            };
            if !matches!(outcome, Outcome::No) {
                return outcome;
            }
        }
        Outcome::No
    }

    /// A key was refused or is not enough: only a signature that was asked for and then refused may mean the latter.
    fn key_failed(&mut self, name: &str, error: &ssh2::Error) -> Outcome {
        if error.code() == ErrorCode::Session(UNVERIFIED) || is_closed(error) {
            return self.failed(name, 0, error);
        }
        self.failures += 1;
        self.note(name, error);
        Outcome::No
    }

    /// The agent's keys: those that have a file first, then the others unless only the files' count.
    fn agent(&mut self, of_files: &[Vec<u8>]) -> Result<Outcome, ssh2::Error> {
        let Some(socket) = &self.settings.agent else { return Ok(Outcome::No) };
        if !socket.exists() {
            self.tried.push(format!("agent: no socket at {}; is the agent gone?", socket.display()));
            return Ok(Outcome::No);
        }
        let mut agent = self.session.agent()?;
        agent.set_identity_path(socket)?;
        agent.connect()?;
        agent.list_identities()?;
        let identities = agent.identities()?;
        let has_file = |identity: &ssh2::PublicKey| of_files.iter().any(|blob| blob == identity.blob());
        let (first, second): (Vec<_>, Vec<_>) = identities.iter().partition(|i| has_file(i));
        let rest = if self.settings.is_identities_only { Vec::new() } else { second };
        for identity in first.into_iter().chain(rest) {
            if !self.has_room() {
                return Ok(Outcome::No);
            }
            self.of_agent.push(identity.blob().to_vec());
            let name = format!("agent key {}", identity.comment());
            match agent.userauth(&self.settings.user, identity) {
                Ok(()) => return Ok(Outcome::In(name)),
                Err(error) => match self.key_failed(&name, &error) {
                    Outcome::No => {}
                    outcome => return Ok(outcome),
                },
            }
        }
        Ok(Outcome::No)
    }

    fn file(&mut self, file: &Path) -> Outcome {
        let name = file.display().to_string();
        let text = match fs::read_to_string(file) {
            Ok(text) => Zeroizing::new(text),
            Err(error) => {
                self.tried.push(format!("{name}: {error}"));
                return Outcome::No;
            }
        };
        if !text.contains("PRIVATE KEY") {
            let why = if public_of(&text).is_some() {
                "a public key, whose private one the agent does not hold"
            } else {
                "no private key"
            };
            self.tried.push(format!("{name}: {why}"));
            return Outcome::No;
        }
        let public = public_blob(file);
        if public.as_deref().and_then(blob_type).is_some_and(|kind| kind.starts_with("sk-")) {
            self.tried.push(format!("{name}: a security token's, which only the agent can use"));
            return Outcome::No;
        }
        if !self.has_room() {
            return Outcome::No;
        }
        let key = KeyFile { certificate: self.certificate(file, public.as_deref()), name, text };
        if !is_encrypted(&key.text) {
            return self.offer(&key, None).unwrap_or_else(|| {
                self.tried.push(format!("{}: no private key that can be read here", key.name));
                Outcome::No
            });
        }
        let of = self.settings.prompts;
        for number in 1..=of {
            let nth = Nth { number, of };
            let question = Question::Passphrase { key: key.name.clone(), nth };
            let Some(passphrase) = self.prompter.ask(&question) else {
                self.unanswered.get_or_insert_with(|| format!("the passphrase of {}", key.name));
                // What was typed before was told as wrong.
                if number == 1 {
                    self.tried.push(format!("{}: needs its passphrase, and nobody gave it", key.name));
                }
                return Outcome::No;
            };
            match self.offer(&key, Some(&passphrase.0)) {
                Some(outcome) => return outcome,
                None => self.tried.push(format!("{}: wrong passphrase, {nth}", key.name)),
            }
        }
        Outcome::No
    }

    /// With its certificate first, as OpenSSH does, then alone. `None`: the key cannot be opened.
    fn offer(&mut self, key: &KeyFile, passphrase: Option<&str>) -> Option<Outcome> {
        let with = key.certificate.as_deref().map(Some);
        for certificate in with.into_iter().chain([None]) {
            let user = &self.settings.user;
            let name = match certificate {
                Some(_) => format!("{} with its certificate", key.name),
                None => key.name.clone(),
            };
            let Err(error) = self.session.userauth_pubkey_memory(user, certificate, &key.text, passphrase)
            else {
                return Some(Outcome::In(format!("key {name}")));
            };
            if error.code() == ErrorCode::Session(BAD_FILE) {
                return None;
            }
            match self.key_failed(&name, &error) {
                Outcome::No => {}
                outcome => return Some(outcome),
            }
        }
        Some(Outcome::No)
    }

    /// The certificate of a key: one of the configuration's, or the file beside it.
    fn certificate(&mut self, file: &Path, public: Option<&[u8]>) -> Option<String> {
        let mut beside = file.as_os_str().to_owned();
        beside.push("-cert.pub");
        let mut found = None;
        for candidate in self.settings.certificate_files.iter().chain([&PathBuf::from(beside)]) {
            let text = match fs::read_to_string(candidate) {
                Ok(text) => text,
                Err(error) => {
                    if self.settings.certificate_files.contains(candidate) {
                        self.tried.push(format!("{}: {error}", candidate.display()));
                    }
                    continue;
                }
            };
            if found.is_none()
                && public_of(&text).is_some_and(|blob| public.is_none_or(|key| certifies(&blob, key)))
            {
                found = Some(text);
            }
        }
        found
    }
}

/// A private key as it stands in its file.
struct KeyFile {
    name: String,
    text: Zeroizing<String>,
    certificate: Option<String>,
}

/// Whether a certificate is this key's: behind its type and nonce it holds the key's own fields (PROTOCOL.certkeys).
fn certifies(certificate: &[u8], key: &[u8]) -> bool {
    let fields = blob_type(key).and_then(|kind| key.get(4 + kind.len()..)).unwrap_or_default();
    let is_certificate = blob_type(certificate).is_some_and(|kind| kind.contains("-cert-v0"));
    is_certificate && !fields.is_empty() && memchr::memmem::find(certificate, fields).is_some()
}

/// The blob in a public key's text.
fn public_of(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_ascii_whitespace();
    let kind = words.next()?;
    let blob = STANDARD.decode(words.next()?).ok()?;
    (blob_type(&blob)? == kind).then_some(blob)
}

/// The blob of `FILE.pub`, or of the file itself, to find the key in the agent.
fn public_blob(file: &Path) -> Option<Vec<u8>> {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    let of = |path: &Path| public_of(&fs::read_to_string(path).ok()?);
    of(name.as_ref()).or_else(|| of(file))
}

fn is_default_name(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    matches!(
        name.as_str(),
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ecdsa_sk" | "id_ed25519" | "id_ed25519_sk" | "id_xmss"
    )
}

/// Whether a private key asks for a passphrase: libssh2 says the same for a wrong one, a missing one and a broken file.
fn is_encrypted(text: &str) -> bool {
    if text.contains("ENCRYPTED") {
        return true;
    }
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    // openssh-key-v1: magic, then the name of the cipher.
    let Ok(bytes) = STANDARD.decode(body) else { return false };
    let Some(rest) = bytes.strip_prefix(b"openssh-key-v1\0") else { return false };
    rest.get(4..8) != Some(b"none".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_key_is_told_from_a_plain_one() {
        let of = |cipher: &str| {
            let mut bytes = b"openssh-key-v1\0".to_vec();
            bytes.extend_from_slice(&u32::try_from(cipher.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(cipher.as_bytes());
            bytes.extend_from_slice(&[0; 40]);
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END", STANDARD.encode(bytes))
        };
        assert!(is_encrypted(&of("aes256-ctr")) && !is_encrypted(&of("none")));
        assert!(is_encrypted("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
        assert!(is_encrypted("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"));
        assert!(!is_encrypted("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n") && !is_encrypted(""));
    }
}
