//! Why a command ended as it did not want to, with the exit status that says so.

use std::io;

use crate::config::problem::Problems;
use crate::logs::ansi;
use crate::ports::engine::EngineError;

/// Why the program ends, with the exit status that says so.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked for could not be done.
    #[error("{0}")]
    Failed(String),
    /// Wrong use.
    #[error("{0}")]
    Usage(String),
    /// Files of the configuration are wrong.
    #[error("the configuration is wrong\n{0}")]
    Configuration(Problems),
    /// No engine answers.
    #[error("{0}")]
    Unreachable(String),
    /// Somebody else deploys there.
    #[error("{0}")]
    Locked(String),
    /// A program in a container could not be started.
    #[error("{0}")]
    NotStarted(String),
    /// By Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Nobody reads what is written any more; as good as done.
    #[error("nobody reads the output")]
    Closed,
    /// The terminal or the machine refused something.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Io(error) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unreachable { .. } => Self::Unreachable(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl Failure {
    /// Of what passes on the status of a program: a status of 1 would be taken for that.
    #[must_use]
    pub fn not_started(self) -> Self {
        match self {
            Self::Failed(why) | Self::Unreachable(why) => Self::NotStarted(why),
            other => other,
        }
    }

    /// 0 when nobody reads any more, 1 error, 2 usage, 5 locked, 6 unreachable, 125 not started, 130 interrupted.
    pub fn status(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Failed(_) | Self::Io(_) => 1,
            Self::Usage(_) | Self::Configuration(_) => 2,
            Self::Locked(_) => 5,
            Self::Unreachable(_) => 6,
            Self::NotStarted(_) => 125,
            Self::Interrupted => 130,
        }
    }

    /// What is said on standard error, safe for a terminal; nothing where the reader left or the operator ended it.
    pub fn report(&self) -> Option<String> {
        if matches!(self, Self::Closed | Self::Interrupted) {
            return None;
        }
        let text = self.to_string();
        let lines: Vec<_> = text.lines().map(ansi::plain).collect();
        Some(format!("pilothouse: {}", lines.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_an_engine_cannot_act_on_the_terminal() {
        let failure = Failure::Failed("no \u{1b}]0;x\u{7}such\nthing\u{1b}[2J".to_owned());
        assert_eq!(failure.report().unwrap(), "pilothouse: no such\nthing");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.status(), failure.report()), (0, None));
    }
}
