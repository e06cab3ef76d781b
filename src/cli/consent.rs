//! Whether something may be done: the three grades of confirmation, as the console has them, for a command line.
//! Without a terminal nothing is ever asked, and nothing is done that was not confirmed beforehand.

use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::Failure;
use super::out::remark;
use crate::domain::act::Change;
use crate::domain::environment::{Class, Environment};
use crate::domain::grade::{Grade, grade_at_once};
use crate::logs::ansi;

/// What was confirmed on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Consent {
    /// Do it without asking; not enough in a protected environment
    #[arg(short, long)]
    pub yes: bool,
    /// Do it in this protected environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub confirm: Option<String>,
}

/// What is to be confirmed.
pub struct Request<'a> {
    /// Where.
    pub environment: &'a Environment,
    /// How sure.
    pub grade: Grade,
    /// What will be done, in a few words: `restart 2 containers`.
    pub what: String,
    /// Each step with its object, one a line and none left out.
    pub steps: Vec<String>,
    /// What an operator may not expect.
    pub warning: Option<&'static str>,
}

impl<'a> Request<'a> {
    /// For a change.
    pub fn of(environment: &'a Environment, change: &Change) -> Self {
        let steps: Vec<_> = change.steps().into_iter().map(|step| step.text).collect();
        let what = match (change, steps.as_slice()) {
            (_, [one]) => one.clone(),
            (Change::Containers(act, _), many) => format!("{} {} containers", act.verb(), many.len()),
            (Change::Discard(..), _) => change.title(),
        };
        Self {
            environment,
            grade: grade_at_once(change.weight(), environment),
            what,
            steps,
            warning: change.warning(),
        }
    }
}

impl Consent {
    /// Returns when it may be done.
    ///
    /// # Errors
    /// It was not confirmed: [`Failure::Usage`] where nobody can be asked, [`Failure::Failed`] where the answer was no.
    pub async fn obtain(&self, request: &Request<'_>) -> Result<(), Failure> {
        let name = request.environment.id.as_str();
        if self.confirm.as_deref().is_some_and(|confirmed| confirmed != name) {
            let confirmed = self.confirm.as_deref().unwrap_or_default();
            return Err(Failure::Usage(format!(
                "--confirm {confirmed}, but this is {name}; nothing was done"
            )));
        }
        let is_given = match &request.grade {
            Grade::None => true,
            Grade::Yes => self.yes || self.confirm.is_some(),
            Grade::Name(_) => self.confirm.is_some(),
        };
        if is_given {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::Usage(self.missing(request)));
        }
        remark(&format!("{} in {name}{}:", request.what, class(request.environment)));
        request
            .steps
            .iter()
            .map(String::as_str)
            .chain(request.warning)
            .for_each(|line| remark(&format!("  {line}")));
        let question = match &request.grade {
            Grade::Name(_) => format!("{name} is protected; type its name to go on: "),
            Grade::None | Grade::Yes => "do it? [y/N] ".to_owned(),
        };
        let answer = asked(question).await?;
        let is_yes = match &request.grade {
            Grade::Name(_) => answer == name,
            Grade::None | Grade::Yes => matches!(&*answer.to_lowercase(), "y" | "yes"),
        };
        if is_yes { Ok(()) } else { Err(Failure::Failed("nothing was done".to_owned())) }
    }

    fn missing(&self, request: &Request<'_>) -> String {
        let (what, name) = (&request.what, request.environment.id.as_str());
        match &request.grade {
            Grade::Name(_) if self.yes => {
                format!("{what}: {name} is protected, where --yes is not enough; add --confirm {name}")
            }
            Grade::Name(_) => format!("{what}: {name} is protected; add --confirm {name}"),
            Grade::None | Grade::Yes => format!("{what} in {name}: nobody can be asked; add --yes"),
        }
    }
}

fn class(environment: &Environment) -> &'static str {
    match environment.class {
        Class::Unclassified => " (unclassified: it may be production)",
        Class::Development => " (development)",
        Class::Staging => " (staging)",
        Class::Production => " (PRODUCTION)",
    }
}

/// One line from the terminal. Its thread is left behind when the command is interrupted; the process then ends.
async fn asked(question: String) -> Result<String, Failure> {
    let line = tokio::task::spawn_blocking(move || {
        let mut error = io::stderr().lock();
        write!(error, "{}", ansi::plain(&question))?;
        error.flush()?;
        drop(error);
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok::<_, io::Error>(line.trim().to_owned())
    });
    Ok(line.await.map_err(|error| Failure::Failed(error.to_string()))??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::ContainerAct;
    use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};

    fn environment(class: Class, is_protected: bool) -> Environment {
        let (hosts, projects) = (Vec::new(), Vec::new());
        Environment {
            id: EnvironmentId::new("production"),
            class,
            is_protected,
            hosts,
            projects,
            after: None,
        }
    }

    #[tokio::test]
    async fn yes_is_not_enough_where_the_name_is_wanted_and_another_name_never_is() {
        let environment = environment(Class::Production, true);
        let key = ContainerKey { host: HostId::new("web1"), id: ContainerId::new("1") };
        let stop = Change::Containers(ContainerAct::Stop, vec![(key, "web".to_owned())]);
        let request = Request::of(&environment, &stop);
        let consent = |yes, confirm: Option<&str>| Consent { yes, confirm: confirm.map(str::to_owned) };
        assert!(consent(false, Some("production")).obtain(&request).await.is_ok());
        let wrong = consent(true, Some("staging")).obtain(&request).await.unwrap_err();
        assert!(matches!(wrong, Failure::Usage(_)), "{wrong}");
    }
}
