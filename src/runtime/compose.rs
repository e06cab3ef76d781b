//! The Compose files of an environment and files of variables, read from this machine's disk.

use std::collections::BTreeMap;
use std::path::Path;

use crate::compose::{self, File, Project, Source, env_file};
use crate::config::files::read_text;
use crate::config::problem::{Problem, shown};
use crate::config::schema;

/// More than anybody writes.
const MOST_BYTES: usize = 4 << 20;
const NAME: &str = "COMPOSE_PROJECT_NAME";

/// The project that they describe. `only` is the one project of the environment, where it has one.
///
/// # Errors
/// All that is wrong with them, each with its file and line.
pub fn read(compose: &schema::Compose, only: Option<&str>) -> Result<Project, Vec<Problem>> {
    let text = |path: &Path| -> Result<File, Vec<Problem>> {
        let name = shown(&path.display().to_string());
        let text = read_text(path, MOST_BYTES);
        Ok(File { text: text.map_err(|error| unread(&name, &error.to_string()))?, name })
    };
    let files: Vec<File> = compose.files.iter().map(|path| text(path)).collect::<Result<_, _>>()?;
    let base = compose.files.first().and_then(|base| std::path::absolute(base).ok()).unwrap_or_default();
    let directory = base.parent().unwrap_or(Path::new("/")).to_path_buf();
    let outside: BTreeMap<String, String> = std::env::vars().collect();
    let beside = directory.join(".env");
    let variables = match compose.env_file.as_deref() {
        Some(named) => variables(named, &outside)?,
        None if beside.exists() => variables(&beside, &outside)?,
        None => BTreeMap::new(),
    };
    // The operator's own environment goes before them.
    let variables = variables.into_iter().chain(outside).collect::<BTreeMap<_, _>>();
    let named = compose.project.as_deref().or(only).or(variables.get(NAME).map(String::as_str));
    let project = named.map_or_else(|| project_of(&directory), str::to_owned);
    compose::read(&Source {
        files,
        directory: directory.display().to_string(),
        project,
        separator: '-',
        variables,
        read: &|path| read_text(Path::new(path), MOST_BYTES).map_err(|error| error.to_string()),
    })
}

/// The names of the variables in a file.
///
/// # Errors
/// It cannot be read, or a line is not understood.
pub fn names(path: &Path) -> Result<Vec<String>, Vec<Problem>> {
    Ok(variables(path, &BTreeMap::new())?.into_keys().collect())
}

fn unread(name: &str, cause: &str) -> Vec<Problem> {
    let message = format!("cannot read it: {cause}");
    vec![Problem { origin: name.to_owned(), place: None, message, hint: None }]
}

/// Those of the file.
fn variables(
    path: &Path,
    outside: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let name = shown(&path.display().to_string());
    let text = read_text(path, MOST_BYTES).map_err(|error| unread(&name, &error.to_string()))?;
    let given = env_file::parse(&text, outside)
        .map_err(|message| vec![Problem { origin: name.clone(), place: None, message, hint: None }])?;
    Ok(given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// The name that Compose gives the project of a directory.
fn project_of(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}
