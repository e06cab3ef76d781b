//! What stands for something else in a setting: `%` tokens, `~/`, quoted lists of files.

use std::path::PathBuf;

use super::Local;

/// A list of file names as OpenSSH writes it: separated by blanks, one with blanks in quotes.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        out.push(word.to_owned());
        rest = after.trim_start();
    }
    out
}

/// What `%` tokens stand for.
pub(super) struct Names<'a> {
    pub(super) local: &'a Local,
    pub(super) original: &'a str,
    pub(super) host_name: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) key_alias: Option<&'a str>,
}

impl Names<'_> {
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match characters.next() {
                Some('%') => out.push('%'),
                Some('h') => out.push_str(self.host_name),
                Some('n') => out.push_str(self.original),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.user),
                Some('u') => out.push_str(&self.local.user),
                Some('d') => out.push_str(&self.local.home.to_string_lossy()),
                Some('k') => out.push_str(self.key_alias.unwrap_or(self.host_name)),
                other => {
                    let token = other.map(String::from).unwrap_or_default();
                    return Err(format!("`{text}`: `%{token}` is not supported; write what it stands for"));
                }
            }
        }
        Ok(out)
    }

    /// `${NAME}` stands for a variable, as in OpenSSH; one that is not set is an error there too.
    fn with_variables(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("`{text}`: `${{` without its `}}`"))?;
            let value = self.local.variables.get(name);
            out.push_str(before);
            out.push_str(&value.ok_or_else(|| format!("`{text}`: the variable {name} is not set"))?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
        let text = self.expand(&self.with_variables(text.trim_matches('"'))?)?;
        Ok(match text.strip_prefix("~/") {
            Some(rest) => self.local.home.join(rest),
            None => PathBuf::from(text),
        })
    }
}
