//! Whether one value is what its key holds.

use toml::Value;

use super::Known;
use crate::config::keymap::Chords;
use crate::config::problem::{nearest, quote, shown, suggestion};
use crate::config::table::Kind;
use crate::config::theme;
use crate::config::units::{ByteSize, Factor, Percent, Period, PolicyText, Span};
use crate::domain::host::Address;

/// What is wrong with a value.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Which item of a list, from 0.
    pub(super) item: Option<usize>,
}

type Checked = Result<(), (String, Option<String>)>;

/// Everything wrong with `value`; empty if it is sound.
pub(super) fn check(kind: Kind, value: &Value, known: &Known) -> Vec<Fault> {
    let fault = |(message, hint), item| Fault { message, hint, item };
    match (kind, value) {
        (Kind::List(item), Value::Array(items)) => {
            let wrong = |(i, value)| one(*item, value, known).err().map(|e| fault(e, Some(i)));
            items.iter().enumerate().filter_map(wrong).collect()
        }
        _ => one(kind, value, known).err().map(|e| fault(e, None)).into_iter().collect(),
    }
}

fn one(kind: Kind, value: &Value, known: &Known) -> Checked {
    match (kind, value) {
        (Kind::Bool, Value::Boolean(_)) => Ok(()),
        (Kind::Integer(least, most), Value::Integer(found)) => {
            if (least..=most).contains(found) {
                return Ok(());
            }
            Err((format!("{found} is not between {least} and {most}"), None))
        }
        (Kind::Bool | Kind::Integer(..) | Kind::List(_) | Kind::Same(_), _) => Err(mismatch(kind, value)),
        (_, Value::String(text)) => of_text(kind, text, known),
        _ => Err(mismatch(kind, value)),
    }
}

fn of_text(kind: Kind, text: &str, known: &Known) -> Checked {
    let plain = |message: String| (message, None);
    if text.chars().any(char::is_control) {
        return Err((format!("{} holds a control character", quote(text)), None));
    }
    match kind {
        Kind::Period(least) => {
            let period: Period = text.parse().map_err(|e| plain(format!("{e}")))?;
            let least = Period::from_ms(least);
            let is_short = period < least;
            if is_short { Err((format!("{period} is too short; at least {least}"), None)) } else { Ok(()) }
        }
        Kind::Size => text.parse::<ByteSize>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Percent => text.parse::<Percent>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Span => text.parse::<Span>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Factor => text.parse::<Factor>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Policy => text.parse::<PolicyText>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Regex => regex_fault(text),
        Kind::Choice(words) => among("choice", text, words),
        Kind::Theme => among("theme", text, &refs(&known.themes)),
        Kind::Action if text == "none" => Ok(()),
        Kind::Action => among("action", text, &refs(&known.actions)),
        Kind::Chords => text.parse::<Chords>().map(|_| ()).map_err(|e| plain(e.to_string())),
        Kind::Colour => colour_fault(text),
        Kind::Address => address(text),
        Kind::UrlPath if text.starts_with('/') && !text.contains(char::is_whitespace) => Ok(()),
        Kind::UrlPath => {
            Err((format!("{} is no path of a URL; it begins with `/` and has no space", quote(text)), None))
        }
        Kind::Word
            if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) =>
        {
            Ok(())
        }
        Kind::Word => Err((
            format!("{} is no name of a header or cookie: letters, digits, `-`, `_` and `.`", quote(text)),
            None,
        )),
        Kind::FileBeside if text.is_empty() => Err(("it names no file".to_owned(), None)),
        Kind::File if text.starts_with('/') || text.starts_with("~/") => Ok(()),
        Kind::File => Err((format!("{} is no path; it begins with `/` or `~/`", quote(text)), None)),
        _ => Ok(()),
    }
}

fn colour_fault(text: &str) -> Checked {
    let roles: Vec<_> = theme::Role::ALL.iter().map(|role| role.name()).collect();
    if roles.contains(&text) || theme::colour(text).is_some() {
        return Ok(());
    }
    let near = nearest(text, roles).map(|near| format!("did you mean {}?", quote(near)));
    let hint = near.unwrap_or_else(|| "write a role, `#rrggbb`, `ansi-red` or `@208`".to_owned());
    Err((format!("{} is no colour", quote(text)), Some(hint)))
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn among(what: &str, text: &str, known: &[&str]) -> Checked {
    if known.contains(&text) {
        return Ok(());
    }
    let all: Vec<_> = known.iter().map(|name| quote(name)).collect();
    let message = match what {
        "choice" => format!("{} is none of {}", quote(text), all.join(", ")),
        _ => format!("there is no {what} {}", quote(text)),
    };
    let near = nearest(text, known.iter().copied());
    let hint = near.map(|near| format!("did you mean {}?", quote(near)));
    Err((message, hint.or_else(|| suggestion(text, known).filter(|_| what != "choice"))))
}

fn regex_fault(text: &str) -> Checked {
    let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    built.map(|_| ()).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        (format!("{} is no regular expression: {}", quote(text), shown(why)), None)
    })
}

/// An address as people write it; a host that begins with `-` would be an option to `ssh`.
pub(super) fn address(text: &str) -> Checked {
    let fault = |why: &str| Err((format!("{} is no address: {why}", quote(text)), None));
    let host = match Address::parse(text) {
        Address::Unix(path) if path.is_absolute() => return Ok(()),
        Address::Unix(_) => return fault("the path of a socket begins with `/`"),
        Address::Tcp(rest) => {
            let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
            if !rest.rsplit_once(':').is_some_and(|(_, port)| is_port(port)) {
                return fault("write `tcp://host:port`");
            }
            rest.rsplit_once(':').map(|(host, _)| host.to_owned()).unwrap_or_default()
        }
        Address::Ssh(rest) => match ssh_host(rest.split('/').next().unwrap_or_default()) {
            Ok(host) => host.to_owned(),
            Err(why) => return fault(why),
        },
        Address::Other(_) => return fault("write `unix:///path`, `ssh://user@host` or `tcp://host:port`"),
    };
    match host.as_str() {
        "" => fault("it names no host"),
        name if name.starts_with('-') => fault("a name does not begin with `-`"),
        name if name.contains(char::is_whitespace) => fault("it holds a space"),
        _ => Ok(()),
    }
}

/// The host of `user@host:port`. A ProxyCommand gets user and host through a shell: nothing that one obeys may stand there.
fn ssh_host(authority: &str) -> Result<&str, &'static str> {
    const OBEYED: &str = "'`\"$\\;&<>|(){}*?!#~^";
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.starts_with('-') {
        return Err("a name does not begin with `-`");
    }
    if authority.chars().any(|c| c.is_whitespace() || OBEYED.contains(c)) {
        return Err("it holds a space, or a character that a shell obeys");
    }
    // Colons inside of brackets belong to an IPv6 address.
    let after = place.rfind(']').map_or(0, |end| end + 1);
    let Some(colon) = place[after..].find(':') else { return Ok(place) };
    let (host, port) = (&place[..after + colon], &place[after + colon + 1..]);
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_port { Ok(host) } else { Err("a port is a number from 1 to 65535") }
}

/// The wrong type, with what was expected.
pub(super) fn mismatch(kind: Kind, value: &Value) -> (String, Option<String>) {
    let expected = match kind {
        Kind::Bool => "`true` or `false`",
        Kind::Integer(..) => "a whole number",
        Kind::Period(_) => "a time like \"15m\"",
        Kind::Size => "a size like \"12MiB\"",
        Kind::Percent => "a share like \"10%\"",
        Kind::Span => "a range like \"1..64\"",
        Kind::Factor => "a factor like \"1.5x\"",
        Kind::Policy => "\"ask\", \"abort\" or \"promote after 15m\"",
        Kind::List(_) => "a list like [\"a\", \"b\"]",
        Kind::Same(_) => "a table",
        _ => "a text in quotes",
    };
    (format!("expected {expected}, found {}", type_name(value)), None)
}

/// The type of a value, with its article.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
