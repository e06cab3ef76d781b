//! Lines of a log written to a file: a new one, whole, or none at all and the reason.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::files::in_home;
use crate::msg::JobEvent;

/// Writes a new file that only its owner can read. An existing one is never touched; a half-written one is removed.
pub fn write(path: &str, text: &str) -> JobEvent {
    let path = place(path, std::env::var_os("HOME").map(PathBuf::from).as_deref());
    let shown = path.display();
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = match opened {
        Ok(file) => fill(file, text),
        Err(error) => return JobEvent::Failed(unopened(&path, &error)),
    };
    match written {
        Ok(()) => JobEvent::Done(format!("{} lines written to {shown}", text.lines().count())),
        Err(error) => JobEvent::Failed(unfinished(&path, &error, remove_file(&path))),
    }
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    // Some file systems tell only now that there is no room.
    file.sync_all()
}

/// Whole, so that the activity list names it wherever the console was started; `~/` is the home directory.
fn place(typed: &str, home: Option<&Path>) -> PathBuf {
    let path = in_home(typed.as_ref(), home).unwrap_or_else(|| PathBuf::from(typed));
    // Fails only for an empty path, or where the directory we are in is gone: the file's own error says that.
    std::path::absolute(&path).unwrap_or(path)
}

fn unopened(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("{shown} exists already and was left as it is; choose another name")
        }
        _ => format!("cannot write {shown}: {}; choose another place", cause(error)),
    }
}

/// What the writing came back with counts; that the rest of it could not be removed comes second.
fn unfinished(path: &Path, error: &io::Error, removed: io::Result<()>) -> String {
    let (shown, cause) = (path.display(), self::cause(error));
    let next = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space or choose another disk",
        _ => "choose another place",
    };
    match removed {
        Ok(()) => format!("cannot write {shown}: {cause}; {next}; nothing was kept"),
        Err(why) => {
            let why = self::cause(&why);
            format!(
                "cannot write {shown}: {cause}; {next}; half of it is still there and cannot be removed: {why}"
            )
        }
    }
}

/// In the words of the machine, without its number.
fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_writing_is_told_also_where_the_half_file_cannot_be_removed() {
        let (full, denied) =
            (io::Error::from(ErrorKind::StorageFull), io::Error::from(ErrorKind::PermissionDenied));
        let said = unfinished(Path::new("/full/api.log"), &full, Err(denied));
        for part in
            ["cannot write /full/api.log: no storage space", "half of it is still there", "permission denied"]
        {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn an_existing_file_is_named_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.log");
        std::fs::write(&path, "mine").unwrap();
        let JobEvent::Failed(said) = write(&path.display().to_string(), "new\n") else {
            panic!("overwritten")
        };
        assert!(said.starts_with(&format!("{} exists already", path.display())), "{said}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_path_below_home_and_one_beside_us_are_told_whole() {
        assert_eq!(place("~/a.log", Some(Path::new("/home/alice"))), Path::new("/home/alice/a.log"));
        assert_eq!(place("a.log", None), std::env::current_dir().unwrap().join("a.log"));
    }
}
