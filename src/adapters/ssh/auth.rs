//! Proving who one is: the agent's keys, key files, the host's questions, a password, in OpenSSH's order.
//!
//! Runs on a thread that may wait, before the driver owns the session. Without a person only what asks nobody is tried.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh2::{ErrorCode, KeyboardInteractivePrompt, Session};

use super::connect::ConnectError;
use super::settings::{Method, Settings};
use crate::ports::prompt::{Prompter, Question};

/// Keys that are offered: sshd hangs up after six tries by default.
const MOST_KEYS: usize = 5;
/// Largest private key file that is read.
const KEY_BYTES: u64 = 64 << 10;
/// libssh2: the key file cannot be read; a wrong passphrase says the same.
const BAD_FILE: i32 = -16;
/// libssh2: the connection is closed.
const CLOSED: [i32; 3] = [-13, -43, -7];

struct Attempt<'a> {
    session: &'a Session,
    settings: &'a Settings,
    prompter: &'a dyn Prompter,
    /// What was tried and what came back, for the error.
    tried: Vec<String>,
    /// A question that nobody was there to answer.
    unanswered: Option<String>,
    keys: usize,
}

/// Authenticates, or tells everything that was tried.
pub(super) fn authenticate(
    session: &Session,
    settings: &Settings,
    prompter: &dyn Prompter,
) -> Result<(), ConnectError> {
    let login = login(settings);
    let allowed = match session.auth_methods(&settings.user) {
        Ok(methods) => methods.to_owned(),
        // The host lets everybody in.
        Err(_) if session.authenticated() => return Ok(()),
        Err(error) => {
            return Err(ConnectError::Authentication {
                login,
                tried: vec![error.to_string()],
                unused: vec![],
            });
        }
    };
    let mut attempt = Attempt { session, settings, prompter, tried: vec![], unanswered: None, keys: 0 };
    for method in &settings.methods {
        let word = word(*method);
        if !allowed.split(',').any(|offered| offered == word) {
            attempt.tried.push(format!("{word}: the host does not offer it"));
            continue;
        }
        match method {
            Method::PublicKey => attempt.keys(),
            Method::KeyboardInteractive => attempt.questions(&login),
            Method::Password => attempt.password(&login),
        }
        if session.authenticated() {
            return Ok(());
        }
    }
    if let Some(question) = attempt.unanswered {
        return Err(ConnectError::NeedsPerson { login, question, tried: attempt.tried });
    }
    Err(ConnectError::Authentication { login, tried: attempt.tried, unused: settings.not_used.clone() })
}

fn login(settings: &Settings) -> String {
    format!("{}@{}", settings.user, settings.original)
}

fn word(method: Method) -> &'static str {
    match method {
        Method::PublicKey => "publickey",
        Method::KeyboardInteractive => "keyboard-interactive",
        Method::Password => "password",
    }
}

fn is_closed(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(code) if CLOSED.contains(&code))
}

impl Attempt<'_> {
    fn note(&mut self, what: &str, error: &ssh2::Error) {
        let said = match error.code() {
            ErrorCode::Session(-18 | -19) => "not accepted".to_owned(),
            _ if is_closed(error) => "the host closed the connection (too many tries?)".to_owned(),
            _ => error.message().to_owned(),
        };
        self.tried.push(format!("{what}: {said}"));
    }

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

    fn keys(&mut self) {
        let of_files: Vec<_> =
            self.settings.identity_files.iter().filter_map(|file| public_blob(file)).collect();
        if let Err(error) = self.agent(&of_files) {
            self.note("agent", &error);
        }
        for file in &self.settings.identity_files {
            if self.session.authenticated() || self.keys > MOST_KEYS {
                return;
            }
            match fs::metadata(file) {
                Ok(meta) if meta.len() > KEY_BYTES => {
                    self.tried.push(format!("{}: too large for a key", file.display()));
                }
                Ok(_) => self.file(file),
                // The default names; one that was written by hand is named, for it is a mistake then.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    if !is_default_name(file) {
                        self.tried.push(format!("{}: no such file", file.display()));
                    }
                }
                Err(error) => self.tried.push(format!("{}: {error}", file.display())),
            }
        }
    }

    /// The agent's keys: those that have a file first, then the others unless only the files' count.
    fn agent(&mut self, of_files: &[Vec<u8>]) -> Result<(), ssh2::Error> {
        let Some(socket) = &self.settings.agent else { return Ok(()) };
        if !socket.exists() {
            self.tried.push(format!("agent: no socket at {}; is the agent gone?", socket.display()));
            return Ok(());
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
                return Ok(());
            }
            match agent.userauth(&self.settings.user, identity) {
                Ok(()) => return Ok(()),
                Err(error) => self.note(&format!("agent key {}", identity.comment()), &error),
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path) {
        if !self.has_room() {
            return;
        }
        let name = file.display().to_string();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.tried.push(format!("{name}: {error}")),
        };
        let user = &self.settings.user;
        if !is_encrypted(&text) {
            if let Err(error) = self.session.userauth_pubkey_memory(user, None, &text, None) {
                self.note(&name, &error);
            }
            return;
        }
        for round in 0..self.settings.prompts {
            let question = Question::Passphrase { key: name.clone(), is_again: round > 0 };
            let Some(passphrase) = self.prompter.ask(&question) else {
                self.unanswered.get_or_insert_with(|| format!("the passphrase of {name}"));
                return self.tried.push(format!("{name}: needs its passphrase, and nobody gave it"));
            };
            match self.session.userauth_pubkey_memory(user, None, &text, Some(&passphrase)) {
                Ok(()) => return,
                Err(error) if error.code() == ErrorCode::Session(BAD_FILE) => {
                    self.tried.push(format!("{name}: wrong passphrase"));
                }
                Err(error) => return self.note(&name, &error),
            }
        }
    }

    fn questions(&mut self, login: &str) {
        for _ in 0..self.settings.prompts {
            let mut asked = Asked { login, prompter: self.prompter, unanswered: None };
            let result = self.session.userauth_keyboard_interactive(&self.settings.user, &mut asked);
            let unanswered = asked.unanswered;
            if result.is_ok() {
                return;
            }
            if let Some(question) = unanswered {
                self.tried.push(format!("keyboard-interactive: nobody answered `{question}`"));
                self.unanswered.get_or_insert(question);
                return;
            }
            if let Err(error) = result {
                self.note("keyboard-interactive", &error);
                if is_closed(&error) {
                    return;
                }
            }
        }
    }

    fn password(&mut self, login: &str) {
        for round in 0..self.settings.prompts {
            let question = Question::Password { login: login.to_owned(), is_again: round > 0 };
            let Some(password) = self.prompter.ask(&question) else {
                self.unanswered.get_or_insert_with(|| format!("the password of {login}"));
                return self.tried.push("password: nobody gave it".to_owned());
            };
            match self.session.userauth_password(&self.settings.user, &password) {
                Ok(()) => return,
                Err(error) => {
                    self.note("password", &error);
                    if is_closed(&error) {
                        return;
                    }
                }
            }
        }
    }
}

/// The host's questions, put to a person one by one; after one without an answer the rest get empty ones.
struct Asked<'a> {
    login: &'a str,
    prompter: &'a dyn Prompter,
    unanswered: Option<String>,
}

impl KeyboardInteractivePrompt for Asked<'_> {
    fn prompt(&mut self, _: &str, instruction: &str, questions: &[ssh2::Prompt<'_>]) -> Vec<String> {
        let mut answer = |question: &ssh2::Prompt<'_>| {
            if self.unanswered.is_some() {
                return String::new();
            }
            let asked = Question::Challenge {
                login: self.login.to_owned(),
                instruction: instruction.to_owned(),
                question: question.text.to_string(),
                is_echoed: question.echo,
            };
            self.prompter.ask(&asked).unwrap_or_else(|| {
                self.unanswered = Some(question.text.trim().to_owned());
                String::new()
            })
        };
        questions.iter().map(&mut answer).collect()
    }
}

/// The blob of `FILE.pub`, to find the key in the agent.
fn public_blob(file: &Path) -> Option<Vec<u8>> {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    let text = fs::read_to_string(name).ok()?;
    STANDARD.decode(text.split_ascii_whitespace().nth(1)?).ok()
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
