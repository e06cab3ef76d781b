//! Passwords and questions of a real PAM stack: tries told apart, second factors, and never one that nobody wanted.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::adapters::ssh::connect::ConnectError;
use pilothouse::adapters::ssh::host::SshHost;
use pilothouse::ports::pace::Pace as _;
use pilothouse::ports::prompt::Question;
use rustix::process::{Pid, Signal, kill_process};

use super::{Person, connector, failure, to};
use crate::accounts::Account;
use crate::pty::Launch;
use crate::sshd::Sshd;

const PASSWORD: &str =
    "auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n";
/// Something happens at the beginning of each login, as a push to a telephone does; then nothing is asked. `pam_exec` alone
/// gives no credentials, which sshd takes for a denial at times.
const PUSH: &str = "auth required pam_exec.so quiet {dir}/push\nauth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n";
/// Asks twice in one login, with words of its own before the second question.
const TWO: &str = "auth required pam_unix.so nodelay\nauth optional pam_echo.so Now the second one\n\
    auth required pam_stress.so\naccount required pam_permit.so\nsession required pam_permit.so\n";
const QUESTIONS: &str = "KbdInteractiveAuthentication yes\nPubkeyAuthentication no";
const NO_KEYS: &str = "PubkeyAuthentication no";
const SOON: Duration = Duration::from_secs(20);

fn tries(person: &Person) -> Vec<String> {
    let one = |q: &Question| match q {
        Question::Password { nth, .. } => format!("password {nth}"),
        Question::Challenge { nth, question, is_echoed: false, .. } => format!("{} {nth}", question.trim()),
        other => panic!("{other:?}"),
    };
    person.asked().iter().map(one).collect()
}

/// The process that serves a login is there only once its monitor made it: before that a cut would miss it.
async fn is_served(sshd: &Sshd) {
    let end = Instant::now() + SOON;
    while !fs::read_to_string(sshd.file("log")).unwrap().contains("User child is on pid") {
        assert!(Instant::now() < end, "nobody serves the login");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn cut(sshd: &Sshd) {
    for pid in sshd.serving() {
        // One of them may have ended with another.
        let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL);
    }
}

#[tokio::test]
async fn the_hosts_questions_are_answered_and_a_wrong_answer_is_told_apart() {
    let account = Account::new(PASSWORD);
    let sshd = account.sshd(QUESTIONS);
    let mut asking = connector(account.config(&sshd, NO_KEYS));
    let person = Person::saying(&["wrong", &account.password]);
    asking.prompter = Arc::clone(&person) as _;
    asking.connect(&to("web1")).await.unwrap();
    assert_eq!(tries(&person), ["Password: 1 of 3", "Password: 2 of 3"]);
}

#[tokio::test]
async fn a_password_is_tried_three_times_and_every_try_is_told() {
    let account = Account::new(PASSWORD);
    let sshd = account.sshd("PasswordAuthentication yes\nKbdInteractiveAuthentication no");
    let config = account.config(&sshd, NO_KEYS);
    let mut asking = connector(config.clone());
    let person = Person::saying(&["a", "b", "c", "d"]);
    asking.prompter = Arc::clone(&person) as _;
    let error = failure(&asking, "web1").await;
    assert!(matches!(error, ConnectError::Authentication { .. }), "{error}");
    assert_eq!(tries(&person), ["password 1 of 3", "password 2 of 3", "password 3 of 3"]);
    let text = error.to_string();
    for number in 1..=3 {
        assert!(text.contains(&format!("password, {number} of 3: not accepted")), "{text}");
    }
    asking.prompter = Person::saying(&[&account.password]);
    asking.connect(&to("web1")).await.unwrap();

    let error = failure(&connector(config), "web1").await.to_string();
    assert!(error.contains("needs a person: the password of") && error.contains(&account.name), "{error}");
}

#[tokio::test]
async fn a_key_and_then_two_questions_let_in() {
    let account = Account::new(TWO);
    let sshd = account
        .sshd("KbdInteractiveAuthentication yes\nAuthenticationMethods publickey,keyboard-interactive");
    let mut asking = connector(account.config(&sshd, ""));
    let person = Person::saying(&[&account.password, "424242"]);
    asking.prompter = Arc::clone(&person) as _;
    asking.connect(&to("web1")).await.unwrap();
    assert_eq!(tries(&person), ["Password: 1 of 3", "Now the second one\nSTRESS Password: 1 of 3"]);

    asking.prompter = Person::saying(&["1", "2", "3", "4", "5", "6"]);
    let text = failure(&asking, "web1").await.to_string();
    assert!(text.contains("publickey: accepted, the host wants keyboard-interactive besides"), "{text}");
    assert!(text.contains("keyboard-interactive, 3 of 3: not accepted"), "{text}");
}

#[tokio::test]
async fn the_password_first_and_then_a_key_is_a_way_too() {
    let account = Account::new(PASSWORD);
    let sshd = account
        .sshd("KbdInteractiveAuthentication yes\nAuthenticationMethods keyboard-interactive,publickey");
    let mut asking = connector(account.config(&sshd, ""));
    let person = Person::saying(&["wrong", &account.password]);
    asking.prompter = Arc::clone(&person) as _;
    asking.connect(&to("web1")).await.unwrap();
    assert_eq!(tries(&person).len(), 2);
}

#[tokio::test]
async fn a_push_that_is_refused_is_not_pushed_again() {
    let account = Account::new(PUSH);
    account.script("push", "echo pushed >>{dir}/pushes; exit 1\n");
    let sshd = account.sshd(QUESTIONS);
    let mut asking = connector(account.config(&sshd, NO_KEYS));
    asking.prompter = Person::saying(&[]);
    let error = failure(&asking, "web1").await;
    assert!(error.to_string().contains("keyboard-interactive, 1 of 3: not accepted"), "{error}");
    assert_eq!(account.lines("pushes"), 1);
}

#[tokio::test]
async fn a_socket_that_may_not_be_used_names_the_command_that_mends_it() {
    let account = Account::new(PASSWORD);
    let sshd = account.sshd("");
    let host = SshHost::new(to("web1"), None, connector(account.config(&sshd, "")));
    let error = host.dial().await.err().expect("it may not be used").to_string();
    assert!(error.contains(&format!("sudo usermod -aG docker {}", account.name)), "{error}");
}

/// Somebody who is there for one try, as the console's operator.
struct Once(Arc<Person>, std::sync::atomic::AtomicBool);

impl pilothouse::ports::prompt::Prompter for Once {
    fn ask(&self, question: &Question) -> Option<pilothouse::ports::prompt::Secret> {
        self.is_there().then(|| self.0.ask(question)).flatten()
    }

    fn is_there(&self) -> bool {
        self.1.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn leave(&self) {
        self.1.store(false, std::sync::atomic::Ordering::Relaxed);
    }
}

#[tokio::test]
async fn after_a_drop_nothing_is_pushed_before_somebody_wants_it() {
    let account = Account::new(PUSH);
    account.script("push", "echo pushed >>{dir}/pushes\n");
    let sshd = account.sshd(QUESTIONS);
    let mut asking = connector(account.config(&sshd, NO_KEYS));
    let once = Arc::new(Once(Person::saying(&[]), true.into()));
    asking.prompter = Arc::clone(&once) as _;
    let host = Arc::new(SshHost::new(to("web1"), None, asking));
    // Many streams want it at once: still one login.
    let all = (0..8).map(|_| Arc::clone(&host)).map(|host| async move { host.connected().await.is_ok() });
    assert!(futures_util::future::join_all(all).await.into_iter().all(|is_ok| is_ok));
    assert_eq!(account.lines("pushes"), 1);
    let first = host.connected().await.unwrap();
    is_served(&sshd).await;
    cut(&sshd);
    first.link.ended().await;
    let error = loop {
        match host.next_try() {
            Some(next) => tokio::time::sleep_until(next.into()).await,
            None => break host.connected().await.err().unwrap(),
        }
        // The try that is due: it may not begin what it needs a person for.
        let _ = host.connected().await;
    };
    assert!(error.needs_person() && error.to_string().contains("needs a person"), "{error}");
    assert_eq!(account.lines("pushes"), 1);
    once.1.store(true, std::sync::atomic::Ordering::Relaxed);
    host.connected().await.unwrap();
    assert_eq!(account.lines("pushes"), 2);
}

#[test]
fn a_password_is_asked_for_inside_the_console_and_after_a_drop_only_on_demand() {
    let account = Account::new(PASSWORD);
    let sshd = account.sshd(QUESTIONS);
    let config = account.config(&sshd, NO_KEYS);
    let arguments = ["--host", "ssh://web1", "--ssh-config", config.to_str().unwrap()];
    let terminal = Launch::pilothouse(arguments).size(100, 30).start();
    terminal.until("Password:", SOON);
    terminal.keys("text:wrong Enter");
    terminal.until("that was not it; try 2 of 3", SOON);
    terminal.keys("text:nope Enter");
    terminal.until("that was not it; try 3 of 3", SOON);
    terminal.paste(&account.password);
    terminal.keys("Enter");
    // It is in, and may not use the engine: the host says what mends that.
    terminal.until("usermod -aG docker", SOON);
    let logins =
        || fs::read_to_string(sshd.file("log")).unwrap().matches("Accepted keyboard-interactive").count();
    assert_eq!(logins(), 1);
    cut(&sshd);
    terminal.until("needs a person", SOON);
    assert!(!terminal.screen_text().contains("Password:"), "{}", terminal.picture());
    terminal.keys("C-r");
    terminal.until("Password:", SOON);
    terminal.paste(&account.password);
    terminal.keys("Enter");
    terminal.until("usermod -aG docker", SOON);
    assert_eq!(logins(), 2);
    let raw = terminal.raw_output();
    assert!(!raw.windows(account.password.len()).any(|w| w == account.password.as_bytes()));
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}
