//! The files of the ledgers on a host: a directory beside the engine's own data, which a container that is never
//! started mounts, written and read through the archive calls of the API. Nothing else of the host is touched.
//!
//! Not a volume: `docker system prune --volumes` of 20.10 takes container and volume together. The directory survives
//! that, and the container with its empty image is made again.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::api::{Api, Body};
use super::holder;
use crate::domain::ledger::HOLDER;
use crate::domain::ledger::form::MOST_BYTES;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::ports::ledger::{File, Kept};

/// Where it mounts the directory. No image has such a place: a foreign container of that name is found out by it.
const INSIDE: &str = "/pilothouse-ledger";
/// Name of the directory, beside that of the engine's data.
const DIRECTORY: &str = "pilothouse";
/// Below it: all ledgers. For root alone, who ran what is nobody else's business.
const BELOW: &str = "ledger";
/// A ledger of thousands of records over a slow link.
const READ_WITHIN: Duration = CALL_TIMEOUT.saturating_mul(6);

/// All files below a path; it may be that of a file.
pub(super) async fn files(api: &Api, below: &str) -> Result<Kept, EngineError> {
    let what = "read the ledger";
    let path = format!("/containers/{HOLDER}/archive?path={INSIDE}/{BELOW}/{}", encoded(below));
    match api.call_within(READ_WITHIN, what, Method::GET, &path, None).await {
        Ok(archive) => unpacked(&archive, below)
            .map(Kept::Files)
            .map_err(|error| EngineError::Broken { what: what.to_owned(), cause: error.to_string() }),
        Err(EngineError::Refused { status: 404, message, .. }) if is_no_container(&message) => {
            Ok(Kept::NoWay)
        }
        // "Could not find the file …"
        Err(EngineError::Refused { status: 404, .. }) => Ok(Kept::Files(Vec::new())),
        Err(error) => Err(error),
    }
}

/// Makes a holder that was cleared away, if its directory is there.
pub(super) async fn reopen(api: &Api) -> Result<bool, EngineError> {
    let what = "open the ledger";
    let there =
        api.call_within(CALL_TIMEOUT, what, Method::GET, &format!("/containers/{HOLDER}/json"), None).await;
    match there {
        Ok(_) => return Ok(true),
        Err(EngineError::Refused { status: 404, .. }) => {}
        Err(error) => return Err(error),
    }
    // Such a mount is refused where its source is missing, before anything is made.
    let source = directory(api).await?;
    let mounts = json!({ "Mounts": [{ "Type": "bind", "Source": source, "Target": INSIDE }] });
    match hold(api, what, mounts).await {
        Ok(()) => Ok(true),
        Err(EngineError::Refused { status: 400, message, .. }) if message.contains("does not exist") => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Writes files, and makes the holder where there is none.
pub(super) async fn write(api: &Api, files: &[File]) -> Result<(), EngineError> {
    let what = "write the ledger";
    let broken = |error: io::Error| EngineError::Broken { what: what.to_owned(), cause: error.to_string() };
    let archive = packed(files).map_err(broken)?;
    match put(api, what, archive.clone()).await {
        Err(EngineError::Refused { status: 404, message, .. }) if is_no_container(&message) => {
            let source = directory(api).await?;
            // Made by the engine where it is missing.
            hold(api, what, json!({ "Binds": [format!("{source}:{INSIDE}")] })).await?;
            put_soon(api, what, archive).await
        }
        other => other,
    }
    .map_err(|error| match error {
        EngineError::Refused { status: 404, message, .. } if !is_no_container(&message) => {
            EngineError::Broken {
                what: what.to_owned(),
                cause: format!("the container {HOLDER} is none of ours ({message}); rename or remove it"),
            }
        }
        error => error,
    })
}

async fn put(api: &Api, what: &str, archive: Vec<u8>) -> Result<(), EngineError> {
    let path = format!("/containers/{HOLDER}/archive?path={INSIDE}");
    api.call_within(CALL_TIMEOUT, what, Method::PUT, &path, Body::tar(archive)).await.map(drop)
}

/// Whoever makes the holder at the same time has its name before its container is there.
async fn put_soon(api: &Api, what: &str, archive: Vec<u8>) -> Result<(), EngineError> {
    let end = Instant::now() + CALL_TIMEOUT;
    loop {
        match put(api, what, archive.clone()).await {
            Err(EngineError::Refused { status: 404, message, .. })
                if is_no_container(&message) && Instant::now() < end =>
            {
                sleep(holder::MADE_GAP).await;
            }
            other => return other,
        }
    }
}

fn is_no_container(message: &str) -> bool {
    message.contains("No such container")
}

/// The directory on the host.
pub(super) async fn directory(api: &Api) -> Result<String, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Info {
        docker_root_dir: Option<String>,
    }
    let what = "find a place for the ledger";
    let root = api.get::<Info>(what, "/info").await?.docker_root_dir.unwrap_or_default();
    let parent = Path::new(&root).parent().filter(|parent| parent.is_absolute());
    // A colon would end the path in the middle.
    let directory =
        parent.map(|parent| format!("{}/{DIRECTORY}", parent.display().to_string().trim_end_matches('/')));
    directory.filter(|directory| !directory.contains(':')).ok_or_else(|| EngineError::Broken {
        what: what.to_owned(),
        cause: format!("the engine keeps its data in `{root}`, and nothing can lie beside that"),
    })
}

/// Makes the holder with this mount. That another made it first is as good.
async fn hold(api: &Api, what: &str, mount: serde_json::Value) -> Result<(), EngineError> {
    let labels = json!({ holder::LABEL: "ledger" });
    match holder::make(api, what, HOLDER, &labels, &mount).await {
        Ok(_) | Err(EngineError::Refused { status: 409, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// For a query: our paths are made of these characters only, whatever an environment is called.
fn encoded(path: &str) -> String {
    path.replace('%', "%25")
}

fn packed(files: &[File]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut made = std::collections::BTreeSet::new();
    for file in files {
        let path = format!("{BELOW}/{}", file.path);
        let above: Vec<_> =
            Path::new(&path).ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect();
        for directory in above.into_iter().rev() {
            if made.insert(directory.to_owned()) {
                let mut header = header(0, 0o700);
                header.set_entry_type(tar::EntryType::Directory);
                archive.append_data(&mut header, directory, io::empty())?;
            }
        }
        archive.append_data(&mut header(file.bytes.len(), 0o600), &path, file.bytes.as_slice())?;
    }
    archive.into_inner()
}

pub(super) fn header(bytes: usize, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes as u64);
    header.set_mode(mode);
    header
}

/// The regular files in an archive of the path `below`. One that is larger than any of ours is cut off: it counts as
/// torn. Names that are no text are none of ours.
fn unpacked(archive: &[u8], below: &str) -> io::Result<Vec<File>> {
    let above = below.rsplit_once('/').map_or("", |(above, _)| above);
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let Ok(name) = String::from_utf8(entry.path_bytes().into_owned()) else { continue };
        let mut bytes = Vec::new();
        entry.by_ref().take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let path = if above.is_empty() { name } else { format!("{above}/{name}") };
        files.push(File { path, bytes });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_found_at_its_path_again() {
        let file = |path: &str| File { path: path.to_owned(), bytes: path.as_bytes().to_vec() };
        let long = format!("{}/000001/a.begun", "x".repeat(200));
        let files = [file("e/000001/a.begun"), file("e/head"), file(&long)];
        assert_eq!(unpacked(&packed(&files).unwrap(), "ledger").unwrap().len(), 3);
        let read = unpacked(&packed(&files).unwrap(), "x/ledger").unwrap();
        assert_eq!(read[2].path, format!("x/ledger/{long}"));
        assert_eq!(read[2].bytes, long.as_bytes());
    }

    #[test]
    fn an_archive_that_is_none_is_an_error_and_nothing_else() {
        assert!(unpacked(&[7; 2000], "e").is_err());
        let cut = packed(&[File { path: "e/head".to_owned(), bytes: vec![1; 5000] }]).unwrap();
        assert!(unpacked(&cut[..3000], "e").is_err());
    }
}
