//! Whether a specification is still what it was, without keeping it: its secrets stay nowhere.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use super::checksum::{checksum, hexadecimal};
use super::secret::{hides, shown};
use super::spec::Spec;

/// Keys values that a hash alone would give away: a weak password is found by trying. It stays on one machine.
#[derive(Clone)]
pub struct SealKey(pub [u8; 32]);

impl SealKey {
    /// By this it is known again.
    pub fn name(&self) -> String {
        checksum(&self.0).get(..12).unwrap_or_default().to_owned()
    }

    /// Of a text, with this key.
    pub fn hash(&self, text: &[u8]) -> String {
        // Any length will do for it.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(text);
        hexadecimal(&mac.finalize().into_bytes())
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKey({})", self.name())
    }
}

/// What a specification was, as two hashes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seal {
    /// Of all but the image and the values of variables and of labels that look like secrets: told by anybody.
    pub open: String,
    /// Of all but the image, with a key: told by whoever has it.
    pub whole: Option<Keyed>,
}

/// A hash with a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Keyed {
    /// [`SealKey::name`].
    pub key: String,
    /// The hash.
    pub hash: String,
}

impl Seal {
    /// Of a specification.
    pub fn of(spec: &Spec, key: Option<&SealKey>) -> Self {
        let whole = spec.with_image("-");
        let names = whole.env().into_iter().map(|(name, value)| (name, value.map(|_| String::new())));
        let labels = whole.labels().into_iter().map(|(name, value)| {
            let value = shown(&value, hides(&name));
            (name, value)
        });
        let open = whole.with_env(&names.collect()).with_labels(&labels.collect());
        let told = |spec: &Spec| canonical(&spec.body()).into_bytes();
        let keyed = key.map(|key| Keyed { key: key.name(), hash: key.hash(&told(&whole)) });
        Self { open: checksum(&told(&open)), whole: keyed }
    }

    /// Whether it still is so, as far as that can be told here: values of secrets only by whoever has the key.
    pub fn holds(&self, spec: &Spec, key: Option<&SealKey>) -> bool {
        let now = Self::of(spec, key);
        let is_known = |one: &Keyed, other: &Keyed| one.key != other.key || one.hash == other.hash;
        let same =
            self.whole.as_ref().zip(now.whole.as_ref()).is_none_or(|(one, other)| is_known(one, other));
        self.open == now.open && same
    }
}

/// JSON with its keys in order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut all: Vec<_> = map.iter().collect();
            all.sort_by_key(|(key, _)| *key);
            let all: Vec<_> =
                all.into_iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            format!("{{{}}}", all.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(image: &str, password: &str, command: &str) -> Spec {
        let body = json!({ "Image": image, "Env": [format!("DB_PASSWORD={password}")], "Cmd": [command] });
        Spec::of_body(body).unwrap()
    }

    #[test]
    fn it_holds_for_another_image_and_breaks_for_anything_else() {
        let key = SealKey([7; 32]);
        let seal = Seal::of(&spec("web:1", "one", "run"), Some(&key));
        assert!(seal.holds(&spec("web:2", "one", "run"), Some(&key)));
        assert!(!seal.holds(&spec("web:1", "one", "walk"), Some(&key)));
        assert!(!seal.holds(&spec("web:1", "two", "run"), Some(&key)), "a secret is another one");
    }

    #[test]
    fn who_has_not_the_key_can_tell_nothing_of_secrets() {
        let seal = Seal::of(&spec("web:1", "one", "run"), Some(&SealKey([7; 32])));
        for other in [None, Some(&SealKey([8; 32]))] {
            assert!(seal.holds(&spec("web:1", "two", "run"), other));
            assert!(!seal.holds(&spec("web:1", "one", "walk"), other));
        }
        assert_eq!(Seal::of(&spec("web:1", "two", "run"), None).open, seal.open);
    }
}
