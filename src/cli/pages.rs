//! `pilothouse completions` and `man`: made from the commands themselves, so that they never lag behind.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::failure::Failure;
use super::out::Out;

/// For which shell.
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Of what.
#[derive(clap::Args, Debug)]
pub struct Man {
    /// One command's page alone; otherwise one page with all of them
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

const EXIT_STATUS: &str = "\
0 done, 1 error, 2 wrong use, 3 something is unhealthy, 4 a deployment was taken back, 5 somebody else deploys, 6 a host does not answer, 7 a wait was over before what it waited for, 125 a program could not be started, 130 interrupted.
.B exec
and
.B run
pass on the status of their program.
";

/// Prints a script for the shell.
pub fn completions(arguments: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "pilothouse", &mut script);
    print(&script)
}

/// Prints a page for `man`.
pub fn man(arguments: &Man) -> Result<u8, Failure> {
    let mut all = super::Arguments::command();
    all.build();
    let mut page = Vec::new();
    if let Some(name) = &arguments.command {
        let found = all.find_subcommand(name);
        let command =
            found.ok_or_else(|| Failure::Usage(format!("no command {name}; see pilothouse --help")))?;
        let title = format!("pilothouse-{}", command.get_name());
        clap_mangen::Man::new(command.clone()).title(title).render(&mut page)?;
        return print(&page);
    }
    let man = clap_mangen::Man::new(all.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    every(&all, "pilothouse", &mut page)?;
    page.extend_from_slice(b".SH \"EXIT STATUS\"\n");
    page.extend_from_slice(EXIT_STATUS.as_bytes());
    man.render_version_section(&mut page)?;
    print(&page)
}

/// Each command with its options, and those below it.
fn every(of: &Command, path: &str, page: &mut Vec<u8>) -> Result<(), Failure> {
    let told = |command: &&Command| command.get_name() != "help" && !command.is_hide_set();
    for command in of.get_subcommands().filter(told) {
        let name = format!("{path} {}", command.get_name());
        let man = clap_mangen::Man::new(command.clone());
        page.extend_from_slice(format!(".SS \"{name}\"\n").as_bytes());
        let mut parts = Vec::new();
        man.render_synopsis_section(&mut parts)?;
        man.render_description_section(&mut parts)?;
        if command.get_arguments().next().is_some() {
            man.render_options_section(&mut parts)?;
        }
        if command.get_after_long_help().is_some() {
            man.render_extra_section(&mut parts)?;
        }
        // Their heads stand one step lower here.
        for line in String::from_utf8_lossy(&parts).lines() {
            match line.strip_prefix(".SH ") {
                Some(head) => page.extend_from_slice(format!(".PP\n.B {head}\n.br\n").as_bytes()),
                None => page.extend_from_slice(format!("{line}\n").as_bytes()),
            }
        }
        every(command, &name, page)?;
    }
    Ok(())
}

fn print(bytes: &[u8]) -> Result<u8, Failure> {
    let mut out = Out::new(false);
    out.raw(bytes)?;
    out.flush()?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::action::ACTIONS;

    /// What is only about the screen itself: moving on it, arranging it, asking it.
    const OF_THE_SCREEN: &[&str] = &[
        "reload",
        "up",
        "down",
        "left",
        "right",
        "top",
        "bottom",
        "page-up",
        "page-down",
        "half-up",
        "half-down",
        "open",
        "back",
        "next-pane",
        "previous-pane",
        "zoom",
        "activity",
        "deployment",
        "refresh",
        "mark",
        "mark-item",
        "sort",
        "next-host",
        "filter",
        "search",
        "next-hit",
        "previous-hit",
        "follow",
        "wrap",
        "json",
        "wider",
        "copy",
        "command",
        "help",
        "quit",
    ];
    /// What is an option of a command, with that option.
    const OPTIONS: &[(&str, &str, &str)] = &[
        ("filter-lines", "logs", "grep"),
        ("level", "logs", "level"),
        ("time-range", "logs", "since"),
        ("correlate", "logs", "grep"),
        ("export", "logs", "raw"),
        ("utc", "logs", "utc"),
        ("write", "stop", "confirm"),
        ("masks", "inspect", "reveal"),
        ("remove-item", "prune", "item"),
        ("prune-all", "prune", "kinds"),
    ];

    fn all() -> Command {
        let mut all = super::super::Arguments::command();
        all.build();
        all
    }

    #[test]
    fn the_commands_are_sound() {
        super::super::Arguments::command().debug_assert();
    }

    #[test]
    fn what_stands_below_the_options_fits_80_columns_as_it_is() {
        fn check(command: &Command) {
            let below = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            for line in below.lines() {
                assert!(line.chars().count() <= 78, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&all());
    }

    #[test]
    fn everything_that_changes_or_shows_something_has_its_twin_by_the_same_name() {
        let all = all();
        let known: BTreeSet<&str> =
            all.get_subcommands().flat_map(|c| c.get_all_aliases().chain([c.get_name()])).collect();
        for entry in ACTIONS {
            let option = OPTIONS.iter().find(|(action, ..)| *action == entry.name);
            if let Some((_, command, argument)) = option {
                let command = all.find_subcommand(command).expect("a command");
                let has = command.get_arguments().any(|a| a.get_id() == argument);
                assert!(has, "{} has no --{argument} for {}", command.get_name(), entry.name);
            } else if !OF_THE_SCREEN.contains(&entry.name) {
                assert!(known.contains(entry.name), "{} has no twin", entry.name);
            }
        }
    }

    #[test]
    fn the_page_and_the_completions_name_every_command() {
        let all = all();
        let mut page = Vec::new();
        every(&all, "pilothouse", &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut all.clone(), "pilothouse", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
                let name = command.get_name();
                assert!(script.contains(name), "{shell}: {name}");
                assert!(name == "help" || page.contains(&format!(".SS \"pilothouse {name}\"")), "{name}");
            }
        }
    }
}
