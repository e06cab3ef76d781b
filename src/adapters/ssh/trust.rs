//! Whether a host's key is the host's: known_hosts first, then a person; never switched off.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::connect::ConnectError;
use super::known_hosts::{KnownHosts, Verdict, blob_type, fingerprint, line_for, name_of};
use super::settings::{Settings, Strictness};
use crate::domain::checkup::{Stage, Step};
use crate::ports::prompt::{Prompter, Question};

/// All known_hosts files of a host. A file that is missing is empty, as for OpenSSH; one that cannot be read is an error.
pub(super) fn known_hosts(settings: &Settings) -> Result<KnownHosts, ConnectError> {
    let mut known = KnownHosts::default();
    for file in &settings.known_hosts {
        match fs::read(file) {
            Ok(bytes) => known.read(file, &String::from_utf8_lossy(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(ConnectError::File { file: file.clone(), cause }),
        }
    }
    Ok(known)
}

/// Lets a key pass and says who vouches for it, or says why not. A key that is taken is recorded in the operator's
/// first file, unless whoever asks does not want that.
pub(super) fn check(
    settings: &Settings,
    known: &KnownHosts,
    blob: &[u8],
    prompter: &dyn Prompter,
) -> Result<Step, ConnectError> {
    let (name, port) = settings.key_name();
    let host = name_of(name, port);
    let key_type = blob_type(blob).unwrap_or("unknown").to_owned();
    let print = fingerprint(blob);
    let others = match known.check(name, port, blob) {
        Verdict::Known(place) => {
            return Ok(Step::ok(Stage::HostKey, format!("{key_type} {print}, known by {place}")));
        }
        Verdict::Changed(place) => {
            return Err(ConnectError::ChangedKey { host, key_type, fingerprint: print, place });
        }
        Verdict::Revoked(place) => return Err(ConnectError::RevokedKey { host, fingerprint: print, place }),
        Verdict::Unknown { others } => others.iter().map(|(kind, at)| format!("{kind} at {at}")).collect(),
    };
    let unknown = || ConnectError::UnknownKey {
        host: host.clone(),
        key_type: key_type.clone(),
        fingerprint: print.clone(),
    };
    let is_taken = match settings.strictness {
        Strictness::Yes => false,
        Strictness::AcceptNew => true,
        Strictness::Ask => {
            let question = Question::HostKey {
                host: host.clone(),
                key_type: key_type.clone(),
                fingerprint: print.clone(),
                others,
            };
            prompter.ask(&question).is_some_and(|answer| {
                let answer = answer.0.trim();
                answer.eq_ignore_ascii_case("yes") || answer == print
            })
        }
    };
    if !is_taken {
        return Err(unknown());
    }
    let taken = match settings.strictness {
        Strictness::AcceptNew => "taken, as StrictHostKeyChecking accept-new says",
        Strictness::Yes | Strictness::Ask => "taken, as you said",
    };
    let taken = format!("{key_type} {print}, which nobody vouches for: {taken}");
    let once = |why: &str, mend: String| Ok(Step::warn(Stage::HostKey, format!("{taken}, {why}"), mend));
    if !prompter.remembers() {
        return once("for this once", format!("ssh {} true, which writes it down", settings.original));
    }
    let Some(file) = settings.known_hosts.first().filter(|_| settings.own_known_hosts > 0) else {
        return once(
            "for this once: there is no file of yours",
            "UserKnownHostsFile ~/.ssh/known_hosts".to_owned(),
        );
    };
    let line = line_for(name, port, blob, salt(settings.is_hashing)?).ok_or_else(unknown)?;
    record(file, &line).map_err(|cause| ConnectError::File { file: file.clone(), cause })?;
    Ok(Step::ok(Stage::HostKey, format!("{taken}, and written into {}", file.display())))
}

/// 20 random bytes when names are to be hashed.
fn salt(is_hashing: bool) -> Result<Option<[u8; 20]>, ConnectError> {
    if !is_hashing {
        return Ok(None);
    }
    let mut salt = [0; 20];
    let source = Path::new("/dev/urandom");
    let read = fs::File::open(source).and_then(|mut file| file.read_exact(&mut salt));
    read.map_err(|cause| ConnectError::File { file: source.to_path_buf(), cause })?;
    Ok(Some(salt))
}

/// Adds a line at the end, on a line of its own.
fn record(file: &Path, line: &str) -> io::Result<()> {
    if let Some(dir) = file.parent().filter(|dir| !dir.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let mut known = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    let mut text = String::new();
    if known.seek(SeekFrom::End(0))? > 0 {
        known.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        known.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push('\n');
        }
    }
    text.push_str(line);
    known.write_all(text.as_bytes())?;
    known.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_key_stands_on_a_line_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new/known_hosts");
        record(&file, "a ssh-ed25519 x\n").unwrap();
        fs::write(&file, "no end of line").unwrap();
        record(&file, "b ssh-ed25519 y\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "no end of line\nb ssh-ed25519 y\n");
    }
}
