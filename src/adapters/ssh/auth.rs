//! Proving who one is: the agent's keys, key files, the host's questions, a password, in OpenSSH's order.
//!
//! Runs on a thread that may wait, before the driver owns the session. Without a person only what asks nobody is tried.

use ssh2::{ErrorCode, KeyboardInteractivePrompt, Session};

use super::connect::ConnectError;
use super::settings::{Method, Settings};
use crate::domain::checkup::{Stage, Step};
use crate::domain::prompt::Nth;
use crate::ports::prompt::{Prompter, Question};

mod keys;

/// Failures after which sshd hangs up by default (MaxAuthTries).
const MOST_FAILURES: u32 = 6;
/// Steps that one login may have: several keys, a password, a second factor.
const MOST_STEPS: usize = 6;
/// Longest wait in ms for an answer that no person has to give …
const ANSWER_MS: u32 = 30_000;
/// … and for one that somebody types, confirms at the agent or on a telephone: LoginGraceTime of sshd.
const PERSON_MS: u32 = 120_000;
/// libssh2: a key that was good to be asked about is not enough, or its signature is wrong.
const UNVERIFIED: i32 = -19;
/// libssh2: the connection is closed, or nothing came in time.
const CLOSED: [i32; 4] = [-13, -43, -7, -9];

/// What a try of one way brought.
enum Outcome {
    /// In, by this.
    In(String),
    /// Accepted, and these ways are wanted besides.
    Partly(String),
    /// Not accepted.
    No,
    /// The host wants to hear no more.
    Closed,
}

struct Attempt<'a> {
    session: &'a Session,
    settings: &'a Settings,
    prompter: &'a dyn Prompter,
    /// What the host offers now.
    offered: String,
    /// What it has offered so far.
    ever_offered: String,
    /// What was tried and what came back, for the error.
    tried: Vec<String>,
    /// A question that nobody was there to answer.
    unanswered: Option<String>,
    keys: u32,
    /// Keys that the agent offered.
    of_agent: Vec<Vec<u8>>,
    /// As the host counts them.
    failures: u32,
}

/// Authenticates and says by what, or tells everything that was tried.
pub(super) fn authenticate(
    session: &Session,
    settings: &Settings,
    prompter: &dyn Prompter,
) -> Result<Step, ConnectError> {
    let login = login(settings);
    session.set_timeout(ANSWER_MS);
    let offered = match session.auth_methods(&settings.user) {
        Ok(methods) => methods.to_owned(),
        // The host lets everybody in.
        Err(_) if session.authenticated() => {
            return Ok(Step::ok(Stage::Authentication, format!("{login}, of whom nothing is asked")));
        }
        Err(error) => {
            let (tried, unused) = (vec![error.message().to_owned()], vec![]);
            return Err(ConnectError::Authentication { login, tried, unused });
        }
    };
    session.set_timeout(PERSON_MS);
    let (tried, unanswered) = (vec![], None);
    let ever_offered = offered.clone();
    let (keys, failures, of_agent) = (0, 0, vec![]);
    let mut attempt = Attempt {
        session,
        settings,
        prompter,
        offered,
        ever_offered,
        tried,
        unanswered,
        keys,
        of_agent,
        failures,
    };
    if let Some(how) = attempt.walk(&login) {
        let before = if attempt.tried.is_empty() { "" } else { "; before that: " };
        let found = format!("{login} by {how}{before}{}", attempt.tried.join("; "));
        return Ok(Step::ok(Stage::Authentication, found));
    }
    for method in settings.methods.iter().map(|method| word(*method)) {
        if !offers(&attempt.ever_offered, method) {
            attempt.tried.push(format!("{method}: the host does not offer it"));
        }
    }
    match attempt.unanswered {
        Some(question) => Err(ConnectError::NeedsPerson { login, question, tried: attempt.tried }),
        None => {
            let unused = settings.not_used.clone();
            Err(ConnectError::Authentication { login, tried: attempt.tried, unused })
        }
    }
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

/// Whether a comma-separated list has it.
fn offers(list: &str, method: &str) -> bool {
    list.split(',').any(|offered| offered == method)
}

fn is_closed(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(code) if CLOSED.contains(&code))
}

impl Attempt<'_> {
    /// Ways in the configured order; where one is accepted and more is wanted, those that are wanted. Gives the last.
    fn walk(&mut self, login: &str) -> Option<String> {
        let mut done: Vec<Method> = Vec::new();
        for _ in 0..MOST_STEPS * self.settings.methods.len() {
            let is_next = |m: &&Method| !done.contains(m) && offers(&self.offered, word(**m));
            let method = self.settings.methods.iter().find(is_next).copied()?;
            let outcome = match method {
                Method::PublicKey => self.keys(),
                Method::KeyboardInteractive => self.questions(login),
                Method::Password => self.password(login),
            };
            match outcome {
                Outcome::In(how) => return Some(how),
                Outcome::Closed => return None,
                Outcome::No => done.push(method),
                Outcome::Partly(wanted) => {
                    self.ever_offered = format!("{},{wanted}", self.ever_offered);
                    self.tried.push(format!("{}: accepted, the host wants {wanted} besides", word(method)));
                    self.offered = wanted;
                    done.clear();
                }
            }
        }
        None
    }

    /// Notes a failure; asks the host what it wants now, because libssh2 does not tell "accepted, and more is wanted"
    /// from "not accepted". The question counts as a failure, so it is left out where the `left` tries need the room.
    fn failed(&mut self, what: &str, left: u32, error: &ssh2::Error) -> Outcome {
        if is_closed(error) {
            self.note(what, error);
            return Outcome::Closed;
        }
        self.failures += 1;
        // A host that wants several steps seldom offers more than one of them at first.
        let left = if self.offered.contains(',') { left } else { 0 };
        let is_room = self.failures + 1 + left < MOST_FAILURES;
        if is_room || error.code() == ErrorCode::Session(UNVERIFIED) {
            match self.session.auth_methods(&self.settings.user).map(str::to_owned) {
                Ok(wanted) if wanted != self.offered => {
                    self.failures = self.failures.saturating_sub(1);
                    return Outcome::Partly(wanted);
                }
                Ok(_) => self.failures += 1,
                Err(_) if self.session.authenticated() => return Outcome::In(what.to_owned()),
                Err(_) => {
                    self.note(what, error);
                    self.tried.push("the host closed the connection after too many tries".to_owned());
                    return Outcome::Closed;
                }
            }
        }
        self.note(what, error);
        Outcome::No
    }

    fn note(&mut self, what: &str, error: &ssh2::Error) {
        let said = match error.code() {
            ErrorCode::Session(-18 | UNVERIFIED) => "not accepted".to_owned(),
            ErrorCode::Session(-9) => "no answer from the host in time".to_owned(),
            _ if is_closed(error) => {
                "the host closed the connection (too many tries, or it waited too long)".to_owned()
            }
            _ => error.message().to_owned(),
        };
        self.tried.push(format!("{what}: {said}"));
    }

    fn questions(&mut self, login: &str) -> Outcome {
        // The mere beginning may push a second factor to somebody's telephone.
        if !self.prompter.is_there() {
            self.unanswered.get_or_insert_with(|| format!("what {} asks at a login", self.settings.original));
            self.tried.push("keyboard-interactive: not begun, nobody is there to answer".to_owned());
            return Outcome::No;
        }
        let of = self.settings.prompts;
        for number in 1..=of {
            let nth = Nth { number, of };
            let mut asked = Asked { login, nth, prompter: self.prompter, count: 0, unanswered: None };
            let result = self.session.userauth_keyboard_interactive(&self.settings.user, &mut asked);
            let (count, unanswered) = (asked.count, asked.unanswered);
            let Err(error) = result else { return Outcome::In("keyboard-interactive".to_owned()) };
            if let Some(question) = unanswered {
                self.tried.push(format!("keyboard-interactive: nobody answered `{question}`"));
                self.unanswered.get_or_insert(question);
                return Outcome::No;
            }
            match self.failed(&format!("keyboard-interactive, {nth}"), of - number, &error) {
                // Nobody was asked: to begin again would push whatever it was once more.
                Outcome::No if count == 0 => return Outcome::No,
                Outcome::No => {}
                outcome => return outcome,
            }
        }
        Outcome::No
    }

    fn password(&mut self, login: &str) -> Outcome {
        let of = self.settings.prompts;
        for number in 1..=of {
            let nth = Nth { number, of };
            let Some(password) = self.prompter.ask(&Question::Password { login: login.to_owned(), nth })
            else {
                self.unanswered.get_or_insert_with(|| format!("the password of {login}"));
                self.tried.push("password: nobody gave it".to_owned());
                return Outcome::No;
            };
            let Err(error) = self.session.userauth_password(&self.settings.user, &password.0) else {
                return Outcome::In("password".to_owned());
            };
            match self.failed(&format!("password, {nth}"), of - number, &error) {
                Outcome::No => {}
                outcome => return outcome,
            }
        }
        Outcome::No
    }
}

/// The host's questions, put to a person one by one; after one without an answer the rest get empty ones.
struct Asked<'a> {
    login: &'a str,
    nth: Nth,
    prompter: &'a dyn Prompter,
    count: u32,
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
                nth: self.nth,
            };
            self.count += 1;
            let answer = self.prompter.ask(&asked).map(|answer| answer.0.clone());
            answer.unwrap_or_else(|| {
                self.unanswered = Some(question.text.trim().to_owned());
                String::new()
            })
        };
        questions.iter().map(&mut answer).collect()
    }
}
