//! Which configuration files there are, and their texts. The only code of the configuration that touches the disk;
//! it takes directories that were already chosen and decides nothing about their content.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::load::{Layer, LayerKind, MAX_FILE_BYTES, shown_path};
use super::problem::{Lines, Problem, Problems};

/// Name of a project's file.
pub const PROJECT_FILE: &str = "pilothouse.toml";
/// Name of the operator's own file in the directory of the program.
pub const USER_FILE: &str = "config.toml";

/// Where to look. Empty paths in `XDG_CONFIG_HOME` and the like are the caller's to sort out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dirs {
    /// The operator's home, where the search for a project file ends.
    pub home: Option<PathBuf>,
    /// The program's own: `$XDG_CONFIG_HOME/pilothouse`.
    pub config: Option<PathBuf>,
    /// A file that must exist: `PILOTHOUSE_CONFIG` or `--config`.
    pub extra: Option<PathBuf>,
}

/// Which files would be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Paths {
    /// The nearest project file; `None` if there is none.
    pub project: Option<PathBuf>,
    /// The operator's own, whether it exists or not.
    pub user: Option<PathBuf>,
    /// The one that was named.
    pub extra: Option<PathBuf>,
}

impl Paths {
    /// Looks for a project file in `cwd` (absolute) and above it, up to the first directory with a `.git`, or home.
    ///
    /// Where neither stands above, only `cwd` counts: `/tmp` or `/srv` may belong to anybody.
    pub fn find(dirs: &Dirs, cwd: &Path) -> Self {
        let is_end = |dir: &Path| dirs.home.as_deref() == Some(dir) || dir.join(".git").exists();
        let depth = cwd.ancestors().position(is_end).unwrap_or(0);
        let candidates = cwd.ancestors().take(depth + 1).map(|dir| dir.join(PROJECT_FILE));
        Self {
            project: candidates.into_iter().find(|path| path.is_file()),
            user: dirs.config.as_ref().map(|dir| dir.join(USER_FILE)),
            extra: dirs.extra.clone(),
        }
    }
}

/// Reads what there is. Only the extra file has to exist.
///
/// # Errors
/// Each file that is there and cannot be read as text.
pub fn read_layers(dirs: &Dirs, cwd: &Path) -> Result<Vec<Layer>, Problems> {
    let Paths { project, user, extra } = Paths::find(dirs, cwd);
    let wanted = [(LayerKind::Project, project), (LayerKind::User, user), (LayerKind::Extra, extra)];
    let (mut layers, mut problems) = (Vec::new(), Vec::new());
    for (kind, path) in wanted {
        let Some(path) = path else { continue };
        match read(kind, &path) {
            Ok(Some(layer)) => layers.push(layer),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(layers) } else { Err(Problems(problems)) }
}

fn read(kind: LayerKind, path: &Path) -> Result<Option<Layer>, Problem> {
    let origin = || shown_path(&path.to_string_lossy());
    let wrong = |message: String| Problem { origin: origin(), place: None, message, hint: None };
    let bytes = match read_bytes(kind, path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && kind != LayerKind::Extra => return Ok(None),
        Err(error) => return Err(wrong(format!("cannot read it: {error}"))),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let before = String::from_utf8_lossy(&bytes[..at]);
        let place = Some(Lines::new(&before).place(at));
        Problem { place, ..wrong("no text: this byte is not UTF-8".to_owned()) }
    })?;
    // Trust is given to a path: it must not depend on how the directory was entered.
    let path = match kind {
        LayerKind::Project => {
            fs::canonicalize(path).map_err(|e| wrong(format!("cannot resolve its path: {e}")))?
        }
        LayerKind::User | LayerKind::Extra => path.to_owned(),
    };
    Ok(Some(Layer { kind, path, text }))
}

fn read_bytes(kind: LayerKind, path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would hang; only the file that was named may be one: `--config <(…)`.
    if kind != LayerKind::Extra && !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    // One more than allowed, so that the check of the text sees that it is too long.
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A path that begins with the home directory, `~` as shells write it; `None` where it does not, or nobody knows that.
pub fn in_home(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    Some(home?.join(path.strip_prefix("~").ok()?))
}

/// A file of others as text: a regular one, of at most `most` bytes.
///
/// # Errors
/// It is none, is larger, or is no UTF-8.
pub fn read_text(path: &Path, most: usize) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other(format!("it is larger than {} KiB", most >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text: not UTF-8"))
}

/// What is in a directory, sorted: names, and whether each is a directory. Empty where there is none.
///
/// # Errors
/// It is there and cannot be read.
pub fn entries(dir: &Path) -> io::Result<Vec<(String, bool)>> {
    let all = match fs::read_dir(dir) {
        Ok(all) => all,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in all {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path().is_dir()));
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file of the operator's own whole or not at all, for the operator's eyes only where it is new. A link stays a link.
///
/// # Errors
/// What the file system refused; the old file is then as it was.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()));
    let dir = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir).map_err(named)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = dir.join(name);
    let written = fill(&beside, text, fs::metadata(&path).ok()).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // What could not be written cannot always be removed; the error below is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(named)
}

fn fill(path: &Path, text: &str, old: Option<fs::Metadata>) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Theme files of the operator's own: name without `.toml`, and path; sorted.
///
/// # Errors
/// The directory is there and cannot be read.
pub fn user_themes(config: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(config.join("themes")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        if let Some(name) = name.filter(|_| path.extension().is_some_and(|ext| ext == "toml")) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn project(root: &Path, cwd: &str, home: Option<&str>) -> Option<String> {
        let dirs = Dirs { home: home.map(|home| root.join(home)), ..Dirs::default() };
        let found = Paths::find(&dirs, &root.join(cwd)).project?;
        Some(found.strip_prefix(root).unwrap().display().to_string())
    }

    #[test]
    fn a_project_file_is_found_above_up_to_the_root_of_the_repository() {
        let dir = tree(&[
            ("pilothouse.toml", b""),
            ("repo/.git/HEAD", b""),
            ("repo/a/b/x", b""),
            ("repo/pilothouse.toml", b""),
        ]);
        assert_eq!(project(dir.path(), "repo/a/b", None).as_deref(), Some("repo/pilothouse.toml"));
        fs::remove_file(dir.path().join("repo/pilothouse.toml")).unwrap();
        assert_eq!(project(dir.path(), "repo/a/b", None), None);
    }

    #[test]
    fn the_search_ends_at_home() {
        let dir = tree(&[("pilothouse.toml", b""), ("home/a/x", b"")]);
        assert_eq!(project(dir.path(), "home/a", Some("home")), None);
        fs::write(dir.path().join("home/pilothouse.toml"), "").unwrap();
        assert_eq!(project(dir.path(), "home/a", Some("home")).as_deref(), Some("home/pilothouse.toml"));
    }

    #[test]
    fn outside_of_home_and_repositories_only_the_directory_itself_counts() {
        let dir = tree(&[("pilothouse.toml", b""), ("a/x", b"")]);
        assert_eq!(project(dir.path(), "a", None), None);
        assert_eq!(project(dir.path(), "", None).as_deref(), Some("pilothouse.toml"));
    }

    #[test]
    fn only_the_file_that_was_named_must_exist() {
        let dir = tree(&[("x", b"")]);
        let dirs = Dirs { home: None, config: Some(dir.path().to_owned()), extra: None };
        assert_eq!(read_layers(&dirs, dir.path()), Ok(Vec::new()));
        let dirs = Dirs { extra: Some(dir.path().join("gone.toml")), ..dirs };
        assert!(
            read_layers(&dirs, dir.path()).unwrap_err().to_string().contains("gone.toml: cannot read it: ")
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let dir = tree(&[("config.toml", b"# \xc3\xa9\n# ok \xff\n")]);
        let dirs = Dirs { config: Some(dir.path().to_owned()), ..Dirs::default() };
        let found = read_layers(&dirs, dir.path()).unwrap_err().to_string();
        assert!(found.ends_with("config.toml:2:6: no text: this byte is not UTF-8"), "{found}");
    }

    #[test]
    fn a_project_file_is_named_by_its_true_path() {
        let dir = tree(&[("real/pilothouse.toml", b"utc = true\n")]);
        std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
        let layers = read_layers(&Dirs::default(), &dir.path().join("link")).unwrap();
        assert_eq!(layers[0].path, fs::canonicalize(dir.path()).unwrap().join("real/pilothouse.toml"));
        assert_eq!(layers[0].text, "utc = true\n");
    }

    #[test]
    fn a_directory_in_the_place_of_a_file_is_said_so() {
        let dir = tree(&[("config.toml/x", b"")]);
        let dirs = Dirs { config: Some(dir.path().to_owned()), ..Dirs::default() };
        assert!(read_layers(&dirs, dir.path()).unwrap_err().to_string().ends_with("it is no file"));
    }

    #[test]
    fn themes_are_found_by_the_names_of_their_files() {
        let dir = tree(&[("themes/b.toml", b""), ("themes/a.toml", b""), ("themes/notes.txt", b"")]);
        let names: Vec<_> = user_themes(dir.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(user_themes(&dir.path().join("none")).unwrap(), []);
    }
}
