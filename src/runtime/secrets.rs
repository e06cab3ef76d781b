//! Values of variables from files of this machine and from commands that are run on it (Vault, sops, pass).

use std::path::Path;

use async_trait::async_trait;
use zeroize::{Zeroize, Zeroizing};

use super::shelf::Disk;
use crate::config::files::read_text;
use crate::config::inventory::Shelf;
use crate::domain::deployment::Source;
use crate::jobs::deploy::secrets::{Secret, Sources};

/// More than any value: an engine takes no more of a variable.
const MOST_BYTES: usize = 128 << 10;

/// This machine, as whoever runs this program.
pub struct Here;

#[async_trait]
impl Sources for Here {
    async fn value(&self, source: &Source) -> Result<Secret, String> {
        let source = source.clone();
        let had = tokio::task::spawn_blocking(move || had(&source)).await;
        had.unwrap_or_else(|_| Err("it could not be had".to_owned()))
    }
}

fn had(source: &Source) -> Result<Secret, String> {
    let mut text = match source {
        Source::File(path) => read(path)?,
        Source::Command { argv, dir, within } => {
            let printed = Disk { home: None }.run(argv, dir, *within);
            // What it said may be the value itself.
            let bare = |why: String| {
                let how = why.split(": ").next().unwrap_or_default();
                if how.starts_with("it ended") { format!("{how}; run it by hand to see why") } else { why }
            };
            printed.map(Zeroizing::new).map_err(bare)?
        }
        Source::Nowhere => {
            return Err(
                "either `file` or `command` has to be set; a command of a project file is off until \
                 `pilothouse config trust`"
                    .to_owned(),
            );
        }
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    match text.as_str() {
        "" => Err("there is nothing in it".to_owned()),
        value if value.contains('\0') => {
            text.zeroize();
            Err("there is a NUL in it".to_owned())
        }
        value if value.len() > MOST_BYTES => Err(format!("it is longer than {} KiB", MOST_BYTES >> 10)),
        _ => Ok(text),
    }
}

fn read(path: &Path) -> Result<Secret, String> {
    read_text(path, MOST_BYTES).map(Zeroizing::new).map_err(|error| format!("cannot read it: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(script: &str, within: Duration) -> Result<String, String> {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        had(&Source::Command { argv, dir: "/".into(), within }).map(|value| value.to_string())
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_value_is_what_is_printed_without_the_end_of_its_line() {
        assert_eq!(of("printf 'a b\\n'", LONG).unwrap(), "a b");
        assert_eq!(of("printf 'a\\n\\n'", LONG).unwrap(), "a\n");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3same\r\n").unwrap();
        assert_eq!(had(&Source::File(file.path().into())).unwrap().as_str(), "s3same");
    }

    #[test]
    fn what_a_command_says_is_never_told() {
        let why = of("echo s3same; echo s3same >&2; exit 3", LONG).unwrap_err();
        assert_eq!(why, "it ended with 3; run it by hand to see why");
    }

    #[test]
    fn a_command_that_hangs_or_prints_nothing_is_told() {
        assert!(
            of("sleep 600", Duration::from_millis(200)).unwrap_err().starts_with("it did not end within")
        );
        assert_eq!(of("true", LONG).unwrap_err(), "there is nothing in it");
        assert!(had(&Source::Nowhere).unwrap_err().contains("config trust"));
        assert!(had(&Source::File("/no/such/file".into())).unwrap_err().starts_with("cannot read it"));
    }
}
