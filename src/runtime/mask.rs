//! An inspection as lines to read, with the values of secrets masked.

use serde_json::Value;

const SECRET_WORDS: [&str; 9] =
    ["password", "passwd", "secret", "token", "key", "credential", "dsn", "auth", "private"];
const MASK: &str = "********";

/// Pretty JSON; environment variables whose names look like secrets show only that they are set.
pub fn lines(mut value: Value) -> Vec<String> {
    mask(&mut value);
    let text = serde_json::to_string_pretty(&value).unwrap_or_else(|e| e.to_string());
    text.lines().map(str::to_owned).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::Array(items) if key == "Env" => items.iter_mut().for_each(mask_variable),
                    Value::String(text) if is_secret(key) && !text.is_empty() => MASK.clone_into(text),
                    inner => mask(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// `NAME=value`, and credentials inside a URL whatever the name.
fn mask_variable(item: &mut Value) {
    let Value::String(text) = item else { return };
    let Some((name, value)) = text.split_once('=') else { return };
    if is_secret(name) && !value.is_empty() {
        *text = format!("{name}={MASK}");
    } else if let Some((scheme, rest)) = value.split_once("://")
        && let Some((_, host)) = rest.split_once('@')
    {
        *text = format!("{name}={scheme}://{MASK}@{host}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_value_is_in_the_text() {
        let value = serde_json::json!({
            "Config": {"Env": ["API_TOKEN=s3cr3t", "PATH=/bin", "DATABASE_URL=postgres://u:s3cr3t@db/x"]},
            "Labels": {"db.password": "s3cr3t"}
        });
        let text = lines(value).join("\n");
        assert!(!text.contains("s3cr3t") && text.contains("PATH=/bin") && text.contains("API_TOKEN=****"));
    }
}
