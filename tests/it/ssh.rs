//! Hosts over SSH against real sshd instances: trust, keys, ways, many streams, cuts.

mod answers;
mod commands;
mod console;
mod doctor;
mod holes;
mod keys;
mod pam;
mod reconnect;
mod remote;
mod setting;
mod streams;
mod trust;
mod ways;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pilothouse::adapters::ssh::connect::{ConnectError, Connected, Connector};
use pilothouse::adapters::ssh::destination::Destination;
use pilothouse::adapters::ssh::driver::Patience;
use pilothouse::adapters::ssh::settings::Local;
use pilothouse::ports::prompt::{Nobody, Prompter, Question, Secret};

/// Reaches hosts with that ssh_config and nobody to ask.
pub fn connector(config: PathBuf) -> Connector {
    Connector {
        local: Local { home: "/nonexistent".into(), user: "tester".into(), agent: None, ..Local::default() },
        config: Some(config),
        identity: None,
        patience: Patience::default(),
        prompter: Arc::new(Nobody),
    }
}

/// Answers questions in turn and keeps what was asked.
#[derive(Default)]
pub struct Person {
    answers: Mutex<Vec<String>>,
    asked: Mutex<Vec<Question>>,
}

impl Person {
    pub fn saying(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|a| (*a).to_owned()).collect();
        Arc::new(Self { answers: Mutex::new(answers), ..Self::default() })
    }

    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Prompter for Person {
    fn ask(&self, question: &Question) -> Option<Secret> {
        self.asked.lock().unwrap().push(question.clone());
        self.answers.lock().unwrap().pop().map(Secret)
    }
}

pub fn to(alias: &str) -> Destination {
    Destination::parse(alias).unwrap()
}

/// The error of a connection that must fail.
pub async fn failure(connector: &Connector, alias: &str) -> ConnectError {
    match connector.connect(&to(alias)).await {
        Ok(Connected { .. }) => panic!("{alias} let us in"),
        Err(error) => error,
    }
}
