//! Small changes to a file of the operator's own that keep its comments and its order. Text to text; no files.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::domain::environment::Class;

/// Why a file cannot be changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// It is no TOML, by now.
    #[error("it is no TOML: {0}")]
    Broken(String),
    /// Something else stands where a table is needed.
    #[error("`{0}` is no table there")]
    NoTable(String),
}

/// The text with `kind` of an environment set, and its hosts where the text has none; everything else as it was.
pub fn classify(text: &str, environment: &str, class: Class, hosts: &[String]) -> Result<String, EditError> {
    let broken = |error: toml_edit::TomlError| EditError::Broken(super::problem::shown(error.message()));
    let mut document: DocumentMut = text.parse().map_err(broken)?;
    if class == Class::Unclassified {
        return Ok(text.to_owned());
    }
    let kind = class.word();
    let mut above = Table::new();
    above.set_implicit(true);
    let environments = table(document.as_table_mut(), "environments", above)?;
    let own = table(environments, environment, Table::new())?;
    if !hosts.is_empty() && !own.contains_key("hosts") {
        own.insert("hosts", value(hosts.iter().map(String::as_str).collect::<Array>()));
    }
    match own.get_mut("kind").and_then(Item::as_value_mut) {
        // What stands behind it on its line stays.
        Some(old) => {
            let decor = old.decor().clone();
            *old = kind.into();
            *old.decor_mut() = decor;
        }
        None => drop(own.insert("kind", value(kind))),
    }
    Ok(document.to_string())
}

fn table<'a>(
    parent: &'a mut dyn toml_edit::TableLike,
    name: &str,
    fresh: Table,
) -> Result<&'a mut dyn toml_edit::TableLike, EditError> {
    let item = parent.entry(name).or_insert(Item::Table(fresh));
    item.as_table_like_mut().ok_or_else(|| EditError::NoTable(super::problem::shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<String> {
        vec!["unix:///run/docker.sock".to_owned()]
    }

    #[test]
    fn a_new_file_gets_the_environment_whole() {
        let text = classify("", "my east", Class::Staging, &hosts()).unwrap();
        assert_eq!(
            text,
            "[environments.\"my east\"]\nhosts = [\"unix:///run/docker.sock\"]\nkind = \"staging\"\n"
        );
    }

    #[test]
    fn comments_order_and_other_keys_stay() {
        let before = "# mine\ntheme = \"light\" # bright room\n\n[environments.a]\nhosts = [\"x\"] # one\n# was: kind\nkind = \"staging\" # for now\n\n[logs]\ntail = 5\n";
        let text = classify(before, "a", Class::Production, &hosts()).unwrap();
        assert_eq!(text, before.replace("\"staging\"", "\"production\""));
        let text = classify(before, "b", Class::Development, &[]).unwrap();
        assert!(text.starts_with("# mine\ntheme = \"light\" # bright room\n"), "{text}");
        assert!(text.contains("[environments.b]\nkind = \"development\"\n"), "{text}");
    }

    #[test]
    fn an_inline_table_is_taken_too() {
        let text =
            classify("environments = { a = { hosts = [\"x\"] } }\n", "a", Class::Staging, &hosts()).unwrap();
        assert_eq!(text, "environments = { a = { hosts = [\"x\"] , kind = \"staging\" } }\n");
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        assert!(matches!(classify("a = ", "a", Class::Staging, &[]), Err(EditError::Broken(_))));
        assert_eq!(
            classify("environments = 1", "a", Class::Staging, &[]),
            Err(EditError::NoTable("environments".into()))
        );
    }
}
